//! The answer to a request that failed. People get a page with a title, a sentence and a link to continue. Programs
//! get JSON. For an error of the server (5xx) the page shows a reference to the log, never the cause.

use actix_web::http::StatusCode;
use askama::Template;
use serde::Serialize;

use super::filters;
use super::layout::{Layout, Section};
use super::request_record::RequestRecord;
use crate::base::error::Error;
use crate::wording::text;

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    layout: Layout,
    status: u16,
    title: &'a str,
    sentence: &'a str,
    /// The app user id in the path, when no customer has it.
    requested_id: Option<&'a str>,
    /// Set when that id is blocked: whether the person may unblock it.
    blocked: Option<bool>,
    /// `30 seconds`, when there were too many tries.
    wait: Option<String>,
    /// The reference to the log, when the server has failed.
    reference: Option<&'a str>,
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    code: u16,
    message: &'a str,
}

/// The error as JSON: `{"code":…,"message":…}`. `code` is for an error that has none of its own.
pub fn json(error: &actix_web::Error, status: StatusCode, code: u16) -> String {
    let (title, sentence) = title_and_sentence(error, status);
    let message = match error.as_error::<Error>() {
        Some(Error::Client(api_error)) => &api_error.message,
        _ if sentence.is_empty() => title,
        _ => sentence,
    };
    let code = match error.as_error::<Error>() {
        Some(Error::Client(api_error)) => api_error.code,
        _ => code,
    };
    serde_json::to_string(&ErrorBody { code, message }).unwrap_or_default()
}

/// The code for SDKs when an error has none of its own (§C2.5).
pub fn sdk_code(status: StatusCode) -> u16 {
    match status.as_u16() {
        401 => 7225,
        403 => 7224,
        404 => 7259,
        429 => 7114,
        500.. => 7110,
        _ => 7226,
    }
}

/// The error page. It has the top bar when it is known who is logged in.
pub fn page(error: &actix_web::Error, status: StatusCode, record: &RequestRecord) -> askama::Result<String> {
    let (title, sentence) = title_and_sentence(error, status);
    let frame = record.frame.get().cloned();
    let requested_id =
        record.requested_id.get().map(String::as_str).filter(|_| status == StatusCode::NOT_FOUND && frame.is_some());
    let reference = status.is_server_error().then_some(record.reference.as_str());
    let layout = Layout::new(title, frame, Section::Elsewhere);
    let blocked = record.blocked.get().copied();
    let wait = match error.as_error::<Error>() {
        Some(Error::TooManyRequests { retry_after, .. }) => Some(text::wait(*retry_after)),
        _ => None,
    };
    ErrorPage { layout, status: status.as_u16(), title, sentence, requested_id, blocked, wait, reference }.render()
}

/// The title and the sentence for an error. Messages of other crates are not shown; such an error gets the words for
/// its status.
pub(super) fn title_and_sentence(error: &actix_web::Error, status: StatusCode) -> (&str, &str) {
    match error.as_error::<Error>() {
        Some(Error::Parameter(problem)) => ("That could not be understood", &problem.sentence),
        Some(Error::BadRequest(sentence)) => ("That could not be understood", sentence),
        Some(Error::Refused(refusal)) if !refusal.problems.is_empty() => {
            ("That could not be accepted", refusal.problems.first().map_or("", |problem| &problem.sentence))
        }
        Some(Error::CrossSite) => (
            "This did not come from Dossier",
            "Changes can only be made from Dossier's own pages. Nothing was changed.",
        ),
        Some(Error::Overloaded { .. }) => (
            "Too much at once",
            "More was sent for this customer, or from this address, than is taken in a minute. Nothing was stored: send it again \
             after the time in Retry-After.",
        ),
        Some(Error::Crowded) => (
            "Too much at once",
            "More arrives here at the same time than there is room for. Nothing was stored: send it again after the time in \
             Retry-After.",
        ),
        _ => describe(status),
    }
}

fn describe(status: StatusCode) -> (&'static str, &'static str) {
    match status.as_u16() {
        303 | 401 => ("Log in first", ""),
        403 => ("Your role does not allow this", "An admin of the project can give you another role."),
        404 => ("There is nothing here", "The address may be mistyped, or the page no longer exists."),
        405 => ("That cannot be done here", "This address exists, but it does not accept this kind of request."),
        408 => ("The request took too long", "It did not arrive in time. Please send it again."),
        409 => ("Somebody else changed this first", "Nothing was changed. Check what is there now, then try again."),
        422 => ("That could not be accepted", "Nothing was stored."),
        413 => ("That is too large", "Nothing was stored."),
        415 => ("That is not a form", "Nothing was stored."),
        429 => ("Too many tries", "Please wait a little, then try again."),
        503 => ("Not available right now", "The database does not answer. This page works again as soon as it does."),
        500.. => ("Something went wrong on our side", "Dossier has logged the error. Please try again."),
        _ => ("That could not be understood", "Dossier cannot read this request."),
    }
}

/// Turns a server error of another crate's layer into [`Error::Unavailable`], because these layers only read and write
/// session rows. `None` for every other error.
pub fn from_layer(error: &actix_web::Error) -> Option<Error> {
    let is_foreign = error.as_error::<Error>().is_none();
    let status = error.as_response_error().status_code();
    (is_foreign && status.is_server_error()).then(|| Error::Unavailable(format!("{error:?}")))
}

//! What is shown when a request cannot be answered: a page with a title, a sentence and a way onward for people, JSON for
//! machines. Our own faults show a reference, never their cause.

use actix_web::http::StatusCode;
use askama::Template;
use serde::Serialize;

use super::cors;
use super::layout::{Layout, Section};
use super::trail::Trail;
use crate::base::error::Error;

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    layout: Layout,
    status: u16,
    title: &'a str,
    sentence: &'a str,
    /// The app user id that nobody has.
    sought: Option<&'a str>,
    /// It is blocked; whether the person may change that.
    blocked: Option<bool>,
    /// For our own faults.
    reference: Option<&'a str>,
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    code: u16,
    message: &'a str,
}

/// Whether programs talk to this path, not people.
pub fn is_for_machines(path: &str) -> bool {
    path.starts_with("/webhooks/") || cors::is_for_clients(path) || matches!(path, "/healthz" | "/readyz")
}

/// `{"code":…,"message":…}`, for apps and servers with the numbers that SDKs know.
pub fn json(error: &actix_web::Error, status: StatusCode, is_for_clients: bool) -> String {
    let (title, sentence) = words(error, status);
    let message = match error.as_error::<Error>() {
        Some(Error::Client(api_error)) => &api_error.message,
        _ if sentence.is_empty() => title,
        _ => sentence,
    };
    let code = match error.as_error::<Error>() {
        Some(Error::Client(api_error)) => api_error.code,
        _ if is_for_clients => code_of(status),
        _ => status.as_u16(),
    };
    serde_json::to_string(&ErrorBody { code, message }).unwrap_or_default()
}

/// What SDKs call an error that no rule of the API names (§C2.5).
fn code_of(status: StatusCode) -> u16 {
    match status.as_u16() {
        401 => 7225,
        403 => 7224,
        404 => 7259,
        429 => 7114,
        500.. => 7110,
        _ => 7226,
    }
}

/// The page, in the frame of the project where it is known.
pub fn page(error: &actix_web::Error, status: StatusCode, trail: &Trail) -> askama::Result<String> {
    let (title, sentence) = words(error, status);
    let frame = trail.frame.get().cloned();
    let sought = trail.sought.get().map(String::as_str).filter(|_| status == StatusCode::NOT_FOUND && frame.is_some());
    let reference = status.is_server_error().then_some(trail.reference.as_str());
    let layout = Layout::new(title, frame, Section::Elsewhere);
    let blocked = trail.blocked.get().copied();
    ErrorPage { layout, status: status.as_u16(), title, sentence, sought, blocked, reference }.render()
}

/// Title and sentence. What other crates say about a request they refused is not for people's eyes.
pub(super) fn words(error: &actix_web::Error, status: StatusCode) -> (&str, &str) {
    match error.as_error::<Error>() {
        Some(Error::Parameter(problem)) => ("That could not be understood", &problem.sentence),
        Some(Error::BadRequest(sentence)) => ("That could not be understood", sentence),
        Some(Error::Refused(refusal)) if !refusal.problems.is_empty() => {
            ("That could not be accepted", refusal.problems.first().map_or("", |problem| &problem.sentence))
        }
        Some(Error::CrossSite) => (
            "This did not come from Dossier",
            "A change must be asked for from one of Dossier's own pages. Nothing was changed.",
        ),
        _ => words_of(status),
    }
}

fn words_of(status: StatusCode) -> (&'static str, &'static str) {
    match status.as_u16() {
        303 | 401 => ("Log in first", ""),
        403 => ("Your role does not allow this", "An admin of the project can give you another role."),
        404 => ("There is nothing here", "The address may be mistyped, or what it named is gone."),
        405 => ("That cannot be done here", "The address is known, but not for this kind of request."),
        408 => ("The request took too long", "It did not arrive in time. Please send it again."),
        409 => ("Somebody else was faster", "Nothing was changed. Look at what is there now, then try again."),
        422 => ("That could not be accepted", "Nothing was stored."),
        413 => ("That is too large", "Nothing was stored."),
        415 => ("That is not a form", "Nothing was stored."),
        429 => ("Too many tries", "Please wait a little, then try again."),
        503 => ("Not available right now", "The database does not answer. This page works again as soon as it does."),
        500.. => ("Something went wrong on our side", "It has been noted. Please try again."),
        _ => ("That could not be understood", "The request is not one that Dossier can read."),
    }
}

/// The error a failed layer reports, as one of ours: session rows are all that the layers around a handler write.
pub fn of_a_layer(error: &actix_web::Error) -> Option<Error> {
    let ours = error.as_error::<Error>().is_none();
    let status = error.as_response_error().status_code();
    (ours && status.is_server_error()).then(|| Error::Unavailable(format!("{error:?}")))
}

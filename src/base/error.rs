//! The one error of the program. `?` turns what the database says into it; `page::edge` turns it into a page for people
//! or a JSON answer for machines, and is the only place that logs it.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use actix_web::{HttpResponse, ResponseError};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::base::Permission;

/// What a key of the API has used of its minute (§C2.7), and how much there is.
pub const CALLS_USED: HeaderName = HeaderName::from_static("revenuecat-rate-limit-current-usage");
pub const CALLS_LIMIT: HeaderName = HeaderName::from_static("revenuecat-rate-limit-current-limit");

/// How long to wait before asking again when the database cannot serve.
const SECONDS_UNTIL_BACK: u64 = 5;

/// What may stay as it is in a query value: the rest is encoded.
const QUERY_VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

#[derive(Debug)]
pub enum Error {
    /// Nobody is logged in. Holds the path to return to afterwards.
    LogIn(String),
    /// The project asks for a second factor and this person has none. Holds the path to return to afterwards.
    SecondFactor(String),
    /// Known, but without the permission.
    Forbidden(Permission),
    /// A change asked for by a page of another site.
    CrossSite,
    /// Not there, or not for this person: the two are told alike.
    NotFound,
    /// The path is known, the method is not.
    Method,
    /// A parameter of a call cannot be taken; the problem's field names it.
    Parameter(Problem),
    /// Cannot be understood. The sentence is shown.
    BadRequest(String),
    /// Understood and refused: the same page again, its dialog open, with what was typed and the reason (422).
    Refused(Refusal),
    TooLarge,
    /// The body did not arrive in time.
    Slow,
    /// Not a form.
    MediaType,
    /// Seconds until the next may come, and for a key of the API how many calls it has in a minute.
    TooManyRequests {
        retry_after: u64,
        limit: Option<u32>,
    },
    /// Refused in the terms of the client API (§C2.5).
    Client(ApiError),
    /// Not now. The text is for the log.
    Unavailable(String),
    /// Our fault. The text is for the log.
    Internal(String),
}

/// What a program is told that called the API: a status, the number by which SDKs know what is meant, and a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    pub status: StatusCode,
    pub code: u16,
    pub message: String,
}

/// Why input was refused.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refusal {
    pub problems: Vec<Problem>,
    /// Nothing is wrong with it, but somebody else changed the same thing meanwhile.
    pub is_stale: bool,
}

/// What is wrong with a field, what is allowed, in one or two sentences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The field's name; empty for the form as a whole.
    pub field: &'static str,
    pub sentence: String,
}

impl Refusal {
    pub fn new(field: &'static str, sentence: impl Into<String>) -> Refusal {
        Refusal { problems: vec![Problem { field, sentence: sentence.into() }], is_stale: false }
    }

    /// Somebody else was faster.
    pub fn stale() -> Refusal {
        Refusal { problems: Vec::new(), is_stale: true }
    }
}

impl From<ApiError> for Error {
    fn from(api_error: ApiError) -> Error {
        Error::Client(api_error)
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Error {
        Error::Refused(refusal)
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Error {
        Error::Refused(Refusal { problems: vec![problem], is_stale: false })
    }
}

impl Error {
    /// What is logged and never shown.
    pub fn cause(&self) -> Option<&str> {
        match self {
            Error::Unavailable(cause) | Error::Internal(cause) => Some(cause),
            _ => None,
        }
    }

    /// Whether the same may work in a moment.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Error::Unavailable(_))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.status_code();
        f.write_str(status.canonical_reason().unwrap_or("error"))
    }
}

impl std::error::Error for Error {}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Error::LogIn(_) | Error::SecondFactor(_) => StatusCode::SEE_OTHER,
            Error::Forbidden(_) | Error::CrossSite => StatusCode::FORBIDDEN,
            Error::NotFound => StatusCode::NOT_FOUND,
            Error::Method => StatusCode::METHOD_NOT_ALLOWED,
            Error::Parameter(_) | Error::BadRequest(_) => StatusCode::BAD_REQUEST,
            Error::Refused(refusal) if refusal.is_stale => StatusCode::CONFLICT,
            Error::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Error::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Error::Slow => StatusCode::REQUEST_TIMEOUT,
            Error::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Error::TooManyRequests { .. } => StatusCode::TOO_MANY_REQUESTS,
            Error::Client(api_error) => api_error.status,
            Error::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Status and headers; the edge adds the body.
    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::new(self.status_code());
        let headers = response.headers_mut();
        if let Error::TooManyRequests { limit: Some(limit), .. } = self {
            headers.insert(CALLS_USED, HeaderValue::from(*limit));
            headers.insert(CALLS_LIMIT, HeaderValue::from(*limit));
        }
        let header = match self {
            Error::LogIn(next) => onward("/login", next),
            Error::SecondFactor(next) => onward("/account/second-factor", next),
            Error::TooManyRequests { retry_after, .. } => Some((RETRY_AFTER, HeaderValue::from(*retry_after))),
            Error::Unavailable(_) => Some((RETRY_AFTER, HeaderValue::from(SECONDS_UNTIL_BACK))),
            _ => None,
        };
        if let Some((name, value)) = header {
            headers.insert(name, value);
        }
        response
    }
}

/// To a page that leads on to `next` afterwards.
fn onward(page: &str, next: &str) -> Option<(HeaderName, HeaderValue)> {
    HeaderValue::try_from(address_with_next(page, next)).ok().map(|value| (LOCATION, value))
}

/// The address of a page that leads on to `next` afterwards.
pub fn address_with_next(page: &str, next: &str) -> String {
    match next {
        "" | "/" => page.into(),
        next => format!("{page}?next={}", utf8_percent_encode(next, QUERY_VALUE)),
    }
}

impl From<askama::Error> for Error {
    fn from(error: askama::Error) -> Error {
        Error::Internal(error.to_string())
    }
}

impl From<getrandom::Error> for Error {
    fn from(error: getrandom::Error) -> Error {
        Error::Internal(error.to_string())
    }
}

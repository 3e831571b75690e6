//! The one error type of the program. `?` converts database errors into it. `web::edge` turns it into a page for people
//! or a JSON answer for programs, and is the only place that logs it.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use actix_web::{HttpResponse, ResponseError};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::base::Permission;

/// The header with the calls that an API key has made in this minute (§C2.7).
pub const CALLS_USED: HeaderName = HeaderName::from_static("revenuecat-rate-limit-current-usage");
/// The header with the calls that an API key may make in a minute (§C2.7).
pub const CALLS_LIMIT: HeaderName = HeaderName::from_static("revenuecat-rate-limit-current-limit");

/// The code of a call whose `Idempotency-Key` was used for another call. In v2 it has a type of its own (§C6).
pub const KEY_REPEATED: u16 = 7638;

/// The `Retry-After` of a 503, in seconds.
const RETRY_AFTER_SECONDS: u64 = 5;

/// The characters to encode in a query value: all but letters, digits and these.
const QUERY_VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

#[derive(Debug)]
pub enum Error {
    /// Nobody is logged in. Holds the path to return to after the log-in.
    LogIn(String),
    /// The project requires a second factor and this person has none. Holds the path to return to after setting it up.
    SecondFactor(String),
    /// The page discloses so much that this person must prove first who they are. Holds the path to return to.
    Unproven(String),
    /// The person or key is known but lacks this permission.
    Forbidden(Permission),
    /// A page of another website sent the form.
    CrossSite,
    /// It does not exist, or this person may not know that it does: both get the same answer.
    NotFound,
    /// The path exists, but not with this method.
    Method,
    /// A parameter of an API call is invalid; the problem's field names it.
    Parameter(Problem),
    /// The request cannot be understood. The sentence is shown.
    BadRequest(String),
    /// The input was refused (422): the same page is shown with its dialog open, the typed text and the reason.
    Refused(Refusal),
    /// The body is larger than the route accepts.
    TooLarge,
    /// The body did not arrive in time.
    BodyTimeout,
    /// The body is not a form.
    MediaType,
    /// The rate limit is used up.
    TooManyRequests {
        /// Seconds until the next request is accepted.
        retry_after: u64,
        /// For an API key: how many calls it may make in a minute.
        limit: Option<u32>,
    },
    /// The caller writes more than it may, and should do so later (503): see `RateLimits::admit_write`.
    Overloaded {
        /// Seconds until the next write is accepted.
        retry_after: u64,
    },
    /// More bodies arrive at once than there is memory for (503).
    Crowded,
    /// An error of the client API with its own status and code (§C2.5).
    Client(ApiError),
    /// The same request may work later (503). The text is for the log.
    Unavailable(String),
    /// Dossier has failed (500). The text is for the log.
    Internal(String),
}

/// The error answer of the client API: a status, RevenueCat's error code, which SDKs evaluate, and a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    pub status: StatusCode,
    pub code: u16,
    pub message: String,
}

/// Why the program refused the input.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refusal {
    pub problems: Vec<Problem>,
    /// Whether the input is valid, but somebody else has changed the same data meanwhile (409).
    pub is_stale: bool,
}

/// What is wrong with a field and what is allowed, in one or two sentences.
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

    /// A refusal because somebody else has changed the same data meanwhile.
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
    /// The text for the log, which is never shown.
    pub fn cause(&self) -> Option<&str> {
        match self {
            Error::Unavailable(cause) | Error::Internal(cause) => Some(cause),
            _ => None,
        }
    }

    /// The error as one line for the operator of the program.
    pub fn one_line(&self) -> String {
        self.cause().map_or_else(|| self.to_string(), |cause| cause.replace('\n', " "))
    }

    /// Whether another transaction was in the way: it had locked what this one needs, or waited for it as well. The same
    /// work can be done a moment later.
    pub fn is_busy(&self) -> bool {
        let is = |reason: &str| {
            ["could not obtain lock", "lock timeout", "deadlock detected"].iter().any(|words| reason.contains(words))
        };
        matches!(self, Error::Unavailable(reason) if is(reason))
    }

    /// Whether the same request may work later.
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
            Error::LogIn(_) | Error::SecondFactor(_) | Error::Unproven(_) => StatusCode::SEE_OTHER,
            Error::Forbidden(_) | Error::CrossSite => StatusCode::FORBIDDEN,
            Error::NotFound => StatusCode::NOT_FOUND,
            Error::Method => StatusCode::METHOD_NOT_ALLOWED,
            Error::Parameter(_) | Error::BadRequest(_) => StatusCode::BAD_REQUEST,
            Error::Refused(refusal) if refusal.is_stale => StatusCode::CONFLICT,
            Error::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Error::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Error::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            Error::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Error::TooManyRequests { .. } => StatusCode::TOO_MANY_REQUESTS,
            Error::Client(api_error) => api_error.status,
            Error::Unavailable(_) | Error::Overloaded { .. } | Error::Crowded => StatusCode::SERVICE_UNAVAILABLE,
            Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Status and headers; `web::edge` adds the body.
    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::new(self.status_code());
        let headers = response.headers_mut();
        if let Error::TooManyRequests { limit: Some(limit), .. } = self {
            headers.insert(CALLS_USED, HeaderValue::from(*limit));
            headers.insert(CALLS_LIMIT, HeaderValue::from(*limit));
        }
        let header = match self {
            Error::LogIn(next) => redirect("/login", next),
            Error::SecondFactor(next) => redirect("/account/second-factor", next),
            Error::Unproven(next) => redirect("/account/proof", next),
            Error::TooManyRequests { retry_after, .. } | Error::Overloaded { retry_after } => {
                Some((RETRY_AFTER, HeaderValue::from(*retry_after)))
            }
            Error::Unavailable(_) | Error::Crowded => Some((RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS))),
            _ => None,
        };
        if let Some((name, value)) = header {
            headers.insert(name, value);
        }
        response
    }
}

/// The header that redirects to a page, which continues to `next` afterwards.
fn redirect(page: &str, next: &str) -> Option<(HeaderName, HeaderValue)> {
    HeaderValue::try_from(address_with_next(page, next)).ok().map(|value| (LOCATION, value))
}

/// The address of a page that continues to `next` afterwards.
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

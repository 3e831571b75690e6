//! The body of an error in v2 of the client API (§C6): a type, a message, and whether the same call may work later.

use actix_web::http::StatusCode;
use serde::Serialize;

use super::failure::title_and_sentence;
use crate::base::error::{Error, KEY_REPEATED};

/// How long a caller is asked to wait after a 503, in milliseconds.
const BACKOFF_MS: u64 = 5_000;

#[derive(Serialize)]
struct ErrorBody<'a> {
    object: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    message: &'a str,
    retryable: bool,
    doc_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    param: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backoff_ms: Option<u64>,
}

/// The error as JSON: `{"object":"error","type":…}`.
pub fn json(error: &actix_web::Error, status: StatusCode) -> String {
    let (title, sentence) = title_and_sentence(error, status);
    let known = error.as_error::<Error>();
    let kind = match known {
        Some(Error::Client(api_error)) if api_error.code == KEY_REPEATED => "idempotency_error",
        _ => kind(status),
    };
    let body = ErrorBody {
        object: "error",
        kind,
        message: match known {
            Some(Error::Client(api_error)) => &api_error.message,
            _ if sentence.is_empty() => title,
            _ => sentence,
        },
        retryable: matches!(status.as_u16(), 408 | 423 | 429 | 500..),
        doc_url: format!("https://errors.rev.cat/{}", kind.replace('_', "-")),
        param: match known {
            Some(Error::Parameter(problem)) => Some(problem.field),
            _ => None,
        },
        backoff_ms: match known {
            Some(Error::TooManyRequests { retry_after, .. }) => Some(retry_after.saturating_mul(1_000)),
            Some(Error::Unavailable(_) | Error::Crowded) => Some(BACKOFF_MS),
            _ => None,
        },
    };
    serde_json::to_string(&body).unwrap_or_default()
}

fn kind(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "parameter_error",
        401 => "authentication_error",
        403 => "authorization_error",
        404 => "resource_missing",
        409 => "resource_already_exists",
        422 => "unprocessable_entity_error",
        423 => "resource_locked_error",
        429 => "rate_limit_error",
        500.. => "server_error",
        _ => "invalid_request",
    }
}

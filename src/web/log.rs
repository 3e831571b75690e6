//! The log of requests: one line each. A line holds the pattern of the route instead of the path, because a path
//! contains personal data. It never holds the query or the address of the sender.

use std::time::Duration;

use actix_web::http::{Method, StatusCode};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::prelude::*;

use super::request_record::RequestRecord;

/// actix logs an error for everything that is not HTTP. Such a request is logged like every other one instead
/// ([`library_answer`]).
const QUIET: &str = "actix_http::h1=off";

/// Starts the log: JSON lines on standard output.
///
/// # Errors
/// A message of one line, when `filter` is not a valid filter or the log has been started before.
pub fn start(filter: &str) -> Result<(), String> {
    let filter: Targets =
        format!("{QUIET},{filter}").parse().map_err(|error| format!("DOSSIER_LOG is not a valid filter: {error}"))?;
    let lines = fmt::layer().json().flatten_event(true);
    tracing_subscriber::registry().with(lines.with_filter(filter)).try_init().map_err(|error| error.to_string())
}

/// Logs an answered request.
pub fn request(record: &RequestRecord, method: &Method, status: StatusCode, took: Duration) {
    let route = record.matched.get().map_or("-", |line| line.pattern.as_str());
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    tracing::info!(request = record.reference, %method, route, status = status.as_u16(), ms, "request answered");
}

/// Logs an answer that the HTTP library gave by itself. Browsers open connections that they do not use, so those that time
/// out are not worth a line.
pub fn library_answer(reference: &str, status: StatusCode) {
    let status_number = status.as_u16();
    match status {
        StatusCode::REQUEST_TIMEOUT => tracing::debug!(request = reference, status = status_number, "no request came"),
        _ => tracing::info!(request = reference, status = status_number, "request answered that is not HTTP"),
    }
}

/// Logs the cause of a 5xx, once; the answer shows only the reference.
pub fn failure(record: &RequestRecord, status: StatusCode, cause: &str) {
    let route = record.matched.get().map_or("-", |line| line.pattern.as_str());
    match status {
        StatusCode::SERVICE_UNAVAILABLE => tracing::warn!(request = record.reference, route, cause, "request failed"),
        _ => tracing::error!(request = record.reference, route, cause, "request failed"),
    }
}

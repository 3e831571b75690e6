//! What the log says about a request: one line, with the pattern of its route instead of its path, because a path holds
//! personal data; no query, no address.

use std::time::Duration;

use actix_web::http::{Method, StatusCode};
use tracing_subscriber::EnvFilter;

use super::trail::Trail;

/// What strangers send that is no HTTP would fill the log with errors; it is answered 400 and that is all.
const QUIET: &str = "actix_http::h1=off";

/// Starts the log: JSON lines on standard output.
///
/// # Errors
/// One line, when `filter` cannot be understood.
pub fn start(filter: &str) -> Result<(), String> {
    let filter = EnvFilter::try_new(format!("{QUIET},{filter}"))
        .map_err(|error| format!("DOSSIER_LOG cannot be used: {error}"))?;
    let lines = tracing_subscriber::fmt().json().flatten_event(true).with_env_filter(filter);
    lines.try_init().map_err(|error| error.to_string())
}

pub fn request(trail: &Trail, method: &Method, status: StatusCode, took: Duration) {
    let route = trail.matched.get().map_or("-", |line| line.pattern.as_str());
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    tracing::info!(request = trail.reference, %method, route, status = status.as_u16(), ms, "answered");
}

/// The cause of a 5xx, once; the answer shows only the reference.
pub fn failure(trail: &Trail, status: StatusCode, cause: &str) {
    let route = trail.matched.get().map_or("-", |line| line.pattern.as_str());
    match status {
        StatusCode::SERVICE_UNAVAILABLE => tracing::warn!(request = trail.reference, route, cause, "not available"),
        _ => tracing::error!(request = trail.reference, route, cause, "failed"),
    }
}

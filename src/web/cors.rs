//! CORS: apps in a browser call the client API from their own origin (§C2.4). Any origin may read the answers of the
//! API, but not the pages. That is safe, because the API uses no cookie: the key alone decides what a caller may do.

use actix_web::HttpResponse;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, HeaderMap, HeaderValue,
};
use actix_web::middleware::Next;

use super::request_record::RequestRecord;

/// The longest list of requested headers that a preflight may send, in bytes. A longer one is
/// ignored; no SDK sends one.
const LONGEST_LIST: usize = 4_000;
/// The headers that SDKs send, for a caller that names none.
const HEADERS: &str = "authorization, content-type, x-is-sandbox, x-platform, x-platform-flavor, \
                       x-platform-flavor-version, x-version, x-revenuecat-etag, x-rc-subscriber-token";
/// How long a browser may remember the answer to a preflight, in seconds.
const MAX_AGE: &str = "7200";

/// Lets every origin read an answer.
pub fn allow(headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
}

/// Answers the preflight request that a browser sends before the call itself. It carries no key.
pub async fn preflights(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    if *req.method() != Method::OPTIONS || !RequestRecord::from_request(req.request()).face.is_for_browser_apps() {
        return next.call(req).await.map(ServiceResponse::map_into_boxed_body);
    }
    let asked = req.headers().get(ACCESS_CONTROL_REQUEST_HEADERS).filter(|list| list.len() <= LONGEST_LIST).cloned();
    // The headers are named, because `*` does not cover Authorization.
    let list = asked.unwrap_or_else(|| HeaderValue::from_static(HEADERS));
    let answer = HttpResponse::NoContent()
        .insert_header((ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PATCH, DELETE, OPTIONS"))
        .insert_header((ACCESS_CONTROL_ALLOW_HEADERS, list))
        .insert_header((ACCESS_CONTROL_MAX_AGE, MAX_AGE))
        .finish();
    Ok(req.into_response(answer))
}

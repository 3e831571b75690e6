//! JSON answers with the ETag by which mobile SDKs ask whether anything is new (§C2.6).

use actix_web::http::header::HeaderName;
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::api::v1::customer_info::CustomerInfo;
use crate::base::error::Error;
use crate::base::hex;

const TAG: HeaderName = HeaderName::from_static("x-revenuecat-etag");
const REQUEST_TIME: HeaderName = HeaderName::from_static("x-revenuecat-request-time");

/// An answer with customer info. Its tag leaves out the time of the call and `last_seen`: every call changes both.
///
/// # Errors
/// [`Error::Internal`] when the customer info cannot be written as JSON.
pub fn customer(req: &HttpRequest, status: StatusCode, mut customer_info: CustomerInfo) -> Result<HttpResponse, Error> {
    let body = json(&customer_info)?;
    customer_info.subscriber.last_seen = None;
    let tag = tag(&[&json(&customer_info.subscriber)?]);
    Ok(tagged(req, status, &tag, body, Some(customer_info.request_date_ms)))
}

/// An answer with any other JSON. The tag covers the body and `owner`: the App User ID that was asked for, or nothing.
///
/// # Errors
/// As [`customer`].
pub fn tagged_json(req: &HttpRequest, owner: &str, answer: &impl Serialize) -> Result<HttpResponse, Error> {
    let body = json(answer)?;
    let tag = tag(&[&body, owner]);
    Ok(tagged(req, StatusCode::OK, &tag, body, None))
}

fn tagged(req: &HttpRequest, status: StatusCode, tag: &str, body: String, time: Option<i64>) -> HttpResponse {
    if req.method() != Method::GET {
        // Only a GET asks whether anything is new. A log-in reports a new customer only once.
        return HttpResponse::build(status).content_type("application/json").body(body);
    }
    let sent = req.headers().get(TAG).is_some_and(|sent| sent.as_bytes() == tag.as_bytes());
    let is_known = sent && status == StatusCode::OK;
    let mut answer = HttpResponse::build(if is_known { StatusCode::NOT_MODIFIED } else { status });
    answer.insert_header((TAG, tag));
    if let Some(time) = time {
        answer.insert_header((REQUEST_TIME, time.to_string()));
    }
    if is_known { answer.finish() } else { answer.content_type("application/json").body(body) }
}

fn json(answer: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(answer).map_err(|error| Error::Internal(error.to_string()))
}

fn tag(parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.as_bytes());
        digest.update([0]);
    }
    hex(digest.finalize().get(..12).unwrap_or_default())
}

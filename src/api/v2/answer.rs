//! JSON answers of v2.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Serialize;

use crate::api::Caller;
use crate::base::error::{CALLS_LIMIT, CALLS_USED};

/// A JSON answer, with headers for the used and the allowed calls of the key's minute.
pub fn json(caller: &Caller, status: StatusCode, body: &impl Serialize) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((CALLS_USED, caller.spent.calls))
        .insert_header((CALLS_LIMIT, caller.spent.limit))
        .json(body)
}

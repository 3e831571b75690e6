//! `GET /v1/subscribers/{id}`: the customer info. The first contact creates the customer, unless a secret key asks that may
//! only read.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};

use super::answer;
use crate::api::last_seen::Fetched;
use crate::api::v1::customer_info;
use crate::api::{Caller, customers, errors};
use crate::base::Permission::EditAttributes;
use crate::base::error::Error;

/// `GET /v1/subscribers/`: refuses an empty id.
pub async fn empty_id(_: Caller) -> Result<HttpResponse, Error> {
    Err(errors::invalid_id("The App User ID is empty."))
}

pub async fn show(caller: Caller, req: HttpRequest) -> Result<HttpResponse, Error> {
    let id = caller.app_user_id()?.to_owned();
    let asked = id.clone();
    let found = caller
        .read(move |conn, call| {
            let Some(known) = customers::find(conn, call, &asked)? else { return Ok(None) };
            customer_info::load(conn, call, known).map(Some)
        })
        .await?;
    if let Some(customer_info) = found {
        caller.record_contact(&id, Fetched::Info);
        return answer::customer(&req, StatusCode::OK, customer_info);
    }
    let key = &caller.call().key;
    if key.is_secret() && !key.may(EditAttributes) {
        let unknown = "No customer has this App User ID, and the role of this key may not make one.";
        return Err(errors::refuse(StatusCode::NOT_FOUND, errors::NO_CUSTOMER, unknown));
    }
    let asked = id.clone();
    let (is_new, customer_info) = caller
        .write(move |conn, call| {
            let customers::Named { customer, is_new } = customers::find_or_create(conn, call, &asked)?;
            Ok((is_new, customer_info::load(conn, call, customer)?))
        })
        .await?;
    caller.record_contact(&id, Fetched::Info);
    answer::customer(&req, if is_new { StatusCode::CREATED } else { StatusCode::OK }, customer_info)
}

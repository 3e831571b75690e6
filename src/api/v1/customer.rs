//! `GET /v1/subscribers/{id}`: who the customer is and what they may use; made at the first contact.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};

use super::answer;
use crate::api::last_seen::Fetched;
use crate::api::v1::customer_info;
use crate::api::{Caller, Needs, customers, errors};
use crate::base::error::Error;

/// An empty id.
pub async fn nobody(caller: Caller) -> Result<HttpResponse, Error> {
    caller.read(Needs::Any, |_, _| Ok(())).await?;
    Err(errors::no_id("The App User ID is empty."))
}

pub async fn show(req: HttpRequest, caller: Caller) -> Result<HttpResponse, Error> {
    let id = caller.app_user_id()?.to_owned();
    let asked = id.clone();
    let found = caller
        .read(Needs::Any, move |conn, inside| {
            let Some(known) = customers::find(conn, inside, &asked)? else { return Ok(None) };
            customer_info::load(conn, inside, known).map(Some)
        })
        .await?;
    if let Some(customer_info) = found {
        caller.saw(&id, Fetched::Info);
        return answer::customer(&req, StatusCode::OK, customer_info);
    }
    let asked = id.clone();
    let (is_new, customer_info) = caller
        .write(Needs::Any, move |conn, inside| {
            let (customer, is_new) = customers::found_or_made(conn, inside, &asked)?;
            Ok((is_new, customer_info::load(conn, inside, customer)?))
        })
        .await?;
    caller.saw(&id, Fetched::Info);
    answer::customer(&req, if is_new { StatusCode::CREATED } else { StatusCode::OK }, customer_info)
}

//! `POST /v1/subscribers/identify`: an app logs in (§C3.4, §9.5). `log_ins.rs` does it.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::answer;
use crate::api::authenticate::new_id;
use crate::api::body::Limit;
use crate::api::last_seen::Fetched;
use crate::api::v1::customer_info;
use crate::api::{Caller, body, customers};
use crate::base::AppUserId;
use crate::base::error::Error;
use crate::web::Incoming;

/// The fields of the call.
#[derive(Deserialize)]
pub struct Login {
    app_user_id: String,
    new_app_user_id: String,
}

pub async fn log_in(caller: Caller, req: HttpRequest, incoming: Incoming) -> Result<HttpResponse, Error> {
    let login: Login = body::parsed(incoming, Limit::Small).await?;
    let (current, new) = (id(&login.app_user_id)?, id(&login.new_app_user_id)?);
    for id in [&current, &new] {
        caller.admit_write_for(id.as_str()).await?;
    }
    let is_new = caller.log_in(current, new.clone()).await?;
    let customer_info = caller
        .read(move |conn, call| {
            let customer = customers::require(conn, call, new.as_str())?;
            customer_info::load(conn, call, customer)
        })
        .await?;
    caller.record_contact(&login.new_app_user_id, Fetched::Info);
    answer::customer(&req, if is_new { StatusCode::CREATED } else { StatusCode::OK }, customer_info)
}

/// An id that a customer has or may get.
///
/// # Errors
/// As [`new_id`], for an id that nobody can have.
fn id(text: &str) -> Result<AppUserId, Error> {
    AppUserId::parse(text).or_else(|_| new_id(text))
}

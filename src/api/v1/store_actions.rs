//! Actions that servers request from the store of a purchase, such as refunds (§C3.13 to §C3.17).

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;

use super::answer;
use crate::api::body::Limit;
use crate::api::v1::customer_info;
use crate::api::{Caller, body, customers, errors};
use crate::base::error::Error;
use crate::operations::store_actions::{CANCEL, DEFER, EXTEND, REFUND, REVOKE, StoreAction, StoreActionError};
use crate::web::Incoming;

/// `POST …/transactions/{transaction}/refund`
pub async fn refund(caller: Caller, req: HttpRequest) -> Result<HttpResponse, Error> {
    act(caller, req, "transaction", &REFUND).await
}

/// `POST …/subscriptions/{subscription}/revoke`. The path names the product.
pub async fn revoke(caller: Caller, req: HttpRequest) -> Result<HttpResponse, Error> {
    act(caller, req, "subscription", &REVOKE).await
}

/// `POST …/subscriptions/{subscription}/cancel`. The path names a transaction.
pub async fn cancel(caller: Caller, req: HttpRequest) -> Result<HttpResponse, Error> {
    act(caller, req, "subscription", &CANCEL).await
}

/// `POST …/subscriptions/{subscription}/defer`. The path names the product, the body a later end or a number of days.
pub async fn defer(caller: Caller, req: HttpRequest, incoming: Incoming) -> Result<HttpResponse, Error> {
    let body = body::json(incoming, Limit::Small).await?;
    let is_whole = |name: &str| body.get(name).and_then(Value::as_i64);
    let days = is_whole("extend_by_days").filter(|days| (1..=365).contains(days));
    match is_whole("expiry_time_ms").is_some() != days.is_some() {
        true => act(caller, req, "subscription", &DEFER).await,
        false => Err(errors::malformed("The body must have either an expiry_time_ms or extend_by_days from 1 to 365.")),
    }
}

/// `POST …/subscriptions/{subscription}/extend`. The path names a transaction.
pub async fn extend(caller: Caller, req: HttpRequest, incoming: Incoming) -> Result<HttpResponse, Error> {
    let body = body::json(incoming, Limit::Small).await?;
    let within = |name: &str, most: i64, least: i64| {
        body.get(name).and_then(Value::as_i64).is_some_and(|number| (least..=most).contains(&number))
    };
    match within("extend_by_days", 90, 1) && within("extend_reason_code", 3, 0) {
        true => act(caller, req, "subscription", &EXTEND).await,
        false => {
            Err(errors::malformed("The body must have extend_by_days from 1 to 90 and extend_reason_code from 0 to 3."))
        }
    }
}

/// Executes the action on the purchase that the path names in `parameter`.
async fn act(
    caller: Caller,
    req: HttpRequest,
    parameter: &str,
    action: &'static StoreAction,
) -> Result<HttpResponse, Error> {
    let id = caller.app_user_id()?.to_owned();
    let name = caller.parameter(parameter)?.to_owned();
    let customer_info = caller
        .act(move |conn, call| {
            let customer = customers::require(conn, call, &id)?;
            let purchases = customer_info::purchases_of(conn, customer)?;
            let trace = action.execute(conn, &call.ctx, customer, purchases, &name).map_err(refused)?;
            let trace = trace.for_customer(customer, &id);
            Ok((vec![trace], customer_info::load(conn, call, customer)?))
        })
        .await?;
    answer::customer(&req, StatusCode::OK, customer_info)
}

fn refused(why: StoreActionError) -> Error {
    let problem = |message: &str| errors::refuse(StatusCode::BAD_REQUEST, errors::STORE_PROBLEM, message);
    match why {
        StoreActionError::NoSuchPurchase => {
            errors::refuse(StatusCode::NOT_FOUND, errors::NO_CUSTOMER, "This customer has no such purchase.")
        }
        StoreActionError::EarlierPayment => {
            problem("This was an earlier payment of the subscription. Only the newest can be refunded here.")
        }
        StoreActionError::Refused(why) => problem(&why),
        StoreActionError::Failed(error) => error,
    }
}

//! `POST /v1/receipts`: an app or a server reports a purchase (§C3.18). Purchases of the Test Store are stored.
//! Receipts of other stores are refused: they need a connection to the store, which this version does not have.

mod receipt;
mod refused;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use receipt::Receipt;
use serde::Serialize;

use super::attributes::Problem;
use super::{answer, attributes};
use crate::api::body::Limit;
use crate::api::last_seen::Fetched;
use crate::api::v1::customer_info::{self, CustomerInfo};
use crate::api::{AuthorizedCall, Caller, body, customers};
use crate::audit::{Action, Trace};
use crate::base::error::{ApiError, Error};
use crate::base::ids::CustomerId;
use crate::db::Conn;
use crate::operations::test_store::{self, Bought};
use crate::web::Incoming;

/// What to answer after the commit. A refused purchase is a value, not an error that rolls back: SDKs do not send the
/// attributes again after most refusals, so these must be saved.
struct Taken {
    purchase: Result<CustomerInfo, ApiError>,
    problems: Vec<Problem>,
}

/// The customer info, and which of the attributes in the receipt were not saved.
#[derive(Serialize)]
struct InfoWithErrors {
    #[serde(flatten)]
    customer_info: CustomerInfo,
    attributes_error_response: attributes::AttributeErrors,
}

pub async fn take(caller: Caller, req: HttpRequest, incoming: Incoming) -> Result<HttpResponse, Error> {
    refused::require_platform(caller.call())?;
    let receipt = Receipt::parse(&body::json(incoming, Limit::Large).await?)?;
    let id = receipt.app_user_id.clone();
    caller.admit_write_for(id.as_str()).await?;
    let taken = caller
        .act(move |conn, call| {
            let (traces, taken) = save_and_buy(conn, call, &receipt)?;
            Ok((traces, taken))
        })
        .await?;
    caller.record_contact(&id, Fetched::Info);
    let customer_info = taken.purchase?;
    if taken.problems.is_empty() {
        return answer::customer(&req, StatusCode::OK, customer_info);
    }
    let attributes_error_response = attributes::AttributeErrors::new(taken.problems);
    Ok(HttpResponse::Ok().json(InfoWithErrors { customer_info, attributes_error_response }))
}

/// Saves the attributes of the receipt, whether or not the purchase is taken, and then makes the purchase.
fn save_and_buy(conn: &mut Conn, call: &AuthorizedCall, receipt: &Receipt) -> Result<(Vec<Trace>, Taken), Error> {
    let customer = customers::find_or_create(conn, call, &receipt.app_user_id)?.customer;
    let (set, problems) = attributes::apply(conn, call, customer, &receipt.attributes)?;
    let mut traces: Vec<Trace> =
        set.into_iter().map(|trace| trace.for_customer(customer, &receipt.app_user_id)).collect();
    let purchase = buy(conn, call, customer, receipt)?;
    let purchase = purchase.map(|(trace, customer_info)| {
        traces.extend(trace);
        customer_info
    });
    Ok((traces, Taken { purchase, problems }))
}

type Purchased = Result<(Option<Trace>, CustomerInfo), ApiError>;

fn buy(conn: &mut Conn, call: &AuthorizedCall, customer: CustomerId, receipt: &Receipt) -> Result<Purchased, Error> {
    let order = match refused::test_store_order(call, receipt) {
        Ok(order) => order,
        Err(api_error) => return Ok(Err(api_error)),
    };
    let bought = match test_store::buy(conn, &call.ctx, customer, &order)? {
        Ok(bought) => bought,
        Err(why) => return Ok(Err(refused::purchase_error(why, &order))),
    };
    let trace = trace(bought, customer, receipt);
    // The purchase may have merged two customers.
    let customer = customers::require(conn, call, &receipt.app_user_id)?;
    Ok(Ok((trace, customer_info::load(conn, call, customer)?)))
}

fn trace(bought: Bought, customer: CustomerId, receipt: &Receipt) -> Option<Trace> {
    match bought {
        Bought::Now { product } => {
            Some(Trace::new(Action::TestPurchaseMade).for_customer(customer, &receipt.app_user_id).about(product))
        }
        Bought::Moved { from, from_id } => {
            let moved = Trace::new(Action::PurchasesTransferred).for_customer(from, &from_id);
            Some(moved.after(format!("moved to {}", receipt.app_user_id)))
        }
        Bought::Before | Bought::Joined => None,
    }
}

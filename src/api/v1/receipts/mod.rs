//! `POST /v1/receipts`: an app made a purchase (§C3.18). What the Test Store sells is taken here; receipts of
//! other stores need a connection to the store, which this version does not have.

mod receipt;
mod refused;

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use receipt::Receipt;
use serde::Serialize;

use super::attributes::Problem;
use super::{answer, attributes};
use crate::api::last_seen::Fetched;
use crate::api::v1::customer_info::{self, CustomerInfo};
use crate::api::{Caller, Inside, Needs, body, customers};
use crate::audit::{Action, Trace};
use crate::base::error::{ApiError, Error};
use crate::db::Conn;
use crate::operations::test_store::{Bought, Buyer};
use crate::projection::CustomerId;

/// What is said after the commit: SDKs take most refusals for a receipt of all else that they sent.
struct Taken {
    sold: Result<CustomerInfo, ApiError>,
    problems: Vec<Problem>,
}

/// The customer, and which attributes that came along were not saved.
#[derive(Serialize)]
struct PartlyTaken {
    #[serde(flatten)]
    customer_info: CustomerInfo,
    attributes_error_response: attributes::Partly,
}

pub async fn take(req: HttpRequest, caller: Caller, payload: Payload) -> Result<HttpResponse, Error> {
    caller.read(Needs::Any, |_, inside| refused::without_platform(inside)).await?;
    let receipt = Receipt::parse(&body::json(payload).await?)?;
    let id = receipt.app_user_id.clone();
    let taken = caller
        .act(Needs::Any, move |conn, inside| {
            let (traces, taken) = taken(conn, inside, &receipt)?;
            Ok((traces, taken))
        })
        .await?;
    caller.saw(&id, Fetched::Info);
    let customer_info = taken.sold?;
    if taken.problems.is_empty() {
        return answer::customer(&req, StatusCode::OK, customer_info);
    }
    let attributes_error_response = attributes::Partly::new(taken.problems);
    Ok(HttpResponse::Ok().json(PartlyTaken { customer_info, attributes_error_response }))
}

/// What came along is saved, whatever becomes of the purchase.
fn taken(conn: &mut Conn, inside: &Inside<'_>, receipt: &Receipt) -> Result<(Vec<Trace>, Taken), Error> {
    let (customer, _) = customers::found_or_made(conn, inside, &receipt.app_user_id)?;
    let (set, problems) = attributes::apply(conn, inside, customer, &receipt.attributes)?;
    let mut traces: Vec<Trace> =
        set.into_iter().map(|trace| trace.for_customer(customer, &receipt.app_user_id)).collect();
    let sold = sold(conn, inside, customer, receipt)?;
    let sold = sold.map(|(trace, customer_info)| {
        traces.extend(trace);
        customer_info
    });
    Ok((traces, Taken { sold, problems }))
}

type Sold = Result<(Option<Trace>, CustomerInfo), ApiError>;

fn sold(conn: &mut Conn, inside: &Inside<'_>, customer: CustomerId, receipt: &Receipt) -> Result<Sold, Error> {
    let order = match refused::unless_test_store(inside, receipt) {
        Ok(order) => order,
        Err(api_error) => return Ok(Err(api_error)),
    };
    let buyer = Buyer { project: inside.project, customer, now: inside.now };
    let bought = match buyer.buy(conn, inside.ids, &order)? {
        Ok(bought) => bought,
        Err(why) => return Ok(Err(refused::purchase_error(why, &order))),
    };
    // Two customers may have become one.
    let customer = customers::known(conn, inside, &receipt.app_user_id)?;
    Ok(Ok((trace(bought, buyer, receipt), customer_info::load(conn, inside, customer)?)))
}

fn trace(bought: Bought, buyer: Buyer, receipt: &Receipt) -> Option<Trace> {
    match bought {
        Bought::Now { product } => {
            Some(Trace::new(Action::TestPurchaseMade).for_customer(buyer.customer, &receipt.app_user_id).about(product))
        }
        Bought::Moved { from, from_id } => {
            let moved = Trace::new(Action::PurchasesTransferred).for_customer(from, &from_id);
            Some(moved.after(format!("moved to {}", receipt.app_user_id)))
        }
        Bought::Before | Bought::Joined => None,
    }
}

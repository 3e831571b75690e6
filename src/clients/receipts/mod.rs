//! `POST /v1/receipts`: an app made a purchase (client contract, 18). What the Test Store sells is taken here; receipts of
//! other stores need a connection to the store, which this version does not have.

mod receipt;
mod refused;

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};

use super::door::{Caller, Inside, Needs};
use super::envelope::{self, Envelope};
use super::sightings::Fetched;
use super::{answer, customers};
use crate::audit::{Action, Trace};
use crate::customers::test_store::{Bought, Buyer};
use crate::db::Conn;
use crate::error::{Error, Fault};
use crate::page::form::{BODY_TIME, read_body};

use receipt::Receipt;

/// In bytes. Receipts of the App Store grow with every purchase.
const LONGEST_BODY: usize = 1 << 20;

/// What a refusal says is said after the commit: SDKs take most of them for a receipt of all else that they sent.
type Taken = Result<Envelope, Fault>;

pub async fn take(req: HttpRequest, caller: Caller, body: Payload) -> Result<HttpResponse, Error> {
    let receipt = Receipt::read(&read_body(body, LONGEST_BODY, BODY_TIME).await?);
    let (project, id, is_secret, taken) = caller
        .act(Needs::Any, move |conn, inside| {
            let receipt = receipt?;
            let (traces, taken) = sold(conn, inside, &receipt)?;
            Ok((traces, (inside.project, receipt.app_user_id, inside.key.is_secret(), taken)))
        })
        .await?;
    if !is_secret {
        caller.saw(project, &id, Fetched::Info);
    }
    answer::customer(&req, StatusCode::OK, taken?)
}

fn sold(conn: &mut Conn, inside: &Inside<'_>, receipt: &Receipt) -> Result<(Vec<Trace>, Taken), Error> {
    refused::without_platform(inside)?;
    let (customer, _) = customers::found_or_made(conn, inside, &receipt.app_user_id)?;
    let order = match refused::unless_test_store(inside, receipt) {
        Ok(order) => order,
        Err(fault) => return Ok((Vec::new(), Err(fault))),
    };
    let buyer = Buyer { project: inside.project, customer, now: inside.now };
    let bought = match buyer.buy(conn, inside.ids, &order)? {
        Ok(bought) => bought,
        Err(why) => return Ok((Vec::new(), Err(refused::told(why, &order)))),
    };
    // Two customers may have become one.
    let customer = customers::known(conn, inside, &receipt.app_user_id)?;
    let traces = trace(bought, buyer, receipt);
    Ok((traces.into_iter().collect(), Ok(envelope::of(conn, inside, customer)?)))
}

fn trace(bought: Bought, buyer: Buyer, receipt: &Receipt) -> Option<Trace> {
    match bought {
        Bought::Now { product } => {
            Some(Trace::new(Action::TestPurchaseMade).of(buyer.customer, &receipt.app_user_id).about(product))
        }
        Bought::Moved { from, from_id } => {
            let moved = Trace::new(Action::PurchasesTransferred).of(from, &from_id);
            Some(moved.after(format!("moved to {}", receipt.app_user_id)))
        }
        Bought::Before | Bought::Joined => None,
    }
}

//! What was asked of stores, the oldest first, without who asked.

use diesel::prelude::*;
use serde::Serialize;

use super::{Section, shown, text};
use crate::db::Conn;
use crate::db::schema::requests;
use crate::pages::profile::export::model::Time;
use crate::pages::profile::visit::Visit;
use crate::requests::Request;

#[derive(Debug, Serialize)]
pub struct StoreRequest {
    /// What was asked: `refund of EUR 8.99`.
    pub what: String,
    pub product_id: String,
    pub store: Option<String>,
    pub environment: &'static str,
    pub reason: Option<String>,
    pub asked_at: Time,
    pub state: &'static str,
    pub state_at: Time,
    /// The store's own number for what it did.
    pub reference: Option<String>,
}

impl Section for StoreRequest {
    type Field = Vec<StoreRequest>;

    const TITLE: &'static str = "Asked of stores";
    const HEADS: &'static [&'static str] = &["Asked", "What", "Product", "Reason", "State", "Since"];

    fn load(conn: &mut Conn, visit: &Visit) -> QueryResult<Vec<StoreRequest>> {
        let own = requests::customer_id.eq(visit.customer.id).and(requests::asked_at.le(visit.until()));
        let own = requests::table.filter(own);
        let rows: Vec<Request> = own.order(requests::id).select(Request::as_select()).load(conn)?;
        Ok(rows.into_iter().filter_map(StoreRequest::new).collect())
    }

    fn rows(all: &Vec<StoreRequest>) -> Vec<Vec<String>> {
        let row = |one: &StoreRequest| {
            let (asked, since) = (shown(Some(one.asked_at)), shown(Some(one.state_at)));
            vec![asked, one.what.clone(), one.product_id.clone(), text(&one.reason), one.state.into(), since]
        };
        all.iter().map(row).collect()
    }
}

impl StoreRequest {
    fn new(request: Request) -> Option<StoreRequest> {
        let order = request.order().ok()?;
        Some(StoreRequest {
            what: order.wanted.words(),
            product_id: order.product_id,
            store: order.store.map(|store| store.as_str().to_owned()),
            environment: request.environment.as_str(),
            asked_at: Time(request.asked_at),
            state: request.state.name(),
            state_at: Time(request.state_at),
            reason: request.reason,
            reference: request.reference,
        })
    }
}

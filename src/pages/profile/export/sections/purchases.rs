//! Subscriptions, one-time purchases and grants, derived from the events. Amounts are millionths of US dollars.

use diesel::prelude::*;
use serde_json::value::RawValue;

use super::{Section, dollars, raw, words};
use crate::customers::{state, stored_purchases};
use crate::db::Conn;
use crate::db::schema::purchases;
use crate::pages::profile::export::model::Time;
use crate::pages::profile::visit::Visit;
use crate::projection::Purchase;
use crate::wording::environment;

/// What the customer bought or was granted, as it is stored.
#[derive(Debug)]
pub struct Bought;

impl Section for Bought {
    type Field = Vec<Box<RawValue>>;

    const TITLE: &'static str = "Purchases";
    const HEADS: &'static [&'static str] = &["Product", "Store", "Environment", "Began", "Ends", "Paid"];

    fn load(conn: &mut Conn, visit: &Visit) -> QueryResult<Vec<Box<RawValue>>> {
        if let Some(as_of) = visit.as_of {
            let then = state::as_of(conn, visit.project.id, visit.customer.id, as_of)?;
            return Ok(then.purchases.iter().filter_map(|one| raw(one.to_json())).collect());
        }
        let own = stored_purchases::of(visit.customer.id);
        let ordered = own.order((purchases::starts_at, purchases::environment, purchases::key));
        Ok(stored_purchases::load_json(conn, ordered)?.into_iter().filter_map(raw).collect())
    }

    fn rows(purchases: &Vec<Box<RawValue>>) -> Vec<Vec<String>> {
        purchases.iter().filter_map(|body| Purchase::stored(body.get())).map(|one| row(&one)).collect()
    }
}

fn row(purchase: &Purchase) -> Vec<String> {
    let named = purchase.product_name.as_deref().unwrap_or(&purchase.product_id);
    let product = if named.is_empty() { words(purchase.kind.as_str()) } else { named.to_owned() };
    vec![
        product,
        purchase.store.as_ref().map_or_else(String::new, |store| store.name().to_owned()),
        purchase
            .unknown_environment
            .as_deref()
            .map_or_else(|| purchase.environment.as_str().to_owned(), environment::unknown),
        Time(purchase.first_purchased_at).shown(),
        purchase.expires_at.map_or_else(|| "does not end".into(), |at| Time(at).shown()),
        dollars(purchase.revenue.net),
    ]
}

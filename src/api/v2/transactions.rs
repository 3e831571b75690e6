//! `GET …/subscriptions/{purchase}/transactions`: every period that was charged, trials as well. Each comes from the event of
//! its charge.

use std::collections::HashSet;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Serialize;

use super::answer;
use super::bought;
use super::fields::wrong;
use super::finding;
use super::list::Window;
use super::money::{Amount, Transaction};
use super::subscriptions::Subscription;
use crate::api::{AuthorizedCall, Caller};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::db::Conn;
use crate::projection::Purchase;
use crate::web::form;

#[derive(Debug, Serialize)]
pub struct Period {
    object: &'static str,
    id: String,
    purchased_at: Moment,
    product_store_identifier: String,
    revenue_in_local_currency: Option<Amount>,
    revenue_in_usd: Option<Amount>,
    expiration_date: Option<Moment>,
    /// With the grace of the last period.
    effective_expiration_date: Option<Moment>,
}

/// The order of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Order {
    by_time: bool,
    is_reversed: bool,
}

pub async fn index(caller: Caller) -> Result<HttpResponse, Error> {
    let (id, query) = (caller.parameter("purchase")?.to_owned(), caller.query.clone());
    let list = caller
        .read(move |conn, call| {
            let order = Order::parse(&query)?;
            let (renderer, purchase) = bought::find::<Subscription>(conn, call, &id)?;
            let url = renderer.sold.address(&format!("subscriptions/{id}/transactions"));
            let window = Window::parse(&query, url)?;
            let window = window.keeping("sort", form::field(&query, "sort"));
            let window = window.keeping("direction", form::field(&query, "direction"));
            window.cut(order.sorted(periods(&purchase, &renderer.ledger.of(&purchase))), |period| period.id.clone())
        })
        .await?;
    Ok(answer::json(&caller, StatusCode::OK, &list))
}

/// One period of a subscription.
///
/// # Errors
/// [`Error::Client`] with status 404 when the project has no such subscription or it has no such period.
pub fn one(conn: &mut Conn, call: &AuthorizedCall, id: &str, transaction: &str) -> Result<Period, Error> {
    let (renderer, purchase) = bought::find::<Subscription>(conn, call, id)?;
    let all = periods(&purchase, &renderer.ledger.of(&purchase));
    all.into_iter().find(|period| period.id == transaction).ok_or_else(finding::missing)
}

/// The periods of a subscription, the oldest first.
fn periods(purchase: &Purchase, transactions: &[&Transaction]) -> Vec<Period> {
    let mut seen = HashSet::new();
    let all = transactions.iter().enumerate().map(|(place, transaction)| {
        let event = &transaction.event;
        let is_last = place + 1 == transactions.len();
        let purchased_at = event.purchased_at.unwrap_or(event.event_at);
        let id = event.transaction_id.as_ref().unwrap_or(&purchase.key);
        // Stripe gives every renewal the id of the first, and a list needs ids that differ.
        let is_new = seen.insert(id.clone());
        let number = event.renewal_number.unwrap_or_else(|| i64::try_from(place).unwrap_or_default());
        Period {
            object: "subscription_transaction",
            id: if is_new { id.clone() } else { format!("{id}..{number}.{}", purchased_at.millis()) },
            purchased_at,
            product_store_identifier: event.product_id.clone().unwrap_or_else(|| purchase.product_id.clone()),
            revenue_in_local_currency: transaction.in_own_currency(),
            revenue_in_usd: transaction.in_dollars(),
            expiration_date: event.expires_at,
            effective_expiration_date: match is_last {
                true => Some(purchase.access_ends_at()).filter(|end| *end != Moment::NEVER),
                false => event.expires_at,
            },
        }
    });
    all.collect()
}

impl Order {
    /// Reads `sort` and `direction`: by id, ascending, unless the call says otherwise.
    fn parse(query: &str) -> Result<Order, Error> {
        let by_time = match form::field(query, "sort").as_deref() {
            None | Some("id") => false,
            Some("purchased_at") => true,
            Some(_) => return Err(wrong("sort", "sort must be id or purchased_at.")),
        };
        let is_reversed = match form::field(query, "direction").as_deref() {
            None | Some("asc") => false,
            Some("desc") => true,
            Some(_) => return Err(wrong("direction", "direction must be asc or desc.")),
        };
        Ok(Order { by_time, is_reversed })
    }

    fn sorted(self, mut periods: Vec<Period>) -> Vec<Period> {
        if !self.by_time {
            periods.sort_by(|one, other| one.id.cmp(&other.id));
        }
        if self.is_reversed {
            periods.reverse();
        }
        periods
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_by_id_unless_the_call_wants_another() {
        let read = |query: &str| Order::parse(query).map(|order| (order.by_time, order.is_reversed)).ok();
        assert_eq!(read(""), Some((false, false)));
        assert_eq!(read("sort=purchased_at&direction=desc"), Some((true, true)));
        assert_eq!(read("sort=id&direction=asc"), Some((false, false)));
        for query in ["sort=price", "direction=up", "sort="] {
            assert_eq!(read(query), None, "{query}");
        }
    }
}

//! Which of the purchases that RevenueCat finds under a transaction is that of an order. Only one that is surely it is changed: money
//! that went back to a stranger does not return.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::http::segment;
use super::session::{NoReading, Session};
use crate::stores::Order;

const NO_ID: &str = "The purchase has no transaction id that RevenueCat could look up.";
const UNKNOWN: &str = "RevenueCat does not know this purchase.";
const ANOTHER: &str =
    "Under this transaction RevenueCat shows no purchase of this customer in the same store and environment.";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Subscription,
    Purchase,
}

/// The lists in which a purchase is looked up, by which parameter, which is the name of the field as well.
const LISTS: [(&str, &str, Kind); 2] = [
    ("subscriptions", "store_subscription_identifier", Kind::Subscription),
    ("purchases", "store_purchase_identifier", Kind::Purchase),
];

/// What RevenueCat shows of the purchase of an order, which may be known by RevenueCat's own id. The inner error says why it is not
/// found.
///
/// # Errors
/// As [`Session::get`].
pub fn find(
    session: &Session<'_>,
    order: &Order,
    known: Option<&str>,
) -> Result<Result<(Kind, Value), &'static str>, NoReading> {
    let Some(id) = order.transaction() else { return Ok(Err(NO_ID)) };
    let ids = session.ids_of_customer(&order.app_user_id)?;
    let mut why = UNKNOWN;
    for (list, field, kind) in LISTS {
        let Some(found) = session.get(&format!("/{list}?{field}={}", segment(id)))? else { continue };
        let items = found.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let wanted = Wanted { order, ids: &ids, field };
        if let Some(item) = known.and_then(|known| has_id(items, known)).or_else(|| wanted.choose(items)) {
            return Ok(Ok((kind, item.clone())));
        }
        why = if items.is_empty() { why } else { ANOTHER };
    }
    Ok(Err(why))
}

fn has_id<'a>(items: &'a [Value], id: &str) -> Option<&'a Value> {
    items.iter().find(|item| text(item, "id") == Some(id))
}

/// The purchase that is looked for.
struct Wanted<'a> {
    order: &'a Order,
    /// All ids of the customer.
    ids: &'a [String],
    /// The field in which RevenueCat names the transaction.
    field: &'a str,
}

impl Wanted<'_> {
    /// The only item that can be it.
    fn choose<'a>(&self, items: &'a [Value]) -> Option<&'a Value> {
        let own = items.iter().filter(|item| self.is_of_same_place(item) && self.is_of_customer(item) != Some(false));
        let (named, others): (Vec<&Value>, Vec<&Value>) = own.partition(|item| self.is_named(item));
        if !named.is_empty() {
            return only(named.into_iter());
        }
        // A subscription is found under any of its periods, and shows the newest one.
        only(others.into_iter().filter(|item| self.is_of_customer(item) == Some(true)))
    }

    fn is_of_same_place(&self, item: &Value) -> bool {
        let is = |name: &str, wanted: &str| text(item, name).is_some_and(|named| named.eq_ignore_ascii_case(wanted));
        let store = self.order.store.as_ref();
        is("environment", self.order.environment.as_str()) && store.is_some_and(|store| is("store", store.as_str()))
    }

    /// `None` when the item does not say whose it is.
    fn is_of_customer(&self, item: &Value) -> Option<bool> {
        text(item, "customer_id").map(|named| self.ids.iter().any(|id| id == named))
    }

    /// Whether the item has a transaction of the order, or names none.
    fn is_named(&self, item: &Value) -> bool {
        let named = match item.get(self.field) {
            None | Some(Value::Null) => return true,
            Some(Value::String(named)) => named.clone(),
            Some(named) => named.to_string(),
        };
        let known = [&self.order.transaction_id, &self.order.original_transaction_id];
        known.into_iter().flatten().any(|id| *id == named)
    }
}

fn only<T>(mut all: impl Iterator<Item = T>) -> Option<T> {
    let first = all.next();
    first.filter(|_| all.next().is_none())
}

fn text<'a>(item: &'a Value, name: &str) -> Option<&'a str> {
    item.get(name).and_then(Value::as_str)
}

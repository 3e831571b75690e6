//! The body of a delivery (§5): the event as it is stored, with the App User ID that names the customer now (§9.4).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use diesel::QueryResult;
use diesel::sql_types::{BigInt, Binary, Text};
use serde_json::Value;

use super::queue::Announced;
use crate::base::app_user_id::is_anonymous;
use crate::base::clock::Moment;
use crate::base::ids::CustomerId;
use crate::db::Conn;
use crate::db::many::{self, Column, Kind, Row, row};
use crate::events::EventType;

/// The App User ID that names each customer now.
pub type Names = BTreeMap<CustomerId, String>;

/// The body of a delivery of a stored event. When no id of the customer was ever seen, the id in the event stays.
pub fn of(announced: &Announced<'_>, names: &Names) -> String {
    let delivery = announced.delivery;
    let name = announced.customer.filter(|_| names_somebody(announced)).and_then(|customer| names.get(&customer));
    let other = name.filter(|name| Some(*name) != delivery.event.app_user_id.as_ref());
    other.and_then(|name| renamed(&delivery.body, name)).unwrap_or_else(|| delivery.body.clone())
}

fn names_somebody(announced: &Announced<'_>) -> bool {
    let event = &announced.delivery.event;
    event.kind != EventType::Transfer && event.app_user_id.is_some()
}

/// The customers' last seen identified ids, else the last seen anonymous ones.
pub fn names_of<'a>(conn: &mut Conn, announced: impl Iterator<Item = Announced<'a>>) -> QueryResult<Names> {
    let customers: BTreeSet<CustomerId> = announced.filter(names_somebody).filter_map(|one| one.customer).collect();
    const KEY: &[Column] = &[("customer_id", Kind::Integer)];
    let keys: Vec<Row> = customers.into_iter().map(|customer| row![customer]).collect();
    type Columns = (BigInt, BigInt, Binary, Text);
    type Read = (CustomerId, Moment, Vec<u8>, String);
    let from = ("customer_id, seen_at, key, app_user_id", "app_user_ids");
    let mut seen = many::select::<Columns, Read>(conn, from, KEY, &keys, "AND seen_at IS NOT NULL")?;
    // The best of each customer comes last, and replaces the others.
    seen.sort_by_cached_key(|(_, seen_at, key, id)| (!is_anonymous(id), *seen_at, Reverse(key.clone())));
    Ok(seen.into_iter().map(|(customer, _, _, id)| (customer, id)).collect())
}

/// The body with another `app_user_id`; `None` when it is not an event.
fn renamed(body: &str, app_user_id: &str) -> Option<String> {
    let mut sent: Value = serde_json::from_str(body).ok()?;
    *sent.get_mut("event")?.get_mut("app_user_id")? = Value::String(app_user_id.to_owned());
    serde_json::to_string(&sent).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_id_leaves_the_rest_of_the_body_as_it_is() {
        let body = r#"{"api_version":"1.0","event":{"app_user_id":"a","big":12345678901234567890,"price":4.990}}"#;
        let sent = renamed(body, "lena").expect("a body");
        assert_eq!(sent, body.replace("\"a\"", "\"lena\""));
        assert_eq!(renamed("[]", "lena"), None);
    }
}

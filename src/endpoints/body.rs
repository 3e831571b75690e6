//! The body of a delivery (§5): the event as it is stored, with the App User ID that names the customer now (§9.4).

use diesel::prelude::*;
use serde_json::Value;

use crate::base::app_user_id::is_anonymous;
use crate::base::ids::EventId;
use crate::db::Conn;
use crate::db::schema::{app_user_ids, history};
use crate::events::history::Side;
use crate::events::{Delivery, EventType};

/// Renders the body of a delivery of a stored event. When no id of the customer was ever seen, the id in the event
/// stays.
pub fn load(conn: &mut Conn, event_row: EventId, delivery: &Delivery) -> QueryResult<String> {
    let names_nobody = delivery.event.kind == EventType::Transfer || delivery.event.app_user_id.is_none();
    if names_nobody {
        return Ok(delivery.body.clone());
    }
    let seen = seen_last(conn, event_row)?.filter(|id| Some(id) != delivery.event.app_user_id.as_ref());
    Ok(seen.and_then(|id| renamed(&delivery.body, &id)).unwrap_or_else(|| delivery.body.clone()))
}

/// The customer's last seen identified id, else the last seen anonymous one.
fn seen_last(conn: &mut Conn, event_row: EventId) -> QueryResult<Option<String>> {
    let owner = history::table.filter(history::event_id.eq(event_row).and(history::side.eq(Side::Own)));
    let ids: Vec<String> = app_user_ids::table
        .filter(app_user_ids::customer_id.eq_any(owner.select(history::customer_id)))
        .filter(app_user_ids::seen_at.is_not_null())
        .order((app_user_ids::seen_at.desc(), app_user_ids::key))
        .select(app_user_ids::app_user_id)
        .load(conn)?;
    let identified = ids.iter().find(|id| !is_anonymous(id));
    Ok(identified.or(ids.first()).cloned())
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

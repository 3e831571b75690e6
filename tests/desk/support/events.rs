//! Builds bodies of webhooks about a customer, and delivers them without HTTP.

use dossier::base::error::Error;
use dossier::base::ids::ProjectId;
use dossier::events::Delivery;
use dossier::ingest::{self, Outcome};
use serde_json::{Value, json};

use super::{DAY, Desk, NOW};

/// The present day of a desk, as [`event_on_day`] counts days.
pub const TODAY: i64 = 1_105;

/// An event of this type, so many days after 14 November 2023, about the monthly subscription that Lena bought on day 0.
/// The fields of `extra` replace those of the event.
pub fn event_on_day(day: i64, kind: &str, extra: Value) -> String {
    let mut event = json!({
        "id": format!("{day}-{kind}-{extra}"), "type": kind, "event_timestamp_ms": 1_700_000_000_000 + day * DAY,
        "app_user_id": "lena", "original_app_user_id": "lena", "aliases": ["lena"], "store": "APP_STORE",
        "environment": "PRODUCTION", "product_id": "monthly", "entitlement_ids": ["pro"], "period_type": "NORMAL",
        "purchased_at_ms": 1_700_000_000_000i64, "expiration_at_ms": 1_700_000_000_000 + 30 * DAY,
        "transaction_id": "100", "original_transaction_id": "100", "price": 0,
    });
    replace_fields(&mut event, &extra);
    json!({ "api_version": "1.0", "event": event }).to_string()
}

/// A purchase by this customer, `days_ago`, of thirty days and its own transaction. The fields of `extra` replace those
/// of the event, its type as well.
pub fn purchase(id: &str, days_ago: i64, extra: Value) -> String {
    let at = NOW.millis() - days_ago * DAY;
    let mut event = json!({
        "id": format!("{id}-{days_ago}-{extra}"), "type": "INITIAL_PURCHASE", "event_timestamp_ms": at,
        "app_user_id": id, "original_app_user_id": id, "aliases": [id], "store": "APP_STORE",
        "environment": "PRODUCTION", "product_id": "pro_monthly", "period_type": "NORMAL", "purchased_at_ms": at,
        "expiration_at_ms": at + 30 * DAY, "price": 9.99, "transaction_id": format!("t-{id}"),
        "original_transaction_id": format!("t-{id}"),
    });
    replace_fields(&mut event, &extra);
    json!({ "api_version": "1.0", "event": event }).to_string()
}

/// The fields of an event that say whose it is.
pub fn with_ids(app_user_id: &str, aliases: &[&str]) -> Value {
    json!({ "app_user_id": app_user_id, "original_app_user_id": aliases.first(), "aliases": aliases })
}

/// A transfer of purchases of the App Store. Its event id contains the App User IDs.
pub fn transfer_event(day: i64, from: &[&str], to: &[&str]) -> String {
    let extra = json!({
        "transferred_from": from, "transferred_to": to, "app_user_id": null, "original_app_user_id": null,
        "aliases": null, "product_id": null, "transaction_id": null, "original_transaction_id": null,
    });
    event_on_day(day, "TRANSFER", extra)
}

/// A transfer of the purchases of every store. Its event id names nobody.
pub fn transfer_of_every_store(day: i64, from: &[&str], to: &[&str]) -> String {
    let mut sent: Value = serde_json::from_str(&transfer_event(day, from, to)).expect("JSON");
    sent["event"]["id"] = json!(format!("transfer-{day}-{}", from.len()));
    sent["event"]["store"] = Value::Null;
    sent.to_string()
}

/// Attributes as an event carries them, all set at the same time.
pub fn attributes_set_at(millis: i64, values: Value) -> Value {
    let values = values.as_object().into_iter().flatten();
    values.map(|(key, value)| (key.clone(), json!({ "value": value, "updated_at_ms": millis }))).collect()
}

/// Gives `fields` the fields of `extra`, in place of those it has.
pub fn replace_fields(fields: &mut Value, extra: &Value) {
    for (key, value) in extra.as_object().into_iter().flatten() {
        fields[key] = value.clone();
    }
}

/// Delivers bodies one by one, each in its own commit.
pub fn deliver(desk: &Desk, project: ProjectId, bodies: &[String]) -> Vec<Outcome> {
    bodies.iter().map(|body| deliver_together(desk, project, std::slice::from_ref(body)).remove(0)).collect()
}

/// Stores bodies as an import does, without deriving what follows.
pub fn import(desk: &Desk, project: ProjectId, bodies: &[String]) {
    let read = |body: &String| Delivery::parse(body.clone().into_bytes(), desk.clock.now()).expect("the body reads");
    let deliveries: Vec<Delivery> = bodies.iter().map(read).collect();
    let all: Vec<&Delivery> = deliveries.iter().collect();
    let ctx = desk.ctx_in(project);
    let stored = desk.db.write_here(|conn| Ok::<_, Error>(ingest::take_many(conn, &ctx, &all)?));
    stored.expect("the events are stored");
}

/// Delivers bodies in one commit.
pub fn deliver_together(desk: &Desk, project: ProjectId, bodies: &[String]) -> Vec<Outcome> {
    let read = |body: &String| Delivery::parse(body.clone().into_bytes(), desk.clock.now()).expect("the body reads");
    let deliveries: Vec<Delivery> = bodies.iter().map(read).collect();
    let all: Vec<&Delivery> = deliveries.iter().collect();
    let ctx = desk.ctx_in(project);
    let taken = desk.db.write_here(|conn| Ok::<_, Error>(ingest::take(conn, &ctx, &all)?));
    let outcomes = taken.expect("the deliveries are stored").into_iter();
    outcomes.map(|outcome| outcome.expect("nobody else has locked the customer")).collect()
}

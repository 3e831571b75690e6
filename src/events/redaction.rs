//! Redacts an event's body when a customer it mentions is erased (§12.1). It keeps the fields that purchases of other
//! customers follow from. It drops ids, personal values and every field that this version does not know.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::json;
use super::json::Field;

/// One customer of a `TRANSFER`: the one who lost the purchases, or the one who received them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Party {
    From,
    To,
}

/// The fields that a purchase is derived from. Each is kept only if its value is plain, not an array or object.
const PURCHASE_FIELDS: [&str; 34] = [
    "id",
    "type",
    "event_timestamp_ms",
    "app_id",
    "product_id",
    "product_display_name",
    "new_product_id",
    "entitlement_id",
    "period_type",
    "purchased_at_ms",
    "expiration_at_ms",
    "grace_period_expiration_at_ms",
    "auto_resume_at_ms",
    "store",
    "environment",
    "purchase_environment",
    "is_trial_conversion",
    "cancel_reason",
    "expiration_reason",
    "presented_offering_id",
    "price",
    "currency",
    "price_in_purchased_currency",
    "transaction_id",
    "original_transaction_id",
    "is_family_share",
    "offer_code",
    "renewal_number",
    "dossier_keeps_access",
    "dossier_origin",
    "dossier_as_of_ms",
    "dossier_whole",
    "dossier_total",
    "dossier_is_undated",
];

/// The fields by which an event of our own says where it was read.
const SNAPSHOT_FIELDS: [&str; 5] =
    ["dossier_origin", "dossier_as_of_ms", "dossier_whole", "dossier_total", "dossier_is_undated"];

/// The fields kept of an item of a bundle.
const ITEM_FIELDS: [&str; 5] = ["product_id", "type", "currency", "price_in_purchased_currency", "expiration_at_ms"];

/// The fields that show that an event came, of which type and when.
const MARK_FIELDS: [&str; 6] = ["id", "type", "event_timestamp_ms", "store", "environment", "purchase_environment"];

/// The fields that must not be lost when their value is not plain: without one, a purchase would be production, or for ever.
const NEVER_LOST: [&str; 3] = ["environment", "purchase_environment", "expiration_at_ms"];

/// What stands for such a value, for example an object. It is read as an unknown environment, and as no time.
pub(super) const UNREADABLE: &str = "unreadable";

type Fields = BTreeMap<String, Box<RawValue>>;

#[derive(Deserialize)]
struct WebhookBody<'a> {
    #[serde(borrow)]
    api_version: Field<'a>,
    #[serde(borrow)]
    event: Field<'a>,
}

#[derive(Serialize)]
struct Rewritten {
    #[serde(skip_serializing_if = "Option::is_none")]
    api_version: Option<Box<RawValue>>,
    event: Fields,
}

/// Redacts an event of purchases that another customer has by now. `None` if the body cannot be read.
pub fn redact_purchase(body: &str) -> Option<String> {
    let (mut rewritten, fields) = plain(body, &PURCHASE_FIELDS)?;
    if let Some(words) = fields.get("entitlement_ids").and_then(|raw| json::words(Some(raw))) {
        rewritten.event.insert("entitlement_ids".into(), raw(&words)?);
    }
    let items: Vec<Fields> = fields.get("items").map_or_else(Vec::new, |raw| {
        let of_item = |item| only(&json::entries(Some(item)), &ITEM_FIELDS);
        json::items(Some(raw)).into_iter().map(of_item).collect()
    });
    if !items.is_empty() {
        rewritten.event.insert("items".into(), raw(&items)?);
    }
    serde_json::to_string(&rewritten).ok()
}

/// Redacts an event that is kept only to recognise duplicates. `None` if the body cannot be read.
pub fn redact_to_mark(body: &str) -> Option<String> {
    serde_json::to_string(&plain(body, &MARK_FIELDS)?.0).ok()
}

/// Removes the fields that only events of our own may have. `None` if the body cannot be read.
pub fn without_snapshot(body: &str) -> Option<String> {
    let (mut rewritten, mut fields) = plain(body, &[])?;
    fields.retain(|key, _| !SNAPSHOT_FIELDS.contains(&key.as_str()));
    rewritten.event = fields;
    serde_json::to_string(&rewritten).ok()
}

/// Removes one party from the body of a `TRANSFER`. The event's attributes belong to the receiver. `None` if the body
/// cannot be read.
pub fn transfer_without(body: &str, party: Party) -> Option<String> {
    let (mut rewritten, mut fields) = plain(body, &[])?;
    let list = if party == Party::From { "transferred_from" } else { "transferred_to" };
    let removed: BTreeSet<String> = json::ids(fields.get(list).map(|raw| &**raw)).into_iter().collect();
    let is_theirs = |key: &str, raw: &RawValue| {
        (party == Party::To && key == "subscriber_attributes") || mentions(raw, &removed) || removed.contains(key)
    };
    fields.remove(list);
    let other = if party == Party::From { "transferred_to" } else { "transferred_from" };
    let kept_as_it_is = |key: &str| key == other || PURCHASE_FIELDS.contains(&key);
    fields.retain(|key, raw| kept_as_it_is(key) || !is_theirs(key, raw));
    fields.insert(list.into(), raw(&[(); 0])?);
    rewritten.event = fields;
    serde_json::to_string(&rewritten).ok()
}

/// The body with only these plain fields, and all fields it had before.
fn plain(body: &str, kept: &[&str]) -> Option<(Rewritten, Fields)> {
    let webhook_body: WebhookBody<'_> = serde_json::from_str(body).ok()?;
    let mut fields = json::entries(webhook_body.event);
    for name in NEVER_LOST {
        if let Some(value) = fields.get_mut(name).filter(|raw| !is_plain(raw)) {
            *value = raw(&UNREADABLE)?;
        }
    }
    // An event is known by `event_id` where it has no `id`, also once that field is gone.
    if let Some(id) = fields.get("event_id").filter(|_| fields.get("id").is_none_or(|id| id.get() == "null")) {
        fields.insert("id".into(), id.clone());
    }
    let api_version = webhook_body.api_version.filter(|raw| is_plain(raw)).map(ToOwned::to_owned);
    Some((Rewritten { api_version, event: only(&fields, kept) }, fields))
}

fn only(fields: &Fields, kept: &[&str]) -> Fields {
    let plain = fields.iter().filter(|(key, raw)| kept.contains(&key.as_str()) && is_plain(raw));
    plain.map(|(key, raw)| (key.clone(), raw.clone())).collect()
}

fn is_plain(raw: &RawValue) -> bool {
    !raw.get().starts_with(['{', '['])
}

/// Whether a value contains one of these texts. An unreadable value counts as containing them, to be safe.
fn mentions(raw: &RawValue, texts: &BTreeSet<String>) -> bool {
    serde_json::from_str(raw.get()).map_or(true, |value| contains_any(&value, texts))
}

fn contains_any(value: &Value, texts: &BTreeSet<String>) -> bool {
    match value {
        Value::String(text) => texts.contains(text),
        Value::Number(number) => texts.contains(&number.to_string()),
        Value::Array(items) => items.iter().any(|item| contains_any(item, texts)),
        Value::Object(entries) => entries.iter().any(|(key, value)| texts.contains(key) || contains_any(value, texts)),
        Value::Null | Value::Bool(_) => false,
    }
}

fn raw(value: &impl Serialize) -> Option<Box<RawValue>> {
    serde_json::value::to_raw_value(value).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::base::clock::Moment;
    use crate::events::{Delivery, Event};

    fn read(body: &str) -> Event {
        Delivery::read_stored(body, Moment(0)).expect("an event")
    }

    fn purchase_body() -> String {
        let known: BTreeMap<&str, Value> =
            PURCHASE_FIELDS.iter().map(|key| (*key, json!(format!("of {key}")))).collect();
        let mut event = json!(known);
        for (key, value) in [
            ("price", json!(9.990)),
            ("event_timestamp_ms", json!(5)),
            ("purchased_at_ms", json!(4)),
            ("expiration_at_ms", json!(9)),
            ("price_in_purchased_currency", json!(8)),
            ("entitlement_ids", json!(["pro", { "who": "lena" }])),
            ("items", json!([{ "product_id": "p", "type": "addon", "who": "lena" }])),
            ("app_user_id", json!("lena")),
            ("original_app_user_id", json!("lena")),
            ("aliases", json!(["lena"])),
            ("subscriber_attributes", json!({ "$email": { "value": "lena@sundial.example" } })),
            ("experiments", json!([{ "experiment_id": "lena" }])),
            ("country_code", json!("lena")),
            ("of_tomorrow", json!("lena")),
        ] {
            event[key] = value;
        }
        json!({ "event": event, "api_version": "1.0", "sender": "lena" }).to_string()
    }

    #[test]
    fn redacting_a_purchase_removes_the_person_and_keeps_the_purchase() {
        let redacted = redact_purchase(&purchase_body()).expect("a body");
        assert!(!redacted.contains("lena"), "{redacted}");
        let person = Event {
            app_user_id: None,
            original_app_user_id: None,
            aliases: Vec::new(),
            attributes: Vec::new(),
            experiments: Vec::new(),
            country_code: None,
            ..read(&purchase_body())
        };
        assert_eq!(read(&redacted), person);
        assert_eq!(redact_purchase(&redacted), Some(redacted));
    }

    #[test]
    fn a_mark_names_the_event_and_no_customer() {
        let marked = redact_to_mark(&purchase_body()).expect("a body");
        assert_eq!(
            marked,
            concat!(
                r#"{"api_version":"1.0","event":{"environment":"of environment","event_timestamp_ms":5,"#,
                r#""id":"of id","purchase_environment":"of purchase_environment","store":"of store","type":"of type"}}"#
            )
        );
        assert_eq!(redact_to_mark(r#"{"event":{"id":{"who":"lena"}}}"#).as_deref(), Some(r#"{"event":{}}"#));
    }

    #[test]
    fn redacting_a_transfer_removes_one_party_and_keeps_the_other() {
        let body = json!({ "event": {
            "id": "1", "type": "TRANSFER", "event_timestamp_ms": 5, "store": "APP_STORE",
            "transferred_from": ["lena", "7"], "transferred_to": ["sandy"], "app_user_id": "lena",
            "seen": [{ "lena": 1 }], "number": 7, "note": "sandy", "subscriber_attributes": { "goal": { "value": "x" } },
        }});
        let text = |value: Option<String>| value.unwrap_or_default();
        let lost = text(transfer_without(&body.to_string(), Party::From));
        assert_eq!(
            lost,
            concat!(
                r#"{"event":{"event_timestamp_ms":5,"id":"1","note":"sandy","store":"APP_STORE","#,
                r#""subscriber_attributes":{"goal":{"value":"x"}},"transferred_from":[],"transferred_to":["sandy"],"#,
                r#""type":"TRANSFER"}}"#
            )
        );
        let received = text(transfer_without(&body.to_string(), Party::To));
        assert!(!received.contains("sandy") && !received.contains("goal") && received.contains("lena"), "{received}");
        assert_eq!(text(transfer_without(&lost, Party::From)), lost);
        let neither = text(transfer_without(&lost, Party::To));
        assert_eq!(text(transfer_without(&received, Party::From)), neither);
    }

    #[test]
    fn an_event_keeps_what_it_is_known_by_and_its_environment() {
        for (fields, id) in [
            (r#""event_id":"7","purchase_environment":"sandbox""#, "7"),
            (r#""id":null,"event_id":"7","environment":{"name":"SANDBOX"}"#, "7"),
            (r#""id":"1","event_id":"7","environment":"STAGING""#, "1"),
        ] {
            let body = format!(r#"{{"event":{{"type":"RENEWAL",{fields}}}}}"#);
            let whole = read(&body);
            for redacted in [redact_purchase(&body), redact_to_mark(&body)] {
                let event = read(&redacted.expect("a body"));
                assert_eq!(event.id, id);
                let environment = (event.environment, event.unknown_environment);
                assert_eq!(environment, (whole.environment, whole.unknown_environment.clone()), "{fields}");
            }
        }
    }

    #[test]
    fn a_transfer_whose_party_is_called_like_its_type_is_still_a_transfer() {
        let body =
            r#"{"event":{"id":"TRANSFER","type":"TRANSFER","transferred_from":["TRANSFER"],"transferred_to":["b"]}}"#;
        let event = read(&transfer_without(body, Party::From).expect("a body"));
        assert_eq!((event.transferred_from.len(), event.transferred_to), (0, vec!["b".to_owned()]));
    }
}

//! Random histories of a few customers, so long that they have several checkpoints.

use std::fmt::Write as _;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::events::{event_on_day, transfer_event, with_ids};

/// The ids of the customers.
pub const NAMES: [&str; 5] = ["lena", "mara", "noor", "$RCAnonymousID:0", "$RCAnonymousID:1"];

/// Type, hour, milliseconds, transaction, customer, another customer, price.
pub type Drawn = (&'static str, i64, i64, i64, usize, usize, i64);

pub fn histories() -> impl Strategy<Value = Vec<Drawn>> {
    let kinds = prop::sample::select(vec![
        "INITIAL_PURCHASE",
        "RENEWAL",
        "RENEWAL",
        "RENEWAL",
        "RENEWAL",
        "CANCELLATION",
        "UNCANCELLATION",
        "EXPIRATION",
        "BILLING_ISSUE",
        "PRODUCT_CHANGE",
        "NON_RENEWING_PURCHASE",
        "REFUND_REVERSED",
        "TEMPORARY_ENTITLEMENT_GRANT",
        "VIRTUAL_CURRENCY_TRANSACTION",
        "TRANSFER",
        "SUBSCRIBER_ALIAS",
    ]);
    let one = (kinds, 0..300_i64, 0..4_i64, 0..8_i64, 0..12_usize, 0..5_usize, -3..20_i64);
    prop::collection::vec(one, 60..140)
}

/// The body of the event with this number.
pub fn body(number: usize, drawn: &Drawn) -> String {
    let (kind, hour, millis, transaction, one, other, price) = *drawn;
    // Most events are of the first customer.
    let one = one.saturating_sub(7);
    let at = 1_700_000_000_000 + hour * 3_600_000 + millis * 400;
    match kind {
        "TRANSFER" => {
            let mut sent: Value =
                serde_json::from_str(&transfer_event(0, &[NAMES[one]], &[NAMES[other % 3]])).expect("JSON");
            sent["event"]["id"] = json!(format!("event-{number}"));
            sent["event"]["event_timestamp_ms"] = json!(at);
            sent.to_string()
        }
        _ => {
            let named: &[&str] =
                if kind == "SUBSCRIBER_ALIAS" { &[NAMES[one], NAMES[3 + other % 2]] } else { &[NAMES[one]] };
            let mut fields = with_ids(NAMES[one], named);
            let more = json!({
                "id": format!("event-{number}"), "event_timestamp_ms": at, "price": price,
                "transaction_id": (transaction != 5).then(|| format!("{transaction}")), "renewal_number": hour,
                "original_transaction_id": (price % 3 != 0).then(|| format!("{}", transaction / 4)),
                "purchased_at_ms": at, "expiration_at_ms": at + 86_400_000, "new_product_id": "yearly",
                "product_id": if transaction % 2 == 0 { "monthly" } else { "yearly" },
                "store": if transaction == 7 { "STRIPE" } else { "APP_STORE" },
                "cancel_reason": if price < 3 { "CUSTOMER_SUPPORT" } else { "UNSUBSCRIBE" },
                "country_code": if price % 2 == 0 { "DE" } else { "NL" },
                "virtual_currency_transaction_id": format!("entry-{transaction}"),
                "adjustments": [{ "amount": price, "currency": { "code": "GEM", "name": format!("Gems {hour}") } }],
                "subscriber_attributes": { "goal": { "value": format!("{price}"), "updated_at_ms": at } },
            });
            fields.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
            event_on_day(0, kind, fields)
        }
    }
}

/// What differs, customer by customer, for a failure that can be read.
pub fn differences(one: &str, other: &str) -> String {
    let mut text = String::new();
    for (own, theirs) in one.lines().zip(other.lines()).filter(|(own, theirs)| own != theirs) {
        let start = own.bytes().zip(theirs.bytes()).take_while(|(a, b)| a == b).count().saturating_sub(80);
        let part = |line: &str| line.bytes().skip(start).take(400).map(char::from).collect::<String>();
        let _ = writeln!(text, "- {}\n+ {}", part(own), part(theirs));
    }
    text
}

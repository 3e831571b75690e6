//! The data of a run: ordinary customers of twenty events, one with every card filled, some with many events.

use std::io::{BufWriter, Write};

use serde_json::{Value, json};

const DAY: i64 = 86_400_000;
/// 2024-11-01.
const START: i64 = 1_730_419_200_000;

/// Writes the webhook bodies of ordinary customers, one per line.
pub fn write_ordinary(file: std::fs::File, customers: std::ops::Range<usize>) -> std::io::Result<()> {
    let mut file = BufWriter::with_capacity(1 << 20, file);
    for customer in customers {
        for event in 0..20 {
            writeln!(file, "{}", ordinary(customer, event))?;
        }
    }
    file.flush()
}

/// The id of an ordinary customer.
pub fn name(customer: usize) -> String {
    format!("customer-{customer:07}")
}

/// One event in the life of a monthly subscription: 1.2 KB, as events of the App Store have.
fn ordinary(customer: usize, event: i64) -> String {
    let start = START + event * 30 * DAY;
    let kind = if event == 0 { "INITIAL_PURCHASE" } else { "RENEWAL" };
    let name = name(customer);
    format!(
        concat!(
            r#"{{"api_version":"1.0","event":{{"id":"{customer:08x}-{event:04x}-4b6d-8f2e-{customer:012x}","type":"{kind}","#,
            r#""event_timestamp_ms":{at},"app_id":"app0sundial","app_user_id":"{name}","#,
            r#""original_app_user_id":"$RCAnonymousID:{customer:032x}","#,
            r#""aliases":["{name}","$RCAnonymousID:{customer:032x}"],"product_id":"pro_monthly","period_type":"NORMAL","#,
            r#""purchased_at_ms":{start},"expiration_at_ms":{end},"store":"APP_STORE","environment":"PRODUCTION","#,
            r#""entitlement_ids":["pro"],"entitlement_id":null,"presented_offering_id":"standard","price":9.99,"currency":"EUR","#,
            r#""price_in_purchased_currency":8.99,"tax_percentage":0.19,"commission_percentage":0.3,"takehome_percentage":0.7,"#,
            r#""transaction_id":"2{customer:010}{event:04}","original_transaction_id":"2{customer:010}0000","is_family_share":false,"#,
            r#""country_code":"DE","offer_code":null,"renewal_number":{number},"is_trial_conversion":false,"metadata":null,"#,
            r#""subscriber_attributes":{{"$attConsentStatus":{{"value":"notDetermined","updated_at_ms":{start}}},"#,
            r#""$email":{{"value":"{name}@okafor.example","updated_at_ms":{start}}},"#,
            r#""$displayName":{{"value":"Lena Okafor {customer}","updated_at_ms":{start}}}}}}}}}"#
        ),
        customer = customer,
        event = event,
        kind = kind,
        name = name,
        at = start + 1000,
        start = start,
        end = start + 30 * DAY,
        number = event + 1,
    )
}

/// A customer with `events` events and every card filled: 5 ids, 3 entitlements, 20 attributes.
pub fn full(name: &str, events: i64) -> impl Iterator<Item = String> + use<'_> {
    let attributes: serde_json::Map<String, Value> = (0..20)
        .map(|number| {
            (format!("attribute_{number}"), json!({ "value": format!("value {number}"), "updated_at_ms": START }))
        })
        .collect();
    (0..events).map(move |event| renewal(name, event, &attributes))
}

/// The event after `events` others of a customer.
pub fn one_more(name: &str, events: i64) -> String {
    renewal(name, events, &serde_json::Map::new())
}

/// One event in the life of three monthly subscriptions, in the order in which they were made.
fn renewal(name: &str, event: i64, attributes: &serde_json::Map<String, Value>) -> String {
    let aliases: Vec<String> = (0..4).map(|number| format!("{name}-device-{number}")).collect();
    let at = START + event * 600_000;
    let product = ["pro_monthly", "coach_monthly", "sounds_monthly"][(event % 3) as usize];
    let entitlement = ["pro", "coach", "sounds"][(event % 3) as usize];
    json!({ "api_version": "1.0", "event": {
        "id": format!("{name}-{event}"), "type": if event < 3 { "INITIAL_PURCHASE" } else { "RENEWAL" },
        "event_timestamp_ms": at, "app_id": "app0sundial", "app_user_id": name, "original_app_user_id": name,
        "aliases": aliases, "product_id": product, "period_type": "NORMAL", "purchased_at_ms": at,
        "expiration_at_ms": at + 30 * DAY, "store": "APP_STORE", "environment": "PRODUCTION",
        "entitlement_ids": [entitlement], "presented_offering_id": "standard", "price": 9.99, "currency": "EUR",
        "price_in_purchased_currency": 8.99, "transaction_id": format!("{name}-{event}"),
        "original_transaction_id": format!("{name}-{}", event % 3), "is_family_share": false,
        "country_code": "DE", "renewal_number": event / 3 + 1, "subscriber_attributes": attributes,
    }})
    .to_string()
}

/// A webhook body of a new customer.
pub fn fresh(run: usize, connection: usize, number: usize) -> String {
    ordinary(900_000_000 + run * 10_000_000 + connection * 100_000 + number, 0)
}

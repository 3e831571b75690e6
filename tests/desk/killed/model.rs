//! The numbered events of the senders, and what must follow from them, computed without the program.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::support::events::event_on_day;

/// So many events have the same customer. Their numbers are neighbours, so several senders deliver them at the same time.
const EVENTS_OF_A_CUSTOMER: u64 = 16;

/// What must be stored of a customer.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Effects {
    pub events: i64,
    pub history: i64,
    pub payments: i64,
    pub spent_micros: i64,
    pub purchases: i64,
}

/// The id of an event.
pub fn id(number: u64) -> String {
    format!("run-{number}")
}

/// The App User ID of the customer of an event.
pub fn customer(number: u64) -> String {
    format!("buyer-{}", number / EVENTS_OF_A_CUSTOMER)
}

/// What is delivered: a subscription that is renewed, and a purchase beside it.
pub fn body(number: u64) -> String {
    let (place, name) = (number % EVENTS_OF_A_CUSTOMER, customer(number));
    let kind = match place {
        0 => "INITIAL_PURCHASE",
        place if is_beside(place) => "NON_RENEWING_PURCHASE",
        _ => "RENEWAL",
    };
    let product = if is_beside(place) { "archive" } else { "monthly" };
    let at = 1_700_000_000_000 + place * 2_592_000_000;
    let extra = json!({
        "id": id(number), "app_user_id": name, "original_app_user_id": name, "aliases": [name], "product_id": product,
        "purchased_at_ms": at, "expiration_at_ms": at + 2_592_000_000, "transaction_id": format!("t-{number}"),
        "original_transaction_id": original(number), "price": dollars(number),
    });
    event_on_day(30 * i64::try_from(place).expect("a small number"), kind, extra)
}

/// What follows from these events, for each customer who has some of them.
pub fn effects(numbers: &BTreeSet<u64>) -> BTreeMap<String, Effects> {
    let mut all: BTreeMap<String, Effects> = BTreeMap::new();
    let mut bought = BTreeSet::new();
    for number in numbers {
        let own = all.entry(customer(*number)).or_default();
        own.events += 1;
        own.history += 1;
        own.payments += 1;
        own.spent_micros += dollars(*number) * 1_000_000;
        own.purchases += i64::from(bought.insert(original(*number)));
    }
    all
}

fn is_beside(place: u64) -> bool {
    place == EVENTS_OF_A_CUSTOMER - 1
}

fn original(number: u64) -> String {
    let beside = if is_beside(number % EVENTS_OF_A_CUSTOMER) { "-beside" } else { "" };
    format!("o-{}{beside}", number / EVENTS_OF_A_CUSTOMER)
}

fn dollars(number: u64) -> i64 {
    i64::try_from(number % 7 + 1).expect("a small number")
}

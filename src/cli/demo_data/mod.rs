//! The invented customers of `dossier demo`: every kind of subscription history, written as the webhook events that
//! RevenueCat would have sent. All times are relative to the given `now`; nothing is random.

mod around;
mod buying;
mod calendar;
mod cast;
mod catalog;
mod device;
mod event;
mod leaving;
mod market;
mod plan;
mod seed;
mod store;
mod story;

pub use catalog::catalog;

use crate::base::clock::Moment;
use crate::events::Delivery;

/// An invented customer: the webhook events, and what the app or the team added.
#[derive(Default)]
pub struct Customer {
    /// What this customer shows, such as "in grace"; "ordinary" for the crowd.
    pub about: &'static str,
    pub app_user_id: String,
    /// The inner `event` object of each webhook, in the order of their `event_timestamp_ms`.
    pub events: Vec<serde_json::Value>,
    /// What the app sent when the customer last opened it; `None` if they never did.
    pub contact: Option<Contact>,
    pub notes: Vec<Note>,
    pub offering_override: Option<Override>,
}

pub struct Contact {
    pub first_seen_ms: i64,
    pub last_seen_ms: i64,
    pub app_version: &'static str,
    /// "iOS" or "Android".
    pub platform: &'static str,
    /// As shown: "Version 19.1 (Build 23B85)", or "35" on Android.
    pub platform_version: &'static str,
    pub sdk: &'static str,
    pub locale: &'static str,
    /// ISO 3166-1 alpha-2.
    pub country: &'static str,
}

pub struct Note {
    /// Markdown.
    pub body: &'static str,
    pub author: Author,
    pub at_ms: i64,
    pub edited: Option<(Author, i64)>,
}

/// The people of the team, one for each role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    Vera,
    Sol,
    Dev,
    Ada,
}

pub struct Override {
    pub offering: &'static str,
    pub by: Author,
    pub at_ms: i64,
    pub until_ms: Option<i64>,
    pub reason: Option<&'static str>,
}

impl Customer {
    /// The webhooks, each as if it had been received a little after its event; a few came hours later.
    ///
    /// # Errors
    /// A sentence when one cannot be read.
    pub fn deliveries(&self) -> Result<Vec<Delivery>, String> {
        let read = |event: &serde_json::Value| {
            let body = serde_json::json!({ "api_version": "1.0", "event": event }).to_string();
            let parsed = Delivery::parse(body.into_bytes(), received_at(event));
            parsed.map_err(|(rejection, _)| rejection.0.to_owned())
        };
        self.events.iter().map(read).collect()
    }
}

/// Of so many events one came late.
const LATE: u64 = 40;

fn received_at(event: &serde_json::Value) -> Moment {
    let id = event["id"].as_str().unwrap_or_default();
    let hash = id.bytes().fold(7_u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let seconds = if hash.is_multiple_of(LATE) { 3 * 3_600 + hash % 7_200 } else { 1 + hash % 20 };
    let at = Moment(event["event_timestamp_ms"].as_i64().unwrap_or_default());
    at.plus_seconds(i64::try_from(seconds).unwrap_or_default())
}

/// All customers: first those written by hand, then the generated crowd. The same `now_ms` gives the same customers.
pub fn customers(now_ms: i64) -> Vec<Customer> {
    cast::everyone(now_ms)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const NOW: i64 = 1_795_453_440_000;
    const DAY: i64 = 86_400_000;
    #[rustfmt::skip]
    const KINDS: &[&str] = &[
        "in trial", "trial converted", "trial cancelled", "renewing for years", "cancelled but still active",
        "in grace", "in billing retry", "paused", "pause scheduled", "refunded", "refunded and reversed",
        "product change pending", "product change done", "transferred away", "transfer receiver",
        "lifetime purchase", "consumables with virtual currency", "non-renewing subscription", "prepaid",
        "family share", "granted by the team", "grant removed", "sandbox only", "production and sandbox mixed",
        "temporary access", "Web Billing with invoices", "Stripe", "Amazon", "Roku", "experiment enrolment",
        "price increase refused", "extended", "introductory price", "add-on bundle", "40 aliases",
        "right-to-left name", "emoji name", "id of 100 characters", "unknown event type", "attribution only",
        "3,000 events", "no purchase", "created by webhook only",
    ];

    fn about<'a>(people: &'a [Customer], kind: &str) -> &'a Customer {
        let mut found = people.iter().filter(|person| person.about == kind);
        found.next().expect(kind)
    }

    fn events(now: i64) -> impl Iterator<Item = serde_json::Value> {
        customers(now).into_iter().flat_map(|person| person.events)
    }

    fn time(event: &serde_json::Value, field: &str) -> i64 {
        event[field].as_i64().expect(field)
    }

    #[test]
    fn every_kind_of_customer_exists() {
        let people = customers(NOW);
        for kind in KINDS {
            about(&people, kind);
        }
        assert!(people.len() >= 45 + 160);
        assert!(about(&people, "3,000 events").events.len() >= 3_000);
        let long = &about(&people, "id of 100 characters").app_user_id;
        assert_eq!(long.chars().count(), 100);
        assert!(about(&people, "no purchase").events.is_empty());
        assert!(about(&people, "created by webhook only").contact.is_none());
    }

    #[test]
    fn ids_are_unique() {
        let mut seen = HashSet::new();
        for person in customers(NOW) {
            for event in &person.events {
                let id = event["id"].as_str().expect("an id").to_owned();
                assert_eq!((id.len(), seen.insert(id)), (36, true));
            }
            assert!(seen.insert(person.app_user_id));
        }
    }

    #[test]
    fn every_charge_has_its_own_transaction() {
        let charges = ["INITIAL_PURCHASE", "RENEWAL", "NON_RENEWING_PURCHASE"];
        let mut seen = HashSet::new();
        for event in events(NOW).filter(|event| charges.iter().any(|kind| event["type"] == *kind)) {
            let charge = [&event["transaction_id"], &event["renewal_number"]];
            assert!(seen.insert(charge.map(ToString::to_string)), "{event}");
        }
    }

    /// Tests several values of `now`, because calendar months have different lengths.
    #[test]
    fn no_event_is_later_than_now_and_no_expiration_precedes_the_end_of_its_period() {
        for now in [0, 8, 38, 68, 98, 129].map(|days| NOW + days * DAY) {
            for event in events(now) {
                let event_at = time(&event, "event_timestamp_ms");
                assert!(event_at <= now && event["type"].is_string(), "{event}");
                if event["type"] == "EXPIRATION" {
                    assert!(time(&event, "expiration_at_ms") <= event_at, "{event}");
                }
            }
        }
    }

    #[test]
    fn every_customer_has_the_intended_state_for_any_now() {
        for now in [0, 8, 38, 68, 98, 129].map(|days| NOW + days * DAY) {
            let people = customers(now);
            let end = |kind, field| time(about(&people, kind).events.last().expect(kind), field);
            let grace = &about(&people, "in grace").events;
            let grace = time(&grace[grace.len() - 2], "grace_period_expiration_at_ms");
            assert!(end("in grace", "expiration_at_ms") < now && now < grace);
            assert!(end("in billing retry", "expiration_at_ms") < now);
            assert!(end("paused", "expiration_at_ms") < now);
            for kind in ["in trial", "cancelled but still active", "pause scheduled", "prepaid"] {
                assert!(now < end(kind, "expiration_at_ms"), "{kind}");
            }
        }
    }

    #[test]
    fn the_same_now_gives_the_same_events() {
        assert!(events(NOW).eq(events(NOW)));
    }

    #[test]
    fn every_bought_product_is_in_the_catalog() {
        let sold = catalog()["products"].to_string();
        for event in events(NOW).filter(|event| event["store"] != "PROMOTIONAL") {
            let product = &event["product_id"];
            assert!(product.is_null() || sold.contains(&product.to_string()), "{product}");
        }
    }
}

//! Bodies of webhooks (§5.1), and what the database holds of them.

use dossier::base::clock::Moment;
use dossier::events::redaction::{redact_purchase, redact_to_mark};
use dossier::events::{Delivery, Digest, StoredBody, Summary};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::BoxedStrategy;
use serde_json::{Value, json};

use crate::inputs::{corpus, fuzz, texts};

const NOW: Moment = Moment(1_795_453_200_000);

#[test]
fn a_body_is_returned_with_a_reason_or_stored_and_read_again() {
    let corpus = corpus(include_str!("corpus/deliveries.json"));
    let bodies = prop_oneof![1 => texts(&corpus, 5_000), 3 => with_other_values(&corpus)].boxed();
    fuzz(&corpus, bodies, check);
}

/// Bodies that are valid JSON, some of whose fields have values of other kinds.
fn with_other_values(corpus: &[String]) -> BoxedStrategy<String> {
    let bodies: Vec<Value> = corpus.iter().filter_map(|body| serde_json::from_str(body).ok()).collect();
    let bodies = bodies.into_iter().filter(|body: &Value| body["event"].is_object()).collect::<Vec<_>>();
    let changes = prop::collection::vec((any::<Index>(), value(corpus)), 1..5);
    (select(bodies), changes).prop_map(|(body, changes)| changes.into_iter().fold(body, changed).to_string()).boxed()
}

fn changed(mut body: Value, (place, value): (Index, Value)) -> Value {
    let event = body["event"].as_object_mut().expect("an event");
    let names: Vec<String> = event.keys().cloned().collect();
    event.insert(names[place.index(names.len())].clone(), value);
    body
}

fn value(corpus: &[String]) -> BoxedStrategy<Value> {
    let odd = [
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(0.1),
        json!(1e308),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(""),
        json!([]),
        json!({}),
        json!([null, 7, ""]),
        json!({"": {"value": null}}),
        json!("SANDBOX"),
        json!("TRANSFER"),
        json!("INITIAL_PURCHASE"),
        json!("APP_STORE"),
        json!("\0"),
        json!("\u{FFFD}"),
        json!("x".repeat(1_501)),
    ];
    let whole = any::<i64>().prop_map(Value::from);
    let fraction = any::<f64>().prop_map(Value::from);
    let text = texts(corpus, 60).prop_map(Value::from);
    let list = prop::collection::vec(texts(corpus, 20), 0..5).prop_map(Value::from);
    prop_oneof![4 => select(odd.to_vec()), 1 => whole, 1 => fraction, 2 => text, 1 => list].boxed()
}

fn check(body: &str) {
    is_no_text_with_a_broken_byte(body);
    match Delivery::parse(body.as_bytes().to_vec(), NOW) {
        Ok(delivery) => is_read_again(body, &delivery),
        Err((reason, returned)) => {
            assert_eq!(returned, body.as_bytes());
            assert!(reason.0.ends_with('.'), "{}", reason.0);
        }
    }
}

fn is_no_text_with_a_broken_byte(body: &str) {
    let mut broken = body.as_bytes().to_vec();
    broken.insert(body.len() / 2, 0xFF);
    let refused = Delivery::parse(broken.clone(), NOW).expect_err("it is not UTF-8");
    assert_eq!(refused.1, broken);
}

fn is_read_again(body: &str, delivery: &Delivery) {
    assert_eq!(delivery.body, body);
    let stored = StoredBody::from_bytes(delivery.stored.body.as_bytes().to_vec());
    assert_eq!(stored.text().as_deref(), Ok(body));
    assert_eq!(Delivery::read_compressed(&stored, NOW).as_ref(), Ok(&*delivery.event));
    let digest = Digest::from_bytes(delivery.stored.digest.as_bytes().to_vec());
    assert_eq!(digest.read(), Ok(Summary::new(&delivery.event)));
    for redacted in [redact_purchase(body), redact_to_mark(body)].into_iter().flatten() {
        let event = Delivery::read_stored(&redacted, NOW).expect("a redacted body is read again");
        assert_eq!((event.id, event.kind), (delivery.event.id.clone(), delivery.event.kind.clone()));
    }
}

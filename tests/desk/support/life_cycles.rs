//! Lives of customers, event by event.

use serde_json::json;

use super::DAY;
use super::events::{event_on_day, transfer_event, with_ids};

/// Life cycles of §6.5, each short enough to be delivered in every order.
pub fn life_cycles() -> Vec<(&'static str, Vec<String>)> {
    let day = |days: i64| json!(1_700_000_000_000 + days * DAY);
    let paid = |number: i64| {
        json!({
            "price": 9.99, "transaction_id": format!("{}", 100 + number), "renewal_number": number + 1,
            "purchased_at_ms": day(30 * number), "expiration_at_ms": day(30 * number + 30),
        })
    };
    let start = || event_on_day(0, "INITIAL_PURCHASE", json!({ "price": 9.99 }));
    vec![
        (
            "trial to paid",
            vec![
                event_on_day(0, "INITIAL_PURCHASE", json!({ "period_type": "TRIAL", "expiration_at_ms": day(7) })),
                event_on_day(
                    7,
                    "RENEWAL",
                    json!({ "is_trial_conversion": true, "transaction_id": "101", "purchased_at_ms": day(7), "price": 9.99 }),
                ),
                event_on_day(
                    8,
                    "CANCELLATION",
                    json!({ "cancel_reason": "UNSUBSCRIBE", "transaction_id": "101", "purchased_at_ms": day(7) }),
                ),
            ],
        ),
        (
            "cancelled and back",
            vec![
                start(),
                event_on_day(3, "CANCELLATION", json!({ "cancel_reason": "UNSUBSCRIBE" })),
                event_on_day(4, "UNCANCELLATION", json!({})),
                event_on_day(30, "RENEWAL", paid(1)),
            ],
        ),
        (
            "grace and recovery",
            vec![
                start(),
                event_on_day(30, "BILLING_ISSUE", json!({ "grace_period_expiration_at_ms": day(46) })),
                event_on_day(30, "CANCELLATION", json!({ "cancel_reason": "BILLING_ERROR" })),
                event_on_day(35, "RENEWAL", paid(1)),
            ],
        ),
        (
            "billing retry",
            vec![
                start(),
                event_on_day(30, "BILLING_ISSUE", json!({})),
                event_on_day(30, "CANCELLATION", json!({ "cancel_reason": "BILLING_ERROR" })),
                event_on_day(30, "EXPIRATION", json!({ "expiration_reason": "BILLING_ERROR" })),
            ],
        ),
        (
            "pause and resume",
            vec![
                start(),
                event_on_day(5, "SUBSCRIPTION_PAUSED", json!({ "auto_resume_at_ms": day(60) })),
                event_on_day(30, "EXPIRATION", json!({ "expiration_reason": "SUBSCRIPTION_PAUSED" })),
                event_on_day(60, "RENEWAL", paid(2)),
            ],
        ),
        (
            "refunded and reversed",
            vec![
                start(),
                event_on_day(
                    5,
                    "CANCELLATION",
                    json!({ "cancel_reason": "CUSTOMER_SUPPORT", "price": -9.99, "expiration_at_ms": day(5) }),
                ),
                event_on_day(
                    6,
                    "EXPIRATION",
                    json!({ "expiration_reason": "CUSTOMER_SUPPORT", "expiration_at_ms": day(5) }),
                ),
                event_on_day(8, "REFUND_REVERSED", json!({ "price": 9.99 })),
            ],
        ),
        (
            "an alias chain and a cycle",
            vec![
                event_on_day(1, "INITIAL_PURCHASE", with_ids("a", &["a"])),
                event_on_day(2, "SUBSCRIBER_ALIAS", with_ids("b", &["b"])),
                event_on_day(3, "SUBSCRIBER_ALIAS", with_ids("c", &["c", "b"])),
                event_on_day(4, "SUBSCRIBER_ALIAS", with_ids("a", &["a", "c"])),
                event_on_day(5, "SUBSCRIBER_ALIAS", with_ids("b", &["b", "a"])),
            ],
        ),
        (
            "transfers in a chain, then one customer",
            vec![
                start(),
                transfer_event(2, &["lena"], &["mara"]),
                transfer_event(3, &["mara"], &["noor"]),
                event_on_day(
                    4,
                    "RENEWAL",
                    json!({
                        "app_user_id": "noor", "original_app_user_id": "noor", "aliases": ["noor"],
                        "transaction_id": "101", "purchased_at_ms": day(4), "price": 9.99,
                    }),
                ),
                event_on_day(5, "SUBSCRIBER_ALIAS", with_ids("lena", &["lena", "mara"])),
            ],
        ),
        (
            "attributes",
            vec![
                event_on_day(
                    1,
                    "INITIAL_PURCHASE",
                    json!({ "subscriber_attributes": { "$email": { "value": "lena@okafor.example", "updated_at_ms": day(1) } } }),
                ),
                event_on_day(
                    2,
                    "RENEWAL",
                    json!({ "subscriber_attributes": { "$email": { "value": "", "updated_at_ms": day(3) } } }),
                ),
                event_on_day(
                    3,
                    "EXPIRATION",
                    json!({ "subscriber_attributes": { "$email": { "value": "old@okafor.example", "updated_at_ms": day(2) } } }),
                ),
            ],
        ),
        (
            "expired before it was bought",
            vec![
                event_on_day(0, "INITIAL_PURCHASE", json!({ "expiration_at_ms": day(-1) })),
                event_on_day(1, "EXPIRATION", json!({ "expiration_at_ms": day(-1) })),
                event_on_day(1, "SUBSCRIPTION_EXTENDED", json!({ "expiration_at_ms": day(3) })),
            ],
        ),
    ]
}

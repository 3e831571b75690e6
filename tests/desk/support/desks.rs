//! Opens desks with customers, and adds customers.

use serde_json::json;

use super::events::{deliver_together, purchase};
use super::{DAY, Desk, NOW};

/// Adds Lena to Sundial, of whom only the id is known.
pub fn add_lena(desk: &Desk) {
    let event = json!({
        "id": "e1", "type": "TRIAL_STARTED", "app_user_id": "lena", "event_timestamp_ms": 1_790_000_000_000_i64,
    });
    deliver_together(desk, desk.project, &[json!({ "event": event }).to_string()]);
}

/// A desk with Lena, who bought `pro` in an order of Google Play.
pub async fn desk_with_an_order() -> Desk {
    let desk = Desk::open().await;
    let bought = json!({ "event": {
        "id": "e1", "type": "INITIAL_PURCHASE", "app_user_id": "lena", "event_timestamp_ms": 1_790_000_000_000_i64,
        "purchased_at_ms": 1_790_000_000_000_i64, "expiration_at_ms": 1_799_000_000_000_i64, "product_id": "pro",
        "store": "PLAY_STORE", "environment": "PRODUCTION", "transaction_id": "GPA.1", "price": 4.99,
    } });
    deliver_together(&desk, desk.project, &[bought.to_string()]);
    desk
}

/// A desk where Lena has 120 renewals, seven at each moment. The later an event was sent, the older its purchase, so the
/// two orders of the history differ.
pub async fn desk_with_a_long_history() -> Desk {
    let desk = Desk::open().await;
    let renewal = |n: i64| {
        let at = NOW.millis() - (n / 7) * DAY;
        let extra = json!({
            "id": format!("e{n}"), "type": "RENEWAL", "purchased_at_ms": at, "event_timestamp_ms": NOW.millis() + n * 1000,
            "product_id": "pro/monthly", "transaction_id": format!("t{n}"), "price": 8.1400, "more": {"b": 1, "a": "</pre>"},
        });
        purchase("lena", 0, extra)
    };
    let bodies: Vec<String> = (0..120).map(renewal).collect();
    deliver_together(&desk, desk.project, &bodies);
    let sandbox = json!({ "id": "s", "environment": "SANDBOX", "transaction_id": "s" });
    let other = json!({ "id": "x/y?#", "type": "BILLING_ISSUE" });
    deliver_together(&desk, desk.project, &[purchase("lena", 1, sandbox), purchase("mara", 2, other)]);
    desk
}

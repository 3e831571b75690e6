//! Sample purchases for tests.

use serde_json::{Value, json};

use super::Purchase;
use crate::base::clock::Moment;

/// 2026-11-23 at 05:00 PM UTC
pub const NOW: Moment = Moment(1_795_453_200_000);

/// Pro annual in the App Store, which renews in 18 days, with `changes` applied to its fields.
pub fn purchase(changes: Value) -> Purchase {
    let mut fields = json!({
        "key": "APP_STORE:1", "kind": "subscription", "environment": "production", "store": "APP_STORE",
        "app_id": null, "product_id": "pro_annual", "product_name": "Pro annual", "entitlement_ids": ["pro"],
        "transaction_id": "1", "original_transaction_id": "1", "period_type": "NORMAL",
        "first_purchased_at": NOW.plus_days(-347), "period_start": NOW.plus_days(-347),
        "expires_at": NOW.plus_days(18), "is_family_share": false,
        "revenue": { "net": 0, "payments": 0, "refunds": 0, "prices_missing": 0 }, "spans": [],
    });
    if let (Some(fields), Value::Object(changes)) = (fields.as_object_mut(), changes) {
        fields.extend(changes);
    }
    serde_json::from_value(fields).expect("a purchase")
}

//! Customers that many tests begin with.

use serde_json::json;

use super::Desk;
use super::events::deliver_together;

/// Adds Lena to Sundial, of whom only the id is known.
pub fn add_lena(desk: &Desk) {
    let event = json!({
        "id": "e1", "type": "TRIAL_STARTED", "app_user_id": "lena", "event_timestamp_ms": 1_790_000_000_000_i64,
    });
    deliver_together(desk, desk.project, &[json!({ "event": event }).to_string()]);
}

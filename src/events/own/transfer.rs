//! Purchases that move from one customer to another (§7.3, §9.5).

use serde_json::json;

use super::{Subject, delivery, fresh_id};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::events::{Delivery, EventType, Store};

/// Which purchases go from one customer to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// Those of all stores and apps, in both environments.
    Everything,
    /// Those of the Test Store.
    OfTestStore,
}

/// Purchases go from one customer to the other; grants never move. What the event does not name, store, app or environment,
/// it speaks of altogether. The first moment orders it among the events of both, the second is when it was made.
///
/// # Errors
/// [`Error::Internal`] when the system has no random bytes.
pub fn transfer(what: Moved, from: &Subject, to: &Subject, (at, now): (Moment, Moment)) -> Result<Delivery, Error> {
    let mut event = json!({
        "id": fresh_id()?,
        "type": EventType::Transfer,
        "event_timestamp_ms": at,
        "transferred_from": from.ids,
        "transferred_to": to.ids,
    });
    if what == Moved::OfTestStore {
        event["store"] = json!(Store::TestStore);
        event["environment"] = json!("SANDBOX");
    }
    delivery(event, now)
}

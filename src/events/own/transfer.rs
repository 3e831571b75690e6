//! The event that moves purchases from one customer to another (§7.3, §9.5).

use serde_json::json;

use super::{Subject, delivery, fresh_id};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::events::{Delivery, EventType, Origin, Store};

/// Which purchases move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// The purchases of all stores and apps, in both environments.
    Everything,
    /// Only the purchases of the Test Store.
    OfTestStore,
    /// As everything, found by comparing with RevenueCat.
    FoundElsewhere,
}

/// Makes the event that moves purchases; grants never move. An event that names no store, app or environment moves the
/// purchases of all of them. `at` orders the event among those of both customers; `now` is when it was made.
///
/// # Errors
/// [`Error::Internal`] when the system has no random bytes.
pub fn transfer(what: Moved, from: &Subject, to: &Subject, at: Moment, now: Moment) -> Result<Delivery, Error> {
    let mut event = json!({
        "id": fresh_id()?,
        "type": EventType::Transfer,
        "event_timestamp_ms": at,
        "transferred_from": from.ids,
        "transferred_to": to.ids,
    });
    match what {
        Moved::Everything => {}
        Moved::OfTestStore => {
            event["store"] = json!(Store::TestStore);
            event["environment"] = json!("SANDBOX");
        }
        Moved::FoundElsewhere => {
            event["dossier_origin"] = json!(Origin::Comparison);
            event["dossier_as_of_ms"] = json!(now);
        }
    }
    delivery(event, now)
}

//! Purchases that the team moves from one customer to another (§7.3).

use serde_json::json;

use super::{Whom, delivery, fresh_id};
use crate::clock::Moment;
use crate::error::Error;
use crate::events::{Delivery, EventType};

/// All store purchases go from one customer to the other. It names no store, app or environment, so that it speaks of
/// all of them; grants never move. `at` orders it among the events of both, `now` is when it was made.
///
/// # Errors
/// [`Error::Internal`] when the system has no random bytes.
pub fn transfer(from: &Whom, to: &Whom, at: Moment, now: Moment) -> Result<Delivery, Error> {
    let event = json!({
        "id": fresh_id()?,
        "type": EventType::Transfer,
        "event_timestamp_ms": at,
        "transferred_from": from.ids,
        "transferred_to": to.ids,
    });
    delivery(event, now)
}

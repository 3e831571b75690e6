//! The event that Dossier writes when a log-in merges two ids into one customer (§9.5).

use serde_json::json;

use super::{Subject, delivery, fresh_id};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::events::{Delivery, EventType};

/// Makes the event that all ids of `subject` are one customer from `now` on.
///
/// # Errors
/// [`Error::Internal`] when the system has no random bytes.
pub fn aliased(subject: &Subject, now: Moment) -> Result<Delivery, Error> {
    let event = json!({ "id": fresh_id()?, "type": EventType::SubscriberAlias, "event_timestamp_ms": now });
    delivery(subject.named_in(event), now)
}

//! Two ids turned out to be one customer at a log-in (§9.5).

use serde_json::json;

use super::{Subject, delivery, fresh_id};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::events::{Delivery, EventType};

/// The ids of `subject` are one customer from now on.
///
/// # Errors
/// [`Error::Internal`] when the system has no random bytes.
pub fn aliased(subject: &Subject, now: Moment) -> Result<Delivery, Error> {
    let event = json!({ "id": fresh_id()?, "type": EventType::SubscriberAlias, "event_timestamp_ms": now });
    delivery(subject.named_in(event), now)
}

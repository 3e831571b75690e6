//! The event for the end of an offering override that the team set with an end date (§8). From then on the customer
//! gets the project's default offering again.

use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Subject, delivery, uuid};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::events::{Delivery, EventType};

/// Makes the event that an override ended. It names no environment, so that both views show it. The event depends only
/// on the override, so every process makes the same event, however late.
pub fn override_ended(
    subject: &Subject,
    offering: &str,
    set_at: Moment,
    ended_at: Moment,
    now: Moment,
) -> Result<Delivery, Error> {
    let name = format!("the end of the override to {offering} of {} set at {}", subject.app_user_id, set_at.millis());
    let mut id = [0; 16];
    id.iter_mut().zip(Sha256::digest(name).iter()).for_each(|(byte, from)| *byte = *from);
    let event = json!({
        "id": uuid(id, 8),
        "type": EventType::OfferingOverrideEnded,
        "event_timestamp_ms": ended_at,
        "offering_id": offering,
    });
    delivery(subject.named_in(event), now)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment(1_795_453_200_000);

    #[test]
    fn the_end_of_an_override_is_the_same_event_whenever_it_is_made() {
        let subject = Subject { app_user_id: "lena".into(), original: "lena".into(), ids: vec!["lena".into()] };
        let ended = |set_at, now| override_ended(&subject, "winback", set_at, NOW, now).expect("a delivery");
        let (one, late) = (ended(NOW.plus_days(-3), NOW), ended(NOW.plus_days(-3), NOW.plus_days(2)));
        assert_eq!(one.body, late.body);
        assert_eq!((one.event.event_at, one.event.environment), (NOW, None));
        assert_eq!(one.event.offering_id.as_deref(), Some("winback"));
        assert_ne!(one.event.id, ended(NOW.plus_days(-2), NOW).event.id);
    }
}

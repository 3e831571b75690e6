//! The events that Dossier makes itself, such as grants and transfers. They have the shape of a received delivery
//! (§5.3) and are stored in the same way. They name no app, because no app took part.

mod alias;
mod currency;
mod imported;
mod offering;
mod promotional;
mod store_action;
mod test_sale;
mod transfer;

use serde_json::{Value, json};

use super::Delivery;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::{hex, random_bytes};

pub use alias::aliased;
pub use currency::{CurrencyChange, Once};
pub use imported::{Amount, Imported, Transaction, details};
pub use offering::override_ended;
pub use promotional::Grant;
pub use store_action::{GivenBack, Period as PaidPeriod, StoreAction};
pub use test_sale::{Period, TestSale};
pub use transfer::{Moved, transfer};

/// The ids by which an event names its customer: the preferred one (§9.4), the first one known, and all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    pub app_user_id: String,
    pub original: String,
    /// All ids, those from the app before those that an SDK generated.
    pub ids: Vec<String>,
}

impl Subject {
    /// Returns the event with the ids of this customer added.
    fn named_in(&self, mut event: Value) -> Value {
        event["app_user_id"] = json!(self.app_user_id);
        event["original_app_user_id"] = json!(self.original);
        event["aliases"] = json!(self.ids);
        event
    }
}

/// Wraps the event as a delivery that arrives at `now`.
fn delivery(event: Value, now: Moment) -> Result<Delivery, Error> {
    let body = json!({ "api_version": "1.0", "event": event }).to_string();
    Delivery::parse(body.into_bytes(), now).map_err(|(rejection, _)| Error::Internal(rejection.0))
}

/// A random event id.
fn fresh_id() -> Result<String, Error> {
    Ok(uuid(random_bytes()?, 4))
}

/// Sixteen bytes as a UUID of the given version.
fn uuid(mut bytes: [u8; 16], version: u8) -> String {
    let [_, _, _, _, _, _, kind, _, variant, ..] = &mut bytes;
    *kind = (*kind & 0x0F) | (version << 4);
    *variant = (*variant & 0x3F) | 0x80;
    let digits = hex(&bytes);
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| digits.get(range).unwrap_or(""));
    parts.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_uuids_and_random_ones_differ() {
        assert_eq!(uuid([0xFF; 16], 4), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(uuid([0; 16], 8), "00000000-0000-8000-8000-000000000000");
        assert_ne!(fresh_id().expect("bytes"), fresh_id().expect("bytes"));
    }
}

//! Derives a customer's state from their events (§6): a pure fold to purchases, money, attributes and balances. It
//! uses no database and no clock. Any order and any number of deliveries of the same events give the same state.

mod attributes;
mod effects;
mod fold;
mod ledger;
mod order;
mod purchase;
mod sources;
mod spans;
mod status;
#[cfg(test)]
pub mod testing;
#[cfg(test)]
mod tests;

pub use attributes::AttributeValue;
pub use fold::fold;
pub use ledger::Revenue;
pub use purchase::{Kind, Purchase, is_lifetime};
pub use sources::sources;
pub use spans::{Phase, Span};
pub use status::{RETRY_DAYS, Status};

use std::collections::BTreeMap;

use crate::base::clock::Moment;
use crate::base::ids::CustomerId;
use crate::events::{Environment, Event};

/// One event, and the customers whose histories it belongs to.
#[derive(Debug, Clone)]
pub struct Fact {
    pub event: Event,
    /// The event's customer; for a `TRANSFER` the one who receives the purchases.
    pub customer: CustomerId,
    /// For a `TRANSFER` the customer who loses the purchases, unless a merge has made both the same customer.
    pub lost_by: Option<CustomerId>,
}

/// All that follows from the events of one customer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CustomerState {
    pub purchases: Vec<Purchase>,
    pub attributes: BTreeMap<String, AttributeValue>,
    /// By environment and currency code. A change without an environment counts in both (§4.5).
    pub balances: BTreeMap<(Environment, String), Balance>,
    pub experiments: BTreeMap<String, Enrolled>,
    /// From the newest event that has one (§9.3).
    pub original_app_user_id: Option<String>,
    /// From the newest event that has one; only a hint (§5.3).
    pub country: Option<String>,
    pub first_event_at: Option<Moment>,
    pub last_event_at: Option<Moment>,
    /// The number of events.
    pub events: i64,
}

/// A balance of a virtual currency, estimated as the sum of the events' changes (§15).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Balance {
    pub name: String,
    pub amount: i64,
}

/// A customer's enrolment in an experiment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolled {
    pub variant: String,
    pub at: Option<Moment>,
}

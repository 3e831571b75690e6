//! What follows from the facts (§6): a pure fold from a customer's events to purchases, money, attributes, balances.
//! It touches no database and asks no clock, so any order and any number of deliveries give the same state.

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
pub use purchase::{Kind, Purchase};
pub use sources::sources;
pub use spans::{Phase, Span};
pub use status::Status;

use std::collections::BTreeMap;

use crate::base::clock::Moment;
use crate::events::{Environment, Event};

/// The number of a customer's row.
pub type CustomerId = i64;

/// One event, and whose history it belongs to.
#[derive(Debug, Clone)]
pub struct Fact {
    pub event: Event,
    /// The customer the event speaks of; for a `TRANSFER` the one who receives.
    pub customer: CustomerId,
    /// For a `TRANSFER`: the customer who loses the purchases, unless it is the same one by now.
    pub lost_by: Option<CustomerId>,
}

/// All that follows from the facts for one customer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CustomerState {
    pub purchases: Vec<Purchase>,
    pub attributes: BTreeMap<String, AttributeValue>,
    /// By environment and code. A change that names no environment counts in both (§4.5).
    pub balances: BTreeMap<(Environment, String), Balance>,
    pub experiments: BTreeMap<String, Enrolled>,
    /// As the newest event has it (§9.3).
    pub original_app_user_id: Option<String>,
    /// As the newest event that names one has it: a hint (§5.3).
    pub country: Option<String>,
    pub first_event_at: Option<Moment>,
    pub last_event_at: Option<Moment>,
    pub events: i64,
}

/// How much of a virtual currency the events add up to (§15): an estimate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Balance {
    pub name: String,
    pub amount: i64,
}

/// The part a customer has in an experiment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolled {
    pub variant: String,
    pub at: Option<Moment>,
}

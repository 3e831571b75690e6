//! Derives a customer's state from their events (§6): a pure fold to purchases, money, attributes and balances. It
//! uses no database and no clock. Any order and any number of deliveries of the same events give the same state.

mod attributes;
mod causes;
mod effects;
mod fold;
mod moves;
mod order;
mod payments;
mod progress;
mod purchase;
mod record;
mod sources;
mod spans;
mod status;
#[cfg(test)]
pub mod testing;
#[cfg(test)]
mod tests;
mod totals;
mod yielding;

pub use attributes::AttributeValue;
pub use causes::{Cause, Causes};
pub use fold::{Changed, Folding, NamedTransaction, PurchaseId, fold, keys_named_by};
pub use moves::Move;
pub use order::{CauseKey, Ordered, Position, TOGETHER_MS, ordered};
pub use payments::{Payment, PaymentKind, Revenue, TransactionKey, revenue_of};
pub use progress::{CHECKPOINT_EVERY, Progress};
pub use purchase::{Kind, Purchase, is_lifetime};
pub use record::{Balance, BalanceChange, Enrolled, MAX_BALANCE, Newest, Record};
pub use sources::sources;
pub use spans::{Phase, Span};
pub use status::{RETRY_DAYS, Status};

use std::sync::Arc;

use crate::base::ids::{CustomerId, EventId};
use crate::events::Event;
use crate::events::kinds::Changes;

/// One event, and the customers whose histories it belongs to.
#[derive(Debug, Clone)]
pub struct Fact {
    /// The row in which the event is stored.
    pub row: EventId,
    /// Shared, because a fact is copied often.
    pub event: Arc<Event>,
    /// The event's customer; for a `TRANSFER` the one who receives the purchases.
    pub customer: CustomerId,
    /// For a `TRANSFER` the customer who loses the purchases, unless a merge has made both the same customer.
    pub lost_by: Option<CustomerId>,
}

impl Fact {
    /// The customers whose states the event changes.
    pub fn parties(&self) -> impl Iterator<Item = CustomerId> {
        std::iter::once(self.customer).chain(self.lost_by.filter(|loser| *loser != self.customer))
    }

    /// Whether the event changes purchases, or who has them.
    pub fn is_about_purchases(&self) -> bool {
        match self.event.kind.traits().changes {
            Changes::Purchase(_) | Changes::Transfer => true,
            Changes::Nothing | Changes::Balance => false,
        }
    }
}

/// All that follows from the events of one customer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CustomerState {
    pub purchases: Vec<Purchase>,
    pub record: Record,
}

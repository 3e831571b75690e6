//! Which events a purchase follows from. Needed only to erase a customer, because their events may have made purchases
//! that other customers have now.

use std::collections::{BTreeMap, BTreeSet};

use super::fold::{Folding, PurchaseId};
use super::order::ordered;
use super::{CustomerId, Fact};

/// The ids of the events that each customer's purchases follow from: their own events, those of previous holders, and
/// the transfers between them. Leaving out all other events changes no purchase.
pub fn sources(facts: Vec<Fact>) -> BTreeMap<CustomerId, BTreeSet<String>> {
    let mut folding = Folding::default();
    folding.sources = Sources(Some(BTreeMap::new()));
    for fact in ordered(facts).facts {
        folding.apply(&fact);
        folding.take_changed();
    }
    let mut of_customers: BTreeMap<CustomerId, BTreeSet<String>> = BTreeMap::new();
    for ((customer, ..), mut events) in folding.sources.0.unwrap_or_default() {
        of_customers.entry(customer).or_default().append(&mut events);
    }
    of_customers
}

/// The event ids of each purchase; `None` when [`sources`] does not ask for them.
#[derive(Default)]
pub(super) struct Sources(Option<BTreeMap<PurchaseId, BTreeSet<String>>>);

impl Sources {
    /// Records that an event changed a purchase.
    pub fn note(&mut self, place: &PurchaseId, event_id: &str) {
        if let Some(known) = &mut self.0 {
            known.entry(place.clone()).or_default().insert(event_id.to_owned());
        }
    }

    /// Records that a purchase changed because of another one.
    pub fn join(&mut self, place: &PurchaseId, other: &PurchaseId) {
        if let Some(known) = &mut self.0 {
            let events = known.get(other).cloned().unwrap_or_default();
            known.entry(place.clone()).or_default().extend(events);
        }
    }

    /// Records that a transfer moved a purchase. The receiver may have a purchase of the same key already.
    pub fn move_to(&mut self, from: &PurchaseId, to: &PurchaseId, event_id: &str) {
        if let Some(known) = &mut self.0 {
            let mut events = known.remove(from).unwrap_or_default();
            events.insert(event_id.to_owned());
            known.entry(to.clone()).or_default().append(&mut events);
        }
    }
}

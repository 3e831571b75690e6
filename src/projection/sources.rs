//! Which events a purchase follows from: asked only when the customer some of them belong to is to be erased.

use std::collections::{BTreeMap, BTreeSet};

use super::fold::{Folding, PurchaseId, apply_all};
use super::{CustomerId, Fact};

/// The events, by id, that each customer's purchases follow from: their own ones, those of whoever had the purchases
/// before, and the transfers between. Leaving all others out changes nobody's purchases.
pub fn sources(facts: Vec<Fact>) -> BTreeMap<CustomerId, BTreeSet<String>> {
    let mut state = Folding::default();
    state.sources = Sources(Some(BTreeMap::new()));
    apply_all(&mut state, facts);
    let mut of_customers: BTreeMap<CustomerId, BTreeSet<String>> = BTreeMap::new();
    for ((customer, ..), mut events) in state.sources.0.unwrap_or_default() {
        of_customers.entry(customer).or_default().append(&mut events);
    }
    of_customers
}

/// The events of each purchase, while they are asked for.
#[derive(Default)]
pub(super) struct Sources(Option<BTreeMap<PurchaseId, BTreeSet<String>>>);

impl Sources {
    /// An event changes a purchase.
    pub fn note(&mut self, place: &PurchaseId, event_id: &str) {
        if let Some(known) = &mut self.0 {
            known.entry(place.clone()).or_default().insert(event_id.to_owned());
        }
    }

    /// A transfer takes a purchase somewhere else, perhaps to where one of the same key is.
    pub fn hand_on(&mut self, from: &PurchaseId, to: &PurchaseId, event_id: &str) {
        if let Some(known) = &mut self.0 {
            let mut events = known.remove(from).unwrap_or_default();
            events.insert(event_id.to_owned());
            known.entry(to.clone()).or_default().append(&mut events);
        }
    }
}

//! The fold: applies events in the order of effect, each changing the state of the customers it names.

use std::collections::{BTreeMap, HashSet};

use super::attributes::AttributeValue;
use super::purchase::{Kind, Purchase};
use super::sources::Sources;
use super::{CustomerId, CustomerState, Enrolled, Fact, order};
use crate::base::clock::Moment;
use crate::events::kinds::{Changes, PurchaseChange};
use crate::events::{Environment, Event, EventType, Store};

/// Balances are between zero and this (§15).
const MAX_BALANCE: i64 = 2_000_000_000;
/// An initial purchase within so many milliseconds of a product change belongs to that change (§6.1).
const CHANGE_MS: i64 = 3_600_000;

/// Derives the states of all customers in the facts. Transfers move purchases between customers, so the caller passes
/// every fact of every customer that a transfer links to another.
pub fn fold(facts: Vec<Fact>) -> BTreeMap<CustomerId, CustomerState> {
    let mut state = Folding::default();
    apply_all(&mut state, facts);
    state.finish()
}

/// Applies each event once, in the order of effect.
pub(super) fn apply_all(state: &mut Folding, mut facts: Vec<Fact>) {
    order::sort(&mut facts);
    let mut seen = HashSet::new();
    for fact in &facts {
        if seen.insert(&fact.event.id) {
            state.apply(fact);
        }
    }
}

/// The holder of a purchase, its environment and its key.
pub(super) type PurchaseId = (CustomerId, Environment, String);

#[derive(Default)]
pub(super) struct Folding {
    pub(super) purchases: BTreeMap<PurchaseId, Purchase>,
    states: BTreeMap<CustomerId, CustomerState>,
    ledger_ids: HashSet<String>,
    changes: Vec<(PurchaseId, Option<Store>, Moment)>,
    starts: Vec<(PurchaseId, Option<Store>, Moment)>,
    pub(super) sources: Sources,
}

impl Folding {
    fn apply(&mut self, fact: &Fact) {
        let event = &fact.event;
        self.record(fact.customer, event);
        if let Some(loser) = fact.lost_by.filter(|loser| *loser != fact.customer) {
            self.record(loser, event);
        }
        match event.kind.traits().changes {
            Changes::Purchase(change) => self.apply_to_purchase(fact.customer, event, change),
            Changes::Transfer => self.transfer(fact),
            Changes::Balance => self.adjust(fact.customer, event),
            Changes::Nothing => {}
        }
    }

    /// Records what events of every type say about their customer: dates, ids, country, attributes, experiments.
    fn record(&mut self, customer: CustomerId, event: &Event) {
        let state = self.states.entry(customer).or_default();
        state.events += 1;
        let at = event.generated_at();
        state.first_event_at = Some(state.first_event_at.map_or(at, |first| first.min(at)));
        state.last_event_at = Some(state.last_event_at.map_or(at, |last| last.max(at)));
        if event.original_app_user_id.is_some() {
            state.original_app_user_id.clone_from(&event.original_app_user_id);
        }
        if event.country_code.is_some() {
            state.country.clone_from(&event.country_code);
        }
        for update in &event.attributes {
            let new = AttributeValue { updated_at: update.updated_at, value: update.value.clone() };
            state.attributes.entry(update.key.clone()).and_modify(|old| old.merge(new.clone())).or_insert(new);
        }
        for enrolment in &event.experiments {
            let enrolled = Enrolled { variant: enrolment.variant.clone(), at: enrolment.enrolled_at };
            state.experiments.insert(enrolment.experiment_id.clone(), enrolled);
        }
    }

    /// Applies an event to its purchase.
    fn apply_to_purchase(&mut self, customer: CustomerId, event: &Event, change: PurchaseChange) {
        let place = self.place_of(customer, event);
        self.sources.note(&place, &event.id);
        if change == PurchaseChange::ChangeProduct {
            self.changes.push((place.clone(), event.store.clone(), event.event_at));
        }
        if change == PurchaseChange::Begin {
            self.end_temporary(customer, event);
            self.starts.push((place.clone(), event.store.clone(), event.event_at));
        }
        match self.purchases.get_mut(&place) {
            Some(purchase) => purchase.apply(event, change),
            None => {
                let mut purchase = Purchase::begun_by(event, place.2.clone(), kind_of(event, change));
                purchase.apply_first(event, change);
                self.purchases.insert(place, purchase);
            }
        }
    }

    /// The purchase of an event (§6.1), found by its transaction id if that is the key of a known purchase, else by
    /// the original transaction id, else by the product.
    fn place_of(&self, customer: CustomerId, event: &Event) -> PurchaseId {
        let store = event.store.as_ref().map_or("", Store::as_str);
        let environment = event.purchase_environment();
        let place = |id: &str| (customer, environment, format!("{store}:{id}"));
        let own = event.transaction_id.as_deref();
        let first = event.original_transaction_id.as_deref();
        let by_product = || place(&format!("product:{}", event.product_id.as_deref().unwrap_or("")));
        if event.kind == EventType::TemporaryEntitlementGrant {
            return place(&format!("temporary:{}", own.unwrap_or("")));
        }
        if event.kind == EventType::NonRenewingPurchase {
            return own.or(first).map_or_else(by_product, place);
        }
        // Without an original transaction id, the product identifies a subscription (§6.1). A single purchase has its
        // own id.
        let began_without = |first: &str| {
            let known = self.purchases.get(&by_product());
            known.is_some_and(|purchase| purchase.transactions.contains(first))
        };
        let chain = first.map(place).filter(|chain| self.purchases.contains_key(chain));
        let chain = chain.or_else(|| first.filter(|first| !began_without(first)).map(place)).unwrap_or_else(by_product);
        if self.purchases.contains_key(&chain) && own == first {
            return chain;
        }
        let single = own.map(place).filter(|found| self.purchases.contains_key(found));
        let bridge = own
            .map(|id| place(&format!("temporary:{id}")))
            .filter(|found| event.kind == EventType::Expiration && self.purchases.contains_key(found));
        single.or_else(|| bridge.filter(|_| !self.purchases.contains_key(&chain))).unwrap_or(chain)
    }

    /// Ends the temporary access of a store outage, because the real purchase replaces it (§6.2).
    fn end_temporary(&mut self, customer: CustomerId, event: &Event) {
        let bridges = self.purchases.iter_mut().filter(|((owner, ..), purchase)| {
            let is_same_store = purchase.store == event.store || purchase.store.is_none() || event.store.is_none();
            *owner == customer && purchase.kind == Kind::Temporary && is_same_store
        });
        for (place, purchase) in bridges {
            self.sources.note(place, &event.id);
            purchase.end_at(event.event_at);
        }
    }

    /// Moves the purchases that the transfer names, but no grants, to the receiving customer (§5.3).
    fn transfer(&mut self, fact: &Fact) {
        let Some(loser) = fact.lost_by.filter(|loser| *loser != fact.customer) else { return };
        let event = &fact.event;
        let moves = |place: &PurchaseId, purchase: &Purchase| {
            place.0 == loser
                && purchase.kind != Kind::Grant
                && (event.store.is_none() || purchase.store == event.store)
                && (event.app_id.is_none() || purchase.app_id.is_none() || purchase.app_id == event.app_id)
                && event.environment.is_none_or(|environment| environment == place.1)
        };
        let going: Vec<PurchaseId> =
            self.purchases.iter().filter(|(place, one)| moves(place, one)).map(|(place, _)| place.clone()).collect();
        for place in going {
            if let Some(purchase) = self.purchases.remove(&place) {
                let to = (fact.customer, place.1, place.2.clone());
                self.sources.move_to(&place, &to, &event.id);
                self.receive(to, purchase);
            }
        }
    }

    fn receive(&mut self, place: PurchaseId, purchase: Purchase) {
        match self.purchases.get_mut(&place) {
            Some(own) => own.absorb(purchase),
            None => {
                self.purchases.insert(place, purchase);
            }
        }
    }

    /// Adds to the balances. Each entry of the sender's ledger counts once (§5.3).
    fn adjust(&mut self, customer: CustomerId, event: &Event) {
        if event.ledger_id.as_ref().is_some_and(|id| !self.ledger_ids.insert(id.clone())) {
            return;
        }
        let state = self.states.entry(customer).or_default();
        let both = [Environment::Production, Environment::Sandbox];
        let counted = both.into_iter().filter(|one| event.environment.is_none_or(|own| own == *one));
        for (environment, adjustment) in counted.flat_map(|one| event.adjustments.iter().map(move |it| (one, it))) {
            let balance = state.balances.entry((environment, adjustment.code.clone())).or_default();
            balance.amount = balance.amount.saturating_add(adjustment.amount);
            if let Some(name) = &adjustment.name {
                balance.name.clone_from(name);
            }
        }
    }

    fn finish(mut self) -> BTreeMap<CustomerId, CustomerState> {
        self.mark_replaced();
        for ((customer, ..), mut purchase) in self.purchases {
            purchase.revenue = purchase.ledger.revenue();
            self.states.entry(customer).or_default().purchases.push(purchase);
        }
        for balance in self.states.values_mut().flat_map(|state| state.balances.values_mut()) {
            balance.amount = balance.amount.clamp(0, MAX_BALANCE);
        }
        self.states
    }

    /// Marks a purchase as replaced if an initial purchase in the same store came within an hour of its product change
    /// (§6.1).
    fn mark_replaced(&mut self) {
        for (old, store, asked_at) in &self.changes {
            let other_half = self.starts.iter().find(|(new, new_store, began_at)| {
                (new.0, new.1) == (old.0, old.1)
                    && new.2 != old.2
                    && new_store == store
                    && began_at.since(*asked_at).abs() <= CHANGE_MS
            });
            let Some((_, _, began_at)) = other_half else { continue };
            let is_over = |purchase: &&mut Purchase| purchase.period_start <= *began_at;
            // A purchase that was charged again afterwards was not replaced.
            if let Some(purchase) = self.purchases.get_mut(old).filter(is_over) {
                purchase.replaced_at = Some(*began_at);
                purchase.pending_product = None;
            }
        }
    }
}

/// The kind of purchase that begins with this event.
fn kind_of(event: &Event, change: PurchaseChange) -> Kind {
    use PurchaseChange::{
        Begin, BuyOnce, Cancel, ChangeProduct, Expire, Extend, FailBilling, GrantTemporarily, Pause, Renew,
        ReverseRefund, Uncancel,
    };
    match change {
        _ if event.is_promotional() => Kind::Grant,
        GrantTemporarily => Kind::Temporary,
        BuyOnce => Kind::OneTime,
        Cancel | ReverseRefund if event.expires_at.is_none() => Kind::OneTime,
        Begin | Renew | ChangeProduct | Cancel | Uncancel | FailBilling | Expire | Pause | Extend | ReverseRefund => {
            Kind::Subscription
        }
    }
}

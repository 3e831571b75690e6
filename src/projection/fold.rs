//! The fold: applies events in the order of effect, each changing the purchases of the customers it names. It can begin
//! with no purchases and all events, or with the purchases as they were at some position and the events after it.

use std::collections::{BTreeMap, HashMap};

use super::causes::Cause;
use super::order::ordered;
use super::payments::{Payment, PaymentKind, TransactionKey, revenue_of};
use super::purchase::{Kind, Purchase};
use super::sources::Sources;
use super::{CustomerId, CustomerState, Fact};
use crate::base::clock::Moment;
use crate::base::ids::EventId;
use crate::base::money::Micros;
use crate::events::kinds::{Changes, PurchaseChange};
use crate::events::{Environment, Event, EventType, Store};

/// An initial purchase within so many milliseconds of a product change belongs to that change (§6.1).
pub(super) const CHANGE_MS: i64 = 3_600_000;

/// Derives the states of all customers in the facts. Transfers move purchases between customers, so the caller passes
/// every fact of every customer that a transfer links to another.
pub fn fold(facts: Vec<Fact>) -> BTreeMap<CustomerId, CustomerState> {
    let mut states: BTreeMap<CustomerId, CustomerState> = BTreeMap::new();
    let mut folding = Folding::default();
    for fact in ordered(facts).facts {
        fact.parties().for_each(|party| states.entry(party).or_default().record.add(&fact.event));
        folding.apply(&fact);
        folding.take_changed();
    }
    for ((customer, ..), purchase) in folding.purchases {
        states.entry(customer).or_default().purchases.push(purchase);
    }
    states
}

/// The holder of a purchase, its environment and its key.
pub type PurchaseId = (CustomerId, Environment, String);

/// A purchase that an event has changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Changed {
    pub id: PurchaseId,
    /// As it was before the event; `None` if the customer did not have it.
    pub before: Option<Purchase>,
}

/// A transaction of a purchase, as an event names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NamedTransaction {
    /// The number of the purchase.
    pub purchase: EventId,
    pub id: String,
    /// When the event was generated.
    pub at: Moment,
}

/// Purchases while events are applied to them. It holds those that the events concern: see [`keys_named_by`].
#[derive(Default)]
pub struct Folding {
    purchases: BTreeMap<PurchaseId, Purchase>,
    /// The payments of the transactions that the events concern.
    payments: HashMap<(EventId, TransactionKey), Vec<Payment>>,
    changed: Vec<Changed>,
    new_payments: Vec<Payment>,
    new_transactions: Vec<NamedTransaction>,
    pub(super) sources: Sources,
}

impl Folding {
    /// Gives it a purchase as it is before the events.
    pub fn hold(&mut self, customer: CustomerId, purchase: Purchase) {
        self.purchases.insert((customer, purchase.environment, purchase.key.clone()), purchase);
    }

    /// Gives it a payment that an earlier event has reported.
    pub fn hold_payment(&mut self, payment: Payment) {
        self.payments.entry((payment.purchase, payment.transaction)).or_default().push(payment);
    }

    pub fn purchase(&self, id: &PurchaseId) -> Option<&Purchase> {
        self.purchases.get(id)
    }

    /// The purchases that it holds of a customer.
    pub fn of(&self, customer: CustomerId) -> impl Iterator<Item = (&PurchaseId, &Purchase)> {
        let from = (customer, Environment::Production, String::new());
        self.purchases.range(from..).take_while(move |(id, _)| id.0 == customer)
    }

    pub fn all(&self) -> impl Iterator<Item = (&PurchaseId, &Purchase)> {
        self.purchases.iter()
    }

    /// The purchases that changed since this was last asked, each as it was before.
    pub fn take_changed(&mut self) -> Vec<Changed> {
        std::mem::take(&mut self.changed)
    }

    /// The payments that the applied events have reported.
    pub fn new_payments(&self) -> &[Payment] {
        &self.new_payments
    }

    /// The transactions that the applied events name.
    pub fn new_transactions(&self) -> &[NamedTransaction] {
        &self.new_transactions
    }

    /// Applies an event. The caller applies events in the order of effect, each once.
    pub fn apply(&mut self, fact: &Fact) {
        match fact.event.kind.traits().changes {
            Changes::Purchase(change) => self.apply_to_purchase(fact, change),
            Changes::Transfer => self.transfer(fact),
            Changes::Balance | Changes::Nothing => {}
        }
    }

    /// Applies an event to its purchase.
    fn apply_to_purchase(&mut self, fact: &Fact, change: PurchaseChange) {
        let Fact { event, customer, .. } = fact;
        let by = fact.row;
        let place = self.place_of(*customer, event);
        self.sources.note(&place, &event.id);
        if change == PurchaseChange::Begin {
            self.end_temporary(*customer, event, by);
        }
        self.note_before(&place);
        match self.purchases.get_mut(&place) {
            Some(purchase) => purchase.apply(event, by, change),
            None => {
                let mut purchase = Purchase::begun_by(event, fact.row, place.2.clone(), kind_of(event, change));
                purchase.apply_first(event, by, change);
                self.purchases.insert(place.clone(), purchase);
            }
        }
        self.account(&place, fact, change);
        if change == PurchaseChange::ChangeProduct {
            self.find_replacement(&place, event, by);
        }
        if change == PurchaseChange::Begin {
            self.replace_changing(&place, event, by);
        }
    }

    /// Remembers a purchase as it is, because it is about to change.
    fn note_before(&mut self, id: &PurchaseId) {
        if !self.changed.iter().any(|changed| changed.id == *id) {
            self.changed.push(Changed { id: id.clone(), before: self.purchases.get(id).cloned() });
        }
    }

    /// The purchase of an event (§6.1), found by its transaction id if that is the key of a known purchase, else by
    /// the original transaction id, else by the product.
    fn place_of(&self, customer: CustomerId, event: &Event) -> PurchaseId {
        let environment = event.purchase_environment();
        let keys = Keys::of(event);
        let place = |key: String| (customer, environment, key);
        let is_known = |place: &PurchaseId| self.purchases.contains_key(place);
        let (own, first) = (event.transaction_id.as_deref(), event.original_transaction_id.as_deref());
        if event.kind == EventType::TemporaryEntitlementGrant {
            return place(keys.temporary());
        }
        if event.kind == EventType::NonRenewingPurchase {
            return place(own.or(first).map_or_else(|| keys.by_product(), |id| keys.by(id)));
        }
        // Without an original transaction id, the product identifies a subscription (§6.1). A single purchase has its
        // own id.
        let by_product = place(keys.by_product());
        let began_without = |first: &str| {
            let known = self.purchases.get(&by_product);
            known.is_some_and(|purchase| purchase.transactions.iter().any(|known| known == first))
        };
        let chain = first.map(|first| place(keys.by(first)));
        let named = chain.filter(|chain| is_known(chain) || !first.is_some_and(began_without));
        let chain = named.unwrap_or(by_product);
        if is_known(&chain) && own == first {
            return chain;
        }
        let single = own.map(|own| place(keys.by(own))).filter(is_known);
        let bridge = own.map(|_| place(keys.temporary()));
        let bridge = bridge.filter(|found| event.kind == EventType::Expiration && is_known(found));
        single.or_else(|| bridge.filter(|_| !is_known(&chain))).unwrap_or(chain)
    }

    /// Ends the temporary access of a store outage, because the real purchase replaces it (§6.2).
    fn end_temporary(&mut self, customer: CustomerId, event: &Event, by: EventId) {
        let is_bridge = |purchase: &Purchase| {
            let is_same_store = purchase.store == event.store || purchase.store.is_none() || event.store.is_none();
            let is_open = purchase.expires_at.unwrap_or(Moment::NEVER) > event.event_at;
            purchase.kind == Kind::Temporary && is_same_store && is_open
        };
        for id in self.ids_where(customer, |_, purchase| is_bridge(purchase)) {
            self.sources.note(&id, &event.id);
            self.change(&id, |purchase| {
                purchase.end_at(event.event_at);
                purchase.causes.set(Cause::End, by);
            });
        }
    }

    fn ids_where(&self, customer: CustomerId, is_wanted: impl Fn(&PurchaseId, &Purchase) -> bool) -> Vec<PurchaseId> {
        self.of(customer).filter(|(id, purchase)| is_wanted(id, purchase)).map(|(id, _)| id.clone()).collect()
    }

    fn change(&mut self, id: &PurchaseId, change: impl FnOnce(&mut Purchase)) {
        self.note_before(id);
        if let Some(purchase) = self.purchases.get_mut(id) {
            change(purchase);
        }
    }

    /// Records the event's money, and the transactions by which the search finds the purchase.
    fn account(&mut self, id: &PurchaseId, fact: &Fact, change: PurchaseChange) {
        let Some(purchase) = self.purchases.get_mut(id) else { return };
        let event = &fact.event;
        let named = event.transaction_id.iter().chain(&event.original_transaction_id);
        let (purchase_number, at) = (purchase.number, event.event_at);
        let named = named.map(|id| NamedTransaction { purchase: purchase_number, id: id.clone(), at });
        self.new_transactions.extend(named);
        let Some((kind, amount)) = payment_of(event, change) else { return };
        let transaction = TransactionKey::of(event);
        // After two purchases became one, a transaction stays with the one that it was of.
        let known = purchase.numbers().find(|number| self.payments.contains_key(&(*number, transaction)));
        let number = known.unwrap_or(purchase.number);
        let payment = Payment { event: fact.row, purchase: number, transaction, at: event.event_at, kind, amount };
        let payments = self.payments.entry((number, transaction)).or_default();
        let before = revenue_of(payments.iter());
        payments.push(payment.clone());
        purchase.revenue = purchase.revenue.minus(before).plus(revenue_of(payments.iter()));
        self.new_payments.push(payment);
    }

    /// After a product change: marks the purchase as replaced if an initial purchase in the same store came up to an hour
    /// before (§6.1). Else [`Folding::replace_changing`] may follow.
    fn find_replacement(&mut self, old: &PurchaseId, event: &Event, by: EventId) {
        let began = |purchase: &Purchase| purchase.begun_at.filter(|began| is_within(event.event_at, *began));
        let others = self.of(old.0).filter(|(id, other)| is_other_half(old, event, id, other));
        let starts = others.filter_map(|(id, other)| Some((began(other)?, id.clone())));
        match starts.min() {
            Some((began_at, new)) => {
                self.sources.join(old, &new);
                self.change(old, |purchase| purchase.replace(began_at, by));
            }
            None => self.change(old, |purchase| purchase.change_asked_at = Some(event.event_at)),
        }
    }

    /// After an initial purchase: marks the purchases as replaced whose product change in the same store came up to an
    /// hour before (§6.1).
    fn replace_changing(&mut self, new: &PurchaseId, event: &Event, by: EventId) {
        let is_changing =
            |purchase: &Purchase| purchase.change_asked_at.is_some_and(|asked_at| is_within(event.event_at, asked_at));
        let replaced = |id: &PurchaseId, other: &Purchase| is_other_half(new, event, id, other) && is_changing(other);
        for old in self.ids_where(new.0, replaced) {
            self.sources.join(&old, new);
            self.change(&old, |purchase| {
                purchase.change_asked_at = None;
                purchase.replace(event.event_at, by);
            });
        }
        self.change(new, |purchase| purchase.begun_at = Some(event.event_at));
    }

    /// Moves the purchases that the transfer names, but no grants, to the receiving customer (§5.3).
    fn transfer(&mut self, fact: &Fact) {
        let Some(loser) = fact.lost_by.filter(|loser| *loser != fact.customer) else { return };
        let event = &fact.event;
        let moves = |place: &PurchaseId, purchase: &Purchase| {
            purchase.kind != Kind::Grant
                && (event.store.is_none() || purchase.store == event.store)
                && (event.app_id.is_none() || purchase.app_id.is_none() || purchase.app_id == event.app_id)
                && event.environment.is_none_or(|environment| environment == place.1)
        };
        for place in self.ids_where(loser, moves) {
            let to = (fact.customer, place.1, place.2.clone());
            self.note_before(&place);
            self.note_before(&to);
            if let Some(mut purchase) = self.purchases.remove(&place) {
                purchase.causes.set(Cause::Transfer, fact.row);
                purchase.moved_by(fact.row, event.event_at);
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
}

/// The keys under which the purchase of an event may be (§6.1). Events that transfer purchases name none.
pub fn keys_named_by(event: &Event) -> Vec<String> {
    let keys = Keys::of(event);
    let ids = event.transaction_id.iter().chain(&event.original_transaction_id);
    ids.map(|id| keys.by(id)).chain([keys.by_product(), keys.temporary()]).collect()
}

/// The keys of purchases in the store of an event.
struct Keys<'a> {
    store: &'a str,
    event: &'a Event,
}

impl Keys<'_> {
    fn of(event: &Event) -> Keys<'_> {
        Keys { store: event.store.as_ref().map_or("", Store::as_str), event }
    }

    fn by(&self, id: &str) -> String {
        format!("{}:{id}", self.store)
    }

    fn by_product(&self) -> String {
        self.by(&format!("product:{}", self.event.product_id.as_deref().unwrap_or("")))
    }

    fn temporary(&self) -> String {
        self.by(&format!("temporary:{}", self.event.transaction_id.as_deref().unwrap_or("")))
    }
}

/// Whether `other` may be the other half of a change of products: another purchase in the same environment and store.
fn is_other_half(one: &PurchaseId, event: &Event, id: &PurchaseId, other: &Purchase) -> bool {
    id.1 == one.1 && id.2 != one.2 && other.store == event.store
}

/// Whether an event came up to an hour after an earlier one.
fn is_within(at: Moment, earlier: Moment) -> bool {
    (0..=CHANGE_MS).contains(&at.since(earlier))
}

/// The money of an event (§6.6): what it is, and how much.
pub(super) fn payment_of(event: &Event, change: PurchaseChange) -> Option<(PaymentKind, Option<Micros>)> {
    let amount = event.price.map(Micros::abs);
    if change.begins_period() {
        return Some((PaymentKind::Charge, event.price));
    }
    if change == PurchaseChange::ReverseRefund {
        return Some((PaymentKind::Reversal, amount));
    }
    (change == PurchaseChange::Cancel && event.is_refund()).then_some((PaymentKind::Refund, amount))
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

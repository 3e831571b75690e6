//! What the events of a customer say of them, apart from purchases: attributes, balances, experiments, dates. The newest
//! says last, and a sum has no order, so a record can take in events in any order, and one after the other.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::attributes::AttributeValue;
use crate::base::clock::Moment;
use crate::events::{Adjustment, Environment, Event, EventType};

/// Balances are between zero and this (§15).
pub const MAX_BALANCE: i64 = 2_000_000_000;

/// All that events say of a customer, apart from purchases.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Record {
    pub attributes: BTreeMap<String, AttributeValue>,
    /// By the entry of the sender's ledger.
    pub balance_changes: BTreeMap<String, BalanceChange>,
    /// The names of virtual currencies, by environment and code.
    pub currency_names: BTreeMap<(Environment, String), Newest<String>>,
    pub experiments: BTreeMap<String, Newest<Enrolled>>,
    /// From the newest event that has one (§9.3).
    pub original_app_user_id: Option<Newest<String>>,
    /// From the newest event that has one; only a hint (§5.3).
    pub country: Option<Newest<String>>,
    pub first_event_at: Option<Moment>,
    pub last_event_at: Option<Moment>,
    /// The number of events.
    pub events: i64,
}

/// What was said at a time. Of two sayings the newer one counts; of the same time, the greater one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Newest<T> {
    pub at: Moment,
    pub value: T,
}

impl<T: Ord> Newest<T> {
    /// Keeps the newer of the two.
    pub fn merge(&mut self, other: Newest<T>) {
        if other > *self {
            *self = other;
        }
    }
}

/// A customer's enrolment in an experiment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Enrolled {
    pub variant: String,
    pub at: Option<Moment>,
}

/// One entry of the sender's ledger of virtual currencies. When several events report an entry, the first one counts
/// (§5.3).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BalanceChange {
    pub at: Moment,
    /// The environment, or both (§4.5); the code of the currency; the amount.
    pub amounts: Vec<(Option<Environment>, String, i64)>,
}

/// A balance of a virtual currency, estimated as the sum of the events' changes (§15).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Balance {
    pub name: String,
    /// The sum of all changes, without bounds.
    pub sum: i64,
}

impl Balance {
    /// The sum within the bounds of a balance (§15).
    pub fn amount(&self) -> i64 {
        self.sum.clamp(0, MAX_BALANCE)
    }
}

impl Record {
    /// Takes in an event that was not taken in before.
    pub fn add(&mut self, event: &Event) {
        self.events += 1;
        let at = event.generated_at();
        self.first_event_at = Some(self.first_event_at.map_or(at, |first| first.min(at)));
        self.last_event_at = Some(self.last_event_at.map_or(at, |last| last.max(at)));
        let said = |text: &Option<String>| text.clone().map(|value| Newest { at: event.event_at, value });
        self.original_app_user_id = self.original_app_user_id.take().max(said(&event.original_app_user_id));
        self.country = self.country.take().max(said(&event.country_code));
        for update in &event.attributes {
            let new = AttributeValue { updated_at: update.updated_at, value: update.value.clone() };
            self.attributes.entry(update.key.clone()).and_modify(|old| old.merge(new.clone())).or_insert(new);
        }
        for enrolment in &event.experiments {
            let value = Enrolled { variant: enrolment.variant.clone(), at: enrolment.enrolled_at };
            let new = Newest { at: event.event_at, value };
            let of = self.experiments.entry(enrolment.experiment_id.clone());
            of.and_modify(|old| old.merge(new.clone())).or_insert(new);
        }
        if event.kind == EventType::VirtualCurrencyTransaction {
            self.adjust(event);
        }
    }

    fn adjust(&mut self, event: &Event) {
        let amount = |one: &Adjustment| (event.environment, one.code.clone(), one.amount);
        let new = BalanceChange { at: event.event_at, amounts: event.adjustments.iter().map(amount).collect() };
        let entry = event.ledger_id.clone().unwrap_or_else(|| format!("event {}", event.id));
        self.balance_changes.entry(entry).and_modify(|old| *old = new.clone().min(old.clone())).or_insert(new);
        for Adjustment { code, name, .. } in &event.adjustments {
            let Some(name) = name.clone() else { continue };
            let new = Newest { at: event.event_at, value: name };
            for environment in counted_in(event.environment) {
                let of = self.currency_names.entry((environment, code.clone()));
                of.and_modify(|old| old.merge(new.clone())).or_insert(new.clone());
            }
        }
    }

    /// By environment and currency code. A change without an environment counts in both (§4.5).
    pub fn balances(&self) -> BTreeMap<(Environment, String), Balance> {
        let mut balances: BTreeMap<(Environment, String), Balance> = BTreeMap::new();
        for change in self.balance_changes.values() {
            for (environment, code, amount) in change.counted() {
                let balance = balances.entry((environment, code.to_owned())).or_default();
                balance.sum = balance.sum.saturating_add(amount);
            }
        }
        for (held, balance) in &mut balances {
            balance.name = self.currency_names.get(held).map(|name| name.value.clone()).unwrap_or_default();
        }
        balances
    }
}

impl BalanceChange {
    /// The amounts in each environment in which they count.
    pub fn counted(&self) -> impl Iterator<Item = (Environment, &str, i64)> {
        let each = self.amounts.iter();
        each.flat_map(|(of, code, amount)| counted_in(*of).map(move |one| (one, code.as_str(), *amount)))
    }
}

/// The environments in which a change counts that names this one.
fn counted_in(named: Option<Environment>) -> impl Iterator<Item = Environment> {
    let both = [Environment::Production, Environment::Sandbox].into_iter();
    both.filter(move |one| named.is_none_or(|own| own == *one))
}

//! Compares what is stored with what was acknowledged. Pure, so that the tests at the foot can feed it with losses.

use std::collections::BTreeSet;

use dossier::events::event_key;

use super::ledger::{Act, Book};
use super::model::{self, Effects};
use super::stored::{Customer, Stored};

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The event of this number was acknowledged and is not stored.
    Lost(u64),
    /// A customer has less, or something else, than follows from the events that are stored.
    Missing(String),
    /// A customer has more than follows from the events that are stored.
    Doubled(String),
    /// What was done, what was acknowledged and what the audit log says are not the same.
    Act(String),
    /// The file is damaged.
    Damage(String),
}

/// Everything that is wrong.
pub fn faults(book: &Book, stored: &Stored) -> Vec<Fault> {
    let (acknowledged, present) = (book.acknowledged(), present(book, stored));
    let lost = acknowledged.difference(&present).map(|number| Fault::Lost(*number));
    let damage = stored.damage.iter().cloned().map(Fault::Damage);
    let acts = lost_acts(book, stored).into_iter().chain(unlike_the_log(stored)).map(Fault::Act);
    lost.chain(effects(&present, stored)).chain(acts).chain(damage).collect()
}

/// The numbers of the events that are stored, whether acknowledged or not.
fn present(book: &Book, stored: &Stored) -> BTreeSet<u64> {
    let is_there = |number: &u64| stored.events.contains(&event_key(&model::id(*number)));
    book.events.keys().copied().filter(is_there).collect()
}

fn effects(present: &BTreeSet<u64>, stored: &Stored) -> Vec<Fault> {
    let expected = model::effects(present);
    let found = |name: &str| stored.customers.get(name).map(|one| one.effects.clone()).unwrap_or_default();
    let compared = expected.iter().map(|(name, expected)| (name, expected, found(name)));
    let wrong = compared.filter(|(_, expected, found)| *expected != found);
    wrong.map(|(name, expected, found)| unlike(name, expected, &found)).collect()
}

fn unlike(name: &str, expected: &Effects, found: &Effects) -> Fault {
    let numbers = |one: &Effects| [one.events, one.history, one.payments, one.spent_micros, one.purchases];
    let has_more = numbers(found).iter().zip(numbers(expected)).any(|(found, expected)| *found > expected);
    let what = format!("{name}: {found:?} is stored, not {expected:?}");
    if has_more { Fault::Doubled(what) } else { Fault::Missing(what) }
}

/// Acknowledged acts whose effect is not there.
fn lost_acts(book: &Book, stored: &Stored) -> Vec<String> {
    let is_deleted = |guest: &u64| book.acts.contains_key(&Act::Deletion(*guest));
    let found = |guest: &u64| stored.customers.get(&name(*guest));
    let is_lost = |act: &Act| match act {
        Act::Grant(guest) => !is_deleted(guest) && found(guest).is_none_or(|one| one.grants != 1),
        Act::Note(guest) => !is_deleted(guest) && found(guest).is_none_or(|one| one.notes != 1),
        Act::Deletion(guest) => found(guest).is_some(),
    };
    let acknowledged = book.acts.iter().filter(|(_, is_done)| **is_done).map(|(act, _)| act);
    acknowledged.filter(|act| is_lost(act)).map(|act| format!("{act:?} was acknowledged and is not there")).collect()
}

/// The App User ID of a guest, to whom the team does something.
pub fn name(guest: u64) -> String {
    format!("guest-{guest}")
}

/// Acts without an entry in the audit log, and entries without an act.
fn unlike_the_log(stored: &Stored) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, one) in &stored.customers {
        for (action, acts) in [("note_created", one.notes), ("entitlement_granted", one.grants)] {
            let entries = stored.entries.get(&(action.into(), one.id.to_string())).copied().unwrap_or_default();
            if entries != acts {
                wrong.push(format!("{name}: {acts} acts have {entries} entries {action}"));
            }
        }
    }
    let deleted = stored.entries.iter().filter(|((action, _), _)| action == "customer_deleted");
    let deletions: i64 = deleted.map(|(_, times)| times).sum();
    if deletions != stored.tombstones {
        wrong.push(format!("{} deletions have {deletions} entries", stored.tombstones));
    }
    wrong.extend(entries_about_nobody(stored));
    wrong
}

/// Entries about customers who are neither there nor erased: of each kind an erased guest has one.
fn entries_about_nobody(stored: &Stored) -> Vec<String> {
    let living: BTreeSet<String> = stored.customers.values().map(|one: &Customer| one.id.to_string()).collect();
    let of = |action: &'static str| {
        let gone = stored.entries.iter().filter(|((kind, subject), _)| kind == action && !living.contains(subject));
        (action, gone.map(|(_, times)| times).sum::<i64>())
    };
    let all = ["note_created", "entitlement_granted", "customer_deleted"].map(of).into_iter();
    let wrong = all.filter(|(_, entries)| *entries > stored.tombstones);
    wrong.map(|(action, entries)| format!("{entries} entries {action} are about nobody")).collect()
}

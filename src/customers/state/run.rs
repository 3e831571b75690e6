//! Applies the events that were read. It asks the database nothing.

use std::collections::{BTreeMap, BTreeSet};

use diesel::QueryResult;
use diesel::sql_types::BigInt;

use super::NewId;
use super::contact::Term;
use super::load::{Loaded, customers_of};
use super::member::Member;
use crate::base::ids::{CustomerId, EventId, ProjectId};
use crate::db::Conn;
use crate::db::many::{self, Column, Kind, Row, row};
use crate::projection::{Fact, Folding, Newest, Payment, Progress, Purchase, Record, ordered};

/// What is to be written.
pub struct Prepared {
    pub(super) project: ProjectId,
    pub(super) members: BTreeMap<CustomerId, Member>,
    pub(super) records: BTreeMap<CustomerId, Record>,
    pub(super) folding: Folding,
    /// The payments that the applied events had reported before.
    pub(super) payments: Vec<(CustomerId, Payment)>,
    pub(super) terms: BTreeSet<Term>,
    pub(super) new: BTreeMap<CustomerId, Vec<NewId>>,
    pub(super) ids: BTreeMap<CustomerId, Vec<NewId>>,
    /// The events that count no more.
    pub(super) yielded: Vec<EventId>,
}

impl Loaded {
    /// Applies the facts.
    pub fn run(self) -> Prepared {
        let Loaded { project, mut members, facts, mut recorded, mut folding, payments, terms, new, ids, .. } = self;
        let yielded = apply(&mut members, &mut folding, facts);
        leave_out(&mut recorded, &yielded);
        let records = record(&mut members, recorded);
        let yielded = yielded.into_iter().map(|fact| fact.row).collect();
        Prepared { project, members, records, folding, payments, terms, new, ids, yielded }
    }
}

/// Returns the facts that yield to others.
fn apply(
    members: &mut BTreeMap<CustomerId, Member>,
    folding: &mut Folding,
    facts: BTreeMap<EventId, Fact>,
) -> Vec<Fact> {
    let facts = ordered(facts.into_values().collect());
    for (fact, is_whole) in facts.facts.iter().zip(facts.is_whole) {
        for party in fact.parties() {
            if let Some(member) = members.get_mut(&party) {
                if is_whole {
                    member.pause_before(fact);
                }
                member.progress.apply(fact);
            }
        }
        folding.apply(fact);
        for changed in folding.take_changed() {
            let is_left = folding.purchase(&changed.id).is_some();
            if let Some(member) = members.get_mut(&changed.id.0) {
                member.note(changed, is_left);
            }
        }
    }
    facts.yielded
}

/// Leaves out the events that yield to others: their customers are derived afresh, and they are not counted.
fn leave_out(recorded: &mut BTreeMap<(CustomerId, EventId), Fact>, yielded: &[Fact]) {
    for fact in yielded {
        for party in fact.parties() {
            recorded.remove(&(party, fact.row));
        }
    }
}

/// What the events say apart from purchases.
fn record(
    members: &mut BTreeMap<CustomerId, Member>,
    facts: BTreeMap<(CustomerId, EventId), Fact>,
) -> BTreeMap<CustomerId, Record> {
    let mut records: BTreeMap<CustomerId, Record> = BTreeMap::new();
    for ((customer, _), fact) in facts {
        if let Some(member) = members.get_mut(&customer) {
            member.progress.note(&fact);
            records.entry(customer).or_default().add(&fact.event);
        }
    }
    for (customer, member) in members.iter_mut().filter(|(id, member)| id.0 > 0 && member.is_afresh) {
        records.entry(*customer).or_default();
        member.columns.events = 0;
        member.columns.first_event_at = None;
    }
    for (customer, record) in &records {
        if let Some(member) = members.get_mut(customer) {
            take(member, record);
        }
    }
    for member in members.values_mut().filter(|member| member.contact.is_some()) {
        member.columns.active_at = member.last_seen_at.unwrap_or(member.columns.active_at);
    }
    records
}

fn take(member: &mut Member, record: &Record) {
    let Progress { original, country, last_event_at, .. } = &mut member.progress;
    let newer = |old: &mut Option<Newest<String>>, new: &Option<Newest<String>>| *old = old.take().max(new.clone());
    newer(original, &record.original_app_user_id);
    newer(country, &record.country);
    *last_event_at = (*last_event_at).max(record.last_event_at);
    let columns = &mut member.columns;
    columns.country = country.as_ref().map(|country| country.value.clone());
    columns.events += record.events;
    let first = columns.first_event_at.into_iter().chain(record.first_event_at);
    columns.first_event_at = first.min();
    columns.active_at = member.last_seen_at.or(*last_event_at).unwrap_or_default();
}

impl Prepared {
    /// Whether it still follows from what is stored, and is about no customers but the `locked` ones. For what was prepared from
    /// all events, as long as [`histories`] are the same.
    pub fn is_current(&self, conn: &mut Conn, locked: &BTreeSet<CustomerId>) -> QueryResult<bool> {
        let own: BTreeSet<CustomerId> = self.members.keys().copied().filter(|customer| customer.0 > 0).collect();
        if !own.is_subset(locked) {
            return Ok(false);
        }
        let keys: Vec<Row> = own.iter().map(|customer| row![*customer]).collect();
        let stored = customers_of(conn, &keys)?;
        let is_same = |(customer, now): &(CustomerId, Member)| {
            self.members.get(customer).is_some_and(|member| member.is_afresh && member.was_read_as(now))
        };
        Ok(stored.len() == own.len() && stored.iter().all(is_same))
    }

    /// The purchases of a customer as they are after the events, as far as they were read.
    pub fn purchases_of(&self, customer: CustomerId) -> Vec<Purchase> {
        self.folding.of(customer).map(|(_, purchase)| purchase.clone()).collect()
    }
}

/// How many events these customers have in their histories, and how many of those are muted.
pub fn histories(
    conn: &mut Conn,
    customers: impl IntoIterator<Item = CustomerId>,
) -> QueryResult<BTreeMap<CustomerId, (i64, i64)>> {
    const KEY: &[Column] = &[("customer_id", Kind::Integer)];
    let keys: Vec<Row> = customers.into_iter().map(|customer| row![customer]).collect();
    let of =
        |muted: &str| format!("(SELECT count(*) FROM history WHERE history.customer_id = given.customer_id{muted})");
    let columns = format!("customer_id, {}, {}", of(""), of(" AND history.is_muted"));
    let rows = many::joined::<(BigInt, (BigInt, BigInt)), _>(conn, (&columns, "given"), KEY, &keys)?;
    Ok(rows.into_iter().collect())
}

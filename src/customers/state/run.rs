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
}

impl Loaded {
    /// Applies the facts.
    pub fn run(self) -> Prepared {
        let Loaded { project, mut members, facts, recorded, mut folding, payments, terms, new, ids } = self;
        apply(&mut members, &mut folding, facts);
        let records = record(&mut members, recorded);
        Prepared { project, members, records, folding, payments, terms, new, ids }
    }
}

fn apply(members: &mut BTreeMap<CustomerId, Member>, folding: &mut Folding, facts: BTreeMap<EventId, Fact>) {
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
    /// all events.
    pub fn is_current(&self, conn: &mut Conn, locked: &BTreeSet<CustomerId>) -> QueryResult<bool> {
        let own: BTreeSet<CustomerId> = self.members.keys().copied().filter(|customer| customer.0 > 0).collect();
        if !own.is_subset(locked) {
            return Ok(false);
        }
        let keys: Vec<Row> = own.iter().map(|customer| row![*customer]).collect();
        const KEY: &[Column] = &[("customer_id", Kind::Integer)];
        let counts = "customer_id, (SELECT count(*) FROM history WHERE history.customer_id = given.customer_id
            AND NOT history.is_muted)";
        let counted = many::joined::<(BigInt, BigInt), (CustomerId, i64)>(conn, (counts, "given"), KEY, &keys)?;
        let has_all = |(customer, events): &(CustomerId, i64)| {
            self.members.get(customer).is_some_and(|member| member.is_afresh && member.columns.events == *events)
        };
        let stored = customers_of(conn, &keys)?;
        let is_same = |(customer, now): &(CustomerId, Member)| {
            self.members.get(customer).is_some_and(|member| member.was_read_as(now))
        };
        Ok(stored.len() == own.len() && counted.iter().all(has_all) && stored.iter().all(is_same))
    }

    /// The purchases of a customer as they are after the events, as far as they were read.
    pub fn purchases_of(&self, customer: CustomerId) -> Vec<Purchase> {
        self.folding.of(customer).map(|(_, purchase)| purchase.clone()).collect()
    }
}

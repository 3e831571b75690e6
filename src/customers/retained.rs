//! What others have from a customer who is erased stays with them, and stays derived: the events it follows from are left
//! to them without a name, and the transfers between lose the one party.
//!
//! Those who exchanged purchases with the customer are folded together, with the facts those came from and every transfer
//! the customer had a part in, so nothing of theirs changes. All other events of the customer go.

use std::collections::BTreeSet;

use diesel::prelude::*;

use crate::customers::facts::{self, Facts, LOST};
use crate::customers::state;
use crate::db::schema::{customers, events, history, retained_events};
use crate::db::{Both, Conn};
use crate::events::redaction::{self, Party};
use crate::events::{Delivery, EventType};
use crate::projection::{CustomerId, sources};

/// A row that holds an event for the customer: the event, the side they are on, and as whom they stand in it.
type HistoryPlace = (i64, String, CustomerId);

/// Leaves to others what is theirs; returns who was linked to the customer.
pub fn retain_for_others(conn: &mut Conn, project: i64, customer: CustomerId) -> QueryResult<BTreeSet<CustomerId>> {
    let mut others = facts::with_links(conn, customer)?;
    others.remove(&customer);
    if others.is_empty() {
        return Ok(others);
    }
    let group = others.iter().copied().chain([customer]).collect();
    let facts = facts::Reader::new(conn)?.facts_of(conn, &group)?;
    let places = places_of(conn, customer)?;
    let left = leave(conn, customer, &places, &facts, &others)?;
    for (row, side) in left {
        strip(conn, project, row, &side)?;
    }
    Ok(others)
}

/// Gives the events that the others need to one of them, with whom all are folded; returns those, with the customer's
/// side. Purchases follow from what [`sources`] names. That somebody has no purchase any more follows from transfers, also
/// from those between others: it was taken on before it could come back. So every transfer stays.
fn leave(
    conn: &mut Conn,
    customer: CustomerId,
    places: &[HistoryPlace],
    facts: &Facts,
    others: &BTreeSet<CustomerId>,
) -> QueryResult<BTreeSet<(i64, String)>> {
    let mut sources = sources(facts.values().cloned().collect());
    sources.remove(&customer);
    let needed: BTreeSet<String> = sources.into_values().flatten().collect();
    let (mut left, mut others) = (BTreeSet::new(), others.iter());
    let Some(holder) = others.next() else { return Ok(left) };
    for (row, side, name) in places {
        let Some(fact) = facts.get(row) else { continue };
        if fact.lost_by.is_some() || needed.contains(&fact.event.id) {
            retain(conn, *holder, *row, side, *name)?;
            left.extend((*name == -customer).then(|| (*row, side.clone())));
        }
    }
    others.try_for_each(|other| state::link(conn, *holder, *other))?;
    Ok(left)
}

/// The customer's own events, which will be nobody's, and those they had from somebody erased before.
fn places_of(conn: &mut Conn, customer: CustomerId) -> QueryResult<Vec<HistoryPlace>> {
    let own: Vec<(i64, String)> = history::table
        .filter(history::customer_id.eq(customer))
        .select((history::event_id, history::side))
        .load(conn)?;
    let retained: Vec<HistoryPlace> = retained_events::table
        .filter(retained_events::customer_id.eq(customer))
        .select((retained_events::event_id, retained_events::side, retained_events::stands_as))
        .load(conn)?;
    Ok(own.into_iter().map(|(row, side)| (row, side, -customer)).chain(retained).collect())
}

/// Lets a customer's purchases follow from an event that is in nobody's name.
pub fn retain(conn: &mut Conn, holder: CustomerId, event: i64, side: &str, stands_as: CustomerId) -> QueryResult<()> {
    let row = (
        retained_events::customer_id.eq(holder),
        retained_events::event_id.eq(event),
        retained_events::side.eq(side),
        retained_events::stands_as.eq(stands_as),
    );
    Both(diesel::insert_into(retained_events::table).values(row).on_conflict_do_nothing()).execute(conn)?;
    Ok(())
}

/// Links everybody who has a part in a transfer, those among them who have it from somebody erased: what [`retain_for_others`] did,
/// found again in the rows.
pub fn link_again(conn: &mut Conn, event: i64) -> QueryResult<()> {
    let holders = retained_events::table.filter(retained_events::event_id.eq(event));
    let holders: BTreeSet<CustomerId> = holders.select(retained_events::customer_id).load(conn)?.into_iter().collect();
    let Some(first) = holders.first().copied() else { return Ok(()) };
    let own: Vec<CustomerId> =
        history::table.filter(history::event_id.eq(event)).select(history::customer_id).load(conn)?;
    let others: BTreeSet<CustomerId> = holders.into_iter().chain(own).filter(|one| *one != first).collect();
    others.into_iter().try_for_each(|other| state::link(conn, first, other))
}

/// Takes the person out of an event that stays.
fn strip(conn: &mut Conn, project: i64, row: i64, side: &str) -> QueryResult<()> {
    let stored = events::table.filter(events::project_id.eq(project).and(events::id.eq(row)));
    let (body, received_at) = stored.select((events::body, events::received_at)).first::<(String, _)>(conn)?;
    let read = Delivery::read_stored(&body, received_at);
    let party = if side == LOST { Party::From } else { Party::To };
    let body = match read {
        Ok(event) if event.kind == EventType::Transfer => redaction::transfer_without(&body, party),
        _ => redaction::of_purchase(&body),
    };
    // What cannot be read tells nothing either way.
    let body = body.unwrap_or_else(|| "{}".to_owned());
    diesel::update(stored).set(events::body.eq(&body)).execute(conn)?;
    if let Ok(event) = Delivery::read_stored(&body, received_at) {
        let summary = history::summary.eq(event.summary());
        diesel::update(history::table.filter(history::event_id.eq(row))).set(summary).execute(conn)?;
    }
    Ok(())
}

/// Which of these customers are still there.
pub fn existing(conn: &mut Conn, customers: &BTreeSet<CustomerId>) -> QueryResult<Vec<CustomerId>> {
    let mut alive = Vec::new();
    for customer in customers {
        let found: Option<CustomerId> = customers::table.find(customer).select(customers::id).first(conn).optional()?;
        alive.extend(found);
    }
    Ok(alive)
}

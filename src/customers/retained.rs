//! Purchases that other customers received from an erased one stay theirs, and stay derived. The others retain the
//! events from which these purchases follow, redacted. The transfers between them lose the erased party.
//!
//! Customers who exchanged purchases with the erased one are folded together. They keep the facts from which those
//! purchases follow, and every transfer in which the erased customer took part, so nothing of theirs changes. All other
//! events of the erased customer are deleted.

use std::collections::BTreeSet;

use diesel::prelude::*;

use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, EventId, ProjectId};
use crate::customers::facts::{self, Facts};
use crate::customers::state;
use crate::db::schema::{events, history, retained_events};
use crate::db::{Both, Conn};
use crate::events::history::Side;
use crate::events::redaction::{self, Party};
use crate::events::{Delivery, Digest, EventType, StoredBody, Summary};
use crate::projection::sources;

/// A place of a customer in an event.
#[derive(Debug, Clone, Copy, Queryable, Selectable)]
#[diesel(table_name = retained_events)]
pub struct HistoryPlace {
    pub event_id: EventId,
    pub side: Side,
    /// The customer id under which the fold reads the event. A negative id is that of no existing customer.
    pub stands_as: CustomerId,
}

/// Makes linked customers retain the events that they need. Returns who was linked to the customer.
pub fn retain_for_others(
    conn: &mut Conn,
    project: ProjectId,
    customer: CustomerId,
) -> QueryResult<BTreeSet<CustomerId>> {
    let mut others = facts::with_links(conn, customer)?;
    others.remove(&customer);
    if others.is_empty() {
        return Ok(others);
    }
    let group = others.iter().copied().chain([customer]).collect();
    let facts = state::facts(conn, project, &group)?;
    let places = places_of(conn, customer)?;
    let left = retain_needed(conn, customer, &places, &facts, &others)?;
    for (row, side) in left {
        redact(conn, project, row, side)?;
    }
    Ok(others)
}

/// Makes one of the others retain the events that they need; all of them are folded together. Returns these events with
/// the erased customer's side. Purchases follow from the events that [`sources`] names. That a customer no longer has a
/// purchase follows from transfers, including those between others: the purchase moved on before it could come back. So
/// every transfer stays.
fn retain_needed(
    conn: &mut Conn,
    customer: CustomerId,
    places: &[HistoryPlace],
    facts: &Facts,
    others: &BTreeSet<CustomerId>,
) -> QueryResult<BTreeSet<(EventId, Side)>> {
    let mut sources = sources(facts.values().cloned().collect());
    sources.remove(&customer);
    let needed: BTreeSet<String> = sources.into_values().flatten().collect();
    let (mut left, mut others) = (BTreeSet::new(), others.iter());
    let Some(holder) = others.next() else { return Ok(left) };
    for place in places {
        let Some(fact) = facts.get(&place.event_id) else { continue };
        if fact.lost_by.is_some() || needed.contains(&fact.event.id) {
            retain(conn, *holder, *place)?;
            left.extend((place.stands_as == CustomerId(-customer.0)).then_some((place.event_id, place.side)));
        }
    }
    state::link(conn, others.map(|other| (*holder, *other)))?;
    Ok(left)
}

/// The customer's own events, which will belong to no customer, and those they retain of customers erased before.
fn places_of(conn: &mut Conn, customer: CustomerId) -> QueryResult<Vec<HistoryPlace>> {
    let own: Vec<(EventId, Side)> = history::table
        .filter(history::customer_id.eq(customer).and(history::is_muted.eq(false)))
        .select((history::event_id, history::side))
        .load(conn)?;
    let stands_as = CustomerId(-customer.0);
    let own = own.into_iter().map(|(event_id, side)| HistoryPlace { event_id, side, stands_as });
    Ok(own.chain(retained_by(conn, customer)?).collect())
}

/// The places in which a customer retains events.
pub fn retained_by(conn: &mut Conn, customer: CustomerId) -> QueryResult<Vec<HistoryPlace>> {
    let own = retained_events::table.filter(retained_events::customer_id.eq(customer));
    own.select(HistoryPlace::as_select()).load(conn)
}

/// Makes a customer retain an event that belongs to no customer, so that purchases follow from it.
pub fn retain(conn: &mut Conn, holder: CustomerId, place: HistoryPlace) -> QueryResult<()> {
    let row = (
        retained_events::customer_id.eq(holder),
        retained_events::event_id.eq(place.event_id),
        retained_events::side.eq(place.side),
        retained_events::stands_as.eq(place.stands_as),
    );
    Both(diesel::insert_into(retained_events::table).values(row).on_conflict_do_nothing()).execute(conn)?;
    Ok(())
}

/// Links all customers of a transfer, including those who retain it. It restores from the rows the links that
/// [`retain_for_others`] made.
pub fn link_again(conn: &mut Conn, event: EventId) -> QueryResult<()> {
    let holders = retained_events::table.filter(retained_events::event_id.eq(event));
    let holders: BTreeSet<CustomerId> = holders.select(retained_events::customer_id).load(conn)?.into_iter().collect();
    let Some(first) = holders.first().copied() else { return Ok(()) };
    let own: Vec<CustomerId> =
        history::table.filter(history::event_id.eq(event)).select(history::customer_id).load(conn)?;
    let others: BTreeSet<CustomerId> = holders.into_iter().chain(own).filter(|one| *one != first).collect();
    state::link(conn, others.into_iter().map(|other| (first, other)))
}

/// Removes the erased customer from the body of an event that stays.
fn redact(conn: &mut Conn, project: ProjectId, row: EventId, side: Side) -> QueryResult<()> {
    let stored = events::table.filter(events::project_id.eq(project).and(events::id.eq(row)));
    let (body, received_at): (StoredBody, Moment) = stored.select((events::body, events::received_at)).first(conn)?;
    let body = body.text().unwrap_or_else(|reason| {
        tracing::error!(event = row.0, %reason, "a stored body cannot be read");
        String::new()
    });
    let read = Delivery::read_stored(&body, received_at);
    let party = match side {
        Side::Lost => Party::From,
        Side::Own => Party::To,
    };
    let is_transfer = read.is_ok_and(|event| event.kind == EventType::Transfer);
    let body = if is_transfer { redaction::transfer_without(&body, party) } else { redaction::redact_purchase(&body) };
    // A body that cannot be read holds no facts, so none of it is kept.
    let body = body.unwrap_or_else(|| "{}".to_owned());
    let digest = Delivery::read_stored(&body, received_at).map(|event| Summary::new(&event).digest());
    let digest = digest.unwrap_or_else(|_| Digest::from_bytes(Vec::new()));
    diesel::update(stored).set((events::digest.eq(&digest), events::body.eq(&StoredBody::new(&body)))).execute(conn)?;
    Ok(())
}

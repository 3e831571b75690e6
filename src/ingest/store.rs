//! Stores deliveries: first the raw event, then its place in the histories of its customers, then the state that
//! follows. The caller runs a whole batch in one transaction.

use std::collections::{BTreeSet, HashSet};

use diesel::prelude::*;

use super::screening::Screened;
use super::{queries, screening};
use crate::base::AppUserId;
use crate::base::ids::{CustomerId, EventId};
use crate::customers::retained::{self, HistoryPlace};
use crate::customers::{Resolver, state};
use crate::db::Conn;
use crate::db::schema::stale_customers;
use crate::endpoints::{self, Source};
use crate::events::history::Side;
use crate::events::{Delivery, EventType};

/// What was done with a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Stored,
    /// The event is stored already; nothing changed.
    Duplicate,
    /// A `TEST` event: answered, but not kept.
    Test,
    /// Older than the erasure of its customer: answered, but not kept.
    Late,
    /// For a blocked id: only a mark that it came is kept.
    Ignored,
}

/// Loads which ids in the deliveries of a transaction were erased or are blocked, before the first is stored. Without
/// it, the resolver asks for each delivery separately.
pub fn preload<'a>(
    conn: &mut Conn,
    resolver: &mut Resolver,
    deliveries: impl Iterator<Item = &'a Delivery>,
) -> QueryResult<()> {
    resolver.preload(conn, deliveries.flat_map(|delivery| screening::ids_in(&delivery.event)))
}

/// Stores a delivery and puts it into the histories it belongs to. It adds the customers it changes to `touched`, but
/// does not derive their state: see [`settle`].
pub fn store(
    conn: &mut Conn,
    resolver: &mut Resolver,
    delivery: &Delivery,
    touched: &mut BTreeSet<CustomerId>,
) -> QueryResult<Outcome> {
    if delivery.event.kind == EventType::Test {
        return Ok(Outcome::Test);
    }
    match screening::screen(conn, resolver, delivery)? {
        Screened::Taken { delivery, to_nobody } => take(conn, resolver, &delivery, to_nobody, touched),
        Screened::Late => Ok(Outcome::Late),
        Screened::Ignored(Some(mark)) => {
            queries::insert(conn, resolver.project(), resolver.ctx().next_id(), &mark)?;
            Ok(Outcome::Ignored)
        }
        Screened::Ignored(None) => Ok(Outcome::Ignored),
    }
}

fn take(
    conn: &mut Conn,
    resolver: &mut Resolver,
    delivery: &Delivery,
    to_nobody: bool,
    touched: &mut BTreeSet<CustomerId>,
) -> QueryResult<Outcome> {
    let row = resolver.ctx().next_id();
    if !queries::insert(conn, resolver.project(), row, delivery)? {
        flag_changed_body(conn, resolver, delivery)?;
        return Ok(Outcome::Duplicate);
    }
    let (receivers, refused) = receivers_of(conn, resolver, delivery)?;
    if let Some(reason) = refused {
        let body = delivery.body.as_bytes();
        queries::reject(conn, resolver.project(), resolver.ctx().next_id(), delivery.received_at, &reason, body)?;
    }
    for (customer, side) in receivers {
        queries::show_in_history(conn, customer, row, delivery, side)?;
        touched.insert(customer);
        if to_nobody {
            let place = HistoryPlace { event_id: row, side: Side::Own, stands_as: CustomerId(-row.0) };
            retained::retain(conn, customer, place)?;
        }
    }
    Ok(Outcome::Stored)
}

/// Resolves the customers of a stored event again, as if it had just come, and corrects the histories that differ.
pub fn reassign(conn: &mut Conn, resolver: &mut Resolver, row: EventId, delivery: &Delivery) -> QueryResult<()> {
    let (receivers, _) = receivers_of(conn, resolver, delivery)?;
    queries::show_only_in(conn, &receivers, row, delivery)?;
    if delivery.event.kind == EventType::Transfer { retained::link_again(conn, row) } else { Ok(()) }
}

/// Keeps a different body under a known event id as a rejected delivery, for developers to see (§5.1). The first body
/// stays.
fn flag_changed_body(conn: &mut Conn, resolver: &Resolver, delivery: &Delivery) -> QueryResult<()> {
    let stored = queries::body_of(conn, resolver.project(), &delivery.event.id)?;
    if stored == delivery.body {
        return Ok(());
    }
    tracing::warn!("a delivery repeats an event id with a different body; the first body stays");
    let reason = "This event came before with a different body. The first body stays.";
    queries::reject(
        conn,
        resolver.project(),
        resolver.ctx().next_id(),
        delivery.received_at,
        reason,
        delivery.body.as_bytes(),
    )
}

/// The customers in whose histories an event belongs, each with the side; and a report on ids that cannot be used.
type Receivers = (Vec<(CustomerId, Side)>, Option<String>);

fn receivers_of(conn: &mut Conn, resolver: &mut Resolver, delivery: &Delivery) -> QueryResult<Receivers> {
    let event = &delivery.event;
    if event.kind == EventType::Transfer {
        return receivers_of_transfer(conn, resolver, delivery);
    }
    let (customer, refused) = owner(conn, resolver, delivery, event.customer_ids())?;
    Ok((customer.map(|customer| (customer, Side::Own)).into_iter().collect(), refused))
}

/// A transfer concerns two customers. It is in both histories, and the state of each depends on the other (§5.3).
fn receivers_of_transfer(conn: &mut Conn, resolver: &mut Resolver, delivery: &Delivery) -> QueryResult<Receivers> {
    let (from, to) = (&delivery.event.transferred_from, &delivery.event.transferred_to);
    let (loser, refused) = owner(conn, resolver, delivery, from.iter().map(String::as_str))?;
    let (winner, also_refused) = owner(conn, resolver, delivery, to.iter().map(String::as_str))?;
    // When both lists share an id, resolving the winner merged the two customers.
    let loser = loser.map(|loser| resolver.survivor_of(loser)).filter(|loser| winner != Some(*loser));
    if let (Some(loser), Some(winner)) = (loser, winner) {
        state::link(conn, loser, winner)?;
    }
    let receivers = winner.map(|winner| (winner, Side::Own)).into_iter().chain(loser.map(|loser| (loser, Side::Lost)));
    Ok((receivers.collect(), refused.or(also_refused)))
}

/// The customer of the ids that an event names. Ids that cannot be App User IDs are left out and reported (§9.2).
fn owner<'a>(
    conn: &mut Conn,
    resolver: &mut Resolver,
    delivery: &Delivery,
    named: impl Iterator<Item = &'a str>,
) -> QueryResult<(Option<CustomerId>, Option<String>)> {
    let mut ids: Vec<AppUserId> = Vec::new();
    let mut seen = HashSet::new();
    let mut refused = None;
    for text in named.filter(|text| seen.insert(*text)) {
        match AppUserId::parse(text) {
            Ok(id) => ids.push(id),
            Err(why) => refused = refused.or(Some(why)),
        }
    }
    let kept = if ids.is_empty() { "The event is stored without a customer" } else { "The other ids were used" };
    let report = refused.map(|why| format!("An App User ID in this event {}. {kept}.", why.words()));
    Ok((resolver.customer_of(conn, &ids, delivery.event.generated_at())?, report))
}

/// The customers that [`store`] touched and that still exist: a later event may have merged two of them.
pub fn surviving(resolver: &Resolver, touched: BTreeSet<CustomerId>) -> BTreeSet<CustomerId> {
    touched.into_iter().map(|customer| resolver.survivor_of(customer)).collect()
}

/// Derives the state of the customers that [`store`] touched. Returns how many.
pub fn settle(conn: &mut Conn, resolver: &Resolver, touched: BTreeSet<CustomerId>) -> QueryResult<usize> {
    state::derive(conn, surviving(resolver, touched), |customer| resolver.is_new(customer))
}

/// Stores events that Dossier makes, derives the state of their customers as if the events had been delivered, and
/// queues them for the endpoints that want them. The caller holds the project's lock. Returns whether all were new.
pub fn append(conn: &mut Conn, resolver: &mut Resolver, deliveries: &[Delivery]) -> QueryResult<bool> {
    let mut touched = BTreeSet::new();
    let mut stored = Vec::with_capacity(deliveries.len());
    for delivery in deliveries {
        // No screening: the customer exists, so the event cannot be late, whatever the clock of an erasure said.
        if take(conn, resolver, delivery, false, &mut touched)? == Outcome::Stored {
            stored.push(delivery);
        }
    }
    settle(conn, resolver, touched)?;
    endpoints::announce(conn, resolver, &stored, Source::Own)?;
    Ok(stored.len() == deliveries.len())
}

/// Marks customers whose state must still be derived, for an import that is not finished.
pub fn mark_stale(conn: &mut Conn, touched: impl IntoIterator<Item = CustomerId>) -> QueryResult<()> {
    for customer in touched {
        let row = stale_customers::customer_id.eq(customer);
        crate::db::Both(diesel::insert_into(stale_customers::table).values(row).on_conflict_do_nothing())
            .execute(conn)?;
    }
    Ok(())
}

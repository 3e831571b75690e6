//! Taking deliveries in: stored raw first, then given to the customers they speak of, then followed by what follows
//! from them. All of a batch is one transaction of the caller.

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::{Delivery, EventType, queries};
use crate::customers::{AppUserId, Census, standing};
use crate::db::Conn;
use crate::schema::stale_customers;
use crate::state::CustomerId;

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Stored,
    /// The event is there already; nothing changed.
    Duplicate,
    /// A `TEST`: answered, not kept.
    Test,
}

/// Stores a delivery and puts it into the histories it belongs to. The customers it touches join `touched`; their
/// standing is not derived yet.
///
/// # Errors
/// What the database said.
pub fn store(
    conn: &mut Conn,
    census: &mut Census,
    delivery: &Delivery,
    touched: &mut BTreeSet<CustomerId>,
) -> QueryResult<Outcome> {
    if delivery.event.kind == EventType::Test {
        return Ok(Outcome::Test);
    }
    let row = census.next_id();
    if !queries::insert(conn, census.project(), row, delivery)? {
        flag_changed_body(conn, census, delivery)?;
        return Ok(Outcome::Duplicate);
    }
    if delivery.event.kind == EventType::Transfer {
        give_transfer(conn, census, row, delivery, touched)?;
    } else {
        give(conn, census, row, delivery, touched)?;
    }
    Ok(Outcome::Stored)
}

/// The first body stays; a different one under the same id is kept for developers to see (§5.1).
fn flag_changed_body(conn: &mut Conn, census: &Census, delivery: &Delivery) -> QueryResult<()> {
    let stored = queries::body_of(conn, census.project(), &delivery.event.id)?;
    if stored == delivery.body {
        return Ok(());
    }
    tracing::warn!("an event came again with a different body; the first one stays");
    let reason = "This event came before with a different body. The first one stays.";
    queries::reject(conn, census.project(), census.next_id(), delivery.received_at, reason, delivery.body.as_bytes())
}

fn give(
    conn: &mut Conn,
    census: &mut Census,
    row: i64,
    delivery: &Delivery,
    touched: &mut BTreeSet<CustomerId>,
) -> QueryResult<()> {
    let named: Vec<&str> = delivery.event.customer_ids().collect();
    let Some(customer) = owner(conn, census, delivery, &named)? else { return Ok(()) };
    touched.insert(customer);
    queries::show_in_history(conn, customer, row, delivery, "own")
}

/// A transfer speaks of two customers: it stands in both histories, and each is folded with the other (§5.3).
fn give_transfer(
    conn: &mut Conn,
    census: &mut Census,
    row: i64,
    delivery: &Delivery,
    touched: &mut BTreeSet<CustomerId>,
) -> QueryResult<()> {
    let list = |ids: &'_ [String]| ids.iter().map(String::as_str).map(str::to_owned).collect::<Vec<_>>();
    let (from, to) = (list(&delivery.event.transferred_from), list(&delivery.event.transferred_to));
    let loser = owner(conn, census, delivery, &from.iter().map(String::as_str).collect::<Vec<_>>())?;
    let winner = owner(conn, census, delivery, &to.iter().map(String::as_str).collect::<Vec<_>>())?;
    touched.extend(loser.into_iter().chain(winner));
    if let Some(winner) = winner {
        queries::show_in_history(conn, winner, row, delivery, "own")?;
    }
    let Some(loser) = loser.filter(|loser| winner != Some(*loser)) else { return Ok(()) };
    queries::show_in_history(conn, loser, row, delivery, "lost")?;
    winner.map_or(Ok(()), |winner| standing::link(conn, loser, winner))
}

/// The customer of the ids an event names. Ids that can name nobody are left out and reported (§9.2).
fn owner(conn: &mut Conn, census: &mut Census, delivery: &Delivery, named: &[&str]) -> QueryResult<Option<CustomerId>> {
    let mut ids: Vec<AppUserId> = Vec::with_capacity(named.len());
    let mut seen = std::collections::HashSet::with_capacity(named.len());
    let mut refused = Vec::new();
    for text in named.iter().filter(|text| seen.insert(**text)) {
        match AppUserId::parse(text) {
            Ok(id) => ids.push(id),
            Err(why) => refused.push(why),
        }
    }
    if let Some(why) = refused.first() {
        let kept = if ids.is_empty() { "The event is stored without a customer" } else { "The other ids were used" };
        let reason = format!("An App User ID in this event {}. {kept}.", why.words());
        let body = delivery.body.as_bytes();
        queries::reject(conn, census.project(), census.next_id(), delivery.received_at, &reason, body)?;
    }
    census.customer_of(conn, &ids, delivery.event.generated_at())
}

/// Derives the standing of customers that [`store`] touched.
///
/// # Errors
/// What the database said.
pub fn settle(conn: &mut Conn, census: &Census, touched: BTreeSet<CustomerId>) -> QueryResult<usize> {
    standing::derive(conn, touched, |customer| census.is_new(customer))
}

/// Remembers customers whose standing must still be derived, for an import that is not finished.
///
/// # Errors
/// What the database said.
pub fn leave_stale(conn: &mut Conn, touched: &BTreeSet<CustomerId>) -> QueryResult<()> {
    for customer in touched {
        let row = stale_customers::customer_id.eq(customer);
        crate::db::Both(diesel::insert_into(stale_customers::table).values(row).on_conflict_do_nothing())
            .execute(conn)?;
    }
    Ok(())
}

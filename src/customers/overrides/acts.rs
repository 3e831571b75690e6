//! Choosing an offering, and telling the end of a choice. Whoever calls writes, and holds the project's lock until the transaction ends.

use super::{Override, queries};
use crate::audit::{Action, Trace};
use crate::clock::Moment;
use crate::customers::{Census, whom};
use crate::db::Conn;
use crate::error::Error;
use crate::events::{ingest, own};
use crate::ids::Ids;
use crate::page::times;
use crate::state::CustomerId;

/// Tells in the customer's history that an override is over, unless it is not, or somebody else has; returns whether it did.
///
/// # Errors
/// What the database said; [`Error::NotFound`] for a customer who is no more.
pub fn tell_end(conn: &mut Conn, project: i64, customer: CustomerId, ids: &Ids, now: Moment) -> Result<bool, Error> {
    conn.lock_project(project)?;
    let Some(over) = queries::take_end(conn, customer, now)? else { return Ok(false) };
    let span = (over.set_at, over.until.unwrap_or(now));
    let ended = own::override_ended(&whom::of(conn, customer)?, &over.offering, span, now)?;
    let mut census = Census::of(project, ids.clone(), now);
    ingest::append(conn, &mut census, &[ended])?;
    Ok(true)
}

/// Which offering, until when, and why.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    /// Its identifier; empty for the project's default.
    pub offering: &'a str,
    pub until: Option<Moment>,
    pub reason: Option<&'a str>,
}

/// Who chooses.
#[derive(Debug, Clone, Copy)]
pub struct By<'a> {
    pub name: &'a str,
    /// A person's row.
    pub id: Option<i64>,
}

/// Why an offering cannot be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotOffered {
    Unknown,
    Archived,
}

/// An override in place of another one, or of none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    pub before: Option<Override>,
    pub after: Option<Override>,
}

impl Chosen {
    /// What the log says of it.
    pub fn trace(&self) -> Trace {
        trace(self.before.as_ref(), self.after.as_ref())
    }
}

/// Sets an override, or clears it for the default, chosen by no name or by its own. `None`: there was none to clear. An
/// override that is over, without the history saying so yet, is told first: what takes its place would hide its end.
///
/// # Errors
/// What the database said; [`Error::NotFound`] for a customer who is no more.
pub fn choose(
    conn: &mut Conn,
    (project, customer): (i64, CustomerId),
    wish: &Wish<'_>,
    by: &By<'_>,
    (ids, now): (&Ids, Moment),
) -> Result<Result<Option<Chosen>, NotOffered>, Error> {
    tell_end(conn, project, customer, ids, now)?;
    let before = queries::of(conn, customer)?;
    let offerings = queries::offerings_of(conn, project)?;
    let found = offerings.iter().find(|one| one.identifier == wish.offering);
    let offering = match found {
        None if wish.offering.is_empty() => None,
        None => return Ok(Err(NotOffered::Unknown)),
        Some(found) if found.is_archived => return Ok(Err(NotOffered::Archived)),
        Some(found) => Some(found.identifier.clone()).filter(|_| !found.is_default),
    };
    let after = offering.map(|offering| Override {
        customer_id: customer,
        project_id: project,
        offering,
        set_by: by.name.to_owned(),
        set_by_id: by.id,
        set_at: now,
        until: wish.until,
        reason: wish.reason.map(str::to_owned),
        is_end_told: false,
    });
    match &after {
        Some(after) => queries::put(conn, after)?,
        None if before.as_ref().is_some_and(|set| !set.is_over(now)) => queries::remove(conn, customer)?,
        None => return Ok(Ok(None)),
    }
    Ok(Ok(Some(Chosen { before, after })))
}

/// What the log says of a change.
pub fn trace(before: Option<&Override>, after: Option<&Override>) -> Trace {
    let action = if after.is_some() { Action::OfferingOverrideSet } else { Action::OfferingOverrideCleared };
    let words = |set: &Override| match set.until {
        Some(until) => format!("{} until {}", set.offering, times::to_the_second(until)),
        None => set.offering.clone(),
    };
    let mut trace = Trace::new(action);
    trace.details.before = before.map(words);
    trace.details.after = after.map(words);
    trace
}

//! Sets a customer's offering override, and records its end. The caller holds the project's lock until its transaction
//! ends.

use diesel::QueryResult;

use crate::audit::{Action, Ctx, Trace};
use crate::base::error::Error;
use crate::base::ids::CustomerId;
use crate::customers::overrides::{Override, queries};
use crate::customers::{locks, subject};
use crate::db::Conn;
use crate::events::own;
use crate::ingest;
use crate::wording::times;

/// Why an offering cannot be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The project has no such offering.
    Unknown,
    Archived,
}

/// Sets an override without an end, chosen `by` somebody. `None`, or the identifier of the default offering, removes the
/// override (§8). Returns the audit trace; `None` when nothing changes, because programs repeat requests.
///
/// # Errors
/// [`Error::NotFound`] when the customer does not exist.
pub fn choose(
    conn: &mut Conn,
    ctx: &Ctx,
    customer: CustomerId,
    by: &str,
    offering: Option<&str>,
) -> Result<Result<Option<Trace>, Refusal>, Error> {
    let is_default = match is_default(conn, ctx, offering)? {
        Ok(is_default) => is_default,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let before = current(conn, ctx, customer)?.filter(|set| !set.is_over(ctx.now));
    let chosen = offering.filter(|_| !is_default).map(|offering| without_end(ctx, customer, by, offering));
    let is_same = |one: &Override, other: &Override| (&one.offering, one.until) == (&other.offering, other.until);
    match (&before, &chosen) {
        (None, None) => return Ok(Ok(None)),
        (Some(before), Some(chosen)) if is_same(before, chosen) => return Ok(Ok(None)),
        (_, Some(chosen)) => queries::put(conn, chosen)?,
        (_, None) => queries::remove(conn, customer)?,
    }
    Ok(Ok(Some(entry(before.as_ref(), chosen.as_ref()))))
}

/// Whether an offering that can be chosen is the project's default, as no offering is.
pub fn is_default(conn: &mut Conn, ctx: &Ctx, offering: Option<&str>) -> QueryResult<Result<bool, Refusal>> {
    let sold = offering.map(|id| queries::sold(conn, ctx.project, id)).transpose()?;
    Ok(match sold {
        Some(None) => Err(Refusal::Unknown),
        Some(Some((_, true))) => Err(Refusal::Archived),
        Some(Some((is_default, false))) => Ok(is_default),
        None => Ok(true),
    })
}

fn without_end(ctx: &Ctx, customer: CustomerId, by: &str, offering: &str) -> Override {
    Override {
        customer_id: customer,
        project_id: ctx.project,
        offering: offering.to_owned(),
        set_by: by.to_owned(),
        set_by_id: None,
        set_at: ctx.now,
        until: None,
        reason: None,
        is_end_recorded: false,
    }
}

/// The customer's override. If it is over and no event has recorded that, its end is recorded first: a new override
/// would hide it.
///
/// # Errors
/// As [`record_end`].
pub fn current(conn: &mut Conn, ctx: &Ctx, customer: CustomerId) -> Result<Option<Override>, Error> {
    record_end(conn, ctx, customer)?;
    Ok(queries::find(conn, customer)?)
}

/// The audit trace of a changed override.
pub fn entry(before: Option<&Override>, after: Option<&Override>) -> Trace {
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

/// Appends the event that an override ended, unless it has not ended or another process has recorded it. Returns
/// whether it did.
///
/// # Errors
/// [`Error::NotFound`] when the customer does not exist.
pub fn record_end(conn: &mut Conn, ctx: &Ctx, customer: CustomerId) -> Result<bool, Error> {
    conn.lock_project(ctx.project)?;
    locks::lock(conn, [customer])?;
    let Some(over) = queries::take_end(conn, customer, ctx.now)? else { return Ok(false) };
    let ended_at = over.until.unwrap_or(ctx.now);
    let subject = subject::load(conn, customer)?;
    let ended = own::override_ended(&subject, &over.offering, over.set_at, ended_at, ctx.now)?;
    ingest::append(conn, ctx, &[ended])?;
    Ok(true)
}

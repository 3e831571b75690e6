//! Executes a plan, and records the end of a grant. The caller holds the project's lock until its transaction ends, so
//! that what the plan is based on stays true.

use super::plan::{Plan, of_purchase};
use super::queries;
use crate::audit::Ctx;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::{CustomerId, EventId};
use crate::customers::subject;
use crate::db::Conn;
use crate::events::Delivery;
use crate::ingest;
use crate::projection::Purchase;

/// Appends the events of a plan. Schedules the end of each grant that it gives, and cancels the scheduled end of
/// each grant that it removes. Returns the row of the last event; `None` when the plan is empty.
pub fn carry_out(conn: &mut Conn, ctx: &Ctx, customer: CustomerId, plan: &Plan) -> Result<Option<EventId>, Error> {
    let Some(rows) = ingest::append_rows(conn, ctx, &plan.events)? else {
        return Err(Error::Internal("an event of a grant was not stored: its id exists already".into()));
    };
    for removed in &plan.removed {
        queries::take_end(conn, customer, &removed.key)?;
    }
    for given in &plan.given {
        queries::await_end(conn, customer, &given.key, given.ends_at)?;
    }
    Ok(rows.last().copied())
}

/// Appends the event that a grant ended, unless another process has recorded it. Returns whether it did.
pub fn record_end(conn: &mut Conn, ctx: &Ctx, customer: CustomerId, key: &str) -> Result<bool, Error> {
    if !queries::take_end(conn, customer, key)? {
        return Ok(false);
    }
    let ended = queries::find(conn, customer, key)?.filter(|grant| is_end_unrecorded(grant, ctx.now));
    let Some((grant, at)) = ended.and_then(|grant| grant.expires_at.map(|at| (grant, at))) else {
        return Ok(false);
    };
    let subject = subject::load(conn, customer)?;
    append(conn, ctx, &[of_purchase(&grant).ended(&subject, at, ctx.now)?])
}

fn append(conn: &mut Conn, ctx: &Ctx, events: &[Delivery]) -> Result<bool, Error> {
    Ok(ingest::append(conn, ctx, events)?)
}

/// Whether a grant has ended and no event has recorded that.
fn is_end_unrecorded(grant: &Purchase, now: Moment) -> bool {
    !grant.is_active(now) && grant.unsubscribed_at.is_none() && grant.expiration_reason.is_none()
}

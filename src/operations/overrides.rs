//! Sets a customer's offering override, and records its end. The caller holds the project's lock until its transaction
//! ends.

use diesel::prelude::*;

use crate::audit::{self, About, Action, Actor, Ctx, Trace};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::{CustomerId, ProjectId};
use crate::customers::overrides::{Override, queries};
use crate::customers::{locks, subject};
use crate::db::Conn;
use crate::db::schema::{audit_details, audit_entries, people};
use crate::events::{Environment, own};
use crate::ingest;
use crate::operations::requests::CustomerAsk;
use crate::stores::CustomerAct;
use crate::wording::times;

/// RevenueCat knows no ends: in a connected project it is asked to clear an override that has ended, in the name of whoever set it.
fn ask_to_clear(conn: &mut Conn, ctx: &Ctx, over: &Override, app_user_id: &str) -> Result<(), Error> {
    let Some(person) = over.set_by_id else { return Ok(()) };
    let by = Ctx::new(ctx.project, &ctx.ids, ctx.now, Actor::person(person, ""));
    let ask = CustomerAsk {
        customer: over.customer_id,
        app_user_id,
        environment: Environment::Production,
        act: CustomerAct::Override { offering: None, until: None },
        inverse: None,
        reason: Some("its time is over".into()),
        waits: true,
        once: None,
    };
    // Something that is under way already decides what the app gets.
    let Some(Ok(asked)) = ask.store(conn, &by)? else { return Ok(()) };
    let trace = asked.trace.map(|trace| trace.for_customer(over.customer_id, app_user_id));
    trace.map_or(Ok(()), |trace| audit::append(conn, ctx, trace))
}

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
    let chosen =
        offering.filter(|_| !is_default).map(|offering| without_end((ctx.project, customer), ctx.now, by, offering));
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

fn without_end((project, customer): (ProjectId, CustomerId), now: Moment, by: &str, offering: &str) -> Override {
    Override {
        customer_id: customer,
        project_id: project,
        offering: offering.to_owned(),
        set_by: by.to_owned(),
        set_by_id: None,
        set_at: now,
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

/// The customer's override at a moment, as the audit log tells it where it was changed since.
pub fn as_of(conn: &mut Conn, project: ProjectId, customer: CustomerId, at: Moment) -> QueryResult<Option<Override>> {
    if let Some(set) = queries::find(conn, customer)?.filter(|set| set.set_at <= at) {
        return Ok(Some(set));
    }
    let actions = Action::all_about(|about| about == About::Offering).map(Action::name);
    let newest: Option<audit::Row> = audit_details::table
        .inner_join(audit_entries::table.on(audit::of_entry()))
        .left_join(people::table.on(people::id.nullable().eq(audit_entries::actor_id)))
        .filter(audit_details::customer_id.eq(customer).and(audit_entries::at.le(at)))
        .filter(audit_entries::action.eq_any(actions.collect::<Vec<_>>()))
        .order(audit_details::position.desc())
        .select(audit::Row::as_select())
        .first(conn)
        .optional()?;
    let Some(line) = newest.map(audit::Line::new) else { return Ok(None) };
    let Some(details) = line.details() else { return Ok(None) };
    Ok(details.after.as_deref().map(|after| {
        let (offering, until) = read_words(after);
        let set = without_end((project, customer), line.entry.at, line.who(), offering);
        Override { until, reason: details.reason.clone(), ..set }
    }))
}

/// The offering and the end in the words of [`entry`].
fn read_words(words: &str) -> (&str, Option<Moment>) {
    let parts = words.rsplit_once(" until ");
    let read = parts.and_then(|(offering, end)| Some((offering, times::read_to_the_second(end)?)));
    read.map_or((words, None), |(offering, end)| (offering, Some(end)))
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
    ask_to_clear(conn, ctx, &over, &subject.app_user_id)?;
    Ok(true)
}

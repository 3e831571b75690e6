//! Sets a customer's offering override, and records its end. The caller holds the project's lock until its transaction
//! ends.

use crate::audit::{Action, Trace};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::{CustomerId, Ids, ProjectId};
use crate::customers::overrides::{Override, queries};
use crate::customers::{Resolver, subject};
use crate::db::Conn;
use crate::events::own;
use crate::ingest;
use crate::wording::times;

/// The customer who gets an offering, and who chooses it.
#[derive(Debug, Clone, Copy)]
pub struct Choice<'a> {
    pub project: ProjectId,
    pub customer: CustomerId,
    /// Who chooses it, as the offering card names them.
    pub by: &'a str,
    pub now: Moment,
}

/// Why an offering cannot be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The project has no such offering.
    Unknown,
    Archived,
}

impl Choice<'_> {
    /// Sets an override without an end. `None`, or the identifier of the default offering, removes the override (§8).
    /// Returns the audit trace; `None` when nothing changes, because programs repeat requests.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the customer does not exist.
    pub fn make(
        self,
        conn: &mut Conn,
        ids: &Ids,
        offering: Option<&str>,
    ) -> Result<Result<Option<Trace>, Refusal>, Error> {
        let sold = offering.map(|id| queries::sold(conn, self.project, id)).transpose()?;
        let (is_default, is_archived) = match sold {
            Some(None) => return Ok(Err(Refusal::Unknown)),
            Some(Some(found)) => found,
            None => (true, false),
        };
        if is_archived {
            return Ok(Err(Refusal::Archived));
        }
        let before = current(conn, self.project, self.customer, ids, self.now)?;
        let before = before.filter(|set| !set.is_over(self.now));
        let chosen = offering.filter(|_| !is_default).map(|offering| self.into_override(offering));
        let is_same = |one: &Override, other: &Override| (&one.offering, one.until) == (&other.offering, other.until);
        match (&before, &chosen) {
            (None, None) => return Ok(Ok(None)),
            (Some(before), Some(chosen)) if is_same(before, chosen) => return Ok(Ok(None)),
            (_, Some(chosen)) => queries::put(conn, chosen)?,
            (_, None) => queries::remove(conn, self.customer)?,
        }
        Ok(Ok(Some(entry(before.as_ref(), chosen.as_ref()))))
    }

    fn into_override(self, offering: &str) -> Override {
        Override {
            customer_id: self.customer,
            project_id: self.project,
            offering: offering.to_owned(),
            set_by: self.by.to_owned(),
            set_by_id: None,
            set_at: self.now,
            until: None,
            reason: None,
            is_end_recorded: false,
        }
    }
}

/// The customer's override. If it is over and no event has recorded that, its end is recorded first: a new override
/// would hide it.
///
/// # Errors
/// As [`record_end`].
pub fn current(
    conn: &mut Conn,
    project: ProjectId,
    customer: CustomerId,
    ids: &Ids,
    now: Moment,
) -> Result<Option<Override>, Error> {
    record_end(conn, project, customer, ids, now)?;
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
pub fn record_end(
    conn: &mut Conn,
    project: ProjectId,
    customer: CustomerId,
    ids: &Ids,
    now: Moment,
) -> Result<bool, Error> {
    conn.lock_project(project)?;
    let Some(over) = queries::take_end(conn, customer, now)? else { return Ok(false) };
    let span = (over.set_at, over.until.unwrap_or(now));
    let ended = own::override_ended(&subject::load(conn, customer)?, &over.offering, span, now)?;
    let mut resolver = Resolver::new(project, ids.clone(), now);
    ingest::append(conn, &mut resolver, &[ended])?;
    Ok(true)
}

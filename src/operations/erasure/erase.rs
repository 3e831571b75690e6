//! Erases customers completely, within the caller's transaction.

use std::collections::BTreeSet;

use super::names::Names;
use super::{mentions, queries};
use crate::audit::{self, Ctx, Positions};
use crate::base::error::{Error, Problem, Refusal};
use crate::base::ids::{CustomerId, RowId};
use crate::customers::state::News;
use crate::customers::{IdHasher, locks, retained, state};
use crate::db::Conn;
use crate::requests::queries as requests;
use crate::stores::revenuecat::queue;
use crate::wording::text::count;

/// Why somebody cannot be erased at the moment.
fn under_way() -> Problem {
    let sentence = "A store was asked for something, and it is not known yet what came of it. Settle that first: until then it \
        could not be recorded. The page Requests shows it.";
    Problem { field: "", sentence: sentence.into() }
}

/// How much was erased.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Erased {
    pub customers: usize,
    pub ids: usize,
    pub events: usize,
    /// The entries of the audit log whose details went with it.
    pub audited: Positions,
}

impl Erased {
    /// `3 App User IDs, 14 events`: a summary that does not identify the customer.
    pub fn numbers(&self) -> String {
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let ids = count(number(self.ids), "App User ID", "App User IDs");
        format!("{ids}, {}", count(number(self.events), "event", "events"))
    }
}

/// # Errors
/// [`Error::Refused`] when something was sent to a store for one of them of which it is not known yet whether it was done.
pub fn must_be_settled(conn: &mut Conn, customers: &[CustomerId]) -> Result<(), Error> {
    match requests::under_way(conn, customers)?.is_empty() {
        true => Ok(()),
        false => Err(Refusal { problems: vec![under_way()], is_stale: true }.into()),
    }
}

/// Erases these customers of the project: every id, all their events of both environments, and everything else that is
/// stored about them. Tombstones of their ids keep out events from before now that arrive later. Customers who
/// exchanged purchases with them keep their purchases. A customer who no longer exists is skipped.
///
/// # Errors
/// [`Error::Refused`] when something was sent to a store for one of them of which it is not known yet whether it was done: what
/// came of it could not be recorded.
pub fn erase(conn: &mut Conn, ctx: &Ctx, customers: &[CustomerId]) -> Result<Erased, Error> {
    let (project, now) = (ctx.project, ctx.now);
    conn.lock_project(project)?;
    locks::lock(conn, customers.iter().copied())?;
    must_be_settled(conn, customers)?;
    let hasher = IdHasher::make(conn, project)?;
    let (mut erased, mut neighbours, mut names) = (Erased::default(), BTreeSet::new(), Names::default());
    for customer in customers {
        let ids = queries::ids_of(conn, project, *customer)?;
        if ids.is_empty() {
            continue;
        }
        // A sender's clock may be ahead, so an event can be dated later than now.
        let at = queries::last_event_at(conn, *customer)?.map_or(now, |last| last.max(now));
        queue::forget(conn, project, &ids)?;
        ids.iter().try_for_each(|id| queries::put_tombstone(conn, project, hasher.hash(id), at))?;
        names.extend(queries::contacts_of(conn, *customer)?);
        neighbours.append(&mut retained::retain_for_others(conn, project, *customer)?);
        erased.audited.append(audit::queries::about(conn, *customer)?);
        erased.events += queries::remove(conn, project, *customer)?;
        erased.customers += 1;
        erased.ids += ids.len();
        names.extend(ids);
        queries::request_cleanup(conn, RowId(customer.0), now)?;
    }
    let neighbours = locks::lock(conn, neighbours)?;
    erased.audited.append(mentions::remove(conn, project, &names, &neighbours)?);
    state::settle(conn, project, News::afresh(neighbours))?;
    Ok(erased)
}

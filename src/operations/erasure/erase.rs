//! Erases customers, completely, as one change of the caller's transaction.

use std::collections::BTreeSet;

use super::names::Names;
use super::{mentions, queries};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::customers::{IdHasher, retained, state};
use crate::db::Conn;
use crate::projection::CustomerId;
use crate::wording::text::count;

/// What was erased, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Erased {
    pub customers: usize,
    pub ids: usize,
    pub events: usize,
}

impl Erased {
    /// `3 App User IDs, 14 events`: tells nothing of who it was.
    pub fn numbers(self) -> String {
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let ids = count(number(self.ids), "App User ID", "App User IDs");
        format!("{ids}, {}", count(number(self.events), "event", "events"))
    }
}

/// Erases these customers of the project: every id, all their events of both environments, and whatever else is kept of
/// them. Events up to `now` that come later are known by their ids' hashes. Customers with whom purchases were exchanged
/// keep what they have. A customer who is gone already is passed over.
pub fn erase(conn: &mut Conn, project: i64, customers: &[CustomerId], now: Moment) -> Result<Erased, Error> {
    conn.lock_project(project)?;
    let hasher = IdHasher::make(conn, project)?;
    let (mut erased, mut neighbours, mut names) = (Erased::default(), BTreeSet::new(), Names::default());
    for customer in customers {
        let ids = queries::ids_of(conn, project, *customer)?;
        if ids.is_empty() {
            continue;
        }
        // A clock that ran ahead may have dated an event later than now.
        let at = queries::last_event_at(conn, *customer)?.map_or(now, |last| last.max(now));
        ids.iter().try_for_each(|id| queries::bury(conn, project, hasher.hash(id), at))?;
        names.extend(queries::contacts_of(conn, *customer)?);
        neighbours.append(&mut retained::provide(conn, project, *customer)?);
        erased.events += queries::remove(conn, project, *customer)?;
        erased.customers += 1;
        erased.ids += ids.len();
        names.extend(ids);
        queries::request_cleanup(conn, *customer, now)?;
    }
    let neighbours = retained::alive(conn, &neighbours)?;
    mentions::remove(conn, project, &names, &neighbours)?;
    state::derive(conn, neighbours, |_| false)?;
    Ok(erased)
}

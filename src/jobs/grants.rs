//! Records the ends of grants (§7.2): each grant made in Dossier whose time is over gets one `EXPIRATION` event.

use std::collections::BTreeSet;

use super::Work;
use crate::base::error::Error;
use crate::base::ids::ProjectId;
use crate::customers::locks;
use crate::db::Conn;
use crate::operations::grants::{self, End, queries};

/// How many ends share a transaction.
const BATCH: i64 = 50;

/// Records every grant that has ended, in order; returns how many. An end that cannot be recorded is logged, and the
/// next run tries it again.
pub fn record_ends(work: &Work) -> Result<usize, Error> {
    let (mut last, mut recorded) = (End::first(), 0);
    loop {
        let ends = work.db.read_here(|conn| Ok::<_, Error>(queries::ended(conn, work.now, &last, BATCH)?))?;
        let Some(end) = ends.last() else { return Ok(recorded) };
        last = end.clone();
        recorded += batch(work, ends)?;
    }
}

/// Records all ends in one transaction. If that fails, each gets its own, so that one grant does not hold up the
/// others.
fn batch(work: &Work, mut ends: Vec<End>) -> Result<usize, Error> {
    // Every writer locks customers in the same order.
    ends.sort_by_key(|end| end.customer);
    match work.db.write_here(|conn| record(conn, work, &ends)) {
        Err(error) if !error.is_unavailable() => Ok(ends.iter().map(|end| record_alone(work, end)).sum()),
        recorded => recorded,
    }
}

fn record_alone(work: &Work, end: &End) -> usize {
    let recorded = work.db.write_here(|conn| record(conn, work, std::slice::from_ref(end)));
    recorded.unwrap_or_else(|error| {
        let cause = error.cause().unwrap_or_default();
        tracing::error!(customer = end.customer.0, cause, "the end of a grant could not be recorded");
        0
    })
}

fn record(conn: &mut Conn, work: &Work, ends: &[End]) -> Result<usize, Error> {
    let projects: BTreeSet<ProjectId> = ends.iter().map(|end| end.project).collect();
    projects.into_iter().try_for_each(|project| conn.lock_project(project))?;
    let mut recorded = 0;
    for end in ends {
        locks::lock(conn, [end.customer])?;
        recorded += usize::from(grants::record_end(conn, &work.ctx(end.project), end.customer, &end.key)?);
    }
    Ok(recorded)
}

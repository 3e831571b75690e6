//! Records the ends of offering overrides (§8), so that the history shows each end once. The offering itself needs no
//! job: every reader compares the end of the override with the present time.

use super::Work;
use crate::base::error::Error;
use crate::customers::overrides::{End, queries};
use crate::operations::overrides;

/// How many ends are read at once. Each is recorded in its own transaction.
const BATCH: i64 = 50;

/// Records every override that has ended, in order; returns how many. An end that cannot be recorded is logged, and
/// the next run tries it again.
pub fn record_ends(work: &Work) -> Result<usize, Error> {
    let (mut last, mut recorded) = (End::FIRST, 0);
    loop {
        let ends = work.db.read_here(|conn| Ok::<_, Error>(queries::ended(conn, work.now, &last, BATCH)?))?;
        let Some(end) = ends.last() else { return Ok(recorded) };
        last = *end;
        recorded += ends.iter().filter(|end| record(work, end)).count();
    }
}

fn record(work: &Work, end: &End) -> bool {
    let recorded = work.db.write_here(|conn| overrides::record_end(conn, &work.ctx(end.project), end.customer));
    recorded.unwrap_or_else(|error| {
        let cause = error.cause().unwrap_or_default();
        tracing::error!(customer = end.customer.0, cause, "the end of an override could not be recorded");
        false
    })
}

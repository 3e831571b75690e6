//! Overrides end by themselves (§8): the history tells of each, once. The offering itself needs no job: whoever asks which
//! one applies looks at the time.

use super::Work;
use crate::base::error::Error;
use crate::customers::overrides::{End, queries};
use crate::operations::overrides;

/// How many are read at once. Each is told in a transaction of its own.
const BATCH: i64 = 50;

/// Goes through all that are due, in order. What cannot be told is logged and passed over until the next time.
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
    let recorded =
        work.db.write_here(|conn| overrides::record_end(conn, end.project, end.customer, &work.ids, work.now));
    recorded.unwrap_or_else(|error| {
        let cause = error.cause().unwrap_or_default();
        tracing::error!(customer = end.customer, cause, "the end of an override could not be told");
        false
    })
}

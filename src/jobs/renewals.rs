//! Renews the subscriptions of the Test Store (§17). Each step is recorded once, in order, with the time at which it
//! should have happened.

use std::time::Duration;

use super::Work;
use crate::base::error::Error;
use crate::operations::test_store::{PendingRenewal, advance, queries};

/// How many subscriptions are read at once. Each step is recorded in its own transaction.
const BATCH: i64 = 50;

/// Records every step that should have happened by now, in order; returns how many. A subscription that missed several
/// steps catches up one by one. A step that cannot be recorded is logged, and the next run tries it again.
pub fn record(work: &Work) -> Result<usize, Error> {
    let (mut last, mut recorded) = (PendingRenewal::first(), 0);
    loop {
        let renewals = work.db.read_here(|conn| Ok::<_, Error>(queries::ended(conn, work.now, &last, BATCH)?))?;
        let Some(end) = renewals.last() else { return Ok(recorded) };
        last = end.clone();
        recorded += renewals.into_iter().map(|renewal| catch_up(work, renewal)).sum::<usize>();
    }
}

/// Records every step of one subscription that should have happened by now.
fn catch_up(work: &Work, mut renewal: PendingRenewal) -> usize {
    let mut recorded = 0;
    loop {
        let step = work.db.write_here(|conn| {
            let is_recorded = advance(conn, &work.ctx(renewal.project), &renewal)?;
            Ok::<_, Error>((is_recorded, queries::again(conn, &renewal, work.now)?))
        });
        match step {
            Ok((is_recorded, next)) => {
                recorded += usize::from(is_recorded);
                let Some(next) = next else { return recorded };
                renewal = next;
            }
            Err(error) => {
                let cause = error.cause().unwrap_or_default();
                tracing::error!(customer = renewal.customer.0, cause, "a Test Store renewal could not be recorded");
                return recorded;
            }
        }
    }
}

/// How long the jobs thread waits: until the next step, and not longer than `most`. It wakes up in time for the step,
/// so that no customer is without access between two periods.
pub fn time_until_next(work: &Work, most: Duration) -> Duration {
    let next = work.db.read_here(|conn| Ok::<_, Error>(queries::next(conn)?));
    let wait = next
        .inspect_err(|error| tracing::warn!(cause = error.cause(), "the next Test Store renewal could not be read"))
        .ok()
        .flatten()
        .map(|at| at.since(work.now).max(LEAST_MS));
    wait.and_then(|millis| u64::try_from(millis).ok()).map_or(most, |millis| most.min(Duration::from_millis(millis)))
}

/// The shortest wait in milliseconds: a step that fails is not tried again at once.
const LEAST_MS: i64 = 1_000;

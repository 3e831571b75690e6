//! Subscriptions of the Test Store go on by themselves (§17): each step is told once, in order, dated when it was due.

use std::time::Duration;

use super::Work;
use crate::base::error::Error;
use crate::operations::test_store::{PendingRenewal, go_on, queries};

/// How many are read at once. Each step is told in a transaction of its own.
const BATCH: i64 = 50;

/// Goes through all that are due, in order; one that was left alone for long catches up step by step. What cannot be told
/// is logged and passed over until the next time.
pub fn record(work: &Work) -> Result<usize, Error> {
    let (mut last, mut recorded) = (PendingRenewal::first(), 0);
    loop {
        let renewal = work.db.read_here(|conn| Ok::<_, Error>(queries::ended(conn, work.now, &last, BATCH)?))?;
        let Some(end) = renewal.last() else { return Ok(recorded) };
        last = end.clone();
        recorded += renewal.into_iter().map(|renewal| catch_up(work, renewal)).sum::<usize>();
    }
}

/// Every step of one subscription that is due by now.
fn catch_up(work: &Work, mut renewal: PendingRenewal) -> usize {
    let mut recorded = 0;
    loop {
        let step = work.db.write_here(|conn| {
            let is_recorded = go_on(conn, &work.ids, &renewal, work.now)?;
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
                tracing::error!(customer = renewal.customer, cause, "a subscription of the Test Store could not go on");
                return recorded;
            }
        }
    }
}

/// How long until the next one is due, so that nobody is without access between two periods.
pub fn rest(work: &Work, most: Duration) -> Duration {
    let next = work.db.read_here(|conn| Ok::<_, Error>(queries::next(conn)?));
    let wait = next
        .inspect_err(|error| tracing::warn!(cause = error.cause(), "when the next test purchase is due is not known"))
        .ok()
        .flatten()
        .map(|at| at.since(work.now).max(LEAST_MS));
    wait.and_then(|millis| u64::try_from(millis).ok()).map_or(most, |millis| most.min(Duration::from_millis(millis)))
}

/// One that fails is not tried without a pause.
const LEAST_MS: i64 = 1_000;

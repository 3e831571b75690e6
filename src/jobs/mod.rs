//! What happens by itself with time: a thread that looks every so often which work has come due. A job asks one question
//! of an index, works in small transactions, and may run in several processes at once.

mod grants;
mod overrides;
mod renewals;
mod worker;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::base::clock::{Clock, Moment};
use crate::base::error::Error;
use crate::base::ids::Ids;
use crate::db::Db;
use crate::endpoints;
use crate::operations::{erasure, test_accounts};

pub use worker::Worker;

/// What a job works with.
#[derive(Clone)]
pub struct Work {
    pub db: Db,
    pub ids: Ids,
    pub now: Moment,
    /// For work that goes on for long.
    pub clock: Clock,
}

/// Does what has come due; returns how much that was.
type Job = fn(&Work) -> Result<usize, Error>;

/// Every job by its name in the log.
const JOBS: [(&str, Job); 6] = [
    ("the end of grants", grants::record_ends),
    ("deleting test accounts", |work| test_accounts::work(&work.db, &work.ids, &work.clock)),
    ("the end of overrides", overrides::record_ends),
    ("what goes on in the Test Store", renewals::record),
    ("pruning deliveries", |work| endpoints::prune(&work.db, work.now)),
    ("the leftovers of erasures", |work| erasure::cleanup::work(&work.db)),
];

/// Does all that has come due. A job that fails leaves the others alone, and is tried again the next time.
pub fn run(work: &Work) -> usize {
    let each = |(name, job): &(&str, Job)| {
        let result = catch_unwind(AssertUnwindSafe(|| job(work)));
        done(name, result.unwrap_or_else(|_| Err(Error::Internal("it panicked".into()))))
    };
    JOBS.iter().map(each).sum()
}

fn done(job: &str, result: Result<usize, Error>) -> usize {
    match result {
        Ok(0) => 0,
        Ok(count) => {
            tracing::info!(job, count, "done by itself");
            count
        }
        Err(error) => {
            tracing::error!(job, cause = error.cause().unwrap_or_default(), "what came due could not be done");
            0
        }
    }
}

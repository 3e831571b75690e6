//! Work that starts at a time instead of a request: one thread runs every job again and again. A job finds its work
//! with one query on an index and works in small transactions. Several processes may run the same job at once.

mod grants;
mod overrides;
mod renewals;
mod worker;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::audit::{self, Ctx};
use crate::auth::second_factor::queries::forget_unfinished;
use crate::base::clock::{Clock, Moment};
use crate::base::error::Error;
use crate::base::ids::{Ids, ProjectId};
use crate::db::Db;
use crate::endpoints;
use crate::operations::{erasure, test_accounts};

pub use worker::Worker;

/// What a job needs.
#[derive(Clone)]
pub struct Work {
    pub db: Db,
    pub ids: Ids,
    pub now: Moment,
    /// For jobs that run so long that they must ask for the time again.
    pub clock: Clock,
}

impl Work {
    /// The context of what a job does in a project.
    fn ctx(&self, project: ProjectId) -> Ctx {
        Ctx::system(project, &self.ids, self.now)
    }
}

/// Does the pending work; returns how many items it handled.
type Job = fn(&Work) -> Result<usize, Error>;

/// Every job, with its name in the log.
const JOBS: [(&str, Job); 8] = [
    ("ends of grants", grants::record_ends),
    ("deleting test accounts", |work| test_accounts::work(&work.db, &work.ids, &work.clock)),
    ("ends of overrides", overrides::record_ends),
    ("renewals in the Test Store", renewals::record),
    ("pruning deliveries", |work| endpoints::prune(&work.db, work.now)),
    ("second factors that nobody confirmed", |work| {
        work.db.write_here(|conn| Ok::<_, Error>(forget_unfinished(conn, work.now)?))
    }),
    ("counts of refusals", |work| audit::refusals::append_due(&work.db, &work.ids, work.now)),
    ("cleanup after erasures", |work| erasure::cleanup::work(&work.db)),
];

/// Runs every job; returns how many items they handled. A job that fails does not stop the others, and the next run
/// tries it again.
pub fn run(work: &Work) -> usize {
    let each = |(name, job): &(&str, Job)| {
        let result = catch_unwind(AssertUnwindSafe(|| job(work)));
        log_result(name, result.unwrap_or_else(|_| Err(Error::Internal("the job panicked".into()))))
    };
    JOBS.iter().map(each).sum()
}

/// Logs how a job ended; returns how many items it handled.
fn log_result(job: &str, result: Result<usize, Error>) -> usize {
    match result {
        Ok(0) => 0,
        Ok(count) => {
            tracing::info!(job, count, "job finished");
            count
        }
        Err(error) => {
            tracing::error!(job, cause = error.cause().unwrap_or_default(), "job failed");
            0
        }
    }
}

//! Work that starts at a time instead of a request. A job finds its work with one query on an index and works in small
//! transactions. Four threads run the jobs again and again: one what customers wait for, one what stores are asked, one what is
//! compared with RevenueCat, and one what takes long. Several processes may run the same job at once.

mod grants;
mod overrides;
mod renewals;
mod worker;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::audit::{self, Ctx};
use crate::auth::second_factor::queries::forget_unfinished;
use crate::base::clock::{Clock, Moment};
use crate::base::error::Error;
use crate::base::ids::{Ids, ProjectId};
use crate::db::Db;
use crate::endpoints;
use crate::ingest::rejected;
use crate::ingest::silence::Arrivals;
use crate::operations::catalog::Comparer;
use crate::operations::{comparison, erasure, only_here, requests, test_accounts};

pub use worker::Worker;

/// What a job needs.
#[derive(Clone)]
pub struct Work {
    pub db: Db,
    pub ids: Ids,
    pub now: Moment,
    /// For jobs that run so long that they must ask for the time again.
    pub clock: Clock,
    /// Sends what is asked of stores.
    pub requests: requests::Worker,
    /// Compares catalogs with RevenueCat's.
    pub comparer: Comparer,
    /// How many webhooks came to this process.
    pub arrivals: Arrivals,
    /// True once the server stops. A job that takes long asks after each step, and leaves the rest to the next start.
    pub is_stopping: Arc<AtomicBool>,
}

impl Work {
    /// The same at this moment.
    fn at_present(&self) -> Work {
        Work { now: self.clock.now(), ..self.clone() }
    }

    /// The context of what a job does in a project.
    fn ctx(&self, project: ProjectId) -> Ctx {
        Ctx::system(project, &self.ids, self.now)
    }

    fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Relaxed)
    }
}

/// Does the pending work; returns how many items it handled.
pub type Job = fn(&Work) -> Result<usize, Error>;

/// Jobs that run in one thread, each with its name in the log.
pub type Jobs = [(&'static str, Job)];

/// What customers wait for: it decides what they can use.
pub const PUNCTUAL: &Jobs = &[
    ("ends of grants", grants::record_ends),
    ("ends of overrides", overrides::record_ends),
    ("renewals in the Test Store", renewals::record),
];

/// What stores are asked, which may take as long as a store takes to answer.
pub const REQUESTS: &Jobs = &[
    ("pushing what exists only here", |work| only_here::push(&work.db, &work.ids, &work.clock, &|| work.is_stopping())),
    ("requests to stores", |work| work.requests.work(&|| work.is_stopping())),
];

/// What is read from RevenueCat, at the pace that it allows.
pub const COMPARISONS: &Jobs = &[
    ("comparing catalogs", |work| work.comparer.work(&|| work.is_stopping())),
    ("comparing customers", |work| comparison::worker::work(&work.comparer, &|| work.is_stopping())),
];

/// What may take long, and may be late.
pub const UPKEEP: &Jobs = &[
    ("deleting test accounts", |work| test_accounts::work(&work.db, &work.ids, &work.clock, &|| work.is_stopping())),
    ("pruning deliveries", |work| endpoints::prune(&work.db, work.now)),
    ("pruning rejected deliveries", |work| rejected::prune(&work.db, work.now)),
    ("second factors that nobody confirmed", |work| {
        work.db.write_here(|conn| Ok::<_, Error>(forget_unfinished(conn, work.now)?))
    }),
    ("webhooks that stopped coming", |work| {
        work.arrivals.write(&work.db)?;
        work.arrivals.look(&work.db, work.now)
    }),
    ("counts of refusals", |work| audit::refusals::append_due(&work.db, &work.ids, work.now)),
    ("overwriting free space", |work| erasure::cleanup::work(&work.db, work.now, &|| work.is_stopping())),
];

/// Runs every one of the jobs; returns how many items they handled. A job that fails does not stop the others, and the next
/// run tries it again.
pub fn run(jobs: &Jobs, work: &Work) -> usize {
    let each = |(name, job): &(&str, Job)| {
        let result = catch_unwind(AssertUnwindSafe(|| job(work)));
        log_result(name, result.unwrap_or_else(|_| Err(Error::Internal("the job panicked".into()))))
    };
    jobs.iter().map(each).sum()
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

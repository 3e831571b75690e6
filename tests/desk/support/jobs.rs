//! Does what the server does by itself at a time, and what an operator does to a whole database.

use dossier::base::ids::ProjectId;
use dossier::db::Db;
use dossier::jobs::{self, Work};
use dossier::operations::erasure::cleanup;
use dossier::operations::requests;

use super::Desk;

/// Does everything that is due; returns how much it was.
pub fn run_jobs(desk: &Desk) -> usize {
    run_all(&jobs_of_process(desk, &desk.db))
}

/// Does everything that is due, as the threads of a server do; returns how much it was.
pub fn run_all(work: &Work) -> usize {
    jobs::run(jobs::PUNCTUAL, work)
        + jobs::run(jobs::REQUESTS, work)
        + jobs::run(jobs::COMPARISONS, work)
        + jobs::run(jobs::UPKEEP, work)
}

/// What is due now, for a process that has this connection to the database.
pub fn jobs_of_process(desk: &Desk, db: &Db) -> Work {
    let requests = requests::Worker { db: db.clone(), ..desk.application.requests.clone() };
    Work { db: db.clone(), requests, ..desk.application.work() }
}

/// Derives every profile again from the stored events: of one project, or of all.
pub fn rebuild(desk: &Desk, project: Option<ProjectId>) {
    let bar = indicatif::ProgressBar::hidden();
    dossier::cli::rebuild::rebuild(&desk.db, project, &bar).expect("it rebuilds");
}

/// Overwrites what erased customers left in free space; returns how many erasures were waiting for it.
pub fn clean_up(desk: &Desk) -> usize {
    cleanup::work(&desk.db, desk.clock.now().plus_minutes(1), &|| false).expect("it cleans up")
}

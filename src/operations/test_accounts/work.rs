//! Runs the deletion jobs, a few customers per transaction. Each transaction takes the next customers off the list and
//! deletes them. So a process that dies loses nothing, and several processes share the work without repeating any of
//! it.

use std::time::Duration;

use super::jobs::Job;
use super::{jobs, queries};
use crate::audit::{self, Action, Actor, Ctx, Trace};
use crate::base::clock::Clock;
use crate::base::error::Error;
use crate::base::ids::{CustomerId, Ids};
use crate::customers::subject;
use crate::db::{Conn, Db};
use crate::events::Environment;
use crate::operations::erasure;
use crate::operations::requests::CustomerAsk;
use crate::requests::queries as requests;
use crate::stores::CustomerAct;
use crate::stores::revenuecat::queries::connected;
use crate::wording::text::count;

/// How many customers one transaction deletes: few, so that other writers do not wait long for it.
const STEP: i64 = 5;
/// How long others may write between two steps.
const PAUSE: Duration = Duration::from_millis(2);

/// Works until every job of every project is done, or `is_stopping` is true. Each step is dated when it begins. Returns how
/// many customers were deleted.
///
/// # Errors
/// Stops at the first step that fails; the next call continues with that step.
pub fn work(db: &Db, ids: &Ids, clock: &Clock, is_stopping: &dyn Fn() -> bool) -> Result<usize, Error> {
    let mut erased = 0;
    for job in db.read_here(|conn| Ok::<_, Error>(jobs::open(conn)?))? {
        let ctx = || Ctx::new(job.project_id, ids, clock.now(), Actor::person(job.person_id, &job.role));
        while let Some(step) = advance(db, &ctx(), &job)? {
            erased += step;
            if is_stopping() {
                return Ok(erased);
            }
            std::thread::sleep(PAUSE);
        }
    }
    Ok(erased)
}

/// Runs one step; `None` when the job is done. If a step fails, its customers are tried one by one, so that a customer
/// who cannot be deleted does not keep the others.
fn advance(db: &Db, ctx: &Ctx, job: &Job) -> Result<Option<usize>, Error> {
    match db.write_here(|conn| step(conn, ctx, job, STEP)) {
        Err(error) if !error.is_unavailable() => try_one(db, ctx, job, &error),
        done => done,
    }
}

/// Tries the next customer alone. If that fails as well, the customer is kept.
fn try_one(db: &Db, ctx: &Ctx, job: &Job, error: &Error) -> Result<Option<usize>, Error> {
    match db.write_here(|conn| step(conn, ctx, job, 1)) {
        Err(again) if !again.is_unavailable() => {
            tracing::error!(job = job.id.0, cause = error.cause(), "deleting a test account failed, it is kept");
            db.write_here(|conn| {
                let next = jobs::next(conn, job, 1)?;
                Ok::<_, Error>(jobs::record_step(conn, job, &next, 0)?)
            })?;
            Ok(Some(0))
        }
        done => done,
    }
}

/// Deletes the next `limit` customers. Those who no longer meet the conditions are kept.
fn step(conn: &mut Conn, ctx: &Ctx, job: &Job, limit: i64) -> Result<Option<usize>, Error> {
    conn.lock_project(job.project_id)?;
    let next = jobs::next(conn, job, limit)?;
    if next.is_empty() {
        return finish(conn, ctx, job).map(|()| None);
    }
    let still = queries::still(conn, job.project_id, &job.wanted()?, &next)?;
    let mut still: Vec<CustomerId> = still.into_iter().map(|one| one.id).collect();
    // Kept, because what came of a request to a store could not be recorded.
    let under_way = requests::under_way(conn, &still)?;
    still.retain(|one| !under_way.contains(one));
    if connected(conn, job.project_id)?.is_some() {
        let asked = ask_to_delete(conn, ctx, &still)?;
        jobs::record_step(conn, job, &next, asked)?;
        return Ok(Some(still.len()));
    }
    let erasure::Erased { customers: erased, audited, .. } = erasure::erase(conn, ctx, &still)?;
    audit::queries::keep_erased(conn, job.project_id, &audited)?;
    jobs::record_step(conn, job, &next, i64::try_from(erased).unwrap_or(i64::MAX))?;
    Ok(Some(erased))
}

/// Asks RevenueCat to delete customers, who are erased here when it has. Returns how many it was asked for: not those of whom
/// something is under way.
fn ask_to_delete(conn: &mut Conn, ctx: &Ctx, customers: &[CustomerId]) -> Result<i64, Error> {
    let mut asked = 0;
    for customer in customers {
        let id = subject::load(conn, *customer)?.app_user_id;
        let ask = CustomerAsk {
            customer: *customer,
            app_user_id: &id,
            environment: Environment::Production,
            act: CustomerAct::Delete { blocks: false },
            inverse: None,
            reason: Some("a test account".into()),
            waits: true,
            once: None,
        };
        asked += i64::from(matches!(ask.store(conn, ctx)?, Some(Ok(_))));
    }
    Ok(asked)
}

/// Marks the job as done, and appends its one audit entry.
fn finish(conn: &mut Conn, ctx: &Ctx, job: &Job) -> Result<(), Error> {
    if !jobs::finish(conn, job, ctx.now)? {
        return Ok(());
    }
    let done = jobs::find(conn, job.project_id, job.id)?.ok_or(Error::NotFound)?;
    let progress = match done.kept {
        0 => count(done.erased, "customer", "customers"),
        kept => format!("{}, {kept} kept", count(done.erased, "customer", "customers")),
    };
    let erases = audit::queries::take_erased(conn, job.project_id)?;
    let progress = match connected(conn, job.project_id)? {
        Some(_) => format!("{progress}; RevenueCat is asked first"),
        None => progress,
    };
    let trace = Trace::new(Action::TestAccountsDeleted).about(progress).erasing(erases);
    audit::append(conn, ctx, trace)
}

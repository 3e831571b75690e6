//! Deletion jobs: who requested what, which customers are still to be deleted, and the progress.

use diesel::prelude::*;

use super::Wanted;
use crate::audit::{self, Ctx};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::{CustomerId, JobId, PersonId, ProjectId};
use crate::db::Conn;
use crate::db::schema::{deletion_choices as choices, deletion_jobs as jobs};

/// What stays of the conditions of a job that is done, because they may name somebody.
const FORGOTTEN: &str = "";

/// A deletion job and its progress.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = jobs)]
pub struct Job {
    pub project_id: ProjectId,
    pub id: JobId,
    pub person_id: PersonId,
    /// The person's role when they requested the job.
    pub role: String,
    pub asked_at: Moment,
    /// The conditions ([`Wanted`]) as JSON; empty once the job is done.
    pub wanted: String,
    pub chosen: i64,
    pub erased: i64,
    /// How many chosen customers were kept: they no longer met the conditions, or deleting them failed.
    pub kept: i64,
    pub finished_at: Option<Moment>,
}

/// The person who requests a job, and their role.
#[derive(Debug, Clone, Copy)]
pub struct Requester<'a> {
    pub person: PersonId,
    pub role: &'a str,
}

impl Job {
    pub fn wanted(&self) -> Result<Wanted, Error> {
        serde_json::from_str(&self.wanted).map_err(|error| Error::Internal(error.to_string()))
    }

    pub fn done(&self) -> i64 {
        self.erased + self.kept
    }
}

/// Stores a job for the `chosen` customers. Returns its id.
pub fn start(
    conn: &mut Conn,
    ctx: &Ctx,
    requester: Requester<'_>,
    wanted: &Wanted,
    chosen: &[CustomerId],
) -> Result<JobId, Error> {
    let (project, id) = (ctx.project, ctx.next_id());
    let is_open = jobs::project_id.eq(project).and(jobs::finished_at.is_null());
    if jobs::table.filter(is_open).count().get_result::<i64>(conn)? == 0 {
        // What lies there now was put there by nobody who may.
        audit::queries::take_erased(conn, project)?;
    }
    let wanted = serde_json::to_string(wanted).map_err(|error| Error::Internal(error.to_string()))?;
    let row = (
        jobs::project_id.eq(project),
        jobs::id.eq(id),
        jobs::person_id.eq(requester.person),
        jobs::role.eq(requester.role),
        jobs::asked_at.eq(ctx.now),
        jobs::wanted.eq(wanted),
        jobs::chosen.eq(i64::try_from(chosen.len()).unwrap_or(i64::MAX)),
        (jobs::erased.eq(0), jobs::kept.eq(0)),
    );
    diesel::insert_into(jobs::table).values(row).execute(conn)?;
    for customer in chosen {
        let row = (choices::project_id.eq(project), choices::job_id.eq(id), choices::customer_id.eq(customer));
        diesel::insert_into(choices::table).values(row).execute(conn)?;
    }
    Ok(id)
}

pub fn find(conn: &mut Conn, project: ProjectId, id: JobId) -> QueryResult<Option<Job>> {
    jobs::table.find((project, id)).select(Job::as_select()).first(conn).optional()
}

/// The last jobs of a project, the newest first.
pub fn last(conn: &mut Conn, project: ProjectId, limit: i64) -> QueryResult<Vec<Job>> {
    let of_project = jobs::table.filter(jobs::project_id.eq(project));
    of_project.order(jobs::id.desc()).limit(limit).select(Job::as_select()).load(conn)
}

/// The jobs of all projects that are not done.
pub fn open(conn: &mut Conn) -> QueryResult<Vec<Job>> {
    jobs::table.filter(jobs::finished_at.is_null()).order(jobs::id).select(Job::as_select()).load(conn)
}

/// Up to `limit` customers that are still on the job's list.
pub fn next(conn: &mut Conn, job: &Job, limit: i64) -> QueryResult<Vec<CustomerId>> {
    choices::table
        .filter(choices::project_id.eq(job.project_id).and(choices::job_id.eq(job.id)))
        .order(choices::customer_id)
        .limit(limit)
        .select(choices::customer_id)
        .load(conn)
}

/// Removes customers from the job's list, and counts `erased` of them as deleted and the others as kept.
pub fn record_step(conn: &mut Conn, job: &Job, customers: &[CustomerId], erased: i64) -> QueryResult<()> {
    let kept = i64::try_from(customers.len()).unwrap_or(i64::MAX) - erased;
    for customer in customers {
        diesel::delete(choices::table.find((job.project_id, job.id, customer))).execute(conn)?;
    }
    diesel::update(jobs::table.find((job.project_id, job.id)))
        .set((jobs::erased.eq(jobs::erased + erased), jobs::kept.eq(jobs::kept + kept)))
        .execute(conn)?;
    Ok(())
}

/// Marks a job as done and deletes its conditions. Returns whether the job was not done
/// before.
pub fn finish(conn: &mut Conn, job: &Job, now: Moment) -> QueryResult<bool> {
    let open = jobs::project_id.eq(job.project_id).and(jobs::id.eq(job.id)).and(jobs::finished_at.is_null());
    let done = (jobs::finished_at.eq(now), jobs::wanted.eq(FORGOTTEN));
    Ok(diesel::update(jobs::table.filter(open)).set(done).execute(conn)? > 0)
}

//! About whom RevenueCat is to be asked.

use std::collections::BTreeSet;

use diesel::prelude::*;

use crate::base::clock::Moment;
use crate::base::ids::ProjectId;
use crate::db::Conn;
use crate::db::many::{Existing, Kind, Row, Table, row};
use crate::db::schema::{comparison_queue as queue, comparison_runs as runs, connections};

/// Where the list of RevenueCat's customers begins.
pub const FIRST_PAGE: &str = "/customers?limit=100";

/// Why customers are in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Run {
    /// A webhook left something out.
    Webhook,
    /// The nightly sample.
    Sample,
    /// A comparison of all customers here.
    All,
    /// The first fill, with all customers there.
    Fill,
}

impl Run {
    pub const fn name(self) -> &'static str {
        match self {
            Run::Webhook => "webhook",
            Run::Sample => "sample",
            Run::All => "all",
            Run::Fill => "fill",
        }
    }
}

/// A customer in the queue.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Queued {
    pub project: ProjectId,
    pub app_user_id: String,
    pub tries: i64,
}

/// Puts customers into the queue; returns how many were not in it. Who is in it already stays where they are.
pub fn add(conn: &mut Conn, project: ProjectId, run: Run, ids: &[String], due_at: Moment) -> QueryResult<usize> {
    const TABLE: Table = Table {
        name: "comparison_queue",
        key: 3,
        columns: &[
            ("project_id", Kind::Integer),
            ("run", Kind::Text),
            ("app_user_id", Kind::Text),
            ("due_at", Kind::Integer),
        ],
    };
    // NUL cannot be stored, and no customer is called so.
    let ids: BTreeSet<&str> = ids.iter().map(String::as_str).filter(|id| !id.contains('\0')).collect();
    let rows: Vec<Row> =
        ids.into_iter().map(|id| row![project, run.name().to_owned(), id.to_owned(), due_at]).collect();
    TABLE.insert(conn, &rows, Existing::Stays)
}

/// The projects in which customers are due in a run, and whose connection is not suspended.
pub fn projects_due(conn: &mut Conn, run: Run, now: Moment) -> QueryResult<Vec<ProjectId>> {
    let of_project = queue::run.eq(run.name()).and(queue::project_id.eq(connections::project_id));
    let due = queue::table.filter(of_project.and(queue::due_at.le(now)));
    connections::table
        .filter(connections::suspended_at.is_null().and(diesel::dsl::exists(due)))
        .order(connections::project_id)
        .select(connections::project_id)
        .load(conn)
}

/// The next customers of a project that are due in a run, if its connection is not suspended.
pub fn due(conn: &mut Conn, run: Run, project: ProjectId, now: Moment, most: i64) -> QueryResult<Vec<Queued>> {
    queue::table
        .inner_join(connections::table.on(connections::project_id.eq(queue::project_id)))
        .filter(queue::run.eq(run.name()).and(queue::project_id.eq(project)).and(queue::due_at.le(now)))
        .filter(connections::suspended_at.is_null())
        .order((queue::due_at, queue::app_user_id))
        .limit(most)
        .select((queue::project_id, queue::app_user_id, queue::tries))
        .load(conn)
}

/// When the next customer of a run is due.
pub fn next_due(conn: &mut Conn, project: ProjectId, run: Run) -> QueryResult<Option<Moment>> {
    let own = queue::table.filter(queue::project_id.eq(project).and(queue::run.eq(run.name())));
    own.select(diesel::dsl::min(queue::due_at)).first(conn)
}

/// How many customers of a project are left in a run.
pub fn left(conn: &mut Conn, project: ProjectId, run: Run) -> QueryResult<i64> {
    let own = queue::table.filter(queue::project_id.eq(project).and(queue::run.eq(run.name())));
    own.count().get_result(conn)
}

/// Takes a customer out of it.
pub fn remove(conn: &mut Conn, run: Run, queued: &Queued) -> QueryResult<()> {
    let row = queue::table.find((queued.project, run.name(), &queued.app_user_id));
    diesel::delete(row).execute(conn).map(drop)
}

/// Gives a customer who is due to one process, until a moment after which it counts as gone. Returns whether nobody else has them.
pub fn claim(conn: &mut Conn, run: Run, queued: &Queued, now: Moment, until: Moment) -> QueryResult<bool> {
    let row = queue::table.find((queued.project, run.name(), &queued.app_user_id)).filter(queue::due_at.le(now));
    Ok(diesel::update(row).set(queue::due_at.eq(until)).execute(conn)? > 0)
}

/// Puts a customer off.
pub fn put_off(conn: &mut Conn, run: Run, queued: &Queued, until: Moment) -> QueryResult<()> {
    let row = queue::table.find((queued.project, run.name(), &queued.app_user_id));
    diesel::update(row).set((queue::due_at.eq(until), queue::tries.eq(queued.tries + 1))).execute(conn).map(drop)
}

/// Makes everybody in a run due.
pub fn make_due(conn: &mut Conn, project: ProjectId, run: Run, now: Moment) -> QueryResult<()> {
    let own = queue::table.filter(queue::project_id.eq(project).and(queue::run.eq(run.name())));
    diesel::update(own.filter(queue::due_at.gt(now))).set(queue::due_at.eq(now)).execute(conn).map(drop)
}

/// Ends all runs of a project: it is not connected any more, or to another one.
pub fn clear(conn: &mut Conn, project: ProjectId) -> QueryResult<()> {
    diesel::delete(queue::table.filter(queue::project_id.eq(project))).execute(conn)?;
    diesel::delete(runs::table.filter(runs::project_id.eq(project))).execute(conn).map(drop)
}

/// Takes erased people out of it. A list of customers that is being read begins anew: its place may name one of them.
pub fn forget(conn: &mut Conn, project: ProjectId, ids: &[String]) -> QueryResult<()> {
    let listing = runs::project_id.eq(project).and(runs::run.eq(Run::Fill.name())).and(runs::next_page.is_not_null());
    diesel::update(runs::table.filter(listing)).set(runs::next_page.eq(FIRST_PAGE)).execute(conn)?;
    for some in ids.chunks(200) {
        let own = queue::project_id.eq(project).and(queue::app_user_id.eq_any(some.to_vec()));
        diesel::delete(queue::table.filter(own)).execute(conn)?;
    }
    Ok(())
}

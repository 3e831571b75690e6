//! The last comparison of a project's catalog, as it is stored.

use diesel::prelude::*;

use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::ProjectId;
use crate::db::schema::{catalog_comparisons, connections};
use crate::db::{Both, Conn};
use crate::stores::revenuecat::catalog::Found;

/// For how many seconds whoever reads a catalog has it alone, from the last page that was read.
pub(super) const LEASE: i64 = 60;
/// The program compares catalogs that are kept in step so often, in minutes; after a failure earlier.
const EVERY: i64 = 60;
const AFTER_FAILURE: i64 = 10;

/// When a catalog was compared, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = catalog_comparisons)]
pub struct Comparison {
    pub due_at: Option<Moment>,
    pub lease_until: Option<Moment>,
    /// When the catalog there was read last.
    pub found_at: Option<Moment>,
    /// Why it could not be read since.
    pub failure: Option<String>,
    pub failed_at: Option<Moment>,
    /// What following it did last.
    pub done: Option<String>,
    pub done_at: Option<Moment>,
}

impl Comparison {
    /// Whether it is being read, or is going to be at once.
    pub fn is_running(&self, now: Moment) -> bool {
        self.due_at.is_some_and(|due| due <= now) || self.lease_until.is_some_and(|until| until > now)
    }
}

/// When a project's catalog was compared; `None` before the first time.
pub fn status(conn: &mut Conn, project: ProjectId) -> QueryResult<Option<Comparison>> {
    catalog_comparisons::table.find(project).select(Comparison::as_select()).first(conn).optional()
}

/// What was read last, and when.
///
/// # Errors
/// When the database fails, or another version of the program stored it in another way.
pub fn found(conn: &mut Conn, project: ProjectId) -> Result<Option<(Found, Moment)>, Error> {
    let own = catalog_comparisons::table.find(project);
    let stored = own.select((catalog_comparisons::found, catalog_comparisons::found_at)).first(conn).optional()?;
    let stored: Option<(Option<String>, Option<Moment>)> = stored;
    let Some((Some(text), Some(at))) = stored else { return Ok(None) };
    let found = serde_json::from_str(&text).map_err(|error| Error::Internal(error.to_string()))?;
    Ok(Some((found, at)))
}

/// Has the catalog read as soon as possible. The project is connected.
pub fn ask(conn: &mut Conn, project: ProjectId, now: Moment) -> QueryResult<()> {
    let row = (catalog_comparisons::project_id.eq(project), catalog_comparisons::due_at.eq(now));
    let statement = diesel::insert_into(catalog_comparisons::table)
        .values(row)
        .on_conflict(catalog_comparisons::project_id)
        .do_update()
        .set(catalog_comparisons::due_at.eq(now));
    Both(statement).execute(conn).map(drop)
}

/// Switches on or off that the catalog follows the one there. Switched on, it is compared at once.
pub fn keep_in_step(conn: &mut Conn, project: ProjectId, is_on: bool, now: Moment) -> QueryResult<()> {
    diesel::update(connections::table.find(project)).set(connections::catalog_in_step.eq(is_on)).execute(conn)?;
    if is_on {
        return ask(conn, project, now);
    }
    let own = catalog_comparisons::table.find(project);
    diesel::update(own).set(catalog_comparisons::due_at.eq(None::<Moment>)).execute(conn).map(drop)
}

/// The projects whose catalogs are to be read now. None whose connection is suspended.
pub(super) fn due(conn: &mut Conn, now: Moment) -> QueryResult<Vec<ProjectId>> {
    let free = catalog_comparisons::lease_until.is_null().or(catalog_comparisons::lease_until.le(now));
    catalog_comparisons::table
        .inner_join(connections::table.on(connections::project_id.eq(catalog_comparisons::project_id)))
        .filter(catalog_comparisons::due_at.le(now).and(connections::suspended_at.is_null()).and(free))
        .order((catalog_comparisons::due_at, catalog_comparisons::project_id))
        .select(catalog_comparisons::project_id)
        .load(conn)
}

/// Gives a catalog that is due to one reader. Returns whether nobody else has it.
pub(super) fn claim(conn: &mut Conn, project: ProjectId, now: Moment) -> QueryResult<bool> {
    let free = catalog_comparisons::lease_until.is_null().or(catalog_comparisons::lease_until.le(now));
    let row = catalog_comparisons::table.find(project).filter(catalog_comparisons::due_at.le(now).and(free));
    let until = catalog_comparisons::lease_until.eq(now.plus_seconds(LEASE));
    Ok(diesel::update(row).set(until).execute(conn)? > 0)
}

/// Keeps it for longer, or with `None` lets go of it.
pub(super) fn hold(conn: &mut Conn, project: ProjectId, until: Option<Moment>) -> QueryResult<()> {
    let row = catalog_comparisons::table.find(project);
    diesel::update(row).set(catalog_comparisons::lease_until.eq(until)).execute(conn).map(drop)
}

/// Keeps what was read, or why it was not. Returns whether the catalog is kept in step.
pub(super) fn note(
    conn: &mut Conn,
    project: ProjectId,
    read: &Result<String, String>,
    now: Moment,
) -> QueryResult<bool> {
    let in_step = connections::table.find(project).select(connections::catalog_in_step).first(conn).optional()?;
    let in_step: bool = in_step.unwrap_or_default();
    let row = catalog_comparisons::table.find(project);
    let after = |minutes| in_step.then(|| now.plus_minutes(minutes));
    let free = catalog_comparisons::lease_until.eq(None::<Moment>);
    match read {
        Ok(found) => {
            let found = (catalog_comparisons::found.eq(found), catalog_comparisons::found_at.eq(now));
            let none = (
                catalog_comparisons::failure.eq(None::<String>),
                catalog_comparisons::failed_at.eq(None::<Moment>),
                catalog_comparisons::due_at.eq(after(EVERY)),
            );
            diesel::update(row).set((found, none, free)).execute(conn)?;
        }
        Err(words) => {
            let failed = (
                catalog_comparisons::failure.eq(words),
                catalog_comparisons::failed_at.eq(now),
                catalog_comparisons::due_at.eq(after(AFTER_FAILURE)),
            );
            diesel::update(row).set((failed, free)).execute(conn)?;
        }
    }
    Ok(in_step)
}

/// Keeps what following did.
pub(super) fn note_done(conn: &mut Conn, project: ProjectId, words: &str, now: Moment) -> QueryResult<()> {
    let row = catalog_comparisons::table.find(project);
    let done = (catalog_comparisons::done.eq(words), catalog_comparisons::done_at.eq(now));
    diesel::update(row).set(done).execute(conn).map(drop)
}

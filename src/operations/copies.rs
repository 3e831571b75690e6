//! Copies of a database: restored, moved, or made for trying something. A copy of yesterday still wants to send what the original
//! has sent since, and a copy beside the original would do everything twice. So it acts nowhere until an admin of each project
//! lets it.

use diesel::prelude::*;

use crate::audit::{self, Action, Ctx, Trace};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::{Ids, ProjectId};
use crate::db::Conn;
use crate::db::place::{self, Place};
use crate::db::schema::connections;
use crate::requests::held;
use crate::stores::revenuecat;

/// What was kept from acting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspended {
    /// Why, a sentence each.
    pub why: Vec<String>,
    /// How many projects are connected.
    pub connections: usize,
    /// How many open requests of theirs are unknown now.
    pub requests: usize,
}

/// Compares where the database is with where it was served last, and suspends what could act when that is somewhere else. The first
/// time it only notes the place. Returns `None` when nothing has changed.
///
/// # Errors
/// When the database fails, or a project is locked for too long.
pub fn notice(conn: &mut Conn, here: &Place, ids: &Ids, now: Moment) -> Result<Option<Suspended>, Error> {
    conn.lock_place()?;
    let former = place::former(conn)?;
    let why = former.as_ref().map(|former| here.changes_since(former)).unwrap_or_default();
    if former.is_none() || !why.is_empty() {
        place::note(conn, here, now)?;
    }
    if why.is_empty() { Ok(None) } else { suspend(conn, ids, now, why).map(Some) }
}

/// Suspends all connections, and leaves the open requests of their projects alone. Each project's audit log says so. Projects that
/// only take webhooks go on: nothing of theirs is done elsewhere.
///
/// # Errors
/// As [`notice`].
pub fn suspend(conn: &mut Conn, ids: &Ids, now: Moment, why: Vec<String>) -> Result<Suspended, Error> {
    let connected = connections::table.order(connections::project_id).select(connections::project_id);
    let connected: Vec<ProjectId> = connected.load(conn)?;
    let mut held = 0;
    for project in &connected {
        conn.lock_project(*project)?;
        held += held::hold(conn, *project, now)?;
        let trace = Trace::new(Action::ConnectionSuspended).about("RevenueCat").because(Some(why.join(" ")));
        audit::append(conn, &Ctx::system(*project, ids, now), trace)?;
    }
    revenuecat::queries::suspend_all(conn, now)?;
    Ok(Suspended { why, connections: connected.len(), requests: held })
}

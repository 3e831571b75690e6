//! Entries about a person's account. An account belongs to no project, so each project of the person gets an entry.

use diesel::prelude::*;

use super::{Actor, Ctx, Origin, Trace, append};
use crate::base::Role;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::{Ids, PersonId, ProjectId};
use crate::db::Conn;
use crate::db::schema::memberships;

/// All projects of a person, locked until the transaction ends, each with the context of a change to the account.
pub struct Everywhere(Vec<Ctx>);

impl Everywhere {
    /// Locks all projects of a person in the order of their ids, so that two people who share projects cannot deadlock.
    /// Call it before the transaction changes any row: an action that changes members also locks the project first, and
    /// changes rows of persons afterwards. The person is the actor of the entries.
    pub fn lock(conn: &mut Conn, person: PersonId, ids: &Ids, now: Moment, origin: &Origin) -> QueryResult<Everywhere> {
        let actor = |role: Role| Actor::person(person, role.name()).with_origin(origin.clone());
        let all = lock_projects(conn, person)?.into_iter();
        Ok(Everywhere(all.map(|(project, role)| Ctx::new(project, ids, now, actor(role))).collect()))
    }

    /// As [`Everywhere::lock`], with an operator at the command line as the actor of the entries.
    pub fn lock_by_operator(conn: &mut Conn, person: PersonId, ids: &Ids, now: Moment) -> QueryResult<Everywhere> {
        let all = lock_projects(conn, person)?.into_iter();
        Ok(Everywhere(all.map(|(project, _)| Ctx::operator(project, ids, now)).collect()))
    }

    /// Appends the same entry to the log of each project.
    pub fn append(&self, conn: &mut Conn, trace: &Trace) -> Result<(), Error> {
        self.0.iter().try_for_each(|ctx| append(conn, ctx, trace.clone()))
    }
}

/// The projects of a person, and the person's role in each.
fn lock_projects(conn: &mut Conn, person: PersonId) -> QueryResult<Vec<(ProjectId, Role)>> {
    let projects: Vec<(ProjectId, Role)> = memberships::table
        .filter(memberships::person_id.eq(person))
        .order(memberships::project_id)
        .select((memberships::project_id, memberships::role))
        .load(conn)?;
    projects.iter().try_for_each(|(project, _)| conn.lock_project(*project))?;
    Ok(projects)
}

//! Entries about a person's account. An account belongs to no project, so each project of the person gets an entry.

use diesel::prelude::*;

use super::{Actor, Origin, Trace, append};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::{Ids, PersonId, ProjectId};
use crate::db::Conn;
use crate::db::schema::memberships;

/// All projects of a person, locked until the transaction ends.
pub struct Everywhere {
    person: PersonId,
    /// Each project's id, and the person's role in it.
    projects: Vec<(ProjectId, String)>,
}

impl Everywhere {
    /// Locks all projects of a person in the order of their ids, so that two people who share projects cannot deadlock.
    /// Call it before the transaction changes any row: an action that changes members also locks the project first, and
    /// changes rows of persons afterwards.
    pub fn lock(conn: &mut Conn, person: PersonId) -> QueryResult<Everywhere> {
        let projects: Vec<(ProjectId, String)> = memberships::table
            .filter(memberships::person_id.eq(person))
            .order(memberships::project_id)
            .select((memberships::project_id, memberships::role))
            .load(conn)?;
        projects.iter().try_for_each(|(project, _)| conn.lock_project(*project))?;
        Ok(Everywhere { person, projects })
    }

    /// Appends the same entry to the log of each project, with the person as the actor.
    pub fn append(&self, conn: &mut Conn, at: (&Ids, Moment), origin: &Origin, trace: &Trace) -> Result<(), Error> {
        self.append_by(conn, |role| Actor::person(self.person, role), at, origin, trace)
    }

    /// Appends the same entry to the log of each project, with an operator at the command line as the actor.
    pub fn append_by_operator(&self, conn: &mut Conn, at: (&Ids, Moment), trace: &Trace) -> Result<(), Error> {
        self.append_by(conn, |_| Actor::operator(), at, &Origin::default(), trace)
    }

    fn append_by(
        &self,
        conn: &mut Conn,
        actor: impl Fn(&str) -> Actor,
        (ids, now): (&Ids, Moment),
        origin: &Origin,
        trace: &Trace,
    ) -> Result<(), Error> {
        for (project, role) in &self.projects {
            append(conn, (*project, ids.next(now), now), &actor(role), origin, trace.clone())?;
        }
        Ok(())
    }
}

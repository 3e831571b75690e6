//! Entries for what people do to their own accounts. An account belongs to no project, so each project of the person
//! gets an entry.

use diesel::prelude::*;

use super::{Actor, Origin, Trace, append};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::Ids;
use crate::db::Conn;
use crate::db::schema::memberships;

/// The projects of a person, locked until the transaction ends.
pub struct Everywhere {
    person: i64,
    /// Each with the person's role in it.
    projects: Vec<(i64, String)>,
}

impl Everywhere {
    /// Locks all projects of a person. Call it before anything else is touched: an action that changes members locks
    /// the project first and then changes rows of persons. The order is always the same, because two people may share
    /// projects.
    pub fn lock(conn: &mut Conn, person: i64) -> QueryResult<Everywhere> {
        let projects: Vec<(i64, String)> = memberships::table
            .filter(memberships::person_id.eq(person))
            .order(memberships::project_id)
            .select((memberships::project_id, memberships::role))
            .load(conn)?;
        projects.iter().try_for_each(|(project, _)| conn.lock_project(*project))?;
        Ok(Everywhere { person, projects })
    }

    /// Appends the same entry to each log, with the person as the actor.
    pub fn append(&self, conn: &mut Conn, at: (&Ids, Moment), origin: &Origin, trace: &Trace) -> Result<(), Error> {
        self.append_by(conn, |role| Actor::person(self.person, role), at, origin, trace)
    }

    /// Appends to each log what an operator did to the person at the command line.
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

//! What somebody does to their own account belongs to no project: it is entered in the log of each of theirs.

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
    /// With the role there.
    projects: Vec<(i64, String)>,
}

impl Everywhere {
    /// Before anything else is touched, and always in the same order: whoever changes members holds a project's lock when
    /// they come to a person's rows, and two people may share several projects.
    pub fn lock(conn: &mut Conn, person: i64) -> QueryResult<Everywhere> {
        let projects: Vec<(i64, String)> = memberships::table
            .filter(memberships::person_id.eq(person))
            .order(memberships::project_id)
            .select((memberships::project_id, memberships::role))
            .load(conn)?;
        projects.iter().try_for_each(|(project, _)| conn.lock_project(*project))?;
        Ok(Everywhere { person, projects })
    }

    /// The same entry in each log, done by the person.
    ///
    /// # Errors
    /// As [`append`].
    pub fn append(&self, conn: &mut Conn, at: (&Ids, Moment), origin: &Origin, trace: &Trace) -> Result<(), Error> {
        self.append_by(conn, |role| Actor::person(self.person, role), at, origin, trace)
    }

    /// Done to the person at the command line.
    ///
    /// # Errors
    /// As [`append`].
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

//! The hashes of a project's `Authorization` values.

use diesel::prelude::*;

use crate::base::clock::Moment;
use crate::base::ids::ProjectId;
use crate::db::Conn;
use crate::db::schema::projects;

/// The hash of the current value, and until when the previous value counts.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct SecretStatus {
    pub hash: String,
    /// When the value was last replaced; `None` while it is the one that the project began with.
    pub set_at: Option<Moment>,
    /// Until when the previous value counts.
    pub old_until: Option<Moment>,
}

impl SecretStatus {
    /// Until when the previous value counts; `None` when it does not count any more.
    pub fn overlap(&self, now: Moment) -> Option<Moment> {
        self.old_until.filter(|until| *until > now)
    }
}

pub fn load(conn: &mut Conn, project: ProjectId) -> QueryResult<SecretStatus> {
    projects::table
        .find(project)
        .select((projects::webhook_secret_hash, projects::webhook_secret_set_at, projects::old_webhook_secret_until))
        .first(conn)
}

/// The current value becomes the previous one, which counts until `until`. The value before that ends.
pub fn replace(
    conn: &mut Conn,
    project: ProjectId,
    (hash, now): (&str, Moment),
    (old, until): (&str, Option<Moment>),
) -> QueryResult<()> {
    diesel::update(projects::table.find(project))
        .set((
            projects::webhook_secret_hash.eq(hash),
            projects::webhook_secret_set_at.eq(now),
            projects::old_webhook_secret_hash.eq(until.map(|_| old)),
            projects::old_webhook_secret_until.eq(until),
        ))
        .execute(conn)?;
    Ok(())
}

pub fn end_old(conn: &mut Conn, project: ProjectId) -> QueryResult<()> {
    let nothing =
        (projects::old_webhook_secret_hash.eq(None::<String>), projects::old_webhook_secret_until.eq(None::<Moment>));
    diesel::update(projects::table.find(project)).set(nothing).execute(conn)?;
    Ok(())
}

//! The hashes of a project's `Authorization` values.

use diesel::prelude::*;

use crate::base::clock::Moment;
use crate::db::Conn;
use crate::db::schema::projects;

/// How things stand with the values.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct SecretStatus {
    pub hash: String,
    /// When it was replaced; `None`: it is the one the project began with.
    pub set_at: Option<Moment>,
    /// Until when the one before it counts.
    pub old_until: Option<Moment>,
}

impl SecretStatus {
    /// Until when the old value counts, where it still does.
    pub fn overlap(&self, now: Moment) -> Option<Moment> {
        self.old_until.filter(|until| *until > now)
    }
}

pub fn load(conn: &mut Conn, project: i64) -> QueryResult<SecretStatus> {
    projects::table
        .find(project)
        .select((projects::webhook_secret_hash, projects::webhook_secret_set_at, projects::old_webhook_secret_until))
        .first(conn)
}

/// The value so far becomes the old one. An older one that still counted ends.
pub fn replace(
    conn: &mut Conn,
    project: i64,
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

pub fn end_old(conn: &mut Conn, project: i64) -> QueryResult<()> {
    let nothing =
        (projects::old_webhook_secret_hash.eq(None::<String>), projects::old_webhook_secret_until.eq(None::<Moment>));
    diesel::update(projects::table.find(project)).set(nothing).execute(conn)?;
    Ok(())
}

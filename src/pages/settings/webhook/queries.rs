//! The hashes of a project's `Authorization` values.

use diesel::prelude::*;

use crate::base::clock::Moment;
use crate::base::ids::ProjectId;
use crate::db::Conn;
use crate::db::schema::projects;

/// The hash of the current value, and until when the previous value counts.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = projects)]
pub struct SecretStatus {
    #[diesel(column_name = webhook_secret_hash)]
    pub hash: String,
    /// When the value was last replaced; `None` while it is the one that the project began with.
    #[diesel(column_name = webhook_secret_set_at)]
    pub set_at: Option<Moment>,
    /// Until when the previous value counts.
    #[diesel(column_name = old_webhook_secret_until)]
    pub old_until: Option<Moment>,
}

impl SecretStatus {
    /// Until when the previous value counts; `None` when it does not count any more.
    pub fn overlap(&self, now: Moment) -> Option<Moment> {
        self.old_until.filter(|until| *until > now)
    }
}

pub fn load(conn: &mut Conn, project: ProjectId) -> QueryResult<SecretStatus> {
    projects::table.find(project).select(SecretStatus::as_select()).first(conn)
}

/// A new value in place of the current one, which counts until `old_until`.
pub struct Replacement<'a> {
    pub hash: &'a str,
    pub old_hash: &'a str,
    /// `None` if the old value ends now.
    pub old_until: Option<Moment>,
}

/// Replaces the current value. The value that was replaced before ends.
pub fn replace(conn: &mut Conn, project: ProjectId, new: &Replacement<'_>, now: Moment) -> QueryResult<()> {
    diesel::update(projects::table.find(project))
        .set((
            projects::webhook_secret_hash.eq(new.hash),
            projects::webhook_secret_set_at.eq(now),
            projects::old_webhook_secret_hash.eq(new.old_until.map(|_| new.old_hash)),
            projects::old_webhook_secret_until.eq(new.old_until),
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

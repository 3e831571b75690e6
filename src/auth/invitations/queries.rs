//! Queries about open invitations. Accepting or withdrawing one deletes it.

use diesel::prelude::*;

use super::model::{DAYS, Invitation, OpenInvitation, Token};
use crate::auth::names::Email;
use crate::base::Role;
use crate::base::clock::Moment;
use crate::base::ids::{InvitationId, PersonId, ProjectId};
use crate::db::Conn;
use crate::db::schema::{invitations, people, projects};

/// The invitation that an admin makes.
pub struct New<'a> {
    pub project: ProjectId,
    pub id: InvitationId,
    pub email: &'a Email,
    pub role: Role,
    pub invited_by: PersonId,
}

/// Adds an invitation. Deletes those of the project that have expired, and an older one for the same address.
pub fn insert(conn: &mut Conn, new: &New<'_>, token: &Token, now: Moment) -> QueryResult<()> {
    let of_project = || invitations::table.filter(invitations::project_id.eq(new.project));
    diesel::delete(of_project().filter(invitations::expires_at.le(now))).execute(conn)?;
    diesel::delete(of_project().filter(invitations::email.eq(new.email.as_str()))).execute(conn)?;
    diesel::insert_into(invitations::table)
        .values((
            invitations::project_id.eq(new.project),
            invitations::id.eq(new.id),
            invitations::token_hash.eq(token.hash()),
            invitations::email.eq(new.email.as_str()),
            invitations::role.eq(new.role),
            invitations::invited_by.eq(new.invited_by),
            invitations::created_at.eq(now),
            invitations::expires_at.eq(now.plus_days(DAYS)),
        ))
        .execute(conn)?;
    Ok(())
}

/// The open invitations of a project, the newest first.
pub fn list(conn: &mut Conn, project: ProjectId, now: Moment) -> QueryResult<Vec<Invitation>> {
    invitations::table
        .inner_join(people::table.on(people::id.eq(invitations::invited_by)))
        .filter(invitations::project_id.eq(project).and(invitations::expires_at.gt(now)))
        .order(invitations::id.desc())
        .select(Invitation::as_select())
        .load(conn)
}

/// The invitation of a link; `None` when it is unknown, used, withdrawn or expired.
pub fn find(conn: &mut Conn, token: &Token, now: Moment) -> QueryResult<Option<OpenInvitation>> {
    invitations::table
        .inner_join(people::table.on(people::id.eq(invitations::invited_by)))
        .inner_join(projects::table.on(projects::id.eq(invitations::project_id)))
        .filter(invitations::token_hash.eq(token.hash()).and(invitations::expires_at.gt(now)))
        .select(OpenInvitation::as_select())
        .first(conn)
        .optional()
}

/// Deletes an invitation that is accepted or withdrawn. Returns whether it existed: of two requests at once, only one
/// gets `true`.
pub fn take(conn: &mut Conn, project: ProjectId, id: InvitationId) -> QueryResult<bool> {
    Ok(diesel::delete(invitations::table.find((project, id))).execute(conn)? == 1)
}

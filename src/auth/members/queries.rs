//! Queries about the members of a project. Callers that change admins hold [`Conn::lock_project`], so that two changes
//! at once cannot leave a project without an admin.

use diesel::prelude::*;

use super::model::{FORMER, Line};
use crate::auth::second_factor;
use crate::base::Role;
use crate::base::clock::Moment;
use crate::base::ids::{PersonId, ProjectId};
use crate::db::Conn;
use crate::db::schema::{app_user_ids, invitations, memberships, notes, offering_overrides, people, sessions};

/// The members of a project, ordered by name.
pub fn list(conn: &mut Conn, project: ProjectId) -> QueryResult<Vec<Line>> {
    let mut lines: Vec<Line> = memberships::table
        .inner_join(people::table.on(people::id.eq(memberships::person_id)))
        .filter(memberships::project_id.eq(project))
        .select(Line::as_select())
        .load(conn)?;
    lines.sort_by_cached_key(|line| (line.name.to_lowercase(), line.email.clone()));
    Ok(lines)
}

pub fn count_admins(conn: &mut Conn, project: ProjectId) -> QueryResult<usize> {
    let admins = memberships::project_id.eq(project).and(memberships::role.eq(Role::Admin));
    let count: i64 = memberships::table.filter(admins).count().get_result(conn)?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// Removes a person from a project and deletes the invitations they sent. From the next request on they have no
/// access.
pub fn remove(conn: &mut Conn, project: ProjectId, person: PersonId) -> QueryResult<()> {
    withdraw_invitations(conn, project, person)?;
    diesel::delete(memberships::table.find((project, person))).execute(conn)?;
    Ok(())
}

/// Deletes the invitations that a person sent: with such a link, somebody who is no longer an admin could come back.
pub fn withdraw_invitations(conn: &mut Conn, project: ProjectId, person: PersonId) -> QueryResult<()> {
    let sent = invitations::project_id.eq(project).and(invitations::invited_by.eq(person));
    diesel::delete(invitations::table.filter(sent)).execute(conn)?;
    Ok(())
}

/// Closes the account of a person who belongs to no project: no password, session or second factor is left. Returns
/// whether it closed the account.
pub fn close_if_alone(conn: &mut Conn, person: PersonId, now: Moment) -> QueryResult<bool> {
    // The person may be accepting an invitation at this moment.
    conn.lock_person(person)?;
    let left: i64 = memberships::table.filter(memberships::person_id.eq(person)).count().get_result(conn)?;
    if left > 0 {
        return Ok(false);
    }
    let closed = (people::closed_at.eq(now), people::password_hash.eq(""));
    diesel::update(people::table.find(person)).set(closed).execute(conn)?;
    diesel::delete(sessions::table.filter(sessions::person_id.eq(person))).execute(conn)?;
    diesel::delete(sessions::table.filter(sessions::person_awaiting_code_id.eq(person))).execute(conn)?;
    second_factor::queries::switch_off(conn, person)?;
    Ok(true)
}

/// Replaces the name of a person under what they wrote in this project.
pub fn erase_name(conn: &mut Conn, project: ProjectId, person: PersonId) -> QueryResult<()> {
    let customers = || {
        let own = app_user_ids::table.filter(app_user_ids::project_id.eq(project));
        own.select(app_user_ids::customer_id)
    };
    let name: String = people::table.find(person).select(people::name).first(conn)?;
    let written = notes::author_id.eq(person).and(notes::customer_id.eq_any(customers()));
    let erased = (notes::author.eq(FORMER), notes::author_email.eq(""), notes::author_id.eq(None::<PersonId>));
    diesel::update(notes::table.filter(written)).set(erased).execute(conn)?;
    let edited = notes::edited_by_id.eq(person).and(notes::customer_id.eq_any(customers()));
    let erased = (notes::edited_by.eq(FORMER), notes::edited_by_id.eq(None::<PersonId>));
    diesel::update(notes::table.filter(edited)).set(erased).execute(conn)?;
    // Overrides made before ids were stored hold only the name.
    let unknown = offering_overrides::set_by_id.is_null().and(offering_overrides::set_by.eq(name));
    let set = offering_overrides::set_by_id.eq(person).or(unknown.nullable());
    let set = offering_overrides::table.filter(offering_overrides::project_id.eq(project)).filter(set);
    let erased = (offering_overrides::set_by.eq(FORMER), offering_overrides::set_by_id.eq(None::<PersonId>));
    diesel::update(set).set(erased).execute(conn)?;
    Ok(())
}

/// Erases the name and the address of a closed account. The row stays, because what the person did refers to it.
pub fn erase_account(conn: &mut Conn, person: PersonId) -> QueryResult<()> {
    let erased =
        (people::name.eq(FORMER), people::email.eq(format!("former-{person}")), people::time_zone.eq(None::<String>));
    diesel::update(people::table.find(person)).set(erased).execute(conn)?;
    Ok(())
}

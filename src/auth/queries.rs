//! Queries about people, their memberships and their sessions.

use std::collections::HashMap;

use diesel::prelude::*;

use super::device::KnownAccount;
use super::{Person, Project};
use crate::base::Role;
use crate::base::clock::Moment;
use crate::base::config::SessionLimits;
use crate::base::ids::{PersonId, ProjectId};
use crate::customers::TransferBehavior;
use crate::db::schema::{memberships, people, projects, sessions};
use crate::db::{Both, Conn};

/// A session's row, joined with its person and one of the person's projects.
#[derive(Queryable, Selectable)]
#[diesel(table_name = sessions)]
pub struct SessionLine {
    pub created_at: Moment,
    pub used_at: Moment,
    pub proved_at: Moment,
    #[diesel(embed)]
    pub person: Person,
    #[diesel(select_expression = people::theme)]
    pub theme: String,
    #[diesel(select_expression = people::time_zone)]
    pub time_zone: Option<String>,
    #[diesel(select_expression = people::second_factor_at)]
    pub second_factor_at: Option<Moment>,
    #[diesel(select_expression = memberships::role.nullable())]
    pub role: Option<Role>,
    #[diesel(embed)]
    pub project: Option<Project>,
}

pub struct NewSession {
    pub row: String,
    pub person: Option<PersonId>,
    /// The person whose second factor must still follow.
    pub person_awaiting_code_id: Option<PersonId>,
    /// The browser, in words.
    pub browser: String,
    pub state: HashMap<String, String>,
    pub now: Moment,
    pub limits: SessionLimits,
}

pub struct NewPerson<'a> {
    pub id: PersonId,
    pub email: &'a str,
    pub name: &'a str,
    pub password_hash: &'a str,
}

pub struct NewProject<'a> {
    pub id: ProjectId,
    pub slug: &'a str,
    pub name: &'a str,
    pub webhook_secret_hash: &'a str,
}

/// The person of a session with all their projects, one line for each; no line when there is no such session.
pub fn lines_of_session(conn: &mut Conn, row: &str) -> QueryResult<Vec<SessionLine>> {
    sessions::table
        .inner_join(people::table.on(sessions::person_id.eq(people::id.nullable())))
        .left_join(memberships::table.on(memberships::person_id.eq(people::id)))
        .left_join(projects::table.on(projects::id.nullable().eq(memberships::project_id.nullable())))
        .filter(sessions::key_hash.eq(row).and(people::closed_at.is_null()))
        .select(SessionLine::as_select())
        .load(conn)
}

/// Starts a session, and deletes those that are over.
pub fn start_session(conn: &mut Conn, new: &NewSession) -> QueryResult<()> {
    let limits = new.limits;
    diesel::delete(sessions::table.filter(sessions::used_at.lt(limits.last_used(new.now)))).execute(conn)?;
    diesel::delete(sessions::table.filter(sessions::created_at.lt(limits.first_made(new.now)))).execute(conn)?;
    diesel::insert_into(sessions::table)
        .values((
            sessions::key_hash.eq(&new.row),
            sessions::person_id.eq(new.person),
            sessions::person_awaiting_code_id.eq(new.person_awaiting_code_id),
            sessions::browser.eq(&new.browser),
            sessions::state.eq(to_json(&new.state)),
            sessions::created_at.eq(new.now),
            sessions::used_at.eq(new.now),
            sessions::proved_at.eq(new.now),
        ))
        .execute(conn)?;
    Ok(())
}

/// The person of a session whose second factor must still follow, and since when; `None` for other sessions.
pub fn person_awaiting_code(conn: &mut Conn, row: &str) -> QueryResult<Option<(PersonId, Moment)>> {
    sessions::table
        .inner_join(people::table.on(sessions::person_awaiting_code_id.eq(people::id.nullable())))
        .filter(sessions::key_hash.eq(row).and(people::closed_at.is_null()))
        .select((people::id, sessions::created_at))
        .first(conn)
        .optional()
}

/// The person who is logged in with a session.
pub fn person_of_session(conn: &mut Conn, row: &str) -> QueryResult<Option<PersonId>> {
    let person: Option<Option<PersonId>> =
        sessions::table.find(row).select(sessions::person_id).first(conn).optional()?;
    Ok(person.flatten())
}

pub fn change_session(conn: &mut Conn, new: NewSession) -> QueryResult<()> {
    let kept: Option<String> = sessions::table.find(&new.row).select(sessions::state).first(conn).optional()?;
    let Some(kept) = kept else { return start_session(conn, &new) };
    let mut state: HashMap<String, String> = serde_json::from_str(&kept).unwrap_or_default();
    state.extend(new.state);
    let row = diesel::update(sessions::table.find(&new.row));
    row.set((sessions::state.eq(to_json(&state)), sessions::used_at.eq(new.now))).execute(conn)?;
    Ok(())
}

pub fn use_session(conn: &mut Conn, row: &str, now: Moment) -> QueryResult<()> {
    diesel::update(sessions::table.find(row)).set(sessions::used_at.eq(now)).execute(conn)?;
    person_of_session(conn, row)?.map_or(Ok(()), |person| record_last_seen(conn, person, now))
}

/// Records when a person last used Dossier.
pub fn record_last_seen(conn: &mut Conn, person: PersonId, now: Moment) -> QueryResult<()> {
    diesel::update(people::table.find(person)).set(people::seen_at.eq(now)).execute(conn)?;
    Ok(())
}

pub fn end_session(conn: &mut Conn, row: &str) -> QueryResult<()> {
    diesel::delete(sessions::table.find(row)).execute(conn)?;
    Ok(())
}

/// An open account.
#[derive(Queryable, Selectable)]
#[diesel(table_name = people)]
pub struct OpenAccount {
    pub id: PersonId,
    pub password_hash: String,
    /// How often the password was changed.
    pub device_generation: i64,
}

impl OpenAccount {
    /// The account as the cookie of a browser names it.
    pub fn known(&self) -> KnownAccount {
        KnownAccount { person: self.id, generation: self.device_generation }
    }
}

/// The open account with this address, in the form of [`Email`](crate::auth::names::Email).
pub fn account(conn: &mut Conn, email: &str) -> QueryResult<Option<OpenAccount>> {
    let open = people::table.filter(people::email.eq(email).and(people::closed_at.is_null()));
    open.select(OpenAccount::as_select()).first(conn).optional()
}

/// The account of a person, as the cookie of a browser names it.
pub fn known_account(conn: &mut Conn, person: PersonId) -> QueryResult<KnownAccount> {
    let generation = people::table.find(person).select(people::device_generation).first(conn)?;
    Ok(KnownAccount { person, generation })
}

/// Stores the hash of a password. [`change_password`](super::account::change_password) is for a new password.
pub fn set_password(conn: &mut Conn, person: PersonId, password_hash: &str) -> QueryResult<()> {
    diesel::update(people::table.find(person)).set(people::password_hash.eq(password_hash)).execute(conn)?;
    Ok(())
}

pub fn insert_person(conn: &mut Conn, new: &NewPerson<'_>, now: Moment) -> QueryResult<()> {
    diesel::insert_into(people::table)
        .values((
            people::id.eq(new.id),
            people::email.eq(new.email),
            people::name.eq(new.name),
            people::password_hash.eq(new.password_hash),
            people::created_at.eq(now),
        ))
        .execute(conn)?;
    Ok(())
}

/// Opens a closed account again.
pub fn reopen(conn: &mut Conn, new: &NewPerson<'_>) -> QueryResult<()> {
    let open =
        (people::name.eq(new.name), people::password_hash.eq(new.password_hash), people::closed_at.eq(None::<Moment>));
    diesel::update(people::table.find(new.id)).set(open).execute(conn)?;
    Ok(())
}

/// An account, open or closed.
#[derive(Debug, Clone, Copy, Queryable, Selectable)]
#[diesel(table_name = people)]
pub struct Account {
    pub id: PersonId,
    #[diesel(select_expression = people::closed_at.is_null())]
    pub is_open: bool,
}

/// The account with this address.
pub fn by_email(conn: &mut Conn, email: &str) -> QueryResult<Option<Account>> {
    let own = people::table.filter(people::email.eq(email));
    own.select(Account::as_select()).first(conn).optional()
}

pub fn role_of(conn: &mut Conn, project: ProjectId, person: PersonId) -> QueryResult<Option<Role>> {
    memberships::table.find((project, person)).select(memberships::role).first(conn).optional()
}

/// Makes the person a member with this role, or changes the role of a member.
pub fn set_role(conn: &mut Conn, project: ProjectId, person: PersonId, role: Role) -> QueryResult<()> {
    let row = (memberships::project_id.eq(project), memberships::person_id.eq(person), memberships::role.eq(role));
    let key = (memberships::project_id, memberships::person_id);
    let insert = diesel::insert_into(memberships::table).values(row);
    Both(insert.on_conflict(key).do_update().set(memberships::role.eq(role))).execute(conn)?;
    Ok(())
}

pub fn insert_project(conn: &mut Conn, new: &NewProject<'_>, now: Moment) -> QueryResult<()> {
    diesel::insert_into(projects::table)
        .values((
            projects::id.eq(new.id),
            projects::slug.eq(new.slug),
            projects::name.eq(new.name),
            projects::webhook_secret_hash.eq(new.webhook_secret_hash),
            projects::transfer_behavior.eq(TransferBehavior::TransferToNew),
            projects::created_at.eq(now),
        ))
        .execute(conn)?;
    Ok(())
}

pub fn project_id(conn: &mut Conn, slug: &str) -> QueryResult<Option<ProjectId>> {
    projects::table.filter(projects::slug.eq(slug)).select(projects::id).first(conn).optional()
}

pub fn project_name(conn: &mut Conn, slug: &str) -> QueryResult<Option<String>> {
    projects::table.filter(projects::slug.eq(slug)).select(projects::name).first(conn).optional()
}

pub fn require_second_factor(conn: &mut Conn, project: ProjectId, is_required: bool) -> QueryResult<()> {
    let row = diesel::update(projects::table.find(project));
    row.set(projects::requires_second_factor.eq(is_required)).execute(conn)?;
    Ok(())
}

fn to_json(state: &HashMap<String, String>) -> String {
    serde_json::to_string(state).unwrap_or_else(|_| "{}".into())
}

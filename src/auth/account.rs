//! What people change in their own account: name, preferences and sessions.

use diesel::prelude::*;
use sha2::{Digest, Sha256};

use crate::base::clock::Moment;
use crate::base::hex;
use crate::base::ids::PersonId;
use crate::db::Conn;
use crate::db::schema::{people, sessions};
use crate::wording::Preferences;

/// An open session.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = sessions)]
pub struct OpenSession {
    #[diesel(column_name = key_hash)]
    pub row: String,
    pub browser: String,
    pub created_at: Moment,
    pub used_at: Moment,
}

pub fn rename(conn: &mut Conn, person: PersonId, name: &str) -> QueryResult<()> {
    diesel::update(people::table.find(person)).set(people::name.eq(name)).execute(conn)?;
    Ok(())
}

pub fn set_preferences(conn: &mut Conn, person: PersonId, preferences: Preferences) -> QueryResult<()> {
    let zone = preferences.zone.map(|zone| zone.name());
    let row = (people::theme.eq(preferences.theme), people::time_zone.eq(zone));
    diesel::update(people::table.find(person)).set(row).execute(conn)?;
    Ok(())
}

/// The sessions that are not over, the most recently used one first.
pub fn sessions(
    conn: &mut Conn,
    person: PersonId,
    used_since: Moment,
    made_since: Moment,
) -> QueryResult<Vec<OpenSession>> {
    sessions::table
        .filter(sessions::person_id.eq(person))
        .filter(sessions::used_at.ge(used_since).and(sessions::created_at.ge(made_since)))
        .order((sessions::used_at.desc(), sessions::key_hash))
        .select(OpenSession::as_select())
        .load(conn)
}

/// Ends a session; returns whether it existed.
pub fn end_session(conn: &mut Conn, person: PersonId, row: &str) -> QueryResult<bool> {
    let own = sessions::table.find(row).filter(sessions::person_id.eq(person));
    Ok(diesel::delete(own).execute(conn)? == 1)
}

/// Stores the hash of a new password. Ends all sessions, and no browser is known any more.
pub fn change_password(conn: &mut Conn, person: PersonId, password_hash: &str) -> QueryResult<()> {
    let changed =
        (people::password_hash.eq(password_hash), people::device_generation.eq(people::device_generation + 1));
    diesel::update(people::table.find(person)).set(changed).execute(conn)?;
    end_others(conn, person, "")?;
    Ok(())
}

/// A mark of `what` for this account. Whoever cannot read the stored password hash cannot make it.
pub fn mark(conn: &mut Conn, person: PersonId, what: &str) -> QueryResult<String> {
    let kept: String = people::table.find(person).select(people::password_hash).first(conn)?;
    Ok(hex(&Sha256::digest(format!("{what} {person} {kept}")))[..16].to_owned())
}

/// Ends all sessions but `row`, and all log-ins that still wait for the second factor; returns how many sessions
/// ended.
pub fn end_others(conn: &mut Conn, person: PersonId, row: &str) -> QueryResult<usize> {
    let others = sessions::table.filter(sessions::person_id.eq(person).and(sessions::key_hash.ne(row)));
    let ended = diesel::delete(others).execute(conn)?;
    diesel::delete(sessions::table.filter(sessions::person_awaiting_code_id.eq(person))).execute(conn)?;
    Ok(ended)
}

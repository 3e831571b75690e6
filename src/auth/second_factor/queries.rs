//! Queries about second factors and recovery codes. A second factor is on when its person has `second_factor_at`.
//! Before that the person is setting it up, and no log-in asks for it.

use diesel::prelude::*;

use super::recovery::RecoveryCode;
use super::secret::Secret;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::PersonId;
use crate::db::schema::{people, recovery_codes, second_factors};
use crate::db::secrets::second_factor as place;
use crate::db::{Both, Conn};

/// For how many minutes a secret waits for its first code.
pub const PENDING_MINUTES: i64 = 10;

/// Since when the person logs in with a code; `None` when the second factor is off.
pub fn on_since(conn: &mut Conn, person: PersonId) -> QueryResult<Option<Moment>> {
    people::table.find(person).select(people::second_factor_at).first(conn)
}

/// The stored secret of a person, whether the second factor is on or being set up.
///
/// # Errors
/// When the database fails, or the secret does not open with the master key.
pub fn secret(conn: &mut Conn, person: PersonId) -> Result<Option<Vec<u8>>, Error> {
    let sealed = second_factors::table.find(person).select(second_factors::secret);
    let Some(sealed) = sealed.first::<Vec<u8>>(conn).optional()? else { return Ok(None) };
    conn.master_keys()?.open(&place(person), &sealed).map(Some)
}

/// Begins setting up a second factor; replaces a secret from an earlier start.
///
/// # Errors
/// When the database fails, or the secret cannot be sealed.
pub fn begin(conn: &mut Conn, person: PersonId, secret: &[u8], now: Moment) -> Result<(), Error> {
    let secret = conn.master_keys()?.seal(&place(person), secret)?;
    let secret = secret.as_slice();
    let fresh = (second_factors::secret.eq(secret), second_factors::last_step.eq(0), second_factors::begun_at.eq(now));
    let insert = diesel::insert_into(second_factors::table).values((second_factors::person_id.eq(person), fresh));
    Both(insert.on_conflict(second_factors::person_id).do_update().set(fresh)).execute(conn)?;
    Ok(())
}

/// Whether the person began to set up a second factor at most [`PENDING_MINUTES`] ago.
pub fn is_begun(conn: &mut Conn, person: PersonId, now: Moment) -> QueryResult<bool> {
    let begun = second_factors::table.find(person).filter(second_factors::begun_at.ge(first_begun(now)));
    Ok(begun.count().get_result::<i64>(conn)? == 1)
}

/// Deletes the secrets of people who began to set up a second factor and did not finish in time; returns how many.
pub fn forget_unfinished(conn: &mut Conn, now: Moment) -> QueryResult<usize> {
    let without = people::table.filter(people::second_factor_at.is_null()).select(people::id);
    let late = second_factors::begun_at.lt(first_begun(now));
    let unfinished = second_factors::table.filter(late.and(second_factors::person_id.eq_any(without)));
    diesel::delete(unfinished).execute(conn)
}

fn first_begun(now: Moment) -> Moment {
    now.plus_seconds(-PENDING_MINUTES * 60)
}

/// Turns the second factor on: from now on the log-in asks for a code.
pub fn switch_on(conn: &mut Conn, person: PersonId, now: Moment) -> QueryResult<()> {
    diesel::update(people::table.find(person)).set(people::second_factor_at.eq(now)).execute(conn)?;
    Ok(())
}

/// Turns the second factor off; deletes its secret and the recovery codes.
pub fn switch_off(conn: &mut Conn, person: PersonId) -> QueryResult<()> {
    diesel::update(people::table.find(person)).set(people::second_factor_at.eq(None::<Moment>)).execute(conn)?;
    diesel::delete(second_factors::table.find(person)).execute(conn)?;
    diesel::delete(recovery_codes::table.filter(recovery_codes::person_id.eq(person))).execute(conn)?;
    Ok(())
}

/// Whether `typed` is a code that is valid now, or a recovery code. Asking uses the code up, so that it works once
/// even when it comes twice at the same moment.
pub fn spend(conn: &mut Conn, person: PersonId, typed: &str, now: Moment) -> Result<bool, Error> {
    if let Some(code) = RecoveryCode::parse(typed) {
        let own = recovery_codes::table.find((person, code.hash(person)));
        return Ok(diesel::delete(own).execute(conn)? == 1);
    }
    let Some(bytes) = secret(conn, person)? else { return Ok(false) };
    let Some(step) = Secret::new(bytes, "", "")?.step(typed, now) else { return Ok(false) };
    let unused = second_factors::table.find(person).filter(second_factors::last_step.lt(step));
    Ok(diesel::update(unused).set(second_factors::last_step.eq(step)).execute(conn)? == 1)
}

/// Replaces all recovery codes of a person.
pub fn replace_codes(conn: &mut Conn, person: PersonId, codes: &[RecoveryCode]) -> QueryResult<()> {
    diesel::delete(recovery_codes::table.filter(recovery_codes::person_id.eq(person))).execute(conn)?;
    for code in codes {
        let row = (recovery_codes::person_id.eq(person), recovery_codes::code_hash.eq(code.hash(person)));
        diesel::insert_into(recovery_codes::table).values(row).execute(conn)?;
    }
    Ok(())
}

/// How many recovery codes are left.
pub fn count_codes(conn: &mut Conn, person: PersonId) -> QueryResult<i64> {
    recovery_codes::table.filter(recovery_codes::person_id.eq(person)).count().get_result(conn)
}

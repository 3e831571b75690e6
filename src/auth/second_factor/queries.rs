//! Second factors and recovery codes. A factor is on when its person has `second_factor_at`; before that it is being set
//! up and no log-in asks for it.

use diesel::prelude::*;

use super::recovery::RecoveryCode;
use super::secret::Secret;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::db::schema::{people, recovery_codes, second_factors};
use crate::db::{Both, Conn};

/// Since when the person's log-in asks for a code.
pub fn on_since(conn: &mut Conn, person: i64) -> QueryResult<Option<Moment>> {
    people::table.find(person).select(people::second_factor_at).first(conn)
}

/// The secret that is kept of a person, on or being set up.
pub fn secret(conn: &mut Conn, person: i64) -> QueryResult<Option<Vec<u8>>> {
    second_factors::table.find(person).select(second_factors::secret).first(conn).optional()
}

/// Begins setting up: another begun before is forgotten.
pub fn begin(conn: &mut Conn, person: i64, secret: &[u8]) -> QueryResult<()> {
    let row =
        (second_factors::person_id.eq(person), second_factors::secret.eq(secret), second_factors::last_step.eq(0));
    let insert = diesel::insert_into(second_factors::table).values(row);
    let fresh = (second_factors::secret.eq(secret), second_factors::last_step.eq(0));
    Both(insert.on_conflict(second_factors::person_id).do_update().set(fresh)).execute(conn)?;
    Ok(())
}

/// From now on the log-in asks for it.
pub fn switch_on(conn: &mut Conn, person: i64, now: Moment) -> QueryResult<()> {
    diesel::update(people::table.find(person)).set(people::second_factor_at.eq(now)).execute(conn)?;
    Ok(())
}

/// The secret and the recovery codes go.
pub fn switch_off(conn: &mut Conn, person: i64) -> QueryResult<()> {
    diesel::update(people::table.find(person)).set(people::second_factor_at.eq(None::<Moment>)).execute(conn)?;
    diesel::delete(second_factors::table.find(person)).execute(conn)?;
    diesel::delete(recovery_codes::table.filter(recovery_codes::person_id.eq(person))).execute(conn)?;
    Ok(())
}

/// Whether `typed` is a code that counts now, or a recovery code. It is used up by the asking, so that it works once even
/// when it comes twice at the same moment.
pub fn spend(conn: &mut Conn, person: i64, typed: &str, now: Moment) -> Result<bool, Error> {
    if let Some(code) = RecoveryCode::parse(typed) {
        let own = recovery_codes::table.find((person, code.hash(person)));
        return Ok(diesel::delete(own).execute(conn)? == 1);
    }
    let Some(bytes) = secret(conn, person)? else { return Ok(false) };
    let Some(step) = Secret::new(bytes, "", "")?.step(typed, now) else { return Ok(false) };
    let unused = second_factors::table.find(person).filter(second_factors::last_step.lt(step));
    Ok(diesel::update(unused).set(second_factors::last_step.eq(step)).execute(conn)? == 1)
}

/// A new set of recovery codes instead of the old one.
pub fn replace_codes(conn: &mut Conn, person: i64, codes: &[RecoveryCode]) -> QueryResult<()> {
    diesel::delete(recovery_codes::table.filter(recovery_codes::person_id.eq(person))).execute(conn)?;
    for code in codes {
        let row = (recovery_codes::person_id.eq(person), recovery_codes::code_hash.eq(code.hash(person)));
        diesel::insert_into(recovery_codes::table).values(row).execute(conn)?;
    }
    Ok(())
}

/// How many are left.
pub fn count_codes(conn: &mut Conn, person: i64) -> QueryResult<i64> {
    recovery_codes::table.filter(recovery_codes::person_id.eq(person)).count().get_result(conn)
}

//! Keys the program makes for itself at first start and keeps in the database, so that every process has the same.

use diesel::prelude::*;

use crate::base::error::Error;
use crate::base::random_bytes;
use crate::db::schema::secrets;
use crate::db::{Both, Conn, Db};

/// Signs session cookies.
pub const SESSION_KEY: &str = "session_key";
/// Stands for ids that were erased.
pub const ERASURE_KEY: &str = "erasure_key";

/// The secret called `name`. Two processes may start at once: whoever comes first makes it, both read it.
///
/// # Errors
/// One line for the operator.
pub fn load_or_create(db: &Db, name: &'static str) -> Result<Vec<u8>, String> {
    let failure = |error: Error| format!("the database cannot be written: {}", error.cause().unwrap_or("unknown"));
    let fresh = random_bytes::<64>().map_err(|error| error.to_string())?;
    db.write_here(move |conn| Ok(keep(conn, name, &fresh)?)).map_err(failure)
}

/// The secret called `name`, made now if there is none, as part of a change.
pub fn within(conn: &mut Conn, name: &str) -> Result<Vec<u8>, Error> {
    let fresh = random_bytes::<64>()?;
    Ok(keep(conn, name, &fresh)?)
}

/// The secret called `name`, if it was ever made.
pub fn find(conn: &mut Conn, name: &str) -> QueryResult<Option<Vec<u8>>> {
    secrets::table.find(name).select(secrets::value).first(conn).optional()
}

fn keep(conn: &mut Conn, name: &str, fresh: &[u8]) -> QueryResult<Vec<u8>> {
    let row = (secrets::name.eq(name), secrets::value.eq(fresh));
    Both(diesel::insert_into(secrets::table).values(row).on_conflict_do_nothing()).execute(conn)?;
    secrets::table.find(name).select(secrets::value).first(conn)
}

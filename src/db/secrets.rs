//! Keys that the program generates once and stores in the database, so that every process uses the same ones.

use diesel::prelude::*;

use crate::base::error::Error;
use crate::base::random_bytes;
use crate::db::schema::secrets;
use crate::db::{Both, Conn, Db};

/// The name of the key that signs session cookies.
pub const SESSION_KEY: &str = "session_key";
/// The name of the key that signs the cookies of browsers that have logged in.
pub const DEVICE_KEY: &str = "device_key";
/// The name of the key that hashes the ids of erased customers.
pub const ERASURE_KEY: &str = "erasure_key";

/// Returns the secret called `name`, and creates it if it is missing. When two processes start at once, one creates it
/// and both read it.
///
/// # Errors
/// One line for the operator.
pub fn load_or_create(db: &Db, name: &'static str) -> Result<Vec<u8>, String> {
    let failure = |error: Error| format!("cannot write to the database: {}", error.cause().unwrap_or("unknown"));
    let fresh = random_bytes::<64>().map_err(|error| error.to_string())?;
    db.write_here(move |conn| Ok(insert_or_read(conn, name, &fresh)?)).map_err(failure)
}

/// As [`load_or_create`], inside the transaction of the caller.
pub fn load_or_create_in(conn: &mut Conn, name: &str) -> Result<Vec<u8>, Error> {
    let fresh = random_bytes::<64>()?;
    Ok(insert_or_read(conn, name, &fresh)?)
}

/// The secret called `name`, or `None` if it was never created.
pub fn find(conn: &mut Conn, name: &str) -> QueryResult<Option<Vec<u8>>> {
    secrets::table.find(name).select(secrets::value).first(conn).optional()
}

fn insert_or_read(conn: &mut Conn, name: &str, fresh: &[u8]) -> QueryResult<Vec<u8>> {
    let row = (secrets::name.eq(name), secrets::value.eq(fresh));
    Both(diesel::insert_into(secrets::table).values(row).on_conflict_do_nothing()).execute(conn)?;
    secrets::table.find(name).select(secrets::value).first(conn)
}

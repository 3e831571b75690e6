//! After an erasure the database's own leftovers are cleared away: asked for in the same transaction, done outside of it,
//! and until it is done tried again.

use diesel::prelude::*;

use crate::db::Db;
use crate::error::Error;
use crate::schema::sweeps;

/// Clears away what the erasures so far have left. Returns whether nothing is left to do.
///
/// # Errors
/// What the database said.
pub fn work(db: &Db) -> Result<bool, Error> {
    let asked: Vec<i64> = db.read_here(|conn| Ok::<_, Error>(sweeps::table.select(sweeps::id).load(conn)?))?;
    if asked.is_empty() {
        return Ok(true);
    }
    if !db.clear_leftovers()? {
        return Ok(false);
    }
    db.write_here(|conn| {
        // One by one: there may be more than a statement takes.
        asked.iter().try_for_each(|id| diesel::delete(sweeps::table.find(id)).execute(conn).map(drop))?;
        Ok::<_, Error>(true)
    })
}

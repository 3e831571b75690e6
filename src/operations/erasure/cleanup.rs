//! After an erasure the database's own leftovers are cleared away: asked for in the same transaction, done outside of it,
//! and until it is done tried again.

use diesel::prelude::*;

use crate::base::error::Error;
use crate::db::Db;
use crate::db::schema::cleanups;

/// Clears away what the erasures so far have left. Returns of how many; none while readers are in the way.
pub fn work(db: &Db) -> Result<usize, Error> {
    let asked: Vec<i64> = db.read_here(|conn| Ok::<_, Error>(cleanups::table.select(cleanups::id).load(conn)?))?;
    if asked.is_empty() || !db.clear_leftovers()? {
        return Ok(0);
    }
    db.write_here(|conn| {
        // One by one: there may be more than a statement takes.
        asked.iter().try_for_each(|id| diesel::delete(cleanups::table.find(id)).execute(conn).map(drop))?;
        Ok::<_, Error>(asked.len())
    })
}

/// [`work`] right after an erasure, off the async threads. What does not work now is done in the background.
pub async fn soon(db: &Db) {
    let db = db.clone();
    match tokio::task::spawn_blocking(move || work(&db)).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::warn!(cause = error.cause(), "the leftovers of an erasure wait to be cleared away"),
        Err(error) => tracing::error!(%error, "clearing away the leftovers of an erasure panicked"),
    }
}

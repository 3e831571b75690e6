//! Clears the database's own leftovers after an erasure. The erasure requests this in its transaction; the cleanup runs
//! outside of that transaction, and is retried until it succeeds.

use diesel::prelude::*;

use crate::base::error::Error;
use crate::base::ids::RowId;
use crate::db::Db;
use crate::db::schema::cleanups;

/// Clears the leftovers of all erasures so far. Returns how many erasures that were; 0 while readers block the cleanup.
pub fn work(db: &Db) -> Result<usize, Error> {
    let asked: Vec<RowId> = db.read_here(|conn| Ok::<_, Error>(cleanups::table.select(cleanups::id).load(conn)?))?;
    if asked.is_empty() || !db.clear_leftovers()? {
        return Ok(0);
    }
    db.write_here(|conn| {
        // One by one: there may be more than a statement takes.
        asked.iter().try_for_each(|id| diesel::delete(cleanups::table.find(id)).execute(conn).map(drop))?;
        Ok::<_, Error>(asked.len())
    })
}

/// Runs [`work`] right after an erasure, on a thread for blocking calls. If it fails, a background job retries it.
pub async fn soon(db: &Db) {
    let db = db.clone();
    match tokio::task::spawn_blocking(move || work(&db)).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => {
            tracing::warn!(cause = error.cause(), "cleanup after an erasure failed, a job retries it")
        }
        Err(error) => tracing::error!(%error, "cleanup after an erasure panicked"),
    }
}

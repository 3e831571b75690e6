//! Has the database overwrite the free space that erasures leave. An erasure requests this in its transaction; a job does it
//! for all erasures of a minute together. No request waits for it.

use diesel::prelude::*;

use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::RowId;
use crate::db::schema::cleanups;
use crate::db::{Conn, Db};
use crate::wording::times;

/// Within how many minutes of an erasure the free space is overwritten.
pub const WITHIN_MINUTES: i64 = 10;
/// How long the first erasure waits for others, in milliseconds.
const GATHERED_MS: i64 = 60_000;

/// When the free space that an erasure of `now` leaves is overwritten at the latest. `None` on PostgreSQL, which overwrites the
/// free parts of its files only as it uses them again.
pub fn deadline(conn: &Conn, now: Moment) -> Option<Moment> {
    conn.is_sqlite().then(|| now.plus_minutes(WITHIN_MINUTES))
}

/// [`deadline`] as a sentence that follows what was erased: `Free space is overwritten by 3 Nov, 09:40 UTC.`
pub fn sentence(conn: &Conn, now: Moment) -> String {
    match deadline(conn, now) {
        Some(by) => format!("Free space is overwritten by {}.", times::day_and_time(by, now)),
        None => {
            "The database clears the rows within ten minutes, and overwrites free parts of its files as it uses them again.".into()
        }
    }
}

/// Overwrites the free space of all erasures so far, if the first was a minute ago. Returns how many erasures that were; 0
/// when part of it is left for another time.
///
/// # Errors
/// When the database does not answer. All is tried again by the next call.
pub fn work(db: &Db, now: Moment, is_stopping: &dyn Fn() -> bool) -> Result<usize, Error> {
    let asked = db.read_here(|conn| {
        let asked = cleanups::table.select((cleanups::id, cleanups::asked_at));
        Ok::<_, Error>(asked.load::<(RowId, Moment)>(conn)?)
    })?;
    let Some(first) = asked.iter().map(|(_, at)| *at).min() else { return Ok(0) };
    let waited = now.since(first);
    if waited < GATHERED_MS || !db.overwrite_free_space(is_stopping)? {
        warn_when_late(waited);
        return Ok(0);
    }
    db.write_here(|conn| {
        // One by one: there may be more than a statement takes.
        asked.iter().try_for_each(|(id, _)| diesel::delete(cleanups::table.find(id)).execute(conn).map(drop))?;
        Ok::<_, Error>(asked.len())
    })
}

fn warn_when_late(waited: i64) {
    if waited > WITHIN_MINUTES * 60_000 {
        let minutes = waited / 60_000;
        tracing::warn!(
            minutes,
            "the free space that an erasure left is still not overwritten: a long reader is in the way"
        );
    }
}

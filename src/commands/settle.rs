//! Derives the standing of many customers in small transactions, so that a server on the same database goes on.

use diesel::prelude::*;
use indicatif::ProgressBar;

use crate::customers::standing;
use crate::db::{Conn, Db};
use crate::error::Error;
use crate::schema::{customers, stale_customers};
use crate::state::CustomerId;

/// How many customers share a commit.
const CHUNK: i64 = 1_000;

/// Derives every customer that an import left stale; returns how many.
///
/// # Errors
/// What the database said.
pub fn stale(db: &Db, is_new: impl Fn(CustomerId) -> bool, bar: &ProgressBar) -> Result<usize, Error> {
    let total = db.read_here(|conn| Ok::<i64, Error>(stale_customers::table.count().get_result(conn)?))?;
    bar.set_length(u64::try_from(total).unwrap_or(0));
    bar.set_position(0);
    let mut derived = 0;
    loop {
        let done = db
            .write_here(|conn| settle_chunk(conn, &is_new))
            .or_else(|_: Error| db.write_here(|conn| settle_chunk(conn, |_| false)))?;
        if done == 0 {
            return Ok(derived);
        }
        derived += done;
        bar.inc(done as u64);
    }
}

fn settle_chunk(conn: &mut Conn, is_new: impl Fn(CustomerId) -> bool) -> Result<usize, Error> {
    let chunk: Vec<CustomerId> = stale_customers::table
        .order(stale_customers::customer_id)
        .limit(CHUNK)
        .select(stale_customers::customer_id)
        .load(conn)?;
    let owners = customers::table.filter(customers::id.eq_any(&chunk)).select(customers::project_id);
    let projects: Vec<i64> = owners.distinct().order(customers::project_id).load(conn)?;
    for project in projects {
        conn.lock_project(project)?;
    }
    standing::derive(conn, chunk.iter().copied(), is_new)?;
    diesel::delete(stale_customers::table.filter(stale_customers::customer_id.eq_any(&chunk))).execute(conn)?;
    Ok(chunk.len())
}

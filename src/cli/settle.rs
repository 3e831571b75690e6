//! Derives the state of many customers in small transactions. A server on the same database can write between them.

use std::sync::mpsc::{SyncSender, sync_channel};

use diesel::prelude::*;
use indicatif::ProgressBar;

use crate::base::error::Error;
use crate::base::ids::{CustomerId, ProjectId};
use crate::customers::state::{self, Group};
use crate::db::schema::{customers, stale_customers};
use crate::db::{Conn, Db};

/// How many customers share a commit.
const CHUNK: i64 = 1_000;

/// Derives the state of every stale customer and returns how many there were. One thread reads and folds while another
/// one writes.
pub fn stale(db: &Db, is_new: impl Fn(CustomerId) -> bool, bar: &ProgressBar) -> Result<usize, Error> {
    let total = db.read_here(|conn| Ok::<i64, Error>(stale_customers::table.count().get_result(conn)?))?;
    bar.set_length(u64::try_from(total).unwrap_or(0));
    bar.set_position(0);
    let (sender, chunks) = sync_channel(1);
    std::thread::scope(|scope| {
        let reader = scope.spawn(move || read_all(db, &sender));
        let mut derived = 0;
        for chunk in &chunks {
            db.write_here(|conn| settle(conn, &chunk, &is_new))
                .or_else(|_: Error| db.write_here(|conn| settle(conn, &chunk, |_| false)))?;
            derived += chunk.customers.len();
            bar.inc(chunk.customers.len() as u64);
        }
        match reader.join() {
            Ok(read) => read.map(|()| derived),
            Err(_) => Err(Error::Internal("reading events panicked".into())),
        }
    })
}

/// Customers in the order of their ids, with the state derived from their events.
struct Chunk {
    customers: Vec<CustomerId>,
    groups: Vec<Group>,
}

fn read_all(db: &Db, sender: &SyncSender<Chunk>) -> Result<(), Error> {
    let mut last = CustomerId::MIN;
    loop {
        let chunk = db.read_here(|conn| read_chunk(conn, last))?;
        let Some(end) = chunk.customers.last() else { return Ok(()) };
        last = *end;
        // The receiver is gone only if writing failed, and that error is reported instead.
        if sender.send(chunk).is_err() {
            return Ok(());
        }
    }
}

fn read_chunk(conn: &mut Conn, after: CustomerId) -> Result<Chunk, Error> {
    let customers: Vec<CustomerId> = stale_customers::table
        .filter(stale_customers::customer_id.gt(after))
        .order(stale_customers::customer_id)
        .limit(CHUNK)
        .select(stale_customers::customer_id)
        .load(conn)?;
    let groups = state::read(conn, customers.iter().copied())?;
    Ok(Chunk { customers, groups })
}

fn settle(conn: &mut Conn, chunk: &Chunk, is_new: impl Fn(CustomerId) -> bool) -> Result<(), Error> {
    let owners = customers::table.filter(customers::id.eq_any(&chunk.customers)).select(customers::project_id);
    let projects: Vec<ProjectId> = owners.distinct().order(customers::project_id).load(conn)?;
    for project in projects {
        conn.lock_project(project)?;
    }
    state::write_or_derive(conn, &chunk.groups, is_new)?;
    let done = stale_customers::customer_id.eq_any(&chunk.customers);
    diesel::delete(stale_customers::table.filter(done)).execute(conn)?;
    Ok(())
}

//! Derives the state of many customers in small transactions. A server on the same database can write between them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{SyncSender, sync_channel};

use diesel::prelude::*;
use indicatif::ProgressBar;

use crate::base::error::Error;
use crate::base::ids::{CustomerId, ProjectId};
use crate::customers::locks;
use crate::customers::state::{self, News, Prepared};
use crate::db::many::Inserts;
use crate::db::schema::{customers, stale_customers};
use crate::db::{Conn, Db};

/// How many customers share a commit.
const CHUNK: i64 = 250;

/// Derives the state of every stale customer and returns how many there were. One thread reads and folds while another
/// one writes.
pub fn stale(db: &Db, bar: &ProgressBar) -> Result<usize, Error> {
    let total = db.read_here(|conn| Ok::<i64, Error>(stale_customers::table.count().get_result(conn)?))?;
    bar.set_length(u64::try_from(total).unwrap_or(0));
    bar.set_position(0);
    let (sender, chunks) = sync_channel(1);
    std::thread::scope(|scope| {
        let reader = scope.spawn(move || read_all(db, &sender));
        let mut derived = 0;
        for mut chunk in chunks {
            retried(|| db.write_here(|conn| settle(conn, &chunk.customers, chunk.derived.take())))?;
            let customers = chunk.customers;
            derived += customers.values().map(Vec::len).sum::<usize>();
            bar.inc(customers.values().map(|own| own.len() as u64).sum());
        }
        match reader.join() {
            Ok(read) => read.map(|()| derived),
            Err(_) => Err(Error::Internal("reading events panicked".into())),
        }
    })
}

/// How often a batch is tried.
pub const ATTEMPTS: usize = 3;

/// Does `work` again when it failed: a server on the same database may have been in its way. The log has the errors.
pub fn retried<T>(mut work: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
    for _ in 1..ATTEMPTS {
        match work() {
            Ok(done) => return Ok(done),
            Err(error) => tracing::warn!(cause = error.cause(), "a batch is tried once more"),
        }
    }
    work()
}

/// Customers by their projects, with what follows from their events.
struct Chunk {
    customers: BTreeMap<ProjectId, Vec<CustomerId>>,
    derived: Option<Derived>,
}

/// What follows from the events of customers, and how many these were.
struct Derived {
    prepared: Vec<Prepared>,
    histories: BTreeMap<CustomerId, (i64, i64)>,
}

fn read_all(db: &Db, sender: &SyncSender<Chunk>) -> Result<(), Error> {
    let mut last = CustomerId::MIN;
    loop {
        let chunk = db.read_here(|conn| read_chunk(conn, last))?;
        let Some(end) = chunk.customers.values().flatten().max() else { return Ok(()) };
        last = *end;
        // The receiver is gone only if writing failed, and that error is reported instead.
        if sender.send(chunk).is_err() {
            return Ok(());
        }
    }
}

fn read_chunk(conn: &mut Conn, after: CustomerId) -> Result<Chunk, Error> {
    let found: Vec<(CustomerId, ProjectId)> = stale_customers::table
        .inner_join(customers::table.on(customers::id.eq(stale_customers::customer_id)))
        .filter(stale_customers::customer_id.gt(after))
        .order(stale_customers::customer_id)
        .limit(CHUNK)
        .select((stale_customers::customer_id, customers::project_id))
        .load(conn)?;
    let mut customers: BTreeMap<ProjectId, Vec<CustomerId>> = BTreeMap::new();
    found.into_iter().for_each(|(customer, project)| customers.entry(project).or_default().push(customer));
    // Before the events are read: one that comes in between makes a difference.
    let histories = histories(conn, &customers)?;
    let prepared = prepare(conn, &customers)?;
    Ok(Chunk { customers, derived: Some(Derived { prepared, histories }) })
}

fn prepare(conn: &mut Conn, customers: &BTreeMap<ProjectId, Vec<CustomerId>>) -> QueryResult<Vec<Prepared>> {
    let of = |(project, own): (&ProjectId, &Vec<CustomerId>)| {
        state::prepare(conn, *project, News::afresh(own.iter().copied()))
    };
    customers.iter().map(of).collect()
}

fn histories(
    conn: &mut Conn,
    customers: &BTreeMap<ProjectId, Vec<CustomerId>>,
) -> QueryResult<BTreeMap<CustomerId, (i64, i64)>> {
    state::histories(conn, customers.values().flatten().copied())
}

/// Writes what was derived, if nobody has changed the customers since, and it concerns nobody else. Otherwise everything is
/// derived again.
fn settle(
    conn: &mut Conn,
    customers: &BTreeMap<ProjectId, Vec<CustomerId>>,
    derived: Option<Derived>,
) -> Result<(), Error> {
    customers.keys().try_for_each(|project| conn.lock_project(*project))?;
    locks::lock(conn, customers.values().flatten().copied())?;
    let locked: BTreeSet<CustomerId> = customers.values().flatten().copied().collect();
    let prepared = match derived {
        Some(derived) if is_current(conn, &derived, customers, &locked)? => derived.prepared,
        Some(_) | None => prepare(conn, customers)?,
    };
    prepared.into_iter().try_for_each(|one| one.write(conn, Inserts::default()))?;
    let all: Vec<CustomerId> = customers.values().flatten().copied().collect();
    diesel::delete(stale_customers::table.filter(stale_customers::customer_id.eq_any(all))).execute(conn)?;
    Ok(())
}

fn is_current(
    conn: &mut Conn,
    derived: &Derived,
    customers: &BTreeMap<ProjectId, Vec<CustomerId>>,
    locked: &BTreeSet<CustomerId>,
) -> QueryResult<bool> {
    let mut is_current = histories(conn, customers)? == derived.histories;
    for one in &derived.prepared {
        is_current = is_current && one.is_current(conn, locked)?;
    }
    Ok(is_current)
}

//! What a database keeps of rows that were deleted, and how it is made to let go: SQLite's log of changes and what rows
//! that moved have left behind in its pages, PostgreSQL's dead rows.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer};
use diesel::{QueryResult, sql_query};

use super::{Conn, Db, Unavailable};

/// How long a checkpoint may hold writers up while it waits for readers, in milliseconds.
const PATIENCE: u32 = 200;

/// A SQLite file of at most so many bytes is written anew: meanwhile the copy lies in memory and writers wait.
const SMALL: i64 = 64 << 20;

/// Tables that hold what is known of customers.
const OF_CUSTOMERS: [&str; 25] = [
    "app_user_ids",
    "attributes",
    "audit_details",
    "balances",
    "blocked_customers",
    "blocked_ids",
    "customers",
    "deletion_choices",
    "deletion_jobs",
    "delivery_attempts",
    "events",
    "experiments",
    "grant_ends",
    "history",
    "notes",
    "offering_overrides",
    "purchases",
    "rejected_deliveries",
    "retained_events",
    "search_terms",
    "submissions",
    "test_customers",
    "test_sales",
    "transfer_links",
    "webhook_deliveries",
];

#[derive(QueryableByName)]
struct Checkpoint {
    #[diesel(sql_type = Integer)]
    busy: i32,
}

#[derive(QueryableByName)]
struct Length {
    #[diesel(sql_type = BigInt)]
    bytes: i64,
}

impl Db {
    /// Clears away what the database still holds of deleted rows. Returns whether all of it is gone; readers may be in the
    /// way for a while.
    pub fn clear_leftovers(&self) -> Result<bool, Unavailable> {
        let mut conn = self.pool.get().map_err(|error| Unavailable(error.to_string()))?;
        let cleared = match &mut conn.inner {
            Conn::Sqlite(conn) => write_anew(conn).and_then(|()| truncate_log(conn)),
            Conn::Postgres(conn) => vacuum(conn).map(|()| true),
        };
        cleared.map_err(|error| {
            conn.check_after_failure();
            Unavailable(error.to_string())
        })
    }
}

/// Where rows moved from one page to another, a copy can stay in the unused part of the first: `secure_delete` knows only
/// rows that are deleted. A large file is left as it is; the README says what an operator does then.
fn write_anew(conn: &mut SqliteConnection) -> QueryResult<()> {
    let length = "SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size";
    let length: Length = sql_query(length).get_result(conn)?;
    if length.bytes > SMALL {
        return Ok(());
    }
    conn.batch_execute("VACUUM")
}

/// Deleted content in the file is overwritten already (`secure_delete`); the log still holds pages as they were before.
fn truncate_log(conn: &mut SqliteConnection) -> QueryResult<bool> {
    conn.batch_execute(&format!("PRAGMA busy_timeout = {PATIENCE}"))?;
    let done: QueryResult<Checkpoint> = sql_query("PRAGMA wal_checkpoint(TRUNCATE)").get_result(conn);
    conn.batch_execute("PRAGMA busy_timeout = 5000")?;
    Ok(done?.busy == 0)
}

fn vacuum(conn: &mut PgConnection) -> QueryResult<()> {
    conn.batch_execute("SET statement_timeout = 0")?;
    // Each on its own: together they would be one transaction, in which nothing can be vacuumed.
    let done = OF_CUSTOMERS.iter().try_for_each(|table| conn.batch_execute(&format!("VACUUM {table}")));
    conn.batch_execute("SET statement_timeout = '15s'")?;
    done
}

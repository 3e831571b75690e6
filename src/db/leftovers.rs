//! What a database keeps of rows that were deleted, and how it is made to let go: SQLite's log of changes, PostgreSQL's
//! dead rows.

use diesel::QueryResult;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Integer;

use super::{Conn, Db, Unavailable};

/// How long a checkpoint may hold writers up while it waits for readers, in milliseconds.
const PATIENCE: u32 = 200;

/// Tables that hold what is known of customers.
const OF_CUSTOMERS: [&str; 17] = [
    "app_user_ids",
    "attributes",
    "audit_details",
    "balances",
    "customers",
    "deletion_choices",
    "events",
    "experiments",
    "history",
    "inherited_events",
    "notes",
    "offering_overrides",
    "purchases",
    "receipts",
    "rejected_deliveries",
    "search_terms",
    "transfer_links",
];

#[derive(QueryableByName)]
struct Checkpoint {
    #[diesel(sql_type = Integer)]
    busy: i32,
}

impl Db {
    /// Clears away what the database still holds of deleted rows. Returns whether all of it is gone; readers may be in the
    /// way for a while.
    ///
    /// # Errors
    /// What the database said.
    pub fn clear_leftovers(&self) -> Result<bool, Unavailable> {
        let mut conn = self.pool.get().map_err(|error| Unavailable(error.to_string()))?;
        let cleared = match &mut conn.inner {
            Conn::Sqlite(conn) => truncate_log(conn),
            Conn::Postgres(conn) => vacuum(conn).map(|()| true),
        };
        cleared.map_err(|error| {
            conn.check_after_failure();
            Unavailable(error.to_string())
        })
    }
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

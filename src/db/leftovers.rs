//! Removes what a database still holds of deleted rows. SQLite keeps it in the write-ahead log, and in pages from
//! which rows have moved. PostgreSQL keeps dead rows until a vacuum.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer};
use diesel::{QueryResult, sql_query};

use super::conn::AnyConnection;
use super::customer_tables::CUSTOMER_TABLES;
use super::{Db, Unavailable};

/// How long a checkpoint may wait for readers, in milliseconds. Writers wait meanwhile.
const CHECKPOINT_WAIT: u32 = 200;

/// The largest SQLite file, in bytes, that is vacuumed. During a vacuum the copy is in memory and writers wait.
const LARGEST_TO_VACUUM: i64 = 64 << 20;

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
    /// Removes what the database still holds of deleted rows. Returns `false` when open readers prevented part of it:
    /// the caller should try again later.
    pub fn clear_leftovers(&self) -> Result<bool, Unavailable> {
        let mut conn = self.writers.get().map_err(|error| Unavailable(error.to_string()))?;
        let cleared = match &mut conn.inner.0 {
            AnyConnection::Sqlite(conn) => vacuum_small_file(conn).and_then(|()| truncate_write_ahead_log(conn)),
            AnyConnection::Postgres(conn) => vacuum_customer_tables(conn).map(|()| true),
        };
        cleared.map_err(|error| {
            conn.check_after_failure();
            Unavailable(error.to_string())
        })
    }
}

/// When a row moves to another page, a copy can stay in the unused part of the old page, because `secure_delete`
/// overwrites only deleted rows. A large file stays as it is; the README says what an operator does then.
fn vacuum_small_file(conn: &mut SqliteConnection) -> QueryResult<()> {
    let length = "SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size";
    let length: Length = sql_query(length).get_result(conn)?;
    if length.bytes > LARGEST_TO_VACUUM {
        return Ok(());
    }
    conn.batch_execute("VACUUM")
}

/// `secure_delete` has overwritten the deleted content in the file, but the log still holds the earlier pages.
fn truncate_write_ahead_log(conn: &mut SqliteConnection) -> QueryResult<bool> {
    conn.batch_execute(&format!("PRAGMA busy_timeout = {CHECKPOINT_WAIT}"))?;
    let done: QueryResult<Checkpoint> = sql_query("PRAGMA wal_checkpoint(TRUNCATE)").get_result(conn);
    conn.batch_execute("PRAGMA busy_timeout = 5000")?;
    Ok(done?.busy == 0)
}

fn vacuum_customer_tables(conn: &mut PgConnection) -> QueryResult<()> {
    conn.batch_execute("SET statement_timeout = 0")?;
    // One statement per call: several together would be a transaction, and PostgreSQL cannot vacuum inside one.
    let done = CUSTOMER_TABLES.iter().try_for_each(|(table, _)| conn.batch_execute(&format!("VACUUM {table}")));
    conn.batch_execute("SET statement_timeout = '15s'")?;
    done
}

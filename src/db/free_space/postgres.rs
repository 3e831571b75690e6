//! PostgreSQL keeps deleted rows until a vacuum, which takes a while and locks nobody out.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel::{QueryResult, sql_query};

use crate::db::customer_tables::CUSTOMER_TABLES;

/// The lock of the process that vacuums. Ids of rows and hashes, which are locked elsewhere, are positive.
const LOCK: i64 = -1;

#[derive(QueryableByName)]
struct Lock {
    #[diesel(sql_type = Bool)]
    is_ours: bool,
}

/// Vacuums all tables that hold data of customers. Returns `false` when another process does so at the moment.
pub fn vacuum(conn: &mut PgConnection) -> QueryResult<bool> {
    let lock: Lock = sql_query(format!("SELECT pg_try_advisory_lock({LOCK}) AS is_ours")).get_result(conn)?;
    if !lock.is_ours {
        return Ok(false);
    }
    let done = vacuum_tables(conn);
    conn.batch_execute(&format!("SET statement_timeout = '15s'; SELECT pg_advisory_unlock({LOCK})"))?;
    done.map(|()| true)
}

/// One statement per call: several together would be a transaction, and PostgreSQL cannot vacuum inside one.
fn vacuum_tables(conn: &mut PgConnection) -> QueryResult<()> {
    conn.batch_execute("SET statement_timeout = 0")?;
    CUSTOMER_TABLES.iter().try_for_each(|(table, _)| conn.batch_execute(&format!("VACUUM {table}")))
}

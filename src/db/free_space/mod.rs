//! Overwrites what a database still holds of deleted rows. SQLite keeps it in the write-ahead log, and in pages from
//! which rows have moved. PostgreSQL keeps dead rows until a vacuum.

mod page;
mod postgres;
mod sqlite;

use super::conn::AnyConnection;
use super::{Db, Unavailable};

impl Db {
    /// Overwrites what the database still holds of deleted rows, in small steps between which others write. Returns `false`
    /// when part of it is left: open readers or another process that does the same prevented it, or `is_stopping` became
    /// true. The caller should try again later.
    ///
    /// # Errors
    /// [`Unavailable`] when the database does not answer, or cannot be cleared.
    pub fn overwrite_free_space(&self, is_stopping: &dyn Fn() -> bool) -> Result<bool, Unavailable> {
        if self.is_sqlite() && !sqlite::overwrite_pages(self, is_stopping)? {
            return Ok(false);
        }
        let mut conn = self.writers.get().map_err(|error| Unavailable(error.to_string()))?;
        let cleared = match &mut conn.inner.0 {
            AnyConnection::Sqlite(conn) => sqlite::empty_log(conn),
            AnyConnection::Postgres(conn) => postgres::vacuum(conn),
        };
        cleared.map_err(|error| {
            conn.check_after_failure();
            Unavailable(error.to_string())
        })
    }
}

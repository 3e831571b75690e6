//! Statements that the enum connection does not know (`ON CONFLICT`, `UNION`), written once and handed to whichever
//! database is open.

use diesel::query_builder::{QueryFragment, QueryId};
use diesel::query_dsl::methods::LoadQuery;
use diesel::{PgConnection, QueryResult, SqliteConnection};

use super::Conn;

/// A statement for both databases.
pub struct Both<Q>(pub Q);

impl<Q> Both<Q> {
    /// Runs the statement; returns the number of rows it touched.
    pub fn execute(self, conn: &mut Conn) -> QueryResult<usize>
    where
        Q: QueryId + QueryFragment<diesel::sqlite::Sqlite> + QueryFragment<diesel::pg::Pg>,
    {
        use diesel::connection::Connection as _;
        match conn {
            Conn::Sqlite(conn) => conn.execute_returning_count(&self.0),
            Conn::Postgres(conn) => conn.execute_returning_count(&self.0),
        }
    }

    /// Runs the statement and returns its rows.
    ///
    /// # Errors
    /// A row that does not fit `U`.
    pub fn load<'q, U>(self, conn: &mut Conn) -> QueryResult<Vec<U>>
    where
        Q: LoadQuery<'q, SqliteConnection, U> + LoadQuery<'q, PgConnection, U>,
    {
        match conn {
            Conn::Sqlite(conn) => LoadQuery::<SqliteConnection, U>::internal_load(self.0, conn)?.collect(),
            Conn::Postgres(conn) => LoadQuery::<PgConnection, U>::internal_load(self.0, conn)?.collect(),
        }
    }
}

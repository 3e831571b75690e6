//! Statements that the enum connection does not support (`ON CONFLICT`, `UNION`). They are written once, and [`Both`]
//! runs them on the database that is open.

use diesel::query_builder::{QueryFragment, QueryId};
use diesel::query_dsl::methods::LoadQuery;
use diesel::{PgConnection, QueryResult, SqliteConnection};

use super::Conn;
use super::conn::AnyConnection;

/// A statement that both databases understand.
pub struct Both<Q>(pub Q);

impl<Q> Both<Q> {
    /// Runs the statement and returns the number of rows it changed.
    pub fn execute(self, conn: &mut Conn) -> QueryResult<usize>
    where
        Q: QueryId + QueryFragment<diesel::sqlite::Sqlite> + QueryFragment<diesel::pg::Pg>,
    {
        use diesel::connection::Connection as _;
        match &mut conn.0 {
            AnyConnection::Sqlite(conn) => conn.execute_returning_count(&self.0),
            AnyConnection::Postgres(conn) => conn.execute_returning_count(&self.0),
        }
    }

    /// Runs the statement and returns its rows.
    pub fn load<'q, U>(self, conn: &mut Conn) -> QueryResult<Vec<U>>
    where
        Q: LoadQuery<'q, SqliteConnection, U> + LoadQuery<'q, PgConnection, U>,
    {
        match &mut conn.0 {
            AnyConnection::Sqlite(conn) => LoadQuery::<SqliteConnection, U>::internal_load(self.0, conn)?.collect(),
            AnyConnection::Postgres(conn) => LoadQuery::<PgConnection, U>::internal_load(self.0, conn)?.collect(),
        }
    }
}

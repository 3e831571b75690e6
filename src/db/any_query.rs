//! Runs every query as one type. Diesel is generic over the type of a query, and each query of the program has a type
//! of its own, so the compiler would make the code that runs it hundreds of times. [`Conn`] hides the type of a query
//! behind [`AnyQuery`] before it hands it on.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use diesel::backend::Backend;
use diesel::connection::{
    CacheSize, Connection, Instrumentation, LoadConnection, SimpleConnection, TransactionManager,
    TransactionManagerStatus,
};
use diesel::expression::QueryMetadata;
use diesel::internal::derives::multiconnection::{AstPassHelper, ConnectionSealed};
use diesel::query_builder::{AstPass, Query, QueryBuilder, QueryFragment, QueryId};
use diesel::sql_types::Untyped;
use diesel::{ConnectionResult, QueryResult};

use super::conn::{AnyConnection, Conn, MultiBackend};

/// A query of any type, with its SQL.
struct AnyQuery<'query> {
    fragment: Box<dyn QueryFragment<MultiBackend> + 'query>,
    written: Arc<Written>,
}

/// The SQL of a query for one backend.
struct Written {
    sql: String,
    is_safe_to_cache: bool,
}

/// What was written of queries whose type alone decides their SQL, which Diesel tells by an id of the type.
static WRITTEN: LazyLock<RwLock<ByType>> = LazyLock::new(RwLock::default);

/// By the id of the type, and whether the database is SQLite.
type ByType = HashMap<(TypeId, bool), Arc<Written>>;

type Builder = <MultiBackend as Backend>::QueryBuilder;

impl<'query> AnyQuery<'query> {
    fn new(
        connection: &AnyConnection,
        type_id: Option<TypeId>,
        fragment: Box<dyn QueryFragment<MultiBackend> + 'query>,
    ) -> QueryResult<AnyQuery<'query>> {
        let Some(type_id) = type_id else {
            let written = Arc::new(Written::new(connection, &*fragment)?);
            return Ok(AnyQuery { fragment, written });
        };
        let key = (type_id, matches!(connection, AnyConnection::Sqlite(_)));
        let known = WRITTEN.read().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        let written = match known {
            Some(written) => written,
            None => {
                let written = Arc::new(Written::new(connection, &*fragment)?);
                WRITTEN.write().unwrap_or_else(PoisonError::into_inner).insert(key, written.clone());
                written
            }
        };
        Ok(AnyQuery { fragment, written })
    }
}

impl Written {
    fn new(connection: &AnyConnection, fragment: &dyn QueryFragment<MultiBackend>) -> QueryResult<Written> {
        let (backend, mut builder) = match connection {
            AnyConnection::Sqlite(_) => (MultiBackend::Sqlite(Default::default()), Builder::Sqlite(Default::default())),
            AnyConnection::Postgres(_) => {
                (MultiBackend::Postgres(Default::default()), Builder::Postgres(Default::default()))
            }
        };
        fragment.to_sql(&mut builder, &backend)?;
        let is_safe_to_cache = fragment.is_safe_to_cache_prepared(&backend)?;
        Ok(Written { sql: builder.finish(), is_safe_to_cache })
    }
}

impl QueryFragment<MultiBackend> for AnyQuery<'_> {
    /// Diesel walks a query several times: to write it, to ask whether it may be cached, to collect the values in it or to
    /// show them. Only the values need the query itself. This is not done in `to_sql`, because a reference to a query,
    /// which is what Diesel is given, forwards `walk_ast` alone.
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        if pass.bind_collector().is_some() || pass.debug_binds().is_some() {
            return self.fragment.walk_ast(pass);
        }
        pass.push_sql(&self.written.sql);
        if !self.written.is_safe_to_cache {
            pass.unsafe_to_cache_prepared();
        }
        Ok(())
    }
}

/// Prepared statements are cached by their SQL.
impl QueryId for AnyQuery<'_> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for AnyQuery<'_> {
    type SqlType = Untyped;
}

impl ConnectionSealed for Conn {}

impl SimpleConnection for Conn {
    fn batch_execute(&mut self, sql: &str) -> QueryResult<()> {
        self.0.batch_execute(sql)
    }
}

impl Connection for Conn {
    type Backend = MultiBackend;
    type TransactionManager = Conn;

    fn establish(url: &str) -> ConnectionResult<Conn> {
        AnyConnection::establish(url).map(|conn| Conn::new(conn, Arc::default()))
    }

    fn execute_returning_count<T>(&mut self, source: &T) -> QueryResult<usize>
    where
        T: QueryFragment<MultiBackend> + QueryId,
    {
        let query = AnyQuery::new(&self.0, T::query_id(), Box::new(source))?;
        self.0.execute_returning_count(&query)
    }

    fn transaction_state(&mut self) -> &mut Conn {
        self
    }

    fn instrumentation(&mut self) -> &mut dyn Instrumentation {
        self.0.instrumentation()
    }

    fn set_instrumentation(&mut self, instrumentation: impl Instrumentation) {
        self.0.set_instrumentation(instrumentation);
    }

    fn set_prepared_statement_cache_size(&mut self, size: CacheSize) {
        self.0.set_prepared_statement_cache_size(size);
    }
}

impl LoadConnection for Conn {
    type Cursor<'conn, 'query> = <AnyConnection as LoadConnection>::Cursor<'conn, 'query>;
    type Row<'conn, 'query> = <AnyConnection as LoadConnection>::Row<'conn, 'query>;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> QueryResult<Self::Cursor<'conn, 'query>>
    where
        T: Query + QueryFragment<MultiBackend> + QueryId + 'query,
        MultiBackend: QueryMetadata<T::SqlType>,
    {
        let query = AnyQuery::new(&self.0, T::query_id(), Box::new(source))?;
        load(&mut self.0, query)
    }
}

fn load<'conn, 'query>(
    connection: &'conn mut AnyConnection,
    query: AnyQuery<'query>,
) -> QueryResult<<AnyConnection as LoadConnection>::Cursor<'conn, 'query>> {
    connection.load(query)
}

impl TransactionManager<Conn> for Conn {
    type TransactionStateData = Conn;

    fn begin_transaction(conn: &mut Conn) -> QueryResult<()> {
        AnyConnection::begin_transaction(&mut conn.0)
    }

    fn rollback_transaction(conn: &mut Conn) -> QueryResult<()> {
        AnyConnection::rollback_transaction(&mut conn.0)
    }

    fn commit_transaction(conn: &mut Conn) -> QueryResult<()> {
        AnyConnection::commit_transaction(&mut conn.0)
    }

    fn transaction_manager_status_mut(conn: &mut Conn) -> &mut TransactionManagerStatus {
        AnyConnection::transaction_manager_status_mut(&mut conn.0)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// A statement without a static id, which counts how often it is walked.
    struct Counted<'a>(&'a Cell<usize>);

    impl QueryFragment<MultiBackend> for Counted<'_> {
        fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
            self.0.set(self.0.get() + 1);
            pass.push_sql("CREATE TEMP TABLE IF NOT EXISTS counted (id BIGINT)");
            Ok(())
        }
    }

    impl QueryId for Counted<'_> {
        type QueryId = ();

        const HAS_STATIC_QUERY_ID: bool = false;
    }

    #[test]
    fn a_query_is_walked_once_to_write_it_once_for_the_cache_and_once_for_its_values() {
        let mut conn = Conn::establish(":memory:").expect("a database in memory");
        let walks = Cell::new(0);
        conn.execute_returning_count(&Counted(&walks)).expect("a table");
        assert_eq!(walks.get(), 3);
    }
}

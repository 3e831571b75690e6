//! Statements about many rows: however many rows a change has, the database is asked once for each table. PostgreSQL
//! gets one array for each column, so that its plan is made once; SQLite gets the rows themselves to write them, and one
//! JSON text to look them up.

use std::marker::PhantomData;

use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::query_dsl::methods::LoadQuery;
use diesel::sql_types::{Array, BigInt, Binary, Bool, Nullable, Text};
use diesel::sqlite::Sqlite;
use diesel::{PgConnection, QueryResult, SqliteConnection};

use super::Conn;
use super::conn::AnyConnection;
use crate::base::clock::Moment;
use crate::base::hex;
use crate::base::ids::{CustomerId, EventId, ProjectId};

/// How many values a statement of SQLite may have.
const SQLITE_VALUES: usize = 32_000;
/// The SQL of a statement that writes rows on SQLite depends on how many they are. Those with so many at most are prepared once.
const SQLITE_PREPARED_ROWS: usize = 8;
/// Where very many rows are written, they go in pieces of so many, which is prepared once as well.
const SQLITE_PIECE: usize = 64;

/// What a column holds. `Integer` stands for every width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Integer,
    Text,
    Bytes,
    Bool,
}

/// One value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Integer(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
    Bool(Option<bool>),
}

/// A column: its name and what it holds.
pub type Column = (&'static str, Kind);

/// A table, or those of its columns that a statement writes. The first `key` of them identify a row.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    pub name: &'static str,
    pub key: usize,
    pub columns: &'static [Column],
}

/// What happens to a row whose key exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// An error.
    Fails,
    /// It stays as it is.
    Stays,
    /// Its other columns are replaced.
    IsReplaced,
}

/// A row: one value for each column.
pub type Row = Vec<Value>;

/// Rows that go into several tables together. PostgreSQL is asked once for all of them, and checks their references when
/// all are in; SQLite gets one table after the other, in the order in which they were added.
#[derive(Debug, Default)]
pub struct Inserts {
    all: Vec<Insert>,
    in_pieces: bool,
}

#[derive(Debug)]
struct Insert {
    table: Table,
    rows: Vec<Row>,
    existing: Existing,
}

impl Inserts {
    /// For an import, which writes many rows again and again. On SQLite they go in pieces whose statements are prepared once: to
    /// read a statement takes longer than to run it. The number of statements depends on that of the rows.
    pub fn in_pieces() -> Inserts {
        Inserts { all: Vec::new(), in_pieces: true }
    }

    /// Adds rows. No key may come twice, not even in rows that were added before.
    pub fn add(&mut self, table: Table, rows: Vec<Row>, existing: Existing) {
        if !rows.is_empty() {
            self.all.push(Insert { table, rows, existing });
        }
    }

    /// Inserts what was added, and is empty then.
    pub fn run(&mut self, conn: &mut Conn) -> QueryResult<()> {
        let all = std::mem::take(&mut self.all);
        if conn.is_sqlite() {
            return match self.in_pieces {
                true => all.iter().try_for_each(|one| one.run_in_pieces(conn)),
                false => all.iter().try_for_each(|one| one.table.insert(conn, &one.rows, one.existing).map(drop)),
            };
        }
        let Some((last, others)) = all.split_last() else { return Ok(()) };
        let mut statement = Statement::new(false);
        for (number, one) in others.iter().enumerate() {
            let name = if number == 0 { "WITH" } else { ")," };
            statement =
                one.table.write_insert(statement.sql(format!("{name} i{number} AS (")), &one.rows, one.existing);
        }
        let end = if others.is_empty() { "" } else { ") " };
        last.table.write_insert(statement.sql(end), &last.rows, last.existing).execute(conn).map(drop)
    }
}

impl Insert {
    /// A statement that fails leaves what it wrote before (`OR FAIL`): SQLite need not keep a copy of each page for that. It is
    /// all taken back with the transaction.
    fn run_in_pieces(&self, conn: &mut Conn) -> QueryResult<()> {
        let piece = || Statement { in_pieces: true, ..Statement::new(true) };
        let mut pieces = self.rows.chunks(SQLITE_PIECE);
        pieces.try_for_each(|rows| self.table.write_insert(piece(), rows, self.existing).execute(conn).map(drop))
    }
}

impl Table {
    /// Inserts rows and returns how many were written. No key may come twice.
    pub fn insert(&self, conn: &mut Conn, rows: &[Row], existing: Existing) -> QueryResult<usize> {
        let is_sqlite = conn.is_sqlite();
        self.each_chunk(conn, rows, |rows| self.write_insert(Statement::new(is_sqlite), rows, existing))
    }

    fn write_insert<'a>(&self, statement: Statement<'a>, rows: &'a [Row], existing: Existing) -> Statement<'a> {
        let names = list(self.columns.iter().map(|(name, _)| (*name).to_owned()));
        let keys = list(self.key_names());
        let rest = || self.columns.iter().skip(self.key).map(|(name, _)| format!("{name} = excluded.{name}"));
        let conflict = match existing {
            Existing::Fails => String::new(),
            Existing::IsReplaced if self.key < self.columns.len() => {
                format!(" ON CONFLICT ({keys}) DO UPDATE SET {}", list(rest()))
            }
            Existing::Stays | Existing::IsReplaced => format!(" ON CONFLICT ({keys}) DO NOTHING"),
        };
        let verb = if statement.in_pieces { "INSERT OR FAIL" } else { "INSERT" };
        let head = format!("{verb} INTO {} ({names}) ", self.name);
        statement.sql(head).rows(self.columns, rows).sql(conflict)
    }

    /// Replaces the columns that are not of the key, of the rows that exist.
    pub fn update(&self, conn: &mut Conn, rows: &[Row]) -> QueryResult<usize> {
        let name = self.name;
        let sets = |of: fn(usize, &str) -> String| {
            let rest = self.columns.iter().enumerate().skip(self.key);
            list(rest.map(|(place, (column, _))| format!("{column} = {}", of(place, column))))
        };
        let keys = |of: fn(usize, &str) -> String| {
            let own = self.columns.iter().enumerate().take(self.key);
            let equal = own.map(|(place, (column, _))| format!("{name}.{column} = {}", of(place, column)));
            equal.collect::<Vec<_>>().join(" AND ")
        };
        // SQLite names the columns of VALUES itself.
        let sqlite = |place: usize, _: &str| format!("new.column{}", place + 1);
        let postgres = |_: usize, column: &str| format!("new.{column}");
        let is_sqlite = conn.is_sqlite();
        self.each_chunk(conn, rows, |rows| {
            let of: fn(usize, &str) -> String = if is_sqlite { sqlite } else { postgres };
            let names = list(self.columns.iter().map(|(name, _)| (*name).to_owned()));
            let alias = if is_sqlite { ") AS new".into() } else { format!(") AS new ({names})") };
            let head = format!("UPDATE {name} SET {} FROM (", sets(of));
            Statement::new(is_sqlite).sql(head).rows(self.columns, rows).sql(format!("{alias} WHERE {}", keys(of)))
        })
    }

    /// Deletes the rows with these keys.
    pub fn delete(&self, conn: &mut Conn, keys: &[Row]) -> QueryResult<usize> {
        let columns = self.columns.get(..self.key).unwrap_or_default();
        let is_sqlite = conn.is_sqlite();
        self.each_chunk(conn, keys, |keys| {
            let head = format!("DELETE FROM {} WHERE ({}) IN (", self.name, list(self.key_names()));
            Statement::new(is_sqlite).sql(head).compared(columns, keys).sql(")")
        })
    }

    fn key_names(&self) -> impl Iterator<Item = String> {
        self.columns.iter().take(self.key).map(|(name, _)| (*name).to_owned())
    }

    /// One statement, unless SQLite cannot take so many values at once.
    fn each_chunk<'a>(
        &self,
        conn: &mut Conn,
        rows: &'a [Row],
        statement: impl Fn(&'a [Row]) -> Statement<'a>,
    ) -> QueryResult<usize> {
        let most = if conn.is_sqlite() { SQLITE_VALUES / self.columns.len().max(1) } else { usize::MAX };
        rows.chunks(most).map(|rows| statement(rows).execute(conn)).sum()
    }
}

/// Reads `columns` (as SQL) of the rows of a table whose `key` is one of `keys`. `more` follows the condition. A row whose
/// key is asked for twice comes twice.
pub fn select<ST, T>(
    conn: &mut Conn,
    (columns, table): (&str, &str),
    key: &[Column],
    keys: &[Row],
    more: &str,
) -> QueryResult<Vec<T>>
where
    for<'q> Lookup<'q, ST>: LoadQuery<'q, SqliteConnection, T> + LoadQuery<'q, PgConnection, T>,
{
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let numbered = (0..).zip(key).map(|(place, (name, _))| (format!("k{place}"), *name));
    let (names, equal): (Vec<String>, Vec<String>) =
        numbered.map(|(number, name)| (number.clone(), format!("{table}.{name} = given.{number}"))).unzip();
    let given = Statement::new(conn.is_sqlite()).sql(format!("WITH given ({}) AS MATERIALIZED (", names.join(", ")));
    let condition = equal.join(" AND ");
    let rest = format!(") SELECT {columns} FROM given CROSS JOIN {table} WHERE {condition} {more}");
    load(conn, given.compared(key, keys).sql(rest))
}

/// As [`select`], where `from` joins tables with `given`: the rows of `key`. SQLite joins them in the order in which they
/// are written, so `given` comes first.
pub fn joined<ST, T>(
    conn: &mut Conn,
    (columns, from): (&str, &str),
    key: &[Column],
    keys: &[Row],
) -> QueryResult<Vec<T>>
where
    for<'q> Lookup<'q, ST>: LoadQuery<'q, SqliteConnection, T> + LoadQuery<'q, PgConnection, T>,
{
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let from = in_written_order(conn, from);
    let given = Statement::new(conn.is_sqlite()).sql("WITH given AS MATERIALIZED (").compared(key, keys);
    load(conn, given.sql(format!(") SELECT {columns} FROM {from}")))
}

/// Runs a statement that refers to `given`: the rows of `key`. Nothing is run without rows.
pub fn change(conn: &mut Conn, key: &[Column], keys: &[Row], statement: &str) -> QueryResult<usize> {
    if keys.is_empty() {
        return Ok(0);
    }
    let statement = in_written_order(conn, statement);
    let given = Statement::new(conn.is_sqlite()).sql("WITH given AS MATERIALIZED (").compared(key, keys);
    given.sql(format!(") {statement}")).execute(conn)
}

/// Without statistics SQLite's planner would guess in which order to join; it keeps the order of cross joins.
fn in_written_order(conn: &Conn, sql: &str) -> String {
    match conn.is_sqlite() {
        true => sql.replace(" JOIN ", " CROSS JOIN ").replace("LEFT CROSS JOIN", "LEFT JOIN"),
        false => sql.to_owned(),
    }
}

fn load<ST, T>(conn: &mut Conn, statement: Statement<'_>) -> QueryResult<Vec<T>>
where
    for<'q> Lookup<'q, ST>: LoadQuery<'q, SqliteConnection, T> + LoadQuery<'q, PgConnection, T>,
{
    let lookup = Lookup { statement, row: PhantomData };
    match &mut conn.0 {
        AnyConnection::Sqlite(conn) => LoadQuery::<SqliteConnection, T>::internal_load(lookup, conn)?.collect(),
        AnyConnection::Postgres(conn) => LoadQuery::<PgConnection, T>::internal_load(lookup, conn)?.collect(),
    }
}

/// The name of a column without that of its table.
fn own_name(column: &str) -> String {
    column.rsplit('.').next().unwrap_or(column).to_owned()
}

fn list(names: impl Iterator<Item = String>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

/// A statement in pieces.
struct Statement<'a> {
    pieces: Vec<Piece<'a>>,
    is_sqlite: bool,
    /// Whether it is one of many that write [`SQLITE_PIECE`] rows.
    in_pieces: bool,
}

enum Piece<'a> {
    Sql(String),
    /// Rows to write, on SQLite.
    Values(&'a [Row]),
    /// Rows to look others up by, on SQLite: as JSON, with what each column holds.
    Json(&'a [Column], String),
    /// Any rows, on PostgreSQL.
    Arrays(&'a [Column], Vec<Values<'a>>),
}

/// The values of one column.
enum Values<'a> {
    Integer(Vec<Option<i64>>),
    Text(Vec<Option<&'a str>>),
    Bytes(Vec<Option<&'a [u8]>>),
    Bool(Vec<Option<bool>>),
}

impl<'a> Statement<'a> {
    fn new(is_sqlite: bool) -> Statement<'a> {
        Statement { pieces: Vec::new(), is_sqlite, in_pieces: false }
    }

    fn sql(mut self, sql: impl Into<String>) -> Statement<'a> {
        self.pieces.push(Piece::Sql(sql.into()));
        self
    }

    /// A query of these rows.
    fn rows(mut self, columns: &'a [Column], rows: &'a [Row]) -> Statement<'a> {
        self.pieces.push(if self.is_sqlite { Piece::Values(rows) } else { arrays(columns, rows) });
        self
    }

    /// As [`Statement::rows`], for rows that are only compared with.
    fn compared(mut self, columns: &'a [Column], rows: &'a [Row]) -> Statement<'a> {
        self.pieces.push(if self.is_sqlite { Piece::Json(columns, json(rows)) } else { arrays(columns, rows) });
        self
    }

    fn execute(self, conn: &mut Conn) -> QueryResult<usize> {
        use diesel::connection::Connection as _;
        match &mut conn.0 {
            AnyConnection::Sqlite(conn) => conn.execute_returning_count(&self),
            AnyConnection::Postgres(conn) => conn.execute_returning_count(&self),
        }
    }
}

fn arrays<'a>(columns: &'a [Column], rows: &'a [Row]) -> Piece<'a> {
    let array = |(place, (_, kind)): (usize, &Column)| {
        let values = rows.iter().filter_map(|row| row.get(place));
        match kind {
            Kind::Integer => Values::Integer(values.map(Value::integer).collect()),
            Kind::Text => Values::Text(values.map(Value::text).collect()),
            Kind::Bytes => Values::Bytes(values.map(Value::bytes).collect()),
            Kind::Bool => Values::Bool(values.map(Value::bool).collect()),
        }
    };
    Piece::Arrays(columns, columns.iter().enumerate().map(array).collect())
}

/// The rows as a JSON array of arrays. Bytes are hexadecimal.
fn json(rows: &[Row]) -> String {
    let value = |value: &Value| match value {
        Value::Integer(number) => serde_json::Value::from(*number),
        Value::Text(text) => serde_json::Value::from(text.as_deref()),
        Value::Bytes(bytes) => serde_json::Value::from(bytes.as_deref().map(hex)),
        Value::Bool(word) => serde_json::Value::from(*word),
    };
    let rows: Vec<Vec<serde_json::Value>> = rows.iter().map(|row| row.iter().map(value).collect()).collect();
    serde_json::to_string(&rows).unwrap_or_default()
}

/// Prepared statements are cached by their SQL.
impl QueryId for Statement<'_> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Pg> for Statement<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        for piece in &self.pieces {
            match piece {
                Piece::Sql(sql) => out.push_sql(sql),
                Piece::Arrays(columns, values) => push_arrays(&mut out, columns, values)?,
                Piece::Values(_) | Piece::Json(..) => return Err(of_other_database()),
            }
        }
        Ok(())
    }
}

fn push_arrays<'b>(out: &mut AstPass<'_, 'b, Pg>, columns: &[Column], arrays: &'b [Values<'_>]) -> QueryResult<()> {
    out.push_sql("SELECT * FROM unnest(");
    for (place, values) in arrays.iter().enumerate() {
        out.push_sql(if place == 0 { "" } else { ", " });
        match values {
            Values::Integer(all) => out.push_bind_param::<Array<Nullable<BigInt>>, _>(all)?,
            Values::Text(all) => out.push_bind_param::<Array<Nullable<Text>>, _>(all)?,
            Values::Bytes(all) => out.push_bind_param::<Array<Nullable<Binary>>, _>(all)?,
            Values::Bool(all) => out.push_bind_param::<Array<Nullable<Bool>>, _>(all)?,
        }
    }
    out.push_sql(&format!(") AS rows ({})", list(columns.iter().map(|(name, _)| own_name(name)))));
    Ok(())
}

impl QueryFragment<Sqlite> for Statement<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        for piece in &self.pieces {
            match piece {
                Piece::Sql(sql) => out.push_sql(sql),
                Piece::Values(rows) => {
                    let is_whole_piece = self.in_pieces && rows.len() == SQLITE_PIECE;
                    if rows.len() > SQLITE_PREPARED_ROWS && !is_whole_piece {
                        out.unsafe_to_cache_prepared();
                    }
                    push_values(&mut out, rows)?;
                }
                Piece::Json(columns, rows) => push_json(&mut out, columns, rows)?,
                Piece::Arrays(..) => return Err(of_other_database()),
            }
        }
        Ok(())
    }
}

fn push_values<'b>(out: &mut AstPass<'_, 'b, Sqlite>, rows: &'b [Row]) -> QueryResult<()> {
    for (place, row) in rows.iter().enumerate() {
        out.push_sql(if place == 0 { "VALUES (" } else { "), (" });
        for (place, value) in row.iter().enumerate() {
            out.push_sql(if place == 0 { "" } else { ", " });
            match value {
                Value::Integer(number) => out.push_bind_param::<Nullable<BigInt>, _>(number)?,
                Value::Text(text) => out.push_bind_param::<Nullable<Text>, _>(text)?,
                Value::Bytes(bytes) => out.push_bind_param::<Nullable<Binary>, _>(bytes)?,
                Value::Bool(word) => out.push_bind_param::<Nullable<Bool>, _>(word)?,
            }
        }
    }
    out.push_sql(")");
    Ok(())
}

fn push_json<'b>(out: &mut AstPass<'_, 'b, Sqlite>, columns: &[Column], rows: &'b str) -> QueryResult<()> {
    let column = |(place, (name, kind)): (usize, &Column)| {
        let value = match kind {
            Kind::Bytes => format!("unhex(value ->> {place})"),
            Kind::Integer | Kind::Text | Kind::Bool => format!("value ->> {place}"),
        };
        format!("{value} AS {}", own_name(name))
    };
    out.push_sql(&format!("SELECT {} FROM json_each(", list(columns.iter().enumerate().map(column))));
    out.push_bind_param::<Text, str>(rows)?;
    out.push_sql(")");
    Ok(())
}

fn of_other_database() -> diesel::result::Error {
    diesel::result::Error::QueryBuilderError("the statement was made for the other database".into())
}

/// A [`Statement`] that returns rows of a known type.
pub struct Lookup<'a, ST> {
    statement: Statement<'a>,
    row: PhantomData<ST>,
}

impl<ST> Query for Lookup<'_, ST> {
    type SqlType = ST;
}

impl<ST> QueryId for Lookup<'_, ST> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<DB, ST> QueryFragment<DB> for Lookup<'_, ST>
where
    DB: diesel::backend::Backend,
    for<'a> Statement<'a>: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.statement.walk_ast(out)
    }
}

impl<C, ST> diesel::RunQueryDsl<C> for Lookup<'_, ST> {}

impl Value {
    fn integer(&self) -> Option<i64> {
        match self {
            Value::Integer(number) => *number,
            Value::Text(_) | Value::Bytes(_) | Value::Bool(_) => None,
        }
    }

    fn text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => text.as_deref(),
            Value::Integer(_) | Value::Bytes(_) | Value::Bool(_) => None,
        }
    }

    fn bytes(&self) -> Option<&[u8]> {
        match self {
            Value::Bytes(bytes) => bytes.as_deref(),
            Value::Integer(_) | Value::Text(_) | Value::Bool(_) => None,
        }
    }

    fn bool(&self) -> Option<bool> {
        match self {
            Value::Bool(word) => *word,
            Value::Integer(_) | Value::Text(_) | Value::Bytes(_) => None,
        }
    }
}

/// A row of values of different types.
macro_rules! row {
    ($($value:expr),* $(,)?) => { vec![$($crate::db::many::Value::from($value)),*] };
}
pub(crate) use row;

macro_rules! values_from {
    ($($type:ty => $kind:ident, |$value:ident| $into:expr);* $(;)?) => {$(
        impl From<$type> for Value {
            fn from($value: $type) -> Value {
                Value::$kind(Some($into))
            }
        }

        impl From<Option<$type>> for Value {
            fn from(value: Option<$type>) -> Value {
                Value::$kind(value.map(|$value| $into))
            }
        }
    )*};
}

values_from! {
    i64 => Integer, |value| value;
    Moment => Integer, |value| value.millis();
    ProjectId => Integer, |value| value.0;
    CustomerId => Integer, |value| value.0;
    EventId => Integer, |value| value.0;
    String => Text, |value| value;
    &str => Text, |value| value.to_owned();
    &String => Text, |value| value.clone();
    Vec<u8> => Bytes, |value| value;
    &Vec<u8> => Bytes, |value| value.clone();
    &[u8] => Bytes, |value| value.to_vec();
    bool => Bool, |value| value;
}

#[cfg(test)]
mod tests {
    use diesel::connection::SimpleConnection;
    use diesel::sql_types::{BigInt, Binary, Nullable, Text};

    use super::*;

    const WORDS: Table = Table {
        name: "words",
        key: 2,
        columns: &[("id", Kind::Integer), ("word", Kind::Text), ("bytes", Kind::Bytes), ("is_short", Kind::Bool)],
    };

    type Read = (i64, String, Option<Vec<u8>>);

    fn all(conn: &mut Conn, keys: &[Row]) -> Vec<Read> {
        type Columns = (BigInt, Text, Nullable<Binary>);
        select::<Columns, Read>(conn, ("id, word, bytes", "words"), &WORDS.columns[..2], keys, "ORDER BY id, word")
            .expect("rows")
    }

    #[test]
    fn rows_are_written_changed_looked_up_and_deleted_by_one_statement_each() {
        use diesel::Connection as _;
        let mut conn = Conn::establish(":memory:").expect("a database in memory");
        let table = "CREATE TABLE words (id BIGINT, word TEXT, bytes BLOB, is_short BOOLEAN, PRIMARY KEY (id, word))";
        conn.batch_execute(table).expect("a table");
        let rows = [row![1, "it's", vec![0_u8, 255], true], row![2, "b", None::<Vec<u8>>, false]];
        assert_eq!(WORDS.insert(&mut conn, &rows, Existing::Fails), Ok(2));
        assert!(WORDS.insert(&mut conn, &rows, Existing::Fails).is_err());
        let more = [row![2, "b", vec![1_u8], true], row![3, "c", vec![2_u8], true]];
        assert_eq!(WORDS.insert(&mut conn, &more, Existing::Stays), Ok(1));
        let keys = [row![1, "it's"], row![2, "b"], row![3, "c"], row![4, "d"]];
        let read = all(&mut conn, &keys);
        assert_eq!(
            read,
            [(1, "it's".into(), Some(vec![0, 255])), (2, "b".into(), None), (3, "c".into(), Some(vec![2]))]
        );
        assert_eq!(WORDS.insert(&mut conn, &more[..1], Existing::IsReplaced), Ok(1));
        assert_eq!(WORDS.update(&mut conn, &[row![3, "c", vec![9_u8], false], row![4, "d", vec![9_u8], false]]), Ok(1));
        assert_eq!(WORDS.delete(&mut conn, &keys[..1]), Ok(1));
        assert_eq!(all(&mut conn, &keys), [(2, "b".into(), Some(vec![1])), (3, "c".into(), Some(vec![9]))]);
    }

    #[test]
    fn rows_in_pieces_are_all_written_and_one_that_exists_is_an_error() {
        use diesel::Connection as _;
        let mut conn = Conn::establish(":memory:").expect("a database in memory");
        let table = "CREATE TABLE words (id BIGINT, word TEXT, bytes BLOB, is_short BOOLEAN, PRIMARY KEY (id, word))";
        conn.batch_execute(table).expect("a table");
        let rows: Vec<Row> = (0..150_i64).map(|number| row![number, "a", None::<Vec<u8>>, true]).collect();
        let insert = |conn: &mut Conn, existing| {
            let mut inserts = Inserts::in_pieces();
            inserts.add(WORDS, rows.clone(), existing);
            inserts.run(conn)
        };
        assert_eq!(insert(&mut conn, Existing::Fails), Ok(()));
        let keys: Vec<Row> = (0..150_i64).map(|number| row![number, "a"]).collect();
        assert_eq!(all(&mut conn, &keys).len(), 150);
        assert!(insert(&mut conn, Existing::Fails).is_err());
        assert_eq!((insert(&mut conn, Existing::Stays), insert(&mut conn, Existing::IsReplaced)), (Ok(()), Ok(())));
    }
}

//! Runs the migrations of this binary, and refuses a database that a newer binary has migrated.
//!
//! There is one tree of SQL. What only one database understands stands in a comment that names it, `/*sqlite … */` or
//! `/*postgres … */`: it becomes SQL for that database, and is left out for the other.

use std::collections::BTreeSet;
use std::fmt;

use diesel::backend::Backend;
use diesel::connection::{BoxableConnection, SimpleConnection};
use diesel::migration::{self, Migration, MigrationMetadata, MigrationName, MigrationSource, MigrationVersion};
use diesel::{QueryResult, SqliteConnection};
use diesel_migrations::MigrationHarness;
use rust_embed::RustEmbed;

use super::conn::AnyConnection;
use super::{Db, Unavailable};
use crate::base::lookup_key;
use crate::events::key::key_of_lookup_key;
use crate::events::{Digest, StoredBody};

/// `up.sql` and `down.sql` of each migration, in a folder with its name.
#[derive(RustEmbed)]
#[folder = "migrations/"]
struct Files;

/// The key of the advisory lock. Any number works that no other program uses on the same PostgreSQL database.
const LOCK: i64 = 0x0d05_51e2;

/// Runs the missing migrations. When two processes start at once, one waits for the other.
///
/// # Errors
/// One line: the database is newer than this binary, or the database reported an error.
pub fn run(db: &Db) -> Result<(), String> {
    let mut conn = db.writers.get().map_err(|error| error.to_string())?;
    match &mut conn.inner.0 {
        AnyConnection::Sqlite(conn) => {
            register_functions(conn).map_err(line)?;
            migrate(conn, Dialect::Sqlite)
        }
        AnyConnection::Postgres(conn) => {
            // A migration may rewrite a large table, and the other process waits as long.
            let begin = "SET lock_timeout = 0; SET statement_timeout = 0";
            conn.batch_execute(&format!("{begin}; SELECT pg_advisory_lock({LOCK})")).map_err(line)?;
            let done = migrate(conn, Dialect::Postgres);
            let end = "SET lock_timeout = '5s'; SET statement_timeout = '15s'";
            conn.batch_execute(&format!("SELECT pg_advisory_unlock({LOCK}); {end}")).map_err(line)?;
            done
        }
    }
}

/// Whether the database has exactly the migrations of this binary; `/readyz` asks this.
pub fn is_done(db: &Db) -> Result<bool, Unavailable> {
    let mut conn = db.readers.get().map_err(|error| Unavailable(error.to_string()))?;
    let applied = match &mut conn.inner.0 {
        AnyConnection::Sqlite(conn) => conn.applied_migrations(),
        AnyConnection::Postgres(conn) => conn.applied_migrations(),
    };
    let applied = applied.map_err(|error| {
        conn.check_after_failure();
        Unavailable(error.to_string())
    })?;
    Ok(applied.len() == names().len())
}

fn migrate<DB: Backend, C: MigrationHarness<DB>>(conn: &mut C, dialect: Dialect) -> Result<(), String> {
    applied(conn)?;
    conn.run_pending_migrations(dialect).map_err(line)?;
    Ok(())
}

/// How many migrations a database has; 0 when it is none of Dossier's. It may get the table in which they are noted.
///
/// # Errors
/// One line: the database is newer than this binary, or reported an error.
pub(super) fn applied<DB: Backend, C: MigrationHarness<DB>>(conn: &mut C) -> Result<usize, String> {
    let known: BTreeSet<String> = names().iter().map(|name| name.version().to_string()).collect();
    let applied = conn.applied_migrations().map_err(line)?;
    match applied.iter().find(|version| !known.contains(&version.to_string())) {
        Some(unknown) => {
            Err(format!("the database was made by a newer dossier (migration {unknown}); start that version"))
        }
        None => Ok(applied.len()),
    }
}

fn line(error: impl fmt::Display) -> String {
    error.to_string().replace('\n', " ")
}

/// The functions of SQL by which migrations of SQLite have the program read and write what it stores of an event.
mod functions {
    use diesel::declare_sql_function;
    use diesel::sql_types::{Binary, Text};

    #[declare_sql_function]
    extern "SQL" {
        /// The key of an event, from the one it had before 2026-11-29.
        fn short_key(lookup_key: Binary) -> Binary;
        /// The key that the event with this id had before 2026-11-29.
        fn long_key(id: Text) -> Binary;
        /// A body as it is stored.
        fn stored(body: Text) -> Binary;
        /// A stored body as it came; an empty text when it cannot be read.
        fn plain(stored: Binary) -> Text;
        /// The digest of what a history stored of an event before 2026-11-29.
        fn digest(summary: Text) -> Binary;
        /// What a history stored of an event before 2026-11-29, from its digest.
        fn summary(digest: Binary) -> Text;
    }
}

fn register_functions(conn: &mut SqliteConnection) -> QueryResult<()> {
    let stored = |body: String| StoredBody::new(&body).as_bytes().to_vec();
    let plain = |bytes: Vec<u8>| StoredBody::from_bytes(bytes).text().unwrap_or_default();
    let digest = |summary: String| {
        let read = Digest::from_bytes(summary.into_bytes());
        read.read().map_or(read, |summary| summary.digest()).as_bytes().to_vec()
    };
    let summary = |bytes: Vec<u8>| {
        let summary = Digest::from_bytes(bytes).read().ok();
        summary.and_then(|summary| serde_json::to_string(&summary).ok()).unwrap_or_default()
    };
    functions::short_key_utils::register_impl(conn, |key: Vec<u8>| key_of_lookup_key(&key))?;
    functions::long_key_utils::register_impl(conn, |id: String| lookup_key(&id))?;
    functions::stored_utils::register_impl(conn, stored)?;
    functions::plain_utils::register_impl(conn, plain)?;
    functions::digest_utils::register_impl(conn, digest)?;
    functions::summary_utils::register_impl(conn, summary)
}

/// Which SQL a database understands; as a source of migrations, those for this database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    /// The SQL of a migration for this database.
    fn sql(self, written: &str) -> String {
        let (own, other) = match self {
            Dialect::Sqlite => ("/*sqlite", "/*postgres"),
            Dialect::Postgres => ("/*postgres", "/*sqlite"),
        };
        let own = rewritten(written, own, |inside| inside);
        rewritten(&own, other, |_| "")
    }
}

/// The SQL with every comment that begins with this word replaced by what `keep` makes of its inside.
fn rewritten(sql: &str, word: &str, keep: impl Fn(&str) -> &str) -> String {
    let mut parts = sql.split(word);
    let mut all = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once("*/").filter(|(inside, _)| inside.starts_with(char::is_whitespace)) {
            Some((inside, rest)) => all.extend([keep(inside), rest]),
            None => all.extend([word, part]),
        }
    }
    all
}

impl<DB: Backend> MigrationSource<DB> for Dialect {
    fn migrations(&self) -> migration::Result<Vec<Box<dyn Migration<DB>>>> {
        let script = |name: Name| Box::new(Script { name, dialect: *self }) as Box<dyn Migration<DB>>;
        Ok(names().into_iter().map(script).collect())
    }
}

/// The name of a migration's folder, such as `2026-11-28-000001_people`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Name(String);

/// All migrations, in their order.
fn names() -> BTreeSet<Name> {
    Files::iter().filter_map(|path| path.split_once('/').map(|(folder, _)| Name(folder.to_owned()))).collect()
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl MigrationName for Name {
    /// What databases remember: the digits in front of the first underscore, `20261128000001`.
    fn version(&self) -> MigrationVersion<'_> {
        self.0.split('_').next().unwrap_or_default().replace('-', "").into()
    }
}

/// A migration for one database.
struct Script {
    name: Name,
    dialect: Dialect,
}

impl Script {
    fn execute<DB: Backend>(&self, conn: &mut dyn BoxableConnection<DB>, file: &str) -> migration::Result<()> {
        let path = format!("{}/{file}", self.name);
        let written = Files::get(&path).ok_or_else(|| format!("{path} is missing"))?;
        let sql = self.dialect.sql(std::str::from_utf8(&written.data)?);
        conn.batch_execute(&sql).map_err(|error| format!("{path}: {error}").into())
    }
}

impl<DB: Backend> Migration<DB> for Script {
    fn run(&self, conn: &mut dyn BoxableConnection<DB>) -> migration::Result<()> {
        self.execute(conn, "up.sql")
    }

    fn revert(&self, conn: &mut dyn BoxableConnection<DB>) -> migration::Result<()> {
        self.execute(conn, "down.sql")
    }

    fn metadata(&self) -> &dyn MigrationMetadata {
        &InTransaction
    }

    fn name(&self) -> &dyn MigrationName {
        &self.name
    }
}

/// Each migration runs in a transaction, as Diesel does unless it is told otherwise.
struct InTransaction;

impl MigrationMetadata for InTransaction {}

#[cfg(test)]
mod tests {
    use diesel::prelude::*;
    use diesel_migrations::MigrationHarness;

    use super::*;

    #[test]
    fn what_only_one_database_understands_is_left_out_for_the_other() {
        let written = "CREATE TABLE t (a INT)/*sqlite WITHOUT ROWID*/;\n/*postgres\nALTER TABLE t; */\n/*sqlite3, a remark*/ -- another";
        let sqlite = "CREATE TABLE t (a INT) WITHOUT ROWID;\n\n/*sqlite3, a remark*/ -- another";
        let postgres = "CREATE TABLE t (a INT);\n\nALTER TABLE t; \n/*sqlite3, a remark*/ -- another";
        assert_eq!((Dialect::Sqlite.sql(written), Dialect::Postgres.sql(written)), (sqlite.into(), postgres.into()));
    }

    #[test]
    fn databases_know_a_migration_by_the_digits_of_its_name() {
        let first = names().into_iter().next().expect("there are migrations");
        assert_eq!(first.to_string(), "2026-11-28-000001_people");
        assert_eq!(first.version().to_string(), "20261128000001");
    }

    /// A migrated database.
    fn migrated() -> SqliteConnection {
        let mut conn = SqliteConnection::establish(":memory:").expect("a database in memory");
        register_functions(&mut conn).expect("they are registered");
        migrate(&mut conn, Dialect::Sqlite).expect("they run");
        conn
    }

    #[test]
    fn every_migration_runs_and_is_taken_back() {
        let mut conn = migrated();
        assert_eq!(conn.applied_migrations().expect("they are known").len(), names().len());
        conn.revert_all_migrations(Dialect::Sqlite).expect("they are taken back");
        assert!(conn.applied_migrations().expect("they are known").is_empty());
        migrate(&mut conn, Dialect::Sqlite).expect("they run again");
    }

    #[derive(Debug, QueryableByName)]
    struct Line {
        #[diesel(sql_type = diesel::sql_types::Text)]
        line: String,
    }

    fn line_of(conn: &mut SqliteConnection, columns: &str) -> String {
        let sql = format!("SELECT concat_ws(' ', {columns}) AS line FROM events JOIN history ON event_id = events.id");
        diesel::sql_query(sql).get_result::<Line>(conn).expect("a row").line
    }

    #[test]
    fn stored_events_are_taken_back_to_the_tables_before_and_come_again() {
        let mut conn = migrated();
        let (id, digest) = ("7".repeat(200), "{\"id\":\"7\",\"kind\":\"TRANSFER\",\"event_at\":6}");
        let body = format!("{{\"event\":{{\"id\":\"{id}\"}}}}");
        let tie = 9_i64 << 27 | 5;
        conn.batch_execute(&format!(
            "PRAGMA foreign_keys = OFF;
            INSERT INTO events VALUES (1, 2, 3, short_key(long_key('{id}')), digest('{digest}'), stored('{body}'));
            INSERT INTO history VALUES (4, 5, 6, 2, {tie}, 1, 3, 1, 11, FALSE);"
        ))
        .expect("rows");
        let columns = "received_at, hex(event_key), hex(digest), hex(body), timeline_at, event_at, tie, environment, topic, side, kind";
        let before = line_of(&mut conn, columns);
        let storage = Script { name: Name("2026-11-29-000007_storage".into()), dialect: Dialect::Sqlite };
        conn.revert_migration(&storage).expect("it is taken back");
        let old = line_of(&mut conn, "received_at, length(event_key), body, tie, environment, topic, side, summary");
        assert_eq!(old, format!("3 161 {body} {} sandbox identity lost {digest}", tie << 29));
        migrate(&mut conn, Dialect::Sqlite).expect("it runs again");
        assert_eq!(line_of(&mut conn, columns), before);
    }
}

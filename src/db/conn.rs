//! One connection type for two databases, and how the pool opens it. The scheme of the URL selects the database.

use std::ops::{Deref, DerefMut};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use diesel::connection::{AnsiTransactionManager, Connection, InstrumentationEvent, SimpleConnection};
use diesel::r2d2::ManageConnection;
use diesel::{ConnectionError, PgConnection, QueryResult, SqliteConnection};

use super::{Unavailable, failure};
use crate::base::error::Error;
use crate::base::ids::{PersonId, ProjectId};
use crate::base::master_key::MasterKeys;

/// An open connection to either database, as the program uses it.
pub struct Conn(pub(super) AnyConnection, Mode, Arc<OnceLock<MasterKeys>>);

/// What the open transaction may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Reads,
    Writes,
    /// It writes, and fails where it would have to wait for a row that another transaction has locked.
    NeverWaits,
}

/// The two kinds of connections.
#[derive(diesel::MultiConnection)]
pub enum AnyConnection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// The key of the advisory lock of whoever replaces the master key. No id is negative.
const MASTER_KEY_LOCK: i64 = -1;

/// The key of the advisory lock of whoever compares the place of a database.
const PLACE_LOCK: i64 = -2;

/// A commit is on disk before it returns (`FULL`), and readers do not wait for the writer (`WAL`). SQLite overwrites
/// deleted content (`secure_delete`), and a second writer waits instead of failing (`busy_timeout`). `LIKE` tells `a` from
/// `A`, as it does on PostgreSQL.
const SQLITE_SETTINGS: &str = "
    PRAGMA busy_timeout = 5000;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    PRAGMA secure_delete = ON;
    PRAGMA trusted_schema = OFF;
    PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -2000;
    PRAGMA journal_size_limit = 67108864;
    PRAGMA mmap_size = 0;
    PRAGMA case_sensitive_like = ON;
";

/// A statement of a writer is planned once, not again for each array of rows, which would take as long as to run it. The
/// plan is kept, and perhaps the tables were empty when it was made: so it may not read whole tables.
const POSTGRES_WRITER_SETTINGS: &str = "
    SET plan_cache_mode = force_generic_plan;
    SET enable_seqscan = off;
    SET enable_hashjoin = off;
    SET enable_mergejoin = off;
";

/// PostgreSQL may not compile a statement (`jit`): that takes longer than any statement of ours runs. It would do so for each
/// that has to read a whole table, which costs "infinitely" much where [`POSTGRES_WRITER_SETTINGS`] forbid it.
const POSTGRES_SETTINGS: &str = "
    SET jit = off;
    SET statement_timeout = '15s';
    SET lock_timeout = '5s';
    SET idle_in_transaction_session_timeout = '60s';
    SET timezone = 'UTC';
";

impl Conn {
    pub(super) fn new(connection: AnyConnection, keys: Arc<OnceLock<MasterKeys>>) -> Conn {
        Conn(connection, Mode::Reads, keys)
    }

    pub(super) fn begin_read(&mut self) -> QueryResult<()> {
        self.1 = Mode::Reads;
        match &mut self.0 {
            AnyConnection::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN"),
            AnyConnection::Postgres(conn) => {
                AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            }
        }
    }

    /// Takes SQLite's write lock at once, because SQLite cannot turn a reader into a writer while others write.
    pub(super) fn begin_write(&mut self) -> QueryResult<()> {
        self.1 = Mode::Writes;
        match &mut self.0 {
            AnyConnection::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE"),
            AnyConnection::Postgres(conn) => AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN"),
        }
    }
}

impl Conn {
    /// As [`Conn::begin_write`], for a transaction that skips rows that others have locked, or fails.
    pub(super) fn begin_without_waiting(&mut self) -> QueryResult<()> {
        match &mut self.0 {
            AnyConnection::Sqlite(_) => self.begin_write()?,
            // What it does not lock by itself, such as the rows that references point to, it waits for as long.
            AnyConnection::Postgres(conn) => {
                AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN; SET LOCAL lock_timeout = '50ms'")?
            }
        }
        self.1 = Mode::NeverWaits;
        Ok(())
    }

    /// Whether rows have to be locked: not on SQLite, which has only one writer, and not by a reader.
    pub fn locks_rows(&self) -> bool {
        self.1 != Mode::Reads && !self.is_sqlite()
    }

    /// Whether the transaction may wait for rows that others have locked.
    pub fn may_wait(&self) -> bool {
        self.1 != Mode::NeverWaits
    }

    pub fn is_sqlite(&self) -> bool {
        matches!(self.0, AnyConnection::Sqlite(_))
    }

    /// The keys that open the secrets of this database.
    ///
    /// # Errors
    /// [`Error::Internal`] when nobody has unlocked it ([`super::secrets::unlock`]).
    pub fn master_keys(&self) -> Result<MasterKeys, Error> {
        super::unlocked(&self.2)
    }

    /// A number that changes when another connection changes the database; `None` on PostgreSQL.
    pub fn data_version(&mut self) -> QueryResult<Option<i64>> {
        if !self.is_sqlite() {
            return Ok(None);
        }
        let version = diesel::dsl::sql::<diesel::sql_types::BigInt>("SELECT data_version FROM pragma_data_version");
        diesel::RunQueryDsl::get_result(version, self).map(Some)
    }

    /// The connection to the one database that is open, for what the two databases do differently.
    pub fn any(&mut self) -> &mut AnyConnection {
        &mut self.0
    }

    /// Makes what people, keys and jobs do in a project wait for each other, until this transaction ends: the audit log is
    /// one chain, and some limits are of the whole project. Events that come in do not take it, and never wait
    /// ([`Conn::may_wait`]). Everybody who may wait for customers takes it first, so that no two can deadlock. Does nothing
    /// on SQLite, which has only one writer.
    ///
    /// # Errors
    /// When another process holds the lock too long; [`super::is_unavailable`] is true for this error.
    pub fn lock_project(&mut self, project: ProjectId) -> QueryResult<()> {
        self.lock(project.0)
    }

    /// As [`Conn::lock_project`], for a person across all projects. A caller that needs both locks takes the
    /// project's first, or two callers could deadlock.
    pub fn lock_person(&mut self, person: PersonId) -> QueryResult<()> {
        self.lock(person.0)
    }

    /// As [`Conn::lock_project`], for whoever replaces the master key of this database.
    ///
    /// # Errors
    /// As [`Conn::lock_project`].
    pub fn lock_master_key(&mut self) -> QueryResult<()> {
        self.lock(MASTER_KEY_LOCK)
    }

    /// As [`Conn::lock_project`], for whoever compares where this database is with where it was. It is taken before that of any
    /// project.
    ///
    /// # Errors
    /// As [`Conn::lock_project`].
    pub fn lock_place(&mut self) -> QueryResult<()> {
        self.lock(PLACE_LOCK)
    }

    /// As [`Conn::lock_project`], for the subject of a hash, so that concurrent attempts are all counted.
    pub fn lock_hash(&mut self, hash: &str) -> QueryResult<()> {
        let digits: String = hash.chars().take(15).collect();
        self.lock(i64::from_str_radix(&digits, 16).unwrap_or_default())
    }

    fn lock(&mut self, key: i64) -> QueryResult<()> {
        match &mut self.0 {
            AnyConnection::Sqlite(_) => Ok(()),
            AnyConnection::Postgres(conn) => conn.batch_execute(&format!("SELECT pg_advisory_xact_lock({key})")),
        }
    }
}

/// What all connections of a process have done.
#[derive(Debug, Default)]
pub struct Counts {
    pub statements: AtomicU64,
    pub deadlocks: AtomicU64,
}

impl Counts {
    fn note(&self, event: &InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartQuery { .. } => drop(self.statements.fetch_add(1, Ordering::Relaxed)),
            InstrumentationEvent::FinishQuery { error: Some(error), .. } if failure::is_deadlock(error) => {
                let deadlocks = self.deadlocks.fetch_add(1, Ordering::Relaxed) + 1;
                tracing::warn!(deadlocks, "PostgreSQL has ended a transaction that was in a deadlock with another one");
            }
            _ => {}
        }
    }
}

/// Opens connections for the pool.
#[derive(Debug)]
pub struct Manager {
    address: Address,
    is_for_writers: bool,
    counts: Arc<Counts>,
    file: Arc<DatabaseFile>,
    keys: Arc<OnceLock<MasterKeys>>,
}

#[derive(Debug)]
enum Address {
    Sqlite(String),
    Postgres(String),
}

/// The path and identity of the SQLite file that the program opened first. Data written to a deleted file is lost, so
/// [`Db`](super::Db) uses a connection only while the path still leads to the same file.
#[derive(Debug, Default)]
pub struct DatabaseFile(OnceLock<(PathBuf, (u64, u64))>);

impl DatabaseFile {
    fn remember(&self, path: &Path) {
        if let Some(identity) = identity(path) {
            self.0.get_or_init(|| (path.to_owned(), identity));
        }
    }

    /// # Errors
    /// [`Unavailable`] when the file was deleted or replaced by another one.
    pub fn check(&self) -> Result<(), Unavailable> {
        match self.0.get() {
            Some((path, opened)) if identity(path) != Some(*opened) => {
                Err(Unavailable("the database file was deleted or replaced; put it back and restart".into()))
            }
            _ => Ok(()),
        }
    }
}

/// Device and inode number of a file; `None` when the file cannot be found.
fn identity(path: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

impl Manager {
    /// # Errors
    /// When the scheme of `url` is neither `sqlite:` nor `postgres:`.
    pub fn new(
        url: &str,
        counts: Arc<Counts>,
        file: Arc<DatabaseFile>,
        keys: Arc<OnceLock<MasterKeys>>,
    ) -> Result<Manager, String> {
        let address = match (sqlite_path(url), url.split_once(':')) {
            (Some(path), _) => Address::Sqlite(path.to_owned()),
            (None, Some(("postgres" | "postgresql", _))) => Address::Postgres(with_connect_timeout(url)),
            _ => return Err("DATABASE_URL must start with sqlite: or postgres:".into()),
        };
        Ok(Manager { address, is_for_writers: false, counts, file, keys })
    }

    /// Opens connections for writers.
    pub fn for_writers(self) -> Manager {
        Manager { is_for_writers: true, ..self }
    }

    pub fn is_sqlite(&self) -> bool {
        match self.address {
            Address::Sqlite(_) => true,
            Address::Postgres(_) => false,
        }
    }

    /// Opens one connection now, so that the start fails when the address is wrong.
    ///
    /// # Errors
    /// One line that names the file or `DATABASE_URL`.
    pub fn check(&self) -> Result<(), String> {
        match (self.connect(), &self.address) {
            (Ok(_), _) => Ok(()),
            (Err(error), Address::Sqlite(path)) => Err(format!("cannot open the database file {path}: {error}")),
            (Err(error), Address::Postgres(_)) => Err(format!(
                "cannot connect to the PostgreSQL server of DATABASE_URL: {}",
                one_line(&error.to_string())
            )),
        }
    }

    fn establish(&self) -> Result<Conn, diesel::r2d2::Error> {
        let conn = match &self.address {
            Address::Sqlite(path) => {
                let bad_connection = |Unavailable(reason)| ConnectionError::BadConnection(reason);
                self.file.check().map_err(bad_connection).map_err(diesel::r2d2::Error::ConnectionError)?;
                let mut conn = SqliteConnection::establish(path).map_err(diesel::r2d2::Error::ConnectionError)?;
                conn.batch_execute(SQLITE_SETTINGS).map_err(diesel::r2d2::Error::QueryError)?;
                self.file.remember(Path::new(path));
                AnyConnection::Sqlite(conn)
            }
            Address::Postgres(url) => {
                let mut conn = PgConnection::establish(url).map_err(diesel::r2d2::Error::ConnectionError)?;
                conn.batch_execute(POSTGRES_SETTINGS).map_err(diesel::r2d2::Error::QueryError)?;
                if self.is_for_writers {
                    conn.batch_execute(POSTGRES_WRITER_SETTINGS).map_err(diesel::r2d2::Error::QueryError)?;
                }
                AnyConnection::Postgres(conn)
            }
        };
        Ok(Conn::new(conn, self.keys.clone()))
    }
}

/// The path in an address of SQLite.
pub fn sqlite_path(url: &str) -> Option<&str> {
    let path = url.strip_prefix("sqlite:").filter(|path| !path.is_empty())?;
    Some(path.trim_start_matches("//"))
}

fn with_connect_timeout(url: &str) -> String {
    if url.contains("connect_timeout") {
        return url.to_owned();
    }
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}connect_timeout=2")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A connection in the pool. When `is_broken` is set, the pool closes it instead of lending it again.
pub struct Slot {
    pub(super) inner: Conn,
    pub(super) is_broken: bool,
}

impl Slot {
    /// Call this after a failure: it sets `is_broken` when the server no longer answers.
    pub(super) fn check_after_failure(&mut self) {
        if let AnyConnection::Postgres(conn) = &mut self.inner.0 {
            self.is_broken = conn.batch_execute("SELECT 1").is_err();
        }
    }
}

impl Deref for Slot {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        &self.inner
    }
}

impl DerefMut for Slot {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.inner
    }
}

impl ManageConnection for Manager {
    type Connection = Slot;
    type Error = diesel::r2d2::Error;

    fn connect(&self) -> Result<Slot, Self::Error> {
        let mut inner = self.establish()?;
        let counts = self.counts.clone();
        inner.set_instrumentation(move |event: InstrumentationEvent<'_>| counts.note(&event));
        Ok(Slot { inner, is_broken: false })
    }

    fn is_valid(&self, _: &mut Slot) -> Result<(), Self::Error> {
        Ok(())
    }

    fn has_broken(&self, slot: &mut Slot) -> bool {
        use diesel::r2d2::R2D2Connection;
        slot.is_broken
            || std::thread::panicking()
            || match &mut slot.inner.0 {
                AnyConnection::Sqlite(conn) => conn.is_broken(),
                AnyConnection::Postgres(conn) => conn.is_broken(),
            }
    }
}

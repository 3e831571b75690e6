//! The database. `Db` runs one transaction per call: `read` on a snapshot, `write` for a change that is on disk when
//! the call returns. The work runs on threads that may block; a call waits at most [`POOL_WAIT`] for a connection.

mod any_query;
pub mod backup;
mod both;
pub(crate) mod columns;
mod conn;
pub mod customer_tables;
pub mod durability;
mod failure;
mod free_space;
pub mod group;
pub mod many;
pub mod migrate;
pub mod place;
pub mod schema;
pub mod secrets;
mod serving;
mod turns;

use std::any::Any;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use diesel::connection::{Connection, SimpleConnection, TransactionManager};
use diesel::r2d2::{Pool, PooledConnection};

pub use both::Both;
pub use conn::{AnyConnection, Conn, Manager, sqlite_path};
use conn::{Counts, DatabaseFile};
pub use failure::{Unavailable, changed_meanwhile, is_unavailable};
pub use serving::Serving;
use turns::Turns;

use crate::base::error::Error;
use crate::base::master_key::MasterKeys;

/// How long a reader waits for a connection before the answer is 503.
pub const POOL_WAIT: Duration = Duration::from_secs(2);
/// How many threads write batches: deliveries, attributes, log-ins, contacts.
const BATCH_WRITERS: u32 = 4;
/// How long a writer waits for its turn.
const WRITER_WAIT: Duration = Duration::from_secs(5);

/// The database of this process. Clones share its connections.
#[derive(Clone)]
pub struct Db {
    /// Readers and writers have connections of their own, so that neither has to wait for the others'.
    readers: Pool<Manager>,
    /// On SQLite one: writers wait for it, and none of them waits with a connection.
    writers: Pool<Manager>,
    /// For the threads that write batches ([`group`]), which wait for nobody. On SQLite they share the one of all writers.
    batches: Pool<Manager>,
    turns: Turns,
    counts: Arc<Counts>,
    file: Arc<DatabaseFile>,
    /// What opens the secrets in the database; empty until it is unlocked.
    keys: Arc<OnceLock<MasterKeys>>,
}

type PooledConn = PooledConnection<Manager>;

impl Db {
    /// Connects to `url` (`sqlite:PATH` or `postgres://…`) with at most so many connections. On SQLite one is for writers. On
    /// PostgreSQL a quarter is for them, and a quarter for the threads that write batches: at least one each, and for these
    /// at most four. For readers there is always one besides.
    ///
    /// # Errors
    /// One line that says what is wrong with the address, the file or the server.
    pub fn open(url: &str, connections: u32) -> Result<Db, String> {
        let counts = Arc::new(Counts::default());
        let file = Arc::new(DatabaseFile::default());
        let keys = Arc::new(OnceLock::new());
        let manager = || Manager::new(url, counts.clone(), file.clone(), keys.clone());
        let first = manager()?;
        first.check()?;
        let (writers, batches) = match first.is_sqlite() {
            true => (1, 0),
            false => ((connections / 4).max(1), (connections / 4).clamp(1, BATCH_WRITERS)),
        };
        let pool = |most: u32, wait: Duration, manager| {
            Pool::builder()
                .max_size(most)
                .min_idle(Some(1))
                .connection_timeout(wait)
                .test_on_check_out(false)
                .error_handler(Box::new(failure::LogPoolErrors))
                .build_unchecked(manager)
        };
        let readers = pool(connections.saturating_sub(writers + batches).max(1), POOL_WAIT, first);
        let writers = pool(writers, WRITER_WAIT, manager()?.for_writers());
        let batches = match batches {
            0 => writers.clone(),
            most => pool(most, WRITER_WAIT, manager()?.for_writers()),
        };
        Ok(Db { readers, writers, batches, turns: Turns::default(), counts, file, keys })
    }

    /// Gives all connections the keys that open the secrets in the database. The first keys stay.
    pub(super) fn keep_keys(&self, keys: MasterKeys) {
        self.keys.get_or_init(|| keys);
    }

    /// The keys that open the secrets of this database.
    ///
    /// # Errors
    /// [`Error::Internal`] when nobody has unlocked it ([`secrets::unlock`]).
    pub fn master_keys(&self) -> Result<MasterKeys, Error> {
        unlocked(&self.keys)
    }

    /// Whether the secrets in the database can be read.
    pub fn is_unlocked(&self) -> bool {
        self.keys.get().is_some()
    }

    /// How many statements all connections have sent since start-up, without `BEGIN`, `COMMIT` and `ROLLBACK`.
    pub fn statements(&self) -> u64 {
        self.counts.statements.load(Ordering::Relaxed)
    }

    /// How many transactions PostgreSQL has ended because of a deadlock.
    pub fn deadlocks(&self) -> u64 {
        self.counts.deadlocks.load(Ordering::Relaxed)
    }

    /// Runs `work` on one snapshot of the database, on a thread that may block.
    ///
    /// # Errors
    /// The error of `work`, or [`Unavailable`] when no connection was free in time or the transaction could not begin.
    pub async fn read<T, E>(&self, work: impl FnOnce(&mut Conn) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<diesel::result::Error> + From<Unavailable> + Send + 'static,
    {
        let db = self.clone();
        on_blocking_thread(move || db.read_here(work)).await?
    }

    /// Runs `work` as one change, on a thread that may block. All of it is durable when this returns `Ok`; otherwise
    /// nothing is written.
    ///
    /// # Errors
    /// As [`Db::read`].
    pub async fn write<T, E>(&self, work: impl FnOnce(&mut Conn) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<diesel::result::Error> + From<Unavailable> + Send + 'static,
    {
        let db = self.clone();
        on_blocking_thread(move || db.write_here(work)).await?
    }

    /// As [`Db::write`], for work that takes the lock of a project ([`Conn::lock_project`]). Of those who name the same
    /// project only one takes a connection; the others wait for their turn without.
    ///
    /// # Errors
    /// As [`Db::read`]; [`Unavailable`] when the turn does not come in time.
    pub async fn write_in_turn<T, E>(
        &self,
        project: &str,
        work: impl FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<diesel::result::Error> + From<Unavailable> + Send + 'static,
    {
        let turn = self.turns.wait(project).await?;
        let db = self.clone();
        on_blocking_thread(move || {
            let _turn = turn;
            db.write_here(work)
        })
        .await?
    }

    /// Runs one query, which needs no transaction to see one state of the database. It is asked again on another
    /// connection when the pooled one has died.
    ///
    /// # Errors
    /// As [`Db::read`].
    pub async fn ask<T, E>(&self, query: impl Fn(&mut Conn) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Unavailable> + Send + 'static,
    {
        let db = self.clone();
        on_blocking_thread(move || db.ask_here(query)).await?
    }

    fn ask_here<T, E: From<Unavailable>>(&self, query: impl Fn(&mut Conn) -> Result<T, E>) -> Result<T, E> {
        self.file.check()?;
        let mut left = self.readers.max_size();
        loop {
            let mut conn = self.readers.get().map_err(|error| Unavailable(error.to_string()))?;
            let asked = query(&mut conn);
            if asked.is_ok() {
                return asked;
            }
            conn.check_after_failure();
            if !conn.is_broken || left == 0 {
                return asked;
            }
            left -= 1;
        }
    }

    /// [`Db::read`] on the calling thread, which it blocks.
    ///
    /// # Errors
    /// As [`Db::read`].
    pub fn read_here<T, E>(&self, work: impl FnOnce(&mut Conn) -> Result<T, E>) -> Result<T, E>
    where
        E: From<diesel::result::Error> + From<Unavailable>,
    {
        self.run(&self.readers, Conn::begin_read, work)
    }

    /// [`Db::write`] on the calling thread, which it blocks.
    ///
    /// # Errors
    /// As [`Db::read`].
    pub fn write_here<T, E>(&self, work: impl FnOnce(&mut Conn) -> Result<T, E>) -> Result<T, E>
    where
        E: From<diesel::result::Error> + From<Unavailable>,
    {
        self.run(&self.writers, Conn::begin_write, work)
    }

    /// As [`Db::write_here`], but never waits for a row that another transaction has locked: see [`Conn::may_wait`].
    ///
    /// # Errors
    /// As [`Db::read`]; an error for which `Error::is_busy` is true, where only waiting would have helped.
    pub fn write_without_waiting<T, E>(&self, work: impl FnOnce(&mut Conn) -> Result<T, E>) -> Result<T, E>
    where
        E: From<diesel::result::Error> + From<Unavailable>,
    {
        self.run(&self.batches, Conn::begin_without_waiting, work)
    }

    fn run<T, E>(
        &self,
        pool: &Pool<Manager>,
        begin: Begin,
        work: impl FnOnce(&mut Conn) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<diesel::result::Error> + From<Unavailable>,
    {
        let (mut work, mut result) = (Some(work), None);
        let transaction = self.transaction(pool, begin, &mut |conn| {
            result = work.take().map(|work| work(conn));
            matches!(result, Some(Ok(_)))
        });
        transaction.map_err(Failed::into_error::<E>)?;
        result.unwrap_or_else(|| Err(Unavailable("the transaction did not run".into()).into()))
    }

    /// Runs `work` in one transaction, which is committed when `work` returns true. It is compiled once, whatever the
    /// caller's closure is.
    fn transaction(
        &self,
        pool: &Pool<Manager>,
        begin: Begin,
        work: &mut dyn FnMut(&mut Conn) -> bool,
    ) -> Result<(), Failed> {
        let mut conn = self.open_transaction(pool, begin).map_err(Failed::Begin)?;
        if work(&mut conn) {
            let committed = Tx::commit_transaction(&mut conn.inner);
            return committed.inspect_err(|_| conn.check_after_failure()).map_err(Failed::Commit);
        }
        if Tx::rollback_transaction(&mut conn.inner).is_err() {
            conn.check_after_failure();
        }
        Ok(())
    }

    /// A connection with an open transaction. When a pooled connection has died, this drops it and tries the next one;
    /// that is safe because the work has not begun.
    fn open_transaction(&self, pool: &Pool<Manager>, begin: Begin) -> Result<PooledConn, Unavailable> {
        self.file.check()?;
        let mut last = None;
        for _ in 0..=pool.max_size() {
            let mut conn = pool.get().map_err(|error| Unavailable(error.to_string()))?;
            match begin(&mut conn) {
                Ok(()) => return Ok(conn),
                Err(error) => {
                    conn.check_after_failure();
                    let alive = !conn.is_broken;
                    last = Some(error.to_string());
                    if alive {
                        break;
                    }
                }
            }
        }
        Err(Unavailable(last.unwrap_or_else(|| "no connection".into())))
    }

    /// Runs maintenance SQL as it is, outside any transaction.
    pub fn batch(&self, sql: &str) -> Result<(), String> {
        let mut conn = self.writers.get().map_err(|error| error.to_string())?;
        conn.inner.batch_execute(sql).map_err(|error| error.to_string())
    }

    /// Runs SQL on every connection, for settings that belong to a connection.
    pub fn batch_everywhere(&self, sql: &str) -> Result<(), String> {
        let all = [&self.readers, &self.writers, &self.batches];
        let all = if self.is_sqlite() { &all[..2] } else { &all[..] };
        let connections = all.iter().flat_map(|pool| (0..pool.max_size()).map(|_| pool.get()));
        let all: Result<Vec<PooledConn>, _> = connections.collect();
        for mut conn in all.map_err(|error| error.to_string())? {
            conn.inner.batch_execute(sql).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    pub fn is_sqlite(&self) -> bool {
        self.readers.get().is_ok_and(|conn| matches!(conn.inner.0, AnyConnection::Sqlite(_)))
    }
}

fn unlocked(keys: &OnceLock<MasterKeys>) -> Result<MasterKeys, Error> {
    keys.get().cloned().ok_or_else(|| Error::Internal("the secrets of the database are locked".into()))
}

type Tx = <Conn as Connection>::TransactionManager;
type Begin = fn(&mut Conn) -> diesel::QueryResult<()>;

/// Why a transaction failed, apart from its work.
enum Failed {
    Begin(Unavailable),
    Commit(diesel::result::Error),
}

impl Failed {
    fn into_error<E: From<diesel::result::Error> + From<Unavailable>>(self) -> E {
        match self {
            Failed::Begin(error) => error.into(),
            Failed::Commit(error) => error.into(),
        }
    }
}

async fn on_blocking_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Unavailable> {
    let result = run_on_blocking_thread(Box::new(move || Box::new(work()))).await?;
    result.downcast().map(|result| *result).map_err(|_| Unavailable("the work has returned another type".into()))
}

type Task = Box<dyn FnOnce() -> Box<dyn Any + Send> + Send>;

/// Tasks of all callers have one type, so that Tokio's machinery is compiled once.
///
/// # Errors
/// [`Unavailable`] when the runtime stops before the work has begun.
async fn run_on_blocking_thread(work: Task) -> Result<Box<dyn Any + Send>, Unavailable> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => Ok(result),
        Err(stopped) => match stopped.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(Unavailable("the server is stopping".into())),
        },
    }
}

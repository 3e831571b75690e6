//! A database for one test: a SQLite file, or with `TEST_DATABASE_URL` a database on that PostgreSQL server. Both are
//! deleted with the test. Templates stay on the server until the next run.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use diesel::RunQueryDsl;
use dossier::base::error::Error;
use dossier::base::master_key::MasterKeySource;
use dossier::db::{Db, migrate, secrets};

use super::seed;
use super::server::MASTER_KEY;

/// The database of one test.
pub enum TestDatabase {
    File(PathBuf),
    Database { server: String, name: String },
}

static NEXT: AtomicU32 = AtomicU32::new(0);

impl TestDatabase {
    /// Makes a database with tables, the two projects and the cast.
    pub fn make() -> TestDatabase {
        static TEMPLATE: Template = Template::new("dossier_desk_template", |_| {});
        TestDatabase::of(&TEMPLATE)
    }

    /// Makes a copy of a template.
    pub fn of(template: &Template) -> TestDatabase {
        match std::env::var("TEST_DATABASE_URL") {
            Ok(server) => template.copied_on(server),
            Err(_) => template.copied_file(),
        }
    }

    /// Makes a database without tables.
    pub fn empty() -> TestDatabase {
        match std::env::var("TEST_DATABASE_URL") {
            Ok(server) => {
                let name = fresh_name();
                execute(&server, &format!("CREATE DATABASE {name}"));
                TestDatabase::Database { server, name }
            }
            Err(_) => TestDatabase::File(fresh_path()),
        }
    }

    /// Copies the database of a desk, which is at `url`, as it is now. Connections to it end on PostgreSQL.
    pub fn copy_of(db: &Db, url: &str) -> TestDatabase {
        match std::env::var("TEST_DATABASE_URL") {
            Ok(server) => {
                let (name, source) = (fresh_name(), url.rsplit('/').next().expect("a name"));
                let all = format!("pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{source}'");
                execute(&server, &format!("SELECT {all}"));
                execute(&server, &format!("CREATE DATABASE {name} TEMPLATE {source}"));
                TestDatabase::Database { server, name }
            }
            Err(_) => {
                let path = fresh_path();
                db.batch(&format!("VACUUM INTO '{}'", path.display())).expect("a copy");
                TestDatabase::File(path)
            }
        }
    }

    /// Its address, as in `DATABASE_URL`.
    pub fn url(&self) -> String {
        match self {
            TestDatabase::File(path) => format!("sqlite:{}", path.display()),
            TestDatabase::Database { server, name } => on(server, name),
        }
    }
}

/// Opens a database as another process of the program does.
pub fn open(url: &str, connections: u32) -> Db {
    let db = Db::open(url, connections).expect("the database");
    secrets::unlock(&db, &MasterKeySource::Given(MASTER_KEY.into())).expect("its key");
    db
}

fn fresh_name() -> String {
    format!("desk_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// The path of a file that does not exist.
fn fresh_path() -> PathBuf {
    let path = std::env::temp_dir().join(format!("dossier_{}.db", fresh_name()));
    remove(&path);
    path
}

/// A database that the tests of one run copy: it is made when the first of them needs it.
pub struct Template {
    name: &'static str,
    fill: fn(&Db),
    made: OnceLock<Vec<u8>>,
}

impl Template {
    /// `fill` writes what every copy is to hold besides the two projects and the cast. `name` is that of the database on
    /// PostgreSQL.
    pub const fn new(name: &'static str, fill: fn(&Db)) -> Template {
        Template { name, fill, made: OnceLock::new() }
    }

    /// On SQLite a template is the bytes of its file.
    fn copied_file(&self) -> TestDatabase {
        let template = self.made.get_or_init(|| {
            let path = std::env::temp_dir().join(format!("{}_{}.db", self.name, std::process::id()));
            remove(&path);
            let db = self.make(&format!("sqlite:{}", path.display()));
            db.batch("PRAGMA wal_checkpoint(TRUNCATE)").expect("everything in one file");
            let bytes = std::fs::read(&path).expect("the template");
            remove(&path);
            bytes
        });
        let path = fresh_path();
        std::fs::write(&path, template).expect("a copy of the template");
        TestDatabase::File(path)
    }

    /// PostgreSQL copies a database much faster than it makes tables.
    fn copied_on(&self, server: String) -> TestDatabase {
        self.made.get_or_init(|| {
            execute(&server, &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
            execute(&server, &format!("CREATE DATABASE {}", self.name));
            self.make(&on(&server, self.name));
            Vec::new()
        });
        let name = fresh_name();
        execute(&server, &format!("CREATE DATABASE {name} TEMPLATE {} {}", self.name, strategy(&server)));
        TestDatabase::Database { server, name }
    }

    fn make(&self, url: &str) -> Db {
        let db = Db::open(url, 1).expect("the template");
        migrate::run(&db).expect("tables");
        seed::fill(&db);
        (self.fill)(&db);
        db
    }
}

/// How PostgreSQL copies a database. To copy its files takes half as long as to log the copy, unless the server waits for the
/// disk. Before version 15 there is no choice.
fn strategy(server: &str) -> &'static str {
    static STRATEGY: OnceLock<&str> = OnceLock::new();
    STRATEGY.get_or_init(|| {
        let hasty = "current_setting('fsync') = 'off' AND current_setting('server_version_num')::int >= 150000";
        let hasty = diesel::select(diesel::dsl::sql::<diesel::sql_types::Bool>(hasty));
        let read = admin(server).read_here(|conn| Ok::<_, Error>(hasty.get_result::<bool>(conn)?));
        if read.expect("the settings of the server") { "STRATEGY FILE_COPY" } else { "" }
    })
}

/// The address of another database on the same server.
fn on(server: &str, name: &str) -> String {
    let mut url = url::Url::parse(server).expect("an address in TEST_DATABASE_URL");
    url.set_path(name);
    url.into()
}

fn execute(server: &str, statement: &str) {
    admin(server).batch(statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
}

fn admin(server: &str) -> &'static Db {
    static ADMIN: OnceLock<Db> = OnceLock::new();
    ADMIN.get_or_init(|| Db::open(server, 2).expect("the server of TEST_DATABASE_URL"))
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        match self {
            TestDatabase::File(path) => remove(path),
            TestDatabase::Database { server, name } => execute(server, &format!("DROP DATABASE {name} WITH (FORCE)")),
        }
    }
}

fn remove(path: &std::path::Path) {
    for suffix in ["", "-wal", "-shm", ".lock"] {
        match std::fs::remove_file(format!("{}{suffix}", path.display())) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => panic!("{error}"),
            _ => {}
        }
    }
}

//! A database for one test: a SQLite file, or with `TEST_DATABASE_URL` a schema on that PostgreSQL server. Both go away
//! with the test.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use dossier::db::{Db, migrate};

use super::seed;

pub enum Place {
    File(PathBuf),
    Schema { server: String, name: String },
}

static NEXT: AtomicU32 = AtomicU32::new(0);

impl Place {
    /// A fresh database with tables, the two projects and the cast.
    pub fn make() -> Place {
        let name = format!("desk_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        match std::env::var("TEST_DATABASE_URL") {
            Ok(server) => schema(server, name),
            Err(_) => file(&name),
        }
    }

    pub fn url(&self) -> String {
        match self {
            Place::File(path) => format!("sqlite:{}", path.display()),
            Place::Schema { server, name } => {
                let separator = if server.contains('?') { '&' } else { '?' };
                format!("{server}{separator}options=-csearch_path%3D{name}")
            }
        }
    }
}

/// Tables and cast are made once a run, then copied.
fn file(name: &str) -> Place {
    static TEMPLATE: OnceLock<Vec<u8>> = OnceLock::new();
    let template = TEMPLATE.get_or_init(|| {
        let path = std::env::temp_dir().join(format!("dossier_template_{}.db", std::process::id()));
        remove(&path);
        let db = Db::open(&format!("sqlite:{}", path.display()), 1).expect("a database");
        migrate::run(&db).expect("tables");
        seed::fill(&db);
        db.batch("PRAGMA wal_checkpoint(TRUNCATE)").expect("everything in one file");
        let bytes = std::fs::read(&path).expect("the template");
        remove(&path);
        bytes
    });
    let path = std::env::temp_dir().join(format!("dossier_{name}.db"));
    remove(&path);
    std::fs::write(&path, template).expect("a copy of the template");
    Place::File(path)
}

fn schema(server: String, name: String) -> Place {
    let admin = Db::open(&server, 1).expect("the server of TEST_DATABASE_URL");
    admin.batch(&format!("CREATE SCHEMA {name}")).expect("a schema");
    let place = Place::Schema { server, name };
    let db = Db::open(&place.url(), 1).expect("the schema");
    migrate::run(&db).expect("tables");
    seed::fill(&db);
    place
}

impl Drop for Place {
    fn drop(&mut self) {
        match self {
            Place::File(path) => remove(path),
            Place::Schema { server, name } => {
                let admin = Db::open(server, 1).expect("the server of TEST_DATABASE_URL");
                admin.batch(&format!("DROP SCHEMA {name} CASCADE")).expect("the schema goes");
            }
        }
    }
}

fn remove(path: &std::path::Path) {
    for suffix in ["", "-wal", "-shm"] {
        match std::fs::remove_file(format!("{}{suffix}", path.display())) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => panic!("{error}"),
            _ => {}
        }
    }
}

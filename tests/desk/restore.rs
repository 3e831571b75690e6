//! `dossier restore`: only a sound backup takes the place of a database, the former one stays, and what was restored acts nowhere.

use std::path::{Path, PathBuf};
use std::process::Output;

use diesel::SqliteConnection;
use diesel::connection::{Connection, SimpleConnection};
use diesel::prelude::*;
use dossier::base::error::Error;
use dossier::db::schema::{app_user_ids, place};
use dossier::db::{Db, Serving};
use serde_json::json;

use crate::support::copied::{connect, suspended};
use crate::support::database::{TestDatabase, open};
use crate::support::events::purchase;
use crate::support::seed::{SUNDIAL_ID, WEBHOOK_SECRET};
use crate::support::server::{Server, dossier, free_address, serve_database};

/// A database and a backup of it, in a folder of their own. On PostgreSQL there is none.
struct Rig {
    folder: PathBuf,
    target: PathBuf,
    backup: PathBuf,
}

impl Rig {
    /// With `lena` in the database and the backup, and `mara` in the database alone. The server was killed.
    fn new(name: &str) -> Option<Rig> {
        let TestDatabase::File(made) = &TestDatabase::make() else { return None };
        let folder = std::env::temp_dir().join(format!("dossier_restore_{}_{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).expect("a folder");
        let (target, backup) = (folder.join("dossier.db"), folder.join("backup.db"));
        std::fs::copy(made, &target).expect("a database");
        let rig = Rig { folder, target, backup };
        connect(&open(&rig.url(), 1), SUNDIAL_ID);
        let server = rig.serve();
        deliver(&server, "lena");
        let output = dossier().arg("backup").arg(&rig.backup).env("DATABASE_URL", rig.url()).output().expect("it runs");
        assert!(output.status.success(), "{output:?}");
        deliver(&server, "mara");
        drop(server);
        assert!(rig.folder.join("dossier.db-wal").exists(), "a killed server leaves its log");
        Some(rig)
    }

    fn url(&self) -> String {
        format!("sqlite:{}", self.target.display())
    }

    fn serve(&self) -> Server {
        let address = free_address();
        Server::run(serve_database(&self.url(), address), address)
    }

    fn restore(&self, file: &Path, options: &[&str]) -> Output {
        let mut command = dossier();
        command.arg("restore").arg(file).args(options).env("DATABASE_URL", self.url());
        command.output().expect("it runs")
    }

    /// The names in the folder, with the time of a restoration replaced.
    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.folder).expect("a folder").map(|entry| entry.expect("an entry"));
        let name = |name: String| match name.split_once(".before-") {
            Some((name, rest)) => {
                format!("{name}.before-{}", rest.trim_start_matches(|letter: char| letter.is_ascii_digit()))
            }
            None => name,
        };
        let mut names: Vec<String> =
            entries.map(|entry| name(entry.file_name().to_string_lossy().into_owned())).collect();
        names.sort();
        names
    }

    fn file(&self, beginning: &str) -> PathBuf {
        let mut entries =
            std::fs::read_dir(&self.folder).expect("a folder").map(|entry| entry.expect("an entry").path());
        let is_it = |path: &PathBuf| {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            name.starts_with(beginning) && !name.ends_with("-wal") && !name.ends_with("-shm")
        };
        entries.find(is_it).expect("such a file")
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn deliver(server: &Server, buyer: &str) {
    let body = purchase(buyer, 3, json!({}));
    let head = format!(
        "POST /webhooks/revenuecat/sundial HTTP/1.1\r\nhost: x\r\nauthorization: {WEBHOOK_SECRET}\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let answer = server.ask(format!("{head}{body}"));
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

fn buyers(path: &Path) -> Vec<String> {
    let db = Db::open(&format!("sqlite:{}", path.display()), 1).expect("a database");
    let all = app_user_ids::table.select(app_user_ids::app_user_id).order(app_user_ids::app_user_id);
    db.read_here(|conn| Ok::<_, Error>(all.load(conn)?)).expect("it reads")
}

fn is_marked(path: &Path) -> bool {
    let db = Db::open(&format!("sqlite:{}", path.display()), 1).expect("a database");
    db.read_here(|conn| Ok::<_, Error>(place::table.select(place::is_restored).first(conn)?)).expect("a place")
}

#[actix_web::test]
async fn a_restored_database_takes_the_place_of_the_former_and_acts_nowhere() {
    let Some(rig) = Rig::new("place") else { return };
    let output = rig.restore(&rig.backup, &["--replace"]);
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("is restored to") && said.contains(".before-") && said.contains("suspended"), "{said}");
    assert_eq!(
        rig.names(),
        ["backup.db", "dossier.db", "dossier.db.before-", "dossier.db.before--wal", "dossier.db.lock"]
    );
    assert!(is_marked(&rig.target) && !is_marked(&rig.backup), "the backup stays as it is");
    assert_eq!(buyers(&rig.target), ["lena"]);
    assert_eq!(buyers(&rig.file("dossier.db.before-")), ["lena", "mara"], "nothing of the former is lost");
    drop(rig.serve());
    assert_eq!(suspended(&open(&rig.url(), 1)), Some(true));
    assert!(!is_marked(&rig.target), "it is served now");
}

#[actix_web::test]
async fn a_backup_can_be_restored_where_nothing_is() {
    let Some(rig) = Rig::new("empty") else { return };
    let elsewhere =
        Rig { target: rig.folder.join("deeper/other.db"), folder: rig.folder.clone(), backup: PathBuf::new() };
    std::fs::create_dir(rig.folder.join("deeper")).expect("a folder");
    let output = elsewhere.restore(&rig.backup, &[]);
    assert!(output.status.success(), "{output:?}");
    drop(elsewhere.serve());
    assert_eq!((suspended(&open(&elsewhere.url(), 1)), buyers(&elsewhere.target)), (Some(true), vec!["lena".into()]));
}

/// Changes a copy of the backup by SQL.
fn changed(rig: &Rig, name: &str, sql: &str) -> PathBuf {
    let path = rig.folder.join(name);
    std::fs::copy(&rig.backup, &path).expect("a copy");
    let mut conn = SqliteConnection::establish(&path.to_string_lossy()).expect("it opens");
    conn.batch_execute(sql).expect("it is changed");
    path
}

/// A copy of the backup with a page in the middle overwritten.
fn damaged(rig: &Rig) -> PathBuf {
    let path = rig.folder.join("damaged.db");
    let mut bytes = std::fs::read(&rig.backup).expect("the backup");
    let pages = bytes.len() / 4096;
    bytes[pages / 2 * 4096..(pages / 2 + 40).min(pages) * 4096].fill(0x5a);
    std::fs::write(&path, bytes).expect("a file");
    path
}

#[actix_web::test]
async fn nothing_but_a_sound_backup_is_put_in_place() {
    let Some(rig) = Rig::new("bad") else { return };
    let text = rig.folder.join("text.db");
    std::fs::write(&text, "no database at all, but long enough").expect("a file");
    let short = rig.folder.join("short.db");
    std::fs::write(&short, "SQLite").expect("a file");
    let other = rig.folder.join("other.db");
    let mut conn = SqliteConnection::establish(&other.to_string_lossy()).expect("it opens");
    conn.batch_execute("CREATE TABLE something (id INT)").expect("a table");
    drop(conn);
    let in_use = changed(&rig, "used.db", "SELECT 1");
    std::fs::write(rig.folder.join("used.db-wal"), "what is not in the file yet").expect("a log");
    let newer = changed(&rig, "newer.db", "INSERT INTO __diesel_schema_migrations (version) VALUES ('20991231000001')");
    let replace: &[&str] = &["--replace"];
    let cases = [
        (rig.folder.join("none.db"), replace, "cannot read"),
        (rig.folder.clone(), replace, "cannot read"),
        (text, replace, "is not a SQLite database"),
        (short, replace, "is not a SQLite database"),
        (other, replace, "this is not a database of Dossier"),
        (in_use, replace, "is a database in use, not a backup"),
        (newer, replace, "the database was made by a newer dossier (migration 20991231000001)"),
        (damaged(&rig), replace, "the database is damaged"),
        (rig.backup.clone(), &[], "exists; --replace keeps it under another name"),
    ];
    let before = rig.names();
    for (file, options, expected) in cases {
        let output = rig.restore(&file, options);
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{}", file.display());
        assert!(words.contains(expected) && words.lines().count() == 1, "{}: {words}", file.display());
        assert_eq!(rig.names(), before, "{}", file.display());
    }
    assert_eq!(buyers(&rig.target), ["lena", "mara"]);
}

#[actix_web::test]
async fn nothing_is_restored_where_a_server_is_at_work() {
    let Some(rig) = Rig::new("served") else { return };
    let serving = Serving::start(&rig.url()).expect("the lock");
    let output = rig.restore(&rig.backup, &["--replace"]);
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && words.contains("already serves the database file"), "{words}");
    drop(serving);
    assert!(rig.restore(&rig.backup, &["--replace"]).status.success());
}

#[actix_web::test]
async fn a_log_without_its_database_goes_aside_too() {
    let Some(rig) = Rig::new("log") else { return };
    std::fs::remove_file(&rig.target).expect("the database is gone");
    assert!(!rig.restore(&rig.backup, &[]).status.success(), "it may hold something");
    assert!(rig.restore(&rig.backup, &["--replace"]).status.success());
    assert!(rig.names().contains(&"dossier.db.before--wal".into()), "{:?}", rig.names());
    assert_eq!(buyers(&rig.target), ["lena"]);
}

#[actix_web::test]
async fn the_command_says_how_postgresql_is_restored() {
    let database = TestDatabase::make();
    let run = |arguments: &[&str]| {
        let mut command = dossier();
        command.arg("restore").args(arguments).env("DATABASE_URL", database.url());
        let output = command.output().expect("it runs");
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    if let TestDatabase::Database { .. } = database {
        let (worked, words) = run(&["copy.dump"]);
        assert!(!worked && words.contains("pg_restore") && words.contains("dossier restore --mark"), "{words}");
    }
    for arguments in [&[] as &[&str], &["copy.db", "--mark"], &["--mark", "--replace"]] {
        let (worked, words) = run(arguments);
        assert!(!worked && words.lines().count() == 1, "{arguments:?}: {words}");
    }
}

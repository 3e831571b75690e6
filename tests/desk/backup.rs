//! `dossier backup`: a copy that is whole while events come in, and takes no file's place.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use diesel::prelude::*;
use dossier::base::error::Error;
use dossier::db::Db;
use dossier::db::schema::app_user_ids;
use serde_json::json;

use crate::support::database::TestDatabase;
use crate::support::events::purchase;
use crate::support::seed::WEBHOOK_SECRET;
use crate::support::server::{Server, dossier, free_address, serve_database};

fn backup(url: &str, file: &Path) -> Output {
    dossier().arg("backup").arg(file).env("DATABASE_URL", url).output().expect("it runs")
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A folder for one test, which is empty.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("dossier_backup_{}_{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir(&folder).expect("a folder");
    folder
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<String> = entries.map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Delivers purchases of new customers until it is to stop; notes whose were acknowledged.
fn deliver(server: &Server, sender: usize, acknowledged: &Mutex<Vec<String>>, is_over: &AtomicBool) {
    for number in 0.. {
        if is_over.load(Ordering::Relaxed) {
            return;
        }
        let buyer = format!("buyer-{sender}-{number}");
        let body = purchase(&buyer, 3, json!({}));
        let head = format!(
            "POST /webhooks/revenuecat/sundial HTTP/1.1\r\nhost: x\r\nauthorization: {WEBHOOK_SECRET}\r\n\
             connection: close\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        if server.ask(format!("{head}{body}")).starts_with("HTTP/1.1 200") {
            acknowledged.lock().unwrap_or_else(PoisonError::into_inner).push(buyer);
        }
    }
}

fn known(db: &Db) -> Vec<String> {
    let all = app_user_ids::table.select(app_user_ids::app_user_id);
    db.read_here(|conn| Ok::<_, Error>(all.load(conn)?)).expect("the copy reads")
}

/// Ends the senders, also where a test fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Makes a backup that holds what was acknowledged before. Returns whether more was acknowledged while it was made.
fn make_one(url: &str, file: &Path, so_far: &dyn Fn() -> Vec<String>) -> bool {
    let before = so_far();
    let output = backup(url, file);
    let is_busy = so_far().len() > before.len();
    assert!(output.status.success(), "{}", words(&output));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let (name, expected) = (file.display().to_string(), [" MB", "master key"]);
    assert!(said.contains(&name) && expected.iter().all(|words| said.contains(words)), "{said}");
    assert_eq!(std::fs::metadata(file).expect("the copy").permissions().mode() & 0o777, 0o600);
    let held = known(&Db::open(&format!("sqlite:{name}"), 1).expect("a database"));
    let lost: Vec<_> = before.iter().filter(|buyer| !held.contains(buyer)).collect();
    assert!(lost.is_empty(), "{lost:?}");
    is_busy && !before.is_empty()
}

#[actix_web::test]
async fn a_backup_under_load_holds_everything_that_was_acknowledged_before() {
    let database = TestDatabase::make();
    if !matches!(database, TestDatabase::File(_)) {
        return;
    }
    let (folder, address) = (folder("load"), free_address());
    let server = Server::run(serve_database(&database.url(), address), address);
    let (acknowledged, is_over) = (Mutex::new(Vec::new()), AtomicBool::new(false));
    let so_far = || acknowledged.lock().unwrap_or_else(PoisonError::into_inner).clone();
    std::thread::scope(|scope| {
        let _stop = Stop(&is_over);
        for sender in 0..3 {
            let (server, acknowledged, is_over) = (&server, &acknowledged, &is_over);
            scope.spawn(move || deliver(server, sender, acknowledged, is_over));
        }
        let mut busy = 0;
        for round in 0..20 {
            std::thread::sleep(Duration::from_millis(200));
            busy += usize::from(make_one(&database.url(), &folder.join(format!("{round}.db")), &so_far));
            if busy == 3 {
                break;
            }
        }
        assert_eq!(busy, 3, "events came while the backup was made");
    });
    assert!(names(&folder).iter().all(|name| !name.ends_with(".part")), "{:?}", names(&folder));
    std::fs::remove_dir_all(folder).expect("it goes");
}

#[actix_web::test]
async fn a_backup_takes_no_files_place_and_makes_none_where_it_fails() {
    let database = TestDatabase::make();
    let folder = folder("refused");
    let there = folder.join("there.db");
    std::fs::write(&there, "mine").expect("a file");
    let url = database.url();
    if matches!(database, TestDatabase::Database { .. }) {
        let output = backup(&url, &folder.join("copy.db"));
        assert!(!output.status.success() && words(&output).contains("pg_dump"), "{}", words(&output));
    } else {
        let missing = format!("sqlite:{}", folder.join("none.db").display());
        for (url, file, expected) in [
            (&url, there.clone(), "exists already; name another file"),
            (&url, folder.join("no/such/copy.db"), "cannot write"),
            (&missing, folder.join("copy.db"), "there is no database"),
        ] {
            let output = backup(url, &file);
            assert_eq!(output.status.code(), Some(1));
            assert!(words(&output).contains(expected) && words(&output).lines().count() == 1, "{}", words(&output));
        }
        let quoted = folder.join("it's here.db");
        assert!(backup(&url, &quoted).status.success() && quoted.exists(), "any name will do");
        std::fs::remove_file(quoted).expect("it goes");
    }
    assert_eq!(
        (names(&folder), std::fs::read_to_string(&there).expect("it reads")),
        (vec!["there.db".into()], "mine".into())
    );
    std::fs::remove_dir_all(folder).expect("it goes");
}

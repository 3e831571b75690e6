//! When the database is locked, full or gone: deliveries get 503 in time, the program acknowledges nothing that it has
//! not stored, and it recovers by itself.

use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use actix_web::http::StatusCode;
use diesel::prelude::*;
use dossier::base::AppUserId;
use dossier::base::clock::Moment;
use dossier::base::error::Error;
use dossier::base::ids::ProjectId;
use dossier::customers::{Seen, identity};
use dossier::db::{Db, durability};
use dossier::events::Delivery;
use serde_json::json;

use crate::support::Desk;
use crate::support::cast::{SOL, VERA};
use crate::support::customers::count_events;
use crate::support::events::event_on_day;

async fn deliver_many(desk: &Desk, slug: &str, days: std::ops::Range<i64>) -> Vec<StatusCode> {
    let all = days.map(|day| desk.post_webhook(slug, event_on_day(day, "RENEWAL", json!({}))));
    futures_util::future::join_all(all).await.into_iter().map(|answer| answer.status).collect()
}

/// SQLite has one lock. On PostgreSQL a delivery waits for its customer, and for nobody else.
#[actix_web::test]
async fn while_another_process_holds_the_lock_deliveries_get_503_in_time() {
    let desk = Desk::open().await;
    let slug = desk.project_of_the_cast();
    let other = crate::support::database::open(&desk.application.config.database_url, 1);
    let (held, release) = (channel(), channel::<()>());
    let project: ProjectId = slug.trim_start_matches('p').parse().expect("a number");
    let (signal, wait) = (held.0, release.1);
    let holder = std::thread::spawn(move || {
        other.write_here(|conn| {
            conn.lock_project(project)?;
            let ids = named_by(&event_on_day(0, "RENEWAL", json!({})));
            identity::lock_ids(conn, project, &[Seen { ids, at: Moment(0) }])?;
            signal.send(()).expect("somebody listens");
            wait.recv().expect("the test releases the lock");
            Ok::<_, Error>(())
        })
    });
    held.1.recv().expect("the lock is taken");
    let began = Instant::now();
    let answers = deliver_many(&desk, &slug, 0..12).await;
    assert!(began.elapsed() < Duration::from_secs(12), "{:?}", began.elapsed());
    assert!(answers.iter().all(|status| *status == StatusCode::SERVICE_UNAVAILABLE), "{answers:?}");
    release.0.send(()).expect("the holder listens");
    holder.join().expect("no panic").expect("it commits");
    assert_eq!(count_events(&desk), 0);
    assert!(deliver_many(&desk, &slug, 0..12).await.iter().all(|status| *status == StatusCode::OK));
    assert_eq!(count_events(&desk), 12);
}

/// The ids of the customer of an event.
fn named_by(body: &str) -> Vec<AppUserId> {
    let delivery = Delivery::parse(body.as_bytes().to_vec(), Moment(0)).expect("an event");
    delivery.event.customer_ids().map(|id| AppUserId::parse(id).expect("an id")).collect()
}

#[actix_web::test]
async fn connections_that_the_server_ended_are_replaced() {
    let desk = Desk::open().await;
    if desk.db.is_sqlite() {
        return;
    }
    let slug = desk.project_of_the_cast();
    assert_eq!(deliver_many(&desk, &slug, 0..2).await, [StatusCode::OK; 2]);
    assert!(end_connections(&desk) > 0, "the pool keeps some");
    assert_eq!(deliver_many(&desk, &slug, 2..4).await, [StatusCode::OK; 2]);
    assert_eq!(count_events(&desk), 4);
}

#[derive(QueryableByName)]
struct Ended {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    ended: i64,
}

/// Has the PostgreSQL server end every connection of the desk; returns how many it were.
fn end_connections(desk: &Desk) -> i64 {
    let server = std::env::var("TEST_DATABASE_URL").expect("a server");
    let admin = Db::open(&server, 1).expect("the server");
    let address = url::Url::parse(&desk.application.config.database_url).expect("an address");
    let name = address.path().trim_start_matches('/');
    // A connection may answer once more while it ends, so the server is asked to wait for each.
    let end = format!(
        "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid, 5000)) AS ended FROM pg_stat_activity
            WHERE datname = '{name}'"
    );
    let ended = admin.read_here(|conn| Ok::<_, Error>(diesel::sql_query(end).get_result::<Ended>(conn)?));
    ended.expect("they end").ended
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = diesel::sql_types::Text)]
    version: String,
}

#[actix_web::test]
async fn sqlite_is_newer_than_its_last_known_corruption_bug() {
    let desk = Desk::open().await;
    if !desk.db.is_sqlite() {
        return;
    }
    let version = desk.db.read_here(|conn| {
        Ok::<_, Error>(diesel::sql_query("SELECT sqlite_version() AS version").get_result::<Version>(conn)?)
    });
    let version = version.expect("a version").version;
    let numbers: Vec<u32> = version.split('.').map(|part| part.parse().expect("a number")).collect();
    assert!(numbers >= vec![3, 51, 3], "{version}");
}

#[actix_web::test]
async fn on_a_full_disk_nothing_is_stored_and_the_rest_keeps_working() {
    let desk = Desk::open().await;
    if !desk.db.is_sqlite() {
        return;
    }
    let slug = desk.project_of_the_cast();
    assert_eq!(deliver_many(&desk, &slug, 0..1).await, [StatusCode::OK]);
    // SQLite refuses to grow beyond so many pages with the words it has for a full disk.
    desk.db.batch_everywhere("PRAGMA max_page_count = 1").expect("no room");
    let large = json!({ "subscriber_attributes": { "essay": { "value": "x".repeat(200_000), "updated_at_ms": 1 } } });
    let refused = desk.post_webhook(&slug, event_on_day(1, "RENEWAL", large.clone())).await;
    assert_eq!((refused.status, refused.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "5"));
    assert_eq!(desk.anonymous_get("/healthz").await.status, StatusCode::OK);
    assert_eq!(count_events(&desk), 1);
    desk.db.batch_everywhere("PRAGMA max_page_count = 1000000").expect("room again");
    assert_eq!(desk.post_webhook(&slug, event_on_day(1, "RENEWAL", large)).await.status, StatusCode::OK);
    assert_eq!(count_events(&desk), 2);
}

#[actix_web::test]
async fn a_deleted_database_file_is_never_written_to() {
    let desk = Desk::open().await;
    if !desk.db.is_sqlite() {
        return;
    }
    let slug = desk.project_of_the_cast();
    assert_eq!(desk.anonymous_get("/readyz").await.status, StatusCode::OK);
    let path = desk.application.config.database_url.trim_start_matches("sqlite:").to_owned();
    let aside = format!("{path}.aside");
    std::fs::rename(&path, &aside).expect("the file goes");
    assert_eq!(deliver_many(&desk, &slug, 0..2).await, [StatusCode::SERVICE_UNAVAILABLE; 2]);
    std::fs::write(&path, "").expect("another file in its place");
    assert_eq!(deliver_many(&desk, &slug, 0..2).await, [StatusCode::SERVICE_UNAVAILABLE; 2]);
    assert!(std::fs::read(&path).expect("the other file").is_empty());
    std::fs::rename(&aside, &path).expect("it comes back");
    assert_eq!(deliver_many(&desk, &slug, 0..2).await, [StatusCode::OK; 2]);
}

/// Two transactions lock the same two things in opposite order. Nothing in the program does, so the test has to.
#[actix_web::test]
async fn a_deadlock_ends_for_one_of_both_and_is_counted() {
    let desk = Desk::open().await;
    if desk.db.is_sqlite() {
        return;
    }
    let db = crate::support::database::open(&desk.application.config.database_url, 8);
    let both = std::sync::Arc::new(std::sync::Barrier::new(2));
    let lock = |first: i64, second: i64| {
        let (db, both) = (db.clone(), both.clone());
        std::thread::spawn(move || {
            db.write_here(|conn| {
                conn.lock_project(ProjectId(first))?;
                both.wait();
                Ok::<_, Error>(conn.lock_project(ProjectId(second))?)
            })
        })
    };
    let ends = [lock(1, 2), lock(2, 1)].map(|thread| thread.join().expect("no panic"));
    let failed: Vec<&Error> = ends.iter().filter_map(|end| end.as_ref().err()).collect();
    assert!(failed.len() == 1 && failed[0].is_busy() && failed[0].is_unavailable(), "{failed:?}");
    assert_eq!(db.deadlocks(), 1);
}

/// Takes the lock of a project in another process, until something is sent.
fn hold_project(desk: &Desk, project: ProjectId) -> (Sender<()>, JoinHandle<Result<(), Error>>) {
    let other = crate::support::database::open(&desk.application.config.database_url, 1);
    let ((signal, held), (release, wait)) = (channel(), channel());
    let holder = std::thread::spawn(move || {
        other.write_here(|conn| {
            conn.lock_project(project)?;
            signal.send(()).expect("somebody listens");
            wait.recv().expect("the test releases the lock");
            Ok::<_, Error>(())
        })
    });
    held.recv().expect("the lock is taken");
    (release, holder)
}

/// While another process has the lock of a project, twelve people act in it. None of them takes a connection away from the
/// events, not even with as few connections as there may be.
#[actix_web::test]
async fn acts_that_wait_for_each_other_hold_no_connections() {
    let desk = Desk::open_with(|config| config.connections = 8).await;
    if desk.db.is_sqlite() {
        return;
    }
    let slug = desk.project_of_the_cast();
    assert_eq!(deliver_many(&desk, &slug, 0..1).await, [StatusCode::OK]);
    let project: ProjectId = slug.trim_start_matches('p').parse().expect("a number");
    let (release, holder) = hold_project(&desk, project);
    let cookie = desk.cookie(&SOL);
    let path = format!("/projects/{slug}/customers/lena/notes");
    let write = |number: usize| {
        let (desk, cookie, path, text) = (&desk, &cookie, &path, format!("Note {number}"));
        async move { desk.post_with(cookie, path, &[("body", &text)]).await.status }
    };
    let acts = futures_util::future::join_all((0..12).map(write));
    let events = async {
        actix_web::rt::time::sleep(Duration::from_millis(300)).await;
        let began = Instant::now();
        let answers = deliver_many(&desk, &slug, 1..9).await;
        let took = began.elapsed();
        release.send(()).expect("the holder listens");
        (answers, took)
    };
    let (acts, (events, took)) = futures_util::future::join(acts, events).await;
    holder.join().expect("no panic").expect("it commits");
    assert!(
        events.iter().all(|status| *status == StatusCode::OK) && took < Duration::from_secs(2),
        "{events:?} {took:?}"
    );
    let done = |status: &&StatusCode| **status == StatusCode::SEE_OTHER;
    assert_eq!(acts.iter().filter(done).count(), 10, "a customer has at most ten notes: {acts:?}");
}

/// Whoever waits for a project has locked none of its customers: the other way round two could wait for each other.
#[actix_web::test]
async fn a_refusal_that_waits_for_the_project_holds_up_no_event_of_its_customer() {
    let desk = Desk::open().await;
    if desk.db.is_sqlite() {
        return;
    }
    let take = |day: i64| {
        let body = event_on_day(day, "RENEWAL", json!({})).into_bytes();
        desk.application.intake.take(desk.project, body)
    };
    take(0).await.expect("it is stored");
    let project = desk.project;
    let (release, holder) = hold_project(&desk, project);
    let refused = desk.post_form(&VERA, "/projects/sundial/customers/lena/block", &[("body", "x")]);
    let event = async {
        actix_web::rt::time::sleep(Duration::from_millis(300)).await;
        let began = Instant::now();
        let stored = take(1).await.is_ok();
        let took = began.elapsed();
        release.send(()).expect("the holder listens");
        (stored, took)
    };
    let (refused, (stored, took)) = futures_util::future::join(refused, event).await;
    holder.join().expect("no panic").expect("it commits");
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(stored && took < Duration::from_secs(1), "{stored} {took:?}");
}

#[actix_web::test]
async fn like_tells_upper_from_lower_case_on_both_databases() {
    let desk = Desk::open().await;
    let alike = |conn: &mut dossier::db::Conn| {
        let alike = diesel::dsl::sql::<diesel::sql_types::Bool>("'A' LIKE 'a' OR 'Ä' LIKE 'ä' OR NOT 'a' LIKE 'a'");
        Ok::<_, Error>(diesel::select(alike).get_result::<bool>(conn)?)
    };
    assert!(!desk.db.read_here(alike).expect("it reads"));
    assert!(!desk.db.write_here(alike).expect("a connection for writers is like the others"));
}

/// On PostgreSQL the settings are those of the server, and the one of the tests need not survive a crash.
#[actix_web::test]
async fn on_sqlite_every_connection_commits_to_disk_and_keeps_references() {
    let desk = Desk::open().await;
    if !desk.application.config.database_url.starts_with("sqlite:") {
        return;
    }
    let warnings = |conn: &mut dossier::db::Conn| Ok::<_, Error>(durability::warnings(conn)?);
    assert_eq!(desk.db.read_here(warnings).expect("it reads"), Vec::<String>::new());
    assert_eq!(desk.db.write_here(warnings).expect("it reads"), Vec::<String>::new());
}

/// The delete of old sessions at each log-in reads their whole table: to compile it took 30 to 100 ms each time.
#[actix_web::test]
async fn on_postgres_no_connection_compiles_statements() {
    let desk = Desk::open().await;
    if desk.db.is_sqlite() {
        return;
    }
    let compiles = |conn: &mut dossier::db::Conn| {
        let setting = diesel::dsl::sql::<diesel::sql_types::Text>("current_setting('jit')");
        Ok::<_, Error>(diesel::select(setting).get_result::<String>(conn)?)
    };
    assert_eq!(desk.db.read_here(compiles).expect("it reads"), "off");
    assert_eq!(desk.db.write_here(compiles).expect("it reads"), "off");
}

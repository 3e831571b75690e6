//! Starting and stopping the server: one for a SQLite file, while commands work beside it; on a signal it finishes what it
//! has begun.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use dossier::base::error::Error;
use dossier::db::Db;
use dossier::db::schema::events;
use serde_json::json;

use crate::support::Desk;
use crate::support::customers::count_events;
use crate::support::database::TestDatabase;
use crate::support::events::purchase;
use crate::support::seed::WEBHOOK_SECRET;
use crate::support::server::{Server, dossier, free_address, serve, serve_database};

/// Runs a server that is to refuse, for ten seconds at most.
fn second(desk: &Desk) -> Output {
    let mut command = serve(desk, free_address());
    command.stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    let until = Instant::now() + Duration::from_secs(10);
    while child.try_wait().expect("it can be asked").is_none() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
    }
    // Where it has ended by itself there is nothing to kill.
    let _ = child.kill();
    child.wait_with_output().expect("it is gone")
}

#[actix_web::test]
async fn a_second_server_on_one_sqlite_file_refuses_and_says_who_holds_it() {
    let desk = Desk::open().await;
    if !desk.db.is_sqlite() {
        return;
    }
    let server = Server::start(&desk);
    let refused = second(&desk);
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{words}");
    assert!(words.starts_with(&format!("dossier: process {} already serves", server.pid())), "{words}");
    assert_eq!(words.lines().count(), 1, "{words}");
    assert!(server.ask("GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").starts_with("HTTP/1.1 200"));
    let beside = dossier()
        .args(["project", "add", "beside", "--name", "Beside"])
        .env("DATABASE_URL", &desk.application.config.database_url)
        .output()
        .expect("it runs");
    assert!(beside.status.success(), "a command runs beside the server");
    drop(server);
    drop(Server::start(&desk));
}

#[actix_web::test]
async fn several_servers_share_a_postgresql_database() {
    let desk = Desk::open().await;
    if desk.db.is_sqlite() {
        return;
    }
    let both = [Server::start(&desk), Server::start(&desk)];
    drop(both);
}

/// Deliveries whose head and first half have arrived, each with its second half.
fn half_delivered(server: &Server, count: usize) -> Vec<(TcpStream, String)> {
    let begin = |number: usize| {
        let body = purchase(&format!("buyer-{number}"), 3, json!({}));
        let (first, rest) = body.split_at(body.len() / 2);
        let head = format!(
            "POST /webhooks/revenuecat/sundial HTTP/1.1\r\nhost: x\r\nauthorization: {WEBHOOK_SECRET}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let mut stream = server.connect().expect("a connection");
        stream.write_all(format!("{head}{first}").as_bytes()).expect("it is sent");
        (stream, rest.to_owned())
    };
    let begun = (0..count).map(begin).collect();
    // A worker takes them.
    std::thread::sleep(Duration::from_millis(300));
    begun
}

#[actix_web::test]
async fn on_sigterm_requests_that_have_begun_finish_and_new_ones_are_refused() {
    let desk = Desk::open().await;
    let mut server = Server::start(&desk);
    let idle = server.connect().expect("a connection");
    let begun = half_delivered(&server, 8);
    server.signal("TERM");
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(server.ask("GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"), "", "a new request");
    assert_eq!(server.ended_within(Duration::ZERO), None);
    let answers: Vec<String> = begun.into_iter().map(finish).collect();
    assert!(answers.iter().all(|answer| answer.starts_with("HTTP/1.1 200")), "{answers:?}");
    let ended = server.ended_within(Duration::from_secs(10)).expect("it ends although a connection is open");
    assert!(ended.success(), "{ended}");
    assert_eq!(count_events(&desk), 8);
    drop(idle);
}

#[actix_web::test]
async fn a_second_sigterm_ends_what_does_not_finish() {
    let desk = Desk::open().await;
    let mut server = Server::start(&desk);
    let begun = half_delivered(&server, 2);
    server.signal("TERM");
    assert_eq!(server.ended_within(Duration::from_millis(500)), None, "requests may finish");
    server.signal("TERM");
    let ended = server.ended_within(Duration::from_secs(3)).expect("it does not wait any longer");
    assert!(ended.success(), "{ended}");
    assert_eq!(count_events(&desk), 0);
    drop(begun);
}

#[actix_web::test]
async fn a_request_that_never_finishes_holds_the_end_up_for_less_than_ten_seconds() {
    let desk = Desk::open().await;
    if !desk.db.is_sqlite() {
        return;
    }
    let mut server = Server::start(&desk);
    let begun = half_delivered(&server, 2);
    server.signal("TERM");
    let ended = server.ended_within(Duration::from_secs(10)).expect("an orchestrator would kill it now");
    assert!(ended.success(), "{ended}");
    drop(begun);
}

#[actix_web::test]
async fn a_database_of_a_newer_version_is_refused_and_stays_as_it_is() {
    let desk = Desk::open().await;
    desk.db.batch("INSERT INTO __diesel_schema_migrations (version) VALUES ('20991231000001')").expect("a migration");
    let refused = second(&desk);
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    let expected = "dossier: the database was made by a newer dossier (migration 20991231000001); start that version\n";
    assert_eq!((refused.status.code(), words.as_str()), (Some(1), expected));
}

#[actix_web::test]
async fn where_the_database_file_cannot_be_made_the_server_says_so_and_ends() {
    // Not even root can make a file there.
    let mut command = serve_database("sqlite:/proc/dossier.db", free_address());
    let refused = command.stderr(Stdio::piped()).output().expect("it runs");
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{words}");
    assert!(words.starts_with("dossier: ") && words.contains("/proc/dossier.db"), "{words}");
    assert_eq!(words.lines().count(), 1, "{words}");
}

/// Nobody else has the file open here, as a desk would.
#[actix_web::test]
async fn a_server_that_was_stopped_leaves_everything_in_one_file() {
    let (database, address) = (TestDatabase::make(), free_address());
    let TestDatabase::File(path) = &database else { return };
    let mut server = Server::run(serve_database(&database.url(), address), address);
    let answers: Vec<String> = half_delivered(&server, 2).into_iter().map(finish).collect();
    assert!(answers.iter().all(|answer| answer.starts_with("HTTP/1.1 200")), "{answers:?}");
    server.signal("TERM");
    assert!(server.ended_within(Duration::from_secs(10)).is_some_and(|ended| ended.success()));
    assert!(!path.with_extension("db-wal").exists(), "the log is in the file");
    let db = Db::open(&database.url(), 1).expect("the database");
    let stored = db.read_here(|conn| Ok::<_, Error>(events::table.count().get_result::<i64>(conn)?));
    assert_eq!(stored.expect("it reads"), 2);
}

/// Sends the second half; returns the answer.
fn finish((mut stream, rest): (TcpStream, String)) -> String {
    stream.write_all(rest.as_bytes()).expect("it is sent");
    let mut answer = vec![0; 1_000];
    let count = stream.read(&mut answer).expect("an answer");
    String::from_utf8_lossy(&answer[..count]).into_owned()
}

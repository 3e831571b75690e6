//! Starting the server: one for a SQLite file, while commands work beside it.

use std::process::{Command, Output};
use std::time::{Duration, Instant};

use crate::support::Desk;
use crate::support::server::{Server, free_address, serve};

/// Runs a second server for ten seconds at most.
fn second(desk: &Desk) -> Output {
    let mut command = serve(desk, free_address());
    command.stderr(std::process::Stdio::piped());
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
    let beside = Command::new(env!("CARGO_BIN_EXE_dossier"))
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

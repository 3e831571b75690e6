//! Connections that stay open: how long the next request on one may take, and that a stream outlives that.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use crate::support::Desk;
use crate::support::cast::VERA;
use crate::support::desks::add_lena;
use crate::support::server::{Server, read_all};

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";

fn seconds_until_closed(server: &Server, parts: &[&str]) -> u64 {
    let mut stream = server.connect().expect("a connection");
    for part in parts {
        stream.write_all(part.as_bytes()).expect("it is sent");
        std::thread::sleep(Duration::from_millis(300));
    }
    let began = Instant::now();
    assert!(read_all(&mut stream).starts_with("HTTP/1.1 "));
    began.elapsed().as_secs()
}

#[actix_web::test]
async fn the_head_of_a_later_request_must_arrive_and_the_body_of_a_refused_one_must_end() {
    let desk = Desk::open().await;
    let server = Server::start(&desk);
    let together = format!("{HEALTH}GET /healthz HTTP/1.1\r\n");
    let endless = "HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n5\r\nx";
    let refused = ["/webhooks/revenuecat/sundial", "/login"].map(|path| format!("POST {path} {endless}"));
    let unread = format!("GET /healthz {endless}");
    let slow: [&[&str]; 6] = [
        &[HEALTH, "GET /healthz HTTP/1.1\r\nhost: x\r\nx: "],
        &[HEALTH, HEALTH, "GET "],
        &[&together, "host"],
        &[&refused[0]],
        &[&refused[1]],
        &[&unread],
    ];
    let closed = std::thread::scope(|scope| {
        let all: Vec<_> = slow.map(|parts| scope.spawn(|| seconds_until_closed(&server, parts))).into_iter().collect();
        all.into_iter().map(|one| one.join().expect("an answer")).collect::<Vec<_>>()
    });
    assert!(
        closed[..3].iter().all(|seconds| *seconds < 25) && closed[3..].iter().all(|seconds| *seconds < 35),
        "{closed:?}"
    );
}

#[actix_web::test]
async fn a_stream_stays_open_for_longer_than_a_head_may_take() {
    let desk = Desk::open().await;
    add_lena(&desk);
    // The server goes by the machine's clock, and the session must not be over for it.
    let ahead = dossier::base::clock::Clock::Machine.now().since(desk.clock.now()) / 1_000;
    desk.clock.advance(ahead.max(0));
    let server = Server::start(&desk);
    let cookie = desk.cookie(&VERA);
    let mut stream = server.connect().expect("a connection");
    let path = "/projects/sundial/customers/lena/live";
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\ncookie: {cookie}\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it is sent");
    let (began, mut seen) = (Instant::now(), String::new());
    // The first empty comment comes after 15 seconds.
    while !seen.contains(":\n\n") && began.elapsed() < Duration::from_secs(30) {
        let mut bytes = [0; 1_000];
        let count = stream.read(&mut bytes).expect("it is open");
        assert!(count > 0, "the stream ended after {:?}: {seen}", began.elapsed());
        seen.push_str(&String::from_utf8_lossy(&bytes[..count]));
    }
    assert!(seen.starts_with("HTTP/1.1 200") && began.elapsed() > Duration::from_secs(10), "{seen}");
}

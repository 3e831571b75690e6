//! Uploads that stall: however many there are, they take little memory, and whoever is honest is served meanwhile.

use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::support::Desk;
use crate::support::seed::WEBHOOK_SECRET;
use crate::support::server::Server;

const UPLOADS: usize = 400;
const LENGTH: usize = 1 << 20;
/// How much more memory all of them may take.
const MOST: u64 = 64 << 20;
/// How long an honest request may take meanwhile.
const PATIENCE: Duration = Duration::from_secs(8);

/// Sends all of a body but its end, as far as the server takes it.
fn stall(server: &Server, head: &str, length: usize) -> TcpStream {
    let mut stream = server.connect().expect("a connection");
    stream.set_write_timeout(Some(Duration::from_millis(300))).expect("a limit");
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&vec![b' '; length - 100]));
    stream
}

fn post(path: &str, headers: &str, length: usize) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n")
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("none")
}

#[actix_web::test]
async fn four_hundred_stalled_uploads_take_little_memory_and_hold_up_nobody() {
    let desk = Desk::open().await;
    let key = desk.web_app().key;
    let server = Server::start(&desk);
    let webhook = format!("authorization: {WEBHOOK_SECRET}\r\n");
    let honest = || {
        let body = r#"{"event":{"type":"RENEWAL","id":"r1","app_user_id":"lena"}}"#;
        let delivery = post("/webhooks/revenuecat/sundial", &webhook, body.len()) + body;
        let began = Instant::now();
        let answer = server.ask(delivery);
        assert_eq!(status(&answer), "200", "after {:?}: {answer}", began.elapsed());
        assert_eq!(status(&server.ask("GET /login HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")), "200");
        began.elapsed()
    };
    for _ in 0..20 {
        honest();
    }
    let before = server.resident();
    let most = AtomicU64::new(before);
    let app = format!("authorization: Bearer {key}\r\nx-platform: web\r\n");
    let form = "sec-fetch-site: same-origin\r\ncontent-type: application/x-www-form-urlencoded\r\n";
    let kinds = [
        (post("/webhooks/revenuecat/sundial", &webhook, LENGTH), LENGTH),
        (post("/v1/receipts", &app, LENGTH), LENGTH),
        (post("/v1/events", &app, LENGTH), LENGTH),
        (post("/login", form, 60_000), 60_000),
    ];
    let next = AtomicU64::new(0);
    let slowest = std::thread::scope(|scope| {
        let senders: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let mut open = Vec::new();
                    while let Ok(number) = usize::try_from(next.fetch_add(1, Ordering::Relaxed))
                        && number < UPLOADS
                    {
                        let (head, length) = &kinds[number % kinds.len()];
                        open.push(stall(&server, head, *length));
                        most.fetch_max(server.resident(), Ordering::Relaxed);
                    }
                    open
                })
            })
            .collect();
        let mut slowest = Duration::ZERO;
        while !senders.iter().all(|sender| sender.is_finished()) {
            slowest = slowest.max(honest());
        }
        let open: Vec<_> = senders.into_iter().flat_map(|sender| sender.join().expect("a sender")).collect();
        for _ in 0..20 {
            slowest = slowest.max(honest());
            most.fetch_max(server.resident(), Ordering::Relaxed);
            std::thread::sleep(Duration::from_millis(100));
        }
        assert_eq!(open.len(), UPLOADS);
        slowest
    });
    let more = most.into_inner() - before;
    println!("{} MiB before, {} MiB more, the slowest honest request took {slowest:?}", before >> 20, more >> 20);
    assert!(more < MOST, "{} MiB more", more >> 20);
    assert!(slowest < PATIENCE, "{slowest:?}");
}

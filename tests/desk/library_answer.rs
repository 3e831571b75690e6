//! What the HTTP library answers by itself has the headers and the request id of every other answer.

use std::io::Write;
use std::time::Duration;

use crate::support::Desk;
use crate::support::server::{Server, read_all};

/// The value of a header in the head of an answer.
fn header<'a>(answer: &'a str, name: &str) -> &'a str {
    let head = answer.split("\r\n\r\n").next().unwrap_or_default();
    let value = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    value.unwrap_or_default()
}

fn check(answer: &str, status: &str, kind: &str) {
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")) || answer.starts_with("HTTP/1.0"), "{kind}: {answer}");
    assert!(header(answer, "content-security-policy").starts_with("default-src 'none'"), "{kind}: {answer}");
    for name in ["x-content-type-options", "referrer-policy", "permissions-policy", "cross-origin-opener-policy"] {
        assert!(!header(answer, name).is_empty(), "{kind} {name}: {answer}");
    }
    assert_eq!(header(answer, "cache-control"), "no-store", "{kind}: {answer}");
    assert_eq!(header(answer, "x-request-id").len(), 16, "{kind}: {answer}");
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    assert_eq!(header(answer, "content-length"), body.len().to_string(), "{kind}: {answer}");
}

#[actix_web::test]
async fn an_answer_to_what_is_not_http_has_the_headers_and_a_request_id() {
    let desk = Desk::open().await;
    let server = Server::start(&desk);
    let many: String = (0..200).map(|number| format!("x-{number}: 1\r\n")).collect();
    let long = "x".repeat(200_000);
    let cases = [
        ("garbage", "400", "\u{1}\u{2}\u{3}\r\n\r\n".to_owned()),
        ("no method", "400", "/login HTTP/1.1\r\n\r\n".to_owned()),
        ("NUL in the path", "400", "GET /a\0b HTTP/1.1\r\nhost: x\r\n\r\n".to_owned()),
        ("NUL in a header", "400", "GET /login HTTP/1.1\r\nhost: a\0b\r\n\r\n".to_owned()),
        (
            "two lengths",
            "400",
            "POST /login HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n".to_owned(),
        ),
        (
            "two framings",
            "400",
            "POST /login HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n".to_owned(),
        ),
        ("many headers", "431", format!("GET /login HTTP/1.1\r\nhost: x\r\n{many}\r\n")),
        ("a long header", "431", format!("GET /login HTTP/1.1\r\nhost: x\r\nx: {long}\r\n\r\n")),
        ("a long address", "431", format!("GET /{long} HTTP/1.1\r\nhost: x\r\n\r\n")),
    ];
    for (kind, status, request) in cases {
        check(&server.ask(request), status, kind);
    }
}

#[actix_web::test]
async fn an_error_behind_good_requests_of_the_same_connection_has_them_too() {
    let desk = Desk::open().await;
    let server = Server::start(&desk);
    let good = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    let at_once = server.ask(format!("{good}{good}garbage\r\n\r\n"));
    let answers: Vec<&str> = at_once.split_inclusive("\"}").collect();
    assert_eq!(answers.len(), 3, "{at_once}");
    assert!(answers[..2].iter().all(|answer| answer.starts_with("HTTP/1.1 200")), "{at_once}");
    check(answers[2], "400", "at once");
    let mut stream = server.connect().expect("a connection");
    stream.write_all(good.as_bytes()).expect("it is sent");
    std::thread::sleep(Duration::from_millis(300));
    stream.write_all(b"garbage\r\n\r\n").expect("it is sent");
    let later = read_all(&mut stream);
    check(later.split_once('}').map_or("", |(_, last)| last), "400", "later");
}

#[actix_web::test]
async fn a_head_that_does_not_arrive_is_answered_with_them() {
    let desk = Desk::open().await;
    let server = Server::start(&desk);
    let mut stream = server.connect().expect("a connection");
    stream.write_all(b"GET /login HTTP/1.1\r\nhost:").expect("it is sent");
    check(&read_all(&mut stream), "408", "a slow head");
}

//! Where one request ends and the next begins: what two programs could read differently is refused, one request gets one answer,
//! and what stands in a body is never taken for a request.

use std::sync::Mutex;

use crate::support::Desk;
use crate::support::server::Server;

/// What an attacker hides where another program may see a request, or none.
const HIDDEN: &str = "GET /robots.txt HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
/// The next request of the connection, from somebody else: a proxy sends those of several people on one.
const NEXT: &str = "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

/// What is sent before [`NEXT`], and the statuses of all answers.
type Case = (String, &'static [u16]);

/// The connection ends with a refusal, and [`NEXT`] gets no answer.
const REFUSED: &[u16] = &[400];

/// A POST with these lines in its head and this body.
fn post(lines: &str, body: &str) -> String {
    format!("POST /healthz HTTP/1.1\r\nhost: x\r\n{lines}\r\n\r\n{body}")
}

/// A GET with these lines in its head.
fn get(lines: &str) -> String {
    format!("GET /healthz HTTP/1.1\r\n{lines}\r\n\r\n")
}

fn cases(expected: &'static [u16], lines: &[&str], request: impl Fn(&str) -> String) -> Vec<Case> {
    lines.iter().map(|line| (request(line), expected)).collect()
}

/// Several framings of one body, or a doubtful one.
fn two_framings() -> Vec<Case> {
    let lines = [
        "content-length: 5\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ncontent-length: 5",
        "transfer-encoding: chunked\r\ncontent-length: 0",
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked",
        "transfer-encoding: identity\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ntransfer-encoding: identity",
        "transfer-encoding : chunked",
        "transfer-encoding\t: chunked",
        " transfer-encoding: chunked",
        "transfer-encoding: x\r\n chunked",
        "transfer-encoding:",
        "transfer-encoding: identity",
        "transfer-encoding: gzip",
        "transfer-encoding: xchunked",
        "transfer-encoding: gzip, chunked",
        "transfer-encoding: chunked, identity",
        "transfer-encoding: chunked, chunked",
        "transfer-encoding: ,chunked",
        "transfer-encoding: chunked;q=1",
        "transfer-encoding: \"chunked\"",
        "transfer-encoding: \u{b}chunked",
        "transfer-encoding: chunked\0",
        "transfer-encoding: chunked\u{a0}",
    ];
    cases(REFUSED, &lines, |line| post(line, &format!("0\r\n\r\n{HIDDEN}")))
}

fn lengths() -> Vec<Case> {
    let own = HIDDEN.len().to_string();
    let wrong = [
        "+@",
        "-@",
        "-1",
        "@, @",
        "@,@",
        "1 1",
        "0x3d",
        "1e1",
        "",
        "@.0",
        "@;",
        "@\u{b}",
        "１",
        "1_0",
        "18446744073709551616",
        "@\r\ncontent-length: @",
        "@\r\ncontent-length: 0",
        "0\r\ncontent-length: @",
        "@\r\n @",
    ];
    let request = |value: &str| post(&format!("content-length: {}", value.replace('@', &own)), HIDDEN);
    let mut all = cases(REFUSED, &wrong, request);
    all.extend(cases(&[405, 200], &["@", "0@", "  @ "], request));
    all.push((post(&format!("content-length : {own}"), HIDDEN), REFUSED));
    all.push((
        format!("POST /healthz HTTP/1.0\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{HIDDEN}"),
        REFUSED,
    ));
    all
}

/// Chunks that end where they say, and others, which end the connection.
fn chunks() -> Vec<Case> {
    let good = [
        "0\r\n\r\n",
        "1\r\nx\r\n0\r\n\r\n",
        "01;a=b\r\nx\r\n0\r\n\r\n",
        "0\r\nx: y\r\n\r\n",
        "0\r\ncontent-length: 9\r\n\r\n",
    ];
    let wrong = [
        " 1\r\nx\r\n",
        "g\r\nx\r\n",
        "-1\r\nx\r\n",
        "+1\r\nx\r\n",
        "0x1\r\nx\r\n",
        "1_0\r\nx\r\n",
        "1\nx\r\n",
        "1\r\nx\n",
        "1\r\nx",
        "1\rX\nx\r\n",
        "1;\nx\r\n",
        "1;a\rb\r\nx\r\n",
        "\r\n",
        "10000000000000000\r\nx",
        "0\n\n",
        "0\r\r\n\r\n",
    ];
    let request = |body: &str| post("transfer-encoding: chunked", body);
    let mut all = cases(&[405, 200], &good, request);
    all.extend(cases(&[405], &wrong, |body| request(&format!("{body}{HIDDEN}"))));
    all
}

/// Lines that end with LF alone, with CR alone, or go on in the next line.
fn line_ends() -> Vec<Case> {
    let whole = [
        "GET /healthz HTTP/1.1\nhost: x\n\n",
        "GET /healthz HTTP/1.1\nhost: x\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nhost: x\n\r\n",
        "GET /healthz HTTP/1.1\r\nhost: x\r\n\n",
        "GET /healthz HTTP/1.1\r\nhost: x\r\nx: y\nz: y\r\n\r\n",
        "GET /healthz HTTP/1.1\rhost: x\r\r",
        "GET /healthz HTTP/1.1\r\nhost: x\r\r\n\r\n",
        "GET /heal\rthz HTTP/1.1\r\nhost: x\r\n\r\n",
        " GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n",
        "GET /healthz\r\n",
        "GET /healthz\r\n\r\n",
    ];
    let lines = [
        "host: x\r\nx: a\rb",
        "host: x\r\nx: a\r\n b",
        "host: x\r\nx: a\r\n\tb",
        "host: x\r\n y",
        " host: x",
        " x: a\r\nhost: x",
    ];
    let mut all = cases(REFUSED, &whole, str::to_owned);
    all.extend(cases(REFUSED, &lines, get));
    all.extend(cases(REFUSED, &["x: y\ncontent-length: @", "x: y\ntransfer-encoding: chunked"], |lines| {
        post(&lines.replace('@', &HIDDEN.len().to_string()), HIDDEN)
    }));
    all.extend(cases(&[200, 200], &["\r\n", "\r\n\r\n"], |before| format!("{before}{}", get("host: x"))));
    all
}

fn first_lines() -> Vec<Case> {
    let wrong = [
        "GET\t/healthz\tHTTP/1.1",
        "GET  /healthz HTTP/1.1",
        "GET /healthz  HTTP/1.1",
        "GET /healthz HTTP/0.9",
        "GET /healthz HTTP/1.2",
        "GET /healthz HTTP/2.0",
        "GET /healthz HTTP/1.1 x",
        "GET /healthz http/1.1",
        "GET /healthz HTTP/11",
        "PRI * HTTP/2.0",
        "GET /heal thz HTTP/1.1",
        "GET /healthz?é HTTP/1.1",
        "GET /healthz\0 HTTP/1.1",
        "GET /healthz\u{7f} HTTP/1.1",
        "G(ET /healthz HTTP/1.1",
        "/healthz HTTP/1.1",
        "GET \\healthz HTTP/1.1",
        "GET http:///healthz HTTP/1.1",
    ];
    let request = |line: &str| format!("{line}\r\nhost: x\r\n\r\n");
    let mut all = cases(REFUSED, &wrong, request);
    let read = ["GET http://x/healthz HTTP/1.1", "GET http://evil.example/healthz HTTP/1.1", "HEAD /healthz HTTP/1.1"];
    all.extend(cases(&[200, 200], &read, request));
    all.extend(cases(
        &[404, 200],
        &["GET * HTTP/1.1", "OPTIONS * HTTP/1.1", "GET x:80 HTTP/1.1", "GET //healthz HTTP/1.1"],
        request,
    ));
    let refused =
        ["TRACE /healthz HTTP/1.1", "TRACK /healthz HTTP/1.1", "get /healthz HTTP/1.1", "PUT /healthz HTTP/1.1"];
    all.extend(cases(&[405, 200], &refused, request));
    // Nothing that follows is a request.
    all.extend(cases(&[405], &["CONNECT /healthz HTTP/1.1"], request));
    all.extend(cases(&[403], &["CONNECT x:80 HTTP/1.1"], request));
    all
}

fn hosts_and_names() -> Vec<Case> {
    let wrong = [
        "x: y",
        "host: x\r\nhost: x",
        "host: x\r\nhost: y",
        "host : x",
        "host: x\0",
        "host: x\r\n: y",
        "host: x\r\na b: c",
        "host: x\r\nx\0: y",
        "host: x\r\nx: a\0b",
        "host: x\r\nx: a\u{7f}b",
        "host: x\r\nx: a\u{1}b",
        "host: x\r\nx",
        "host: x\r\n(x): y",
    ];
    let mut all = cases(REFUSED, &wrong, get);
    // Refused by the program, so that the connection goes on.
    all.extend(cases(
        &[400, 200],
        &["host: x y", "host: a@x", "host: x/y", "host: x:99999", "host: x:y", "host: ["],
        get,
    ));
    all.extend(cases(&[200, 200], &["host: x:80", "host: [::1]:80", "host:", "host: x\r\nx: \u{ff}"], get));
    all.push(("GET /healthz HTTP/1.0\r\nconnection: keep-alive\r\n\r\n".to_owned(), &[200, 200]));
    all
}

fn upgrades_and_pipelines() -> Vec<Case> {
    let http2 = "connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAARAAAAAAAIAAAAA";
    let stays = [http2, "connection: upgrade", "connection: upgrade\r\nupgrade: TLS/1.0"];
    let mut all = cases(&[200, 200], &stays, |lines| get(&format!("host: x\r\n{lines}")));
    // What follows belongs to the other protocol, which nobody speaks here.
    all.extend(cases(&[200], &["connection: upgrade\r\nupgrade: websocket"], |lines| {
        get(&format!("host: x\r\n{lines}"))
    }));
    let (good, length) = (get("host: x"), HIDDEN.len());
    all.push((good.repeat(17), &[200; 18]));
    all.push((good.repeat(40), &[200; 41]));
    all.push((format!("{good}garbage\r\n\r\n{good}"), &[200, 400]));
    all.push((post(&format!("content-length: {length}\r\nexpect: 100-continue"), HIDDEN), &[100, 405, 200]));
    all
}

/// Nobody reads the body of a request that is refused before.
fn bodies_that_nobody_reads() -> Vec<Case> {
    let length = HIDDEN.len();
    let whole = format!("content-length: {length}\r\n\r\n{HIDDEN}");
    let chunked = format!("transfer-encoding: chunked\r\n\r\n{length:x}\r\n{HIDDEN}\r\n0\r\n\r\n");
    let requests: [(&str, &[u16]); 11] = [
        ("POST /webhooks/revenuecat/sundial", &[401, 200]),
        ("POST /webhooks/revenuecat/nobody", &[401, 200]),
        ("POST /login", &[403, 200]),
        ("POST /nope", &[403, 200]),
        ("POST /projects/sundial/customers/lena/notes", &[403, 200]),
        ("GET /healthz", &[200, 200]),
        ("HEAD /healthz", &[200, 200]),
        ("GET /projects/sundial/customers", &[303, 200]),
        ("DELETE /v1/subscribers/lena", &[401, 200]),
        ("POST /v1/receipts", &[401, 200]),
        ("OPTIONS /v1/receipts", &[204, 200]),
    ];
    let both = |(first, expected): &(&str, &'static [u16])| {
        [&whole, &chunked].map(|rest| (format!("{first} HTTP/1.1\r\nhost: x\r\n{rest}"), *expected))
    };
    requests.iter().flat_map(both).collect()
}

/// The statuses of all answers of a connection. Each answer must be as long as its head says.
fn statuses(request: &str, mut bytes: &str) -> Vec<u16> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let (head, rest) = bytes.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head: {bytes}"));
        let status = head.strip_prefix("HTTP/1.").and_then(|line| line.get(2..5)?.parse().ok());
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
        let is_without_body = request.starts_with("HEAD") && found.is_empty();
        bytes =
            rest.get(if is_without_body { 0 } else { length }..).unwrap_or_else(|| panic!("half an answer: {bytes}"));
        found.push(status.unwrap_or_else(|| panic!("no answer: {head}")));
    }
    found
}

#[actix_web::test]
async fn one_request_gets_one_answer_and_a_doubtful_one_ends_its_connection() {
    let desk = Desk::open().await;
    let server = Server::start(&desk);
    let groups = [
        two_framings(),
        lengths(),
        chunks(),
        line_ends(),
        first_lines(),
        hosts_and_names(),
        upgrades_and_pipelines(),
        bodies_that_nobody_reads(),
    ];
    let all = groups.concat();
    assert!(all.len() > 150, "{} cases", all.len());
    let (wrong, left) = (Mutex::new(Vec::new()), Mutex::new(all.iter()));
    // Some answers only end when the connection does, so several are awaited at once.
    std::thread::scope(|scope| {
        (0..16).for_each(|_| {
            scope.spawn(|| {
                while let Some((sent, expected)) = next(&left) {
                    let came = server.ask(format!("{sent}{NEXT}"));
                    let found = statuses(sent, &came);
                    if found != *expected || came.contains("User-agent") {
                        wrong.lock().expect("a list").push(format!("{sent:?} brings {found:?}, not {expected:?}"));
                    }
                }
            });
        });
    });
    let wrong = wrong.into_inner().expect("a list");
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), all.len(), wrong.join("\n"));
}

fn next<'a>(left: &Mutex<impl Iterator<Item = &'a Case>>) -> Option<&'a Case> {
    left.lock().expect("a list").next()
}

//! Ways to spell an address that programs read differently: whatever is sent, only what exists is served, and nothing of the
//! machine, of other origins or of the address itself comes back.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use dossier::base::clock::Clock;

use crate::support::Desk;
use crate::support::cast::VERA;
use crate::support::desks::add_lena;
use crate::support::server::Server;

/// Ways to write "the folder above".
const ABOVE: [&str; 14] = [
    "..",
    "%2e%2e",
    "%2E.",
    ".%2e",
    "%252e%252e",
    "..;",
    "..;x=y",
    "..%00",
    "%c0%ae%c0%ae",
    "%e0%80%ae%e0%80%ae",
    "%u002e%u002e",
    "....",
    "%ef%bc%8e%ef%bc%8e",
    ".%00.",
];
/// Ways to write what separates folders.
const BETWEEN: [&str; 9] = ["/", "//", "/./", "%2f", "%2F", "%5c", "\\", "%252f", "%c0%af"];
/// What somebody would like to have.
const WANTED: [&str; 5] = ["etc/passwd", "Cargo.toml", "proc/self/environ", "login", "projects/sundial/settings"];

/// Other things that have confused programs.
const ODD: [&str; 46] = [
    "%",
    "%0",
    "%zz",
    "%%",
    "%u0041",
    "%0d%0ax-evil:%20y",
    "%0d%0a%0d%0a<script>alert(1)</script>",
    "%0ax-evil:y",
    "%E5%98%8A%E5%98%8Dx-evil:y",
    "<script>alert(1)</script>",
    "%3Cscript%3Ealert(1)%3C/script%3E",
    "\"><script>alert(1)</script>",
    "'-alert(1)-'",
    "/evil.example",
    "/evil.example/%2e%2e",
    "%2f%2fevil.example",
    "\\evil.example",
    "/%5cevil.example",
    "%09/evil.example",
    "https:evil.example",
    "https://evil.example",
    "@evil.example",
    "javascript:alert(1)",
    ";x",
    ";/",
    ".json",
    ".php",
    ".git/config",
    ".env",
    "~root",
    "*",
    "%2a",
    "%00",
    "a%00b",
    "%0%30",
    "%ff",
    "%fe",
    "%c3%28",
    "%ed%a0%80",
    "%f0%9f%8c%99",
    "%e2%80%ae",
    "%20",
    "%09",
    "+",
    "?next=//evil.example",
    "%3Fnext=//evil.example",
];

/// Where each of them is put.
const PREFIXES: [&str; 12] = [
    "/",
    "/static/",
    "/projects/",
    "/projects/sundial/",
    "/projects/sundial/customers/",
    "/projects/sundial/customers/lena/",
    "/projects/sundial/settings/",
    "/v1/subscribers/",
    "/v2/projects/",
    "/webhooks/revenuecat/",
    "/login/",
    "/invitations/",
];

fn spellings() -> Vec<String> {
    let mut all: Vec<String> = ODD.iter().map(|odd| (*odd).to_owned()).collect();
    for (above, between) in ABOVE.iter().flat_map(|above| BETWEEN.iter().map(move |between| (above, between))) {
        let up = format!("{above}{between}");
        all.extend(WANTED.iter().map(|wanted| format!("{}{}", up.repeat(3), wanted.replace('/', between))));
    }
    all.extend([
        "a".repeat(8_000),
        "%41".repeat(5_000),
        "../".repeat(2_000),
        "/".repeat(4_000),
        "%2e%2e%2f".repeat(900),
    ]);
    all
}

/// What only a file of the machine or the inside of the program says, and what an address must not bring into an answer.
const NEVER: [&str; 7] = ["root:", "[package]", "PATH=", "<script>alert", "panicked", "diesel", "src/"];

/// The addresses in a page that lead away.
fn foreign_links(body: &str) -> impl Iterator<Item = &str> {
    let values = ["href=\"", "action=\"", "src=\""].into_iter().flat_map(|name| body.split(name).skip(1));
    let values = values.filter_map(|rest| rest.split('"').next());
    values.filter(|value| value.contains("evil.example") && (!value.starts_with('/') || value.starts_with("//")))
}

/// What is wrong with an answer to an address that names nothing.
fn faults(path: &str, answer: &str, took: Duration) -> Vec<String> {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    let status = head.get(9..12).unwrap_or_default();
    let location = head.lines().find_map(|line| line.strip_prefix("location: ")).unwrap_or("/");
    let mut found = Vec::new();
    if !["303", "400", "401", "403", "404", "405", "414", "429", "431"].contains(&status) {
        found.push(format!("status {status}"));
    }
    if !location.starts_with('/') || location.starts_with("//") || location.starts_with("/\\") {
        found.push(format!("leads to {location}"));
    }
    found.extend(NEVER.iter().filter(|text| body.contains(**text)).map(|text| format!("says {text}")));
    found.extend(foreign_links(body).map(|link| format!("links to {link}")));
    if head.contains("\nx-evil") {
        found.push("has a header of its own".to_owned());
    }
    if took > Duration::from_secs(2) {
        found.push(format!("takes {took:?}"));
    }
    let short: String = path.chars().take(100).collect();
    found.into_iter().map(|fault| format!("{short:?} {fault}")).collect()
}

#[actix_web::test]
async fn however_an_address_is_spelt_only_what_exists_is_served() {
    let desk = Desk::open().await;
    add_lena(&desk);
    // The server goes by the machine's clock, and the session must not be over for it.
    desk.clock.advance((Clock::Machine.now().since(desk.clock.now()) / 1_000).max(0));
    let (server, cookie) = (Server::start(&desk), desk.cookie(&VERA));
    let spellings = spellings();
    assert!(spellings.len() > 500, "{} spellings", spellings.len());
    // Each with every prefix takes a minute; by default each has two, one with a session and one without.
    let is_whole = std::env::var_os("DOSSIER_PATHS").is_some();
    let each = spellings.iter().enumerate().flat_map(|(at, spelling)| {
        let chosen = PREFIXES.iter().enumerate().filter(move |(place, _)| is_whole || (place + at) % 6 == 0);
        chosen.flat_map(move |(place, prefix)| {
            let with = [true, false].into_iter().filter(move |with| is_whole || *with == (place < 6));
            with.map(move |with| (format!("{prefix}{spelling}"), with))
        })
    });
    let (left, found) = (Mutex::new(each), Mutex::new((0, Vec::new())));
    std::thread::scope(|scope| {
        (0..4).for_each(|_| {
            scope.spawn(|| {
                loop {
                    let next = left.lock().expect("a list").next();
                    let Some((path, has_session)) = next else { return };
                    let own = if has_session { format!("cookie: {cookie}\r\n") } else { String::new() };
                    let began = Instant::now();
                    let answer =
                        server.ask(format!("GET {path} HTTP/1.1\r\nhost: x\r\n{own}connection: close\r\n\r\n"));
                    let wrong = faults(&path, &answer, began.elapsed());
                    let mut found = found.lock().expect("a list");
                    found.0 += 1;
                    found.1.extend(wrong);
                }
            });
        });
    });
    let (asked, wrong) = found.into_inner().expect("a list");
    assert!(wrong.is_empty(), "{} faults of {asked}:\n{}", wrong.len(), wrong.join("\n"));
    println!("{asked} addresses");
}

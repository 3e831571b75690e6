//! How fast the program is, as ratios to the floor of the machine in the same run.
//!
//! `cargo bench` uses SQLite in a temporary folder, `DATABASE_URL=postgres://… cargo bench` an empty PostgreSQL database.
//! `cargo bench -- --customers 1000000` also measures growth from ten thousand customers to that many.

mod data;
mod floor;
mod load;
mod server;

use std::time::{Duration, Instant};

use load::Measured;
use server::Server;

const SMALL: usize = 10_000;
const TIME: Duration = Duration::from_secs(6);

fn main() {
    let customers = argument("--customers").unwrap_or(SMALL);
    let scratch = std::env::temp_dir().join(format!("dossier-bench-{}", std::process::id()));
    std::fs::create_dir_all(&scratch).expect("a temporary folder can be made");
    let url = std::env::var("DATABASE_URL").unwrap_or_else(|_| format!("sqlite:{}/bench.db", scratch.display()));
    println!("Database: {}", url.split(':').next().unwrap_or("?"));
    println!("Machine: {} cores, {}", dossier::base::config::cores(), cpu());
    server::prepare(&url);
    import(&url, &scratch, 0..SMALL, "ordinary customers");
    let special = special_customers(&url, &scratch);
    let small = measure(&url, SMALL, &special, true);
    if customers > SMALL {
        import(&url, &scratch, SMALL..customers, "more customers");
        let large = measure(&url, customers, &special, false);
        println!("\nGrowth from {SMALL} to {customers} customers (medians; the goal is less than 1.5):");
        for ((name, before), (_, after)) in small.iter().zip(&large) {
            println!("  {name:<34} {:>6.2}×", after.median.as_secs_f64() / before.median.as_secs_f64());
        }
    }
    std::fs::remove_dir_all(&scratch).expect("the temporary folder is removed");
}

fn argument(name: &str) -> Option<usize> {
    let mut words = std::env::args().skip_while(|word| word != name);
    words.nth(1).and_then(|word| word.parse().ok())
}

fn cpu() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1).map(str::to_owned));
    model.unwrap_or_else(|| "unknown processor".into())
}

/// Imports in files of at most 50,000 customers, so that the disk holds the data once.
fn import(url: &str, scratch: &std::path::Path, range: std::ops::Range<usize>, what: &str) {
    let (mut events, mut spent) = (0, Duration::ZERO);
    let mut start = range.start;
    while start < range.end {
        let end = range.end.min(start + 50_000);
        let path = scratch.join("events.jsonl");
        let file = std::fs::File::create(&path).expect("the file can be made");
        data::write_ordinary(file, start..end).expect("the file is written");
        let began = Instant::now();
        server::import(url, &path);
        spent += began.elapsed();
        events += (end - start) * 20;
        std::fs::remove_file(&path).expect("the file is removed");
        start = end;
    }
    println!("Import of {what}: {events} events in {spent:.1?}, {:.0} a second", events as f64 / spent.as_secs_f64());
}

/// One customer with every card filled, one with few and one with many events.
fn special_customers(url: &str, scratch: &std::path::Path) -> [&'static str; 3] {
    let path = scratch.join("special.jsonl");
    let mut lines = data::full("full", 60);
    lines.extend(data::full("few", 10));
    lines.extend(data::full("many", 10_000));
    std::fs::write(&path, lines.join("\n")).expect("the file is written");
    server::import(url, &path);
    server::add_notes(url, "full", 10);
    ["full", "few", "many"]
}

/// Starts the server, measures everything once, and returns the rows that the growth is computed from.
fn measure(url: &str, customers: usize, special: &[&str; 3], with_webhooks: bool) -> Vec<(&'static str, Measured)> {
    println!("\nWith {customers} customers:");
    let server = Server::start(url);
    println!("  ready after {:.2?}, resident {} MB", server.ready_after, server.resident_mb());
    let page = |name: &str| format!("/projects/bench/customers/{name}");
    let cookie = server.log_in();
    let get = |path: String| {
        let cookie = cookie.clone();
        load::run(server.address, 4, TIME, move |_, _| load::get(&path, &cookie))
    };
    let [full, few, many] = special.map(|name| get(page(name)));
    let floor = floor::measure(url, (special[0], full.bytes), floor::profile, (4, TIME));
    let spread = |path: fn(usize) -> String| {
        let cookie = cookie.clone();
        load::run(server.address, 4, TIME, move |connection, number| {
            load::get(&path((connection * 7_919 + number * 104_729) % customers), &cookie)
        })
    };
    let rows = vec![
        ("floor", floor.clone()),
        ("profile, every card filled", full),
        ("profile, 10 events", few),
        ("profile, 10,000 events", many),
        ("profile, any customer", spread(|n| format!("/projects/bench/customers/{}", data::name(n)))),
        (
            "search by start of an e-mail",
            spread(|n| format!("/projects/bench/customers?q=customer-{:05}&suggest=1", n / 100)),
        ),
        ("search by transaction", spread(|n| format!("/projects/bench/customers?q=2{n:010}0003&suggest=1"))),
        ("search without a hit", spread(|n| format!("/projects/bench/customers?q=nobody-{n}&suggest=1"))),
        ("list of all", get("/projects/bench/customers".into())),
        ("list of active", get("/projects/bench/customers?list=active".into())),
        ("list of expired", get("/projects/bench/customers?list=expired".into())),
    ];
    println!("  {:<34} {:>9} {:>10} {:>10} {:>9} {:>8}", "", "per s", "median", "p99", "× floor", "bytes");
    for (name, row) in &rows {
        print(name, row, Some(&floor));
    }
    if with_webhooks {
        for (run, senders) in [1, 8, 64].into_iter().enumerate() {
            let measured = load::run(server.address, senders, TIME, |connection, number| {
                let body = data::fresh(run, connection, number);
                let headers = format!("Authorization: {}\r\nContent-Type: application/json\r\n", server::SECRET);
                load::post("/webhooks/revenuecat/bench", &headers, &body)
            });
            print(&format!("webhooks, {senders} senders"), &measured, None);
        }
    }
    if with_webhooks {
        sdk_traffic(url, &server, customers);
    }
    println!("  resident {} MB, at most {} MB", server.resident_mb(), server.peak_mb());
    rows
}

/// Measures the calls of apps: of a hundred, 80 read the customer, 15 read the offerings, 5 write an attribute.
fn sdk_traffic(url: &str, server: &Server, customers: usize) {
    const CONNECTIONS: usize = 64;
    let key = server::add_app_key(url);
    let mix = |connection: usize, number: usize| {
        let name = data::name((connection * 7_919 + number * 104_729) % customers);
        let path = format!("/v1/subscribers/{name}");
        let headers = format!("Authorization: Bearer {key}\r\nX-Platform: web\r\nX-Version: 1.63.1\r\n");
        match (connection * 31 + number) % 100 {
            0..80 => load::call(&path, &headers),
            80..95 => load::call(&format!("{path}/offerings"), &headers),
            _ => {
                let body = format!(r#"{{"attributes":{{"opened":{{"value":"{number}"}}}}}}"#);
                load::post(&format!("{path}/attributes"), &headers, &body)
            }
        }
    };
    let measured = load::run(server.address, CONNECTIONS, TIME, mix);
    let floor = floor::measure(url, (&data::name(1), measured.bytes), floor::info, (CONNECTIONS, TIME));
    print("floor of an app's call", &floor, Some(&floor));
    print("SDK traffic, 64 connections", &measured, Some(&floor));
}

fn print(name: &str, row: &Measured, floor: Option<&Measured>) {
    let ratio = floor.map_or(String::new(), |floor| format!("{:.2}", row.per_second / floor.per_second));
    let failures = if row.failures > 0 { format!("  {} FAILED", row.failures) } else { String::new() };
    println!(
        "  {name:<34} {:>9.0} {:>10.2?} {:>10.2?} {ratio:>9} {:>8}{failures}",
        row.per_second, row.median, row.p99, row.bytes
    );
}

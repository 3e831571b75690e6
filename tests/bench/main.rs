//! How fast the program is, as ratios to the floor of the machine in the same run.
//!
//! `cargo bench` uses SQLite in a temporary folder, `DATABASE_URL=postgres://… cargo bench` an empty PostgreSQL database.
//! `cargo bench -- --customers 1000000` also measures growth from ten thousand customers to that many;
//! `cargo bench -- --only writing` leaves out the pages and the calls of apps.

mod data;
mod floor;
mod load;
mod server;

use std::io::{BufWriter, Write};
use std::path::Path;
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
    let key = server::add_app_key(&url);
    let json = import(&url, &scratch, 0..SMALL, "ordinary customers");
    let stored = server::bytes_on_disk(&url);
    println!("On disk: {:.2} bytes for a byte of the events' JSON", stored as f64 / json as f64);
    special_customers(&url, &scratch);
    let with_pages = std::env::args().skip_while(|word| word != "--only").nth(1).is_none_or(|only| only != "writing");
    let small = if with_pages { measure_reading(&url, SMALL, Some(&key)) } else { Vec::new() };
    measure_writing(&url, &key);
    if customers > SMALL && with_pages {
        import(&url, &scratch, SMALL..customers, "more customers");
        let large = measure_reading(&url, customers, None);
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

/// Imports in files of at most 50,000 customers, so that the disk holds the data once. Returns how long the files were.
fn import(url: &str, scratch: &Path, range: std::ops::Range<usize>, what: &str) -> u64 {
    let (mut events, mut bytes, mut spent) = (0, 0, Duration::ZERO);
    let mut start = range.start;
    while start < range.end {
        let end = range.end.min(start + 50_000);
        let path = scratch.join("events.jsonl");
        let file = std::fs::File::create(&path).expect("the file can be made");
        data::write_ordinary(file, start..end).expect("the file is written");
        bytes += path.metadata().expect("the file is there").len();
        let began = Instant::now();
        server::import(url, &path);
        spent += began.elapsed();
        events += (end - start) * 20;
        std::fs::remove_file(&path).expect("the file is removed");
        start = end;
    }
    println!("Import of {what}: {events} events in {spent:.1?}, {:.0} a second", events as f64 / spent.as_secs_f64());
    bytes
}

/// The customers of whom it is measured how much one more event costs: their names, how many they are, and how many events
/// each has.
const GROWING: [(&str, usize, i64); 3] = [("light", 100, 10), ("heavy", 1, 10_000), ("huge", 1, 100_000)];

/// The customers whose pages are measured, and those of [`GROWING`].
fn special_customers(url: &str, scratch: &Path) {
    let path = scratch.join("special.jsonl");
    let mut file = BufWriter::new(std::fs::File::create(&path).expect("the file can be made"));
    let mut write = |lines: &mut dyn Iterator<Item = String>| {
        lines.for_each(|line| writeln!(file, "{line}").expect("the file is written"));
    };
    for (name, events) in [("full", 60), ("few", 10), ("many", 10_000)] {
        write(&mut data::full(name, events));
    }
    for (name, customers, events) in GROWING {
        for customer in 0..customers {
            let name = format!("{name}-{customer}");
            write(&mut (0..events).map(|event| data::one_more(&name, event)));
        }
    }
    drop(file);
    server::import(url, &path);
    server::add_notes(url, "full", 10);
    std::fs::remove_file(&path).expect("the file is removed");
}

/// Starts the server, measures pages, and returns the rows that the growth is computed from.
fn measure_reading(url: &str, customers: usize, app_key: Option<&str>) -> Vec<(&'static str, Measured)> {
    println!("\nWith {customers} customers:");
    let server = Server::start(url);
    println!("  ready after {:.2?}, resident {} MB", server.ready_after, server.resident_mb());
    let page = |name: &str| format!("/projects/bench/customers/{name}");
    let cookie = server.log_in();
    let get = |path: String| {
        let cookie = cookie.clone();
        load::run(server.address, 4, TIME, move |_, _| load::get(&path, &cookie))
    };
    let [full, few, many] = ["full", "few", "many"].map(|name| get(page(name)));
    let floor = floor::measure(url, ("full", full.bytes), floor::profile, (4, TIME));
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
    print_heads();
    for (name, row) in &rows {
        print(name, row, Some(&floor));
    }
    if let Some(key) = app_key {
        sdk_traffic(url, &server, key, customers);
    }
    println!("  resident {} MB, at most {} MB", server.resident_mb(), server.peak_mb());
    rows
}

fn print_heads() {
    println!("  {:<34} {:>9} {:>10} {:>10} {:>9} {:>8}", "", "per s", "median", "p99", "× floor", "bytes");
}

/// Starts the server and measures how it takes in events.
fn measure_writing(url: &str, key: &str) {
    println!("\nWriting:");
    let server = Server::start(url);
    print_heads();
    for (run, senders) in [1, 8, 64].into_iter().enumerate() {
        let fresh = |connection: usize, number: usize| webhook(&data::fresh(run, connection, number));
        let measured = load::run(server.address, senders, TIME, fresh);
        print(&format!("webhooks, {senders} senders"), &measured, None);
    }
    let mut medians = Vec::new();
    for (name, customers, events) in GROWING {
        let next = |_: usize, number: usize| {
            let (customer, round) = (number % customers, number / customers);
            webhook(&data::one_more(&format!("{name}-{customer}"), events + round as i64))
        };
        let measured = load::run(server.address, 1, TIME / 6, next);
        print(&format!("one more event after {events}"), &measured, None);
        medians.push(measured.median.as_secs_f64());
    }
    let grown: Vec<String> =
        medians.iter().filter_map(|median| Some(format!("{:.2}", median / medians.first()?))).collect();
    println!("  one more event, to the first: {} (the goal is at most 1.5)", grown.join(", "));
    flood(&server, key);
    if !url.starts_with("sqlite:") {
        two_processes(url, &server);
    }
    println!("  resident {} MB, at most {} MB", server.resident_mb(), server.peak_mb());
}

/// Measures what a second process on the same database adds, while each commit takes 5 ms longer: so it is not the processors
/// that limit one.
fn two_processes(url: &str, first: &Server) {
    const SENDERS: usize = 4;
    let second = Server::start(url);
    server::slow_commits_down(url);
    let send = |run: usize| move |connection: usize, number: usize| webhook(&data::fresh(run, connection, number));
    let one = load::run(first.address, SENDERS, TIME, send(5));
    let (own, other) = std::thread::scope(|scope| {
        let own = scope.spawn(|| load::run(first.address, SENDERS, TIME, send(6)));
        let other = load::run(second.address, SENDERS, TIME, send(7));
        (own.join().expect("the load ends"), other)
    });
    print("slow commits, one process", &one, None);
    let grown = (own.per_second + other.per_second) / one.per_second;
    println!("  slow commits, two processes to one: {grown:.2} (the goal is at least 1.6)");
}

fn webhook(body: &str) -> Vec<u8> {
    let headers = format!("Authorization: {}\r\nContent-Type: application/json\r\n", server::SECRET);
    load::post("/webhooks/revenuecat/bench", &headers, body)
}

/// Measures webhooks and pages while 24 senders change one heavy customer's name by the public key of an app, as fast as
/// they are answered.
fn flood(server: &Server, key: &str) {
    const FLOODERS: usize = 24;
    let cookie = server.log_in();
    let honest = |run: usize| {
        std::thread::scope(|scope| {
            let fresh = move |connection: usize, number: usize| webhook(&data::fresh(run, connection, number));
            let webhooks = scope.spawn(move || load::run(server.address, 1, TIME, fresh));
            let page = load::run(server.address, 1, TIME, |_, _| load::get("/projects/bench/customers/few", &cookie));
            (webhooks.join().expect("the webhooks end"), page)
        })
    };
    let change = |connection: usize, number: usize| {
        let headers = format!("Authorization: Bearer {key}\r\nX-Platform: web\r\n");
        let name = format!("Lena {connection} {number}");
        let body = format!(r#"{{"attributes":{{"$displayName":{{"value":"{name}"}}}}}}"#);
        load::post("/v1/subscribers/heavy-0/attributes", &headers, &body)
    };
    let quiet = honest(3);
    let (flooded, flood) = std::thread::scope(|scope| {
        let flood = scope.spawn(|| load::run(server.address, FLOODERS, TIME * 6 / 5, change));
        (honest(4), flood.join().expect("the flood ends"))
    });
    println!("  flood: {:.0} changes a second, {} refused", flood.per_second, flood.failures);
    for (name, quiet, flooded) in [("webhooks", quiet.0, flooded.0), ("pages", quiet.1, flooded.1)] {
        print(&format!("{name}, quiet"), &quiet, None);
        print(&format!("{name}, during the flood"), &flooded, None);
        let grown = flooded.median.as_secs_f64() / quiet.median.as_secs_f64();
        println!("  {name}, during the flood to quiet: {grown:.2} (the goal is at most 3)");
    }
}

/// Measures the calls of apps: of a hundred, 80 read the customer, 15 read the offerings, 5 write an attribute.
fn sdk_traffic(url: &str, server: &Server, key: &str, customers: usize) {
    const CONNECTIONS: usize = 64;
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

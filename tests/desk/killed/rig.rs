//! The rig: a database, the server on it, and those who work with it.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use dossier::base::error::Error;
use dossier::base::random_bytes;
use dossier::db::{AnyConnection, Db};

use super::check::{self, Fault};
use super::ledger::Ledger;
use super::load::{self, Caller, Team};
use super::report::Report;
use super::{model, stored};
use crate::support::Desk;
use crate::support::customers::{load_profiles, profiles};
use crate::support::database::TestDatabase;
use crate::support::events::deliver_together;
use crate::support::seed::SUNDIAL_ID;
use crate::support::server::{Server, free_address, serve_database};

const SENDERS: u64 = 8;
/// After so many kills the run goes on with a new database, so that checking does not take longer each time.
const KILLS_OF_A_DATABASE: u64 = 50;
/// The server lives at least so long, in milliseconds.
const SHORTEST: u64 = 50;

const CATALOG: &str =
    r#"{"products":[],"offerings":[],"entitlements":[{"id":"pro","display_name":"Pro access","products":[]}]}"#;

/// How often, and at which moments.
pub struct Settings {
    pub kills: u64,
    /// How long the server lives at most, in milliseconds.
    pub longest: u64,
    pub seed: u64,
}

/// A database, and what was done to it.
pub struct Rig {
    database: TestDatabase,
    address: SocketAddr,
    key: String,
    ledger: Ledger,
}

/// Random moments that a seed repeats (SplitMix64).
struct Moments(u64);

impl Moments {
    fn next(&mut self, longest: u64) -> Duration {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Duration::from_millis(SHORTEST + (mixed ^ (mixed >> 31)) % (longest - SHORTEST + 1))
    }
}

pub fn fresh_seed() -> u64 {
    u64::from(u32::from_le_bytes(random_bytes().expect("random bytes")))
}

/// Kills the server so many times, with a new database now and then.
pub fn run(settings: &Settings) -> Report {
    let database = if std::env::var("TEST_DATABASE_URL").is_ok() { "PostgreSQL" } else { "SQLite" };
    let mut total = Report { seed: settings.seed, database, ..Report::default() };
    let mut moments = Moments(settings.seed);
    while total.kills < settings.kills {
        let kills = (settings.kills - total.kills).min(KILLS_OF_A_DATABASE);
        let moments = (0..kills).map(|_| moments.next(settings.longest)).collect();
        total.add(Rig::make().run(moments));
        if settings.kills > KILLS_OF_A_DATABASE {
            println!("{total}");
        }
    }
    total
}

impl Rig {
    /// A database with the cast, an entitlement and the secret key of a server, made with the program's own commands.
    pub fn make() -> Rig {
        let database = TestDatabase::make();
        let file = std::env::temp_dir().join(format!("dossier_catalog_{}.json", std::process::id()));
        std::fs::write(&file, CATALOG).expect("a catalog");
        let file = file.to_str().expect("a plain path").to_owned();
        command(&database, &["catalog", "apply", "--project", "sundial", &file]);
        let said = command(&database, &["key", "add", "--project", "sundial", "--app", "Billing server", "--secret"]);
        let key = said.split_whitespace().find(|word| word.starts_with("sk_")).expect("a key").to_owned();
        Rig { database, address: free_address(), key, ledger: Ledger::default() }
    }

    fn run(self, moments: Vec<Duration>) -> Report {
        let mut report = Report::default();
        let (mut server, mut guest) = (self.start(&mut report), 0);
        let team = self.team();
        for moment in moments {
            let again = self.ledger.read().unanswered();
            guest = self.load_until_killed(server, &team, moment, (guest, again));
            report.kills += 1;
            server = self.start(&mut report);
            report.faults.extend(self.faults());
        }
        self.send_the_rest();
        report.faults.extend(self.faults());
        report.faults.extend(self.unlike_a_clean_run());
        drop(server);
        let book = self.ledger.read();
        report.acknowledged = count(book.events.values());
        let acts = count(book.acts.values());
        report.acts = (acts, u64::try_from(book.acts.len()).expect("a small number") - acts);
        (report.cut_off, report.pages) = (book.cut_off, book.pages);
        report
    }

    fn start(&self, report: &mut Report) -> Server {
        let began = Instant::now();
        let mut command = serve_database(&self.database.url(), self.address);
        command.env("DOSSIER_SECRET_KEY_REQUESTS", "1000000");
        let server = Server::run(command, self.address);
        report.readiness.push(began.elapsed());
        server
    }

    fn team(&self) -> Team {
        Team { cookie: Caller::new(self.address, &AtomicBool::new(false)).log_in(), key: self.key.clone() }
    }

    /// Everybody works until the server is killed. Returns the next guest.
    fn load_until_killed(&self, server: Server, team: &Team, moment: Duration, left: (u64, Vec<u64>)) -> u64 {
        let (is_killed, (guest, again)) = (AtomicBool::new(false), left);
        let ready = Barrier::new(usize::try_from(SENDERS).expect("a small number") + 1);
        std::thread::scope(|scope| {
            for sender in 0..SENDERS {
                // Half of what was cut off is sent again now, among the others; the rest in the end.
                let own: Vec<u64> = again.iter().copied().filter(|number| number % (2 * SENDERS) == sender).collect();
                let (ready, is_killed) = (&ready, &is_killed);
                scope.spawn(move || load::send(&Caller::new(self.address, is_killed), &self.ledger, &own, ready));
            }
            let acting = scope.spawn(|| team.act(&Caller::new(self.address, &is_killed), &self.ledger, guest));
            scope.spawn(|| team.read(&Caller::new(self.address, &is_killed), &self.ledger));
            ready.wait();
            std::thread::sleep(moment);
            drop(server);
            is_killed.store(true, Ordering::Relaxed);
            acting.join().expect("the team was not disturbed otherwise")
        })
    }

    /// Delivers what was never acknowledged.
    fn send_the_rest(&self) {
        let (is_killed, began) = (AtomicBool::new(false), Instant::now());
        let caller = Caller::new(self.address, &is_killed);
        for number in self.ledger.read().unanswered() {
            while !caller.deliver(number) {
                assert!(began.elapsed() < Duration::from_secs(60), "event {number} is not taken");
            }
            self.ledger.acknowledge(number);
        }
    }

    /// What is wrong in the database. A server may run.
    pub fn faults(&self) -> Vec<Fault> {
        // The book first: what is acknowledged in it must be in what is read after it.
        let book = self.ledger.read();
        let mut faults = check::faults(&book, &stored::with_database(&self.database.url(), stored::load));
        let verified = dossier(&self.database, &["audit", "verify"]).output().expect("it runs");
        if !verified.status.success() {
            faults.push(Fault::Act(String::from_utf8_lossy(&verified.stderr).into_owned()));
        }
        faults
    }

    /// Compares all profiles with those of a desk that got the same events in their order.
    fn unlike_a_clean_run(&self) -> Vec<Fault> {
        let clean = actix_web::rt::System::new().block_on(async {
            let desk = Desk::open().await;
            let bodies: Vec<String> = self.ledger.read().events.keys().map(|number| model::body(*number)).collect();
            for some in bodies.chunks(400) {
                deliver_together(&desk, SUNDIAL_ID, some);
            }
            profiles(&desk, SUNDIAL_ID)
        });
        let mut own = stored::with_database(&self.database.url(), |conn| load_profiles(conn, SUNDIAL_ID));
        own.retain(|names, _| names.iter().all(|name| !name.starts_with("guest-")));
        let names = clean.keys().chain(own.keys()).collect::<std::collections::BTreeSet<_>>();
        let wrong = names.into_iter().filter(|name| clean.get(*name) != own.get(*name));
        wrong.map(|name| Fault::Missing(format!("{name:?} is not as after a clean run"))).collect()
    }

    /// Some events and acts, without a kill.
    pub fn work_undisturbed(&self) {
        let server = self.start(&mut Report::default());
        let is_killed = AtomicBool::new(false);
        let caller = Caller::new(self.address, &is_killed);
        for number in 0..20 {
            assert_eq!(self.ledger.next(), number);
            assert!(caller.deliver(number));
            self.ledger.acknowledge(number);
        }
        let team = self.team();
        std::thread::scope(|scope| {
            let acting = scope.spawn(|| team.act(&caller, &self.ledger, 0));
            while !acting.is_finished() && self.ledger.read().acts.values().filter(|is_done| **is_done).count() < 4 {
                std::thread::sleep(Duration::from_millis(5));
            }
            is_killed.store(true, Ordering::Relaxed);
        });
        drop(server);
    }

    /// What would be wrong after a change of the database behind the program's back. It is rolled back.
    pub fn faults_after(&self, sql: &str) -> Vec<Fault> {
        let db = Db::open(&self.database.url(), 1).expect("the database");
        let mut found = None;
        let rolled_back = db.write_here(|conn| {
            match conn.any() {
                AnyConnection::Sqlite(conn) => conn.batch_execute(sql)?,
                AnyConnection::Postgres(conn) => conn.batch_execute(sql)?,
            }
            found = Some(stored::load(conn)?);
            Err::<(), _>(Error::NotFound)
        });
        let stored = found.unwrap_or_else(|| panic!("{sql}: {rolled_back:?}"));
        check::faults(&self.ledger.read(), &stored)
    }
}

fn count<'a>(all: impl Iterator<Item = &'a bool>) -> u64 {
    all.filter(|is_done| **is_done).fold(0, |sum, _| sum + 1)
}

/// A command of the program on a database.
fn dossier(database: &TestDatabase, arguments: &[&str]) -> Command {
    let mut command = crate::support::server::dossier();
    command.args(arguments).env("DATABASE_URL", database.url());
    command
}

/// What a command prints that must succeed.
fn command(database: &TestDatabase, arguments: &[&str]) -> String {
    let done = dossier(database, arguments).output().expect("it runs");
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).into_owned()
}

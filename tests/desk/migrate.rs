//! A database of an earlier version is migrated, and everything is found in it, also when the server was killed meanwhile.

use std::time::{Duration, Instant};

use diesel::prelude::*;
use dossier::base::error::Error;
use dossier::base::ids::{CustomerId, EventId, ProjectId};
use dossier::base::{hex, lookup_key, random_bytes};
use dossier::db::schema::*;
use dossier::db::{Db, migrate};
use dossier::events::history::{ShownIn, Side, Topic};
use dossier::events::{Digest, StoredBody};
use dossier::ingest::Outcome;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::Desk;
use crate::support::cast::ADA;
use crate::support::customers::{customer_id, load_profiles, profiles, text_of};
use crate::support::database::TestDatabase;
use crate::support::events::{deliver, deliver_together, event_on_day, purchase, transfer_of_every_store};
use crate::support::jobs::rebuild;
use crate::support::life_cycles::life_cycles;
use crate::support::operations::erase_customer;
use crate::support::server::{Server, dossier, free_address, serve_database};

/// The tables of events and histories before they were made smaller.
const TABLES: &str = "
    DROP TABLE history;
    DROP TABLE events;
    DROP TABLE retained_events;
    CREATE TABLE events (
        project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
        id BIGINT NOT NULL,
        event_key BYTEA NOT NULL,
        received_at BIGINT NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (project_id, id),
        UNIQUE (project_id, event_key)
    );
    CREATE TABLE history (
        customer_id BIGINT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
        timeline_at BIGINT NOT NULL,
        event_at BIGINT NOT NULL,
        tie BIGINT NOT NULL,
        event_id BIGINT NOT NULL,
        environment TEXT NOT NULL,
        topic TEXT NOT NULL,
        side TEXT NOT NULL,
        summary TEXT NOT NULL,
        PRIMARY KEY (customer_id, timeline_at, event_at, tie, event_id)
    );
    CREATE INDEX history_by_event ON history (customer_id, event_at, tie, event_id);
    CREATE INDEX history_of_event ON history (event_id, customer_id);
    CREATE TABLE retained_events (
        customer_id BIGINT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
        event_id BIGINT NOT NULL,
        side TEXT NOT NULL,
        stands_as BIGINT NOT NULL,
        PRIMARY KEY (customer_id, event_id, side)
    );
    CREATE INDEX retained_events_by_event ON retained_events (event_id, customer_id);
    DELETE FROM __diesel_schema_migrations WHERE version = '20261129000007';
";

#[derive(Queryable)]
struct Event {
    project: ProjectId,
    id: EventId,
    received_at: i64,
    digest: Digest,
    body: StoredBody,
}

type Place = (CustomerId, i64, i64, i32, EventId, ShownIn, Topic, Side);

fn events(desk: &Desk) -> Vec<Event> {
    let columns = (events::project_id, events::id, events::received_at, events::digest, events::body);
    desk.read(|conn| events::table.order(events::id).select(columns).load(conn))
}

/// The digest and the body of every event.
fn texts(desk: &Desk) -> Vec<(String, String)> {
    let body = |event: &Event| event.body.text().expect("it reads");
    events(desk).iter().map(|event| (hex(event.digest.as_bytes()), body(event))).collect()
}

/// Gives the desk the tables of the version before, with the rows that it would have written.
fn go_back(desk: &Desk) {
    let all = events(desk);
    let history: Vec<Place> = desk.read(|conn| {
        use history::*;
        table.select((customer_id, timeline_at, event_at, tie, event_id, environment, topic, side)).load(conn)
    });
    let retained: Vec<(CustomerId, EventId, Side, i64)> = desk.read(|conn| retained_events::table.load(conn));
    // Later versions have added to these tables.
    let mut sql = include_str!("../../migrations/2026-11-30-000140_requests/down.sql").to_owned();
    sql += "DELETE FROM __diesel_schema_migrations WHERE version = '20261130000140';\n";
    sql += TABLES;
    for event in &all {
        let body = event.body.text().expect("it reads");
        let (project, id, received_at) = (event.project, event.id, event.received_at);
        let key = bytes(desk, &lookup_key(&id_of(&body)));
        sql += &format!("INSERT INTO events VALUES ({project}, {id}, {key}, {received_at}, {});\n", quoted(&body));
    }
    for (customer, timeline_at, event_at, tie, id, environment, topic, side) in history {
        let event = all.iter().find(|event| event.id == id).expect("it is stored");
        let tie = wide_tie(tie, &id_of(&event.body.text().expect("it reads")));
        let environment = match environment {
            ShownIn::Only(environment) => environment.as_str(),
            ShownIn::Both | ShownIn::Unsure => "none",
        };
        let (topic, side, summary) = (topic.as_str(), word(side), quoted(&text_of(&event.digest)));
        sql += &format!(
            "INSERT INTO history VALUES ({customer}, {timeline_at}, {event_at}, {tie}, {id}, '{environment}', '{topic}',
                '{side}', {summary});\n"
        );
    }
    for (customer, id, side, stands_as) in retained {
        sql += &format!("INSERT INTO retained_events VALUES ({customer}, {id}, '{}', {stands_as});\n", word(side));
    }
    desk.db.batch(&sql).expect("the tables of the version before");
}

fn id_of(body: &str) -> String {
    let body: Value = serde_json::from_str(body).expect("JSON");
    body["event"]["id"].as_str().expect("an id").to_owned()
}

fn word(side: Side) -> &'static str {
    if side == Side::Own { "own" } else { "lost" }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn bytes(desk: &Desk, bytes: &[u8]) -> String {
    if desk.db.is_sqlite() { format!("x'{}'", hex(bytes)) } else { format!("'\\x{}'::bytea", hex(bytes)) }
}

/// The rank, and 56 bits of the hash behind it.
fn wide_tie(tie: i32, id: &str) -> i64 {
    let hash = Sha256::digest(id.as_bytes()).iter().take(7).fold(0, |sum, byte| (sum << 8) | i64::from(*byte));
    i64::from(tie >> 27) << 56 | hash
}

/// A desk with every kind of history, purchases that stay when their giver is erased, and an event in no history.
async fn desk_with_histories() -> Desk {
    let desk = Desk::open().await;
    for (_, bodies) in life_cycles() {
        deliver(&desk, desk.project, &bodies);
    }
    let gone = json!({ "app_user_id": "gone", "original_app_user_id": "gone", "aliases": ["gone"] });
    let long = json!({ "id": "it's long ".repeat(80), "app_user_id": "mara", "aliases": ["ma'ra"] });
    let nobodys = json!({ "app_user_id": null, "original_app_user_id": null, "aliases": [] });
    let bodies = [
        event_on_day(0, "INITIAL_PURCHASE", gone),
        event_on_day(1, "RENEWAL", long),
        event_on_day(2, "EXPERIMENT_ENROLLMENT", nobodys),
        transfer_of_every_store(3, &["gone"], &["mara"]),
    ];
    deliver(&desk, desk.project, &bodies);
    erase_customer(&desk, desk.project, "gone");
    desk
}

/// How many events a page shows, of all that can be read.
async fn rows_of_page(desk: &Desk) -> usize {
    let page = desk.page(&ADA, "/projects/sundial/customers/mara").await;
    assert!(!page.contains("cannot be read"));
    page.matches("id=\"event-").count()
}

#[actix_web::test]
async fn events_and_histories_of_the_version_before_are_kept_and_made_smaller() {
    let desk = desk_with_histories().await;
    let (before, told, shown) = (profiles(&desk, desk.project), texts(&desk), rows_of_page(&desk).await);
    assert_eq!(desk.count(|conn| retained_events::table.count().get_result(conn)), 2);
    go_back(&desk);
    migrate::run(&desk.db).expect("it is migrated");
    assert_eq!(profiles(&desk, desk.project), before);
    let bodies = |texts: &[(String, String)]| texts.iter().map(|(_, body)| body.clone()).collect::<Vec<_>>();
    assert_eq!(bodies(&texts(&desk)), bodies(&told));
    let again = event_on_day(
        2,
        "EXPERIMENT_ENROLLMENT",
        json!({ "app_user_id": null, "original_app_user_id": null, "aliases": [] }),
    );
    assert_eq!(deliver(&desk, desk.project, &[again]), [Outcome::Duplicate], "events are known by their new key");
    assert_eq!(rows_of_page(&desk).await, shown);
    let plain = |desk: &Desk| events(desk).iter().filter(|event| !event.body.is_compressed()).count();
    assert_eq!(plain(&desk) == 0, desk.db.is_sqlite(), "only SQLite has them compressed while migrating");
    rebuild(&desk, Some(desk.project));
    assert_eq!((plain(&desk), profiles(&desk, desk.project), texts(&desk)), (0, before, told));
}

/// How often the server is killed while it migrates: in `tests/long/kills` as often as is asked.
fn rounds() -> u32 {
    std::env::var("DOSSIER_KILLS").map_or(2, |kills| kills.parse().expect("a number in DOSSIER_KILLS"))
}

/// Within which time of its start a server is killed: the time in which it migrates, as far as is known from the kills before.
struct Moments(Duration);

impl Moments {
    /// From how long a command takes that migrates and does next to nothing else.
    fn on(url: &str) -> Moments {
        let began = Instant::now();
        let mut command = dossier();
        let done = command.args(["audit", "verify"]).env("DATABASE_URL", url).output().expect("it runs");
        assert!(done.status.success(), "{done:?}");
        Moments(began.elapsed())
    }

    /// Starts a server and kills it at a random moment. Whether migrations were missing then.
    fn kill(&mut self, url: &str) -> bool {
        let mut child = serve_database(url, free_address()).spawn().expect("it starts");
        let share = u32::from(u16::from_le_bytes(random_bytes().expect("random bytes")));
        std::thread::sleep(self.0 * share / u32::from(u16::MAX));
        child.kill().expect("it is killed");
        child.wait().expect("it is gone");
        let is_in_time = !migrate::is_done(&Db::open(url, 1).expect("the database")).unwrap_or(false);
        self.0 = self.0 * if is_in_time { 5 } else { 3 } / 4;
        is_in_time
    }
}

/// Starts a server that is left alone until it is ready.
fn start(url: &str) {
    let address = free_address();
    drop(Server::run(serve_database(url, address), address));
}

/// The tables, columns and indexes of a database, and its finished migrations.
fn tables(url: &str) -> String {
    let db = Db::open(url, 1).expect("the database");
    let sql = match db.is_sqlite() {
        true => "SELECT concat_ws(' ', name, sql) AS line FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'",
        false => {
            "SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable) AS line FROM information_schema.columns
                WHERE table_schema = 'public' UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'"
        }
    };
    let all = format!("{sql} UNION ALL SELECT version FROM __diesel_schema_migrations ORDER BY 1");
    let lines = db.read_here(|conn| Ok::<_, Error>(diesel::sql_query(all).load::<Line>(conn)?)).expect("it reads");
    lines.into_iter().map(|line| line.line + "\n").collect()
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = diesel::sql_types::Text)]
    line: String,
}

#[test]
fn a_server_that_was_killed_while_it_made_the_tables_makes_the_rest() {
    let whole = TestDatabase::empty();
    let mut moments = Moments::on(&whole.url());
    let (rounds, mut met) = (rounds(), 0);
    for _ in 0..rounds {
        let database = TestDatabase::empty();
        met += (0..4).filter(|_| moments.kill(&database.url())).count();
        start(&database.url());
        assert_eq!(tables(&database.url()), tables(&whole.url()));
    }
    println!("{rounds} of {rounds} new databases have all tables; {met} of {} kills came before the last", 4 * rounds);
    assert!(met > 0, "no kill came in time");
}

#[actix_web::test]
async fn a_server_that_was_killed_while_it_rewrote_stored_events_loses_none() {
    let desk = desk_with_histories().await;
    for some in 0..4 {
        let bodies: Vec<String> = (0..200).map(|n| purchase(&format!("b-{some}-{}", n / 8), n, json!({}))).collect();
        deliver_together(&desk, desk.project, &bodies);
    }
    let (before, told) = (profiles(&desk, desk.project), bodies(&desk.db));
    go_back(&desk);
    let old = || TestDatabase::copy_of(&desk.db, &desk.application.config.database_url);
    let mut moments = Moments::on(&old().url());
    let (rounds, mut met) = (rounds(), 0);
    for round in 0..rounds {
        let old = old();
        met += u32::from(moments.kill(&old.url()));
        start(&old.url());
        let db = Db::open(&old.url(), 1).expect("the database");
        let after = db.read_here(|conn| Ok::<_, Error>(load_profiles(conn, desk.project)?)).expect("it reads");
        assert!(after == before, "profiles differ in round {round}");
        assert!(bodies(&db) == told, "bodies differ in round {round}");
    }
    println!("{rounds} of {rounds} old databases were migrated without loss; {met} kills came before the end");
}

/// The bodies of all events, oldest first.
fn bodies(db: &Db) -> Vec<String> {
    let all = events::table.order(events::id).select(events::body);
    let bodies: Vec<StoredBody> = db.read_here(|conn| Ok::<_, Error>(all.load(conn)?)).expect("it reads");
    bodies.iter().map(|body| body.text().expect("it reads")).collect()
}

/// Comparisons as the version before had them, with one outcome less for what differs.
const COMPARISONS: &str = "
    DROP TABLE comparisons;
    CREATE TABLE comparisons (
        customer_id BIGINT PRIMARY KEY REFERENCES customers (id) ON DELETE CASCADE,
        asked_at BIGINT NOT NULL,
        outcome TEXT NOT NULL CHECK (outcome IN ('same', 'found', 'unknown', 'failed')),
        words TEXT NOT NULL
    );
    DELETE FROM __diesel_schema_migrations WHERE version = '20261201000173';
";

#[actix_web::test]
async fn outcomes_of_comparisons_are_kept_and_newer_ones_can_be_stored() {
    let desk = Desk::open().await;
    deliver_together(&desk, desk.project, &["mara", "noor"].map(|id| purchase(id, 3, json!({}))));
    let store = |id: &str, outcome: &str| {
        let row = (
            comparisons::customer_id.eq(customer_id(&desk, id)),
            comparisons::asked_at.eq(desk.clock.now()),
            comparisons::outcome.eq(outcome.to_owned()),
            comparisons::words.eq("Nothing differs."),
        );
        desk.db
            .write_here(|conn| diesel::insert_into(comparisons::table).values(row).execute(conn).map_err(Error::from))
    };
    desk.db.batch(COMPARISONS).expect("the table of the version before");
    store("mara", "same").expect("an outcome of the version before");
    assert!(store("noor", "differs").is_err(), "that version has no such outcome");
    migrate::run(&desk.db).expect("it is migrated");
    store("noor", "differs").expect("an outcome of this version");
    let kept: Vec<String> =
        desk.read(|conn| comparisons::table.order(comparisons::outcome.desc()).select(comparisons::outcome).load(conn));
    assert_eq!(kept, ["same", "differs"]);
}

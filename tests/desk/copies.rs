//! Copies of a database act nowhere until an admin lets them: what was asked before is then read in its store, never sent.

use std::time::Duration;

use actix_web::http::StatusCode;
use diesel::prelude::*;
use dossier::base::Role;
use dossier::base::clock::Moment;
use dossier::base::error::Error;
use dossier::base::ids::{Ids, RequestId};
use dossier::base::money::Micros;
use dossier::db::Db;
use dossier::db::place::Place;
use dossier::db::schema::{audit_entries, requests, test_store_actions};
use dossier::operations::copies;
use dossier::operations::requests::{Rule, set_rule};
use dossier::requests::{State, held};
use dossier::stores::test_store::Fault;

use crate::support::Desk;
use crate::support::audit_log::{audit_entries as entries, verify_audit_chain};
use crate::support::cast::{ADA, DEV, LENA, PASSWORD, SOL};
use crate::support::copied::{ask_for_refund, connect, suspended};
use crate::support::database::{TestDatabase, open};
use crate::support::events::deliver;
use crate::support::jobs::run_jobs;
use crate::support::refunds::{
    TRANSACTION, desk_with_a_test_sale, done_by_store, newest, report, sell, spent, states, steps,
};
use crate::support::seed::SUNDIAL_ID;
use crate::support::server::{Server, dossier, free_address, serve_database};

const CONNECTIONS: &str = "/projects/sundial/settings/connections";

/// What Lena spent elsewhere, and what a sale of the Test Store is, in micro-units of US dollars.
const ELSEWHERE: i64 = 9_990_000;
const PRICE: i64 = 9_990_000;

fn start(url: &str) -> Server {
    let address = free_address();
    Server::run(serve_database(url, address), address)
}

/// The operator says that the database of a desk was restored.
fn mark(desk: &Desk) -> String {
    let mut command = dossier();
    command.args(["restore", "--mark"]).env("DATABASE_URL", &desk.application.config.database_url);
    let output = command.output().expect("it runs");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

async fn resume(desk: &Desk) {
    let answer = desk.post_form(&ADA, &format!("{CONNECTIONS}/revenuecat/resume"), &[("password", PASSWORD)]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
}

fn suspensions(db: &Db) -> i64 {
    let own = audit_entries::table.filter(audit_entries::action.eq("connection_suspended"));
    db.read_here(|conn| Ok::<_, Error>(own.count().get_result(conn)?)).expect("it reads")
}

#[actix_web::test]
async fn a_copy_acts_nowhere_and_a_restart_at_the_same_place_changes_nothing() {
    let desk = desk_with_a_test_sale().await;
    connect(&desk.db, desk.project);
    let url = desk.application.config.database_url.clone();
    for start_number in 1..=2 {
        drop(start(&url));
        assert_eq!((suspended(&desk.db), suspensions(&desk.db)), (Some(false), 0), "start {start_number}");
    }
    ask_for_refund(&desk, TRANSACTION);
    let copy = TestDatabase::copy_of(&desk.db, &url);
    let db = open(&copy.url(), 2);
    for start_number in 1..=2 {
        let server = start(&copy.url());
        std::thread::sleep(Duration::from_millis(1_500));
        drop(server);
        assert_eq!((suspended(&db), suspensions(&db)), (Some(true), 1), "start {start_number}");
    }
    let read = db.read_here(|conn| {
        let request = requests::table.select((requests::state, requests::due_at)).first(conn)?;
        let sent: i64 = test_store_actions::table.count().get_result(conn)?;
        let project = audit_entries::table.filter(audit_entries::action.eq("connection_suspended"));
        let entry = project.select((audit_entries::project_id, audit_entries::actor_kind)).first(conn)?;
        Ok::<(_, i64, (_, String)), Error>((request, sent, entry))
    });
    let (request, sent, entry) = read.expect("it reads");
    assert_eq!((request, sent), ((State::Unknown, None::<Moment>), 0));
    assert_eq!(entry, (SUNDIAL_ID, "system".into()));
    assert_eq!((states(&desk), suspended(&desk.db)), (vec![State::Asked], Some(false)), "the original goes on");
}

/// Puts a copy where the original is, as an operator does without Dossier.
fn put_in_place_by_hand(database: &TestDatabase) {
    match database {
        TestDatabase::File(path) => {
            let copy = path.with_extension("copy");
            std::fs::copy(path, &copy).expect("a copy");
            std::fs::rename(&copy, path).expect("it takes the place");
        }
        TestDatabase::Database { server, name } => {
            let admin = Db::open(server, 1).expect("the server");
            for statement in [
                format!("CREATE DATABASE {name}_copy TEMPLATE {name}"),
                format!("DROP DATABASE {name} WITH (FORCE)"),
                format!("ALTER DATABASE {name}_copy RENAME TO {name}"),
            ] {
                admin.batch(&statement).expect("it is done");
            }
        }
    }
}

#[actix_web::test]
async fn a_copy_that_was_put_in_place_by_hand_is_noticed() {
    let database = TestDatabase::make();
    connect(&open(&database.url(), 1), SUNDIAL_ID);
    let log = std::env::temp_dir().join(format!("dossier_copies_{}.log", std::process::id()));
    let run = || {
        let address = free_address();
        let mut command = serve_database(&database.url(), address);
        command.stdout(std::fs::File::create(&log).expect("a log"));
        let mut server = Server::run(command, address);
        server.signal("TERM");
        assert!(server.ended_within(Duration::from_secs(20)).is_some_and(|ended| ended.success()));
        suspended(&open(&database.url(), 1))
    };
    assert_eq!([run(), run()], [Some(false), Some(false)]);
    // Connections that are being closed are still in the way on PostgreSQL.
    std::thread::sleep(Duration::from_millis(500));
    let lines = || std::fs::read_to_string(&log).expect("the log");
    assert!(!lines().contains("suspended"), "{}", lines());
    put_in_place_by_hand(&database);
    assert_eq!(run(), Some(true));
    let why = "This database was moved or copied: it was ";
    assert!(lines().contains("all connections are suspended") && lines().contains(why), "{}", lines());
    std::fs::remove_file(log).expect("it goes");
}

#[actix_web::test]
async fn of_servers_that_start_together_one_notices_that_the_place_is_another() {
    let desk = desk_with_a_test_sale().await;
    connect(&desk.db, desk.project);
    let mut config = (*desk.application.config).clone();
    let here = Place::of(&desk.db, &config).expect("a place");
    config.place = Some("staging".into());
    let there = Place::of(&desk.db, &config).expect("a place");
    let notice = |place: &Place| {
        let noticed = desk.db.write_here(|conn| copies::notice(conn, place, &Ids::random(), desk.clock.now()));
        noticed.expect("it is compared")
    };
    assert_eq!([notice(&here), notice(&here)], [None, None], "the first time the place is only noted");
    let noticed: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..3).map(|_| scope.spawn(|| notice(&there))).collect();
        threads.into_iter().filter_map(|thread| thread.join().expect("it ends")).collect()
    });
    let [copies::Suspended { why, connections: 1, requests: 0 }] = &noticed[..] else { panic!("{noticed:?}") };
    assert!(why.len() == 1 && why[0].ends_with(", now as staging."), "{why:?}");
    assert_eq!((suspended(&desk.db), suspensions(&desk.db)), (Some(true), 1));
    assert!(verify_audit_chain(&desk).is_ok());
}

/// Requests of every open state: what the store has done of them, and what it has not.
async fn desk_with_open_requests() -> (Desk, Vec<(RequestId, State)>) {
    let desk = desk_with_a_test_sale().await;
    connect(&desk.db, desk.project);
    let mut made = Vec::new();
    let mut ask = |number: usize, fault: Option<Fault>, state: State| {
        let transaction = format!("open_{number}");
        sell(&desk, "lena", &transaction, 1);
        desk.clock.advance(60);
        let request = ask_for_refund(&desk, &transaction);
        if let Some(fault) = fault {
            desk.application.till.fail_with([fault]);
            desk.application.requests.look_at((desk.project, request));
        }
        made.push((request, state));
    };
    ask(0, Some(Fault::LoseAnswer), State::Confirmed);
    ask(1, Some(Fault::Hang), State::Refused);
    ask(2, Some(Fault::Accept), State::Confirmed);
    ask(3, None, State::Refused);
    ask(4, None, State::Refused);
    let rule = Rule { from: Some(Micros::ZERO), per_day: None };
    let set = desk.db.write_here(|conn| Ok::<_, Error>(set_rule(conn, desk.project, Role::Support, rule)?));
    set.expect("a rule");
    ask(5, None, State::Refused);
    // One was being sent when the program was stopped.
    let sending = requests::table.find((desk.project, made[4].0));
    let (now, lost) = (desk.clock.now(), "sending");
    let sent = (requests::state.eq(lost), requests::attempts.eq(1), requests::sent_at.eq(now));
    let stopped = desk.db.write_here(|conn| Ok::<_, Error>(diesel::update(sending).set(sent).execute(conn)?));
    stopped.expect("it is as if it was being sent");
    let before = [State::Unknown, State::Unknown, State::Pending, State::Asked, State::Sending, State::Waiting];
    assert_eq!(states(&desk), before);
    (desk, made)
}

#[actix_web::test]
async fn what_was_open_in_a_copy_is_read_when_an_admin_lets_it_act_and_never_sent() {
    let (desk, made) = desk_with_open_requests().await;
    let done = done_by_store(&desk);
    let words = mark(&desk);
    assert!(words.contains("Suspended: 1 connections. Unknown now: 6 open requests"), "{words}");
    for _ in 0..3 {
        run_jobs(&desk);
        assert_eq!(states(&desk), [State::Unknown; 6], "nothing happens by itself");
        desk.clock.advance(86_400);
    }
    let page = desk.page(&SOL, "/projects/sundial/requests").await;
    assert!(page.contains("this database may not act at the Test Store before an admin lets it"), "{page}");
    resume(&desk).await;
    let page = desk.page(&ADA, CONNECTIONS).await;
    assert!(!page.contains("Suspended"), "{page}");
    run_jobs(&desk);
    let expected: Vec<State> = made.iter().map(|(_, state)| *state).collect();
    assert_eq!((states(&desk), done_by_store(&desk)), (expected, done));
    assert_eq!(spent(&desk, "lena"), ELSEWHERE + PRICE + 4 * PRICE);
    let told = steps(&desk);
    let words: Vec<&str> = told.iter().map(|(_, words)| words.as_str()).collect();
    assert_eq!(words[1..3], [held::WORDS, held::RELEASED]);
    assert!(words[3].starts_with("It was not sent from here") && words.len() == 4, "{words:?}");
    assert!(desk.page(&SOL, LENA).await.contains("Ada Okoye let this database act"));
    let actions: Vec<String> = entries(&desk).into_iter().map(|entry| entry.action).collect();
    assert_eq!(actions, ["connection_suspended", "connection_resumed", "purchase_refunded", "purchase_refunded"]);
    ask_again(&desk);
}

/// What was not done can be asked for again, and is sent then.
fn ask_again(desk: &Desk) {
    let none = Rule { from: None, per_day: None };
    let set = desk.db.write_here(|conn| Ok::<_, Error>(set_rule(conn, desk.project, Role::Support, none)?));
    set.expect("no rule");
    ask_for_refund(desk, "open_3");
    run_jobs(desk);
    assert_eq!(states(desk).last(), Some(&State::Confirmed));
}

#[actix_web::test]
async fn only_an_admin_with_the_password_lets_a_copy_act() {
    let desk = desk_with_a_test_sale().await;
    connect(&desk.db, desk.project);
    mark(&desk);
    let path = format!("{CONNECTIONS}/revenuecat/resume");
    for (person, fields, status) in [
        (&DEV, vec![("password", PASSWORD)], StatusCode::FORBIDDEN),
        (&ADA, vec![], StatusCode::UNPROCESSABLE_ENTITY),
        (&ADA, vec![("password", "not hers")], StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        let cookie = desk.cookie(person);
        desk.clock.advance(16 * 60);
        let answer = desk.post_with(&cookie, &path, &fields).await;
        assert_eq!((answer.status, suspended(&desk.db)), (status, Some(true)), "{} {fields:?}", person.name);
    }
    assert!(desk.page(&ADA, CONNECTIONS).await.contains("Nothing is sent since"));
    resume(&desk).await;
    assert_eq!(suspended(&desk.db), Some(false));
}

#[actix_web::test]
async fn what_is_asked_of_a_copy_waits_until_it_may_act() {
    let desk = desk_with_a_test_sale().await;
    connect(&desk.db, desk.project);
    mark(&desk);
    let request = ask_for_refund(&desk, TRANSACTION);
    run_jobs(&desk);
    assert!(!desk.application.requests.look_at((desk.project, request)), "nor at once");
    assert_eq!((states(&desk), done_by_store(&desk)), (vec![State::Asked], 0));
    resume(&desk).await;
    run_jobs(&desk);
    assert_eq!((states(&desk), done_by_store(&desk)), (vec![State::Confirmed], 1));
}

#[actix_web::test]
async fn a_disconnected_copy_reads_what_was_open_as_well() {
    let desk = desk_with_a_test_sale().await;
    connect(&desk.db, desk.project);
    ask_for_refund(&desk, TRANSACTION);
    mark(&desk);
    let path = format!("{CONNECTIONS}/revenuecat/disconnect");
    assert_eq!(desk.post_form(&ADA, &path, &[("password", PASSWORD)]).await.status, StatusCode::SEE_OTHER);
    run_jobs(&desk);
    assert_eq!((states(&desk), done_by_store(&desk)), (vec![State::Refused], 0));
}

#[actix_web::test]
async fn a_project_that_only_takes_webhooks_goes_on() {
    let desk = desk_with_a_test_sale().await;
    ask_for_refund(&desk, TRANSACTION);
    let words = mark(&desk);
    assert!(words.contains("Suspended: 0 connections. Unknown now: 0 open requests"), "{words}");
    run_jobs(&desk);
    assert_eq!((states(&desk), suspensions(&desk.db)), (vec![State::Confirmed], 0));
}

#[actix_web::test]
async fn the_stores_own_event_of_what_the_original_sent_settles_it_once() {
    let desk = desk_with_a_test_sale().await;
    connect(&desk.db, desk.project);
    ask_for_refund(&desk, TRANSACTION);
    mark(&desk);
    desk.clock.advance(3_600);
    deliver(&desk, desk.project, &[report("echo", Micros(8_990_000), TRANSACTION, desk.clock.now().millis())]);
    assert_eq!((states(&desk), spent(&desk, "lena")), (vec![State::Confirmed], ELSEWHERE));
    resume(&desk).await;
    run_jobs(&desk);
    assert_eq!((states(&desk), spent(&desk, "lena"), done_by_store(&desk)), (vec![State::Confirmed], ELSEWHERE, 0));
    assert_eq!(
        desk.read(|conn| requests::table.find((desk.project, newest(&desk))).count().get_result::<i64>(conn)),
        1
    );
}

//! Money moves once: whatever is asked, answered, reported, doubled, lost or repeated, by however many workers, and whenever the
//! program is killed.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use dossier::audit::{Actor, Ctx};
use dossier::base::Role;
use dossier::base::clock::Moment;
use dossier::base::error::Error;
use dossier::base::ids::RequestId;
use dossier::base::money::Micros;
use dossier::db::schema::{requests, test_store_actions};
use dossier::events::Environment;
use dossier::operations::requests::{Ask, Rule, Wish, Worker, approve, refuse as refuse_request, set_rule, withdraw};
use dossier::requests::echo::AWAITED_HOURS;
use dossier::requests::{State, queries};
use dossier::stores::test_store::Fault;
use dossier::stores::{Answer as StoreAnswer, Lines, Order, Proof, Reading, Sent, Snapshot, StoreClient, Unread};

use crate::support::cast::{ADA, SOL};
use crate::support::customers::customer_id;
use crate::support::events::{deliver, purchase};
use crate::support::jobs::{rebuild, run_jobs};
use crate::support::refunds::{TRANSACTION, desk_with_a_test_sale, done_by_store, refund, report, sell, spent, states};
use crate::support::server::{Server, free_address, read_all, serve};
use crate::support::{Desk, NOW};

/// What a payment of the sale is, in euros and in dollars, in micro-units.
const PAID: i64 = 8_990_000;
const PRICE: i64 = 9_990_000;

/// What Lena spent elsewhere.
const ELSEWHERE: i64 = 9_990_000;

fn worker(desk: &Desk) -> Worker {
    desk.application.requests.clone()
}

/// Asks for a refund of Lena's sale as Sol, without sending it.
fn ask(desk: &Desk, transaction: &str, amount: Option<i64>) -> Option<RequestId> {
    let actor = Actor::person(SOL.id, "support");
    let ctx = Ctx::new(desk.project, &desk.ids, desk.clock.now(), actor);
    let key = format!("TEST_STORE:{transaction}");
    let stored = desk.db.write_here(|conn| {
        conn.lock_project(desk.project)?;
        let ask = Ask {
            customer: customer_id(desk, "lena"),
            environment: Environment::Production,
            purchase: &key,
            wish: Wish::Refund {
                transaction: None,
                amount: amount.map(Micros),
                currency: None,
                keeps_access: true,
                seen: None,
            },
            reason: Some("asked".into()),
            role: Role::Support,
            once: None,
            may_wait: true,
            waits: true,
        };
        Ok::<_, Error>(ask.store(conn, &ctx)?.ok().map(|asked| asked.request))
    });
    stored.expect("it is decided")
}

#[actix_web::test]
async fn the_report_of_the_store_takes_the_place_of_our_own_event() {
    let desk = desk_with_a_test_sale().await;
    refund(&desk, &SOL).await;
    assert_eq!(spent(&desk, "lena"), ELSEWHERE);
    let at = desk.clock.now().millis();
    for (id, wanted) in
        [("echo", "it replaces ours"), ("echo again", "the same once more"), ("echo", "the same delivery")]
    {
        deliver(&desk, desk.project, &[report(id, Micros(PAID), TRANSACTION, at)]);
        assert_eq!(spent(&desk, "lena"), ELSEWHERE, "{wanted}");
    }
    let page = desk.page(&SOL, crate::support::cast::LENA).await;
    assert_eq!(page.matches("<bdi>Was issued a refund</bdi>").count(), 1, "one fact, one row");
    assert!(page.contains("Asked by Sol Mbeki"), "the row of the store's event says who asked");
    rebuild(&desk, None);
    assert_eq!(spent(&desk, "lena"), ELSEWHERE, "after a rebuild as well");
}

#[actix_web::test]
async fn partial_refunds_and_their_reports_add_up_once() {
    let desk = desk_with_a_test_sale().await;
    for (id, amount) in [("first", 3_000_000), ("second", 3_000_000)] {
        desk.clock.advance(60);
        let request = ask(&desk, TRANSACTION, Some(amount)).expect("asked");
        worker(&desk).look_at((desk.project, request));
        let before = spent(&desk, "lena");
        desk.clock.advance(60);
        deliver(&desk, desk.project, &[report(id, Micros(amount), TRANSACTION, desk.clock.now().millis())]);
        assert!((spent(&desk, "lena") - before).abs() < 10_000, "its cents are the store's now");
    }
    assert_eq!(done_by_store(&desk), 2);
    let left = spent(&desk, "lena") - ELSEWHERE;
    assert!((left - (PRICE - 2 * 3_333_704)).abs() < 10_000, "{left}");
}

#[actix_web::test]
async fn a_refund_that_the_store_reverses_is_undone_once() {
    let desk = desk_with_a_test_sale().await;
    refund(&desk, &SOL).await;
    let reversed = serde_json::json!({
        "id": "reversed", "type": "REFUND_REVERSED", "product_id": "plus", "store": "TEST_STORE", "price": 9.99,
        "transaction_id": TRANSACTION, "original_transaction_id": TRANSACTION, "event_timestamp_ms": desk.clock.now().plus_days(3),
    });
    desk.clock.advance(3 * 86_400);
    for _ in 0..2 {
        deliver(&desk, desk.project, &[purchase("lena", 0, reversed.clone())]);
        assert_eq!((states(&desk), spent(&desk, "lena")), (vec![State::Reversed], ELSEWHERE + PRICE));
    }
    let page = desk.page(&SOL, crate::support::cast::LENA).await;
    assert!(page.contains("undone by the Test Store"), "{page}");
    desk.clock.advance(60);
    refund(&desk, &SOL).await;
    assert_eq!(spent(&desk, "lena"), ELSEWHERE, "it can be refunded again");
}

#[actix_web::test]
async fn a_report_before_the_answer_is_the_proof() {
    let desk = desk_with_a_test_sale().await;
    desk.application.till.fail_with([Fault::LoseAnswer]);
    refund(&desk, &SOL).await;
    assert_eq!((states(&desk), spent(&desk, "lena")), (vec![State::Unknown], ELSEWHERE + PRICE));
    deliver(&desk, desk.project, &[report("echo", Micros(PAID), TRANSACTION, desk.clock.now().millis())]);
    assert_eq!((states(&desk), spent(&desk, "lena")), (vec![State::Confirmed], ELSEWHERE));
    desk.clock.advance(600);
    run_jobs(&desk);
    assert_eq!((done_by_store(&desk), spent(&desk, "lena")), (1, ELSEWHERE), "nothing is added later");
}

/// A cancellation that says nothing of money.
fn cancellation(id: &str, customer: &str, transaction: &str, reason: &str, at: Moment) -> String {
    let fields = serde_json::json!({
        "id": id, "type": "CANCELLATION", "cancel_reason": reason, "product_id": "plus", "store": "TEST_STORE", "price": 0,
        "transaction_id": transaction, "original_transaction_id": transaction, "event_timestamp_ms": at,
        "expiration_at_ms": NOW.plus_days(29), "entitlement_ids": ["coach"],
    });
    purchase(customer, 1, fields)
}

#[actix_web::test]
async fn an_event_about_something_else_is_no_echo() {
    let desk = desk_with_a_test_sale().await;
    sell(&desk, "mara", "test_mara", 1);
    let ended = crate::support::refunds::ask(&desk, &SOL, "cancel", &[("when", "now")]).await;
    assert_eq!(ended.status.as_u16(), 303);
    let has_ended = |page: &str| !page.contains("dialog=cancel");
    desk.clock.advance(60);
    let at = desk.clock.now();
    // A batch that names the purchase, with the event of another customer's; then a charge that failed, and a plain opt-out.
    let old = cancellation("old", "lena", TRANSACTION, "UNSUBSCRIBE", NOW.plus_days(-1));
    let other = cancellation("other", "mara", "test_mara", "UNSUBSCRIBE", at);
    for bodies in [vec![old, other], vec![cancellation("failed", "lena", TRANSACTION, "BILLING_ERROR", at)]] {
        crate::support::events::deliver_together(&desk, desk.project, &bodies);
        let echoes: Vec<Option<i64>> = desk.read(|conn| requests::table.select(requests::echo_event).load(conn));
        assert_eq!(echoes, [None]);
        assert!(has_ended(&desk.page(&SOL, crate::support::cast::LENA).await), "access stays ended");
    }
}

#[actix_web::test]
async fn what_is_left_is_what_the_events_leave_in_their_order() {
    let desk = desk_with_a_test_sale().await;
    let at = |minutes: i64| NOW.plus_minutes(minutes - 600).millis();
    let reversed = serde_json::json!({
        "id": "reversed", "type": "REFUND_REVERSED", "product_id": "plus", "store": "TEST_STORE", "price": 0,
        "transaction_id": TRANSACTION, "original_transaction_id": TRANSACTION, "event_timestamp_ms": at(2),
    });
    deliver(
        &desk,
        desk.project,
        &[report("part", Micros(3_000_000), TRANSACTION, at(1)), purchase("lena", 0, reversed)],
    );
    assert!(ask(&desk, TRANSACTION, Some(5_000_000)).is_some());
    run_jobs(&desk);
    desk.clock.advance(60);
    assert!(ask(&desk, TRANSACTION, Some(4_000_000)).is_none(), "EUR 3.99 is left");
    assert!(ask(&desk, TRANSACTION, Some(3_990_000)).is_some());
}

#[actix_web::test]
async fn a_program_that_stood_still_sends_nothing_afterwards() {
    let desk = desk_with_a_test_sale().await;
    let request = ask(&desk, TRANSACTION, None).expect("asked");
    let stored = desk.read(|conn| queries::find(conn, (desk.project, request))).expect("stored");
    let order = stored.order().expect("an order");
    let till = desk.application.till.clone();
    let deadline = desk.clock.now();
    desk.clock.advance(60);
    let answer = till.send(&order, &Snapshot::default(), deadline);
    assert!(matches!(answer, StoreAnswer::NotSent(_)), "{answer:?}");
    assert_eq!(done_by_store(&desk), 0);
}

#[actix_web::test]
async fn what_a_store_has_accepted_is_asked_about_until_it_decides() {
    let desk = desk_with_a_test_sale().await;
    desk.application.till.fail_with([Fault::Accept]);
    refund(&desk, &SOL).await;
    assert_eq!(states(&desk), [State::Pending]);
    desk.application.till.fall_silent(true);
    for _ in 0..3 {
        desk.clock.advance(20 * 3_600);
        run_jobs(&desk);
    }
    assert_eq!(states(&desk), [State::Pending]);
    desk.application.till.fall_silent(false);
    desk.clock.advance(3_700);
    run_jobs(&desk);
    assert_eq!((states(&desk), spent(&desk, "lena")), (vec![State::Confirmed], ELSEWHERE));
}

#[actix_web::test]
async fn a_report_that_arrives_late_or_without_an_amount_counts_once() {
    let desk = desk_with_a_test_sale().await;
    let request = ask(&desk, TRANSACTION, Some(3_000_000)).expect("asked");
    worker(&desk).look_at((desk.project, request));
    let (before, at) = (spent(&desk, "lena"), desk.clock.now().millis());
    desk.clock.advance(AWAITED_HOURS * 3_600 + 60);
    deliver(&desk, desk.project, &[report("without", Micros(0), TRANSACTION, at)]);
    assert_eq!(spent(&desk, "lena"), before, "ours says how much it was");
}

#[actix_web::test]
async fn two_workers_send_a_request_once() {
    let desk = desk_with_a_test_sale().await;
    for number in 0..6 {
        let transaction = format!("twice_{number}");
        sell(&desk, "lena", &transaction, 1);
        let request = ask(&desk, &transaction, None).expect("asked");
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| worker(&desk).look_at((desk.project, request)));
            }
        });
        assert_eq!(done_by_store(&desk), number + 1);
    }
    assert!(states(&desk).iter().all(|state| *state == State::Confirmed), "{:?}", states(&desk));
    assert_eq!(spent(&desk, "lena"), ELSEWHERE + PRICE);
}

#[actix_web::test]
async fn what_was_being_sent_when_the_program_stopped_is_not_sent_again() {
    let desk = desk_with_a_test_sale().await;
    let request = ask(&desk, TRANSACTION, None).expect("asked");
    let sending = (
        requests::state.eq(State::Sending),
        requests::sent_at.eq(desk.clock.now()),
        requests::due_at.eq(desk.clock.now()),
    );
    let row = requests::table.find((desk.project, request));
    desk.db
        .write_here(|conn| Ok::<_, Error>(diesel::update(row).set(sending).execute(conn)?))
        .expect("as if it were sent");
    run_jobs(&desk);
    assert_eq!((states(&desk), done_by_store(&desk)), (vec![State::Unknown], 0));
    desk.clock.advance(600);
    run_jobs(&desk);
    assert_eq!((states(&desk), done_by_store(&desk)), (vec![State::Refused], 0), "the books do not hold it");
    assert!(ask(&desk, TRANSACTION, None).is_some(), "a person may ask anew");
}

/// Numbers that look random and are the same in every run with the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// What the store has done with a payment, by its own books: each request and its amount in euros.
fn books(desk: &Desk, transaction: &str) -> Vec<(RequestId, i64)> {
    let own = test_store_actions::table.filter(test_store_actions::transaction_id.eq(transaction.to_owned()));
    let rows: Vec<(RequestId, Option<i64>)> =
        desk.read(|conn| own.select((test_store_actions::request_id, test_store_actions::amount)).load(conn));
    rows.into_iter().map(|(request, amount)| (request, amount.unwrap_or_default())).collect()
}

fn in_dollars(euros: i64) -> i64 {
    (i128::from(euros) * i128::from(PRICE) / i128::from(PAID)) as i64
}

/// The requests about a payment, with their states.
fn requests_of(desk: &Desk, transaction: &str) -> Vec<(RequestId, State)> {
    let own = requests::table.filter(requests::transaction_id.eq(transaction.to_owned()));
    desk.read(|conn| own.select((requests::id, requests::state)).load(conn))
}

/// Ada agrees to what waits for a colleague or refuses it, or Sol takes it back.
fn decide(desk: &Desk, transaction: &str, how: u64) {
    let (person, role) = if how == 2 { (SOL.id, "support") } else { (ADA.id, "admin") };
    let ctx = Ctx::new(desk.project, &desk.ids, desk.clock.now(), Actor::person(person, role));
    for (id, _) in requests_of(desk, transaction).into_iter().filter(|(_, state)| *state == State::Waiting) {
        let decided = desk.db.write_here(|conn| {
            conn.lock_project(desk.project)?;
            let Some(request) = queries::find(conn, (desk.project, id))? else { return Ok::<_, Error>(()) };
            let decide = [approve, refuse_request, withdraw][how as usize];
            decide(conn, &ctx, &request, Some("decided".into())).map(drop)
        });
        decided.expect("it is decided");
    }
}

#[actix_web::test]
async fn whatever_happens_in_whatever_order_total_spent_is_that_of_a_plain_ledger() {
    let rounds = std::env::var("DOSSIER_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(12);
    let desk = desk_with_a_test_sale().await;
    let mut total = ELSEWHERE + PRICE;
    let rule = Rule { from: Some(Micros(2_500_000)), per_day: None };
    let set = desk.db.write_here(|conn| Ok::<_, Error>(set_rule(conn, desk.project, Role::Support, rule)?));
    set.expect("a rule");
    for round in 0..rounds {
        let mut dice = Dice(0x9E37_79B9 ^ round);
        let transaction = format!("dice_{round}");
        sell(&desk, "lena", &transaction, 1);
        total += PRICE;
        let mut reported: std::collections::BTreeMap<RequestId, i64> = std::collections::BTreeMap::new();
        for step in 0..25 {
            desk.clock.advance(1 + dice.roll(20) as i64);
            match dice.roll(8) {
                0 | 1 => {
                    ask(&desk, &transaction, (dice.roll(3) > 0).then(|| 10_000 * (1 + dice.roll(400) as i64)));
                }
                2 => {
                    let fault =
                        [Fault::None, Fault::LoseAnswer, Fault::Hang, Fault::Busy(10), Fault::Refuse, Fault::Accept];
                    desk.application.till.fail_with([fault[dice.roll(6) as usize]]);
                    run_jobs(&desk);
                }
                3 => std::thread::scope(|scope| {
                    for _ in 0..2 {
                        scope.spawn(|| worker(&desk).work(&|| false));
                    }
                }),
                4 => desk.clock.advance(dice.roll(3_600) as i64),
                5 | 6 => decide(&desk, &transaction, dice.roll(3)),
                // The store reports something it has done: early, late, again, or never.
                _ => {
                    let done = books(&desk, &transaction);
                    if let Some((request, amount)) = done.get(dice.roll(1 + done.len() as u64) as usize) {
                        let id = format!("report {request} {}", dice.roll(2));
                        let at = *reported.entry(*request).or_insert_with(|| desk.clock.now().millis());
                        deliver(&desk, desk.project, &[report(&id, Micros(*amount), &transaction, at)]);
                    }
                }
            }
            // Known is what the store has confirmed, by an answer, by its books or by its report.
            let states = requests_of(&desk, &transaction);
            let is_known = |(request, _): &&(RequestId, i64)| {
                let state = states.iter().find(|(one, _)| one == request).map(|(_, state)| *state);
                state == Some(State::Confirmed)
            };
            let done = books(&desk, &transaction);
            let each = done.iter().map(|(request, _)| request).collect::<std::collections::BTreeSet<_>>();
            assert_eq!(each.len(), done.len(), "round {round}, step {step}: a request was carried out twice");
            let back: i64 = done.iter().filter(is_known).map(|(_, amount)| in_dollars(*amount)).sum();
            let expected = total - back.min(PRICE);
            let found = spent(&desk, "lena");
            assert!(
                (found - expected).abs() < 40_000,
                "round {round}, step {step}: {found} is not {expected}: {states:?}"
            );
        }
        for _ in 0..9 {
            desk.clock.advance(AWAITED_HOURS * 3_600 / 2);
            run_jobs(&desk);
        }
        let open: Vec<State> = requests_of(&desk, &transaction)
            .into_iter()
            .map(|(_, state)| state)
            .filter(|state| state.is_open())
            .collect();
        assert!(open.is_empty(), "round {round}: {open:?} is forgotten");
        let back: i64 = books(&desk, &transaction).iter().map(|(_, amount)| in_dollars(*amount)).sum();
        assert!(back <= PRICE + 40_000, "round {round}: more was given back than was paid");
        total -= back.min(PRICE);
        assert!((spent(&desk, "lena") - total).abs() < 60_000, "round {round}: in the end");
        total = spent(&desk, "lena");
    }
}

/// A store that takes 600 calls a minute, and counts them.
struct Slow(AtomicU64);

impl StoreClient for Slow {
    fn read(&self, _: &Order) -> Result<Reading, Unread> {
        Ok(Reading { snapshot: Snapshot::default(), already: None, refused: None })
    }

    fn send(&self, order: &Order, _: &Snapshot, _: Moment) -> StoreAnswer {
        self.0.fetch_add(1, Ordering::SeqCst);
        StoreAnswer::Refused(format!("Not {}.", order.request))
    }

    fn prove(&self, _: &Order, _: &Snapshot, _: Sent) -> Result<Proof, Unread> {
        Ok(Proof::NotYet)
    }

    fn longest_call(&self) -> i64 {
        1
    }

    fn calls_per_minute(&self) -> Option<u32> {
        Some(600)
    }
}

#[actix_web::test]
async fn a_thousand_requests_reach_a_store_at_the_rate_that_it_takes() {
    let desk = desk_with_a_test_sale().await;
    let request = ask(&desk, TRANSACTION, None).expect("asked");
    desk.db
        .batch(
            "INSERT INTO requests (project_id, id, customer_id, kind, environment, purchase, transaction_id, terms, state,
                state_at, asked_at, asker_kind, asker_id, asker_role, open_as, attempts, due_at)
            WITH RECURSIVE many (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < 1000)
            SELECT project_id, n, customer_id, kind, environment, purchase, transaction_id, terms, state,
                state_at, asked_at, asker_kind, asker_id, asker_role, open_as || n, attempts, due_at FROM requests, many",
        )
        .expect("rows");
    let slow = Arc::new(Slow(AtomicU64::new(0)));
    let worker = Worker { lines: Lines::new(slow.clone(), slow.clone()), ..worker(&desk) };
    let before = desk.db.statements();
    for second in 0..10 {
        worker.work(&|| false).expect("it works");
        assert!(slow.0.load(Ordering::SeqCst) <= 10 * (second + 1), "no more than ten a second");
        desk.clock.advance(1);
    }
    assert!(slow.0.load(Ordering::SeqCst) >= 10, "and at least one at each look");
    assert!(desk.db.statements() - before < 10 * 150, "a look costs a query for each page of fifty");
    assert_eq!(states(&desk).len(), 1001, "{request} and its copies");
}

/// Asks the server for a refund, and does not wait for the answer.
fn post_refund(server: &Server, key: &str, transaction: &str) {
    let mut stream = server.connect().expect("it is connected");
    let path = format!("/v1/subscribers/lena/transactions/{transaction}/refund");
    let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\ncontent-length: 0\r\n\r\n");
    stream.write_all(head.as_bytes()).expect("it is sent");
    std::thread::spawn(move || read_all(&mut stream));
}

/// What the Test Store takes to act, and again to answer.
const DELAY: Duration = Duration::from_millis(300);

#[actix_web::test]
async fn a_program_that_is_killed_at_any_step_refunds_once_and_forgets_nothing() {
    let desk = desk_with_a_test_sale().await;
    let key = desk.server().key;
    // Before it is asked, while it is sent, while the store has it, after the store has done it, and after the answer.
    let moments: Vec<u64> = (0..8).map(|step| 15 + step * 110).collect();
    for (number, moment) in moments.iter().enumerate() {
        let transaction = format!("killed_{number}");
        sell(&desk, "lena", &transaction, 1);
        let address = free_address();
        let mut command = serve(&desk, address);
        command.env("DOSSIER_TEST_STORE_DELAY", DELAY.as_millis().to_string());
        let server = Server::run(command, address);
        post_refund(&server, &key, &transaction);
        std::thread::sleep(Duration::from_millis(*moment));
        // Dropping it is `kill -9`.
        drop(server);
    }
    assert!(states(&desk).contains(&State::Sending), "{:?}", states(&desk));
    let server = Server::start(&desk);
    let began = Instant::now();
    while states(&desk).iter().any(|state| state.is_open()) {
        assert!(began.elapsed() < Duration::from_secs(90), "{:?} is forgotten", states(&desk));
        std::thread::sleep(Duration::from_millis(100));
    }
    drop(server);
    for number in 0..moments.len() {
        let transaction = format!("killed_{number}");
        let done = books(&desk, &transaction);
        let confirmed = requests_of(&desk, &transaction).into_iter().filter(|(_, state)| *state == State::Confirmed);
        assert!(done.len() <= 1, "{transaction} is refunded twice");
        assert_eq!(confirmed.count(), done.len(), "{transaction}: what the store did is known, and nothing else");
    }
    let refunded = (0..moments.len()).filter(|number| !books(&desk, &format!("killed_{number}")).is_empty()).count();
    let sales = i64::try_from(moments.len() - refunded).expect("a number") + 1;
    assert_eq!(spent(&desk, "lena"), ELSEWHERE + sales * PRICE);
}

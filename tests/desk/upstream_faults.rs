//! What RevenueCat does when it fails: hangs, breaks off, is busy, refuses, or speaks nonsense. Nothing is asked for twice that would
//! happen twice, and nothing is lost.

use std::sync::{Arc, Barrier};
use std::time::Duration;

use diesel::prelude::*;
use dossier::audit::{Actor, Ctx};
use dossier::base::error::Error;
use dossier::base::ids::RequestId;
use dossier::db::schema::{balances, comparisons};
use dossier::events::Environment;
use dossier::operations::requests::{CustomerAsk, Worker};
use dossier::requests::{Request, State, held, queries};
use dossier::stores::revenuecat::{Client, Connection, Keys, Service, Upstream};
use dossier::stores::{CustomerAct, Line, Lines};
use dossier::wording::text::segment;
use serde_json::{Value, json};

use crate::support::cast::{ADA, SOL};
use crate::support::catalogs::apply_catalog;
use crate::support::connected::local_addresses;
use crate::support::customers::{customer_id, grants_of, store_purchases_of};
use crate::support::events::{deliver, purchase};
use crate::support::jobs::run_jobs;
use crate::support::operations;
use crate::support::stand_in::{KEY, Manner, StandIn, error};
use crate::support::{Desk, traces};

/// How long the worker waits for an answer.
const PATIENCE: Duration = Duration::from_millis(600);
const LONG: Duration = Duration::from_millis(1_500);
const DAY: i64 = 86_400_000;

/// A desk with Mara, connected to a stand-in, and the worker that sends.
async fn desk(upstream: &StandIn) -> (Desk, Worker) {
    let desk = Desk::open_with(|config| config.allowlist = local_addresses()).await;
    apply_catalog(&desk, &json!({ "entitlements": [{ "id": "pro", "display_name": "Pro access" }] }));
    deliver(&desk, desk.project, &[purchase("mara", 3, json!({}))]);
    let keys = Keys { v2: KEY.into(), v1: None };
    let connected = desk.db.write_here(|conn| {
        let at = ("proj1", upstream.url.as_str());
        let connection = Connection::new(desk.project, at, &keys, &conn.master_keys()?, desk.clock.now())?;
        Ok::<_, Error>(dossier::stores::revenuecat::queries::insert(conn, &connection)?)
    });
    connected.expect("a connection");
    let client = Upstream::with_timeout(local_addresses(), PATIENCE);
    let service = Arc::new(Service::new(desk.db.clone(), client, desk.clock.clone()));
    let lines = Lines::new(desk.application.till.clone(), Arc::new(Client { service }));
    let worker = Worker { lines, ..desk.application.requests.clone() };
    (desk, worker)
}

fn grant(desk: &Desk) -> CustomerAct {
    CustomerAct::Grant { entitlement: "pro".into(), ends_at: desk.clock.now().plus_days(7), replaces: false }
}

/// Asks for something for Mara as Sol, without sending it.
fn ask(desk: &Desk, act: CustomerAct, waits: bool) -> RequestId {
    operations::ask(desk, "mara", act, waits)
}

fn request(desk: &Desk, id: RequestId) -> Request {
    desk.read(|conn| queries::find(conn, (desk.project, id))).expect("a request")
}

/// The state of a request, and what was said last.
fn state(desk: &Desk, id: RequestId) -> (State, String) {
    let steps = desk.read(|conn| queries::steps(conn, desk.project, &[id]));
    (request(desk, id).state, steps.last().map(|step| step.words.clone()).unwrap_or_default())
}

fn look(worker: &Worker, desk: &Desk, id: RequestId) -> State {
    worker.look_at((desk.project, id));
    request(desk, id).state
}

/// Looks again and again, as time passes, until the request is closed or so many minutes are over.
fn wait(worker: &Worker, desk: &Desk, id: RequestId, minutes: i64) -> State {
    for _ in 0..minutes * 4 {
        if !look(worker, desk, id).is_open() {
            break;
        }
        desk.clock.advance(15);
    }
    request(desk, id).state
}

fn granted_here(desk: &Desk) -> usize {
    grants_of(desk, "mara").len()
}

#[actix_web::test]
async fn an_answer_that_is_lost_is_settled_by_reading_and_nothing_is_sent_twice() {
    for manner in [Manner::DoAndReset, Manner::DoAndHang(LONG)] {
        let upstream = StandIn::open();
        let (desk, worker) = desk(&upstream).await;
        upstream.behaves([manner]);
        let id = ask(&desk, grant(&desk), true);
        assert_eq!(look(&worker, &desk, id), State::Unknown);
        assert_eq!(granted_here(&desk), 0, "nothing is shown before it is known");
        assert_eq!(wait(&worker, &desk, id, 10), State::Confirmed);
        assert_eq!((upstream.changes().len(), granted_here(&desk)), (1, 1));
    }
}

#[actix_web::test]
async fn what_did_not_arrive_ends_as_not_done_and_is_not_sent_again_by_itself() {
    let upstream = StandIn::open();
    let (desk, worker) = desk(&upstream).await;
    upstream.behaves([Manner::Hang(LONG)]);
    let id = ask(&desk, grant(&desk), true);
    assert_eq!(look(&worker, &desk, id), State::Unknown);
    assert_eq!(wait(&worker, &desk, id, 4), State::Unknown, "it may still arrive");
    assert_eq!(wait(&worker, &desk, id, 6), State::Refused);
    assert_eq!(state(&desk, id).1, "RevenueCat showed no trace of it 5 minutes later.");
    assert_eq!((upstream.changes().len(), granted_here(&desk)), (1, 0));
}

#[actix_web::test]
async fn that_the_former_grant_ended_does_not_prove_that_the_new_one_was_made() {
    let upstream = StandIn::open();
    let (desk, worker) = desk(&upstream).await;
    let former = desk.clock.now().plus_days(2).millis();
    deliver(&desk, desk.project, &[of_grant(&desk, "NON_RENEWING_PURCHASE", "promo-0", former)]);
    upstream.change("mara", |one| one.grants = vec![former]);
    upstream.behaves([Manner::Do, Manner::Hang(LONG)]);
    let act = CustomerAct::Grant { entitlement: "pro".into(), ends_at: desk.clock.now().plus_days(7), replaces: true };
    let id = ask(&desk, act, true);
    assert_eq!(look(&worker, &desk, id), State::Unknown);
    let ended = of_grant(&desk, "CANCELLATION", "promo-0", desk.clock.now().millis());
    deliver(&desk, desk.project, &[ended]);
    assert_eq!(request(&desk, id).state, State::Unknown, "only the former grant is known to be over");
    assert_eq!(wait(&worker, &desk, id, 10), State::Refused);
    assert_eq!(upstream.customer("mara").map(|one| one.grants.len()), Some(0));
}

#[actix_web::test]
async fn a_refusal_after_the_former_grant_was_removed_says_so() {
    let upstream = StandIn::open();
    let (desk, worker) = desk(&upstream).await;
    upstream.change("mara", |one| one.grants = vec![desk.clock.now().plus_days(2).millis()]);
    upstream
        .behaves([Manner::Do, Manner::Say(422, "", error("unprocessable_entity_error", "The end is too far away."))]);
    let act = CustomerAct::Grant { entitlement: "pro".into(), ends_at: desk.clock.now().plus_days(7), replaces: true };
    let id = ask(&desk, act, true);
    assert_eq!(look(&worker, &desk, id), State::Refused);
    let words = "The former grant is removed, and the new one was refused: The end is too far away.";
    assert_eq!(state(&desk, id).1, words);
}

#[actix_web::test]
async fn coins_that_a_customer_buys_are_not_taken_for_those_that_the_team_gave() {
    let upstream = StandIn::open();
    let (desk, worker) = desk(&upstream).await;
    let id = ask(&desk, CustomerAct::adjust("GLD", 100), true);
    assert_eq!(look(&worker, &desk, id), State::Confirmed);
    desk.clock.advance(60);
    let bought = json!({
        "id": "bought", "type": "VIRTUAL_CURRENCY_TRANSACTION", "source": "in_app_purchase", "environment": null,
        "purchase_environment": "PRODUCTION", "virtual_currency_transaction_id": "vatx-1",
        "event_timestamp_ms": desk.clock.now().millis(),
        "adjustments": [{ "amount": 100, "currency": { "code": "GLD", "name": "Gold" } }],
    });
    deliver(&desk, desk.project, &[purchase("mara", 3, bought)]);
    let held = desk.read(|conn| {
        let gold = balances::table.find((customer_id(&desk, "mara"), Environment::Production, "GLD"));
        gold.select(balances::amount).first::<i64>(conn)
    });
    assert_eq!(held, 200);
}

#[actix_web::test]
async fn being_busy_is_no_answer_and_it_is_sent_when_the_other_side_says() {
    let locked =
        json!({ "object": "error", "type": "resource_locked_error", "message": "Locked.", "backoff_ms": 30_000 });
    for (status, header, body, seconds) in
        [(423, "", locked, 31), (429, "Retry-After: 40", error("rate_limit_error", "Too many requests."), 40)]
    {
        let upstream = StandIn::open();
        let (desk, worker) = desk(&upstream).await;
        upstream.behaves([Manner::Say(status, header, body)]);
        let id = ask(&desk, grant(&desk), true);
        assert_eq!(look(&worker, &desk, id), State::Asked, "{status}");
        desk.clock.advance(seconds - 1);
        assert_eq!((look(&worker, &desk, id), upstream.changes().len()), (State::Asked, 1), "{status}");
        desk.clock.advance(1);
        assert_eq!(look(&worker, &desk, id), State::Confirmed, "{status}");
        assert_eq!((upstream.customer("mara").map(|one| one.grants.len()), granted_here(&desk)), (Some(1), 1));
    }
}

#[actix_web::test]
async fn what_is_not_to_wait_is_refused_instead() {
    let upstream = StandIn::open();
    let (desk, worker) = desk(&upstream).await;
    upstream.behaves([Manner::Say(429, "Retry-After: 40", error("rate_limit_error", "Too many requests."))]);
    let id = ask(&desk, grant(&desk), false);
    assert_eq!(look(&worker, &desk, id), State::Refused);
    assert_eq!(state(&desk, id).1, "It was not to wait, and was not sent. Too many requests.");
    upstream.says(Some(b""));
    let id = ask(&desk, grant(&desk), false);
    assert_eq!(look(&worker, &desk, id), State::Refused, "nothing could be read before");
    assert_eq!((upstream.changes().len(), granted_here(&desk)), (1, 0));
}

#[actix_web::test]
async fn what_is_not_to_wait_waits_neither_for_a_rest_nor_for_an_admin() {
    let upstream = StandIn::open();
    let (desk, worker) = desk(&upstream).await;
    (0..5).for_each(|_| worker.lines.note(desk.project, &Line::RevenueCat, false, desk.clock.now()));
    let id = ask(&desk, grant(&desk), false);
    assert_eq!(look(&worker, &desk, id), State::Refused);
    assert_eq!(state(&desk, id).1, "It was not to wait, and was not sent. RevenueCat does not answer at the moment.");
    assert!(upstream.calls().is_empty(), "and it is left alone");

    desk.db.batch("UPDATE connections SET suspended_at = 1").expect("it is suspended");
    let denied = "Nothing is sent to RevenueCat until an admin lets this database act.";
    let path = "/projects/sundial/customers/mara/grants";
    let fields = [("entitlement", "pro"), ("duration", "weekly"), ("if_away", "refuse")];
    let page = desk.post_form(&SOL, path, &fields).await;
    assert!(page.status == 422 && page.body.contains(denied), "{}", page.body);
    let call = json!({ "entitlement_id": "pro", "expires_at": desk.clock.now().plus_days(3) });
    let server = desk.server();
    let answer = server.post("/v2/projects/sundial/customers/mara/actions/grant_entitlement", call).await;
    assert!(answer.status == 423 && answer.body.contains(denied), "{}", answer.body);
    assert!(answer.body.contains("\"retryable\":true"), "{}", answer.body);
    let waiting = desk.post_form(&SOL, path, &fields[..2]).await;
    assert_eq!(waiting.status, 303, "{}", waiting.body);
    assert_eq!(granted_here(&desk), 0, "what may wait does");
}

#[actix_web::test]
async fn after_an_error_of_the_server_only_what_changes_nothing_twice_is_repeated() {
    let broken = || Manner::Say(500, "", error("server_error", "Something broke."));
    let upstream = StandIn::open();
    let (desk, worker) = desk(&upstream).await;
    upstream.behaves([broken()]);
    let id = ask(&desk, grant(&desk), true);
    assert_eq!((look(&worker, &desk, id), wait(&worker, &desk, id, 10)), (State::Unknown, State::Refused));
    assert_eq!(upstream.changes().len(), 1, "a grant is not sent again");
    for act in [
        CustomerAct::Override { offering: Some("spring".into()), until: None },
        CustomerAct::Attributes { values: vec![("plan".into(), Some("gold".into()))] },
        CustomerAct::adjust("GLD", 12),
        CustomerAct::Revoke { entitlement: "pro".into() },
    ] {
        upstream.change("mara", |one| one.grants = vec![desk.clock.now().millis() + DAY]);
        upstream.behaves([broken()]);
        let id = ask(&desk, act.clone(), true);
        assert_eq!(
            (look(&worker, &desk, id), wait(&worker, &desk, id, 3)),
            (State::Unknown, State::Confirmed),
            "{act:?}"
        );
    }
    let mara = upstream.customer("mara").expect("Mara");
    assert_eq!((mara.offering.as_deref(), mara.balance, mara.grants.len()), (Some("ofrng1"), 12, 0));
}

#[actix_web::test]
async fn a_balance_is_changed_once_whatever_is_repeated() {
    let upstream = StandIn::open();
    let (desk, worker) = desk(&upstream).await;
    upstream.behaves([Manner::DoAndReset, Manner::DoAndReset, Manner::DoAndReset]);
    let id = ask(&desk, CustomerAct::adjust("GLD", 12), true);
    assert_eq!((look(&worker, &desk, id), wait(&worker, &desk, id, 5)), (State::Unknown, State::Confirmed));
    let keys: Vec<Option<String>> = upstream.changes().into_iter().map(|call| call.once).collect();
    assert_eq!((keys.len(), keys.iter().all(|key| key.is_some() && *key == keys[0])), (4, true));
    assert_eq!(upstream.customer("mara").map(|one| one.balance), Some(12));
}

#[actix_web::test]
async fn a_webhook_before_the_answer_confirms_and_one_that_never_comes_is_not_needed() {
    let upstream = StandIn::open();
    let (desk, worker) = desk(&upstream).await;
    let between = Arc::new(Barrier::new(2));
    upstream.behaves([Manner::DoAndWait(between.clone())]);
    let id = ask(&desk, grant(&desk), true);
    let ends_at = desk.clock.now().plus_days(7).millis();
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| look(&worker, &desk, id));
        between.wait();
        let granted = json!({
            "type": "NON_RENEWING_PURCHASE", "id": "granted", "store": "PROMOTIONAL", "product_id": "rc_promo_pro_custom",
            "entitlement_ids": ["pro"], "expiration_at_ms": ends_at, "transaction_id": "promo-1", "period_type": "PROMOTIONAL",
            "original_transaction_id": "promo-1", "price": 0, "price_in_purchased_currency": 0,
            "event_timestamp_ms": desk.clock.now().millis(), "purchased_at_ms": desk.clock.now().millis(),
        });
        deliver(&desk, desk.project, &[purchase("mara", 3, granted)]);
        assert_eq!(request(&desk, id).state, State::Confirmed, "the event says it before the answer");
        between.wait();
        assert_eq!(sending.join().expect("no panic"), State::Confirmed);
    });
    assert_eq!((granted_here(&desk), upstream.changes().len()), (1, 1), "one grant, told once");
    desk.clock.advance(3 * 86_400);
    assert_eq!(granted_here(&desk), 1);
}

#[actix_web::test]
async fn a_key_that_may_not_is_refused_in_the_other_sides_words_and_changes_nothing() {
    let upstream = StandIn::open();
    let (desk, worker) = desk(&upstream).await;
    let denied = "The key lacks customer_information:customers:read_write.";
    upstream.behaves([Manner::Say(403, "", error("authorization_error", denied))]);
    let id = ask(&desk, grant(&desk), true);
    assert_eq!(look(&worker, &desk, id), State::Refused);
    assert_eq!(state(&desk, id), (State::Refused, denied.to_owned()));
    let body = error("authentication_error", "No such key.").to_string();
    let length = body.len();
    let wrong = format!("HTTP/1.1 401 x\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
    upstream.says(Some(wrong.as_bytes()));
    let id = ask(&desk, grant(&desk), true);
    assert_eq!(look(&worker, &desk, id), State::Refused);
    assert_eq!((state(&desk, id).1, granted_here(&desk)), ("No such key.".to_owned(), 0));
}

#[actix_web::test]
async fn nonsense_is_no_answer() {
    let huge = [b"HTTP/1.1 200 x\r\nconnection: close\r\n\r\n[".to_vec(), vec![b'1'; 5 << 20]].concat();
    let html =
        b"HTTP/1.1 200 x\r\nconnection: close\r\n\r\n<html><body>Log in to the hotel's network</body></html>".to_vec();
    let away = b"HTTP/1.1 302 x\r\nlocation: https://elsewhere.example/\r\ncontent-length: 0\r\n\r\n".to_vec();
    for (raw, said) in [
        (huge, "The answer is larger than 2 MB."),
        (html, "Log in to the hotel's network"),
        (away, "The address redirects to https://elsewhere.example/."),
        (b"HTTP/1.1 200 x\r\nconnection: close\r\n\r\n{}".to_vec(), "RevenueCat’s answer is not a list."),
        (Vec::new(), ""),
    ] {
        let upstream = StandIn::open();
        let (desk, worker) = desk(&upstream).await;
        upstream.says(Some(&raw));
        let id = ask(&desk, grant(&desk), true);
        assert_eq!(look(&worker, &desk, id), State::Asked, "{said}");
        assert!(state(&desk, id).1.contains(said), "{:?}", state(&desk, id));
        upstream.says(None);
        assert_eq!(wait(&worker, &desk, id, 3), State::Confirmed, "{said}");
        assert_eq!(upstream.changes().len(), 1);
    }
}

#[actix_web::test]
async fn pages_that_repeat_end_and_two_workers_send_once() {
    let upstream = StandIn::open();
    let (desk, worker) = desk(&upstream).await;
    upstream.repeats_pages();
    let id = ask(&desk, grant(&desk), true);
    let other = worker.clone();
    std::thread::scope(|scope| {
        let both = [scope.spawn(|| look(&worker, &desk, id)), scope.spawn(|| look(&other, &desk, id))];
        for one in both {
            one.join().expect("no panic");
        }
    });
    assert_eq!((request(&desk, id).state, upstream.changes().len()), (State::Confirmed, 1));
    assert!(upstream.calls().len() < 20, "{} calls", upstream.calls().len());
}

#[actix_web::test]
async fn ids_of_every_kind_arrive_as_they_are() {
    for name in ["$RCAnonymousID:ab12", "a/b?c#d", "Zoë & 50 %", "🦊/../x", &"x".repeat(100), "..", "a+b", "%2F"] {
        let upstream = StandIn::open();
        let (desk, worker) = desk(&upstream).await;
        upstream.change(name, |one| one.purchases = 0);
        let ctx = Ctx::new(desk.project, &desk.ids, desk.clock.now(), Actor::person(SOL.id, "support"));
        let stored = desk.db.write_here(|conn| {
            conn.lock_project(desk.project)?;
            let ask = CustomerAsk {
                customer: customer_id(&desk, "mara"),
                app_user_id: name,
                environment: Environment::Production,
                act: grant(&desk),
                inverse: None,
                reason: None,
                waits: true,
                once: None,
            };
            Ok::<_, Error>(ask.store(conn, &ctx)?.expect("connected").expect("asked").request)
        });
        let id = stored.expect("it is stored");
        assert_eq!(look(&worker, &desk, id), State::Confirmed, "{name}: {}", state(&desk, id).1);
        assert_eq!(upstream.customer(name).map(|one| one.grants.len()), Some(1), "{name}");
    }
}

#[actix_web::test]
async fn when_no_event_of_it_comes_the_request_says_so_and_the_customer_is_compared() {
    let upstream = StandIn::open();
    let (desk, worker) = desk(&upstream).await;
    let id = ask(&desk, grant(&desk), true);
    assert_eq!(look(&worker, &desk, id), State::Confirmed);
    let asked = |desk: &Desk| desk.count(|conn| comparisons::table.count().get_result(conn));
    let before = asked(&desk);
    desk.clock.advance(47 * 3_600);
    run_jobs(&desk);
    assert_eq!(asked(&desk), before, "it may still come");
    desk.clock.advance(2 * 3_600);
    run_jobs(&desk);
    assert_eq!(asked(&desk), before + 1, "the customer was compared");
    let (_, words) = state(&desk, id);
    assert!(words.contains("no event of it has come"), "{words}");
    let calls = upstream.calls().len();
    desk.clock.advance(2 * 3_600);
    run_jobs(&desk);
    assert_eq!(upstream.calls().len(), calls, "once");
}

/// Asks for something to be done with a purchase of Mara's whose key has this part, and lets the worker do it.
async fn ask_of_purchase(desk: &Desk, worker: &Worker, part: &str, what: &str) -> (State, String) {
    let key = store_purchases_of(desk, "mara").into_iter().find(|key| key.contains(part)).expect("the purchase");
    let key = segment(&format!("production.{key}"));
    let path = format!("/projects/sundial/customers/mara/purchases/{key}/{what}");
    let asked = desk.post_form(&SOL, &path, &[("reason", "they asked")]).await;
    assert_eq!(asked.status, 303, "{}", asked.body);
    let id = desk.read(|conn| queries::of_customer(conn, customer_id(desk, "mara"), 1)).remove(0).id;
    look(worker, desk, id);
    state(desk, id)
}

#[actix_web::test]
async fn only_a_purchase_that_is_surely_the_customers_is_refunded() {
    let upstream = StandIn::open();
    let (desk, worker) = desk(&upstream).await;
    let billed = json!({ "id": "billed", "store": "RC_BILLING", "transaction_id": "m-2", "original_transaction_id": "m-1",
        "currency": "USD", "price_in_purchased_currency": 9.99, "aliases": ["mara", "mara-tablet"] });
    deliver(&desk, desk.project, &[purchase("mara", 2, billed)]);
    let item = |changes: Value| {
        let mut item = json!({ "object": "subscription", "id": "sub-m", "store": "rc_billing", "environment": "production",
            "customer_id": "mara", "store_subscription_identifier": "m-2", "gives_access": true, "status": "active",
            "auto_renewal_status": "will_renew", "total_revenue_in_usd": { "gross": 9.99 } });
        for (name, value) in changes.as_object().into_iter().flatten() {
            item[name] = value.clone();
        }
        item
    };
    let strangers = [
        json!({ "id": "sub-s", "customer_id": "noor" }),
        json!({ "id": "sub-s", "store": "stripe" }),
        json!({ "id": "sub-s", "environment": "sandbox" }),
        json!({ "id": "sub-s", "environment": null }),
        json!({ "id": "sub-s", "customer_id": null, "store_subscription_identifier": "n-7" }),
    ];
    let refund = async || ask_of_purchase(&desk, &worker, "m-1", "refund").await;
    for stranger in &strangers {
        upstream.sells("subscriptions", vec![item(stranger.clone())]);
        let (refused, words) = refund().await;
        assert_eq!(refused, State::Refused, "{stranger}: {words}");
        assert!(words.starts_with("Under this transaction RevenueCat shows no purchase of this customer"), "{words}");
        assert!(upstream.changes().is_empty(), "{stranger}");
    }
    // Two of which nothing tells which one it is.
    let two = json!({ "store_subscription_identifier": "m-3" });
    upstream.sells("subscriptions", vec![item(two.clone()), item(two)]);
    assert_eq!((refund().await.0, upstream.changes().len()), (State::Refused, 0));
    let mut all: Vec<Value> = strangers.iter().map(|stranger| item(stranger.clone())).collect();
    let own = json!({ "customer_id": "mara-tablet", "store": "RC_BILLING", "store_subscription_identifier": "m-3" });
    all.push(item(own));
    upstream.sells("subscriptions", all);
    refund().await;
    let paths: Vec<String> = upstream.changes().into_iter().map(|call| call.path).collect();
    assert_eq!(paths, ["/v2/projects/proj1/subscriptions/sub-m/actions/refund"], "under another id, in a later period");
}

#[actix_web::test]
async fn a_purchase_without_a_transaction_is_not_looked_up() {
    let upstream = StandIn::open();
    let (desk, worker) = desk(&upstream).await;
    let bare = json!({ "id": "bare", "store": "RC_BILLING", "transaction_id": null, "original_transaction_id": null });
    deliver(&desk, desk.project, &[purchase("mara", 2, bare)]);
    upstream.sells("subscriptions", vec![json!({ "id": "sub-s", "store": "rc_billing", "environment": "production" })]);
    let asked = ask_of_purchase(&desk, &worker, "RC_BILLING", "cancel").await;
    let words = "The purchase has no transaction id that RevenueCat could look up.";
    assert_eq!(asked, (State::Refused, words.to_owned()));
    assert!(upstream.calls().is_empty());
}

#[actix_web::test]
async fn no_answer_shows_the_key() {
    let page = format!("HTTP/1.1 200 x\r\nconnection: close\r\n\r\n<html>Bearer {KEY}</html>").into_bytes();
    let away = format!("HTTP/1.1 302 x\r\nlocation: https://elsewhere.example/?{KEY}\r\ncontent-length: 0\r\n\r\n");
    let upstream = StandIn::open();
    let (desk, worker) = desk(&upstream).await;
    let echo = format!("Bad header \"Bearer {KEY}\"");
    upstream.behaves([Manner::Say(400, "", error("parameter_error", &echo))]);
    let id = ask(&desk, grant(&desk), true);
    assert_eq!(look(&worker, &desk, id), State::Refused);
    assert_eq!(state(&desk, id).1, "Bad header \"Bearer [key]\"");
    for (raw, currency) in [(page, "GLD"), (away.into_bytes(), "SLV")] {
        upstream.says(Some(&raw));
        let id = ask(&desk, CustomerAct::adjust(currency, 1), true);
        look(&worker, &desk, id);
        let (_, words) = state(&desk, id);
        assert!(words.contains("[key]") && !words.contains(KEY), "{words}");
    }
    let path = "/projects/sundial/settings/connections/revenuecat/check";
    desk.post_form(&ADA, path, &[]).await;
    assert!(traces::find(&desk, KEY).is_empty());
}

#[actix_web::test]
async fn a_list_that_goes_round_and_one_that_takes_too_long_are_not_followed() {
    let upstream = StandIn::open();
    let (desk, worker) = desk(&upstream).await;
    let other = |number: usize| json!({ "id": format!("entl-{number}"), "lookup_key": format!("other-{number}") });
    upstream.sells("entitlements", (0..250).map(other).collect());
    upstream.fails(&[], &["entitlements"]);
    let id = ask(&desk, grant(&desk), true);
    assert_eq!(look(&worker, &desk, id), State::Refused);
    assert_eq!(upstream.calls().len(), 4, "each page once, the first one under another address again");

    upstream.sells("entitlements", (0..2_000).map(other).collect());
    upstream.takes(Duration::from_millis(100));
    let id = ask(&desk, grant(&desk), true);
    assert_eq!(look(&worker, &desk, id), State::Asked, "it is tried again");
    assert_eq!(state(&desk, id).1, "RevenueCat took too long to list it.");
    assert!(upstream.calls().len() < 4 + 6, "{}", upstream.calls().len());
}

#[actix_web::test]
async fn what_is_so_already_there_follows_here() {
    let upstream = StandIn::open();
    let (desk, worker) = desk(&upstream).await;
    let id = ask(&desk, grant(&desk), true);
    assert_eq!(look(&worker, &desk, id), State::Confirmed);
    assert_eq!(running(&desk), 1);
    upstream.change("mara", |one| one.grants.clear());
    let sent = upstream.changes().len();
    let id = ask(&desk, CustomerAct::Revoke { entitlement: "pro".into() }, true);
    assert_eq!(look(&worker, &desk, id), State::Confirmed);
    assert!(state(&desk, id).1.starts_with("It was so already, nothing was sent."), "{:?}", state(&desk, id));
    assert_eq!((running(&desk), upstream.changes().len()), (0, sent), "a grant that was removed there ends here");

    // Whoever is unknown there is deleted here all the same.
    deliver(&desk, desk.project, &[purchase("lena", 2, json!({ "id": "lena-1" }))]);
    let id = operations::ask(&desk, "lena", CustomerAct::Delete { blocks: false }, true);
    worker.look_at((desk.project, id));
    assert!(desk.read(|conn| dossier::customers::identity::find(conn, desk.project, "lena")).is_none());
    assert_eq!(upstream.changes().len(), sent);
}

/// How many grants of Mara's run here.
fn running(desk: &Desk) -> usize {
    let now = desk.clock.now();
    grants_of(desk, "mara").iter().filter(|grant| grant.is_active(now)).count()
}

/// An event of RevenueCat about a grant of Pro to Mara with this transaction, which lasts until `ends_at`.
fn of_grant(desk: &Desk, kind: &str, transaction: &str, ends_at: i64) -> String {
    let now = desk.clock.now().millis();
    let fields = json!({
        "type": kind, "id": format!("{kind}-{transaction}"), "store": "PROMOTIONAL", "product_id": "rc_promo_pro_custom",
        "entitlement_ids": ["pro"], "expiration_at_ms": ends_at, "transaction_id": transaction, "period_type": "PROMOTIONAL",
        "original_transaction_id": transaction, "price": 0, "price_in_purchased_currency": 0, "purchased_at_ms": now,
        "event_timestamp_ms": now, "cancel_reason": "DEVELOPER_INITIATED",
    });
    purchase("mara", 3, fields)
}

#[actix_web::test]
async fn a_grant_that_was_removed_before_its_event_came_stays_removed() {
    let upstream = StandIn::open();
    let (desk, worker) = desk(&upstream).await;
    let act = grant(&desk);
    let CustomerAct::Grant { ends_at, .. } = &act else { panic!("a grant") };
    let ends_at = ends_at.millis();
    for id in [ask(&desk, act, true), ask_after(&desk, &worker, CustomerAct::Revoke { entitlement: "pro".into() })] {
        look(&worker, &desk, id);
        desk.clock.advance(1);
    }
    assert_eq!(running(&desk), 0);
    let begun = of_grant(&desk, "NON_RENEWING_PURCHASE", "promo-1", ends_at);
    let ended = of_grant(&desk, "EXPIRATION", "promo-1", desk.clock.now().millis());
    for body in [begun, ended] {
        desk.clock.advance(1);
        deliver(&desk, desk.project, &[body]);
        assert_eq!(running(&desk), 0, "whatever is reported of it late");
    }
    assert_eq!(granted_here(&desk), 1, "it is one grant");
}

/// Asks for something once what was asked before is settled.
fn ask_after(desk: &Desk, worker: &Worker, act: CustomerAct) -> RequestId {
    worker.work(&|| false).expect("what was asked before is sent");
    desk.clock.advance(1);
    ask(desk, act, true)
}

#[actix_web::test]
async fn the_end_of_another_grant_is_not_taken_for_what_was_asked_here() {
    let upstream = StandIn::open();
    let (desk, worker) = desk(&upstream).await;
    let revoke = || CustomerAct::Revoke { entitlement: "pro".into() };
    for (number, act) in [grant(&desk), revoke(), grant(&desk)].into_iter().enumerate() {
        let is_grant = matches!(act, CustomerAct::Grant { .. });
        let ends_at = desk.clock.now().plus_days(7).millis();
        let id = ask_after(&desk, &worker, act);
        assert_eq!(look(&worker, &desk, id), State::Confirmed);
        desk.clock.advance(1);
        let body = match is_grant {
            true => of_grant(&desk, "NON_RENEWING_PURCHASE", &format!("promo-{number}"), ends_at),
            false => of_grant(&desk, "EXPIRATION", "promo-0", desk.clock.now().millis()),
        };
        deliver(&desk, desk.project, &[body]);
    }
    assert_eq!(running(&desk), 1);
    desk.clock.advance(60);
    let elsewhere = of_grant(&desk, "EXPIRATION", "promo-2", desk.clock.now().millis());
    deliver(&desk, desk.project, &[elsewhere]);
    assert_eq!(running(&desk), 0, "somebody else ended it there");
}

#[actix_web::test]
async fn a_period_that_ends_by_itself_proves_no_refund() {
    let upstream = StandIn::open();
    let (desk, worker) = desk(&upstream).await;
    let ends_at = desk.clock.now().plus_seconds(100).millis();
    let billed = json!({ "id": "billed", "store": "RC_BILLING", "transaction_id": "m-2", "original_transaction_id": "m-1",
        "currency": "USD", "price_in_purchased_currency": 9.99, "expiration_at_ms": ends_at });
    deliver(&desk, desk.project, &[purchase("mara", 2, billed)]);
    let shown = |gives_access: bool| {
        json!({ "object": "subscription", "id": "sub-m", "store": "rc_billing", "environment": "production", "customer_id": "mara",
            "store_subscription_identifier": "m-2", "gives_access": gives_access, "status": "active",
            "current_period_ends_at": ends_at, "auto_renewal_status": "will_not_renew", "total_revenue_in_usd": { "gross": 9.99 } })
    };
    upstream.sells("subscriptions", vec![shown(true)]);
    upstream.sells("subscriptions/sub-m", vec![shown(true)]);
    upstream.behaves([Manner::Say(500, "", error("server_error", "Something broke."))]);
    let (refund, _) = ask_of_purchase(&desk, &worker, "m-1", "refund").await;
    assert_eq!(refund, State::Unknown);
    upstream.sells("subscriptions", vec![shown(false)]);
    let id = desk.read(|conn| queries::of_customer(conn, customer_id(&desk, "mara"), 1)).remove(0).id;
    assert_eq!(wait(&worker, &desk, id, 20), State::Refused, "{:?}", state(&desk, id));
}

#[actix_web::test]
async fn a_deletion_that_was_asked_for_and_refused_leaves_the_audit_log_whole() {
    let upstream = StandIn::open();
    let (desk, _) = desk(&upstream).await;
    let no = error("authorization_error", "This key may not delete.");
    upstream.behaves([Manner::Say(403, "", no)]);
    let deleted = desk.post_form(&ADA, "/projects/sundial/customers/mara/delete", &[("confirm", "mara")]).await;
    assert_eq!(deleted.status, 303, "{}", deleted.body);
    run_jobs(&desk);
    assert!(desk.read(|conn| dossier::customers::identity::find(conn, desk.project, "mara")).is_some());
    let verified = desk.read(|conn| dossier::audit::verify(conn, desk.project));
    assert!(verified.is_ok(), "{verified:?}");
}

#[actix_web::test]
async fn attributes_are_set_in_the_order_in_which_they_were_asked_for() {
    let upstream = StandIn::open();
    let (desk, worker) = desk(&upstream).await;
    upstream.behaves([Manner::Say(429, "Retry-After: 40", error("rate_limit_error", "Too many requests."))]);
    let first = ask(&desk, set(&[("plan", "gold"), ("seat", "1")]), true);
    assert_eq!(look(&worker, &desk, first), State::Asked);
    let second = ask(&desk, set(&[("plan", "silver")]), true);
    assert_eq!(look(&worker, &desk, second), State::Asked, "it waits for the one before");
    desk.clock.advance(60);
    worker.work(&|| false).expect("both are sent");
    desk.clock.advance(60);
    worker.work(&|| false).expect("both are sent");
    assert_eq!(plan(&upstream).as_deref(), Some("silver"));
}

fn set(values: &[(&str, &str)]) -> CustomerAct {
    let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), Some((*value).to_owned()));
    CustomerAct::Attributes { values: values.iter().map(owned).collect() }
}

fn plan(upstream: &StandIn) -> Option<String> {
    upstream.customer("mara").and_then(|one| one.attributes.get("plan").cloned())
}

#[actix_web::test]
async fn an_older_value_of_an_attribute_is_not_repeated_over_a_newer_one() {
    let upstream = StandIn::open();
    let (desk, worker) = desk(&upstream).await;
    upstream.behaves([Manner::Say(500, "", error("server_error", "Something broke."))]);
    let first = ask(&desk, set(&[("plan", "gold"), ("seat", "1")]), true);
    assert_eq!(look(&worker, &desk, first), State::Unknown);
    let second = ask(&desk, set(&[("plan", "silver")]), true);
    assert_eq!(look(&worker, &desk, second), State::Confirmed);
    assert_eq!(wait(&worker, &desk, first, 5), State::Unknown);
    assert_eq!(plan(&upstream).as_deref(), Some("silver"));
}

#[actix_web::test]
async fn attributes_with_other_names_wait_for_nothing() {
    let upstream = StandIn::open();
    let (desk, worker) = desk(&upstream).await;
    upstream.behaves([Manner::Say(429, "Retry-After: 40", error("rate_limit_error", "Too many requests."))]);
    let first = ask(&desk, set(&[("plan", "gold")]), true);
    assert_eq!(look(&worker, &desk, first), State::Asked);
    let second = ask(&desk, set(&[("seat", "1")]), true);
    assert_eq!(look(&worker, &desk, second), State::Confirmed);
}

#[actix_web::test]
async fn a_server_that_sets_an_attribute_waits_until_the_older_value_is_sent() {
    let upstream = StandIn::open();
    let (desk, worker) = desk(&upstream).await;
    upstream.behaves([Manner::Say(429, "Retry-After: 1", error("rate_limit_error", "Too many requests."))]);
    let first = ask(&desk, set(&[("plan", "gold"), ("seat", "1")]), true);
    assert_eq!(look(&worker, &desk, first), State::Asked);
    let (clock, project) = (desk.clock.clone(), desk.project);
    let sending = std::thread::spawn(move || {
        for _ in 0..20 {
            std::thread::sleep(Duration::from_millis(200));
            clock.advance(2);
            worker.look_at((project, first));
        }
    });
    let body = json!({ "attributes": [{ "name": "plan", "value": "silver" }] });
    let answer = desk.server().post("/v2/projects/sundial/customers/mara/attributes", body).await;
    sending.join().expect("it is sent");
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!((plan(&upstream).as_deref(), state(&desk, first).0), (Some("silver"), State::Confirmed));
}

#[actix_web::test]
async fn a_key_by_which_a_call_is_made_once_can_be_used_again_where_nothing_was_sent() {
    let upstream = StandIn::open();
    let (desk, _) = desk(&upstream).await;
    let lines = &desk.application.requests.lines;
    (0..5).for_each(|_| lines.note(desk.project, &Line::RevenueCat, false, desk.clock.now()));
    let server = desk.server().with("idempotency-key", "once-1");
    let path = "/v2/projects/sundial/customers/mara/virtual_currencies/transactions";
    let call = json!({ "adjustments": { "GLD": 12 } });
    let answer = server.post(path, call.clone()).await;
    assert!(answer.status == 423 && answer.body.contains("\"retryable\":true"), "{}", answer.body);
    desk.clock.advance(3_600);
    for _ in 0..2 {
        let answer = server.post(path, call.clone()).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(upstream.customer("mara").map(|mara| mara.balance), Some(12));
    }
}

#[actix_web::test]
async fn whoever_has_other_ids_there_is_deleted_under_each_of_them() {
    let upstream = StandIn::open();
    let (desk, worker) = desk(&upstream).await;
    let other = json!({ "id": "second", "aliases": ["mara-ipad", "noor"] });
    deliver(&desk, desk.project, &[purchase("mara", 2, other)]);
    let id = operations::ask(&desk, "mara-ipad", CustomerAct::Delete { blocks: false }, true);
    worker.look_at((desk.project, id));
    assert!(upstream.customer("mara").is_none() && upstream.customer("noor").is_none());
    assert!(desk.read(|conn| dossier::customers::identity::find(conn, desk.project, "mara")).is_none());
}

#[actix_web::test]
async fn an_answer_that_no_such_address_exists_does_not_say_that_somebody_is_gone() {
    let upstream = StandIn::open();
    let (desk, worker) = desk(&upstream).await;
    upstream.says(Some(
        b"HTTP/1.1 404 x\r\nconnection: close\r\ncontent-type: application/json\r\n\r\n{\"message\":\"no route\"}",
    ));
    let id = ask(&desk, CustomerAct::Delete { blocks: false }, true);
    assert_eq!(look(&worker, &desk, id), State::Asked, "{:?}", state(&desk, id));
    assert!(desk.read(|conn| dossier::customers::identity::find(conn, desk.project, "mara")).is_some());
}

#[actix_web::test]
async fn the_end_of_a_removed_grant_is_its_event() {
    let upstream = StandIn::open();
    let (desk, worker) = desk(&upstream).await;
    let ends_at = desk.clock.now().plus_days(7).millis();
    let id = ask(&desk, grant(&desk), true);
    look(&worker, &desk, id);
    deliver(&desk, desk.project, &[of_grant(&desk, "NON_RENEWING_PURCHASE", "promo-1", ends_at)]);
    let id = ask_after(&desk, &worker, CustomerAct::Revoke { entitlement: "pro".into() });
    assert_eq!(look(&worker, &desk, id), State::Confirmed);
    desk.clock.advance(1);
    let ended = desk.clock.now().millis();
    deliver(&desk, desk.project, &[of_grant(&desk, "EXPIRATION", "promo-1", ended)]);
    assert!(request(&desk, id).echo_event.is_some());
}

#[actix_web::test]
async fn a_copy_gives_what_was_just_sent_the_time_to_show() {
    let upstream = StandIn::open();
    let (desk, worker) = desk(&upstream).await;
    upstream.behaves([Manner::Hang(LONG)]);
    let id = ask(&desk, grant(&desk), true);
    assert_eq!(look(&worker, &desk, id), State::Unknown);
    let now = desk.clock.now();
    let copied = desk.db.write_here(|conn| {
        held::hold(conn, desk.project, now)?;
        Ok::<_, Error>(held::release(conn, desk.project, None, now)?)
    });
    assert_eq!(copied.ok(), Some(1));
    assert_eq!(look(&worker, &desk, id), State::Unknown, "{:?}", state(&desk, id));
    assert_eq!(wait(&worker, &desk, id, 10), State::Refused);
}

#[actix_web::test]
async fn a_copy_that_cannot_tell_by_reading_leaves_it_to_a_person() {
    let denied = b"HTTP/1.1 401 x\r\nconnection: close\r\n\r\n{\"object\":\"error\",\"message\":\"Invalid API key.\"}";
    for is_denied in [true, false] {
        let upstream = StandIn::open();
        let (desk, worker) = desk(&upstream).await;
        let act = if is_denied { grant(&desk) } else { CustomerAct::adjust("GLD", 12) };
        let id = ask(&desk, act, true);
        let now = desk.clock.now();
        let copied = desk.db.write_here(|conn| {
            held::hold(conn, desk.project, now)?;
            Ok::<_, Error>(held::release(conn, desk.project, None, now)?)
        });
        assert_eq!(copied.ok(), Some(1));
        upstream.says(is_denied.then_some(denied.as_slice()));
        assert_eq!(look(&worker, &desk, id), State::Unknown, "{:?}", state(&desk, id));
        assert!(request(&desk, id).needs_person(), "{:?}", state(&desk, id));
        assert!(upstream.changes().is_empty(), "nothing is sent");
    }
}

#[actix_web::test]
async fn a_copy_repeats_nothing_that_was_sent() {
    let upstream = StandIn::open();
    let (desk, worker) = desk(&upstream).await;
    upstream.behaves([Manner::Say(500, "", error("server_error", "Something broke."))]);
    let id = ask(&desk, CustomerAct::adjust("GLD", 12), true);
    assert_eq!(look(&worker, &desk, id), State::Unknown);
    let now = desk.clock.now();
    let copied = desk.db.write_here(|conn| {
        held::hold(conn, desk.project, now)?;
        Ok::<_, Error>(held::release(conn, desk.project, None, now)?)
    });
    assert_eq!(copied.ok(), Some(1));
    assert_eq!(wait(&worker, &desk, id, 5), State::Unknown);
    assert_eq!(upstream.changes().len(), 1, "once, by the original");
}

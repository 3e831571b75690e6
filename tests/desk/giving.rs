//! Grants and transfers without HTTP: what is stored, which state results, and what the jobs do later.

use std::sync::Barrier;

use diesel::prelude::*;
use dossier::base::clock::Moment;
use dossier::base::error::Error;
use dossier::base::ids::CustomerId;
use dossier::catalog;
use dossier::customers::{identity, state};
use dossier::db::Db;
use dossier::db::schema::{events, grant_ends, history, purchases};
use dossier::jobs::{self, Work};
use dossier::operations::grants::{Given, Holder, Length, Plan, Preset, Refusal, Removed, queries};
use dossier::operations::transfer::{self, Move};
use dossier::projection::{Kind, Purchase, Status};
use serde_json::{Value, json};

use crate::finding::purchase;
use crate::ingestion::{deliver, deliver_together};
use crate::support::{Desk, NOW};

/// Applies a catalog of two entitlements without products.
pub fn stock(desk: &Desk) {
    let file = json!({ "products": [], "offerings": [], "entitlements": [
        { "id": "pro", "display_name": "Pro access", "products": [] },
        { "id": "coach", "display_name": "Coach", "products": [] },
    ]});
    let file = catalog::file::File::parse(&file.to_string()).expect("a catalog");
    let applied = desk.db.write_here(|conn| Ok::<_, Error>(catalog::queries::apply(conn, desk.project, &file)?));
    applied.expect("the catalog is applied");
}

/// A desk with that catalog, where Lena subscribes.
pub async fn desk() -> Desk {
    let desk = Desk::open().await;
    stock(&desk);
    deliver(&desk, desk.project, &[purchase("lena", 3, json!({ "entitlement_ids": ["pro"] }))]);
    desk
}

pub fn customer(desk: &Desk, id: &str) -> CustomerId {
    let found = desk.db.read_here(|conn| Ok::<_, Error>(identity::find(conn, desk.project, id)?));
    found.expect("it is asked").expect("somebody has the id")
}

pub fn holder(desk: &Desk, id: &str) -> Holder {
    let customer = customer(desk, id);
    Holder { project: desk.project, customer, now: desk.clock.now() }
}

fn try_to_give(desk: &Desk, id: &str, entitlement: &str, preset: Preset, replaces: bool) -> Result<Plan, Refusal> {
    let (holder, length) = (holder(desk, id), Length::Preset(preset));
    let given = desk.db.write_here(|conn| {
        let plan = holder.plan_grant(conn, entitlement, length, replaces)?;
        if let Ok(plan) = &plan {
            holder.carry_out(conn, &desk.ids, plan)?;
        }
        Ok::<_, Error>(plan)
    });
    given.expect("it is decided")
}

pub fn give(desk: &Desk, id: &str, entitlement: &str, preset: Preset) -> Given {
    try_to_give(desk, id, entitlement, preset, false).expect("it is given").given.remove(0)
}

fn remove(desk: &Desk, id: &str, key: &str) -> Option<Vec<Removed>> {
    let holder = holder(desk, id);
    let removed = desk.db.write_here(|conn| {
        let plan = holder.plan_removal(conn, key)?;
        plan.iter().try_for_each(|plan| holder.carry_out(conn, &desk.ids, plan))?;
        Ok::<_, Error>(plan.map(|plan| plan.removed))
    });
    removed.expect("it is decided")
}

/// The stored purchases of a customer, in the order of their keys.
pub fn bought(desk: &Desk, id: &str) -> Vec<Purchase> {
    let own = purchases::table.filter(purchases::customer_id.eq(customer(desk, id)));
    let own = own.order((purchases::environment, purchases::key)).select(purchases::body);
    let bodies: Vec<String> = desk.db.read_here(|conn| Ok::<_, Error>(own.load(conn)?)).expect("they are read");
    bodies.iter().map(|body| Purchase::stored(body).expect("it reads")).collect()
}

pub fn grants(desk: &Desk, id: &str) -> Vec<Purchase> {
    bought(desk, id).into_iter().filter(|purchase| purchase.kind == Kind::Grant).collect()
}

/// The types of the events in a customer's history, oldest first, with the side they are on.
pub fn history_of(desk: &Desk, id: &str) -> Vec<String> {
    let own = history::table.filter(history::customer_id.eq(customer(desk, id)));
    let own = own.order((history::event_at, history::tie)).select((history::side, history::summary));
    let rows: Vec<(String, String)> = desk.db.read_here(|conn| Ok::<_, Error>(own.load(conn)?)).expect("rows");
    let kind =
        |summary: &str| serde_json::from_str::<Value>(summary).expect("JSON")["kind"].as_str().map(str::to_owned);
    rows.iter().map(|(side, summary)| format!("{side} {}", kind(summary).expect("a kind"))).collect()
}

pub fn stored_events(desk: &Desk) -> i64 {
    desk.db.read_here(|conn| Ok::<_, Error>(events::table.count().get_result(conn)?)).expect("it counts")
}

fn pending_ends(desk: &Desk) -> i64 {
    desk.db.read_here(|conn| Ok::<_, Error>(grant_ends::table.count().get_result(conn)?)).expect("it counts")
}

pub fn work(desk: &Desk, db: &Db) -> Work {
    Work { clock: desk.clock.clone(), db: db.clone(), ids: desk.ids.clone(), now: desk.clock.now() }
}

pub fn run(desk: &Desk) -> usize {
    jobs::run(&work(desk, &desk.db))
}

#[actix_web::test]
async fn a_grant_gives_access_until_its_end() {
    let desk = desk().await;
    let given = give(&desk, "lena", "coach", Preset::Weekly);
    let grants = grants(&desk, "lena");
    let [grant] = grants.as_slice() else { panic!("{grants:?}") };
    assert_eq!((&grant.key, grant.product_id.as_str()), (&given.key, "rc_promo_coach_weekly"));
    assert_eq!((grant.period_start, grant.expires_at), (NOW, Some(NOW.plus_days(7))));
    assert_eq!(grant.status(NOW.plus_days(7).plus_seconds(-1)), Status::Granted);
    assert_eq!(grant.status(NOW.plus_days(7)), Status::GrantOver);
    assert_eq!(history_of(&desk, "lena"), ["own INITIAL_PURCHASE", "own NON_RENEWING_PURCHASE"]);
}

#[actix_web::test]
async fn a_second_grant_of_the_same_entitlement_is_refused_and_of_another_is_not() {
    let desk = desk().await;
    let first = give(&desk, "lena", "pro", Preset::Monthly);
    let again = |entitlement, replaces| try_to_give(&desk, "lena", entitlement, Preset::Yearly, replaces);
    let refused = again("pro", false).expect_err("there is one");
    assert!(matches!(refused, Refusal::Held(held) if held.ends_at == first.ends_at && !held.is_lifetime));
    assert!(matches!(again("Pro", false), Err(Refusal::NotConfigured)));
    assert!(again("coach", false).is_ok());
    let replaced = again("pro", true).expect("it takes the place of the first");
    assert_eq!(replaced.removed.iter().map(|one| one.key.as_str()).collect::<Vec<_>>(), [first.key.as_str()]);
    let running = desk.db.read_here(|conn| Ok::<_, Error>(queries::running(conn, customer(&desk, "lena"), NOW)?));
    assert_eq!(running.expect("grants").len(), 2);
    assert_eq!(history_of(&desk, "lena").iter().filter(|kind| kind.ends_with("CANCELLATION")).count(), 1);
    assert_eq!(pending_ends(&desk), 2);
}

#[actix_web::test]
async fn a_removal_ends_all_grants_of_the_entitlement_at_once_and_no_other() {
    let desk = desk().await;
    // A grant that another program made.
    let foreign = json!({
        "type": "NON_RENEWING_PURCHASE", "store": "PROMOTIONAL", "period_type": "PROMOTIONAL", "entitlement_ids": ["pro"],
        "product_id": "rc_promo_pro_lifetime", "transaction_id": "f", "original_transaction_id": "f",
        "expiration_at_ms": NOW.plus_days(70_000), "price": 0,
    });
    deliver(&desk, desk.project, &[purchase("lena", 2, foreign)]);
    let coach = give(&desk, "lena", "coach", Preset::Weekly);
    assert_eq!(remove(&desk, "lena", "PROMOTIONAL:f").map(|all| all.len()), Some(1));
    let pro = give(&desk, "lena", "pro", Preset::Weekly);
    desk.clock.advance(3_600);
    let removed = remove(&desk, "lena", &pro.key).expect("it is running");
    assert_eq!((removed.len(), removed[0].ends_at), (1, pro.ends_at));
    let now = desk.clock.now();
    let state: Vec<(String, Status)> =
        grants(&desk, "lena").into_iter().map(|one| (one.key.clone(), one.status(now))).collect();
    assert!(state.iter().all(|(key, status)| (*status == Status::Granted) == (*key == coach.key)), "{state:?}");
    assert_eq!(remove(&desk, "lena", &pro.key), None, "it is over");
    assert_eq!(remove(&desk, "lena", "APP_STORE:t-lena"), None, "it is no grant");
    assert_eq!(pending_ends(&desk), 1);
}

#[actix_web::test]
async fn two_workers_record_an_end_once() {
    let desk = desk().await;
    let other = Db::open(&desk.application.config.database_url, 2).expect("a second process");
    for id in 0..60 {
        deliver(
            &desk,
            desk.project,
            &[purchase(&format!("user-{id}"), 3, json!({ "transaction_id": id.to_string() }))],
        );
        give(&desk, &format!("user-{id}"), "pro", Preset::Daily);
    }
    let lasting = give(&desk, "lena", "pro", Preset::Weekly);
    let before = stored_events(&desk);
    assert_eq!(run(&desk), 0, "no grant has ended");
    desk.clock.advance(86_400 * 2);
    let (both, jobs) = (Barrier::new(2), [work(&desk, &desk.db), work(&desk, &other)]);
    let counts: Vec<usize> = std::thread::scope(|scope| {
        let both = &both;
        let start = |job| scope.spawn(move || (both.wait(), jobs::run(job)).1);
        let threads: Vec<_> = jobs.iter().map(start).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    assert_eq!(counts.iter().sum::<usize>(), 60, "{counts:?}");
    assert_eq!(stored_events(&desk), before + 60);
    let [grant] = grants(&desk, "user-7").try_into().expect("one grant");
    assert_eq!(grant.status(desk.clock.now()), Status::GrantOver);
    assert_eq!((grant.expires_at, grant.unsubscribed_at), (Some(NOW.plus_days(1)), None));
    assert_eq!(history_of(&desk, "user-7").last().map(String::as_str), Some("own EXPIRATION"));
    assert!(grants(&desk, "lena").iter().all(|one| one.key == lasting.key && one.expiration_reason.is_none()));
    assert_eq!((run(&desk), pending_ends(&desk)), (0, 1));
}

#[actix_web::test]
async fn no_end_is_recorded_for_a_grant_removed_early_or_a_deleted_customer() {
    let desk = desk().await;
    deliver(&desk, desk.project, &[purchase("mara", 3, json!({})), purchase("zoe", 3, json!({}))]);
    let removed = give(&desk, "lena", "pro", Preset::Daily);
    remove(&desk, "lena", &removed.key).expect("it was running");
    give(&desk, "mara", "pro", Preset::Daily);
    let gone = customer(&desk, "mara");
    desk.db.batch(&format!("DELETE FROM customers WHERE id = {gone}")).expect("she is deleted");
    let before = stored_events(&desk);
    desk.clock.advance(86_400 * 2);
    assert_eq!((run(&desk), stored_events(&desk)), (0, before));
}

#[actix_web::test]
async fn an_end_is_recorded_for_the_customer_that_a_merge_left() {
    let desk = desk().await;
    deliver(&desk, desk.project, &[purchase("mara", 2, json!({}))]);
    give(&desk, "mara", "pro", Preset::Daily);
    let alias = json!({ "type": "SUBSCRIBER_ALIAS", "aliases": ["lena", "mara"], "app_user_id": "lena" });
    deliver(&desk, desk.project, &[purchase("lena", 1, alias)]);
    assert_eq!(customer(&desk, "mara"), customer(&desk, "lena"));
    desk.clock.advance(86_400 * 2);
    assert_eq!(run(&desk), 1);
    assert_eq!(history_of(&desk, "lena").last().map(String::as_str), Some("own EXPIRATION"));
}

fn moves(desk: &Desk, from: &str, to: &str) -> Move {
    let (from, to) = (customer(desk, from), customer(desk, to));
    Move { project: desk.project, from, to, now: desk.clock.now() }
}

fn transfer(desk: &Desk, from: &str, to: &str) -> Result<i64, transfer::Refusal> {
    let one = moves(desk, from, to);
    desk.db.write_here(|conn| one.make(conn, &desk.ids)).expect("it is stored")
}

/// Lena has a subscription, a test subscription, a one-time purchase and a grant; Mara a subscription.
pub async fn two() -> Desk {
    let desk = desk().await;
    let test = json!({ "environment": "SANDBOX", "transaction_id": "s", "original_transaction_id": "s" });
    let once = json!({
        "type": "NON_RENEWING_PURCHASE", "store": "PLAY_STORE", "transaction_id": "o", "original_transaction_id": "o",
        "expiration_at_ms": null, "product_id": "archive",
    });
    let all = [purchase("lena", 2, test), purchase("lena", 1, once), purchase("mara", 1, json!({}))];
    deliver_together(&desk, desk.project, &all);
    give(&desk, "lena", "pro", Preset::Weekly);
    desk
}

pub fn keys(desk: &Desk, id: &str) -> Vec<String> {
    bought(desk, id).into_iter().filter(|one| one.kind != Kind::Grant).map(|one| one.key).collect()
}

#[actix_web::test]
async fn a_transfer_moves_purchases_from_stores_and_leaves_grants() {
    let desk = two().await;
    assert_eq!(transfer(&desk, "lena", "mara"), Ok(3));
    assert_eq!((keys(&desk, "lena").len(), grants(&desk, "lena").len()), (0, 1));
    assert_eq!(keys(&desk, "mara"), ["APP_STORE:t-lena", "APP_STORE:t-mara", "PLAY_STORE:o", "APP_STORE:s"]);
    assert_eq!(grants(&desk, "mara"), []);
    assert_eq!(history_of(&desk, "lena").last().map(String::as_str), Some("lost TRANSFER"));
    assert_eq!(history_of(&desk, "mara").last().map(String::as_str), Some("own TRANSFER"));
    assert_ne!(customer(&desk, "lena"), customer(&desk, "mara"));
    assert_eq!(transfer(&desk, "lena", "mara"), Err(transfer::Refusal::NoPurchases));
    assert_eq!(transfer(&desk, "mara", "mara"), Err(transfer::Refusal::Same));
}

#[actix_web::test]
async fn a_transfer_does_what_its_preview_shows() {
    let desk = two().await;
    let one = moves(&desk, "lena", "mara");
    let seen = desk.db.read_here(|conn| one.preview(conn)).expect("a preview");
    let sides = [("lena", &seen.from), ("mara", &seen.to)];
    let check = |side: fn(
        &(dossier::projection::CustomerState, dossier::projection::CustomerState),
    ) -> &dossier::projection::CustomerState| {
        for (id, both) in sides {
            let mut wanted: Vec<Value> = side(both).purchases.iter().map(|one| json!(one)).collect();
            let mut stored: Vec<Value> = bought(&desk, id).iter().map(|one| json!(one)).collect();
            wanted.sort_by_key(Value::to_string);
            stored.sort_by_key(Value::to_string);
            assert_eq!(wanted, stored, "{id}");
        }
    };
    check(|both| &both.0);
    transfer(&desk, "lena", "mara").expect("it moves");
    check(|both| &both.1);
}

#[actix_web::test]
async fn opposite_transfers_at_once_lose_no_purchase() {
    let desk = two().await;
    let other = Db::open(&desk.application.config.database_url, 2).expect("a second process");
    for _ in 0..5 {
        let (both, there, back) = (Barrier::new(2), moves(&desk, "lena", "mara"), moves(&desk, "mara", "lena"));
        let make = |db: &Db, one: Move| (both.wait(), db.write_here(|conn| one.make(conn, &desk.ids))).1;
        let made = std::thread::scope(|scope| {
            let back = scope.spawn(|| make(&other, back));
            (make(&desk.db, there), back.join().expect("no panic"))
        });
        assert!(made.0.is_ok() && made.1.is_ok(), "{made:?}");
        let mut all = keys(&desk, "lena");
        all.extend(keys(&desk, "mara"));
        all.sort();
        assert_eq!(all, ["APP_STORE:s", "APP_STORE:t-lena", "APP_STORE:t-mara", "PLAY_STORE:o"]);
    }
}

#[actix_web::test]
async fn a_late_event_still_follows_the_purchase() {
    let desk = two().await;
    transfer(&desk, "lena", "mara").expect("it moves");
    let late = json!({
        "type": "RENEWAL", "id": "late", "transaction_id": "t-lena-2", "original_transaction_id": "t-lena",
        "event_timestamp_ms": NOW.plus_seconds(-60), "purchased_at_ms": NOW.plus_seconds(-60),
        "expiration_at_ms": NOW.plus_days(30),
    });
    deliver(&desk, desk.project, &[purchase("lena", 0, late)]);
    assert_eq!(keys(&desk, "lena"), [] as [&str; 0]);
    let renewed = bought(&desk, "mara").into_iter().find(|one| one.key == "APP_STORE:t-lena").expect("it moved");
    assert_eq!(renewed.expires_at, Some(NOW.plus_days(30)));
}

#[actix_web::test]
async fn an_event_dated_ahead_does_not_undo_a_transfer() {
    let desk = desk().await;
    let ahead = json!({
        "type": "RENEWAL", "id": "ahead", "event_timestamp_ms": Moment(4_000_000_000_000), "transaction_id": "t2",
        "original_transaction_id": "t-lena",
    });
    deliver(&desk, desk.project, &[purchase("lena", 0, ahead), purchase("mara", 1, json!({}))]);
    for (from, to) in [("lena", "mara"), ("mara", "lena"), ("lena", "mara")] {
        assert!(transfer(&desk, from, to).is_ok());
        assert_eq!((keys(&desk, from).len(), keys(&desk, to).len()), (0, 2), "{from} to {to}");
    }
}

#[actix_web::test]
async fn a_rebuild_gives_the_same_state() {
    let desk = two().await;
    let removed = give(&desk, "lena", "coach", Preset::Daily);
    remove(&desk, "lena", &removed.key).expect("it was running");
    give(&desk, "mara", "coach", Preset::Daily);
    desk.clock.advance(86_400 * 8);
    assert_eq!(run(&desk), 2);
    transfer(&desk, "lena", "mara").expect("it moves");
    let before = (bought(&desk, "lena"), bought(&desk, "mara"), history_of(&desk, "lena"), history_of(&desk, "mara"));
    let bar = indicatif::ProgressBar::hidden();
    dossier::cli::rebuild::rebuild(&desk.db, Some(desk.project), &bar).expect("it is rebuilt");
    let after = (bought(&desk, "lena"), bought(&desk, "mara"), history_of(&desk, "lena"), history_of(&desk, "mara"));
    assert_eq!(before, after);
    let customers = [customer(&desk, "lena"), customer(&desk, "mara")];
    let read = desk.db.read_here(|conn| Ok::<_, Error>(state::read(conn, customers)?)).expect("they are read");
    assert_eq!(read.len(), 1, "a transfer links them");
}

//! The Test Store: purchases with a made-up token, their renewals, and purchases that are refused.

use std::sync::Barrier;

use actix_web::http::StatusCode;
use actix_web::test::TestRequest;
use diesel::prelude::*;
use dossier::base::clock::Moment;
use dossier::base::error::Error;
use dossier::db::Db;
use dossier::db::schema::{api_keys, app_user_ids, projects, test_sales};
use dossier::jobs;
use dossier::projection::{Purchase, Status};
use serde_json::{Value, json};

use crate::support::audit_log::audit_lines;
use crate::support::cast::SOL;
use crate::support::catalogs::apply_catalog;
use crate::support::customers::{count_events, customer_id, history_of, profiles, purchases_of};
use crate::support::events::{deliver, purchase, replace_fields};
use crate::support::jobs::{jobs_of_process, run_jobs};
use crate::support::operations::{erase_customer, transfer_purchases};
use crate::support::{Answer, Desk, NOW};

const MINUTE: i64 = 60;

/// Makes a key of the project: with the prefix of a store, or a secret key.
fn key(desk: &Desk, store: Option<&str>) -> String {
    let name = if store.is_some() { "Sundial app" } else { "Our server" };
    desk.client(desk.project, name, store).key
}

/// Applies a catalog of the Test Store: subscriptions of all lengths, and products that do not renew.
fn stock(desk: &Desk) {
    let sold = |id: &str, kind: &str, duration: Value, amount: &str, currency: &str| {
        json!({
            "id": id, "store": "TEST_STORE", "display_name": format!("{id} (test)"), "type": kind, "duration": duration,
            "price": { "amount": amount, "currency": currency },
        })
    };
    let renewing = |id: &str, duration: &str| sold(id, "subscription", json!(duration), "9.99", "USD");
    let lengths =
        [("week", "P1W"), ("month", "P1M"), ("two", "P2M"), ("three", "P3M"), ("six", "P6M"), ("year", "P1Y")];
    let mut products: Vec<Value> = lengths.iter().map(|(id, duration)| renewing(id, duration)).collect();
    products.extend([
        sold("euros", "subscription", json!("P1M"), "8.99", "EUR"),
        sold("coins", "consumable", json!(null), "1.99", "USD"),
        sold("for_life", "non_consumable", json!(null), "149.99", "USD"),
        sold("retreat", "non_renewing_subscription", json!("P30D"), "19.99", "USD"),
        json!({ "id": "bare", "store": "TEST_STORE", "type": "subscription" }),
        json!({ "id": "elsewhere", "store": "APP_STORE", "type": "subscription", "duration": "P1M" }),
    ]);
    let file = json!({ "products": products, "entitlements": [
        { "id": "pro", "display_name": "Pro access", "products": ["month", "year", "for_life", "retreat"] },
    ], "offerings": [{ "id": "standard", "display_name": "Standard", "default": true }] });
    apply_catalog(&desk, &file);
}

async fn desk() -> (Desk, String) {
    let desk = Desk::open().await;
    stock(&desk);
    let key = key(&desk, Some("TEST_STORE"));
    (desk, key)
}

fn token(number: i64) -> String {
    format!("test_{}_5f0c7a52-6f0e-4a43-9d5b-{number:012}", NOW.millis() + number)
}

/// What purchases-js 1.63.1 posts.
fn posted(id: &str, product: &str, token: &str) -> Value {
    json!({
        "fetch_token": token, "product_id": product, "currency": "USD", "app_user_id": id,
        "presented_offering_identifier": "standard", "presented_placement_identifier": null,
        "applied_targeting_rule": null, "initiation_source": "purchase",
    })
}

fn request(key: &str, platform: &str, body: String) -> TestRequest {
    TestRequest::post()
        .uri("/v1/receipts")
        .insert_header(("authorization", format!("Bearer {key}")))
        .insert_header(("content-type", "application/json"))
        .insert_header(("x-platform", platform))
        .set_payload(body)
}

async fn post(desk: &Desk, key: &str, body: &Value) -> Answer {
    desk.call(request(key, "web", body.to_string())).await
}

async fn buy(desk: &Desk, key: &str, id: &str, product: &str, number: i64) -> Value {
    let answer = post(desk, key, &posted(id, product, &token(number))).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    serde_json::from_str(&answer.body).expect("JSON")
}

fn refused(answer: &Answer) -> (u16, u16) {
    let error: Value = serde_json::from_str(&answer.body).expect("JSON");
    assert!(error["message"].as_str().is_some_and(|message| message.len() > 10), "{error}");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    (answer.status.as_u16(), u16::try_from(error["code"].as_u64().expect("a code")).expect("a small one"))
}

fn only(desk: &Desk, id: &str) -> Purchase {
    let [one] = purchases_of(desk, id).try_into().expect("one purchase");
    one
}

fn pending(desk: &Desk) -> i64 {
    desk.db.read_here(|conn| Ok::<_, Error>(test_sales::table.count().get_result(conn)?)).expect("it counts")
}

fn set_behavior(desk: &Desk, behavior: &str) {
    let set = desk.db.write_here(|conn| {
        let own = projects::table.find(desk.project);
        diesel::update(own).set(projects::sandbox_transfer_behavior.eq(behavior)).execute(conn)?;
        Ok::<_, Error>(())
    });
    set.expect("it is set");
}

#[actix_web::test]
async fn a_post_of_purchases_js_buys_the_product_and_unlocks_its_entitlement() {
    let (desk, key) = desk().await;
    let info = buy(&desk, &key, "sandy", "month", 1).await;
    let subscriber = &info["subscriber"];
    let ends = "2026-11-23T17:05:00Z";
    let entitlement = &subscriber["entitlements"]["pro"];
    assert_eq!((&entitlement["product_identifier"], &entitlement["expires_date"]), (&json!("month"), &json!(ends)));
    let subscription = &subscriber["subscriptions"]["month"];
    assert_eq!(subscription["expires_date"], ends);
    assert_eq!((&subscription["store"], &subscription["is_sandbox"]), (&json!("test_store"), &json!(true)));
    assert_eq!(subscription["store_transaction_id"], token(1));
    assert_eq!(subscription["display_name"], "month (test)");
    assert_eq!(subscription["period_type"], "normal");
    assert_eq!(subscriber["original_app_user_id"], "sandy");
    let purchase = only(&desk, "sandy");
    assert_eq!(
        (purchase.status(NOW), purchase.paid.clone().map(|paid| paid.shown())),
        (Status::Active, Some("USD 9.99".into()))
    );
    assert_eq!(purchase.presented_offering.as_deref(), Some("standard"));
    assert_eq!(purchase.entitlement_ids, ["pro"]);
    assert_eq!(history_of(&desk, "sandy"), ["own INITIAL_PURCHASE"]);
    assert_eq!(audit_lines(&desk), ["test_purchase_made: month | - | - | -"]);
}

#[actix_web::test]
async fn a_purchase_is_on_the_profile_with_the_key_that_made_it() {
    let (desk, key) = desk().await;
    buy(&desk, &key, "sandy", "month", 1).await;
    let page = desk.get(&SOL, "/projects/sundial/customers/sandy?sandbox=1").await;
    assert!(page.body.contains("month (test)") && page.body.contains("Test Store"), "{}", page.body);
    assert!(page.body.contains("Pro access"));
    let team = desk.get(&SOL, "/projects/sundial/customers/sandy?topic=team").await;
    assert!(team.body.contains("Sundial app") && team.body.contains("bought in the Test Store"), "{}", team.body);
    let found = desk.get(&SOL, &format!("/projects/sundial/customers?q={}", token(1))).await;
    assert!(found.body.contains("sandy") || found.header("location").contains("sandy"), "{}", found.body);
}

#[actix_web::test]
async fn a_token_buys_once_however_often_it_is_posted() {
    let (desk, key) = desk().await;
    buy(&desk, &key, "sandy", "month", 1).await;
    let before = profiles(&desk, desk.project);
    desk.clock.advance(10);
    let again = buy(&desk, &key, "sandy", "month", 1).await;
    assert_eq!(again["subscriber"]["entitlements"]["pro"]["expires_date"], "2026-11-23T17:05:00Z");
    // The token decides, whichever product the retry names.
    buy(&desk, &key, "sandy", "gone", 1).await;
    assert_eq!(profiles(&desk, desk.project), before);
    assert_eq!((pending(&desk), audit_lines(&desk).len()), (1, 1));
    desk.clock.advance(40 * MINUTE);
    run_jobs(&desk);
    let over = buy(&desk, &key, "sandy", "month", 1).await;
    assert_eq!(over["subscriber"]["entitlements"]["pro"]["expires_date"], "2026-11-23T17:30:00Z");
    assert_eq!(pending(&desk), 0, "an expired subscription does not start again");
}

#[actix_web::test]
async fn fifty_posts_of_one_token_at_once_are_one_purchase() {
    let (desk, key) = desk().await;
    let body = posted("sandy", "coins", &token(1)).to_string();
    let answers = futures_util::future::join_all((0..50).map(|_| desk.call(request(&key, "web", body.clone())))).await;
    for answer in &answers {
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let info: Value = serde_json::from_str(&answer.body).expect("JSON");
        assert_eq!(info["subscriber"]["non_subscriptions"]["coins"].as_array().map(Vec::len), Some(1));
    }
    assert_eq!((count_events(&desk), audit_lines(&desk).len()), (1, 1));
}

#[actix_web::test]
async fn a_subscription_renews_five_times_on_the_fast_schedule_and_expires() {
    let lengths = [("week", 5), ("month", 5), ("two", 10), ("three", 15), ("six", 30), ("year", 60)];
    for (product, minutes) in lengths {
        let (desk, key) = desk().await;
        buy(&desk, &key, "sandy", product, 1).await;
        for renewal in 1..=5 {
            desk.clock.advance(minutes * MINUTE - 1);
            assert_eq!(run_jobs(&desk), 0, "{product}");
            assert!(only(&desk, "sandy").is_active(desk.clock.now()));
            desk.clock.advance(1);
            assert_eq!(run_jobs(&desk), 1, "{product}");
            let (purchase, start) = (only(&desk, "sandy"), NOW.plus_seconds(renewal * minutes * MINUTE));
            assert_eq!((purchase.period_start, purchase.renewal_number), (start, Some(renewal + 1)));
            assert_eq!(purchase.expires_at, Some(start.plus_seconds(minutes * MINUTE)));
            assert_eq!(purchase.will_renew(), renewal < 5);
            assert_eq!(purchase.status(start), if renewal < 5 { Status::Active } else { Status::Cancelled });
        }
        desk.clock.advance(minutes * MINUTE);
        assert_eq!((run_jobs(&desk), run_jobs(&desk), pending(&desk)), (1, 0, 0));
        let purchase = only(&desk, "sandy");
        assert_eq!(purchase.status(desk.clock.now()), Status::Expired);
        assert_eq!(purchase.expires_at, Some(NOW.plus_seconds(6 * minutes * MINUTE)));
        assert_eq!(purchase.revenue.payments, 6);
    }
}

/// Every event of a subscription, in order.
const LIFE: [&str; 8] = [
    "own INITIAL_PURCHASE",
    "own RENEWAL",
    "own RENEWAL",
    "own RENEWAL",
    "own RENEWAL",
    "own RENEWAL",
    "own CANCELLATION",
    "own EXPIRATION",
];

#[actix_web::test]
async fn missed_events_are_made_up_in_order_with_their_planned_dates() {
    let (desk, key) = desk().await;
    buy(&desk, &key, "sandy", "month", 1).await;
    buy(&desk, &key, "vic", "year", 2).await;
    desk.clock.advance(86_400);
    assert_eq!(run_jobs(&desk), 12);
    assert_eq!(
        (history_of(&desk, "sandy"), history_of(&desk, "vic")),
        (LIFE.map(str::to_owned).to_vec(), LIFE.map(str::to_owned).to_vec())
    );
    let purchase = only(&desk, "sandy");
    assert_eq!(purchase.unsubscribed_at, Some(NOW.plus_seconds(25 * MINUTE)));
    assert_eq!(purchase.expires_at, Some(NOW.plus_seconds(30 * MINUTE)));
    assert_eq!(purchase.transaction_id, Some(format!("{}.5", token(1))));
    assert_eq!(purchase.spans.len(), 1, "one bar without a gap");
    // The result is the same without the gap.
    let late = purchases_of(&desk, "sandy");
    let (desk, key) = self::desk().await;
    buy(&desk, &key, "sandy", "month", 1).await;
    for _ in 0..6 {
        desk.clock.advance(5 * MINUTE);
        run_jobs(&desk);
    }
    assert_eq!(purchases_of(&desk, "sandy"), late);
}

#[actix_web::test]
async fn two_processes_record_each_step_once() {
    let (desk, key) = desk().await;
    for number in 0..20 {
        buy(&desk, &key, &format!("user-{number}"), "month", number).await;
    }
    desk.clock.advance(3_600);
    let other = Db::open(&desk.application.config.database_url, 2).expect("the same database");
    let (both, jobs) = (Barrier::new(2), [jobs_of_process(&desk, &desk.db), jobs_of_process(&desk, &other)]);
    let counts: Vec<usize> = std::thread::scope(|scope| {
        let both = &both;
        let start = |job| scope.spawn(move || (both.wait(), jobs::run(job)).1);
        let threads: Vec<_> = jobs.iter().map(start).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    run_jobs(&desk);
    assert!(counts.iter().sum::<usize>() <= 120, "{counts:?}");
    assert_eq!((count_events(&desk), pending(&desk)), (20 * 8, 0));
    for number in 0..20 {
        assert_eq!(history_of(&desk, &format!("user-{number}")), LIFE);
    }
}

#[actix_web::test]
async fn events_that_arrived_meanwhile_come_before_the_schedule() {
    let (desk, key) = desk().await;
    for (number, id) in [(1, "off"), (2, "back"), (3, "longer")] {
        buy(&desk, &key, id, "month", number).await;
    }
    let event = |id: &str, number: i64, kind: &str, extra: Value| {
        let mut fields = json!({
            "type": kind, "id": format!("{id}-{kind}"), "store": "TEST_STORE", "environment": "SANDBOX", "product_id": "month",
            "transaction_id": token(number), "original_transaction_id": token(number), "purchased_at_ms": NOW,
            "event_timestamp_ms": NOW.plus_seconds(60), "expiration_at_ms": NOW.plus_seconds(300), "price": 0,
        });
        replace_fields(&mut fields, &extra);
        purchase(id, 0, fields)
    };
    let refund =
        json!({ "cancel_reason": "CUSTOMER_SUPPORT", "price": -9.99, "expiration_at_ms": NOW.plus_seconds(60) });
    let events = [
        event("off", 1, "CANCELLATION", json!({ "cancel_reason": "UNSUBSCRIBE" })),
        event("back", 2, "CANCELLATION", refund),
        event("longer", 3, "SUBSCRIPTION_EXTENDED", json!({ "expiration_at_ms": NOW.plus_seconds(900) })),
    ];
    deliver(&desk, desk.project, &events);
    desk.clock.advance(300);
    assert_eq!(run_jobs(&desk), 2);
    for id in ["off", "back"] {
        assert_eq!(history_of(&desk, id).last().map(String::as_str), Some("own EXPIRATION"), "{id}");
        assert!(!only(&desk, id).is_active(desk.clock.now()));
    }
    assert!(only(&desk, "longer").is_active(desk.clock.now()));
    desk.clock.advance(600);
    assert_eq!(run_jobs(&desk), 1);
    let longer = only(&desk, "longer");
    assert_eq!((longer.period_start, longer.expires_at), (NOW.plus_seconds(900), Some(NOW.plus_seconds(1_200))));
}

#[actix_web::test]
async fn a_subscription_renews_for_whoever_has_it() {
    let (desk, key) = desk().await;
    buy(&desk, &key, "sandy", "month", 1).await;
    buy(&desk, &key, "$RCAnonymousID:0123456789abcdef0123456789abcdef", "year", 2).await;
    deliver(&desk, desk.project, &[purchase("vic", 0, json!({}))]);
    assert!(transfer_purchases(&desk, "sandy", "vic").is_ok());
    // A log-in: both ids are one customer.
    let aliases = ["vic", "$RCAnonymousID:0123456789abcdef0123456789abcdef"];
    deliver(
        &desk,
        desk.project,
        &[purchase("vic", 0, json!({ "id": "log-in", "type": "SUBSCRIBER_ALIAS", "aliases": aliases }))],
    );
    desk.clock.advance(3_600);
    assert_eq!(run_jobs(&desk), 7);
    let own: Vec<_> = purchases_of(&desk, "vic").into_iter().map(|one| (one.product_id, one.renewal_number)).collect();
    let wanted = [("pro_monthly", None), ("month", Some(6)), ("year", Some(2))];
    assert_eq!(own, wanted.map(|(product, number)| (product.to_owned(), number)));
    assert!(purchases_of(&desk, "sandy").is_empty());
    assert_eq!(erase_customer(&desk, desk.project, "sandy").customers, 1);
    desk.clock.advance(3_600);
    run_jobs(&desk);
    let year = purchases_of(&desk, "vic").into_iter().find(|one| one.product_id == "year").expect("it stays");
    assert_eq!((year.renewal_number, pending(&desk)), (Some(3), 1));
}

#[actix_web::test]
async fn an_erasure_deletes_the_purchases_and_a_retry_does_not_bring_them_back() {
    let (desk, key) = desk().await;
    buy(&desk, &key, "sandy", "month", 1).await;
    desk.clock.advance(60);
    assert_eq!(erase_customer(&desk, desk.project, "sandy").customers, 1);
    assert_eq!((pending(&desk), count_events(&desk)), (0, 0));
    desk.clock.advance(3_600);
    run_jobs(&desk);
    let retried = post(&desk, &key, &posted("sandy", "month", &token(1))).await;
    assert_eq!(refused(&retried), (400, 7103));
    assert_eq!((count_events(&desk), pending(&desk)), (0, 0));
    let fresh = format!("test_{}_a", desk.clock.now().millis());
    assert_eq!(post(&desk, &key, &posted("sandy", "month", &fresh)).await.status, StatusCode::OK);
}

#[actix_web::test]
async fn products_that_do_not_renew_are_bought_once_or_any_number_of_times() {
    let (desk, key) = desk().await;
    buy(&desk, &key, "sandy", "coins", 1).await;
    let info = buy(&desk, &key, "sandy", "coins", 2).await;
    let coins = info["subscriber"]["non_subscriptions"]["coins"].as_array().expect("a list");
    assert_eq!(coins.iter().map(|one| one["id"].clone()).collect::<Vec<_>>(), [token(1), token(2)]);
    buy(&desk, &key, "sandy", "for_life", 3).await;
    let info = buy(&desk, &key, "sandy", "retreat", 4).await;
    assert_eq!(info["subscriber"]["entitlements"]["pro"]["expires_date"], Value::Null);
    let retreat =
        purchases_of(&desk, "sandy").into_iter().find(|one| one.product_id == "retreat").expect("it is there");
    assert_eq!(retreat.expires_at, Some(NOW.plus_seconds(5 * MINUTE)));
    buy(&desk, &key, "sandy", "bare", 5).await;
    assert_eq!((history_of(&desk, "sandy"), pending(&desk)), (vec!["own NON_RENEWING_PURCHASE".to_owned(); 5], 0));
    for held in ["for_life"] {
        let again = post(&desk, &key, &posted("sandy", held, &token(6))).await;
        assert_eq!(refused(&again), (409, 7772), "{held}");
    }
}

#[actix_web::test]
async fn an_active_subscription_is_not_bought_twice_and_an_expired_one_is() {
    let (desk, key) = desk().await;
    buy(&desk, &key, "sandy", "month", 1).await;
    let twice = post(&desk, &key, &posted("sandy", "month", &token(2))).await;
    assert_eq!(refused(&twice), (409, 7772));
    buy(&desk, &key, "sandy", "year", 3).await;
    buy(&desk, &key, "vic", "month", 4).await;
    desk.clock.advance(31 * MINUTE);
    run_jobs(&desk);
    buy(&desk, &key, "sandy", "month", 5).await;
    assert_eq!(purchases_of(&desk, "sandy").len(), 3);
}

#[actix_web::test]
async fn a_catalog_without_test_products_sells_the_products_of_other_stores() {
    let desk = Desk::open().await;
    let file = json!({ "products": [
        { "id": "pro_monthly", "store": "APP_STORE", "type": "subscription", "duration": "P1M",
          "price": { "amount": "9.99", "currency": "USD" } },
    ]});
    apply_catalog(&desk, &file);
    let key = key(&desk, Some("TEST_STORE"));
    let info = buy(&desk, &key, "sandy", "pro_monthly", 1).await;
    assert_eq!(info["subscriber"]["subscriptions"]["pro_monthly"]["store"], "test_store");
}

#[actix_web::test]
async fn a_price_in_another_currency_is_shown_in_that_currency() {
    let (desk, key) = desk().await;
    buy(&desk, &key, "sandy", "euros", 1).await;
    desk.clock.advance(5 * MINUTE);
    run_jobs(&desk);
    let purchase = only(&desk, "sandy");
    assert_eq!(purchase.paid.map(|paid| paid.shown()), Some("EUR 8.99".into()));
    assert_eq!(purchase.revenue.prices_missing, 2, "there are no dollars to add up");
}

#[actix_web::test]
async fn a_token_of_somebody_else_follows_the_setting_for_sandbox_purchases() {
    for (behavior, wanted) in [
        ("transfer_to_new", Ok("vic")),
        ("transfer_if_no_active", Err((400, 7102))),
        ("keep_with_original", Err((400, 7102))),
        ("share", Err((400, 7102))),
    ] {
        let (desk, key) = desk().await;
        set_behavior(&desk, behavior);
        buy(&desk, &key, "sandy", "month", 1).await;
        let answer = post(&desk, &key, &posted("vic", "month", &token(1))).await;
        match wanted {
            Ok(holder) => {
                assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
                assert_eq!((purchases_of(&desk, holder).len(), purchases_of(&desk, "sandy").len()), (1, 0));
                assert_eq!(history_of(&desk, "sandy"), ["own INITIAL_PURCHASE", "lost TRANSFER"]);
                assert_eq!(
                    audit_lines(&desk).last().map(String::as_str),
                    Some("purchases_transferred: - | - | moved to vic | -")
                );
                desk.clock.advance(5 * MINUTE);
                assert_eq!((run_jobs(&desk), purchases_of(&desk, holder).len()), (1, 1), "it renews there");
                // Sandy posts the same token again and gets the purchase back.
                assert_eq!(post(&desk, &key, &posted("sandy", "month", &token(1))).await.status, StatusCode::OK);
                assert_eq!((purchases_of(&desk, "sandy").len(), count_events(&desk)), (1, 4));
            }
            Err(why) => {
                assert_eq!(refused(&answer), why, "{behavior}");
                assert_eq!((purchases_of(&desk, "sandy").len(), purchases_of(&desk, "vic").len()), (1, 0));
            }
        }
    }
}

#[actix_web::test]
async fn a_token_of_an_anonymous_customer_merges_both() {
    let (desk, key) = desk().await;
    set_behavior(&desk, "keep_with_original");
    let anonymous = "$RCAnonymousID:0123456789abcdef0123456789abcdef";
    buy(&desk, &key, anonymous, "month", 1).await;
    let info = buy(&desk, &key, "vic", "month", 1).await;
    assert_eq!(info["subscriber"]["original_app_user_id"], anonymous);
    assert_eq!(customer_id(&desk, "vic"), customer_id(&desk, anonymous));
    assert_eq!(history_of(&desk, "vic"), ["own INITIAL_PURCHASE", "own SUBSCRIBER_ALIAS"]);
    desk.clock.advance(5 * MINUTE);
    assert_eq!((run_jobs(&desk), purchases_of(&desk, "vic").len()), (1, 1));
}

#[actix_web::test]
async fn mobile_sdks_and_servers_buy_the_same_way() {
    let (desk, key) = desk().await;
    // purchases-android names products in a list and sends its prices along; iOS writes the token in capitals.
    let android = json!({
        "fetch_token": token(1), "product_ids": ["month"], "platform_product_ids": [{ "product_id": "month" }],
        "app_user_id": "sandy", "is_restore": false, "presented_offering_identifier": "standard", "observer_mode": false,
        "purchase_completed_by": "revenuecat", "sdk_originated": true, "price": 1.5, "currency": "EUR",
        "normal_duration": "P1M", "pricing_phases": [], "initiation_source": "purchase",
    });
    let taken = desk.call(request(&key, "android", android.to_string())).await;
    assert_eq!(taken.status, StatusCode::OK, "{}", taken.body);
    assert_eq!(
        only(&desk, "sandy").paid.map(|paid| paid.shown()),
        Some("USD 9.99".into()),
        "the catalog's price counts"
    );
    let ios = posted("vic", "month", &token(2).to_uppercase().replacen("TEST", "test", 1));
    assert_eq!(desk.call(request(&key, "iOS", ios.to_string())).await.status, StatusCode::OK);
    let secret = self::key(&desk, None);
    let server = json!({ "app_user_id": "new one", "fetch_token": token(3), "product_id": "month" });
    let taken = desk.call(request(&secret, "android", server.to_string())).await;
    assert_eq!(taken.status, StatusCode::OK, "{}", taken.body);
    let info: Value = serde_json::from_str(&taken.body).expect("JSON");
    assert_eq!(info["subscriber"]["original_app_user_id"], "new one");
    let attributes = json!({ "plan": { "value": "pro", "updated_at_ms": 5 }, "two words": { "value": "x" } });
    let mut with_attributes = posted("vic", "coins", &token(4));
    with_attributes["attributes"] = attributes.clone();
    let taken = desk.call(request(&key, "iOS", with_attributes.to_string())).await;
    let info: Value = serde_json::from_str(&taken.body).expect("JSON");
    assert_eq!(
        (taken.status, &info["subscriber"]["non_subscriptions"]["coins"][0]["id"]),
        (StatusCode::OK, &json!(token(4)))
    );
    assert_eq!(info["attributes_error_response"]["code"], 7263, "{info}");
    assert_eq!(info["attributes_error_response"]["attribute_errors"][0]["key_name"], "two words");
    // Most refusals still save the attributes.
    let mut refusal = posted("lena", "gone", &token(5));
    refusal["attributes"] = attributes;
    assert_eq!(refused(&desk.call(request(&key, "android", refusal.to_string())).await), (404, 7101));
    for id in ["vic", "lena"] {
        let page = desk.get(&SOL, &format!("/projects/sundial/customers/{id}")).await;
        assert!(page.body.contains("plan") && !page.body.contains("two words"), "{id}");
    }
    let silent = request(&secret, "", server.to_string());
    assert_eq!(refused(&desk.call(silent).await), (400, 7000));
}

#[actix_web::test]
async fn an_invalid_purchase_is_refused_with_its_code() {
    let (desk, key) = desk().await;
    let body = |change: Value| {
        let mut body = posted("sandy", "month", &token(1));
        replace_fields(&mut body, &change);
        body
    };
    for (change, wanted) in [
        (json!({ "fetch_token": null }), (400, 7226)),
        (json!({ "fetch_token": "" }), (400, 7226)),
        (json!({ "fetch_token": 7 }), (400, 7226)),
        (json!({ "app_user_id": null }), (400, 7226)),
        (json!({ "app_user_id": "" }), (400, 7220)),
        (json!({ "app_user_id": "null" }), (400, 7220)),
        (json!({ "app_user_id": "a/b" }), (400, 7220)),
        (json!({ "app_user_id": "a\0b" }), (400, 7220)),
        (json!({ "app_user_id": "x".repeat(101) }), (400, 7220)),
        (json!({ "product_id": null }), (400, 7226)),
        (json!({ "product_id": "gone" }), (404, 7101)),
        (json!({ "product_id": "elsewhere" }), (404, 7101)),
        (json!({ "product_id": "a\0b" }), (404, 7101)),
        (json!({ "fetch_token": "GPA.3309-9122-6177-45730" }), (400, 7103)),
        (json!({ "fetch_token": "test_1_a\0" }), (400, 7103)),
    ] {
        let answer = post(&desk, &key, &body(change.clone())).await;
        assert_eq!(refused(&answer), wanted, "{change} {}", answer.body);
    }
    for text in ["", "{", "[]", "null", "{\"a\":1}", &format!("{{\"a\":{}", "[".repeat(100_000))] {
        let answer = desk.call(request(&key, "web", text.to_owned())).await;
        assert_eq!(refused(&answer), (400, 7226), "{}", answer.body);
    }
    let large = format!("{{\"fetch_token\":\"{}\"}}", "a".repeat(1 << 20));
    assert_eq!(desk.call(request(&key, "web", large)).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(desk.call(request("test_nobody", "web", "{}".into())).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!((count_events(&desk), pending(&desk), audit_lines(&desk).len()), (0, 0, 0));
}

#[actix_web::test]
async fn receipts_of_stores_without_a_connection_are_refused() {
    let (desk, _) = desk().await;
    let secret = key(&desk, None);
    for (store, platform, wanted, named) in [
        (Some("APP_STORE"), "iOS", (400, 7662), "App Store"),
        (Some("MAC_APP_STORE"), "macOS", (400, 7662), "Mac App Store"),
        (Some("PLAY_STORE"), "android", (400, 7662), "Google Play"),
        (Some("AMAZON"), "amazon", (400, 7662), "Amazon Appstore"),
        (Some("STRIPE"), "web", (400, 7662), "Stripe"),
        (None, "ios", (400, 7101), "App Store"),
        (None, "android", (400, 7101), "Google Play"),
        (None, "stripe", (400, 7101), "Stripe"),
        (None, "toaster", (400, 7101), "this store"),
    ] {
        let key = store.map_or_else(|| secret.clone(), |store| key(&desk, Some(store)));
        let body = json!({ "app_user_id": "lena", "fetch_token": "MIIUVQYJKoZIhvcNAQcC", "product_id": "elsewhere" });
        let answer = desk.call(request(&key, platform, body.to_string())).await;
        assert_eq!(refused(&answer), wanted, "{store:?} {platform}");
        assert!(answer.body.contains(&format!("no connection to {named}")), "{}", answer.body);
    }
    let known = desk.db.read_here(|conn| Ok::<i64, Error>(app_user_ids::table.count().get_result(conn)?));
    assert_eq!(known.expect("it counts"), 1, "a refused receipt of an app is still a contact");
    let test_token = posted("lena", "month", &token(1)).to_string();
    let answer = desk.call(request(&key(&desk, Some("APP_STORE")), "iOS", test_token)).await;
    assert_eq!(refused(&answer), (400, 7103));
    let revoked = key(&desk, Some("TEST_STORE"));
    let ended = desk.db.write_here(|conn| {
        diesel::update(api_keys::table).set(api_keys::revoked_at.eq(Moment(1).millis())).execute(conn)?;
        Ok::<_, Error>(())
    });
    ended.expect("the keys are revoked");
    assert_eq!(post(&desk, &revoked, &posted("lena", "month", &token(1))).await.status, StatusCode::UNAUTHORIZED);
}

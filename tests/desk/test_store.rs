//! The Test Store: buying once, renewing on the fast schedule, and what happens to a purchase later.

use std::sync::Barrier;

use actix_web::http::StatusCode;
use diesel::prelude::*;
use dossier::base::error::Error;
use dossier::db::schema::projects;
use dossier::ingest::Outcome;
use dossier::projection::Status;
use serde_json::{Value, json};

use crate::support::audit_log::audit_lines;
use crate::support::cast::SOL;
use crate::support::catalogs::apply_catalog;
use crate::support::customers::{count_events, customer_id, history_of, profiles, purchases_of};
use crate::support::events::{deliver, purchase, replace_fields, transfer_event};
use crate::support::jobs::{jobs_of_process, run_all, run_jobs};
use crate::support::operations::{erase_customer, transfer_purchases};
use crate::support::test_store::{
    buy, count_pending_renewals, desk_with_test_store, new_key, only_purchase, post_receipt, receipt, receipt_request,
    refused_receipt, test_token,
};
use crate::support::{Desk, NOW};

const MINUTE: i64 = 60;

fn set_behavior(desk: &Desk, behavior: &str) {
    let set = desk.db.write_here(|conn| {
        let own = projects::table.find(desk.project);
        diesel::update(own).set(projects::sandbox_transfer_behavior.eq(behavior)).execute(conn)?;
        Ok::<_, Error>(())
    });
    set.expect("it is set");
}

#[actix_web::test]
async fn a_purchase_is_on_the_profile_with_the_key_that_made_it() {
    let (desk, key) = desk_with_test_store().await;
    buy(&desk, &key, "sandy", "month", 1).await;
    let page = desk.get(&SOL, "/projects/sundial/customers/sandy?sandbox=1").await;
    assert!(page.body.contains("month (test)") && page.body.contains("Test Store"), "{}", page.body);
    assert!(page.body.contains("Pro access"));
    let team = desk.get(&SOL, "/projects/sundial/customers/sandy?topic=team").await;
    assert!(team.body.contains("Sundial app") && team.body.contains("bought in the Test Store"), "{}", team.body);
    let found = desk.get(&SOL, &format!("/projects/sundial/customers?q={}", test_token(1))).await;
    assert!(found.body.contains("sandy") || found.header("location").contains("sandy"), "{}", found.body);
}

#[actix_web::test]
async fn a_token_buys_once_however_often_it_is_posted() {
    let (desk, key) = desk_with_test_store().await;
    buy(&desk, &key, "sandy", "month", 1).await;
    let before = profiles(&desk, desk.project);
    desk.clock.advance(10);
    let again = buy(&desk, &key, "sandy", "month", 1).await;
    assert_eq!(again["subscriber"]["entitlements"]["pro"]["expires_date"], "2026-11-23T17:05:00Z");
    // The token decides, whichever product the retry names.
    buy(&desk, &key, "sandy", "gone", 1).await;
    assert_eq!(profiles(&desk, desk.project), before);
    assert_eq!((count_pending_renewals(&desk), audit_lines(&desk).len()), (1, 1));
    desk.clock.advance(40 * MINUTE);
    run_jobs(&desk);
    let over = buy(&desk, &key, "sandy", "month", 1).await;
    assert_eq!(over["subscriber"]["entitlements"]["pro"]["expires_date"], "2026-11-23T17:30:00Z");
    assert_eq!(count_pending_renewals(&desk), 0, "an expired subscription does not start again");
}

#[actix_web::test]
async fn fifty_posts_of_one_token_at_once_are_one_purchase() {
    let (desk, key) = desk_with_test_store().await;
    let body = receipt("sandy", "coins", &test_token(1)).to_string();
    let answers = desk.call_at_once((0..50).map(|_| receipt_request(&key, "web", body.clone())).collect()).await;
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
        let (desk, key) = desk_with_test_store().await;
        buy(&desk, &key, "sandy", product, 1).await;
        for renewal in 1..=5 {
            desk.clock.advance(minutes * MINUTE - 1);
            assert_eq!(run_jobs(&desk), 0, "{product}");
            assert!(only_purchase(&desk, "sandy").is_active(desk.clock.now()));
            desk.clock.advance(1);
            assert_eq!(run_jobs(&desk), 1, "{product}");
            let (purchase, start) = (only_purchase(&desk, "sandy"), NOW.plus_seconds(renewal * minutes * MINUTE));
            assert_eq!((purchase.period_start, purchase.renewal_number), (start, Some(renewal + 1)));
            assert_eq!(purchase.expires_at, Some(start.plus_seconds(minutes * MINUTE)));
            assert_eq!(purchase.will_renew(), renewal < 5);
            assert_eq!(purchase.status(start), if renewal < 5 { Status::Active } else { Status::Cancelled });
        }
        desk.clock.advance(minutes * MINUTE);
        assert_eq!((run_jobs(&desk), run_jobs(&desk), count_pending_renewals(&desk)), (1, 0, 0));
        let purchase = only_purchase(&desk, "sandy");
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
    let (desk, key) = desk_with_test_store().await;
    buy(&desk, &key, "sandy", "month", 1).await;
    buy(&desk, &key, "vic", "year", 2).await;
    desk.clock.advance(86_400);
    assert_eq!(run_jobs(&desk), 12);
    assert_eq!(
        (history_of(&desk, "sandy"), history_of(&desk, "vic")),
        (LIFE.map(str::to_owned).to_vec(), LIFE.map(str::to_owned).to_vec())
    );
    let purchase = only_purchase(&desk, "sandy");
    assert_eq!(purchase.unsubscribed_at, Some(NOW.plus_seconds(25 * MINUTE)));
    assert_eq!(purchase.expires_at, Some(NOW.plus_seconds(30 * MINUTE)));
    assert_eq!(purchase.transaction_id, Some(format!("{}.5", test_token(1))));
    assert_eq!(purchase.spans.len(), 1, "one bar without a gap");
    // The result is the same without the gap.
    let late = purchases_of(&desk, "sandy");
    let (desk, key) = desk_with_test_store().await;
    buy(&desk, &key, "sandy", "month", 1).await;
    for _ in 0..6 {
        desk.clock.advance(5 * MINUTE);
        run_jobs(&desk);
    }
    assert_eq!(purchases_of(&desk, "sandy"), late);
}

#[actix_web::test]
async fn two_processes_record_each_step_once() {
    let (desk, key) = desk_with_test_store().await;
    for number in 0..20 {
        buy(&desk, &key, &format!("user-{number}"), "month", number).await;
    }
    desk.clock.advance(3_600);
    let other = crate::support::database::open(&desk.application.config.database_url, 2);
    let (both, jobs) = (Barrier::new(2), [jobs_of_process(&desk, &desk.db), jobs_of_process(&desk, &other)]);
    let counts: Vec<usize> = std::thread::scope(|scope| {
        let both = &both;
        let start = |job| scope.spawn(move || (both.wait(), run_all(job)).1);
        let threads: Vec<_> = jobs.iter().map(start).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    run_jobs(&desk);
    assert!(counts.iter().sum::<usize>() <= 120, "{counts:?}");
    assert_eq!((count_events(&desk), count_pending_renewals(&desk)), (20 * 8, 0));
    for number in 0..20 {
        assert_eq!(history_of(&desk, &format!("user-{number}")), LIFE);
    }
}

#[actix_web::test]
async fn events_that_arrived_meanwhile_come_before_the_schedule() {
    let (desk, key) = desk_with_test_store().await;
    for (number, id) in [(1, "off"), (2, "back"), (3, "longer")] {
        buy(&desk, &key, id, "month", number).await;
    }
    let event = |id: &str, number: i64, kind: &str, extra: Value| {
        let mut fields = json!({
            "type": kind, "id": format!("{id}-{kind}"), "store": "TEST_STORE", "environment": "SANDBOX", "product_id": "month",
            "transaction_id": test_token(number), "original_transaction_id": test_token(number), "purchased_at_ms": NOW,
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
        assert!(!only_purchase(&desk, id).is_active(desk.clock.now()));
    }
    assert!(only_purchase(&desk, "longer").is_active(desk.clock.now()));
    desk.clock.advance(600);
    assert_eq!(run_jobs(&desk), 1);
    let longer = only_purchase(&desk, "longer");
    assert_eq!((longer.period_start, longer.expires_at), (NOW.plus_seconds(900), Some(NOW.plus_seconds(1_200))));
}

#[actix_web::test]
async fn a_subscription_renews_for_whoever_has_it() {
    let (desk, key) = desk_with_test_store().await;
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
    assert_eq!((year.renewal_number, count_pending_renewals(&desk)), (Some(3), 1));
}

#[actix_web::test]
async fn an_erasure_deletes_the_purchases_and_a_retry_does_not_bring_them_back() {
    let (desk, key) = desk_with_test_store().await;
    buy(&desk, &key, "sandy", "month", 1).await;
    desk.clock.advance(60);
    assert_eq!(erase_customer(&desk, desk.project, "sandy").customers, 1);
    assert_eq!((count_pending_renewals(&desk), count_events(&desk)), (0, 0));
    desk.clock.advance(3_600);
    run_jobs(&desk);
    let retried = post_receipt(&desk, &key, &receipt("sandy", "month", &test_token(1))).await;
    assert_eq!(refused_receipt(&retried), (400, 7103));
    assert_eq!((count_events(&desk), count_pending_renewals(&desk)), (0, 0));
    let fresh = format!("test_{}_a", desk.clock.now().millis());
    assert_eq!(post_receipt(&desk, &key, &receipt("sandy", "month", &fresh)).await.status, StatusCode::OK);
}

#[actix_web::test]
async fn products_that_do_not_renew_are_bought_once_or_any_number_of_times() {
    let (desk, key) = desk_with_test_store().await;
    buy(&desk, &key, "sandy", "coins", 1).await;
    let info = buy(&desk, &key, "sandy", "coins", 2).await;
    let coins = info["subscriber"]["non_subscriptions"]["coins"].as_array().expect("a list");
    assert_eq!(coins.iter().map(|one| one["id"].clone()).collect::<Vec<_>>(), [test_token(1), test_token(2)]);
    buy(&desk, &key, "sandy", "for_life", 3).await;
    let info = buy(&desk, &key, "sandy", "retreat", 4).await;
    assert_eq!(info["subscriber"]["entitlements"]["pro"]["expires_date"], Value::Null);
    let retreat =
        purchases_of(&desk, "sandy").into_iter().find(|one| one.product_id == "retreat").expect("it is there");
    assert_eq!(retreat.expires_at, Some(NOW.plus_seconds(5 * MINUTE)));
    buy(&desk, &key, "sandy", "bare", 5).await;
    assert_eq!(
        (history_of(&desk, "sandy"), count_pending_renewals(&desk)),
        (vec!["own NON_RENEWING_PURCHASE".to_owned(); 5], 0)
    );
    for held in ["for_life"] {
        let again = post_receipt(&desk, &key, &receipt("sandy", held, &test_token(6))).await;
        assert_eq!(refused_receipt(&again), (409, 7772), "{held}");
    }
}

#[actix_web::test]
async fn an_active_subscription_is_not_bought_twice_and_an_expired_one_is() {
    let (desk, key) = desk_with_test_store().await;
    buy(&desk, &key, "sandy", "month", 1).await;
    let twice = post_receipt(&desk, &key, &receipt("sandy", "month", &test_token(2))).await;
    assert_eq!(refused_receipt(&twice), (409, 7772));
    buy(&desk, &key, "sandy", "year", 3).await;
    buy(&desk, &key, "vic", "month", 4).await;
    desk.clock.advance(31 * MINUTE);
    run_jobs(&desk);
    buy(&desk, &key, "sandy", "month", 5).await;
    assert_eq!(purchases_of(&desk, "sandy").len(), 3);
}

#[actix_web::test]
async fn the_test_store_sells_no_products_of_other_stores() {
    let desk = Desk::open().await;
    let file = json!({ "products": [
        { "id": "pro_monthly", "store": "APP_STORE", "type": "subscription", "duration": "P1M",
          "price": { "amount": "9.99", "currency": "USD" } },
    ]});
    apply_catalog(&desk, &file);
    let key = new_key(&desk, Some("TEST_STORE"));
    for caller in [key.as_str(), &new_key(&desk, None)] {
        let answer = post_receipt(&desk, caller, &receipt("sandy", "pro_monthly", &test_token(1))).await;
        assert_eq!(answer.refused(), (404, 7101));
        assert!(answer.body.contains("sells only products of its own, and the catalog has none"), "{}", answer.body);
    }
    assert_eq!(purchases_of(&desk, "sandy"), []);
    let app = desk.app("TEST_STORE");
    let shown = app.get("/rcbilling/v1/subscribers/sandy/products?id=pro_monthly").await.json();
    assert_eq!(shown["product_details"], json!([]), "what is not sold is not shown");
}

#[actix_web::test]
async fn a_price_in_another_currency_is_shown_in_that_currency() {
    let (desk, key) = desk_with_test_store().await;
    buy(&desk, &key, "sandy", "euros", 1).await;
    desk.clock.advance(5 * MINUTE);
    run_jobs(&desk);
    let purchase = only_purchase(&desk, "sandy");
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
        let (desk, key) = desk_with_test_store().await;
        set_behavior(&desk, behavior);
        buy(&desk, &key, "sandy", "month", 1).await;
        let answer = post_receipt(&desk, &key, &receipt("vic", "month", &test_token(1))).await;
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
                assert_eq!(
                    post_receipt(&desk, &key, &receipt("sandy", "month", &test_token(1))).await.status,
                    StatusCode::OK
                );
                assert_eq!((purchases_of(&desk, "sandy").len(), count_events(&desk)), (1, 4));
            }
            Err(why) => {
                assert_eq!(refused_receipt(&answer), why, "{behavior}");
                assert_eq!((purchases_of(&desk, "sandy").len(), purchases_of(&desk, "vic").len()), (1, 0));
            }
        }
    }
}

/// Anybody can have the public key of an app; events come from RevenueCat alone.
#[actix_web::test]
async fn a_receipt_links_no_more_than_two_hundred_customers_and_an_event_any_number() {
    let (desk, key) = desk_with_test_store().await;
    buy(&desk, &key, "sandy", "month", 1).await;
    let linked = (0..199).map(|number| transfer_event(number, &["sandy"], &[&format!("other-{number}")]));
    deliver(&desk, desk.project, &linked.collect::<Vec<String>>());
    buy(&desk, &key, "sandy", "coins", 2).await;
    let refused = post_receipt(&desk, &key, &receipt("vic", "coins", &test_token(2))).await;
    assert_eq!(refused_receipt(&refused), (400, 7102), "{}", refused.body);
    assert!(refused.body.contains("linked with too many other customers"), "{}", refused.body);
    let event = [transfer_event(300, &["sandy"], &["vic"])];
    assert_eq!(deliver(&desk, desk.project, &event), [Outcome::Stored]);
    assert!(history_of(&desk, "vic").contains(&"own TRANSFER".to_owned()));
}

#[actix_web::test]
async fn a_token_of_an_anonymous_customer_merges_both() {
    let (desk, key) = desk_with_test_store().await;
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

//! Refunds, cancellations and whatever else servers ask of a store (§C3.13 to §C3.17).

use actix_web::http::StatusCode;
use dossier::base::error::Error;
use dossier::base::money::Micros;
use dossier::operations::requests::{Rule, set_rule};
use dossier::requests::State;
use dossier::stores::test_store::Fault;
use serde_json::{Value, json};

use crate::support::audit_log::audit_actions_of_keys;
use crate::support::cast::SOL;
use crate::support::catalogs::{apply_catalog, desk_with_entitlements};
use crate::support::jobs::run_jobs;
use crate::support::refunds::{done_by_store, newest, states};
use crate::support::{Answer, Desk, NOW};

const PLUS: &str = "test_1795453200000_0b3f0a2e-3d1c-4a55-9d7e-4f7f0d1e2a3b";
const COINS: &str = "test_1795453200001_1b3f0a2e-3d1c-4a55-9d7e-4f7f0d1e2a3b";

/// A desk where Sandy has bought a month of Plus and a consumable in the Test Store.
async fn desk_with_test_purchases() -> Desk {
    let desk = desk_with_entitlements().await;
    let product = |id: &str, kind: &str, duration: Value| {
        let price = json!({ "amount": "9.99", "currency": "USD" });
        json!({ "id": id, "store": "TEST_STORE", "display_name": id, "type": kind, "duration": duration, "price": price })
    };
    let sold = json!({
        "products": [product("plus", "subscription", json!("P1M")), product("coins", "consumable", Value::Null)],
        "entitlements": [{ "id": "coach", "display_name": "Coach", "products": ["plus"] }],
    });
    apply_catalog(&desk, &sold);
    for (product, token) in [("plus", PLUS), ("coins", COINS)] {
        let app = desk.app("TEST_STORE").with("x-platform", "web");
        let body = json!({ "app_user_id": "sandy", "product_id": product, "fetch_token": token });
        let answer = app.post("/v1/receipts", body).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    }
    desk
}

#[actix_web::test]
async fn a_test_purchase_is_cancelled_and_refunded() {
    let desk = desk_with_test_purchases().await;
    let server = desk.server();
    desk.clock.advance(60);
    let cancelled = server.post(&format!("/v1/subscribers/sandy/subscriptions/{PLUS}/cancel"), Value::Null).await;
    assert_eq!(cancelled.status, StatusCode::OK, "{}", cancelled.body);
    let plus = |answer: &Answer| answer.json()["subscriber"]["subscriptions"]["plus"].clone();
    assert_eq!(plus(&cancelled)["unsubscribe_detected_at"], "2026-11-23T17:01:00Z");
    assert_eq!(plus(&cancelled)["expires_date"], "2026-11-23T17:05:00Z", "access lasts until the end");
    let again = server.post(&format!("/v1/subscribers/sandy/subscriptions/{PLUS}/cancel"), Value::Null).await;
    assert_eq!(again.refused(), (400, 7101));
    desk.clock.advance(1);
    let revoked = server.post("/v1/subscribers/sandy/subscriptions/plus/revoke", Value::Null).await;
    assert_eq!(revoked.status, StatusCode::OK, "{}", revoked.body);
    assert_eq!(plus(&revoked)["refunded_at"], "2026-11-23T17:01:01Z");
    assert_eq!(
        revoked.json()["subscriber"]["entitlements"]["coach"]["expires_date"],
        "2026-11-23T17:01:01Z",
        "access ends now"
    );
    let coins = format!("/v1/subscribers/sandy/transactions/{COINS}/refund");
    assert_eq!(server.post(&coins, Value::Null).await.status, StatusCode::OK);
    assert!(server.post(&coins, Value::Null).await.status.is_client_error(), "nothing is paid back twice");
    let [asked, refunded] = ["store_action_asked", "purchase_refunded"];
    let expected = [asked, "subscription_cancelled", asked, refunded, asked, refunded];
    let done: Vec<String> =
        audit_actions_of_keys(&desk).into_iter().filter(|line| !line.starts_with("test_purchase")).collect();
    assert_eq!(done, expected.map(|action| format!("{action} by Billing server")));
    desk.clock.advance(600);
    run_jobs(&desk);
    assert_eq!(
        plus(&server.get("/v1/subscribers/sandy").await)["expires_date"],
        "2026-11-23T17:01:01Z",
        "it never renews"
    );
}

#[actix_web::test]
async fn an_earlier_payment_is_refunded_and_the_present_period_stays() {
    let desk = desk_with_test_purchases().await;
    let server = desk.server();
    desk.clock.advance(301);
    run_jobs(&desk);
    let refund = |transaction: &str| format!("/v1/subscribers/sandy/transactions/{transaction}/refund");
    assert_eq!(server.post(&refund(PLUS), Value::Null).await.status, StatusCode::OK);
    let answer_body = server.get("/v1/subscribers/sandy").await.json();
    let plus = &answer_body["subscriber"]["subscriptions"]["plus"];
    assert_eq!((&plus["refunded_at"], &plus["expires_date"]), (&Value::Null, &json!("2026-11-23T17:10:00Z")));
    let again = server.post(&refund(PLUS), Value::Null).await;
    assert_eq!(again.refused(), (400, 7101), "nothing is left of it");
    let newest = plus["store_transaction_id"].as_str().expect("a transaction");
    assert_eq!(server.post(&refund(newest), Value::Null).await.status, StatusCode::OK);
}

#[actix_web::test]
async fn a_test_subscription_is_extended_by_days_and_to_a_moment() {
    let desk = desk_with_test_purchases().await;
    let server = desk.server();
    let end = |answer: &Answer| answer.json()["subscriber"]["subscriptions"]["plus"]["expires_date"].clone();
    let (extend, defer) = (
        format!("/v1/subscribers/sandy/subscriptions/{PLUS}/extend"),
        "/v1/subscribers/sandy/subscriptions/plus/defer",
    );
    let extended = server.post(&extend, json!({ "extend_by_days": 7, "extend_reason_code": 1 })).await;
    assert_eq!((extended.status, end(&extended)), (StatusCode::OK, json!("2026-11-30T17:05:00Z")));
    desk.clock.advance(1);
    let deferred = server.post(defer, json!({ "expiry_time_ms": NOW.plus_days(9) })).await;
    assert_eq!((deferred.status, end(&deferred)), (StatusCode::OK, json!("2026-12-02T17:00:00Z")));
    let back = server.post(defer, json!({ "expiry_time_ms": NOW.plus_days(1) })).await;
    assert_eq!(back.refused(), (400, 7101), "an end is never moved back");
    desk.clock.advance(600);
    run_jobs(&desk);
    assert_eq!(end(&server.get("/v1/subscribers/sandy").await), "2026-12-02T17:00:00Z", "it renews only then");
}

#[actix_web::test]
async fn actions_that_only_a_store_can_do_are_refused() {
    let desk = desk_with_test_purchases().await;
    let server = desk.server();
    let days = json!({ "extend_by_days": 7 });
    let extended = json!({ "extend_by_days": 7, "extend_reason_code": 0 });
    let cases = [
        ("lena/transactions/t-lena/refund", Value::Null, (400, 7101)),
        ("lena/transactions/gone/refund", Value::Null, (404, 7259)),
        ("nobody/transactions/t-lena/refund", Value::Null, (404, 7259)),
        ("lena/subscriptions/pro_monthly/revoke", Value::Null, (400, 7101)),
        ("lena/subscriptions/t-lena/cancel", Value::Null, (400, 7101)),
        ("lena/subscriptions/pro_monthly/defer", days.clone(), (400, 7101)),
        ("lena/subscriptions/pro_monthly/defer", json!({}), (400, 7226)),
        ("lena/subscriptions/pro_monthly/defer", json!({ "extend_by_days": 366 }), (400, 7226)),
        ("lena/subscriptions/t-lena/extend", extended, (400, 7101)),
        ("lena/subscriptions/t-lena/extend", days, (400, 7226)),
        ("sandy/subscriptions/plus/defer", json!({ "expiry_time_ms": NOW.plus_days(900) }), (400, 7101)),
    ];
    for (path, body, refused) in cases {
        let answer = server.post(&format!("/v1/subscribers/{path}"), body).await;
        assert_eq!(answer.refused(), refused, "{path}");
    }
    assert_eq!(
        desk.web_app().post("/v1/subscribers/lena/transactions/t-lena/refund", Value::Null).await.refused(),
        (403, 7224)
    );
}

#[actix_web::test]
async fn a_call_that_comes_again_with_its_key_asks_nothing_anew() {
    let desk = desk_with_test_purchases().await;
    let refund = |transaction: &str| format!("/v1/subscribers/sandy/transactions/{transaction}/refund");
    let server = desk.server().with("idempotency-key", "k-1");
    for _ in 0..3 {
        assert_eq!(server.post(&refund(COINS), Value::Null).await.status, StatusCode::OK);
    }
    assert_eq!(done_by_store(&desk), 1);
    assert_eq!(server.post(&refund(PLUS), Value::Null).await.refused(), (409, 7101), "a key is for one thing");
    let long = desk.server().with("idempotency-key", &"k".repeat(256));
    assert_eq!(long.post(&refund(PLUS), Value::Null).await.refused(), (400, 7226));
}

#[actix_web::test]
async fn what_needs_a_second_person_is_refused_or_waits_as_the_caller_says() {
    let desk = desk_with_test_purchases().await;
    let rule = Rule { from: Some(Micros(1_000_000)), per_day: None };
    let set = desk.db.write_here(|conn| {
        dossier::base::Role::ALL.into_iter().skip(1).try_for_each(|role| set_rule(conn, desk.project, role, rule))?;
        Ok::<_, Error>(())
    });
    set.expect("rules");
    let coins = format!("/v1/subscribers/sandy/transactions/{COINS}/refund");
    let refused = desk.server().post(&coins, Value::Null).await;
    assert_eq!((refused.refused(), states(&desk)), ((409, 7101), vec![]));
    assert!(refused.body.contains("wait_for_approval=true"), "{}", refused.body);
    let waits = desk.server().post(&format!("{coins}?wait_for_approval=true"), Value::Null).await;
    assert_eq!((waits.status, states(&desk)), (StatusCode::ACCEPTED, vec![State::Waiting]));
    let approve = format!("/projects/sundial/requests/{}/approve", newest(&desk));
    assert_eq!(desk.post_form(&SOL, &approve, &[]).await.status, StatusCode::SEE_OTHER);
    assert_eq!((states(&desk), done_by_store(&desk)), (vec![State::Confirmed], 1));
}

#[actix_web::test]
async fn a_call_whose_outcome_is_not_known_says_so_and_a_refused_one_why() {
    let desk = desk_with_test_purchases().await;
    desk.application.till.fail_with([Fault::LoseAnswer, Fault::Refuse]);
    let coins = format!("/v1/subscribers/sandy/transactions/{COINS}/refund");
    assert_eq!(desk.server().post(&coins, Value::Null).await.status, StatusCode::ACCEPTED);
    assert_eq!(desk.server().post(&coins, Value::Null).await.refused(), (409, 7101), "it is not sent again");
    let plus = desk.server().post(&format!("/v1/subscribers/sandy/transactions/{PLUS}/refund"), Value::Null).await;
    assert_eq!(plus.refused(), (400, 7101));
    assert!(plus.body.contains("The Test Store was told to refuse."), "{}", plus.body);
}

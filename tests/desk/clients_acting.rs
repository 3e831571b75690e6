//! What servers do over the client API: the same actions as on the page, with the same traces.

use actix_web::http::StatusCode;
use serde_json::{Value, json};

use crate::support::audit_log::audit_actions_of_keys;
use crate::support::cast::SOL;
use crate::support::catalogs::{apply_catalog, desk_with_entitlements, desk_with_offerings};
use crate::support::customers::{grants_of, history_of};
use crate::support::jobs::run_jobs;
use crate::support::{Answer, DAY, Desk, NOW};

fn coach(answer: &Answer) -> Value {
    answer.json()["subscriber"]["entitlements"]["coach"].clone()
}

#[actix_web::test]
async fn access_is_granted_repeated_replaced_and_taken_back() {
    let desk = desk_with_entitlements().await;
    let server = desk.server();
    let path = "/v1/subscribers/lena/entitlements/coach/promotional";
    let given = server.post(path, json!({ "duration": "weekly" })).await;
    assert_eq!(given.status, StatusCode::CREATED);
    let expected = json!({
        "expires_date": "2026-11-30T17:00:00Z", "grace_period_expires_date": null,
        "product_identifier": "rc_promo_coach_weekly", "purchase_date": "2026-11-23T17:00:00Z",
    });
    assert_eq!(coach(&given), expected);
    let subscription = &given.json()["subscriber"]["subscriptions"]["rc_promo_coach_weekly"];
    assert_eq!((&subscription["store"], &subscription["price"]["amount"]), (&json!("promotional"), &json!(0)));
    desk.clock.advance(3_600);
    // An end within two hours of the first is a request for the same grant.
    let end = NOW.millis() + 7 * DAY + 7_000_000;
    assert_eq!(coach(&server.post(path, json!({ "end_time_ms": end })).await), expected);
    let longer = server.post(path, json!({ "duration": "lifetime" })).await;
    assert_eq!(coach(&longer)["expires_date"], "2226-11-23T18:00:00Z");
    let shorter = server.post(path, json!({ "duration": "daily" })).await;
    assert_eq!((shorter.status, coach(&shorter)), (StatusCode::CREATED, coach(&longer)), "a grant shortens no other");
    desk.clock.advance(60);
    let revoke = "/v1/subscribers/lena/entitlements/coach/revoke_promotionals";
    let revoked = server.post(revoke, Value::Null).await;
    assert_eq!((revoked.status, &coach(&revoked)["expires_date"]), (StatusCode::OK, &json!("2026-11-23T18:01:00Z")));
    assert_eq!(server.post(revoke, Value::Null).await.status, StatusCode::OK, "also when there is none");
    assert_eq!(
        audit_actions_of_keys(&desk),
        [
            "entitlement_granted by Billing server",
            "entitlement_granted by Billing server",
            "entitlement_revoked by Billing server",
        ]
    );
    insta::assert_debug_snapshot!(history_of(&desk, "lena"));
    let page = desk.get(&SOL, "/projects/sundial/customers/lena?topic=team").await;
    assert!(page.body.contains("Billing server") && page.body.contains("API key"), "the history says whose key it was");
}

#[actix_web::test]
async fn a_lifetime_grant_that_is_requested_again_stays_as_it_is() {
    let desk = desk_with_entitlements().await;
    let server = desk.server();
    for _ in 0..3 {
        let given =
            server.post("/v1/subscribers/lena/entitlements/coach/promotional", json!({ "duration": "lifetime" })).await;
        assert_eq!(
            (given.status, coach(&given)["expires_date"].as_str()),
            (StatusCode::CREATED, Some("2226-11-23T17:00:00Z"))
        );
        desk.clock.advance(86_400);
    }
    assert_eq!(audit_actions_of_keys(&desk), ["entitlement_granted by Billing server"]);
}

#[actix_web::test]
async fn a_customer_created_at_the_moment_of_an_erasure_can_get_a_grant() {
    let desk = desk_with_entitlements().await;
    let server = desk.server();
    assert_eq!(server.delete("/v1/subscribers/lena").await.status, StatusCode::OK);
    assert_eq!(server.get("/v1/subscribers/lena").await.status, StatusCode::CREATED);
    let path = "/v1/subscribers/lena/entitlements/coach/promotional";
    let given = server.post(path, json!({ "duration": "weekly" })).await;
    assert_eq!(
        (given.status, coach(&given)["expires_date"].as_str()),
        (StatusCode::CREATED, Some("2026-11-30T17:00:00Z"))
    );
}

#[actix_web::test]
async fn an_invalid_grant_is_refused_and_changes_nothing() {
    let desk = desk_with_entitlements().await;
    let server = desk.server();
    let path = "/v1/subscribers/lena/entitlements/coach/promotional";
    let bodies = [
        json!({}),
        json!({ "duration": "forever" }),
        json!({ "end_time_ms": NOW }),
        json!({ "end_time_ms": "soon" }),
        json!({ "end_time_ms": 253_402_300_800_000_i64 }),
        json!([]),
    ];
    for body in bodies {
        assert_eq!(server.post(path, body.clone()).await.refused(), (400, 7226), "{body}");
    }
    let weekly = json!({ "duration": "weekly" });
    let unknown = "/v1/subscribers/lena/entitlements/gone/promotional";
    assert_eq!(server.post(unknown, weekly.clone()).await.refused(), (404, 7226));
    let nobody = "/v1/subscribers/nobody/entitlements/coach/promotional";
    assert_eq!(server.post(nobody, weekly.clone()).await.refused(), (404, 7259));
    assert_eq!(desk.web_app().post(path, weekly).await.refused(), (403, 7224));
    assert_eq!((audit_actions_of_keys(&desk), grants_of(&desk, "lena").len()), (Vec::new(), 0));
}

#[actix_web::test]
async fn a_start_only_moves_the_end_and_may_have_a_fraction() {
    let desk = desk_with_entitlements().await;
    let start = format!("{}.25", NOW.millis() - DAY);
    let body = format!(r#"{{"duration": "weekly", "start_time_ms": {start}}}"#);
    let path = "/v1/subscribers/lena/entitlements/coach/promotional";
    let given = desk.server().call(actix_web::http::Method::POST, path, Some(body)).await;
    assert_eq!((given.status, &coach(&given)["expires_date"]), (StatusCode::CREATED, &json!("2026-11-29T17:00:00Z")));
    assert_eq!(coach(&given)["product_identifier"], "rc_promo_coach_weekly");
}

#[actix_web::test]
async fn an_override_changes_what_the_app_gets_at_once_for_that_customer_alone() {
    let desk = desk_with_offerings().await;
    let (server, app) = (desk.server(), desk.web_app());
    let current = async |id: &str| {
        app.get(&format!("/v1/subscribers/{id}/offerings")).await.json()["current_offering_id"].clone()
    };
    assert_eq!(current("lena").await, "standard");
    let set = server.post("/v1/subscribers/lena/offerings/winback/override", Value::Null).await;
    assert_eq!(set.status, StatusCode::CREATED);
    set.json();
    assert_eq!((current("lena").await, current("sandy").await), (json!("winback"), json!("standard")));
    let page = desk.get(&SOL, "/projects/sundial/customers/lena").await;
    assert!(page.body.contains("Billing server"), "the card says whose key it was");
    for _ in 0..2 {
        let cleared = server.delete("/v1/subscribers/lena/offerings/override").await;
        assert_eq!(cleared.status, StatusCode::CREATED, "also when there was none");
    }
    assert_eq!(current("lena").await, "standard");
    let expected = ["offering_override_set by Billing server", "offering_override_cleared by Billing server"];
    assert_eq!(audit_actions_of_keys(&desk), expected);
    for (path, refused) in [
        ("lena/offerings/gone", (404, 7226)),
        ("lena/offerings/old", (400, 7226)),
        ("nobody/offerings/zen", (404, 7259)),
    ] {
        assert_eq!(server.post(&format!("/v1/subscribers/{path}/override"), Value::Null).await.refused(), refused);
    }
    assert_eq!(app.delete("/v1/subscribers/lena/offerings/override").await.refused(), (403, 7224));
}

#[actix_web::test]
async fn a_deleted_customer_is_gone_under_every_id_and_can_be_created_again() {
    let desk = Desk::open().await;
    let (app, server) = (desk.web_app(), desk.server());
    let anonymous = "$RCAnonymousID:0123456789abcdef0123456789abcdef";
    app.get("/v1/subscribers/$RCAnonymousID:0123456789abcdef0123456789abcdef").await;
    app.post("/v1/subscribers/identify", json!({ "app_user_id": anonymous, "new_app_user_id": "lena" })).await;
    let deleted = server.delete("/v1/subscribers/lena").await;
    assert_eq!((deleted.status, deleted.json()), (StatusCode::OK, json!({ "app_user_id": "lena", "deleted": true })));
    assert_eq!(server.delete("/v1/subscribers/lena").await.refused(), (404, 7259));
    assert_eq!(audit_actions_of_keys(&desk), ["customer_deleted by Billing server"]);
    for id in ["lena", anonymous] {
        assert_eq!(app.get(&format!("/v1/subscribers/{id}")).await.status, StatusCode::CREATED, "{id}");
    }
}

#[actix_web::test]
async fn a_blocked_id_is_refused_to_every_key() {
    let desk = Desk::open().await;
    let app = desk.web_app();
    let made = desk.server().get("/v1/subscribers/lena").await;
    assert_eq!(made.status, StatusCode::CREATED);
    let path = "/projects/sundial/customers/lena/block";
    let blocked = desk.post_form(&SOL, path, &[("lost", "1"), ("checked", "1")]).await;
    assert_eq!(blocked.status, StatusCode::SEE_OTHER, "{}", blocked.body);
    assert_eq!(app.get("/v1/subscribers/lena").await.refused(), (400, 7220));
    let body = json!({ "app_user_id": "$RCAnonymousID:1", "new_app_user_id": "lena" });
    assert_eq!(app.post("/v1/subscribers/identify", body).await.refused(), (400, 7220));
}

/// A desk where Sandy has bought a month of Plus and a consumable in the Test Store.
async fn bought() -> Desk {
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

const PLUS: &str = "test_1795453200000_0b3f0a2e-3d1c-4a55-9d7e-4f7f0d1e2a3b";
const COINS: &str = "test_1795453200001_1b3f0a2e-3d1c-4a55-9d7e-4f7f0d1e2a3b";

#[actix_web::test]
async fn a_test_purchase_is_cancelled_and_refunded() {
    let desk = bought().await;
    let server = desk.server();
    desk.clock.advance(60);
    let cancelled = server.post(&format!("/v1/subscribers/sandy/subscriptions/{PLUS}/cancel"), Value::Null).await;
    assert_eq!(cancelled.status, StatusCode::OK, "{}", cancelled.body);
    let plus = |answer: &Answer| answer.json()["subscriber"]["subscriptions"]["plus"].clone();
    assert_eq!(plus(&cancelled)["unsubscribe_detected_at"], "2026-11-23T17:01:00Z");
    assert_eq!(plus(&cancelled)["expires_date"], "2026-11-23T17:05:00Z", "access lasts until the end");
    let again = server.post(&format!("/v1/subscribers/sandy/subscriptions/{PLUS}/cancel"), Value::Null).await;
    assert_eq!(again.refused(), (400, 7101));
    let revoked = server.post("/v1/subscribers/sandy/subscriptions/plus/revoke", Value::Null).await;
    assert_eq!(revoked.status, StatusCode::OK, "{}", revoked.body);
    assert_eq!(plus(&revoked)["refunded_at"], "2026-11-23T17:01:00Z");
    assert_eq!(coach(&revoked)["expires_date"], "2026-11-23T17:01:00Z", "access ends now");
    let coins = format!("/v1/subscribers/sandy/transactions/{COINS}/refund");
    assert_eq!(server.post(&coins, Value::Null).await.status, StatusCode::OK);
    assert!(server.post(&coins, Value::Null).await.status.is_client_error(), "nothing is paid back twice");
    let expected = ["subscription_cancelled", "purchase_refunded", "purchase_refunded"];
    let done: Vec<String> =
        audit_actions_of_keys(&desk).into_iter().filter(|line| !line.starts_with("test_purchase")).collect();
    assert_eq!(done, expected.map(|action| format!("{action} by Billing server")));
    desk.clock.advance(600);
    run_jobs(&desk);
    assert_eq!(
        plus(&server.get("/v1/subscribers/sandy").await)["expires_date"],
        "2026-11-23T17:01:00Z",
        "it never renews"
    );
}

#[actix_web::test]
async fn refunding_an_earlier_payment_does_not_refund_the_newest() {
    let desk = bought().await;
    let server = desk.server();
    desk.clock.advance(301);
    run_jobs(&desk);
    let refund = |transaction: &str| format!("/v1/subscribers/sandy/transactions/{transaction}/refund");
    assert_eq!(server.post(&refund(PLUS), Value::Null).await.refused(), (400, 7101));
    let answer_body = server.get("/v1/subscribers/sandy").await.json();
    let plus = &answer_body["subscriber"]["subscriptions"]["plus"];
    assert_eq!((&plus["refunded_at"], &plus["expires_date"]), (&Value::Null, &json!("2026-11-23T17:10:00Z")));
    let newest = plus["store_transaction_id"].as_str().expect("a transaction");
    assert_eq!(server.post(&refund(newest), Value::Null).await.status, StatusCode::OK);
}

#[actix_web::test]
async fn actions_that_only_a_store_can_do_are_refused() {
    let desk = bought().await;
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
        ("sandy/subscriptions/plus/defer", json!({ "expiry_time_ms": NOW.plus_days(9) }), (400, 7101)),
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

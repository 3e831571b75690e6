//! Granting access over the client API: the same action as on the page, with the same traces (§C3.8, §C3.9).

use actix_web::http::StatusCode;
use serde_json::{Value, json};

use crate::support::audit_log::audit_actions_of_keys;
use crate::support::cast::SOL;
use crate::support::catalogs::desk_with_entitlements;
use crate::support::customers::{grants_of, history_of};
use crate::support::{Answer, DAY, NOW};

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

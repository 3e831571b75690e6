//! Receipts that apps and servers post: those of the Test Store buy, all others are refused.

use actix_web::http::StatusCode;
use diesel::prelude::*;
use dossier::base::clock::Moment;
use dossier::base::error::Error;
use dossier::db::schema::{api_keys, app_user_ids};
use dossier::projection::Status;
use serde_json::{Value, json};

use crate::support::NOW;
use crate::support::audit_log::audit_lines;
use crate::support::cast::SOL;
use crate::support::customers::{count_events, history_of};
use crate::support::events::replace_fields;
use crate::support::test_store::{
    buy, count_pending_renewals, desk_with_test_store, new_key, only_purchase, post_receipt, receipt, receipt_request,
    refused_receipt, test_token,
};

#[actix_web::test]
async fn a_post_of_purchases_js_buys_the_product_and_unlocks_its_entitlement() {
    let (desk, key) = desk_with_test_store().await;
    let info = buy(&desk, &key, "sandy", "month", 1).await;
    let subscriber = &info["subscriber"];
    let ends = "2026-11-23T17:05:00Z";
    let entitlement = &subscriber["entitlements"]["pro"];
    assert_eq!((&entitlement["product_identifier"], &entitlement["expires_date"]), (&json!("month"), &json!(ends)));
    let subscription = &subscriber["subscriptions"]["month"];
    assert_eq!(subscription["expires_date"], ends);
    assert_eq!((&subscription["store"], &subscription["is_sandbox"]), (&json!("test_store"), &json!(true)));
    assert_eq!(subscription["store_transaction_id"], test_token(1));
    assert_eq!(subscription["display_name"], "month (test)");
    assert_eq!(subscription["period_type"], "normal");
    assert_eq!(subscriber["original_app_user_id"], "sandy");
    let purchase = only_purchase(&desk, "sandy");
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
async fn mobile_sdks_and_servers_buy_the_same_way() {
    let (desk, key) = desk_with_test_store().await;
    // purchases-android names products in a list and sends its prices along; iOS writes the token in capitals.
    let android = json!({
        "fetch_token": test_token(1), "product_ids": ["month"], "platform_product_ids": [{ "product_id": "month" }],
        "app_user_id": "sandy", "is_restore": false, "presented_offering_identifier": "standard", "observer_mode": false,
        "purchase_completed_by": "revenuecat", "sdk_originated": true, "price": 1.5, "currency": "EUR",
        "normal_duration": "P1M", "pricing_phases": [], "initiation_source": "purchase",
    });
    let taken = desk.call(receipt_request(&key, "android", android.to_string())).await;
    assert_eq!(taken.status, StatusCode::OK, "{}", taken.body);
    assert_eq!(
        only_purchase(&desk, "sandy").paid.map(|paid| paid.shown()),
        Some("USD 9.99".into()),
        "the catalog's price counts"
    );
    let ios = receipt("vic", "month", &test_token(2).to_uppercase().replacen("TEST", "test", 1));
    assert_eq!(desk.call(receipt_request(&key, "iOS", ios.to_string())).await.status, StatusCode::OK);
    let secret = new_key(&desk, None);
    let server = json!({ "app_user_id": "new one", "fetch_token": test_token(3), "product_id": "month" });
    let taken = desk.call(receipt_request(&secret, "android", server.to_string())).await;
    assert_eq!(taken.status, StatusCode::OK, "{}", taken.body);
    let info: Value = serde_json::from_str(&taken.body).expect("JSON");
    assert_eq!(info["subscriber"]["original_app_user_id"], "new one");
    let attributes = json!({ "plan": { "value": "pro", "updated_at_ms": 5 }, "two words": { "value": "x" } });
    let mut with_attributes = receipt("vic", "coins", &test_token(4));
    with_attributes["attributes"] = attributes.clone();
    let taken = desk.call(receipt_request(&key, "iOS", with_attributes.to_string())).await;
    let info: Value = serde_json::from_str(&taken.body).expect("JSON");
    assert_eq!(
        (taken.status, &info["subscriber"]["non_subscriptions"]["coins"][0]["id"]),
        (StatusCode::OK, &json!(test_token(4)))
    );
    assert_eq!(info["attributes_error_response"]["code"], 7263, "{info}");
    assert_eq!(info["attributes_error_response"]["attribute_errors"][0]["key_name"], "two words");
    // Most refusals still save the attributes.
    let mut refusal = receipt("lena", "gone", &test_token(5));
    refusal["attributes"] = attributes;
    assert_eq!(refused_receipt(&desk.call(receipt_request(&key, "android", refusal.to_string())).await), (404, 7101));
    for id in ["vic", "lena"] {
        let page = desk.get(&SOL, &format!("/projects/sundial/customers/{id}")).await;
        assert!(page.body.contains("plan") && !page.body.contains("two words"), "{id}");
    }
    let silent = receipt_request(&secret, "", server.to_string());
    assert_eq!(refused_receipt(&desk.call(silent).await), (400, 7000));
}

#[actix_web::test]
async fn an_invalid_purchase_is_refused_with_its_code() {
    let (desk, key) = desk_with_test_store().await;
    let body = |change: Value| {
        let mut body = receipt("sandy", "month", &test_token(1));
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
        let answer = post_receipt(&desk, &key, &body(change.clone())).await;
        assert_eq!(refused_receipt(&answer), wanted, "{change} {}", answer.body);
    }
    for text in ["", "{", "[]", "null", "{\"a\":1}", &format!("{{\"a\":{}", "[".repeat(100_000))] {
        let answer = desk.call(receipt_request(&key, "web", text.to_owned())).await;
        assert_eq!(refused_receipt(&answer), (400, 7226), "{}", answer.body);
    }
    let large = format!("{{\"fetch_token\":\"{}\"}}", "a".repeat(1 << 20));
    assert_eq!(desk.call(receipt_request(&key, "web", large)).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(desk.call(receipt_request("test_nobody", "web", "{}".into())).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!((count_events(&desk), count_pending_renewals(&desk), audit_lines(&desk).len()), (0, 0, 0));
}

#[actix_web::test]
async fn receipts_of_stores_without_a_connection_are_refused() {
    let (desk, _) = desk_with_test_store().await;
    let secret = new_key(&desk, None);
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
        let key = store.map_or_else(|| secret.clone(), |store| new_key(&desk, Some(store)));
        let body = json!({ "app_user_id": "lena", "fetch_token": "MIIUVQYJKoZIhvcNAQcC", "product_id": "elsewhere" });
        let answer = desk.call(receipt_request(&key, platform, body.to_string())).await;
        assert_eq!(refused_receipt(&answer), wanted, "{store:?} {platform}");
        assert!(answer.body.contains(&format!("no connection to {named}")), "{}", answer.body);
    }
    let known = desk.db.read_here(|conn| Ok::<i64, Error>(app_user_ids::table.count().get_result(conn)?));
    assert_eq!(known.expect("it counts"), 1, "a refused receipt of an app is still a contact");
    let of_test_store = receipt("lena", "month", &test_token(1)).to_string();
    let answer = desk.call(receipt_request(&new_key(&desk, Some("APP_STORE")), "iOS", of_test_store)).await;
    assert_eq!(refused_receipt(&answer), (400, 7103));
    let revoked = new_key(&desk, Some("TEST_STORE"));
    let ended = desk.db.write_here(|conn| {
        diesel::update(api_keys::table).set(api_keys::revoked_at.eq(Moment(1).millis())).execute(conn)?;
        Ok::<_, Error>(())
    });
    ended.expect("the keys are revoked");
    assert_eq!(
        post_receipt(&desk, &revoked, &receipt("lena", "month", &test_token(1))).await.status,
        StatusCode::UNAUTHORIZED
    );
}

//! Buys in the Test Store, as an app does.

use actix_web::http::StatusCode;
use actix_web::test::TestRequest;
use diesel::prelude::*;
use dossier::db::schema::test_sales;
use dossier::projection::Purchase;
use serde_json::{Value, json};

use super::catalogs::apply_catalog;
use super::customers::purchases_of;
use super::{Answer, Desk, NOW};

/// A desk that sells in the Test Store, and the key of an app.
pub async fn desk_with_test_store() -> (Desk, String) {
    let desk = Desk::open().await;
    stock(&desk);
    let key = new_key(&desk, Some("TEST_STORE"));
    (desk, key)
}

/// Applies a catalog of the Test Store: subscriptions of all lengths, and products that do not renew.
pub fn stock(desk: &Desk) {
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
    apply_catalog(desk, &file);
}

/// Makes a key of the project: with the prefix of a store, or a secret key.
pub fn new_key(desk: &Desk, store: Option<&str>) -> String {
    let name = if store.is_some() { "Sundial app" } else { "Our server" };
    desk.client(desk.project, name, store).key
}

/// A token of the Test Store, another one for each number.
pub fn test_token(number: i64) -> String {
    format!("test_{}_5f0c7a52-6f0e-4a43-9d5b-{number:012}", NOW.millis() + number)
}

/// The receipt that purchases-js 1.63.1 posts.
pub fn receipt(id: &str, product: &str, token: &str) -> Value {
    json!({
        "fetch_token": token, "product_id": product, "currency": "USD", "app_user_id": id,
        "presented_offering_identifier": "standard", "presented_placement_identifier": null,
        "applied_targeting_rule": null, "initiation_source": "purchase",
    })
}

/// A post of a receipt to the client API.
pub fn receipt_request(key: &str, platform: &str, body: String) -> TestRequest {
    TestRequest::post()
        .uri("/v1/receipts")
        .insert_header(("authorization", format!("Bearer {key}")))
        .insert_header(("content-type", "application/json"))
        .insert_header(("x-platform", platform))
        .set_payload(body)
}

/// Posts a receipt from the web.
pub async fn post_receipt(desk: &Desk, key: &str, body: &Value) -> Answer {
    desk.call(receipt_request(key, "web", body.to_string())).await
}

/// Buys a product with the token of this number; returns the customer info.
pub async fn buy(desk: &Desk, key: &str, id: &str, product: &str, number: i64) -> Value {
    let answer = post_receipt(desk, key, &receipt(id, product, &test_token(number))).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    serde_json::from_str(&answer.body).expect("JSON")
}

/// The HTTP status and the code of a refusal, which says why and may be read by any site.
pub fn refused_receipt(answer: &Answer) -> (u16, u16) {
    let error: Value = serde_json::from_str(&answer.body).expect("JSON");
    assert!(error["message"].as_str().is_some_and(|message| message.len() > 10), "{error}");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    (answer.status.as_u16(), u16::try_from(error["code"].as_u64().expect("a code")).expect("a small one"))
}

/// The one purchase that a customer has.
pub fn only_purchase(desk: &Desk, id: &str) -> Purchase {
    let [one] = purchases_of(desk, id).try_into().expect("one purchase");
    one
}

/// How many subscriptions of the Test Store have a renewal or an end before them.
pub fn count_pending_renewals(desk: &Desk) -> i64 {
    desk.read(|conn| test_sales::table.count().get_result(conn))
}

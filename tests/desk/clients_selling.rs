//! What an app may sell: offerings and their products, what products unlock, currencies (§C3.2, §C3.3,
//! §C3.19, §C3.20).

use actix_web::http::StatusCode;
use serde_json::{Value, json};

use crate::support::catalogs::apply_catalog;
use crate::support::events::{deliver_together, purchase};
use crate::support::{Desk, NOW};

/// A desk with products of several stores; the one of Google Play has a base plan.
async fn desk() -> Desk {
    let desk = Desk::open().await;
    let product = |id: &str, store: &str, kind: &str, duration: Value, price: Value| json!({ "id": id, "store": store, "display_name": format!("Name of {id}"), "type": kind, "duration": duration, "price": price });
    let euros = |amount: &str| json!({ "amount": amount, "currency": "EUR" });
    let sold = json!({
        "products": [
            product("plus_1m", "RC_BILLING", "subscription", json!("P1M"), euros("4.99")),
            product("plus_18m", "RC_BILLING", "subscription", json!("P1Y6M"), euros("49")),
            product("coins", "RC_BILLING", "consumable", Value::Null, euros("0.99")),
            product("unpriced", "RC_BILLING", "subscription", json!("P1M"), Value::Null),
            product("premium:monthly", "PLAY_STORE", "subscription", json!("P1M"), euros("5.99")),
            product("plus_ios", "APP_STORE", "subscription", json!("P1M"), euros("6.99")),
        ],
        "entitlements": [
            { "id": "plus", "display_name": "Plus", "products": ["plus_1m", "premium:monthly", "plus_ios"] },
        ],
        "offerings": [
            { "id": "standard", "display_name": "Standard plans", "default": true, "metadata": {}, "packages": [
                { "id": "$rc_monthly", "display_name": "Monthly", "products": ["plus_1m", "premium:monthly", "plus_ios"] },
                { "id": "coins", "display_name": "Coins", "products": ["coins"] },
            ]},
            { "id": "winback", "display_name": "Win-back", "metadata": { "badge": "-50%" }, "packages": [] },
        ],
    });
    apply_catalog(&desk, &sold);
    desk
}

#[actix_web::test]
async fn an_app_gets_every_offering_with_the_products_of_its_store() {
    let desk = desk().await;
    let answer = desk.web_app().get("/v1/subscribers/nobody-yet/offerings").await;
    assert_eq!(answer.status, StatusCode::OK);
    let expected = json!({ "current_offering_id": "standard", "offerings": [
        { "identifier": "standard", "description": "Standard plans", "metadata": null, "packages": [
            { "identifier": "$rc_monthly", "platform_product_identifier": "plus_1m" },
            { "identifier": "coins", "platform_product_identifier": "coins" },
        ]},
        { "identifier": "winback", "description": "Win-back", "metadata": { "badge": "-50%" }, "packages": [] },
    ]});
    assert_eq!(answer.json(), expected);
    let google = desk.app("PLAY_STORE").get("/v1/subscribers/nobody-yet/offerings").await.json();
    let package = json!({
        "identifier": "$rc_monthly", "platform_product_identifier": "premium", "platform_product_plan_identifier": "monthly",
    });
    assert_eq!(google["offerings"][0]["packages"], json!([package]));
    // An app of a store without products in the catalog gets the products of the other stores.
    let amazon = desk.app("AMAZON").get("/v1/subscribers/nobody-yet/offerings").await.json();
    assert_eq!(amazon["offerings"][0]["packages"].as_array().map(Vec::len), Some(2));
    let made = desk.server().delete("/v1/subscribers/nobody-yet").await;
    assert_eq!(made.refused(), (404, 7259), "reading offerings creates no customer");
}

#[actix_web::test]
async fn without_a_catalog_the_answer_has_every_key_and_no_offering() {
    let desk = Desk::open().await;
    let answer_body = desk.web_app().get("/v1/subscribers/lena/offerings").await.json();
    assert_eq!(answer_body, json!({ "current_offering_id": null, "offerings": [] }));
}

#[actix_web::test]
async fn products_have_the_prices_of_the_catalog_and_periods_of_one_unit() {
    let desk = desk().await;
    let path =
        "/rcbilling/v1/subscribers/lena/products?id=plus_1m&id=gone&id=coins&id=unpriced&id=plus_18m&currency=USD";
    let answer = desk.web_app().get(path).await;
    assert_eq!(answer.status, StatusCode::OK);
    insta::assert_snapshot!(serde_json::to_string_pretty(&answer.json()).expect("JSON"));
    let none = desk.web_app().get("/rcbilling/v1/subscribers/lena/products").await;
    assert_eq!(none.json(), json!({ "product_details": [] }));
}

#[actix_web::test]
async fn mobile_sdks_learn_what_products_unlock() {
    let desk = desk().await;
    let google = desk.app("PLAY_STORE").get("/v1/product_entitlement_mapping").await.json();
    let entry = json!({ "product_identifier": "premium", "base_plan_id": "monthly", "entitlements": ["plus"] });
    assert_eq!(google, json!({ "product_entitlement_mapping": { "premium:monthly": entry } }));
    let web = desk.web_app().get("/v1/product_entitlement_mapping").await.json();
    let entry = json!({ "product_identifier": "plus_1m", "entitlements": ["plus"] });
    assert_eq!(web, json!({ "product_entitlement_mapping": { "plus_1m": entry } }));
}

#[actix_web::test]
async fn the_balance_of_a_currency_is_the_sum_of_its_events() {
    let desk = desk().await;
    let none = desk.web_app().get("/v1/subscribers/lena/virtual_currencies").await.json();
    assert_eq!(none, json!({ "virtual_currencies": {} }));
    let gold = json!({ "type": "VIRTUAL_CURRENCY_TRANSACTION", "adjustments": [
        { "amount": 30, "currency": { "code": "GLD", "name": "Gold", "description": "" } },
    ]});
    deliver_together(&desk, desk.project, &[purchase("lena", 1, gold)]);
    let answer_body = desk.web_app().get("/v1/subscribers/lena/virtual_currencies").await.json();
    assert_eq!(
        answer_body["virtual_currencies"]["GLD"],
        json!({ "balance": 30, "code": "GLD", "name": "Gold", "description": null })
    );
    let sandbox = desk.web_app().with("x-is-sandbox", "true").get("/v1/subscribers/lena/virtual_currencies").await;
    assert_eq!(sandbox.json(), json!({ "virtual_currencies": {} }));
}

#[actix_web::test]
async fn events_and_diagnostics_are_accepted_and_discarded() {
    let desk = desk().await;
    let app = desk.web_app();
    for path in ["/v1/events", "/v1/diagnostics"] {
        let answer = app.post(path, json!({ "events": [{ "id": "1", "timestamp_ms": NOW }] })).await;
        assert_eq!((answer.status, answer.json()), (StatusCode::OK, json!({})));
    }
}

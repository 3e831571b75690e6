//! What products unlock, balances of currencies, and uploads that are discarded (§C3.19 to §C3.21).

use actix_web::http::StatusCode;
use serde_json::json;

use crate::support::NOW;
use crate::support::catalogs::desk_with_products;
use crate::support::events::{deliver_together, purchase};

#[actix_web::test]
async fn mobile_sdks_learn_what_products_unlock() {
    let desk = desk_with_products().await;
    let google = desk.app("PLAY_STORE").get("/v1/product_entitlement_mapping").await.json();
    let entry = json!({ "product_identifier": "premium", "base_plan_id": "monthly", "entitlements": ["plus"] });
    assert_eq!(google, json!({ "product_entitlement_mapping": { "premium:monthly": entry } }));
    let web = desk.web_app().get("/v1/product_entitlement_mapping").await.json();
    let entry = json!({ "product_identifier": "plus_1m", "entitlements": ["plus"] });
    assert_eq!(web, json!({ "product_entitlement_mapping": { "plus_1m": entry } }));
}

#[actix_web::test]
async fn the_balance_of_a_currency_is_the_sum_of_its_events() {
    let desk = desk_with_products().await;
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
    let desk = desk_with_products().await;
    let app = desk.web_app();
    for path in ["/v1/events", "/v1/diagnostics"] {
        let answer = app.post(path, json!({ "events": [{ "id": "1", "timestamp_ms": NOW }] })).await;
        assert_eq!((answer.status, answer.json()), (StatusCode::OK, json!({})));
    }
}

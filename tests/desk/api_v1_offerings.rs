//! The offerings that an app gets (§C3.2).

use actix_web::http::StatusCode;
use serde_json::json;

use crate::support::Desk;
use crate::support::catalogs::desk_with_products;

#[actix_web::test]
async fn an_app_gets_every_offering_with_the_products_of_its_store() {
    let desk = desk_with_products().await;
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

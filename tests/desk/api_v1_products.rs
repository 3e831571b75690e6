//! The products that an app gets, with their prices (§C3.3).

use actix_web::http::StatusCode;
use serde_json::json;

use crate::support::catalogs::desk_with_products;

#[actix_web::test]
async fn products_have_the_prices_of_the_catalog_and_periods_of_one_unit() {
    let desk = desk_with_products().await;
    let path =
        "/rcbilling/v1/subscribers/lena/products?id=plus_1m&id=gone&id=coins&id=unpriced&id=plus_18m&currency=USD";
    let answer = desk.web_app().get(path).await;
    assert_eq!(answer.status, StatusCode::OK);
    insta::assert_snapshot!(serde_json::to_string_pretty(&answer.json()).expect("JSON"));
    let none = desk.web_app().get("/rcbilling/v1/subscribers/lena/products").await;
    assert_eq!(none.json(), json!({ "product_details": [] }));
}

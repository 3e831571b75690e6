//! What servers ask of the store of a purchase by v2 (§C6): the same requests as the page's.

use actix_web::http::StatusCode;
use dossier::base::Role;
use serde_json::{Value, json};

use crate::support::Answer;
use crate::support::client::Client;
use crate::support::events::{deliver, purchase};
use crate::support::jobs::run_jobs;
use crate::support::refunds::{TRANSACTION, desk_with_a_test_sale, done_by_store, spent};

const PROJECT: &str = "/v2/projects/sundial";

/// The id of what the Test Store sold to Lena.
async fn id_of(server: &Client<'_>, called: &str, identifier: &str, transaction: &str) -> String {
    let found = server.get(&format!("{PROJECT}/{called}?{identifier}={transaction}")).await.json();
    found["items"][0]["id"].as_str().expect("an id").to_owned()
}

async fn subscription(server: &Client<'_>) -> String {
    id_of(server, "subscriptions", "store_subscription_identifier", TRANSACTION).await
}

async fn post(server: &Client<'_>, path: &str, body: Value) -> Answer {
    server.post(&format!("{PROJECT}{path}"), body).await
}

#[actix_web::test]
async fn a_subscription_is_cancelled_extended_and_refunded() {
    let desk = desk_with_a_test_sale().await;
    let server = desk.server();
    let id = subscription(&server).await;
    let cancelled = post(&server, &format!("/subscriptions/{id}/actions/cancel"), Value::Null).await;
    assert_eq!(cancelled.status, StatusCode::OK, "{}", cancelled.body);
    assert_eq!(cancelled.json()["auto_renewal_status"], "will_not_renew");
    let before = cancelled.json()["ends_at"].as_i64().expect("an end");
    desk.clock.advance(1);
    let extended = json!({ "extend_by_days": 3, "extend_reason_code": "customer_satisfaction" });
    let extended = post(&server, &format!("/subscriptions/{id}/actions/extend"), extended).await;
    assert_eq!(extended.json()["ends_at"].as_i64(), Some(before + 3 * 86_400_000), "{}", extended.body);
    desk.clock.advance(1);
    let refunded = post(&server, &format!("/subscriptions/{id}/actions/refund"), Value::Null).await;
    assert_eq!(
        (refunded.status, &refunded.json()["gives_access"]),
        (StatusCode::OK, &json!(false)),
        "{}",
        refunded.body
    );
    assert_eq!((done_by_store(&desk), spent(&desk, "lena")), (3, 9_990_000));
    let again = post(&server, &format!("/subscriptions/{id}/actions/refund"), Value::Null).await;
    assert_eq!((again.status, done_by_store(&desk)), (StatusCode::BAD_REQUEST, 3), "{}", again.body);
}

#[actix_web::test]
async fn one_payment_is_refunded_and_access_stays() {
    let desk = desk_with_a_test_sale().await;
    let server = desk.server();
    let id = subscription(&server).await;
    let path = format!("/subscriptions/{id}/transactions/{TRANSACTION}/actions/refund");
    let refunded = post(&server, &path, Value::Null).await;
    assert_eq!((refunded.status, &refunded.json()["id"]), (StatusCode::OK, &json!(TRANSACTION)), "{}", refunded.body);
    let shown = server.get(&format!("{PROJECT}/subscriptions/{id}")).await.json();
    assert_eq!((&shown["gives_access"], &shown["auto_renewal_status"]), (&json!(true), &json!("will_renew")));
    assert_eq!(spent(&desk, "lena"), 9_990_000);
    let unknown = format!("/subscriptions/{id}/transactions/gone/actions/refund");
    assert_eq!(post(&server, &unknown, Value::Null).await.status, StatusCode::NOT_FOUND);
}

#[actix_web::test]
async fn a_purchase_is_refunded() {
    let desk = desk_with_a_test_sale().await;
    let coins = json!({
        "id": "coins", "type": "NON_RENEWING_PURCHASE", "product_id": "coins", "store": "TEST_STORE", "price": 1.99,
        "transaction_id": "test_coins", "original_transaction_id": "test_coins", "expiration_at_ms": null,
    });
    deliver(&desk, desk.project, &[purchase("lena", 1, coins)]);
    let server = desk.server();
    let id = id_of(&server, "purchases", "store_purchase_identifier", "test_coins").await;
    let refunded = post(&server, &format!("/purchases/{id}/actions/refund"), Value::Null).await;
    assert_eq!(
        (refunded.status, &refunded.json()["status"]),
        (StatusCode::OK, &json!("refunded")),
        "{}",
        refunded.body
    );
}

#[actix_web::test]
async fn bad_calls_are_refused_in_the_shape_of_v2_and_ask_nothing() {
    let desk = desk_with_a_test_sale().await;
    let server = desk.server();
    let id = subscription(&server).await;
    let extend = format!("/subscriptions/{id}/actions/extend");
    let bad = [
        json!({}),
        json!({ "extend_by_days": 1, "extend_until_ms": 1 }),
        json!({ "extend_by_days": "1" }),
        json!({ "extend_by_days": 0 }),
        json!({ "extend_by_days": 1, "extend_reason_code": "because" }),
        json!({ "extend_until_ms": 5 }),
    ];
    for body in bad {
        let answer = post(&server, &extend, body.clone()).await;
        assert_eq!((answer.status, &answer.json()["object"]), (StatusCode::BAD_REQUEST, &json!("error")), "{body}");
    }
    for path in ["/subscriptions/subgone/actions/cancel", &format!("/purchases/{id}/actions/refund")] {
        assert_eq!(post(&server, path, Value::Null).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let viewer = desk.server_as(Role::Viewer);
    let cancel = format!("/subscriptions/{id}/actions/cancel");
    assert_eq!(post(&viewer, &cancel, Value::Null).await.status, StatusCode::FORBIDDEN);
    run_jobs(&desk);
    assert_eq!(done_by_store(&desk), 0);
}

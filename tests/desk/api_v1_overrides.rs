//! Choosing the offering of a customer over the client API (§C3.6, §C3.7).

use actix_web::http::StatusCode;
use serde_json::{Value, json};

use crate::support::audit_log::audit_actions_of_keys;
use crate::support::cast::SOL;
use crate::support::catalogs::desk_with_offerings;

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

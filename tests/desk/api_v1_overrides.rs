//! Choosing the offering of a customer over the client API (§C3.6, §C3.7).

use actix_web::http::StatusCode;
use diesel::prelude::*;
use dossier::base::Role;
use dossier::base::error::Error;
use dossier::db::schema::projects;
use serde_json::{Value, json};

use crate::support::audit_log::audit_actions_of_keys;
use crate::support::cast::SOL;
use crate::support::catalogs::desk_with_offerings;
use crate::support::events::{deliver, purchase};

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

/// The rule of the page (§8) holds for a server with the role of a developer as well.
#[actix_web::test]
async fn a_key_with_the_role_of_a_developer_obeys_the_rule_about_test_customers() {
    let desk = desk_with_offerings().await;
    deliver(&desk, desk.project, &[purchase("lena", 3, json!({}))]);
    deliver(&desk, desk.project, &[purchase("sandy", 3, json!({ "environment": "SANDBOX" }))]);
    let restrict = diesel::update(projects::table.find(desk.project)).set(projects::overrides_only_tests.eq(true));
    desk.db.write_here(|conn| Ok::<_, Error>(restrict.execute(conn)?)).expect("it is restricted");
    let (support, developer) = (desk.server_as(Role::Support), desk.server_as(Role::Developer));
    for (server, id, status) in [(&developer, "lena", 403), (&developer, "sandy", 201), (&support, "lena", 201)] {
        let set = server.post(&format!("/v1/subscribers/{id}/offerings/winback/override"), Value::Null).await;
        assert_eq!(set.status, status, "{id}: {}", set.body);
    }
    let cleared = developer.delete("/v1/subscribers/lena/offerings/override").await;
    assert!(cleared.status == 403 && cleared.body.contains("test customers only"), "{}", cleared.body);
    let path = "/v2/projects/sundial/customers/lena/actions/assign_offering";
    let assigned = developer.post(path, json!({ "offering_id": "standard" })).await;
    assert_eq!(assigned.status, 403, "{}", assigned.body);
}

//! Customers who were deleted or blocked, as the client API sees them (§C3.10).

use actix_web::http::StatusCode;
use serde_json::json;

use crate::support::Desk;
use crate::support::audit_log::audit_actions_of_keys;
use crate::support::cast::ADA;

#[actix_web::test]
async fn a_deleted_customer_is_gone_under_every_id_and_can_be_created_again() {
    let desk = Desk::open().await;
    let (app, server) = (desk.web_app(), desk.server());
    let anonymous = "$RCAnonymousID:0123456789abcdef0123456789abcdef";
    app.get("/v1/subscribers/$RCAnonymousID:0123456789abcdef0123456789abcdef").await;
    app.post("/v1/subscribers/identify", json!({ "app_user_id": anonymous, "new_app_user_id": "lena" })).await;
    let deleted = server.delete("/v1/subscribers/lena").await;
    // PostgreSQL overwrites free parts of its files only as it uses them again.
    let overwritten = desk.db.is_sqlite().then_some("2026-11-23T17:10:00Z");
    let answer = json!({ "app_user_id": "lena", "deleted": true, "free_space_overwritten_by": overwritten });
    assert_eq!((deleted.status, deleted.json()), (StatusCode::OK, answer));
    assert_eq!(server.delete("/v1/subscribers/lena").await.refused(), (404, 7259));
    assert_eq!(audit_actions_of_keys(&desk), ["customer_deleted by Billing server"]);
    for id in ["lena", anonymous] {
        assert_eq!(app.get(&format!("/v1/subscribers/{id}")).await.status, StatusCode::CREATED, "{id}");
    }
}

#[actix_web::test]
async fn a_blocked_id_is_refused_to_every_key() {
    let desk = Desk::open().await;
    let app = desk.web_app();
    let made = desk.server().get("/v1/subscribers/lena").await;
    assert_eq!(made.status, StatusCode::CREATED);
    let path = "/projects/sundial/customers/lena/block";
    let blocked = desk.post_form(&ADA, path, &[("confirm", "lena"), ("lost", "1"), ("checked", "1")]).await;
    assert_eq!(blocked.status, StatusCode::SEE_OTHER, "{}", blocked.body);
    assert_eq!(app.get("/v1/subscribers/lena").await.refused(), (400, 7220));
    let body = json!({ "app_user_id": "$RCAnonymousID:1", "new_app_user_id": "lena" });
    assert_eq!(app.post("/v1/subscribers/identify", body).await.refused(), (400, 7220));
}

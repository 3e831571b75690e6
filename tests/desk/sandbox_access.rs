//! For whom purchases of the sandbox unlock (§17), and environments that nobody knows.

use diesel::prelude::*;
use dossier::auth::queries::set_role;
use dossier::base::Role;
use dossier::base::error::Error;
use dossier::customers::SandboxAccess;
use dossier::db::schema::projects;
use serde_json::{Value, json};

use crate::support::Desk;
use crate::support::cast::{ADA, SOL, VERA};
use crate::support::catalogs::apply_catalog;
use crate::support::customers::purchases_of;
use crate::support::events::{deliver, purchase};
use crate::support::pages::{card_of, text_of};

const SANDY: &str = "/projects/sundial/customers/sandy";

/// A desk where Sandy has bought Pro access in the sandbox for thirty days, and in production for the twenty days before.
async fn desk() -> Desk {
    let desk = Desk::open().await;
    let file = json!({ "products": [], "offerings": [], "entitlements": [
        { "id": "pro", "display_name": "Pro access", "products": ["pro_monthly"] },
    ]});
    apply_catalog(&desk, &file);
    let tested = json!({ "environment": "SANDBOX", "transaction_id": "s", "original_transaction_id": "s" });
    deliver(&desk, desk.project, &[purchase("sandy", 1, tested)]);
    desk
}

fn set(desk: &Desk, access: SandboxAccess, testers: &str) {
    let row = diesel::update(projects::table.find(desk.project));
    let values = (projects::sandbox_access.eq(access), projects::sandbox_testers.eq(testers));
    desk.db.write_here(|conn| Ok::<_, Error>(row.set(values).execute(conn)?)).expect("it is set");
}

async fn info(desk: &Desk) -> Value {
    desk.server().get("/v1/subscribers/sandy").await.json()["subscriber"].take()
}

/// Whether v1, both lists of v2 and the profile say that Sandy has access. They must agree.
async fn has_access(desk: &Desk) -> bool {
    let info = info(desk).await;
    assert_eq!(info["subscriptions"]["pro_monthly"]["is_sandbox"], true, "it is listed in every case");
    let server = desk.server();
    let base = "/v2/projects/sundial/customers/sandy";
    let active = server.get(&format!("{base}/active_entitlements")).await.json();
    let subscriptions = server.get(&format!("{base}/subscriptions")).await.json();
    let customer = server.get(base).await.json();
    let page = desk.page(&VERA, &format!("{SANDY}?sandbox=1")).await;
    let card = text_of(card_of(&page, "entitlements"));
    let all = [
        info["entitlements"].get("pro").is_some(),
        active["items"].as_array().is_some_and(|items| !items.is_empty()),
        customer["active_entitlements"]["items"].as_array().is_some_and(|items| !items.is_empty()),
        subscriptions["items"][0]["gives_access"] == true,
        card.contains("1 active"),
    ];
    assert_eq!(subscriptions["items"][0]["environment"], "sandbox");
    assert!(all.iter().all(|has| *has == all[0]), "{all:?} {card}");
    all[0]
}

#[actix_web::test]
async fn sandbox_purchases_unlock_for_whom_the_project_says() {
    let desk = desk().await;
    assert!(has_access(&desk).await, "everybody, unless the project says otherwise");
    set(&desk, SandboxAccess::Nobody, "sandy");
    assert!(!has_access(&desk).await);
    let page = text_of(&desk.page(&VERA, &format!("{SANDY}?sandbox=1")).await);
    assert!(page.contains("sandbox purchases unlock for nobody"), "{page}");
    set(&desk, SandboxAccess::TestCustomers, "");
    assert!(!has_access(&desk).await);
    let page = text_of(&desk.page(&VERA, &format!("{SANDY}?sandbox=1")).await);
    assert!(page.contains("Does not unlock") && page.contains("for test customers only"), "{page}");
    set(&desk, SandboxAccess::TestCustomers, "vic\nsandy");
    assert!(has_access(&desk).await, "an id on the list");
    set(&desk, SandboxAccess::TestCustomers, "vic");
    assert!(!has_access(&desk).await);
    let starred = desk.post_form(&VERA, &format!("{SANDY}/star"), &[]).await;
    assert!(!has_access(&desk).await, "whoever may not grant access gives none with a star");
    assert!(desk.get(&VERA, starred.header("location")).await.body.contains("They come first when you search."));
    let starred = desk.post_form(&SOL, &format!("{SANDY}/star"), &[]).await;
    assert!(has_access(&desk).await, "a star of anybody who may grant access");
    let page = desk.get(&SOL, starred.header("location")).await.body;
    assert!(page.contains("and sandbox purchases unlock for it."), "{page}");
    let demoted = desk.db.write_here(|conn| Ok::<_, Error>(set_role(conn, desk.project, SOL.id, Role::Viewer)?));
    demoted.expect("another role");
    assert!(!has_access(&desk).await, "the star of somebody who may no longer");
}

#[actix_web::test]
async fn production_leads_where_the_sandbox_does_not_unlock() {
    let desk = desk().await;
    deliver(&desk, desk.project, &[purchase("sandy", 20, json!({}))]);
    assert_eq!(info(&desk).await["subscriptions"]["pro_monthly"]["is_sandbox"], true, "it lasts longer");
    set(&desk, SandboxAccess::Nobody, "");
    let info = info(&desk).await;
    assert_eq!(info["subscriptions"]["pro_monthly"]["is_sandbox"], false);
    assert_eq!(info["entitlements"]["pro"]["expires_date"], info["subscriptions"]["pro_monthly"]["expires_date"]);
    let page = desk.page(&VERA, SANDY).await;
    assert!(text_of(card_of(&page, "entitlements")).contains("1 active"));
}

#[actix_web::test]
async fn an_admin_chooses_for_whom_and_an_erased_customer_leaves_the_list() {
    let desk = desk().await;
    let settings = "/projects/sundial/settings";
    let dialog = desk.page(&ADA, &format!("{settings}?dialog=project-edit")).await;
    assert!(dialog.contains("Sandbox purchases unlock for"));
    let form = [
        ("name", "Sundial"),
        ("note_length", "255"),
        ("note_count", "10"),
        ("transfer_behavior", "transfer_to_new"),
        ("sandbox_transfer_behavior", ""),
        ("sandbox_access", "test_customers"),
        ("sandbox_testers", "sandy\r\nvic"),
        ("seen", crate::support::pages::seen_version(&dialog)),
    ];
    assert_eq!(desk.post_form(&ADA, &format!("{settings}/project"), &form).await.status, 303);
    let page = text_of(&desk.page(&ADA, settings).await);
    assert!(page.contains("Test customers only") && page.contains("sandy, vic"), "{page}");
    assert!(has_access(&desk).await);
    assert_eq!(desk.server().delete("/v1/subscribers/sandy").await.status, 200);
    let named: String =
        desk.read(|conn| projects::table.find(desk.project).select(projects::sandbox_testers).first(conn));
    assert_eq!(named, "vic");
}

#[actix_web::test]
async fn an_unknown_environment_is_never_production_and_says_so() {
    let desk = desk().await;
    let unknown =
        json!({ "environment": "Staging", "transaction_id": "u", "original_transaction_id": "u", "price": 40 });
    deliver(&desk, desk.project, &[purchase("vic", 1, unknown)]);
    let path = "/projects/sundial/customers/vic";
    let production = desk.page(&VERA, path).await;
    assert!(!text_of(card_of(&production, "entitlements")).contains("active"));
    assert!(text_of(&production).contains("Total spent USD 0 no payments"), "it is no money");
    let sandbox = desk.page(&VERA, &format!("{path}?sandbox=1")).await;
    for card in ["entitlements", "history"] {
        let card = text_of(card_of(&sandbox, card));
        assert!(card.contains("unknown environment “") && card.contains("Staging"), "{card}");
    }
    let event = purchases_of(&desk, "vic");
    assert_eq!(event[0].unknown_environment.as_deref(), Some("Staging"));
    let link =
        sandbox.split(&format!("{path}/events/")).nth(1).and_then(|rest| rest.split('"').next()).expect("a link");
    let page = text_of(&desk.page(&VERA, &format!("{path}/events/{}", link.replace("&#38;", "&"))).await);
    assert!(page.contains("Unknown environment “ Staging ”"), "{page}");
    let server = desk.server();
    let info = server.get("/v1/subscribers/vic").await.json();
    assert_eq!(info["subscriber"]["subscriptions"]["pro_monthly"]["is_sandbox"], true);
    let listed = server.get("/v2/projects/sundial/customers/vic/subscriptions?environment=production").await.json();
    assert_eq!(listed["items"], json!([]));
    set(&desk, SandboxAccess::Nobody, "");
    let info = server.get("/v1/subscribers/vic").await.json();
    assert_eq!(info["subscriber"]["entitlements"], json!({}));
}

//! "Everything we hold": complete for one customer, with nothing about others, logged, and only after a fresh log-in.

use actix_web::http::StatusCode;
use serde_json::{Value, json};

use crate::support::Desk;
use crate::support::audit_log::audit_entries;
use crate::support::canary::add_customer_with_everything;
use crate::support::cast::{ADA, PASSWORD, SOL, TEAM, VERA};
use crate::support::events::{deliver, event_on_day, transfer_event};

const KNOWN: &str = "/projects/sundial/customers/kanarie-id";

/// The role of whoever exported a customer, for each export.
fn exports(desk: &Desk) -> Vec<String> {
    let exports = audit_entries(desk).into_iter().filter(|entry| entry.action == "customer_exported");
    exports.map(|entry| entry.role).collect()
}

async fn file(desk: &Desk, path: &str) -> Value {
    let answer = desk.get(&SOL, &format!("{path}/export.json")).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"customer-2026-11-23.json\"");
    assert_eq!(answer.header("content-type"), "application/json");
    serde_json::from_str(&answer.body).expect("the file is JSON")
}

#[actix_web::test]
async fn the_file_holds_everything_of_the_customer_and_names_nobody_of_the_team() {
    let desk = Desk::open().await;
    add_customer_with_everything(&desk).await;
    let file = file(&desk, KNOWN).await;
    assert_eq!(file["schema"], "dossier.customer/1");
    let count = |field: &str| file[field].as_array().map_or(0, Vec::len);
    let counts =
        ["app_user_ids", "attributes", "notes", "experiments", "balances", "purchases", "team_actions", "events"];
    assert_eq!(counts.map(count), [3, 5, 1, 1, 1, 3, 1, 8]);
    let text = file.to_string();
    for held in ["kanarie/ü 2", "kanarie@sundial.example", "+316kanarie12345", "\"kanarie_gone\"", "\"value\":null"] {
        assert!(text.contains(held), "{held}");
    }
    assert_eq!(file["notes"][0]["written_by"], "team member");
    assert_eq!(file["offering_override"]["set_by"], "team member");
    assert_eq!(file["events"][0]["body"]["event"]["unknown"]["kanarie"], "kanarie", "as received");
    assert_eq!(
        file["events"].as_array().and_then(|all| all.last()).expect("events")["body"]["event"]["type"],
        "NON_RENEWING_PURCHASE"
    );
    assert_eq!(count("rejected_deliveries"), 5);
    for other in ["Sol Mbeki", "sol@sundial.example"] {
        assert!(!text.contains(other), "{other}");
    }
    let page = desk.get(&SOL, &format!("{KNOWN}/export")).await;
    for held in ["kanarie/ü 2", "kanarie@sundial.example", "Everything we hold", "Note created"] {
        assert!(page.body.contains(held), "{held}");
    }
    assert!(!page.body.contains("Sol Mbeki</td>"));
    assert_eq!(exports(&desk), ["support", "support"]);
}

#[actix_web::test]
async fn ids_of_other_customers_are_left_out() {
    let desk = Desk::open().await;
    let mara = json!({
        "app_user_id": "mara", "original_app_user_id": "mara", "aliases": ["mara"], "id": "hers",
        "transaction_id": "of-mara", "original_transaction_id": "of-mara",
    });
    deliver(
        &desk,
        desk.project,
        &[event_on_day(0, "INITIAL_PURCHASE", json!({})), event_on_day(1, "INITIAL_PURCHASE", mara)],
    );
    let transfer: Value = serde_json::from_str(&transfer_event(3, &["lena"], &["mara"])).expect("JSON");
    let mut transfer = transfer;
    transfer["event"]["id"] = json!("transfer");
    deliver(&desk, desk.project, &[transfer.to_string()]);
    for (own, other) in [("lena", "mara"), ("mara", "lena")] {
        let text = file(&desk, &format!("/projects/sundial/customers/{own}")).await.to_string();
        assert!(text.contains("TRANSFER") && text.contains(&format!("\"{own}\"")) && !text.contains(other), "{text}");
        let page = desk.get(&SOL, &format!("/projects/sundial/customers/{own}/export")).await;
        assert!(!page.body.contains(other));
    }
}

#[actix_web::test]
async fn a_long_history_is_complete_and_in_order() {
    let desk = Desk::open().await;
    let bodies: Vec<String> =
        (0..450).map(|day| event_on_day(day, "RENEWAL", json!({ "id": format!("e{day}") }))).collect();
    deliver(&desk, desk.project, &bodies);
    let file = file(&desk, "/projects/sundial/customers/lena").await;
    let ids: Vec<&str> = file["events"]
        .as_array()
        .expect("events")
        .iter()
        .filter_map(|one| one["body"]["event"]["id"].as_str())
        .collect();
    assert_eq!(ids, (0..450).map(|day| format!("e{day}")).collect::<Vec<_>>());
}

#[actix_web::test]
async fn everybody_but_viewers_may_export_and_an_unknown_customer_is_404() {
    let desk = Desk::open().await;
    deliver(&desk, desk.project, &[event_on_day(0, "RENEWAL", json!({}))]);
    for person in &TEAM {
        for path in ["/projects/sundial/customers/lena/export", "/projects/sundial/customers/lena/export.json"] {
            let wanted = if person.email == VERA.email { StatusCode::FORBIDDEN } else { StatusCode::OK };
            assert_eq!(desk.get(person, path).await.status, wanted, "{} {path}", person.name);
        }
        let profile = desk.get(person, "/projects/sundial/customers/lena").await.body;
        assert_eq!(profile.contains("/lena/export\""), person.email != VERA.email);
    }
    assert_eq!(exports(&desk).len(), 6, "a refused request is no export");
    for path in ["/projects/sundial/customers/nobody/export", "/projects/sundial/customers/nobody/export.json"] {
        assert_eq!(desk.get(&ADA, path).await.status, StatusCode::NOT_FOUND);
    }
}

#[actix_web::test]
async fn an_old_log_in_needs_the_password_first() {
    let desk = Desk::open().await;
    deliver(&desk, desk.project, &[event_on_day(0, "RENEWAL", json!({}))]);
    let cookie = desk.cookie(&SOL);
    desk.clock.advance(16 * 60);
    let lena = "/projects/sundial/customers/lena";
    for path in ["export", "export.json"] {
        let asked = desk.get_with(&cookie, &format!("{lena}/{path}")).await;
        assert_eq!(
            (asked.status, asked.header("location")),
            (StatusCode::SEE_OTHER, format!("{lena}?dialog=export-prove").as_str())
        );
    }
    let dialog = desk.get_with(&cookie, &format!("{lena}?dialog=export-prove")).await;
    assert!(dialog.body.contains("Your password"));
    let refused = desk.post_with(&cookie, &format!("{lena}/export"), &[("password", "wrong")]).await;
    assert!(refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.body.contains("That is not your password"));
    assert!(exports(&desk).is_empty());
    let proven = desk.post_with(&cookie, &format!("{lena}/export"), &[("password", PASSWORD)]).await;
    assert_eq!((proven.status, proven.header("location")), (StatusCode::SEE_OTHER, format!("{lena}/export").as_str()));
    assert_eq!(desk.get_with(&proven.cookie(), &format!("{lena}/export.json")).await.status, StatusCode::OK);
    assert_eq!(exports(&desk), ["support"]);
}

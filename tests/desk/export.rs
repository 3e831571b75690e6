//! "Everything we hold": complete for one customer, with nothing about others, logged, and only after a fresh log-in.

use actix_web::http::StatusCode;
use diesel::connection::SimpleConnection;
use dossier::base::error::Error;
use dossier::db::customer_tables::{CUSTOMER_TABLES, OnMerge};
use serde_json::{Value, json};

use crate::support::Desk;
use crate::support::audit_log::audit_entries;
use crate::support::canary::{WITHOUT_ROWS, add_customer_with_everything};
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

/// Tables of which the file has nothing: they are for the program's own work or a colleague's, or follow from events and
/// purchases, which are there. The last one has the actions of the team, which another test finds there.
const NOT_IN_THE_FILE: [&str; 11] = [
    "test_sales",
    "test_customers",
    "submissions",
    "stale_customers",
    "progress",
    "payments",
    "kept_here",
    "former_purchases",
    "currency_entries",
    "checkpoints",
    "audit_details",
];

/// Tables of which the deletion dialog has no number: those, search terms, which follow from what is counted, and the history,
/// whose length is stored with the customer.
const NOT_COUNTED: [&str; 14] = [
    "test_sales",
    "test_customers",
    "submissions",
    "stale_customers",
    "search_terms",
    "progress",
    "payments",
    "kept_here",
    "history",
    "former_purchases",
    "currency_entries",
    "comparisons",
    "checkpoints",
    "audit_details",
];

/// A table is in the file, and is counted before a deletion, when either looks different without its rows.
#[actix_web::test]
async fn no_table_of_customers_is_forgotten_in_the_file_or_before_a_deletion() {
    let desk = Desk::open().await;
    add_customer_with_everything(&desk).await;
    let theirs = CUSTOMER_TABLES.iter().filter(|(_, on_merge)| *on_merge != OnMerge::NotTheirs);
    let theirs = theirs.map(|(table, _)| *table).filter(|table| !WITHOUT_ROWS.contains(table));
    let (mut not_in_the_file, mut not_counted) = (Vec::new(), Vec::new());
    let (mut held, mut counted) = (held(&desk).await, counted(&desk).await);
    // Ids come last: without them nobody is found.
    for table in theirs.rev() {
        let deleted = desk.db.write_here(|conn| Ok::<_, Error>(conn.batch_execute(&format!("DELETE FROM {table}"))?));
        deleted.expect("its rows are deleted");
        let (held_now, counted_now) = (self::held(&desk).await, self::counted(&desk).await);
        if held_now == held {
            not_in_the_file.push(table);
        }
        if counted_now == counted {
            not_counted.push(table);
        }
        (held, counted) = (held_now, counted_now);
    }
    assert_eq!(
        not_in_the_file, NOT_IN_THE_FILE,
        "a new table needs a section in pages/profile/export/sections/, or a reason here"
    );
    assert_eq!(not_counted, NOT_COUNTED, "a new table needs a row in pages/profile/manage/beside.rs, or a reason here");
}

/// The file without the actions of the team, to which each download adds one.
async fn held(desk: &Desk) -> Option<Value> {
    let answer = desk.get(&ADA, &format!("{KNOWN}/export.json")).await;
    let mut file: Value = serde_json::from_str(&answer.body).ok()?;
    file.as_object_mut()?.remove("team_actions");
    Some(file)
}

/// The dialog that deletes the customer.
async fn counted(desk: &Desk) -> String {
    let page = desk.get(&ADA, &format!("{KNOWN}?dialog=manage-delete")).await.body;
    let dialog = page.split("<dialog").nth(1).unwrap_or_default();
    dialog.lines().filter(|line| !line.contains("type=\"hidden\"")).collect()
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
    assert_eq!(counts.map(count), [3, 5, 1, 1, 1, 3, 1, 44]);
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

/// A browser saves whatever answers a link that is marked as a download, also the page that asks for the password.
#[actix_web::test]
async fn a_link_that_may_ask_for_the_password_is_not_marked_as_a_download() {
    let desk = Desk::open().await;
    deliver(&desk, desk.project, &[event_on_day(0, "RENEWAL", json!({}))]);
    let pages = ["/customers?list=all", "/settings/audit", "/customers/lena/export", "/settings/rejected"];
    let cookie = desk.cookie(&ADA);
    for page in pages {
        let html = desk.get_with(&cookie, &format!("/projects/sundial{page}")).await.body;
        let links = html.split("<a ").skip(1).filter_map(|rest| rest.split_once('>').map(|(tag, _)| tag));
        let asking = ["customers.csv", "audit.csv", "export.json"];
        let marked = links.filter(|tag| asking.iter().any(|file| tag.contains(file)) && tag.contains(" download"));
        assert_eq!(marked.collect::<Vec<_>>(), Vec::<&str>::new(), "{page}");
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
        let proof = format!("/account/proof?next={}/{path}", lena.replace('.', "%2E"));
        assert_eq!((asked.status, asked.header("location")), (StatusCode::SEE_OTHER, proof.as_str()));
    }
    let next = format!("{lena}/export");
    let page = desk.get_with(&cookie, &format!("/account/proof?next={next}")).await;
    assert!(page.body.contains("Your password") && page.body.contains(&format!("value=\"{next}\"")), "{}", page.body);
    let prove = async |password: &str, next: &str| {
        desk.post_with(&cookie, "/account/proof", &[("next", next), ("password", password)]).await
    };
    let refused = prove("wrong", &next).await;
    assert!(refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.body.contains("That is not your password"));
    assert!(exports(&desk).is_empty());
    let proven = prove(PASSWORD, &next).await;
    assert_eq!((proven.status, proven.header("location")), (StatusCode::SEE_OTHER, next.as_str()));
    assert_eq!(desk.get_with(&proven.cookie(), &format!("{lena}/export.json")).await.status, StatusCode::OK);
    assert_eq!(exports(&desk), ["support"]);
}

//! Changing a project: its name, limits and rules.

use actix_web::http::StatusCode;

use crate::support::audit_log::{Entry, audit_entries};
use crate::support::cast::{ADA, DEV, SOL, TEAM, VERA};
use crate::support::events::{deliver, event_on_day, with_ids};
use crate::support::pages::seen_version;
use crate::support::{Answer, Desk};

const SETTINGS: &str = "/projects/sundial/settings";
const PROJECT: &str = "/projects/sundial/settings/project";

/// The version of the settings that the dialog sends back.
async fn seen(desk: &Desk) -> String {
    let dialog = desk.get(&ADA, &format!("{SETTINGS}?dialog=project-edit")).await.body;
    seen_version(&dialog).to_owned()
}

/// The form with its present values, except for these changes.
fn form<'a>(seen: &'a str, changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let usual = [
        ("name", "Sundial"),
        ("note_length", "255"),
        ("note_count", "10"),
        ("transfer_behavior", "transfer_to_new"),
        ("sandbox_transfer_behavior", ""),
        ("seen", seen),
    ];
    let kept = usual.into_iter().filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    kept.chain(changes.iter().copied()).collect()
}

async fn change(desk: &Desk, changes: &[(&str, &str)]) -> Answer {
    let seen = seen(desk).await;
    desk.post_form(&ADA, PROJECT, &form(&seen, changes)).await
}

#[actix_web::test]
async fn an_admin_changes_the_settings_and_the_log_has_what_differs() {
    let desk = Desk::open().await;
    let changes = [
        ("name", " Sundial & <Moon> "),
        ("note_count", "2"),
        ("sandbox_transfer_behavior", "keep_with_original"),
        ("others_may_delete", "1"),
    ];
    let answer = change(&desk, &changes).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, format!("{SETTINGS}#")));
    let page = desk.get(&ADA, answer.header("location")).await.body;
    for shown in [
        "Sundial &#38; &#60;Moon&#62;",
        "2 at most",
        "Keep with original App User ID",
        "Admins, developers and support",
        "The settings are changed.",
    ] {
        assert!(page.contains(shown), "{shown}");
    }
    let Entry { action, details, .. } = audit_entries(&desk).remove(0);
    assert!(action == "project_updated" && details.contains("Notes of a customer: 10 at most"), "{details}");
    assert!(!details.contains("Length of a note"), "unchanged settings are not logged: {details}");
}

#[actix_web::test]
async fn new_limits_count_at_once_and_existing_notes_stay() {
    let desk = Desk::open().await;
    deliver(&desk, desk.project, &[event_on_day(1, "RENEWAL", with_ids("lena", &["lena"]))]);
    let notes = "/projects/sundial/customers/lena/notes";
    for text in ["one", "two"] {
        desk.post_form(&SOL, notes, &[("body", text)]).await;
    }
    change(&desk, &[("note_count", "1"), ("note_length", "5")]).await;
    let page = desk.get(&SOL, "/projects/sundial/customers/lena").await.body;
    assert!(page.contains("2 of 1") && page.contains("<p>one</p>"), "both stay");
    let refused = desk.post_form(&SOL, notes, &[("body", "3")]).await;
    assert!(refused.body.contains("A customer has at most 1 note"), "no more");
    change(&desk, &[("note_count", "100"), ("note_length", "5000")]).await;
    let long = "語".repeat(5_000);
    assert_eq!(desk.post_form(&SOL, notes, &[("body", &long)]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(desk.post_form(&SOL, notes, &[("body", &format!("{long}x"))]).await.status.as_u16(), 422);
}

#[actix_web::test]
async fn only_admins_may_change_the_settings() {
    let desk = Desk::open().await;
    for person in &TEAM {
        let answer = desk.post_form(person, PROJECT, &form("", &[])).await;
        let wanted = if person.id == ADA.id { StatusCode::CONFLICT } else { StatusCode::FORBIDDEN };
        assert_eq!(answer.status, wanted, "{}", person.name);
    }
    let developer = desk.get(&DEV, &format!("{SETTINGS}?dialog=project-edit")).await.body;
    assert!(!developer.contains("<dialog") && !developer.contains("dialog=project-edit"));
    let elsewhere = desk.post_form(&ADA, "/projects/moonrise/settings/project", &form("", &[])).await;
    assert_eq!(elsewhere.status, StatusCode::NOT_FOUND);
}

#[actix_web::test]
async fn refused_settings_come_back_with_every_reason() {
    let desk = Desk::open().await;
    let wrong = [("name", " "), ("note_length", "5001"), ("note_count", "ten"), ("transfer_behavior", "share")];
    let answer = change(&desk, &wrong).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    for shown in [
        "A name has 1 to 100 characters.",
        "A whole number from 1 to 5000.",
        "A whole number from 1 to 100.",
        "Sharing cannot be switched on again once it is off.",
        "value=\"ten\"",
    ] {
        assert!(answer.body.contains(shown), "{shown}");
    }
    assert!(!answer.body.contains(">Share between"), "it is not offered");
    let same = change(&desk, &[]).await;
    assert!(same.status == StatusCode::UNPROCESSABLE_ENTITY && same.body.contains("Nothing differs"));
    assert!(audit_entries(&desk).is_empty());
}

#[actix_web::test]
async fn sharing_can_be_kept_and_not_chosen_again() {
    let desk = Desk::open().await;
    let legacy = "UPDATE projects SET transfer_behavior = 'share' WHERE slug = 'sundial'";
    desk.db.batch(legacy).expect("an old project");
    let kept = change(&desk, &[("transfer_behavior", "share"), ("name", "Old")]).await;
    assert_eq!(kept.status, StatusCode::SEE_OTHER);
    let left = change(&desk, &[("transfer_behavior", "keep_with_original"), ("name", "Old")]).await;
    assert_eq!(left.status, StatusCode::SEE_OTHER);
    let back = change(&desk, &[("transfer_behavior", "share"), ("name", "Old")]).await;
    assert!(back.status == StatusCode::UNPROCESSABLE_ENTITY && back.body.contains("Sharing cannot be switched on"));
}

#[actix_web::test]
async fn two_who_change_the_settings_at_once_see_both_versions() {
    let desk = Desk::open().await;
    let seen = seen(&desk).await;
    assert_eq!(desk.post_form(&ADA, PROJECT, &form(&seen, &[("name", "Mine")])).await.status, StatusCode::SEE_OTHER);
    let late = desk.post_form(&ADA, PROJECT, &form(&seen, &[("name", "Yours")])).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(late.body.contains("<bdi>Mine</bdi>") && late.body.contains("value=\"Yours\""), "both");
    assert_eq!(audit_entries(&desk).len(), 1);
}

#[actix_web::test]
async fn support_may_delete_customers_where_the_project_says_so() {
    let desk = Desk::open().await;
    deliver(&desk, desk.project, &[event_on_day(1, "RENEWAL", with_ids("lena", &["lena"]))]);
    let path = "/projects/sundial/customers/lena/delete";
    assert_eq!(desk.post_form(&SOL, path, &[]).await.status, StatusCode::FORBIDDEN);
    change(&desk, &[("others_may_delete", "1")]).await;
    assert_eq!(desk.post_form(&SOL, path, &[("confirm", "x")]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(desk.post_form(&VERA, path, &[]).await.status, StatusCode::FORBIDDEN);
}

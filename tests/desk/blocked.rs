//! Blocking from the profile and from the settings, unblocking, and what a blocked id shows.

use actix_web::http::StatusCode;
use diesel::prelude::*;
use dossier::base::Role;
use dossier::base::error::Error;
use dossier::db::schema::projects;
use dossier::operations::erasure::blocking::{self, MOST};
use serde_json::json;

use crate::support::audit_log::verified_audit_entries;
use crate::support::cast::{ADA, LENA, PASSWORD, SOL, TEAM};
use crate::support::events::{deliver, event_on_day};
use crate::support::jobs::clean_up;
use crate::support::operations::block;
use crate::support::{Desk, traces};

const BLOCKED: &str = "/projects/sundial/settings/blocked";
const TICKED: [(&str, &str); 2] = [("lost", "1"), ("checked", "1")];
/// What blocks Lena from her profile.
const CONFIRMED: [(&str, &str); 3] = [("confirm", "lena"), TICKED[0], TICKED[1]];

async fn desk_with_lena() -> Desk {
    let desk = Desk::open().await;
    let aliases = json!({ "id": "first", "aliases": ["lena", "kanarie"] });
    deliver(&desk, desk.project, &[event_on_day(0, "INITIAL_PURCHASE", aliases)]);
    desk
}

fn blocked(desk: &Desk) -> Vec<(String, i64)> {
    let read = desk.db.read_here(|conn| Ok::<_, Error>(blocking::all(conn, desk.project)?)).expect("the list");
    read.into_iter().map(|one| (one.app_user_id, one.ids)).collect()
}

#[actix_web::test]
async fn a_customer_is_blocked_from_the_profile_and_unblocked_from_the_list() {
    let desk = desk_with_lena().await;
    let dialog = desk.get(&ADA, &format!("{LENA}?dialog=manage-block")).await.body;
    assert!(
        dialog.contains("all 2 App User IDs")
            && dialog.contains("I have checked that this is not a legitimate paying customer.")
    );
    let done = desk.post_form(&ADA, &format!("{LENA}/block"), &CONFIRMED).await;
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, "/projects/sundial/customers#".to_owned()));
    assert_eq!(blocked(&desk), [("lena".to_owned(), 2)]);
    assert!(
        desk.get(&ADA, done.header("location"))
            .await
            .body
            .contains("Customer blocked and deleted: 2 App User IDs, 1 event.")
    );
    for id in ["lena", "kanarie"] {
        let gone = desk.get(&ADA, &format!("/projects/sundial/customers/{id}")).await;
        assert!(
            gone.status == StatusCode::NOT_FOUND && gone.body.contains("is blocked") && gone.body.contains(BLOCKED)
        );
        let gone = desk.get(&SOL, &format!("/projects/sundial/customers/{id}")).await;
        assert!(gone.body.contains("is blocked") && !gone.body.contains(BLOCKED));
    }
    let list = desk.get(&ADA, BLOCKED).await.body;
    for text in ["1 of 100", "and 1 other id", "Unblock<"] {
        assert!(list.contains(text), "{text}");
    }
    clean_up(&desk);
    assert_eq!(traces::find(&desk, "kanarie"), Vec::<String>::new());
    let unblocked = desk.post_form(&ADA, "/projects/sundial/customers/kanarie/unblock", &[]).await;
    assert_eq!((unblocked.status, unblocked.location()), (StatusCode::SEE_OTHER, format!("{BLOCKED}#")));
    assert!(desk.get(&ADA, unblocked.header("location")).await.body.contains("Nobody is blocked."));
    assert!(blocked(&desk).is_empty());
    let log = verified_audit_entries(&desk);
    let actions: Vec<&str> = log.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["customer_blocked", "customer_unblocked"]);
    assert!(!desk.get(&ADA, LENA).await.body.contains("is blocked"));
}

#[actix_web::test]
async fn an_id_that_nobody_has_is_blocked_from_the_settings() {
    let desk = desk_with_lena().await;
    let block = async |id: &str| desk.post_form(&ADA, BLOCKED, &[("app_user_id", id)]).await;
    let lena = block(" lena ").await;
    assert!(lena.status == StatusCode::UNPROCESSABLE_ENTITY && lena.body.contains("block them on their profile"));
    assert_eq!(desk.get(&ADA, LENA).await.status, StatusCode::OK, "nothing is deleted");
    let nobody = block("hard-coded").await;
    assert!(desk.get(&ADA, nobody.header("location")).await.body.contains("Nobody had this id."));
    assert_eq!(blocked(&desk).len(), 1);
    for (id, why) in [
        ("", "it is empty"),
        ("a b", "it holds a space"),
        ("a/b", "it holds a “/”"),
        ("null", "it is a word that apps send when nobody is logged in"),
        ("hard-coded", "is blocked already"),
    ] {
        let refused = block(id).await;
        assert!(refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.body.contains(why), "{id}");
        assert!(refused.body.contains(&format!("value=\"{id}\"")), "{id} is kept");
    }
    assert_eq!(verified_audit_entries(&desk).len(), 1);
}

#[actix_web::test]
async fn both_boxes_must_be_ticked() {
    let desk = desk_with_lena().await;
    for ticked in [&[][..], &TICKED[..1], &TICKED[1..]] {
        let fields: Vec<(&str, &str)> = ticked.iter().copied().chain([CONFIRMED[0]]).collect();
        let refused = desk.post_form(&ADA, &format!("{LENA}/block"), &fields).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains("Tick this box to continue"));
    }
    assert!(blocked(&desk).is_empty() && desk.get(&ADA, LENA).await.status == StatusCode::OK);
}

#[actix_web::test]
async fn who_may_delete_may_block_and_an_unknown_customer_is_404() {
    for person in TEAM {
        let desk = desk_with_lena().await;
        let may = person.role == Role::Admin;
        let wanted = |yes| if may { yes } else { StatusCode::FORBIDDEN };
        assert_eq!(desk.get(&person, BLOCKED).await.status, wanted(StatusCode::OK));
        let nobody = desk.post_form(&person, "/projects/sundial/customers/nobody/unblock", &[]).await;
        assert_eq!(nobody.status, wanted(StatusCode::NOT_FOUND));
        let nobody = desk.post_form(&person, "/projects/sundial/customers/nobody/block", &CONFIRMED).await;
        assert_eq!(nobody.status, wanted(StatusCode::NOT_FOUND));
        assert_eq!(
            desk.post_form(&person, &format!("{LENA}/block"), &CONFIRMED).await.status,
            wanted(StatusCode::SEE_OTHER)
        );
        assert_eq!(blocked(&desk).len(), usize::from(may));
    }
}

#[actix_web::test]
async fn an_old_log_in_needs_the_password_first() {
    let desk = desk_with_lena().await;
    let cookie = desk.cookie(&ADA);
    desk.clock.advance(16 * 60);
    let refused = desk.post_with(&cookie, &format!("{LENA}/block"), &CONFIRMED).await;
    assert!(refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.body.contains("Type your password"));
    assert_eq!(refused.body.matches("\" required checked").count(), 2, "what was ticked stays ticked");
    let fields = [CONFIRMED[0], TICKED[0], TICKED[1], ("password", PASSWORD)];
    assert_eq!(desk.post_with(&cookie, &format!("{LENA}/block"), &fields).await.status, StatusCode::SEE_OTHER);
}

#[actix_web::test]
async fn the_hundred_and_first_blocked_customer_is_refused() {
    let desk = desk_with_lena().await;
    for number in 0..MOST {
        block(&desk, desk.project, &format!("blocked-{number}")).expect("there is room");
    }
    let refused = desk.post_form(&ADA, &format!("{LENA}/block"), &CONFIRMED).await;
    assert!(
        refused.status == StatusCode::UNPROCESSABLE_ENTITY
            && refused.body.contains("The project has 100 blocked customers")
    );
    assert!(desk.get(&ADA, BLOCKED).await.body.contains("Full: unblock one to block another."));
}

/// Blocking deletes, so it asks for as much: whoever may not delete cannot erase anybody by blocking.
#[actix_web::test]
async fn blocking_needs_the_typed_id_and_a_project_that_lets_support_delete_lets_it_block() {
    let desk = desk_with_lena().await;
    for confirm in ["", "Lena", "kanarie"] {
        let fields = [("confirm", confirm), TICKED[0], TICKED[1]];
        let refused = desk.post_form(&ADA, &format!("{LENA}/block"), &fields).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{confirm}");
        assert!(refused.body.contains("That is not the id."), "{}", refused.body);
    }
    let stale = [CONFIRMED[0], TICKED[0], TICKED[1], ("seen", "1.2.3")];
    assert_eq!(desk.post_form(&ADA, &format!("{LENA}/block"), &stale).await.status, StatusCode::CONFLICT);
    assert!(!desk.get(&SOL, LENA).await.body.contains("manage-block"));
    let allow = diesel::update(projects::table.find(desk.project)).set(projects::others_may_delete.eq(true));
    desk.db.write_here(|conn| Ok::<_, Error>(allow.execute(conn)?)).expect("it is allowed");
    assert!(desk.get(&SOL, LENA).await.body.contains("manage-block"));
    assert_eq!(desk.post_form(&SOL, &format!("{LENA}/block"), &CONFIRMED).await.status, StatusCode::SEE_OTHER);
    assert_eq!(blocked(&desk), [("lena".to_owned(), 2)]);
}

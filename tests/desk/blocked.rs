//! Blocking from the profile and from the settings, unblocking, and what a blocked id shows.

use actix_web::http::StatusCode;
use dossier::base::error::Error;
use dossier::operations::erasure::blocking::{self, MOST};
use serde_json::json;

use crate::support::audit_log::verified_audit_entries;
use crate::support::cast::{ADA, DEV, LENA, PASSWORD, SOL, TEAM, VERA};
use crate::support::events::{deliver, event_on_day};
use crate::support::jobs::clean_up;
use crate::support::operations::block;
use crate::support::{Desk, traces};

const BLOCKED: &str = "/projects/sundial/settings/blocked";
const TICKED: [(&str, &str); 2] = [("lost", "1"), ("checked", "1")];

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
    let dialog = desk.get(&SOL, &format!("{LENA}?dialog=manage-block")).await.body;
    assert!(
        dialog.contains("all 2 App User IDs")
            && dialog.contains("I have checked that this is not a legitimate paying customer.")
    );
    let done = desk.post_form(&SOL, &format!("{LENA}/block"), &TICKED).await;
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, "/projects/sundial/customers#".to_owned()));
    assert_eq!(blocked(&desk), [("lena".to_owned(), 2)]);
    assert!(
        desk.get(&SOL, done.header("location"))
            .await
            .body
            .contains("Customer blocked and deleted: 2 App User IDs, 1 event.")
    );
    for id in ["lena", "kanarie"] {
        let gone = desk.get(&SOL, &format!("/projects/sundial/customers/{id}")).await;
        assert!(
            gone.status == StatusCode::NOT_FOUND && gone.body.contains("is blocked") && gone.body.contains(BLOCKED)
        );
        let gone = desk.get(&VERA, &format!("/projects/sundial/customers/{id}")).await;
        assert!(gone.body.contains("is blocked") && !gone.body.contains(BLOCKED));
    }
    let list = desk.get(&SOL, BLOCKED).await.body;
    for text in ["1 of 100", "and 1 other id", "Unblock<"] {
        assert!(list.contains(text), "{text}");
    }
    clean_up(&desk);
    assert_eq!(traces::find(&desk, "kanarie"), Vec::<String>::new());
    let unblocked = desk.post_form(&DEV, "/projects/sundial/customers/kanarie/unblock", &[]).await;
    assert_eq!((unblocked.status, unblocked.location()), (StatusCode::SEE_OTHER, format!("{BLOCKED}#")));
    assert!(desk.get(&DEV, unblocked.header("location")).await.body.contains("Nobody is blocked."));
    assert!(blocked(&desk).is_empty());
    let log = verified_audit_entries(&desk);
    let actions: Vec<&str> = log.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["customer_blocked", "customer_unblocked"]);
    assert!(!desk.get(&SOL, LENA).await.body.contains("is blocked"));
}

#[actix_web::test]
async fn an_id_is_blocked_from_the_settings_whether_or_not_somebody_has_it() {
    let desk = desk_with_lena().await;
    let block = async |id: &str| desk.post_form(&ADA, BLOCKED, &[("app_user_id", id), TICKED[0], TICKED[1]]).await;
    let lena = block(" lena ").await;
    assert!(desk.get(&ADA, lena.header("location")).await.body.contains("the customer deleted: 2 App User IDs"));
    let nobody = block("hard-coded").await;
    assert!(desk.get(&ADA, nobody.header("location")).await.body.contains("Nobody had this id."));
    assert_eq!(blocked(&desk).len(), 2);
    for (id, why) in [
        ("", "it is empty"),
        ("a b", "it holds a space"),
        ("a/b", "it holds a “/”"),
        ("null", "it is a word that apps send when nobody is logged in"),
        ("kanarie", "is blocked already"),
    ] {
        let refused = block(id).await;
        assert!(refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.body.contains(why), "{id}");
        assert!(refused.body.contains(&format!("value=\"{id}\"")), "{id} is kept");
    }
    assert_eq!(verified_audit_entries(&desk).len(), 2);
}

#[actix_web::test]
async fn both_boxes_must_be_ticked() {
    let desk = desk_with_lena().await;
    for ticked in [&[][..], &TICKED[..1], &TICKED[1..]] {
        for (path, id) in [(format!("{LENA}/block"), None), (BLOCKED.to_owned(), Some(("app_user_id", "lena")))] {
            let fields: Vec<(&str, &str)> = ticked.iter().copied().chain(id).collect();
            let refused = desk.post_form(&SOL, &path, &fields).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
            assert!(refused.body.contains("Tick this box to continue"));
        }
    }
    assert!(blocked(&desk).is_empty() && desk.get(&SOL, LENA).await.status == StatusCode::OK);
}

#[actix_web::test]
async fn everybody_but_viewers_may_block_and_an_unknown_customer_is_404() {
    for person in TEAM {
        let desk = desk_with_lena().await;
        let may = person.email != VERA.email;
        let wanted = |yes| if may { yes } else { StatusCode::FORBIDDEN };
        assert_eq!(desk.get(&person, BLOCKED).await.status, wanted(StatusCode::OK));
        let nobody = desk.post_form(&person, "/projects/sundial/customers/nobody/unblock", &[]).await;
        assert_eq!(nobody.status, wanted(StatusCode::NOT_FOUND));
        let nobody = desk.post_form(&person, "/projects/sundial/customers/nobody/block", &TICKED).await;
        assert_eq!(nobody.status, wanted(StatusCode::NOT_FOUND));
        assert_eq!(
            desk.post_form(&person, &format!("{LENA}/block"), &TICKED).await.status,
            wanted(StatusCode::SEE_OTHER)
        );
        assert_eq!(blocked(&desk).len(), usize::from(may));
    }
}

#[actix_web::test]
async fn an_old_log_in_needs_the_password_first() {
    let desk = desk_with_lena().await;
    let cookie = desk.cookie(&SOL);
    desk.clock.advance(16 * 60);
    let refused = desk.post_with(&cookie, &format!("{LENA}/block"), &TICKED).await;
    assert!(refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.body.contains("Type your password"));
    assert_eq!(refused.body.matches("\" required checked").count(), 2, "what was ticked stays ticked");
    let fields = [TICKED[0], TICKED[1], ("password", PASSWORD)];
    assert_eq!(desk.post_with(&cookie, &format!("{LENA}/block"), &fields).await.status, StatusCode::SEE_OTHER);
}

#[actix_web::test]
async fn the_hundred_and_first_blocked_customer_is_refused() {
    let desk = desk_with_lena().await;
    for number in 0..MOST {
        block(&desk, desk.project, &format!("blocked-{number}")).expect("there is room");
    }
    let refused = desk.post_form(&SOL, &format!("{LENA}/block"), &TICKED).await;
    assert!(
        refused.status == StatusCode::UNPROCESSABLE_ENTITY
            && refused.body.contains("The project has 100 blocked customers")
    );
    assert!(desk.get(&SOL, BLOCKED).await.body.contains("Full: unblock one to block another."));
}

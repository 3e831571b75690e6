//! Deleting a customer from the profile: somebody types the id, nothing is left, and the answer leads to the list.

use actix_web::http::StatusCode;
use diesel::prelude::*;
use dossier::base::error::Error;
use dossier::base::ids::ProjectId;
use dossier::db::schema::*;
use dossier::ingest::Outcome;
use serde_json::json;

use crate::support::audit_log::verified_audit_entries;
use crate::support::cast::{ADA, DEV, PASSWORD, Person, SOL, TEAM, VERA};
use crate::support::customers::count_customers;
use crate::support::events::{TODAY, deliver, event_on_day, transfer_of_every_store};
use crate::support::jobs::clean_up;
use crate::support::pages::seen_version;
use crate::support::{Answer, Desk, traces};

const LENA: &str = "/projects/sundial/customers/lena-kanarie";
const CONFIRMED: [(&str, &str); 1] = [("confirm", "lena-kanarie")];

async fn desk_with_lena() -> Desk {
    let desk = Desk::open().await;
    let named = json!({
        "id": "first", "app_user_id": "lena-kanarie", "original_app_user_id": "lena-kanarie",
        "aliases": ["lena-kanarie", "lena"], "expiration_at_ms": 1_797_000_000_000i64,
    });
    deliver(
        &desk,
        desk.project,
        &[
            event_on_day(1_090, "INITIAL_PURCHASE", named),
            event_on_day(
                0,
                "INITIAL_PURCHASE",
                json!({ "app_user_id": "mara", "original_app_user_id": "mara", "aliases": ["mara"] }),
            ),
        ],
    );
    desk
}

async fn delete(desk: &Desk, person: &Person) -> Answer {
    desk.post_form(person, &format!("{LENA}/delete"), &CONFIRMED).await
}

#[actix_web::test]
async fn an_admin_deletes_a_customer_by_typing_the_id() {
    let desk = desk_with_lena().await;
    desk.post_form(&SOL, &format!("{LENA}/notes"), &[("body", "kanarie")]).await;
    let dialog = desk.get(&ADA, &format!("{LENA}?dialog=manage-delete")).await;
    for text in [
        "2 App User IDs and everything found by them",
        "Only the customer can do that, in their Apple account",
        "1 note",
    ] {
        assert!(dialog.body.contains(text), "{text}");
    }
    let deleted = delete(&desk, &ADA).await;
    assert_eq!(
        (deleted.status, deleted.location()),
        (StatusCode::SEE_OTHER, "/projects/sundial/customers#".to_owned())
    );
    let list = desk.get(&ADA, deleted.header("location")).await;
    let free_space = if desk.db.is_sqlite() { "Free space is overwritten by " } else { "The database clears the rows" };
    let said = format!("Customer deleted: 2 App User IDs, 1 event. {free_space}");
    assert!(list.body.contains(&said), "{}", list.body);
    for gone in [LENA, "/projects/sundial/customers/lena"] {
        assert_eq!(desk.get(&ADA, gone).await.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(count_customers(&desk), 1);
    let log = verified_audit_entries(&desk);
    let [noted, deleted] = log.as_slice() else { panic!("{log:?}") };
    assert_eq!((deleted.action.as_str(), deleted.role.as_str()), ("customer_deleted", "admin"));
    assert_eq!(deleted.subject, noted.subject, "the entry names the row that is gone");
    clean_up(&desk);
    assert_eq!(traces::find(&desk, "kanarie"), Vec::<String>::new());
}

#[actix_web::test]
async fn only_admins_may_delete_unless_the_project_allows_support_and_developers() {
    for (is_allowed, role) in [false, true].into_iter().flat_map(|is_allowed| TEAM.map(|person| (is_allowed, person))) {
        let desk = desk_with_lena().await;
        let set = desk.db.write_here(|conn| {
            let row = diesel::update(projects::table.find(desk.project));
            Ok::<_, Error>(row.set(projects::others_may_delete.eq(is_allowed)).execute(conn)?)
        });
        set.expect("the setting");
        let may = role.email == ADA.email || (is_allowed && role.email != VERA.email);
        let page = desk.get(&role, &format!("{LENA}?dialog=manage-delete")).await.body;
        assert_eq!(page.contains("Type the id to delete its customer"), may, "{}", role.name);
        let status = delete(&desk, &role).await.status;
        assert_eq!(status, if may { StatusCode::SEE_OTHER } else { StatusCode::FORBIDDEN }, "{}", role.name);
        assert_eq!(count_customers(&desk), if may { 1 } else { 2 });
    }
}

#[actix_web::test]
async fn any_other_id_is_refused_and_kept_in_the_field() {
    let desk = desk_with_lena().await;
    for typed in ["", "lena", "LENA-KANARIE", "mara"] {
        let refused = desk.post_form(&ADA, &format!("{LENA}/delete"), &[("confirm", typed)]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains("That is not the id.") && refused.body.contains(&format!("value=\"{typed}\"")));
    }
    let unknown = desk.post_form(&ADA, "/projects/sundial/customers/nobody/delete", &[("confirm", "nobody")]).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    assert_eq!((count_customers(&desk), verified_audit_entries(&desk).len()), (2, 0));
}

#[actix_web::test]
async fn an_old_log_in_needs_the_password_first() {
    let desk = desk_with_lena().await;
    let cookie = desk.cookie(&ADA);
    desk.clock.advance(16 * 60);
    let dialog = desk.get_with(&cookie, &format!("{LENA}?dialog=manage-delete")).await;
    assert!(dialog.body.contains("Your password"));
    for (typed, why) in [("", "Type your password"), ("wrong", "That is not your password")] {
        let fields = [CONFIRMED[0], ("password", typed)];
        let refused = desk.post_with(&cookie, &format!("{LENA}/delete"), &fields).await;
        assert!(refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.body.contains(why), "{}", refused.body);
    }
    assert_eq!(count_customers(&desk), 2);
    let fields = [("confirm", "somebody else"), ("password", PASSWORD)];
    let refused = desk.post_with(&cookie, &format!("{LENA}/delete"), &fields).await;
    assert!(
        refused.body.contains("That is not the id.") && !refused.body.contains("Your password"),
        "{}",
        refused.body
    );
    let cookie = refused.cookie();
    assert_eq!(desk.post_with(&cookie, &format!("{LENA}/delete"), &CONFIRMED[..1]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(count_customers(&desk), 1);
}

#[actix_web::test]
async fn changes_since_the_dialog_was_opened_are_shown_first() {
    let desk = desk_with_lena().await;
    let dialog = desk.get(&ADA, &format!("{LENA}?dialog=manage-delete")).await.body;
    let seen = seen_version(&dialog);
    desk.post_form(&SOL, &format!("{LENA}/notes"), &[("body", "wait!")]).await;
    let fields = [CONFIRMED[0], ("seen", seen)];
    let stale = desk.post_form(&ADA, &format!("{LENA}/delete"), &fields).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert!(stale.body.contains("Something changed while you were looking.") && stale.body.contains("1 note"));
    assert_eq!(count_customers(&desk), 2);
}

#[actix_web::test]
async fn a_form_that_is_sent_many_times_deletes_once_and_gets_the_same_answer() {
    let desk = desk_with_lena().await;
    let fields = [CONFIRMED[0], ("once", "only")];
    let answers = desk.post_form_at_once(&ADA, &format!("{LENA}/delete"), &fields, 20).await;
    let locations: Vec<&str> = answers.iter().map(|answer| answer.header("location")).collect();
    assert!(
        answers.iter().all(|answer| answer.status == StatusCode::SEE_OTHER)
            && locations.iter().all(|one| *one == locations[0])
    );
    assert_eq!((count_customers(&desk), verified_audit_entries(&desk).len()), (1, 1));
    // A customer who gets the id afterwards is another one; the repeated form must not delete them.
    deliver(
        &desk,
        desk.project,
        &[event_on_day(TODAY, "RENEWAL", json!({ "app_user_id": "lena-kanarie", "aliases": [] }))],
    );
    assert_eq!(desk.post_form(&ADA, &format!("{LENA}/delete"), &fields).await.header("location"), locations[0]);
    assert_eq!(count_customers(&desk), 2);
}

#[actix_web::test]
async fn events_that_arrive_during_the_deletion_leave_nothing_behind() {
    let desk = desk_with_lena().await;
    let slug = desk.project_of_the_cast();
    let project: ProjectId = slug[1..].parse().expect("its id");
    let named = |number: i64| {
        event_on_day(
            number,
            "RENEWAL",
            json!({ "id": format!("{number}"), "app_user_id": "lena-kanarie", "aliases": ["lena"] }),
        )
    };
    desk.post_webhook(&slug, named(0)).await;
    let path = format!("/projects/{slug}/customers/lena-kanarie/delete");
    let deliveries = futures_util::future::join_all((1..40).map(|number| desk.post_webhook(&slug, named(number))));
    let (answers, deleted) = futures_util::join!(deliveries, desk.post_form(&DEV, &path, &CONFIRMED));
    assert!(answers.iter().all(|answer| answer.status == StatusCode::OK));
    assert_eq!(deleted.status, StatusCode::SEE_OTHER);
    let left = desk.db.read_here(|conn| {
        let events = events::table.filter(events::project_id.eq(project)).count().get_result::<i64>(conn)?;
        let customers = customers::table.filter(customers::project_id.eq(project)).count().get_result::<i64>(conn)?;
        Ok::<_, Error>((events, customers))
    });
    assert_eq!(left.expect("it counts"), (0, 0), "all of them happened before it");
    assert_eq!(deliver(&desk, project, &[named(7)]), [Outcome::Late]);
}

#[actix_web::test]
async fn the_other_side_of_a_transfer_still_says_that_purchases_moved() {
    let desk = Desk::open().await;
    let bought = json!({
        "expiration_at_ms": 1_797_000_000_000i64, "app_user_id": "lena-kanarie",
        "original_app_user_id": "lena-kanarie", "aliases": [],
    });
    deliver(
        &desk,
        desk.project,
        &[
            event_on_day(1_090, "INITIAL_PURCHASE", bought),
            transfer_of_every_store(1_095, &["lena-kanarie"], &["mara"]),
        ],
    );
    let dialog = desk.get(&ADA, &format!("{LENA}?dialog=manage-delete")).await.body;
    assert!(dialog.contains("stay with that customer, without this customer’s ids"));
    assert_eq!(delete(&desk, &ADA).await.status, StatusCode::SEE_OTHER);
    let mara = desk.get(&ADA, "/projects/sundial/customers/mara").await.body;
    assert!(mara.contains("Purchases transferred from another customer") && !mara.contains("lena-kanarie"));
    assert!(mara.contains("monthly"), "the purchase is still hers");
    desk.db.write_here(|conn| Ok::<_, Error>(diesel::delete(purchases::table).execute(conn)?)).expect("it is gone");
    let mara = desk.get(&ADA, "/projects/sundial/customers/mara").await.body;
    assert!(mara.contains("Purchases came from") && mara.contains("another customer"));
}

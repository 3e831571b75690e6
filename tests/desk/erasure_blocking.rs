//! Blocking without HTTP: a blocked customer is erased, and later events bring nobody back.

use diesel::prelude::*;
use dossier::base::error::Error;
use dossier::db::schema::*;
use dossier::ingest::Outcome;
use dossier::operations::erasure::blocking;
use serde_json::json;

use crate::support::customers::ids_of_customers;
use crate::support::events::{TODAY, deliver, event_on_day, transfer_of_every_store, with_ids};
use crate::support::jobs::{clean_up, rebuild};
use crate::support::operations::block;
use crate::support::{Desk, traces};

/// An event of these App User IDs. Its event id does not contain them.
fn event_of(day: i64, id: &str, aliases: &[&str]) -> String {
    let mut extra = with_ids(aliases[0], aliases);
    extra["id"] = json!(id);
    event_on_day(day, "RENEWAL", extra)
}

#[actix_web::test]
async fn a_blocked_customer_is_erased_and_later_events_create_no_customer() {
    let desk = Desk::open().await;
    let project = desk.project;
    deliver(&desk, project, &[event_of(0, "first", &["lena", "kanarie-2"])]);
    let done = block(&desk, project, "lena").expect("she is blocked");
    assert_eq!((done.customer.is_some(), done.erased.ids), (true, 2));
    assert_eq!(block(&desk, project, "kanarie-2"), Err(blocking::Problem::Already));
    let newer = [
        event_on_day(
            TODAY,
            "RENEWAL",
            json!({ "id": "of-lena", "subscriber_attributes": { "$email": { "value": "kanarie@sundial.example" } } }),
        ),
        event_of(TODAY, "of-a-stranger", &["kanarie-2", "stranger"]),
    ];
    assert_eq!(deliver(&desk, project, &newer), [Outcome::Ignored; 2]);
    rebuild(&desk, Some(project));
    assert!(ids_of_customers(&desk, project).is_empty());
    assert!(clean_up(&desk) > 0, "there is something to clean up");
    assert_eq!(traces::find(&desk, "kanarie"), Vec::<String>::new());
    let stored = desk.count(|conn| events::table.filter(events::project_id.eq(project)).count().get_result(conn));
    let ignored = desk.count(|conn| blocked_customers::table.select(blocked_customers::ignored).first(conn));
    assert_eq!((stored, ignored), (2, 2), "the events are counted");
    let unblocked =
        desk.db.write_here(|conn| Ok::<_, Error>(blocking::unblock(conn, &desk.ctx_in(project), done.blocked)?));
    assert!(unblocked.expect("she is unblocked"));
    assert_eq!(deliver(&desk, project, &[event_of(TODAY - 2, "before", &["kanarie-2"])]), [Outcome::Late]);
    desk.clock.advance(2 * 86_400);
    assert_eq!(deliver(&desk, project, &[event_of(TODAY + 1, "after", &["kanarie-2"])]), [Outcome::Stored]);
    assert_eq!(ids_of_customers(&desk, project), [["kanarie-2".to_owned()]]);
}

#[actix_web::test]
async fn a_transfer_with_a_blocked_customer_counts_only_for_the_other() {
    let desk = Desk::open().await;
    let project = desk.project;
    block(&desk, project, "blocked-one").expect("blocked before they came");
    deliver(&desk, project, &[event_on_day(0, "INITIAL_PURCHASE", json!({}))]);
    let sent = transfer_of_every_store(TODAY, &["lena"], &["blocked-one"]);
    assert_eq!(deliver(&desk, project, &[sent.clone(), sent]), [Outcome::Stored, Outcome::Duplicate]);
    assert_eq!(desk.count(|conn| purchases::table.count().get_result(conn)), 0);
    assert_eq!(
        deliver(&desk, project, &[transfer_of_every_store(TODAY + 1, &["blocked-one"], &["null"])]),
        [Outcome::Stored]
    );
    assert_eq!(
        deliver(&desk, project, &[transfer_of_every_store(TODAY + 2, &["blocked-one"], &[])]),
        [Outcome::Ignored]
    );
    assert_eq!(ids_of_customers(&desk, project), [["lena".to_owned()]]);
    assert!(traces::find_in_rows(&desk, project, "blocked-one").is_empty());
}

#[actix_web::test]
async fn a_hundred_customers_may_be_blocked_and_not_one_more() {
    let desk = Desk::open().await;
    for number in 0..blocking::MOST {
        block(&desk, desk.project, &format!("blocked-{number}")).expect("there is room");
    }
    assert_eq!(block(&desk, desk.project, "one-more"), Err(blocking::Problem::Full));
    assert!(block(&desk, desk.project_of_its_own(), "one-more").is_ok());
}

//! The audit log as a page with filters, and as a file.

use actix_web::http::StatusCode;
use dossier::audit::{self, Action, Actor, Ctx, Trace};
use dossier::base::ids::PersonId;

use crate::support::Desk;
use crate::support::acting::add_note;
use crate::support::audit_log::verify_audit_chain;
use crate::support::cast::{ADA, DEV, SOL, TEAM, VERA};
use crate::support::events::{deliver, event_on_day, with_ids};
use crate::support::jobs::run_jobs;
use crate::support::operations::erase_customer;
use crate::support::pages::{pager_link, text_of};

const LOG: &str = "/projects/sundial/settings/audit";
const FILE: &str = "/projects/sundial/settings/audit.csv";

async fn desk_with(customers: &[&str]) -> Desk {
    let desk = Desk::open().await;
    for id in customers {
        deliver(&desk, desk.project, &[event_on_day(1, "RENEWAL", with_ids(id, &[id]))]);
    }
    desk
}

/// Appends an entry without a form.
fn append(desk: &Desk, actor: &Actor, trace: Trace) {
    let ctx = Ctx { actor: actor.clone(), ..desk.ctx() };
    let appended = desk.db.write_here(|conn| audit::append(conn, &ctx, trace));
    appended.expect("an entry");
}

async fn page(desk: &Desk, query: &str) -> String {
    desk.page(&ADA, &format!("{LOG}{query}")).await
}

/// The words of each row of the table.
fn rows(html: &str) -> Vec<String> {
    let body = html.split_once("<tbody").and_then(|(_, rest)| rest.split_once("</tbody>")).map_or("", |(body, _)| body);
    body.split("<tr").skip(1).map(text_of).collect()
}

#[actix_web::test]
async fn an_entry_shows_who_did_what_when_to_which_customer_and_why() {
    let desk = desk_with(&["lena/1"]).await;
    add_note(&desk, "lena%2F1", "Charged <b>twice</b>").await;
    let plain = Trace::new(Action::NoteUpdated).about("plan").before("a\nb").after("c".repeat(90));
    let trace = plain.because(Some("she asked".into()));
    append(&desk, &Actor::person(ADA.id, "admin"), trace);
    append(&desk, &Actor::system(), Trace::new(Action::NoteDeleted).because(Some("undone".into())));
    append(&desk, &Actor::operator(), Trace::new(Action::NoteDeleted));
    append(&desk, &Actor::person(PersonId(99), "support"), Trace::new(Action::NoteDeleted));
    let html = page(&desk, "").await;
    let rows = rows(&html);
    assert!(rows[0].contains("A former member support Deleted a note"), "{rows:?}");
    assert!(rows[1].contains("Command line Deleted a note") && rows[2].contains("Dossier Deleted a note"), "{rows:?}");
    assert!(rows[2].contains("Taken back with Undo."), "{rows:?}");
    assert!(rows[3].contains("Ada Okoye admin Edited a note plan Before and after a b ccc"), "{rows:?}");
    assert!(rows[3].contains("Reason: she asked"), "{rows:?}");
    let first = "2026-11-23 at 05:01 PM UTC A few seconds ago Sol Mbeki support Added a note Charged &#60;b&#62;twice";
    assert!(rows[4].starts_with(first), "{rows:?}");
    assert!(html.contains("href=\"/projects/sundial/customers/lena%2F1\"") && !html.contains("Charged <b>"), "{html}");
}

#[actix_web::test]
async fn the_log_is_for_admins() {
    let desk = desk_with(&["lena"]).await;
    for person in &TEAM {
        let may = person.id == ADA.id;
        for path in [LOG, FILE] {
            let status = desk.get(person, path).await.status;
            assert_eq!(status == StatusCode::OK, may, "{} {path}", person.name);
        }
    }
    assert!(!desk.get(&DEV, "/projects/sundial/settings").await.body.contains("settings/audit"));
    assert!(desk.get(&ADA, "/projects/sundial/settings").await.body.contains("settings/audit"));
}

#[actix_web::test]
async fn entries_are_found_by_person_action_customer_and_day() {
    let desk = desk_with(&["lena", "mara"]).await;
    deliver(&desk, desk.project, &[event_on_day(2, "SUBSCRIBER_ALIAS", with_ids("lena", &["lena", "ipad"]))]);
    add_note(&desk, "lena", "one").await;
    add_note(&desk, "mara", "two").await;
    let path = "/projects/sundial/customers/lena/notes";
    desk.post_form(&DEV, path, &[("body", "three")]).await;
    desk.clock.advance(24 * 3600);
    add_note(&desk, "lena", "four").await;
    append(&desk, &Actor::system(), Trace::new(Action::NoteDeleted).before("five"));
    let found = async |query: &str| {
        let words = ["one", "two", "three", "four", "five"];
        let rows = rows(&page(&desk, query).await);
        let word = |row: &String| words.into_iter().find(|word| row.contains(word)).unwrap_or("?");
        rows.iter().map(word).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(found("").await, "five four three two one");
    assert_eq!(found("?person=2").await, "four two one");
    assert_eq!(found("?person=system").await, "five");
    assert_eq!(found("?action=note_deleted").await, "five");
    assert_eq!(found("?customer=+ipad+").await, "four three one", "any id finds the customer");
    assert_eq!(found("?customer=mara&person=2").await, "two");
    assert_eq!(found("?to=2026-11-23").await, "three two one");
    assert_eq!(found("?from=2026-11-24&to=2026-11-24&person=&action=&customer=").await, "five four");
    for none in ["?customer=nobody", "?customer=LENA", "?person=4", "?from=2027-01-01"] {
        let html = page(&desk, none).await;
        assert!(rows(&html).is_empty() && html.contains("No entry matches."), "{none}");
    }
    let kept = page(&desk, "?customer=ipad&person=2&from=2026-11-01").await;
    assert!(kept.contains("value=\"ipad\"") && kept.contains("value=\"2\" selected") && kept.contains("2026-11-01"));
}

#[actix_web::test]
async fn a_malformed_filter_is_a_bad_request() {
    let desk = Desk::open().await;
    for query in
        ["person=x", "action=other", "from=23.11.2026", "to=2026-02-30", "after=x", "before=1", "after=&before=1"]
    {
        for path in [LOG, FILE] {
            let answer = desk.get(&ADA, &format!("{path}?{query}")).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}?{query}");
        }
    }
    assert!(rows(&page(&desk, "").await).is_empty(), "a bad request is not logged");
}

#[actix_web::test]
async fn pages_lead_back_and_forth_and_keep_the_filter() {
    let desk = Desk::open().await;
    for number in 0..120_i64 {
        desk.clock.advance(if number % 3 == 0 { 1 } else { 0 });
        let trace = Trace::new(Action::NoteCreated).about(format!("n{number}"));
        append(&desk, &Actor::person(SOL.id, "support"), trace);
        append(&desk, &Actor::person(DEV.id, "developer"), Trace::new(Action::NoteCreated));
    }
    let numbers = |html: &str| {
        let marks = html.split("<bdi>n").skip(1).filter_map(|rest| rest.split('<').next()?.parse().ok());
        marks.collect::<Vec<i64>>()
    };
    let onward = |html: &str, rel: &str| pager_link(html, rel)?.strip_prefix(LOG).map(str::to_owned);
    let first = page(&desk, "?person=2").await;
    assert_eq!(numbers(&first), (70..120).rev().collect::<Vec<_>>());
    assert!(onward(&first, "prev").is_none());
    let second = page(&desk, &onward(&first, "next").expect("a second page")).await;
    let third = page(&desk, &onward(&second, "next").expect("a third page")).await;
    assert_eq!(numbers(&second), (20..70).rev().collect::<Vec<_>>());
    assert_eq!((numbers(&third).len(), onward(&third, "next")), (20, None));
    let back = page(&desk, &onward(&third, "prev").expect("a way back")).await;
    assert_eq!(numbers(&back), numbers(&second));
    assert_eq!(numbers(&page(&desk, &onward(&back, "prev").expect("the top")).await), numbers(&first));
}

#[actix_web::test]
async fn an_entry_about_an_erased_customer_shows_no_details() {
    let desk = desk_with(&["lena", "gone"]).await;
    add_note(&desk, "gone", "a secret").await;
    desk.get(&ADA, &format!("{FILE}?customer=gone")).await;
    let gone = erase_customer(&desk, desk.project, "gone");
    assert_eq!(gone.customers, 1);
    let html = page(&desk, "").await;
    let rows = rows(&html);
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| row.contains("Its content was erased with the customer.")), "{rows:?}");
    assert!(
        rows[1].contains("Sol Mbeki support Added a note") && !html.contains("a secret") && !html.contains("gone<")
    );
    assert!(!html.contains("/customers/gone"), "no link to the erased customer");
    let verify = || verify_audit_chain(&desk);
    assert!(verify().is_err_and(|broken| broken.why.contains("no later entry erased them")));
    let trace = Trace::new(Action::CustomerDeleted).erasing(gone.audited);
    let shown = desk.db.write_here(|conn| audit::append(conn, &desk.ctx(), trace));
    assert!(shown.is_ok() && verify().is_ok_and(|verified| verified.erased == 2));
}

#[actix_web::test]
async fn the_file_holds_the_filtered_entries_and_downloading_it_is_logged() {
    let desk = desk_with(&["lena", "mara"]).await;
    add_note(&desk, "lena", "=1+1").await;
    add_note(&desk, "mara", "two, \"three\"\nfour").await;
    let all = desk.get(&ADA, FILE).await;
    assert_eq!(all.header("content-type"), "text/csv; charset=utf-8; header=present");
    assert_eq!(all.header("content-disposition"), "attachment; filename=\"sundial-audit-2026-11-23.csv\"");
    let mut reader = csv::Reader::from_reader(all.body.as_bytes());
    let cells: Vec<Vec<String>> =
        reader.records().map(|row| row.expect("a row").iter().map(str::to_owned).collect()).collect();
    assert_eq!(cells.len(), 3);
    assert_eq!(cells[0][..6], ["3", "2026-11-23T17:02:00Z", "Ada Okoye", "person", "admin", "audit_exported"]);
    assert_eq!((cells[1][6].as_str(), cells[1][9].as_str()), ("mara", "two, \"three\"\nfour"));
    assert_eq!(cells[2][9], "'=1+1", "no formula");
    assert_eq!(cells[1][14], cells[0][13], "the chain is in the file");
    let some = desk.get(&ADA, &format!("{FILE}?customer=lena&action=note_created")).await.body;
    assert_eq!(some.lines().count(), 2, "{some}");
    assert_eq!(desk.get(&ADA, &format!("{FILE}?customer=nobody")).await.body.lines().count(), 1);
    let rows = rows(&page(&desk, "?action=audit_exported").await);
    assert_eq!(rows.len(), 3);
    assert!(rows[1].contains("Downloaded the audit log action=note_created lena"), "{rows:?}");
}

#[actix_web::test]
async fn a_long_file_is_complete() {
    let desk = Desk::open().await;
    for _ in 0..2_100 {
        append(&desk, &Actor::system(), Trace::new(Action::NoteCreated).before("x".repeat(40)));
    }
    let file = desk.get(&ADA, FILE).await.body;
    let positions: Vec<i64> = file.lines().skip(1).filter_map(|line| line.split(',').next()?.parse().ok()).collect();
    assert_eq!(positions, (1..=2_101).rev().collect::<Vec<_>>());
}

#[actix_web::test]
async fn a_thousand_refusals_are_one_entry_at_once_and_one_with_their_number() {
    let desk = desk_with(&["lena/1"]).await;
    let cookie = desk.cookie(&SOL);
    for _ in 0..1_000 {
        assert_eq!(desk.get_with(&cookie, LOG).await.status, StatusCode::FORBIDDEN);
    }
    assert_eq!(desk.get(&VERA, LOG).await.status, StatusCode::FORBIDDEN);
    let refused = async || rows(&page(&desk, "?action=authorization_refused").await);
    assert_eq!(refused().await.len(), 2, "the first of each person, at once");
    desk.clock.advance(3599);
    run_jobs(&desk);
    assert_eq!(refused().await.len(), 2);
    desk.clock.advance(1);
    run_jobs(&desk);
    let shown = refused().await;
    assert_eq!(shown.len(), 3, "{shown:?}");
    assert!(shown[0].contains("Sol Mbeki support Was not allowed to see the audit log"), "{shown:?}");
    assert!(shown[0].contains("999 more times, the last at 23 Nov 2026, 17:00:00 UTC"), "{shown:?}");
    for status in [StatusCode::FORBIDDEN; 3] {
        assert_eq!(desk.get_with(&desk.cookie(&SOL), LOG).await.status, status);
    }
    assert_eq!(refused().await.len(), 4, "a new hour begins with an entry");
    desk.clock.advance(3600);
    assert_eq!(desk.get(&SOL, LOG).await.status, StatusCode::FORBIDDEN);
    let shown = refused().await;
    assert!(shown.len() == 6 && shown[1].contains("2 more times"), "the number is before the next entry: {shown:?}");
    assert!(verify_audit_chain(&desk).is_ok());
}

#[actix_web::test]
async fn refused_permissions_are_logged() {
    let desk = desk_with(&["lena/1"]).await;
    let notes = "/projects/sundial/customers/lena%2F1/notes";
    assert_eq!(desk.post_form(&VERA, notes, &[("body", "a")]).await.status, StatusCode::FORBIDDEN);
    assert_eq!(desk.get(&SOL, LOG).await.status, StatusCode::FORBIDDEN);
    let html = page(&desk, "?action=authorization_refused").await;
    let shown = rows(&html);
    assert_eq!(shown.len(), 2, "{shown:?}");
    assert!(shown[0].contains("Sol Mbeki support Was not allowed to see the audit log"), "{shown:?}");
    assert!(shown[1].contains("Vera Lind viewer Was not allowed to write notes lena/1"), "{shown:?}");
    assert_eq!(rows(&page(&desk, "?customer=lena%2F1").await).len(), 1, "it is found by the customer it was about");
    let team = desk.get(&VERA, "/projects/sundial/customers/lena%2F1?topic=team").await;
    assert_eq!(team.status, StatusCode::FORBIDDEN);
    let shown = rows(&page(&desk, "?customer=lena%2F1").await);
    assert!(shown[0].contains("Was not allowed to see what the team did"), "not the route's permission: {shown:?}");
    assert_eq!(desk.get(&VERA, "/projects/elsewhere/settings").await.status, StatusCode::NOT_FOUND);
    assert_eq!(rows(&page(&desk, "?action=authorization_refused").await).len(), 3, "nothing of another project");
}

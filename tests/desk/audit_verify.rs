//! The chain of the audit log: valid after everything that the program does, and broken by every change from outside.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use dossier::audit::{self, Action, Broken, Entry, Positions, Trace, Verified};
use dossier::base::error::Error;
use dossier::cli::audit::verify;
use dossier::db::schema::audit_entries;
use dossier::db::{AnyConnection, Conn};
use dossier::operations::test_accounts::jobs::{self, Requester};
use dossier::operations::test_accounts::{Bought, Wanted};

use crate::support::Desk;
use crate::support::acting::add_note;
use crate::support::audit_log::verify_audit_chain;
use crate::support::cast::{ADA, DEV};
use crate::support::customers::customer_id;
use crate::support::events::{deliver, event_on_day, with_ids};
use crate::support::jobs::run_jobs;
use crate::support::operations::erase_customer;

fn path(id: &str) -> String {
    format!("/projects/sundial/customers/{id}")
}

/// Ten entries, eight of them about four customers. Two of these were merged, one was erased; entry 10 records that.
async fn desk_with_a_log() -> Desk {
    let desk = Desk::open().await;
    for id in ["lena", "mara", "noor", "gone"] {
        deliver(&desk, desk.project, &[event_on_day(1, "RENEWAL", with_ids(id, &[id]))]);
    }
    for (id, text) in [("lena", "one"), ("mara", "two"), ("gone", "three"), ("gone", "four"), ("noor", "five")] {
        add_note(&desk, id, text).await;
    }
    let undo = [("submission", "1")];
    assert_eq!(desk.post_form(&ADA, &format!("{}/undo", path("noor")), &undo).await.status.as_u16(), 404);
    for text in ["six", "seven", "eight"] {
        add_note(&desk, "lena", text).await;
    }
    deliver(&desk, desk.project, &[event_on_day(2, "SUBSCRIBER_ALIAS", with_ids("lena", &["lena", "mara"]))]);
    let gone = erase_customer(&desk, desk.project, "gone");
    assert_eq!(gone.customers, 1);
    desk.clock.advance(60);
    assert_eq!(desk.get(&ADA, "/projects/sundial/settings/audit.csv").await.status.as_u16(), 200);
    append_erasure(&desk, gone.audited);
    desk
}

/// The entry of an erasure that took these details.
fn append_erasure(desk: &Desk, erased: Positions) {
    let trace = Trace::new(Action::CustomerDeleted).erasing(erased);
    let appended = desk.db.write_here(|conn| audit::append(conn, &desk.ctx(), trace));
    appended.expect("the erasure has its entry");
}

#[actix_web::test]
async fn the_chain_is_valid_after_notes_a_merge_and_an_erasure() {
    let desk = desk_with_a_log().await;
    let verified = verify_audit_chain(&desk).expect("a valid chain");
    assert_eq!((verified.entries, verified.erased, verified.head.len()), (10, 2, 64));
    let lines = verify(&desk.db, None, None).expect("all projects");
    let head = &verified.head;
    let line = format!("sundial: 10 entries unchanged, 2 erased with customers, head {head}");
    assert_eq!(lines, ["moonrise: no entries yet".to_owned(), line]);
    add_note(&desk, "noor", "later").await;
    assert_eq!(verify(&desk.db, Some("sundial"), Some(&head.to_uppercase())).map(|lines| lines.len()), Ok(1));
    assert_eq!(verify(&desk.db, Some("nowhere"), None), Err("there is no project nowhere".into()));
}

/// SQL that tampers with the log, the first entry that verification must reject, and the reason. Entries 3 and 4 are
/// about the erased customer, entry 2 about a merged one, entry 9 about no customer.
fn tampering(desk: &Desk) -> Vec<(String, i64, &'static str)> {
    let (lena, noor) = (customer_id(desk, "lena"), customer_id(desk, "noor"));
    let entry = |position: i64, change: &str| {
        format!("UPDATE audit_entries SET {change} WHERE project_id = 11 AND position = {position}")
    };
    let details = |position: i64, change: &str| {
        format!("UPDATE audit_details SET {change} WHERE project_id = 11 AND position = {position}")
    };
    let other_hash = format!("'{}'", "0".repeat(64));
    let gap = "DELETE FROM audit_details WHERE position = 5; DELETE FROM audit_entries WHERE position = 5;";
    let swap = |one: i64, other: i64| {
        let pair = "salt, body";
        format!(
            "UPDATE audit_details SET salt = 'x' || salt WHERE position = {one};
            UPDATE audit_details SET ({pair}) = (SELECT substr(salt, 2), body FROM audit_details WHERE position = {one})
                WHERE position = {other};"
        )
    };
    vec![
        (entry(1, "id = id + 1"), 1, "it was changed"),
        (entry(2, "at = at - 60000"), 2, "it was changed"),
        (entry(3, "actor_kind = 'system'"), 3, "it was changed"),
        (entry(4, "actor_id = 4"), 4, "it was changed"),
        (entry(4, "actor_id = NULL"), 4, "it was changed"),
        (entry(5, "role = 'admin'"), 5, "it was changed"),
        (entry(6, "action = 'note_deleted'"), 6, "it was changed"),
        (entry(7, &format!("subject = '{noor}'")), 7, "it was changed"),
        (entry(8, "request = 'another'"), 8, "it was changed"),
        (entry(1, &format!("details_hash = {other_hash}")), 1, "it was changed"),
        (entry(1, &format!("previous_hash = {other_hash}")), 1, "it does not follow the entry before it"),
        (entry(5, &format!("previous_hash = {other_hash}")), 5, "it does not follow the entry before it"),
        (entry(7, &format!("hash = {other_hash}")), 7, "it was changed"),
        (details(5, "body = replace(body, 'five', 'fine')"), 5, "its details were changed"),
        (details(5, "salt = 'salt'"), 5, "its details were changed"),
        (details(5, "body = '{}'"), 5, "its details were changed"),
        (details(5, &format!("customer_id = {lena}")), 5, "its details were given to another customer"),
        (details(6, "customer_id = NULL"), 6, "its details were given to another customer"),
        (details(9, "salt = '', body = ''"), 9, "its details were taken"),
        (
            "UPDATE audit_details SET salt = '', body = '' WHERE position = 8; DELETE FROM audit_entries WHERE position = 10"
                .into(),
            3,
            "its details are gone although no later entry erased them",
        ),
        (details(2, "salt = '', body = ''"), 2, "its details are gone although no later entry erased them"),
        (details(8, "salt = '', body = ''"), 8, "its details are gone although no later entry erased them"),
        (
            format!("INSERT INTO audit_erased VALUES (11, 8); {}", details(8, "salt = '', body = ''")),
            8,
            "its details are gone although no later entry erased them",
        ),
        (
            format!("{}; {}", details(8, "salt = '', body = ''"), entry(10, "erases = '3-4,8'")),
            10,
            "it was changed",
        ),
        (entry(10, "erases = NULL"), 10, "it was changed"),
        (entry(1, "erases = '8'"), 1, "it was changed"),
        (swap(6, 7), 6, "its details were changed"),
        ("DELETE FROM audit_details WHERE position = 5".into(), 5, "its details are missing although nobody was erased"),
        (gap.into(), 5, "it is missing"),
        (gap.replace('5', "1"), 1, "it is missing"),
        (format!("{gap} UPDATE audit_entries SET position = position - 1 WHERE position > 5;"), 5, "it does not follow"),
        (
            "DELETE FROM audit_details; UPDATE audit_entries SET position = 99 WHERE position = 6;
            UPDATE audit_entries SET position = 6 WHERE position = 7; UPDATE audit_entries SET position = 7 WHERE position = 99;"
                .into(),
            1,
            "its details are missing although nobody was erased",
        ),
        (
            "INSERT INTO audit_entries SELECT project_id, 11, id, at, actor_kind, actor_id, role, action, subject, request,
                details_hash, hash, hash, erases FROM audit_entries WHERE position = 10"
                .into(),
            11,
            "it was changed",
        ),
    ]
}

/// Verifies the log after these changes, then rolls them back.
fn verdict_after(desk: &Desk, sql: &str) -> Result<Verified, Broken> {
    let mut verdict = None;
    let rolled_back = desk.db.write_here(|conn: &mut Conn| {
        let done = match conn.any() {
            AnyConnection::Sqlite(conn) => {
                // Somebody who can write the file can defer the foreign keys.
                conn.batch_execute("PRAGMA defer_foreign_keys = ON").and_then(|()| conn.batch_execute(sql))
            }
            AnyConnection::Postgres(conn) => conn.batch_execute(sql),
        };
        done.unwrap_or_else(|error| panic!("{error}: {sql}"));
        verdict = Some(audit::verify(conn, desk.project)?);
        Err::<(), _>(Error::NotFound)
    });
    assert!(rolled_back.is_err());
    verdict.expect("a verdict")
}

#[actix_web::test]
async fn every_tampering_is_found_at_the_first_broken_entry() {
    let desk = desk_with_a_log().await;
    if !desk.db.is_sqlite() {
        let key = "ALTER TABLE audit_details DROP CONSTRAINT audit_details_project_id_position_fkey";
        desk.db.batch(key).expect("the constraint is dropped");
    }
    let cases = tampering(&desk);
    assert!(cases.len() >= 20, "{}", cases.len());
    for (sql, position, why) in cases {
        let broken = verdict_after(&desk, &sql).expect_err(&sql);
        assert!(broken.position == position && broken.why.starts_with(why), "{sql}: {broken:?}");
        assert!(broken.at > dossier::base::clock::Moment(0) && !broken.action.is_empty(), "{broken:?}");
    }
    assert!(verify_audit_chain(&desk).is_ok(), "the changes were rolled back");
}

#[actix_web::test]
async fn a_truncated_log_is_found_with_a_hash_that_was_noted_before() {
    let desk = desk_with_a_log().await;
    add_note(&desk, "noor", "the last").await;
    let head = verify_audit_chain(&desk).expect("a valid chain").head;
    let cut = "DELETE FROM audit_details WHERE position > 10; DELETE FROM audit_entries WHERE position > 10;";
    assert!(verdict_after(&desk, cut).is_ok_and(|left| left.entries == 10), "what is left is valid");
    assert!(verify(&desk.db, None, Some(&head)).is_ok());
    desk.db.batch(cut).expect("cut off");
    let shown = verify(&desk.db, None, Some(&head)).expect_err("cut off");
    assert!(shown.starts_with(&format!("no entry has the hash {head}")), "{shown}");
}

#[actix_web::test]
async fn the_command_names_the_entry_its_time_and_what_is_wrong() {
    let desk = desk_with_a_log().await;
    add_note(&desk, "noor", "nine").await;
    desk.post_form(&DEV, &format!("{}/notes", path("noor")), &[("body", "ten")]).await;
    desk.db.batch("UPDATE audit_entries SET role = 'admin' WHERE position = 11").expect("changed");
    let shown = verify(&desk.db, None, None).expect_err("changed");
    assert_eq!(shown, "sundial: entry 11 (note_created, 23 Nov 2026, 17:10:00 UTC): it was changed");
    let cut = "DELETE FROM audit_details WHERE position = 11; DELETE FROM audit_entries WHERE position = 11;";
    desk.db.batch(cut).expect("taken out");
    let shown = verify(&desk.db, Some("sundial"), None).expect_err("taken out");
    let next = "the next is entry 12 (note_created, 23 Nov 2026, 17:10:00 UTC)";
    assert_eq!(shown, format!("sundial: entry 11: it is missing; {next}"));
}

/// Makes the log as an earlier version wrote it, whose entries listed nothing.
fn as_of_an_earlier_version(desk: &Desk) {
    let rewritten = desk.db.write_here(|conn| {
        let all = audit_entries::table.order(audit_entries::position).select(Entry::as_select());
        let mut previous = String::new();
        for entry in all.load(conn)? {
            let mut entry = Entry { erases: None, previous_hash: previous.clone(), ..entry };
            entry.hash = entry.hashed();
            previous.clone_from(&entry.hash);
            let chain = (
                audit_entries::erases.eq(None::<String>),
                audit_entries::previous_hash.eq(&entry.previous_hash),
                audit_entries::hash.eq(&entry.hash),
            );
            diesel::update(audit_entries::table.find((entry.project_id, entry.position))).set(chain).execute(conn)?;
        }
        Ok::<_, Error>(())
    });
    rewritten.expect("it is rewritten");
}

#[actix_web::test]
async fn an_erasure_by_an_earlier_version_accounts_for_what_was_before_it_and_for_nothing_after() {
    let desk = desk_with_a_log().await;
    as_of_an_earlier_version(&desk);
    let lines = verify(&desk.db, Some("sundial"), None).expect("it is valid");
    let expected =
        "sundial: 10 entries unchanged, 2 erased with customers, 2 of them by an earlier version, which did not";
    assert!(lines[0].starts_with(expected), "{lines:?}");
    add_note(&desk, "noor", "eleven").await;
    assert!(verify_audit_chain(&desk).is_ok_and(|verified| verified.entries == 11));
    append_erasure(&desk, erase_customer(&desk, desk.project, "lena").audited);
    let verified = verify_audit_chain(&desk).expect("it is valid");
    assert_eq!((verified.entries, verified.unlisted), (12, 2));
    let blank = "UPDATE audit_details SET salt = '', body = '' WHERE project_id = 11 AND position = 11";
    assert!(verdict_after(&desk, blank).is_err_and(|broken| broken.position == 11));
}

/// Whoever writes to the database blanks an entry, and has it wait for an erasure of somebody else.
#[actix_web::test]
async fn an_erasure_lists_nothing_that_it_has_not_erased() {
    let desk = desk_with_a_log().await;
    let planted = "UPDATE audit_details SET salt = '', body = '' WHERE project_id = 11 AND position = 6;
        INSERT INTO audit_erased VALUES (11, 6);";
    desk.db.batch(planted).expect("it is planted");
    assert_eq!(desk.server().delete("/v1/subscribers/noor").await.status.as_u16(), 200);
    assert_eq!(verify_audit_chain(&desk).expect_err("it is found").position, 6);
    delete_test_accounts(&desk);
    assert_eq!(verify_audit_chain(&desk).expect_err("it is still found").position, 6);
}

/// Deletes test accounts, of which there are none.
fn delete_test_accounts(desk: &Desk) {
    let requester = Requester { person: ADA.id, role: "admin" };
    let wanted = Wanted { bought: Bought::Either, ids: None, before: None };
    let begun = desk.db.write_here(|conn| jobs::start(conn, &desk.ctx(), requester, &wanted, &[]));
    begun.expect("it begins");
    run_jobs(desk);
}

#[actix_web::test]
async fn what_a_deletion_has_erased_counts_until_its_entry_lists_it() {
    let desk = desk_with_a_log().await;
    let noor = erase_customer(&desk, desk.project, "noor").audited;
    let kept = desk.db.write_here(|conn| Ok::<_, Error>(audit::queries::keep_erased(conn, desk.project, &noor)?));
    kept.expect("a step of the deletion keeps it");
    assert_eq!(verify_audit_chain(&desk).expect_err("no entry lists it").position, 5);
    let job = "INSERT INTO deletion_jobs (project_id, id, person_id, role, asked_at, wanted, chosen, erased, kept)
        VALUES (11, 1, 4, 'admin', 0, '{}', 1, 0, 0);";
    assert!(verdict_after(&desk, job).is_ok_and(|verified| verified.unfinished == 1));
    let more = format!("{job} UPDATE audit_details SET salt = '', body = '' WHERE project_id = 11 AND position = 6");
    assert!(verdict_after(&desk, &more).is_err_and(|broken| broken.position == 6), "not what it has not erased");
    let taken = desk.db.write_here(|conn| Ok::<_, Error>(audit::queries::take_erased(conn, desk.project)?));
    append_erasure(&desk, taken.expect("the last step takes it"));
    assert!(verify_audit_chain(&desk).is_ok_and(|verified| (verified.erased, verified.unfinished) == (3, 0)));
}

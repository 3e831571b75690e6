//! The page of deliveries that could not be read.

use actix_web::http::StatusCode;
use diesel::prelude::*;
use dossier::base::error::Error;
use dossier::db::schema::rejected_deliveries as deliveries;
use dossier::ingest::rejected::{self, MOST};

use crate::support::cast::{DEV, SOL};
use crate::support::jobs::run_jobs;
use crate::support::{Desk, NOW};

fn reject(desk: &Desk, count: i64, body: &[u8]) {
    let rows: Vec<_> = (0..count)
        .map(|number| {
            (
                deliveries::project_id.eq(desk.project),
                deliveries::id.eq(1000 + number),
                deliveries::received_at.eq(NOW.plus_seconds(number)),
                deliveries::bytes.eq(i64::try_from(body.len()).expect("a length")),
                deliveries::has_words.eq(false),
                deliveries::reason.eq(format!("reason {number}.")),
                deliveries::body.eq(body.to_vec()),
            )
        })
        .collect();
    let stored = desk.db.write_here(|conn| {
        rows.into_iter().try_for_each(|row| {
            diesel::insert_into(deliveries::table).values(row).execute(conn)?;
            Ok::<_, Error>(())
        })
    });
    stored.expect("rejected deliveries");
}

#[actix_web::test]
async fn the_page_says_when_every_delivery_could_be_read() {
    let desk = Desk::open().await;
    let page = desk.get(&DEV, "/projects/sundial/settings/rejected").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("Every delivery could be read."));
}

#[actix_web::test]
async fn a_rejected_body_is_shown_as_text() {
    let desk = Desk::open().await;
    reject(&desk, 1, b"{\"a\":\"<script>alert(1)</script>\xff\"");
    let page = desk.get(&DEV, "/projects/sundial/settings/rejected").await;
    assert!(page.body.contains("reason 0.") && page.body.contains("Body of 33 bytes"), "{}", page.body);
    assert!(page.body.contains("&#60;script&#62;alert(1)&#60;/script&#62;\u{fffd}"), "{}", page.body);
    assert!(!page.body.contains("<script>alert"));
}

#[actix_web::test]
async fn a_long_body_is_shown_in_part_and_can_be_downloaded_in_full() {
    let desk = Desk::open().await;
    let body = "é".repeat(2_000);
    reject(&desk, 1, body.as_bytes());
    let page = desk.get(&DEV, "/projects/sundial/settings/rejected").await;
    assert_eq!(page.body.matches('é').count(), 1_000);
    assert!(page.body.contains("Body of 4.0 KB, its beginning"), "{}", page.body);
    assert!(page.body.contains("href=\"/projects/sundial/settings/rejected/1000\""), "{}", page.body);
    let raw = desk.get(&DEV, "/projects/sundial/settings/rejected/1000").await;
    assert_eq!((raw.status, raw.body), (StatusCode::OK, body));
    assert_eq!(raw.headers.get("content-type").expect("a type"), "text/plain; charset=utf-8");
    let disposition = raw.headers.get("content-disposition").expect("a disposition");
    assert_eq!(disposition, "attachment; filename=\"rejected-1000.txt\"");
}

#[actix_web::test]
async fn a_body_that_is_not_text_is_served_as_bytes_and_one_of_another_project_is_404() {
    let desk = Desk::open().await;
    reject(&desk, 1, b"\xff\xfe");
    let raw = desk.get(&DEV, "/projects/sundial/settings/rejected/1000").await;
    assert_eq!(raw.header("content-type"), "application/octet-stream");
    let other = desk.project_of_the_cast();
    for path in ["1001", "x", "1000000000000000000000", "-1"] {
        let answer = desk.get(&DEV, &format!("/projects/sundial/settings/rejected/{path}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    let elsewhere = desk.get(&DEV, &format!("/projects/{other}/settings/rejected/1000")).await;
    assert_eq!(elsewhere.status, StatusCode::NOT_FOUND);
    assert_eq!(desk.get(&SOL, "/projects/sundial/settings/rejected/1000").await.status, StatusCode::FORBIDDEN);
}

#[actix_web::test]
async fn a_short_body_can_be_copied_and_a_long_one_cannot() {
    let desk = Desk::open().await;
    reject(&desk, 1, b"{");
    assert!(desk.get(&DEV, "/projects/sundial/settings/rejected").await.body.contains("data-copy=\"{\""));
    let desk = Desk::open().await;
    reject(&desk, 1, "x".repeat(1_001).as_bytes());
    assert!(!desk.get(&DEV, "/projects/sundial/settings/rejected").await.body.contains("data-copy=\"x"));
}

#[actix_web::test]
async fn rejected_deliveries_come_fifty_a_page_newest_first() {
    let desk = Desk::open().await;
    reject(&desk, 120, b"{");
    let reasons = |body: &str| {
        body.split("<b>reason ").skip(1).filter_map(|part| part.split('.').next()?.parse().ok()).collect::<Vec<i64>>()
    };
    let mut path = "/projects/sundial/settings/rejected".to_owned();
    let mut seen = Vec::new();
    for rows in [50, 50, 20] {
        let page = desk.get(&DEV, &path).await;
        let found = reasons(&page.body);
        assert_eq!(found.len(), rows);
        seen.extend(found);
        let next = page.body.split("rejected?after=").nth(1).and_then(|rest| rest.split('"').next());
        path = format!("/projects/sundial/settings/rejected?after={}", next.unwrap_or_default());
    }
    assert_eq!(seen, (0..120).rev().collect::<Vec<_>>());
    assert!(path.ends_with("after="), "no page after the last");
}

/// Keeps a delivery as the program does.
fn keep(desk: &Desk, body: &[u8]) {
    let kept =
        desk.db.write_here(|conn| Ok::<_, Error>(rejected::keep(conn, &desk.ctx(), desk.clock.now(), "", body)?));
    kept.expect("it is kept");
}

fn kept(desk: &Desk) -> Vec<String> {
    let bodies = deliveries::table.order(deliveries::id).select(deliveries::body);
    let bodies: Vec<Vec<u8>> = desk.read(|conn| bodies.load(conn));
    bodies.into_iter().map(|body| String::from_utf8_lossy(&body).chars().take(8).collect()).collect()
}

#[actix_web::test]
async fn the_newest_deliveries_are_kept_up_to_a_number_and_a_size() {
    let desk = Desk::open().await;
    (0..=MOST).for_each(|number| keep(&desk, format!("<{number}>").as_bytes()));
    let all = kept(&desk);
    assert_eq!((all.len(), all[0].as_str(), all[MOST - 1].as_str()), (MOST, "<1>", "<1000>"));
    let large = |letter: char| format!("{letter} {}", "x".repeat(1 << 20)).into_bytes();
    "abcdefghijklmnop".chars().for_each(|letter| keep(&desk, &large(letter)));
    let first_letters: String = kept(&desk).iter().filter_map(|body| body.chars().next()).collect();
    assert_eq!(first_letters, "bcdefghijklmnop", "16 of these have a few bytes more than 16 MB");
    let words = desk.count(|conn| dossier::db::schema::rejected_words::table.count().get_result(conn));
    assert_eq!(words, 30, "words go with their delivery");
}

#[actix_web::test]
async fn a_delivery_is_kept_for_thirty_days_and_the_page_says_so() {
    let desk = Desk::open().await;
    keep(&desk, b"old");
    desk.clock.advance(3_600);
    keep(&desk, b"new");
    desk.clock.advance(30 * 86_400 - 3_600);
    assert_eq!((run_jobs(&desk), kept(&desk).len()), (0, 2));
    desk.clock.advance(1);
    assert_eq!((run_jobs(&desk), kept(&desk)), (1, vec!["new".to_owned()]));
    let page = desk.page(&DEV, "/projects/sundial/settings/rejected").await;
    assert!(page.contains("Dossier keeps the newest 1,000, 16 MB of them at most, for 30 days."), "{page}");
}

/// A body is read only when it holds a word of the name, or when its words are not stored.
#[actix_web::test]
async fn a_name_is_found_in_a_body_however_it_is_written_and_few_bodies_are_read() {
    let desk = Desk::open().await;
    let many_words: String = (0..5_000).map(|number| format!("w{number} ")).collect();
    let naming = ["{\"id\":\"zo\\u00eb.berg\"", "zo%C3%AB.berg", "from zoë.berg.", &format!("{many_words} zoë.berg")];
    let others = ["zoë.bergs", "zoë", "{\"id\":\"noor\"}", &many_words];
    naming.iter().chain(&others).for_each(|body| keep(&desk, body.as_bytes()));
    let read = std::cell::RefCell::new(0);
    let found = desk.read(|conn| {
        let is_naming = |body: &str| {
            *read.borrow_mut() += 1;
            body.contains("berg") && !body.contains("bergs")
        };
        rejected::naming(conn, desk.project, ["zoë.berg"].into_iter(), is_naming)
    });
    assert_eq!((found.len(), read.take()), (4, 5), "the last is one of too many words");
    let all = desk.read(|conn| rejected::naming(conn, desk.project, ["$-"].into_iter(), |_| true));
    assert_eq!(all.len(), 8, "a name without a word may be in any");
}

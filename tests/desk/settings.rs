//! The settings pages: the project, and deliveries that could not be read.

use actix_web::http::StatusCode;
use diesel::prelude::*;
use dossier::error::Error;
use dossier::schema::rejected_deliveries as rejected;

use crate::support::cast::{ADA, DEV};
use crate::support::{Desk, NOW};

fn reject(desk: &Desk, count: i64, body: &[u8]) {
    let rows: Vec<_> = (0..count)
        .map(|number| {
            (
                rejected::project_id.eq(desk.project),
                rejected::id.eq(1000 + number),
                rejected::received_at.eq(NOW.plus_seconds(number)),
                rejected::reason.eq(format!("reason {number}.")),
                rejected::body.eq(body.to_vec()),
            )
        })
        .collect();
    let stored = desk.db.write_here(|conn| {
        rows.into_iter().try_for_each(|row| {
            diesel::insert_into(rejected::table).values(row).execute(conn)?;
            Ok::<_, Error>(())
        })
    });
    stored.expect("rejected deliveries");
}

#[actix_web::test]
async fn the_project_page_says_where_deliveries_go_and_shows_people_to_admins_alone() {
    let desk = Desk::open().await;
    let admin = desk.get(&ADA, "/projects/sundial/settings").await;
    let developer = desk.get(&DEV, "/projects/sundial/settings").await;
    assert!(admin.body.contains("http://desk.example/webhooks/revenuecat/sundial"));
    assert!(admin.body.contains("sol@sundial.example") && !developer.body.contains("sol@sundial.example"));
    assert!(developer.body.contains("None yet.") && developer.body.contains("0 deliveries"));
}

#[actix_web::test]
async fn without_rejected_deliveries_the_page_says_that_all_is_well() {
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
    assert!(page.body.contains("reason 0.") && page.body.contains("What was sent, 33 bytes"), "{}", page.body);
    assert!(page.body.contains("&#60;script&#62;alert(1)&#60;/script&#62;\u{fffd}"), "{}", page.body);
    assert!(!page.body.contains("<script>alert"));
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

#[actix_web::test]
async fn an_unsafe_setting_is_told_to_admins_on_every_page() {
    let desk = Desk::open_at("http://desk.example").await;
    let told = "DOSSIER_PUBLIC_URL is not https";
    assert!(desk.get(&ADA, "/projects/sundial/settings").await.body.contains(told));
    assert!(!desk.get(&DEV, "/projects/sundial/settings").await.body.contains(told));
    for safe in ["https://desk.example", "http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]"] {
        let desk = Desk::open_at(safe).await;
        assert!(!desk.get(&ADA, "/projects/sundial/settings").await.body.contains(told), "{safe}");
    }
}

//! Webhooks that stop coming: admins are told since when, and what to look at, until one comes again.

use crate::support::Desk;
use crate::support::cast::{ADA, SOL};
use crate::support::events::purchase;
use crate::support::jobs::{jobs_of_process, run_all, run_jobs};
use crate::support::seed::WEBHOOK_SECRET;
use actix_web::test::TestRequest;
use dossier::ingest::silence::Arrivals;
use dossier::jobs::Work;
use serde_json::json;

const PAGE: &str = "/projects/sundial/customers";

async fn deliver(desk: &Desk, number: i64) {
    let body = purchase("mara", 3, json!({ "id": format!("m{number}") }));
    let request =
        TestRequest::post().uri("/webhooks/revenuecat/sundial").insert_header(("authorization", WEBHOOK_SECRET));
    let answer = desk.call(request.insert_header(("content-type", "application/json")).set_payload(body)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

async fn desk_that_gets_one_each_half_hour() -> Desk {
    let desk = Desk::open().await;
    for number in 0..40 {
        deliver(&desk, number).await;
        desk.clock.advance(30 * 60);
        run_jobs(&desk);
    }
    desk
}

#[actix_web::test]
async fn admins_are_told_when_webhooks_stop_coming_and_until_one_comes_again() {
    let desk = desk_that_gets_one_each_half_hour().await;
    desk.clock.advance(4 * 3_600);
    run_jobs(&desk);
    assert!(!desk.page(&ADA, PAGE).await.contains("No webhook has come"), "five hours are ten gaps of half an hour");
    desk.clock.advance(3_600);
    run_jobs(&desk);
    let page = desk.page(&ADA, PAGE).await;
    assert!(page.contains("No webhook has come</strong> since ") && page.contains("every 30 minutes"), "{page}");
    assert!(page.contains("http://desk.example/webhooks/revenuecat/sundial"), "and where they are sent");
    assert!(!desk.page(&SOL, PAGE).await.contains("No webhook has come"), "only admins");
    deliver(&desk, 41).await;
    run_jobs(&desk);
    assert!(!desk.page(&ADA, PAGE).await.contains("No webhook has come"));
}

#[actix_web::test]
async fn a_project_that_gets_few_webhooks_is_never_silent() {
    let desk = Desk::open().await;
    for number in 0..19 {
        deliver(&desk, number).await;
    }
    desk.clock.advance(3 * 86_400);
    run_jobs(&desk);
    assert!(!desk.page(&ADA, PAGE).await.contains("No webhook has come"));
}

#[actix_web::test]
async fn the_time_in_which_nobody_listened_is_no_silence() {
    let desk = desk_that_gets_one_each_half_hour().await;
    desk.clock.advance(24 * 3_600);
    // The server starts again after a day.
    let work = Work { arrivals: Arrivals::from(desk.clock.now()), ..jobs_of_process(&desk, &desk.db) };
    run_all(&work);
    assert!(!desk.page(&ADA, PAGE).await.contains("No webhook has come"), "it has just begun to listen");
    desk.clock.advance(6 * 3_600);
    run_all(&Work { now: desk.clock.now(), ..work });
    assert!(desk.page(&ADA, PAGE).await.contains("No webhook has come"));
}

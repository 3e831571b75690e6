//! Replacing the secret of the webhook that RevenueCat sends to.

use actix_web::http::StatusCode;
use actix_web::test::TestRequest;
use diesel::prelude::*;
use dossier::base::error::Error;
use dossier::db::schema::{projects, submissions};

use crate::support::audit_log::{Entry, audit_entries};
use crate::support::cast::{ADA, DEV, PASSWORD, TEAM};
use crate::support::events::{event_on_day, with_ids};
use crate::support::seed::WEBHOOK_SECRET;
use crate::support::server::dossier;
use crate::support::{Answer, Desk};

const SETTINGS: &str = "/projects/sundial/settings";
const SECRET: &str = "/projects/sundial/settings/webhook/secret";
const GOOD: StatusCode = StatusCode::OK;
const BAD: StatusCode = StatusCode::UNAUTHORIZED;

async fn authenticate(desk: &Desk, secret: &str) -> StatusCode {
    let request = TestRequest::post()
        .uri("/webhooks/revenuecat/sundial")
        .insert_header(("authorization", secret))
        .insert_header(("content-type", "application/json"))
        .set_payload(event_on_day(1, "TEST", with_ids("lena", &["lena"])));
    desk.call(request).await.status
}

/// The value that an answer shows.
fn shown(answer: &Answer) -> String {
    let value = answer.body.split("data-copy=\"Bearer ").nth(1).and_then(|rest| rest.split('"').next());
    format!("Bearer {}", value.expect("a value"))
}

#[actix_web::test]
async fn a_new_secret_is_shown_once_and_the_old_one_counts_for_a_day() {
    let desk = Desk::open().await;
    let answer = desk.post_form(&DEV, SECRET, &[("overlap", "24"), ("once", "k1")]).await;
    assert_eq!(answer.status, StatusCode::OK);
    let new = shown(&answer);
    assert!(answer.body.contains("It is shown only now.") && answer.body.contains("webhooks/revenuecat/sundial"));
    assert_eq!((authenticate(&desk, &new).await, authenticate(&desk, WEBHOOK_SECRET).await), (GOOD, GOOD));
    assert_eq!(authenticate(&desk, "Bearer other").await, BAD);
    let again = desk.post_form(&DEV, SECRET, &[("overlap", "24"), ("once", "k1")]).await;
    assert_eq!(again.status, StatusCode::SEE_OTHER);
    let page = desk.get(&DEV, again.header("location")).await.body;
    assert!(!page.contains(&new) && page.contains("The new one was shown once.") && page.contains("End it now"));
    let asked = desk.get(&DEV, &format!("{SETTINGS}?dialog=webhook-secret&value={}", "x")).await.body;
    assert!(!asked.contains("<dialog"), "an address cannot ask for it");
    desk.clock.advance(24 * 3600 - 1);
    assert_eq!(authenticate(&desk, WEBHOOK_SECRET).await, GOOD);
    desk.clock.advance(1);
    assert_eq!((authenticate(&desk, WEBHOOK_SECRET).await, authenticate(&desk, &new).await), (BAD, GOOD));
    assert!(!desk.get(&DEV, SETTINGS).await.body.contains("End it now"));
    let Entry { action, details, .. } = audit_entries(&desk).remove(0);
    assert!(action == "webhook_secret_replaced" && details.contains("counts until 24 Nov 2026, 17:00:00 UTC"));
    let kept = |conn: &mut _| Ok::<_, Error>(submissions::table.select(submissions::message).load::<String>(conn)?);
    let kept = desk.db.read_here(kept).expect("submissions").join(" ");
    assert!(!kept.contains("Bearer") && !details.contains("Bearer"), "the secret is stored nowhere");
}

#[actix_web::test]
async fn the_old_secret_can_end_at_once_or_before_its_time() {
    let desk = Desk::open().await;
    let first = shown(&desk.post_form(&DEV, SECRET, &[("overlap", "0")]).await);
    assert_eq!((authenticate(&desk, WEBHOOK_SECRET).await, authenticate(&desk, &first).await), (BAD, GOOD));
    let second = shown(&desk.post_form(&DEV, SECRET, &[("overlap", "168")]).await);
    assert_eq!((authenticate(&desk, &first).await, authenticate(&desk, &second).await), (GOOD, GOOD));
    let third = shown(&desk.post_form(&DEV, SECRET, &[("overlap", "1")]).await);
    assert_eq!((authenticate(&desk, &first).await, authenticate(&desk, &second).await), (BAD, GOOD), "two at a time");
    let ended = desk.post_form(&DEV, &format!("{SECRET}/end"), &[]).await;
    assert_eq!(ended.status, StatusCode::SEE_OTHER);
    assert_eq!((authenticate(&desk, &second).await, authenticate(&desk, &third).await), (BAD, GOOD));
    let again = desk.post_form(&DEV, &format!("{SECRET}/end"), &[]).await;
    assert!(again.status == StatusCode::UNPROCESSABLE_ENTITY && again.body.contains("does not count any more"));
    assert_eq!(audit_entries(&desk).len(), 4);
}

#[actix_web::test]
async fn a_chosen_secret_must_fit_into_a_header() {
    let desk = Desk::open().await;
    let chosen = desk.post_form(&DEV, SECRET, &[("overlap", "24"), ("value", "Bearer mine-and-ours")]).await;
    assert_eq!((chosen.status, authenticate(&desk, "Bearer mine-and-ours").await), (StatusCode::OK, GOOD));
    for (field, value, reason) in [
        ("value", " a", "printable ASCII"),
        ("value", "ä", "printable ASCII"),
        ("value", "Bearer mine-and-ours", "That is the value already."),
        ("overlap", "2", "Choose one of these."),
        ("overlap", "", "Choose one of these."),
    ] {
        let usual = if field == "value" { ("overlap", "24") } else { ("value", "") };
        let answer = desk.post_form(&DEV, SECRET, &[usual, (field, value)]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{value}");
        assert!(answer.body.contains(reason) && answer.body.contains("<dialog"), "{reason}");
    }
}

#[actix_web::test]
async fn only_developers_and_admins_with_a_fresh_log_in_may_replace_the_secret() {
    let desk = Desk::open().await;
    for person in &TEAM {
        let status = desk.post_form(person, &format!("{SECRET}/end"), &[]).await.status;
        let may = person.id == DEV.id || person.id == ADA.id;
        assert_eq!(status == StatusCode::FORBIDDEN, !may, "{}", person.name);
        assert_eq!(desk.post_form(person, SECRET, &[("overlap", "24")]).await.status == StatusCode::OK, may);
    }
    let cookie = desk.cookie(&DEV);
    desk.clock.advance(16 * 60);
    let asks = desk.post_with(&cookie, SECRET, &[("overlap", "24")]).await;
    assert!(asks.status == StatusCode::UNPROCESSABLE_ENTITY && asks.body.contains("name=\"password\""));
    let wrong = desk.post_with(&cookie, SECRET, &[("overlap", "24"), ("password", "wrong")]).await;
    assert!(wrong.body.contains("not your password") && wrong.body.contains("value=\"24\" checked"));
    let right = desk.post_with(&cookie, SECRET, &[("overlap", "24"), ("password", PASSWORD)]).await;
    assert_eq!(right.status, StatusCode::OK);
}

#[actix_web::test]
async fn fifty_clicks_replace_the_secret_once() {
    let desk = Desk::open().await;
    let answers = desk.post_form_at_once(&DEV, SECRET, &[("overlap", "24"), ("once", "k")], 50).await;
    let (mut values, mut others) = (Vec::new(), 0);
    for answer in &answers {
        match answer.status {
            StatusCode::OK => values.push(shown(answer)),
            StatusCode::SEE_OTHER => others += 1,
            other => panic!("{other}"),
        }
    }
    assert_eq!((values.len(), others, audit_entries(&desk).len()), (1, 49, 1));
    assert_eq!((authenticate(&desk, &values[0]).await, authenticate(&desk, WEBHOOK_SECRET).await), (GOOD, GOOD));
    let other = projects::table.filter(projects::slug.eq("moonrise")).select(projects::webhook_secret_set_at);
    let other = desk.db.read_here(|conn| Ok::<_, Error>(other.first::<Option<i64>>(conn)?));
    assert_eq!(other.expect("the other project"), None);
}

#[actix_web::test]
async fn a_short_value_is_taken_with_a_warning() {
    let desk = Desk::open().await;
    for (value, warns) in [("Bearer moonrise", true), ("Bearer 0123456789abcdef012345", false)] {
        let answer = desk.post_form(&DEV, SECRET, &[("overlap", "0"), ("value", value)]).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.body.contains("The value is short"), warns, "{value}");
        assert_eq!(authenticate(&desk, value).await, GOOD);
    }
    let random = desk.post_form(&DEV, SECRET, &[("overlap", "0")]).await;
    assert!(!random.body.contains("The value is short"));
}

#[actix_web::test]
async fn the_command_warns_of_a_short_value_too() {
    let desk = Desk::open().await;
    for (slug, value, warns) in [("noon", "moonrise", true), ("dusk", "Bearer 0123456789abcdef012345", false)] {
        let mut command = dossier();
        command.args(["project", "add", slug, "--name", "Noon", "--webhook-authorization", value]);
        let output = command.env("DATABASE_URL", &desk.application.config.database_url).output().expect("it runs");
        assert!(output.status.success());
        assert_eq!(String::from_utf8_lossy(&output.stderr).contains("Warning: The value is short"), warns, "{value}");
    }
}

//! The second factor: setting it up, logging in with it, recovery codes, and projects that require it.

use actix_web::http::StatusCode;
use diesel::prelude::*;
use dossier::base::error::Error;
use dossier::db::schema::{projects, recovery_codes, second_factors, sessions};

use crate::support::audit_log::audit_actions;
use crate::support::cast::{ADA, PASSWORD, Person, SOL};
use crate::support::jobs::run_jobs;
use crate::support::phone::Phone;
use crate::support::server::dossier;
use crate::support::{Answer, Desk, form};

const PAGE: &str = "/projects/sundial/customers";

async fn log_in(desk: &Desk, person: &Person, next: &str) -> Answer {
    desk.anonymous_post_form("/login", &[("email", person.email), ("password", PASSWORD), ("next", next)]).await
}

/// Logs in with the password; returns the cookie of the session that waits for the code.
async fn log_in_to_code(desk: &Desk, person: &Person) -> String {
    let answer = log_in(desk, person, "").await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/login/code"));
    answer.cookie()
}

fn require(desk: &Desk) {
    let row = diesel::update(projects::table.find(desk.project)).set(projects::requires_second_factor.eq(true));
    desk.db.write_here(|conn| Ok::<_, Error>(row.execute(conn)?)).expect("required");
}

#[actix_web::test]
async fn after_the_set_up_a_log_in_asks_for_a_code_and_redirects_to_the_page() {
    let desk = Desk::open().await;
    let (phone, codes) = desk.set_up_second_factor(&SOL).await;
    assert_eq!(codes.len(), 10);
    let next = format!("{PAGE}?list=all");
    let first = log_in(&desk, &SOL, &next).await;
    assert_eq!(first.header("location"), "/login/code?next=/projects/sundial/customers%3Flist%3Dall");
    let page = desk.get_with(&first.cookie(), first.header("location")).await;
    assert!(
        page.status == StatusCode::OK
            && page.body.contains(r#"name="next" value="/projects/sundial/customers?list=all""#)
    );
    let fields = [("code", phone.code(&desk)), ("next", next.clone())];
    let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
    let second = desk.post_with(&first.cookie(), "/login/code", &fields).await;
    assert_eq!((second.status, second.header("location")), (StatusCode::SEE_OTHER, next.as_str()));
    assert_eq!(desk.get_with(&second.cookie(), PAGE).await.status, StatusCode::OK);
    assert_ne!(first.cookie(), second.cookie());
    assert_eq!(desk.get_with(&first.cookie(), PAGE).await.status, StatusCode::SEE_OTHER, "the earlier session is gone");
    assert_eq!(audit_actions(&desk), ["second_factor_enabled", "user_signed_in"]);
}

#[actix_web::test]
async fn a_session_without_the_code_opens_no_page_and_does_nothing() {
    let desk = Desk::open().await;
    desk.set_up_second_factor(&ADA).await;
    let cookie = log_in_to_code(&desk, &ADA).await;
    for line in dossier::server::app::route_table().into_iter().filter(|line| line.access.is_for_people()) {
        let path = line.pattern.replace("{p}", "sundial").replace(['{', '}'], "");
        let answer = match line.method.as_str() {
            "GET" => desk.get_with(&cookie, &path).await,
            _ => desk.post_with(&cookie, &path, &[]).await,
        };
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{} {}", line.method, line.pattern);
        assert!(answer.header("location").starts_with("/login"), "{}", line.pattern);
    }
}

#[actix_web::test]
async fn the_code_page_needs_a_password_that_is_at_most_five_minutes_old() {
    let desk = Desk::open().await;
    let (phone, _) = desk.set_up_second_factor(&SOL).await;
    let cookie = log_in_to_code(&desk, &SOL).await;
    desk.clock.advance(301);
    let late = desk.post_with(&cookie, "/login/code", &[("code", &phone.code(&desk))]).await;
    assert_eq!((late.status, late.header("location")), (StatusCode::SEE_OTHER, "/login"));
    assert_eq!(desk.get_with(&cookie, "/login/code?next=/account").await.header("location"), "/login?next=/account");
    assert_eq!(desk.anonymous_get("/login/code").await.header("location"), "/login");
    let complete = desk.cookie(&SOL);
    assert_eq!(
        desk.get_with(&complete, "/login/code").await.header("location"),
        "/login",
        "a complete session has no code page"
    );
}

#[actix_web::test]
async fn a_code_works_once_even_when_it_is_sent_twice_at_once() {
    let desk = Desk::open().await;
    let (phone, _) = desk.set_up_second_factor(&SOL).await;
    let code = phone.code(&desk);
    let (one, other) = (log_in_to_code(&desk, &SOL).await, log_in_to_code(&desk, &SOL).await);
    let fields = [("code", code.as_str())];
    let both = [one, other].map(|cookie| form("/login/code", &fields).insert_header(("cookie", cookie)));
    let answers = desk.call_at_once(both.into()).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 422]);
    let refused = desk.post_with(&log_in_to_code(&desk, &SOL).await, "/login/code", &fields).await;
    assert!(refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.body.contains("is not valid"));
    desk.clock.advance(30);
    let next = desk.post_with(&log_in_to_code(&desk, &SOL).await, "/login/code", &[("code", &phone.code(&desk))]).await;
    assert_eq!(next.status, StatusCode::SEE_OTHER);
}

#[actix_web::test]
async fn a_recovery_code_works_once_and_the_page_counts_what_is_left() {
    let desk = Desk::open().await;
    let (_, codes) = desk.set_up_second_factor(&SOL).await;
    let typed = codes[3].to_uppercase().replace('-', " ");
    let cookie = log_in_to_code(&desk, &SOL).await;
    let answer = desk.post_with(&cookie, "/login/code", &[("code", &typed)]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert!(desk.get_with(&answer.cookie(), "/account").await.body.contains("9 of 10 recovery codes"));
    let again = desk.post_with(&log_in_to_code(&desk, &SOL).await, "/login/code", &[("code", &codes[3])]).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    let stored: Vec<String> = desk
        .db
        .read_here(|conn| Ok::<_, Error>(recovery_codes::table.select(recovery_codes::code_hash).load(conn)?))
        .expect("hashes");
    assert!(stored.len() == 9 && stored.iter().all(|hash| hash.len() == 64));
}

#[actix_web::test]
async fn new_recovery_codes_replace_the_old_ones() {
    let desk = Desk::open().await;
    let (_, old) = desk.set_up_second_factor(&SOL).await;
    let page = desk.post_form(&SOL, "/account/second-factor/codes", &[]).await;
    assert!(page.status == StatusCode::OK && !page.body.contains(&old[0]));
    let refused = desk.post_with(&log_in_to_code(&desk, &SOL).await, "/login/code", &[("code", &old[0])]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let plain = desk.get(&SOL, "/account/second-factor").await;
    assert!(!plain.body.contains("class=\"codes") && plain.body.contains("10 of 10"), "they are shown once");
}

#[actix_web::test]
async fn guessing_codes_is_limited_across_log_ins() {
    let desk = Desk::open().await;
    let (phone, _) = desk.set_up_second_factor(&SOL).await;
    for guess in 0..10 {
        let cookie = log_in_to_code(&desk, &SOL).await;
        let answer = desk.post_with(&cookie, "/login/code", &[("code", "000000")]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{guess}");
    }
    let cookie = log_in_to_code(&desk, &SOL).await;
    let answer = desk.post_with(&cookie, "/login/code", &[("code", &phone.code(&desk))]).await;
    assert_eq!((answer.status, answer.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, "900"));
    desk.clock.advance(901);
    let cookie = log_in_to_code(&desk, &SOL).await;
    let answer = desk.post_with(&cookie, "/login/code", &[("code", &phone.code(&desk))]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "the owner can log in");
    assert_eq!(audit_actions(&desk).iter().filter(|name| *name == "sign_in_failed").count(), 10);
}

#[actix_web::test]
async fn the_second_factor_is_off_until_a_code_confirms_the_secret() {
    let desk = Desk::open().await;
    let cookie = desk.cookie(&SOL);
    let begun = desk.post_with(&cookie, "/account/second-factor", &[]).await;
    assert!(begun.status == StatusCode::OK && begun.body.contains("<svg class=\"qr\" viewBox=\"0 0 "));
    assert!(!begun.body.contains("data:"), "the picture is markup");
    let wrong = desk.post_with(&cookie, "/account/second-factor/confirm", &[("code", "000000")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("aria-describedby=\"code-reason\"") && wrong.body.contains("Begin again"));
    assert!(!wrong.body.contains("class=\"qr\"") && !wrong.body.contains("code-groups"), "it is not shown again");
    assert_eq!(log_in(&desk, &SOL, "").await.header("location"), "/");
    let later = desk.get_with(&cookie, "/account/second-factor").await;
    assert!(!later.body.contains("class=\"qr\""), "a secret is shown in one answer only");
    assert!(audit_actions(&desk).iter().all(|name| name != "second_factor_enabled"));
}

#[actix_web::test]
async fn a_secret_without_its_first_code_ends_after_ten_minutes() {
    let desk = Desk::open().await;
    let cookie = desk.cookie(&SOL);
    let begin = async || Phone::scan(&desk.post_with(&cookie, "/account/second-factor", &[]).await.body);
    let confirm = async |phone: &Phone| {
        desk.post_with(&cookie, "/account/second-factor/confirm", &[("code", &phone.code(&desk))]).await
    };
    let phone = begin().await;
    desk.clock.advance(601);
    let late = confirm(&phone).await;
    assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(late.body.contains("10 minutes are over") && !late.body.contains("name=\"code\""), "{}", late.body);
    run_jobs(&desk);
    assert_eq!(desk.count(|conn| second_factors::table.count().get_result(conn)), 0, "it is deleted");
    let phone = begin().await;
    desk.clock.advance(600);
    assert_eq!(confirm(&phone).await.status, StatusCode::OK);
    desk.clock.advance(601);
    run_jobs(&desk);
    assert_eq!(desk.count(|conn| second_factors::table.count().get_result(conn)), 1, "one that is on stays");
}

#[actix_web::test]
async fn guesses_at_the_first_code_are_limited() {
    let desk = Desk::open().await;
    let cookie = desk.cookie(&SOL);
    desk.post_with(&cookie, "/account/second-factor", &[]).await;
    for guess in 0..11 {
        let answer = desk.post_with(&cookie, "/account/second-factor/confirm", &[("code", "000000")]).await;
        assert_eq!(answer.status == StatusCode::TOO_MANY_REQUESTS, guess == 10, "{guess}");
    }
}

#[actix_web::test]
async fn switching_it_off_deletes_secret_and_codes() {
    let desk = Desk::open().await;
    desk.set_up_second_factor(&SOL).await;
    let off = desk.post_form(&SOL, "/account/second-factor/off", &[]).await;
    assert_eq!((off.status, off.location().as_str()), (StatusCode::SEE_OTHER, "/account#second-factor"));
    let left = desk.db.read_here(|conn| {
        let secrets: i64 = second_factors::table.count().get_result(conn)?;
        let codes: i64 = recovery_codes::table.count().get_result(conn)?;
        Ok::<_, Error>(secrets + codes)
    });
    assert_eq!(left.expect("a count"), 0);
    assert_eq!(log_in(&desk, &SOL, "").await.header("location"), "/");
    let again = desk.post_form(&SOL, "/account/second-factor/off", &[]).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(again.body.contains("off already"), "{}", again.body);
}

#[actix_web::test]
async fn changing_it_needs_the_password_or_a_code() {
    let desk = Desk::open().await;
    let (phone, _) = desk.set_up_second_factor(&SOL).await;
    let cookie = desk.cookie(&SOL);
    desk.clock.advance(16 * 60);
    assert!(desk.get_with(&cookie, "/account/second-factor").await.body.contains("or a code from your app"));
    for (proof, reason) in [("", "Type your password"), ("000000", "neither"), ("wrong horse battery", "neither")] {
        let answer = desk.post_with(&cookie, "/account/second-factor/off", &[("password", proof)]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{proof}");
        assert!(answer.body.contains(reason) && answer.body.contains("password-reason"), "{proof}");
    }
    let code = phone.code(&desk);
    let answer = desk.post_with(&cookie, "/account/second-factor/codes", &[("password", &code)]).await;
    assert!(answer.status == StatusCode::OK && answer.body.contains("class=\"codes"));
    let renewed = answer.cookie();
    assert_eq!(desk.get_with(&cookie, "/account").await.status, StatusCode::SEE_OTHER, "the session has a new key");
    let off = desk.post_with(&renewed, "/account/second-factor/off", &[]).await;
    assert_eq!(off.status, StatusCode::SEE_OTHER, "and is fresh");
}

#[actix_web::test]
async fn a_project_that_requires_one_redirects_to_the_set_up_and_back() {
    let desk = Desk::open().await;
    require(&desk);
    let cookie = desk.cookie(&SOL);
    let asked = desk.get_with(&cookie, &format!("{PAGE}?list=all")).await;
    let set_up = "/account/second-factor?next=/projects/sundial/customers%3Flist%3Dall";
    assert_eq!((asked.status, asked.header("location")), (StatusCode::SEE_OTHER, set_up));
    let posted = desk.post_with(&cookie, &format!("{PAGE}/lena/notes"), &[("body", "x")]).await;
    assert_eq!((posted.status, posted.header("location")), (StatusCode::SEE_OTHER, "/account/second-factor"));
    let page = desk.get_with(&cookie, set_up).await;
    assert!(page.body.contains("Sundial</strong> asks for a second factor"), "{}", page.body);
    let next = format!("{PAGE}?list=all");
    let begun = desk.post_with(&cookie, "/account/second-factor", &[("next", &next)]).await;
    assert!(begun.body.contains(&format!("name=\"next\" value=\"{next}\"")));
    let code = Phone::scan(&begun.body).code(&desk);
    let on = desk.post_with(&cookie, "/account/second-factor/confirm", &[("code", &code), ("next", &next)]).await;
    assert!(on.body.contains(&format!("href=\"{next}\">I have kept them")), "{}", on.body);
    assert_eq!(desk.get_with(&cookie, &next).await.status, StatusCode::OK);
    assert_eq!(desk.get(&SOL, "/projects/moonrise/customers").await.status, StatusCode::NOT_FOUND);
}

#[actix_web::test]
async fn the_set_up_never_links_to_another_site() {
    let desk = Desk::open().await;
    let page = desk.get(&SOL, "/account/second-factor?next=//evil.example").await;
    assert!(!page.body.contains("evil"));
    let begun = desk.post_form(&SOL, "/account/second-factor", &[("next", "https://evil.example")]).await;
    assert!(!begun.body.contains("evil"));
}

#[actix_web::test]
async fn a_session_without_the_code_is_stored_without_a_person() {
    let desk = Desk::open().await;
    desk.set_up_second_factor(&SOL).await;
    log_in_to_code(&desk, &SOL).await;
    let rows: Vec<(Option<i64>, Option<i64>)> = desk
        .db
        .read_here(|conn| {
            let waiting = sessions::table.filter(sessions::person_awaiting_code_id.is_not_null());
            Ok::<_, Error>(waiting.select((sessions::person_id, sessions::person_awaiting_code_id)).load(conn)?)
        })
        .expect("rows");
    assert_eq!(rows, [(None, Some(SOL.id.0))]);
}

#[actix_web::test]
async fn the_operator_can_switch_it_off_for_somebody_who_lost_phone_and_codes() {
    let desk = Desk::open().await;
    desk.set_up_second_factor(&SOL).await;
    let run = |email: &str| {
        let mut command = dossier();
        command.args(["user", "second-factor-off", "--email", email]);
        command.env("DATABASE_URL", &desk.application.config.database_url).output().expect("it runs").status.success()
    };
    assert!(!run("eve@sundial.example") && run(SOL.email));
    assert_eq!(log_in(&desk, &SOL, "").await.header("location"), "/");
    assert_eq!(audit_actions(&desk)[..2], ["second_factor_enabled", "second_factor_disabled"]);
}

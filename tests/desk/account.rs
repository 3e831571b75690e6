//! A person's own account: what each form does and refuses, and that it changes no other account.

use std::time::{Duration, Instant};

use actix_web::http::StatusCode;
use actix_web::http::header::USER_AGENT;
use actix_web::test::TestRequest;
use diesel::prelude::*;
use dossier::base::error::Error;
use dossier::base::ids::PersonId;
use dossier::db::schema::{people, sessions};

use crate::support::Desk;
use crate::support::audit_log::{audit_actions, audit_entries};
use crate::support::cast::{ADA, PASSWORD, SOL, TEAM, VERA};

const NEW: &str = "a staple of batteries";

fn sessions_of(desk: &Desk, person: PersonId) -> i64 {
    let own = sessions::table.filter(sessions::person_id.eq(person)).count();
    desk.db.read_here(|conn| Ok::<_, Error>(own.get_result(conn)?)).expect("a count")
}

#[actix_web::test]
async fn everybody_has_an_account_page_and_the_menu_leads_there() {
    let desk = Desk::open().await;
    for person in &TEAM {
        let page = desk.get(person, "/account").await;
        assert!(page.status == StatusCode::OK && page.body.contains(person.email), "{}", person.name);
        assert!(page.body.contains(&format!("{} of Sundial", person.role)), "{}", person.name);
    }
    let profile = desk.get(&VERA, "/projects/sundial/customers").await;
    assert!(profile.body.contains("href=\"/account\""));
}

#[actix_web::test]
async fn a_new_name_is_in_the_menu_and_in_the_log() {
    let desk = Desk::open().await;
    let cookie = desk.cookie(&SOL);
    let answer = desk.post_with(&cookie, "/account/name", &[("name", "  Sol M. Beki ")]).await;
    assert_eq!((answer.status, answer.location().as_str()), (StatusCode::SEE_OTHER, "/account#name"));
    let page = desk.get_with(&cookie, answer.header("location")).await.body;
    assert!(page.contains("<strong>Sol M. Beki</strong>") && page.contains("Your name is changed."));
    let log = audit_entries(&desk);
    assert_eq!(log[0].action, "name_changed");
    assert!(log[0].details.contains(r#""before":"Sol Mbeki","after":"Sol M. Beki""#), "{}", log[0].details);
}

#[actix_web::test]
async fn no_link_shows_a_message_about_a_change_that_was_not_made() {
    let desk = Desk::open().await;
    let sol = desk.cookie(&SOL);
    let renamed = desk.post_with(&sol, "/account/name", &[("name", "Sol M. Beki")]).await;
    let marked = renamed.submission();
    let of_another_change = marked.replace("name.", "password.");
    assert_ne!(marked, of_another_change);
    for done in ["name", "password", "name.", "password.0123456789abcdef", "sessions", "factor-off", &of_another_change]
    {
        let page = desk.get_with(&sol, &format!("/account?done={done}")).await.body;
        assert!(!page.contains("class=\"flash"), "{done}");
    }
    let ada = desk.get_with(&desk.cookie(&ADA), &format!("/account?done={marked}")).await.body;
    assert!(!ada.contains("Your name is changed."), "not hers");
}

#[actix_web::test]
async fn a_refused_name_comes_back_with_the_reason() {
    let desk = Desk::open().await;
    let long = "<b>".repeat(40);
    for (name, reason) in
        [("  ", "A name has 1 to 100 characters."), (&long, "1 to 100"), ("a\u{202E}b", "invisible characters")]
    {
        let answer = desk.post_form(&SOL, "/account/name", &[("name", name)]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
        assert!(answer.body.contains(reason) && answer.body.contains("aria-describedby=\"name-reason\""), "{name}");
    }
    let answer = desk.post_form(&SOL, "/account/name", &[("name", &long)]).await;
    assert!(answer.body.contains("value=\"&#60;b&#62;&#60;b&#62;"), "what was typed is kept");
    assert_eq!(desk.post_form(&SOL, "/account/name", &[("nome", "x")]).await.status, StatusCode::BAD_REQUEST);
    assert!(audit_entries(&desk).is_empty());
}

#[actix_web::test]
async fn theme_and_zone_follow_the_person_to_every_page() {
    let desk = Desk::open().await;
    let cookie = desk.cookie(&SOL);
    let plain = desk.get_with(&cookie, "/account").await.body;
    assert!(plain.contains("<html lang=\"en\">") && plain.contains("content=\"light dark\""));
    let fields = [("theme", "dark"), ("zone", "America/Argentina/Buenos_Aires")];
    let answer = desk.post_with(&cookie, "/account/preferences", &fields).await;
    assert_eq!((answer.status, answer.location().as_str()), (StatusCode::SEE_OTHER, "/account#preferences"));
    for path in ["/account", "/projects/sundial/customers", "/account/second-factor", "/projects/sundial/nope"] {
        let page = desk.get_with(&cookie, path).await.body;
        let html = "<html lang=\"en\" data-theme=\"dark\" data-time-zone=\"America/Argentina/Buenos_Aires\">";
        assert!(page.contains(html) && page.contains("<meta name=\"color-scheme\" content=\"dark\">"), "{path}");
    }
    let page = desk.get_with(&cookie, "/account").await.body;
    assert!(
        page.contains("value=\"dark\" checked") && page.contains("Buenos_Aires\" selected>Argentina, Buenos Aires")
    );
    let other = desk.get(&ADA, "/account").await.body;
    assert!(other.contains("<html lang=\"en\">"), "nobody else's pages change");
    desk.post_with(&cookie, "/account/preferences", &[("theme", "system"), ("zone", "")]).await;
    assert!(desk.get_with(&cookie, "/account").await.body.contains("<html lang=\"en\">"));
}

#[actix_web::test]
async fn the_title_of_a_time_has_the_persons_zone_if_one_is_chosen() {
    let desk = Desk::open().await;
    let cookie = desk.cookie(&SOL);
    desk.post_with(&cookie, "/account/preferences", &[("theme", "system"), ("zone", "Asia/Kathmandu")]).await;
    let body = desk.get_with(&cookie, "/account").await.body;
    assert!(body.contains("title=\"2026-11-23 at 05:00 PM UTC\nMon 23 Nov 2026, 22:45 +0545, your time\""), "{body}");
    assert!(!desk.get(&ADA, "/account").await.body.contains("your time\""));
}

#[actix_web::test]
async fn an_unknown_theme_or_zone_is_refused() {
    let desk = Desk::open().await;
    for (theme, zone, field) in [("neon", "", "theme"), ("dark", "Moon/Tycho", "zone"), ("dark", "\0", "zone")] {
        let answer = desk.post_form(&SOL, "/account/preferences", &[("theme", theme), ("zone", zone)]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains(&format!("id=\"{field}-reason\"")), "{field}");
    }
}

#[actix_web::test]
async fn a_new_password_needs_the_old_one_and_ends_every_other_session() {
    let desk = Desk::open().await;
    let (here, elsewhere) = (desk.cookie(&SOL), desk.cookie(&SOL));
    let fields = [("password", PASSWORD), ("new_password", NEW)];
    let answer = desk.post_with(&here, "/account/password", &fields).await;
    assert_eq!((answer.status, answer.location().as_str()), (StatusCode::SEE_OTHER, "/account#password"));
    assert_eq!(desk.get_with(&elsewhere, "/account").await.status, StatusCode::SEE_OTHER);
    assert_eq!(desk.get_with(&here, "/account").await.status, StatusCode::SEE_OTHER, "the old cookie is invalid");
    assert_eq!(desk.get_with(&answer.cookie(), "/account").await.status, StatusCode::OK);
    assert_eq!(sessions_of(&desk, SOL.id), 1);
    for (password, status) in [(PASSWORD, StatusCode::UNPROCESSABLE_ENTITY), (NEW, StatusCode::SEE_OTHER)] {
        let fields = [("email", SOL.email), ("password", password)];
        assert_eq!(desk.anonymous_post_form("/login", &fields).await.status, status);
    }
    assert_eq!(audit_entries(&desk)[0].action, "password_changed");
    assert!(!format!("{:?}", audit_entries(&desk)).contains("staple"));
}

/// The shortest time that this form took, of a few tries.
async fn quickest(desk: &Desk, cookie: &str, fields: &[(&str, &str)], status: StatusCode) -> Duration {
    let mut quickest = Duration::MAX;
    for _ in 0..5 {
        let begun = Instant::now();
        assert_eq!(desk.post_with(cookie, "/account/password", fields).await.status, status);
        quickest = quickest.min(begun.elapsed());
    }
    quickest
}

#[actix_web::test]
async fn a_new_password_is_hashed_only_after_the_old_one_was_right() {
    let desk = Desk::open().await;
    let cookie = desk.cookie(&SOL);
    let fields = [("password", "wrong horse battery"), ("new_password", NEW)];
    let one_hash = quickest(&desk, &cookie, &fields, StatusCode::UNPROCESSABLE_ENTITY).await;
    let none = quickest(&desk, &cookie, &fields, StatusCode::TOO_MANY_REQUESTS).await;
    assert!(none * 2 < one_hash, "{none:?} {one_hash:?}");
    let nothing = [("password", ""), ("new_password", NEW)];
    let none = quickest(&desk, &cookie, &nothing, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert!(none * 2 < one_hash, "{none:?} {one_hash:?}");
}

#[actix_web::test]
async fn a_name_of_the_person_or_a_project_is_no_password() {
    let desk = Desk::open().await;
    for name in ["Sol Mbeki 1", "sundial2026!", "sol@sundial.example"] {
        let fields = [("password", PASSWORD), ("new_password", name)];
        let answer = desk.post_form(&SOL, "/account/password", &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
        assert!(answer.body.contains("little more than your name"), "{name}");
    }
}

#[actix_web::test]
async fn a_password_is_refused_beside_the_field_that_is_wrong() {
    let desk = Desk::open().await;
    let cases = [
        ("wrong horse battery", NEW, "password-reason", "That is not your password."),
        ("", NEW, "password-reason", "Type your password"),
        (PASSWORD, "short", "new_password-reason", "The password must have at least 8 characters."),
        (PASSWORD, "password1", "new_password-reason", "attackers try first"),
        (PASSWORD, "Sol Mbeki", "new_password-reason", "your name"),
        (PASSWORD, SOL.email, "new_password-reason", "your address"),
    ];
    for (old, new, field, reason) in cases {
        let answer = desk.post_form(&SOL, "/account/password", &[("password", old), ("new_password", new)]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{new}");
        assert!(answer.body.contains(&format!("id=\"{field}\"")) && answer.body.contains(reason), "{new}");
        assert!(!answer.body.contains(NEW) && !answer.body.contains(PASSWORD), "no password is printed");
    }
    let kept = people::table.find(SOL.id).select(people::password_hash);
    let kept: String = desk.db.read_here(|conn| Ok::<_, Error>(kept.first(conn)?)).expect("a hash");
    let other = people::table.find(ADA.id).select(people::password_hash);
    let other: String = desk.db.read_here(|conn| Ok::<_, Error>(other.first(conn)?)).expect("a hash");
    assert_eq!(kept, other, "as it was seeded");
}

#[actix_web::test]
async fn guessing_the_old_password_is_limited() {
    let desk = Desk::open().await;
    let fields = [("password", "guess guess"), ("new_password", NEW)];
    let (cookie, elsewhere) = (desk.cookie(&SOL), desk.cookie(&SOL));
    for _ in 0..5 {
        let guess = desk.post_with(&cookie, "/account/password", &fields).await;
        assert_eq!(guess.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let right = [("password", PASSWORD), ("new_password", NEW)];
    let refused = desk.post_with(&cookie, "/account/password", &right).await;
    assert_eq!((refused.status, refused.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, "30"));
    let other = desk.post_with(&elsewhere, "/account/password", &right).await;
    assert_eq!(other.status, StatusCode::SEE_OTHER, "each session counts by itself");
}

#[actix_web::test]
async fn open_sessions_are_listed_with_their_browser_and_can_be_ended() {
    let desk = Desk::open().await;
    let request = TestRequest::post().uri("/login").set_form([("email", SOL.email), ("password", PASSWORD)]);
    let request = request.insert_header(("sec-fetch-site", "same-origin"));
    let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    let here = desk.call(request.insert_header((USER_AGENT, agent))).await.cookie();
    let elsewhere = desk.cookie(&SOL);
    let page = desk.get_with(&here, "/account").await.body;
    assert!(page.contains("<b>Firefox on Linux</b> <span class=\"badge tone-good\">This one</span>"), "{page}");
    assert!(page.contains("<b>An unknown browser</b>") && page.matches("This one").count() == 1);
    let row = page.split("name=\"session\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a row");
    let stranger = desk.post_form(&ADA, "/account/sessions/end", &[("session", row)]).await;
    assert_eq!(stranger.status, StatusCode::NOT_FOUND, "not one of hers");
    assert_eq!(desk.get_with(&elsewhere, "/account").await.status, StatusCode::OK);
    let answer = desk.post_with(&here, "/account/sessions/end", &[("session", row)]).await;
    assert_eq!(answer.location(), "/account#sessions");
    assert_eq!(desk.get_with(&elsewhere, "/account").await.status, StatusCode::SEE_OTHER);
    assert_eq!(desk.get_with(&here, "/account").await.status, StatusCode::OK);
    for odd in ["", "\0", "x", "' OR 1=1 --"] {
        let answer = desk.post_with(&here, "/account/sessions/end", &[("session", odd)]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{odd:?}");
    }
}

#[actix_web::test]
async fn logging_out_everywhere_else_leaves_this_session_alone() {
    let desk = Desk::open().await;
    let (here, one, other, somebody) = (desk.cookie(&SOL), desk.cookie(&SOL), desk.cookie(&SOL), desk.cookie(&ADA));
    let answer = desk.post_with(&here, "/account/sessions/end-others", &[]).await;
    assert_eq!(answer.location(), "/account#sessions");
    for (cookie, status) in [(&here, 200), (&one, 303), (&other, 303), (&somebody, 200)] {
        assert_eq!(desk.get_with(cookie, "/account").await.status.as_u16(), status);
    }
    let page = desk.get_with(&here, "/account").await.body;
    assert!(!page.contains("Log out everywhere else"), "there is no other session to end");
    assert!(audit_entries(&desk)[0].details.contains("2 sessions"));
}

#[actix_web::test]
async fn log_ins_and_log_outs_are_in_the_log_of_every_project() {
    let desk = Desk::open().await;
    let fields = [("email", SOL.email), ("password", PASSWORD)];
    let cookie = desk.anonymous_post_form("/login", &fields).await.cookie();
    desk.post_with(&cookie, "/logout", &[]).await;
    desk.anonymous_post_form("/login", &[("email", SOL.email), ("password", "wrong horse battery")]).await;
    desk.anonymous_post_form("/login", &[("email", "eve@sundial.example"), ("password", "x")]).await;
    for _ in 0..100 {
        if audit_entries(&desk).len() == 3 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(audit_actions(&desk), ["user_signed_in", "signed_out", "sign_in_failed"]);
}

//! Logging in and out, and guessing passwords.

use actix_web::http::StatusCode;
use actix_web::test::TestRequest;
use diesel::prelude::*;
use dossier::base::error::Error;
use dossier::db::schema::login_attempts;

use crate::support::accounts::{count_sessions, log_in};
use crate::support::cast::{ADA, PASSWORD, SOL, VERA};
use crate::support::{Desk, NOW};

const SETTINGS: &str = "/projects/sundial/settings";

#[actix_web::test]
async fn the_right_password_opens_the_page_that_was_asked_for() {
    let desk = Desk::open().await;
    let asked = desk.anonymous_get(&format!("{SETTINGS}?a=1")).await;
    assert_eq!(asked.status, StatusCode::SEE_OTHER);
    assert_eq!(asked.header("location"), "/login?next=/projects/sundial/settings%3Fa%3D1");
    let form = desk.anonymous_get(asked.header("location")).await;
    assert!(form.body.contains(r#"name="next" value="/projects/sundial/settings?a=1""#), "{}", form.body);

    let fields =
        [("email", " Ada@Sundial.example "), ("password", PASSWORD), ("next", "/projects/sundial/settings?a=1")];
    let welcome = desk.anonymous_post_form("/login", &fields).await;
    assert_eq!(welcome.status, StatusCode::SEE_OTHER);
    assert_eq!(welcome.header("location"), "/projects/sundial/settings?a=1");
    assert_eq!(desk.get_with(&welcome.cookie(), SETTINGS).await.status, StatusCode::OK);
}

#[actix_web::test]
async fn a_wrong_password_and_an_unknown_account_are_answered_alike() {
    let desk = Desk::open().await;
    let wrong = log_in(&desk, ADA.email, "wrong horse battery").await;
    let unknown = log_in(&desk, "eve@sundial.example", "wrong horse battery").await;
    assert_eq!((wrong.status, unknown.status), (StatusCode::UNPROCESSABLE_ENTITY, StatusCode::UNPROCESSABLE_ENTITY));
    assert!(wrong.body.contains("do not belong together") && wrong.body.contains(r#"value="ada@sundial.example""#));
    assert_eq!(wrong.body.replace(ADA.email, "eve@sundial.example"), unknown.body);
    assert_eq!((wrong.cookie(), unknown.cookie()), (String::new(), String::new()));
    assert_eq!(count_sessions(&desk), 0);
}

#[actix_web::test]
async fn odd_addresses_and_passwords_are_just_wrong() {
    let desk = Desk::open().await;
    let long = "a".repeat(5000);
    for (email, password) in
        [("", ""), ("a\0b", "p\0q"), (&long, &long), ("' OR 1=1 --", "x"), ("ada@sundial.example", &long)]
    {
        assert_eq!(log_in(&desk, email, password).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}

#[actix_web::test]
async fn the_eleventh_guess_at_an_account_is_refused_whether_it_exists_or_not() {
    for email in [SOL.email, "nobody@sundial.example"] {
        let desk = Desk::open().await;
        for _ in 0..10 {
            assert_eq!(log_in(&desk, email, "guess guess").await.status, StatusCode::UNPROCESSABLE_ENTITY);
        }
        let refused = log_in(&desk, email, PASSWORD).await;
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(refused.header("retry-after"), "180");
        desk.clock.advance(181);
        let later = log_in(&desk, email, PASSWORD).await;
        assert_eq!(later.status == StatusCode::SEE_OTHER, email == SOL.email);
    }
}

#[actix_web::test]
async fn right_passwords_do_not_count_as_guesses() {
    let desk = Desk::open().await;
    for _ in 0..12 {
        assert_eq!(log_in(&desk, SOL.email, PASSWORD).await.status, StatusCode::SEE_OTHER);
    }
    let left = desk.db.read_here(|conn| Ok::<i64, Error>(login_attempts::table.count().get_result(conn)?));
    assert_eq!(left.expect("a count"), 0);
}

#[actix_web::test]
async fn logging_in_gives_a_new_session_and_ends_the_old_one() {
    let desk = Desk::open().await;
    let planted = desk.cookie(&VERA);
    let fields = [("email", ADA.email), ("password", PASSWORD)];
    let request = TestRequest::post().uri("/login").set_form(fields);
    let request = request.insert_header(("sec-fetch-site", "same-origin")).insert_header(("cookie", planted.clone()));
    let welcome = desk.call(request).await;
    assert_ne!(welcome.cookie(), planted);
    assert_eq!(desk.get_with(&planted, SETTINGS).await.status, StatusCode::SEE_OTHER);
    assert_eq!(desk.get_with(&welcome.cookie(), SETTINGS).await.status, StatusCode::OK);
}

#[actix_web::test]
async fn logging_out_ends_the_session_on_the_server() {
    let desk = Desk::open().await;
    let cookie = desk.cookie(&ADA);
    assert_eq!(desk.get_with(&cookie, SETTINGS).await.status, StatusCode::OK);
    let request = TestRequest::post().uri("/logout").insert_header(("sec-fetch-site", "same-origin"));
    let out = desk.call(request.insert_header(("cookie", cookie.clone()))).await;
    assert_eq!((out.status, out.header("location")), (StatusCode::SEE_OTHER, "/login?out=1"));
    assert_eq!(out.header("clear-site-data"), r#""cache", "cookies", "storage""#);
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(desk.get_with(&cookie, SETTINGS).await.status, StatusCode::SEE_OTHER);
    assert_eq!(count_sessions(&desk), 0);
    assert!(desk.anonymous_get("/login?out=1").await.body.contains("You are logged out."));
}

#[actix_web::test]
async fn a_proxy_that_is_not_trusted_cannot_hide_an_address() {
    let desk = Desk::open().await;
    for guess in 0..31 {
        let (email, hop) = (format!("p{guess}@sundial.example"), format!("198.51.100.{guess}"));
        let fields = [("email", email.as_str()), ("password", "guess guess")];
        let request =
            TestRequest::post().uri("/login").set_form(fields).peer_addr("192.0.2.1:4000".parse().expect("a peer"));
        let request = request.insert_header(("sec-fetch-site", "same-origin")).insert_header(("x-forwarded-for", hop));
        let status = desk.call(request).await.status;
        assert_eq!(status == StatusCode::TOO_MANY_REQUESTS, guess == 30, "{guess}: {status}");
    }
}

#[actix_web::test]
async fn a_proxy_that_is_not_trusted_is_named_to_admins_with_the_setting() {
    let through = |desk: &Desk, person| {
        let peer = "172.18.0.2:4000".parse().expect("a peer");
        let request = TestRequest::get().uri("/projects/sundial/customers").peer_addr(peer);
        let cookie = ("cookie", desk.cookie(person));
        request.insert_header(cookie).insert_header(("x-forwarded-for", "198.51.100.7"))
    };
    let desk = Desk::open().await;
    assert!(!desk.page(&ADA, "/projects/sundial/customers").await.contains("DOSSIER_TRUSTED_PROXIES"));
    let seen = desk.call(through(&desk, &ADA)).await.body;
    assert!(seen.contains("172.18.0.2 sends X-Forwarded-For") && seen.contains("DOSSIER_TRUSTED_PROXIES=172.18.0.2"));
    assert!(!desk.call(through(&desk, &SOL)).await.body.contains("DOSSIER_TRUSTED_PROXIES"), "admins only");
    let trusting =
        Desk::open_with(|config| config.trusted_proxies = vec!["172.18.0.0/16".parse().expect("a network")]).await;
    assert!(!trusting.call(through(&trusting, &ADA)).await.body.contains("DOSSIER_TRUSTED_PROXIES"));
}

#[actix_web::test]
async fn the_start_page_leads_to_the_first_project() {
    let desk = Desk::open().await;
    assert_eq!(desk.anonymous_get("/").await.header("location"), "/login");
    assert_eq!(desk.get(&SOL, "/").await.header("location"), "/projects/sundial/customers");
    assert_eq!(desk.clock.now(), NOW);
}

#[actix_web::test]
async fn a_log_in_never_redirects_to_another_site() {
    let desk = Desk::open().await;
    for next in
        ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/%0d%0aX:1", "/login"]
    {
        let fields = [("email", ADA.email), ("password", PASSWORD), ("next", next)];
        let answer = desk.anonymous_post_form("/login", &fields).await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/"), "{next}");
    }
}

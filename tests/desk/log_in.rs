//! Logging in and out, and guessing passwords.

use actix_web::http::StatusCode;
use actix_web::test::TestRequest;
use diesel::prelude::*;
use dossier::base::error::Error;
use dossier::db::schema::login_attempts;

use crate::support::accounts::{Browser, count_sessions, log_in};
use crate::support::cast::{ADA, PASSWORD, SOL, VERA};
use crate::support::{Desk, NOW, form};

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
async fn after_five_guesses_each_has_to_wait_longer_whether_the_account_exists_or_not() {
    for email in [SOL.email, "nobody@sundial.example"] {
        let desk = Desk::open().await;
        for _ in 0..5 {
            assert_eq!(log_in(&desk, email, "guess guess").await.status, StatusCode::UNPROCESSABLE_ENTITY);
        }
        let mut waits = Vec::new();
        for _ in 0..3 {
            let refused = log_in(&desk, email, PASSWORD).await;
            assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
            assert!(refused.body.contains("Too many tries. Wait ") && refused.body.contains(email), "{}", refused.body);
            waits.push(refused.header("retry-after").parse::<i64>().expect("seconds"));
            desk.clock.advance(waits[waits.len() - 1]);
            assert_eq!(log_in(&desk, email, "guess guess").await.status, StatusCode::UNPROCESSABLE_ENTITY);
        }
        assert_eq!(waits, [30, 150, 120], "the second wait is for the account as a whole");
        desk.clock.advance(15 * 60);
        let later = log_in(&desk, email, PASSWORD).await;
        assert_eq!(later.status == StatusCode::SEE_OTHER, email == SOL.email);
    }
}

/// Somebody guesses every other second for a quarter of an hour. Returns how many guesses were checked, and calls `owner` after
/// four minutes, when the guesser has long been told to wait.
async fn guess_for_a_quarter_of_an_hour(desk: &Desk, mut guesser: Browser, owner: impl AsyncFnOnce()) -> usize {
    let (mut checked, mut owner) = (0, Some(owner));
    for guess in 0..450 {
        let answer = guesser.log_in(desk, SOL.email, "guess guess").await;
        checked += usize::from(answer.status == StatusCode::UNPROCESSABLE_ENTITY);
        desk.clock.advance(2);
        if let Some(owner) = owner.take_if(|_| guess == 120) {
            owner().await;
        }
    }
    checked
}

#[actix_web::test]
async fn nobody_keeps_the_owner_out_by_guessing_from_elsewhere() {
    let desk = Desk::open().await;
    let mut known = Browser::new("198.51.100.20");
    assert_eq!(known.log_in(&desk, SOL.email, PASSWORD).await.status, StatusCode::SEE_OTHER);
    let checked = guess_for_a_quarter_of_an_hour(&desk, Browser::new("198.51.100.9"), async || {
        let again = known.log_in(&desk, SOL.email, PASSWORD).await;
        assert_eq!(again.status, StatusCode::SEE_OTHER, "a known browser, beside the guesser");
        let new = Browser::new("203.0.113.7").log_in(&desk, SOL.email, PASSWORD).await;
        assert_eq!(new.status, StatusCode::SEE_OTHER, "a new browser in a network of its own");
    })
    .await;
    assert!((5..=15).contains(&checked), "{checked}");
}

#[actix_web::test]
async fn guesses_from_many_networks_are_few_and_a_known_browser_gets_in() {
    let desk = Desk::open().await;
    let mut known = Browser::new("203.0.113.7");
    assert_eq!(known.log_in(&desk, SOL.email, PASSWORD).await.status, StatusCode::SEE_OTHER);
    let networks: [&str; 15] = [
        "10.0.1.1", "10.0.2.1", "10.0.3.1", "10.0.4.1", "10.0.5.1", "10.0.6.1", "10.0.7.1", "10.0.8.1", "10.0.9.1",
        "10.1.1.1", "10.1.2.1", "10.1.3.1", "10.1.4.1", "10.1.5.1", "10.1.6.1",
    ];
    let mut checked = 0;
    for network in networks {
        let answer = Browser::new(network).log_in(&desk, SOL.email, "guess guess").await;
        checked += usize::from(answer.status == StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert_eq!(checked, 10, "in three minutes");
    let mistyped = known.log_in(&desk, SOL.email, "correct hose battery").await;
    assert_eq!(mistyped.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(known.log_in(&desk, SOL.email, PASSWORD).await.status, StatusCode::SEE_OTHER);
}

#[actix_web::test]
async fn a_known_browser_has_a_count_of_its_own_for_each_account() {
    let desk = Desk::open().await;
    let mut browser = Browser::new("203.0.113.7");
    assert_eq!(browser.log_in(&desk, SOL.email, PASSWORD).await.status, StatusCode::SEE_OTHER);
    for _ in 0..5 {
        let guess = browser.log_in(&desk, SOL.email, "guess guess").await;
        assert_eq!(guess.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let refused = browser.log_in(&desk, SOL.email, PASSWORD).await;
    assert_eq!((refused.status, refused.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, "30"));
    assert_eq!(browser.log_in(&desk, VERA.email, PASSWORD).await.status, StatusCode::SEE_OTHER, "another account");
    assert_eq!(Browser::new("203.0.113.7").log_in(&desk, SOL.email, PASSWORD).await.status, StatusCode::SEE_OTHER);
    desk.clock.advance(30);
    assert_eq!(browser.log_in(&desk, SOL.email, PASSWORD).await.status, StatusCode::SEE_OTHER);
}

#[actix_web::test]
async fn the_cookie_of_a_device_opens_nothing_and_stays_after_logging_out() {
    let desk = Desk::open_at("https://desk.example").await;
    let mut browser = Browser::new("203.0.113.7");
    let welcome = browser.log_in(&desk, ADA.email, PASSWORD).await;
    let cookie = welcome.set_cookie("device");
    for part in ["__Host-device=", "; HttpOnly", "; Secure", "; SameSite=Strict", "; Path=/", "; Max-Age=15552000"] {
        assert!(cookie.contains(part), "{part}: {cookie}");
    }
    assert_eq!(desk.get_with(&browser.device, SETTINGS).await.status, StatusCode::SEE_OTHER);
    let request = form("/logout", &[]).insert_header(("cookie", welcome.cookie()));
    let out = desk.call(request).await;
    assert!(out.set_cookie("device").is_empty() && !out.header("clear-site-data").contains("cookies"));
    let wrong = browser.log_in(&desk, ADA.email, "guess guess").await;
    assert!(wrong.set_cookie("device").is_empty(), "only a log-in makes a browser known");
}

#[actix_web::test]
async fn a_new_password_makes_all_other_browsers_unknown() {
    let desk = Desk::open().await;
    let (mut here, mut there) = (Browser::new("203.0.113.7"), Browser::new("203.0.113.7"));
    for browser in [&mut here, &mut there] {
        assert_eq!(browser.log_in(&desk, SOL.email, PASSWORD).await.status, StatusCode::SEE_OTHER);
    }
    let fields = [("password", PASSWORD), ("new_password", "seven quiet herons")];
    let changed = desk.post_form(&SOL, "/account/password", &fields).await;
    assert_eq!(changed.status, StatusCode::SEE_OTHER);
    here.device = changed.set_cookie("device").split(';').next().expect("a cookie").to_owned();
    for _ in 0..5 {
        Browser::new("203.0.113.9").log_in(&desk, SOL.email, "guess guess").await;
    }
    let refused = there.log_in(&desk, SOL.email, "seven quiet herons").await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS, "it counts with its network");
    assert_eq!(here.log_in(&desk, SOL.email, "seven quiet herons").await.status, StatusCode::SEE_OTHER);
}

#[actix_web::test]
async fn somebody_who_is_logged_in_can_prove_it_while_others_guess() {
    let desk = Desk::open().await;
    let cookie = desk.cookie(&SOL);
    for _ in 0..40 {
        log_in(&desk, SOL.email, "guess guess").await;
    }
    let fields = [("password", PASSWORD), ("new_password", "seven quiet herons")];
    assert_eq!(desk.post_with(&cookie, "/account/password", &fields).await.status, StatusCode::SEE_OTHER);
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
    assert_eq!(out.header("clear-site-data"), r#""cache", "storage""#);
    assert!(out.set_cookie("session").contains("Max-Age=0"));
    assert_eq!(desk.get_with(&cookie, SETTINGS).await.status, StatusCode::SEE_OTHER);
    assert_eq!(count_sessions(&desk), 0);
    assert!(desk.anonymous_get("/login?out=1").await.body.contains("You are logged out."));
    let still_in = desk.get(&SOL, "/login?out=1").await.body;
    assert!(!still_in.contains("You are logged out."), "a link must not say what is not true");
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

//! Logging in and out. Whoever loses a role, a membership or a session loses the access at once.

use actix_web::http::StatusCode;
use actix_web::test::TestRequest;
use diesel::prelude::*;
use dossier::auth::queries::set_role;
use dossier::base::Role;
use dossier::base::config::SessionLimits;
use dossier::base::error::Error;
use dossier::db::schema::{login_attempts, memberships, people, sessions};

use crate::support::cast::{ADA, DEV, PASSWORD, SOL, VERA};
use crate::support::{Answer, Desk, NOW};

const SETTINGS: &str = "/projects/sundial/settings";

async fn log_in(desk: &Desk, email: &str, password: &str) -> Answer {
    desk.anonymous_post_form("/login", &[("email", email), ("password", password)]).await
}

async fn visit(desk: &Desk, cookie: &str, path: &str) -> Answer {
    desk.call(TestRequest::get().uri(path).insert_header(("cookie", cookie.to_owned()))).await
}

fn sessions_kept(desk: &Desk) -> i64 {
    desk.db.read_here(|conn| Ok::<i64, Error>(sessions::table.count().get_result(conn)?)).expect("a count")
}

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
    assert_eq!(visit(&desk, &welcome.cookie(), SETTINGS).await.status, StatusCode::OK);
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
    assert_eq!(sessions_kept(&desk), 0);
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
    assert_eq!(visit(&desk, &planted, SETTINGS).await.status, StatusCode::SEE_OTHER);
    assert_eq!(visit(&desk, &welcome.cookie(), SETTINGS).await.status, StatusCode::OK);
}

#[actix_web::test]
async fn logging_out_ends_the_session_on_the_server() {
    let desk = Desk::open().await;
    let cookie = desk.cookie(&ADA);
    assert_eq!(visit(&desk, &cookie, SETTINGS).await.status, StatusCode::OK);
    let request = TestRequest::post().uri("/logout").insert_header(("sec-fetch-site", "same-origin"));
    let out = desk.call(request.insert_header(("cookie", cookie.clone()))).await;
    assert_eq!((out.status, out.header("location")), (StatusCode::SEE_OTHER, "/login?out=1"));
    assert_eq!(out.header("clear-site-data"), r#""cache", "cookies", "storage""#);
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(visit(&desk, &cookie, SETTINGS).await.status, StatusCode::SEE_OTHER);
    assert_eq!(sessions_kept(&desk), 0);
    assert!(desk.anonymous_get("/login?out=1").await.body.contains("You are logged out."));
}

#[actix_web::test]
async fn a_removed_person_loses_access_at_once() {
    let desk = Desk::open().await;
    let cookie = desk.cookie(&ADA);
    let gone = |conn: &mut dossier::db::Conn| Ok::<_, Error>(diesel::delete(people::table.find(ADA.id)).execute(conn)?);
    assert_eq!(desk.db.write_here(gone).expect("removed"), 1);
    assert_eq!(visit(&desk, &cookie, SETTINGS).await.status, StatusCode::SEE_OTHER);
    assert_eq!(sessions_kept(&desk), 0);
}

#[actix_web::test]
async fn a_changed_role_or_membership_counts_from_the_next_request() {
    let desk = Desk::open().await;
    let cookie = desk.cookie(&DEV);
    assert_eq!(visit(&desk, &cookie, SETTINGS).await.status, StatusCode::OK);
    let project = desk.project;
    desk.db.write_here(|conn| Ok::<_, Error>(set_role(conn, project, DEV.id, Role::Support)?)).expect("a role");
    assert_eq!(visit(&desk, &cookie, SETTINGS).await.status, StatusCode::FORBIDDEN);
    let left = |conn: &mut dossier::db::Conn| {
        Ok::<_, Error>(diesel::delete(memberships::table.find((project, DEV.id))).execute(conn)?)
    };
    desk.db.write_here(left).expect("removed");
    assert_eq!(visit(&desk, &cookie, SETTINGS).await.status, StatusCode::NOT_FOUND);
    assert!(visit(&desk, &cookie, "/").await.body.contains("You belong to no project yet"));
}

#[actix_web::test]
async fn a_session_lasts_an_hour_without_use_and_twelve_hours_with_it() {
    let desk = Desk::open().await;
    let (idle, used) = (desk.cookie(&ADA), desk.cookie(&ADA));
    for _ in 0..24 {
        desk.clock.advance(1800 - 1);
        assert_eq!(visit(&desk, &used, SETTINGS).await.status, StatusCode::OK);
        wait_until_stored(&desk).await;
    }
    assert_eq!(visit(&desk, &idle, SETTINGS).await.status, StatusCode::SEE_OTHER);
    desk.clock.advance(60);
    assert_eq!(visit(&desk, &used, SETTINGS).await.status, StatusCode::SEE_OTHER);
    desk.clock.advance(-3600);
    for _ in 0..100 {
        if sessions_kept(&desk) == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(visit(&desk, &used, SETTINGS).await.status, StatusCode::SEE_OTHER, "a clock set back revives none");
}

#[actix_web::test]
async fn how_long_a_session_lasts_is_a_setting() {
    let limits = SessionLimits { idle_minutes: 600, hours: 11 };
    let desk = Desk::open_with(|config| config.session_limits = limits).await;
    let cookie = desk.cookie(&ADA);
    desk.clock.advance(9 * 3600);
    assert_eq!(visit(&desk, &cookie, SETTINGS).await.status, StatusCode::OK);
    wait_until_stored(&desk).await;
    desk.clock.advance(2 * 3600 + 1);
    assert_eq!(visit(&desk, &cookie, SETTINGS).await.status, StatusCode::SEE_OTHER);
}

/// The last use of a session is written after the answer.
async fn wait_until_stored(desk: &Desk) {
    let now = desk.clock.now().millis();
    for _ in 0..100 {
        let newest = desk.db.read_here(|conn| {
            Ok::<Option<i64>, Error>(sessions::table.select(diesel::dsl::max(sessions::used_at)).first(conn)?)
        });
        if newest.expect("a time") == Some(now) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the use of the session was not stored");
}

#[actix_web::test]
async fn the_table_of_sessions_does_not_hold_what_is_in_the_cookie() {
    let desk = Desk::open().await;
    let welcome = log_in(&desk, ADA.email, PASSWORD).await;
    let rows: Vec<(String, Option<i64>, String)> = desk
        .db
        .read_here(|conn| {
            let columns = (sessions::key_hash, sessions::person_id, sessions::state);
            Ok::<_, Error>(sessions::table.select(columns).load(conn)?)
        })
        .expect("rows");
    assert_eq!(rows.len(), 1);
    let (hash, person, state) = &rows[0];
    assert_eq!((hash.len(), *person, state.as_str()), (64, Some(ADA.id.0), r#"{"person":"4"}"#));
    assert!(!welcome.cookie().contains(hash.as_str()));
}

#[actix_web::test]
async fn the_cookie_is_for_this_host_and_no_script() {
    let plain = Desk::open().await;
    let cookie = log_in(&plain, ADA.email, PASSWORD).await.header("set-cookie").to_owned();
    assert!(cookie.starts_with("session=") && cookie.ends_with("; HttpOnly; SameSite=Lax; Path=/"), "{cookie}");

    let secure = Desk::open_at("https://desk.example").await;
    let cookie = log_in(&secure, ADA.email, PASSWORD).await.header("set-cookie").to_owned();
    assert!(cookie.starts_with("__Host-session="), "{cookie}");
    assert!(cookie.ends_with("; HttpOnly; SameSite=Lax; Secure; Path=/") && !cookie.contains("Domain"), "{cookie}");
}

#[actix_web::test]
async fn a_cookie_that_was_changed_or_signed_elsewhere_is_rejected() {
    let desk = Desk::open().await;
    let cookie = desk.cookie(&ADA);
    let cut = cookie.get(..cookie.len() - 4).unwrap_or_default().to_owned();
    let other = Desk::open().await.cookie(&ADA);
    for forged in [cut, other, format!("{cookie}x"), "session=".into(), format!("session={}", "a".repeat(4100))] {
        assert_eq!(visit(&desk, &forged, SETTINGS).await.status, StatusCode::SEE_OTHER, "{forged}");
    }
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
async fn the_start_page_leads_to_the_first_project() {
    let desk = Desk::open().await;
    assert_eq!(desk.anonymous_get("/").await.header("location"), "/login");
    assert_eq!(desk.get(&SOL, "/").await.header("location"), "/projects/sundial/customers");
    assert_eq!(desk.clock.now(), NOW);
}

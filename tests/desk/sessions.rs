//! Sessions: how long they last, what the cookie holds, and that whoever loses a role or a membership loses the access
//! at once.

use actix_web::http::StatusCode;
use diesel::prelude::*;
use dossier::auth::queries::set_role;
use dossier::base::Role;
use dossier::base::config::SessionLimits;
use dossier::base::error::Error;
use dossier::base::ids::PersonId;
use dossier::db::schema::{memberships, people, sessions};

use crate::support::Desk;
use crate::support::accounts::{count_sessions, log_in};
use crate::support::cast::{ADA, DEV, PASSWORD};

const SETTINGS: &str = "/projects/sundial/settings";

#[actix_web::test]
async fn a_removed_person_loses_access_at_once() {
    let desk = Desk::open().await;
    let cookie = desk.cookie(&ADA);
    let gone = |conn: &mut dossier::db::Conn| Ok::<_, Error>(diesel::delete(people::table.find(ADA.id)).execute(conn)?);
    assert_eq!(desk.db.write_here(gone).expect("removed"), 1);
    assert_eq!(desk.get_with(&cookie, SETTINGS).await.status, StatusCode::SEE_OTHER);
    assert_eq!(count_sessions(&desk), 0);
}

#[actix_web::test]
async fn a_changed_role_or_membership_counts_from_the_next_request() {
    let desk = Desk::open().await;
    let cookie = desk.cookie(&DEV);
    assert_eq!(desk.get_with(&cookie, SETTINGS).await.status, StatusCode::OK);
    let project = desk.project;
    desk.db.write_here(|conn| Ok::<_, Error>(set_role(conn, project, DEV.id, Role::Support)?)).expect("a role");
    assert_eq!(desk.get_with(&cookie, SETTINGS).await.status, StatusCode::FORBIDDEN);
    let left = |conn: &mut dossier::db::Conn| {
        Ok::<_, Error>(diesel::delete(memberships::table.find((project, DEV.id))).execute(conn)?)
    };
    desk.db.write_here(left).expect("removed");
    assert_eq!(desk.get_with(&cookie, SETTINGS).await.status, StatusCode::NOT_FOUND);
    assert!(desk.get_with(&cookie, "/").await.body.contains("You belong to no project yet"));
}

#[actix_web::test]
async fn a_session_lasts_an_hour_without_use_and_twelve_hours_with_it() {
    let desk = Desk::open().await;
    let (idle, used) = (desk.cookie(&ADA), desk.cookie(&ADA));
    for _ in 0..24 {
        desk.clock.advance(1800 - 1);
        assert_eq!(desk.get_with(&used, SETTINGS).await.status, StatusCode::OK);
        wait_until_stored(&desk).await;
    }
    assert_eq!(desk.get_with(&idle, SETTINGS).await.status, StatusCode::SEE_OTHER);
    desk.clock.advance(60);
    assert_eq!(desk.get_with(&used, SETTINGS).await.status, StatusCode::SEE_OTHER);
    desk.clock.advance(-3600);
    for _ in 0..100 {
        if count_sessions(&desk) == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(desk.get_with(&used, SETTINGS).await.status, StatusCode::SEE_OTHER, "a clock set back revives none");
}

#[actix_web::test]
async fn how_long_a_session_lasts_is_a_setting() {
    let limits = SessionLimits { idle_minutes: 600, hours: 11 };
    let desk = Desk::open_with(|config| config.session_limits = limits).await;
    let cookie = desk.cookie(&ADA);
    desk.clock.advance(9 * 3600);
    assert_eq!(desk.get_with(&cookie, SETTINGS).await.status, StatusCode::OK);
    wait_until_stored(&desk).await;
    desk.clock.advance(2 * 3600 + 1);
    assert_eq!(desk.get_with(&cookie, SETTINGS).await.status, StatusCode::SEE_OTHER);
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
    let rows: Vec<(String, Option<PersonId>, String)> = desk
        .db
        .read_here(|conn| {
            let columns = (sessions::key_hash, sessions::person_id, sessions::state);
            Ok::<_, Error>(sessions::table.select(columns).load(conn)?)
        })
        .expect("rows");
    assert_eq!(rows.len(), 1);
    let (hash, person, state) = &rows[0];
    assert_eq!((hash.len(), *person, state.as_str()), (64, Some(ADA.id), r#"{"person":"4"}"#));
    assert!(!welcome.cookie().contains(hash.as_str()));
}

#[actix_web::test]
async fn the_cookie_is_for_this_host_and_no_script() {
    let plain = Desk::open().await;
    let cookie = log_in(&plain, ADA.email, PASSWORD).await.set_cookie("session").to_owned();
    assert!(cookie.starts_with("session=") && cookie.ends_with("; HttpOnly; SameSite=Lax; Path=/"), "{cookie}");

    let secure = Desk::open_at("https://desk.example").await;
    let cookie = log_in(&secure, ADA.email, PASSWORD).await.set_cookie("session").to_owned();
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
        assert_eq!(desk.get_with(&forged, SETTINGS).await.status, StatusCode::SEE_OTHER, "{forged}");
    }
}

//! The keys of the client API: made and shown once, used, revoked, and shown in the settings.

use actix_web::http::StatusCode;
use actix_web::test::TestRequest;
use diesel::prelude::*;
use dossier::base::error::Error;
use dossier::db::schema::api_keys;

use crate::support::audit_log::{Entry, audit_actions, audit_entries};
use crate::support::cast::{ADA, DEV, PASSWORD, Person, SOL};
use crate::support::{Answer, Desk, traces};

const KEYS: &str = "/projects/sundial/settings/keys";

/// Makes a key in the dialog of the page and returns its value. `caller` is `server` or the store of an app.
async fn make_key(desk: &Desk, person: &Person, name: &str, caller: &str) -> String {
    let answer = desk.post_form(person, KEYS, &[("name", name), ("for", caller)]).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    shown(&answer)
}

/// The key that is shown once.
fn shown(answer: &Answer) -> String {
    let secret = answer.body.split("class=\"secret\"").nth(1).expect("a key is shown");
    let key = secret.split("class=\"mono\">").nth(1).and_then(|rest| rest.split('<').next());
    key.expect("a key").to_owned()
}

async fn call(desk: &Desk, key: &str) -> StatusCode {
    let request = TestRequest::get().uri("/v1/subscribers/lena");
    desk.call(request.insert_header(("authorization", format!("Bearer {key}")))).await.status
}

fn ids(desk: &Desk) -> Vec<i64> {
    let rows = api_keys::table.order(api_keys::id).select(api_keys::id);
    desk.db.read_here(|conn| Ok::<_, Error>(rows.load(conn)?)).expect("keys")
}

#[actix_web::test]
async fn a_key_is_shown_once_and_kept_as_a_hash() {
    let desk = Desk::open().await;
    let key = make_key(&desk, &DEV, "Billing server", "server").await;
    assert!(key.starts_with("sk_") && key.len() == 51, "{key}");
    assert!(traces::find(&desk, &key).is_empty());
    let page = desk.get(&DEV, KEYS).await.body;
    assert!(!page.contains(&key) && page.contains("Billing server") && page.contains("sk_"));
    assert!(page.contains("Dev Anand") && page.contains("http://desk.example/v2/projects/sundial"));
    assert!(!desk.get(&DEV, &format!("{KEYS}?dialog=key-shown&key=x")).await.body.contains("class=\"secret\""));
    let Entry { action, details, .. } = audit_entries(&desk).pop().expect("an entry");
    assert_eq!(action, "api_key_created");
    assert!(details.contains("Billing server") && !details.contains(&key), "{details}");
}

#[actix_web::test]
async fn a_key_begins_as_its_sdk_expects_and_the_sample_code_has_the_public_address() {
    let desk = Desk::open().await;
    let code =
        [("APP_STORE", "appl_", "Purchases.proxyURL"), ("RC_BILLING", "rcb_", "httpConfig"), ("server", "sk_", "curl")];
    for (caller, prefix, code) in code {
        let answer = desk.post_form(&ADA, KEYS, &[("name", "Sundial"), ("for", caller)]).await;
        assert!(shown(&answer).starts_with(prefix), "{caller}");
        let sample = answer.body.split("<pre").nth(1).expect("code");
        assert!(sample.contains(code) && sample.contains("http://desk.example"), "{sample}");
    }
}

#[actix_web::test]
async fn a_key_works_until_it_is_revoked() {
    let desk = Desk::open().await;
    let key = make_key(&desk, &DEV, "Web app", "RC_BILLING").await;
    assert_eq!(call(&desk, &key).await, StatusCode::CREATED);
    assert_eq!(call(&desk, &key).await, StatusCode::OK);
    desk.application.last_seen.settle();
    assert!(!desk.get(&DEV, KEYS).await.body.contains("Never"), "the page shows its use");
    let id = ids(&desk)[0];
    let dialog = desk.get(&DEV, &format!("{KEYS}?dialog=key-revoke.{id}")).await.body;
    assert!(dialog.contains("Revoke it") && dialog.contains("Web app"));
    let revoked = desk.post_form(&DEV, &format!("{KEYS}/{id}/revoke"), &[]).await;
    assert_eq!(
        (revoked.status, revoked.location().as_str()),
        (StatusCode::SEE_OTHER, "/projects/sundial/settings/keys#")
    );
    assert_eq!(call(&desk, &key).await, StatusCode::UNAUTHORIZED);
    assert_eq!(audit_actions(&desk).last().map(String::as_str), Some("api_key_revoked"));
    let again = desk.post_form(&DEV, &format!("{KEYS}/{id}/revoke"), &[]).await;
    assert!(again.status == StatusCode::UNPROCESSABLE_ENTITY && again.body.contains("revoked already"));
    assert!(desk.get(&DEV, KEYS).await.body.contains("Revoked"));
}

#[actix_web::test]
async fn an_existing_key_can_be_added_once() {
    let desk = Desk::open().await;
    let fields = [("name", "Web app"), ("for", "RC_BILLING"), ("value", " rcb_0123456789abcdef ")];
    assert_eq!(shown(&desk.post_form(&DEV, KEYS, &fields).await), "rcb_0123456789abcdef");
    assert_eq!(call(&desk, "rcb_0123456789abcdef").await, StatusCode::CREATED);
    let again = desk.post_form(&DEV, KEYS, &fields).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(again.body.contains("in use already") && again.body.contains("value=\"Web app\""));
}

#[actix_web::test]
async fn a_chosen_secret_key_has_22_characters_after_its_prefix_and_a_public_one_need_not() {
    let desk = Desk::open().await;
    let short = [("name", "Server"), ("for", "server"), ("value", "sk_0123456789abcdef01234")];
    let refused = desk.post_form(&DEV, KEYS, &short).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("25 to 200 characters"), "{}", refused.body);
    let long = [("name", "Server"), ("for", "server"), ("value", "sk_0123456789abcdef012345")];
    assert_eq!(shown(&desk.post_form(&DEV, KEYS, &long).await), "sk_0123456789abcdef012345");
    let public = [("name", "App"), ("for", "RC_BILLING"), ("value", "rcb_01234567")];
    assert_eq!(shown(&desk.post_form(&DEV, KEYS, &public).await), "rcb_01234567");
}

#[actix_web::test]
async fn wrong_keys_are_slowed_down_and_right_ones_from_the_same_address_are_not() {
    let desk = Desk::open().await;
    let key = make_key(&desk, &DEV, "Web app", "RC_BILLING").await;
    assert_eq!(call(&desk, &key).await, StatusCode::CREATED);
    for guess in 0..34 {
        let status = call(&desk, &format!("sk_guess{guess}")).await;
        let expected = if guess < 30 { StatusCode::UNAUTHORIZED } else { StatusCode::TOO_MANY_REQUESTS };
        assert_eq!(status, expected, "{guess}");
        assert_eq!(call(&desk, &key).await, StatusCode::OK);
    }
    let elsewhere = TestRequest::get().uri("/v1/subscribers/lena").peer_addr("192.0.2.7:4000".parse().expect("a peer"));
    let elsewhere = desk.call(elsewhere.insert_header(("authorization", "Bearer sk_guess"))).await;
    assert_eq!(elsewhere.status, StatusCode::UNAUTHORIZED);
}

#[actix_web::test]
async fn refused_input_has_its_reason_beside_its_field() {
    let desk = Desk::open().await;
    let long = "x".repeat(101);
    let cases: [(&[(&str, &str)], &str); 6] = [
        (&[("name", " "), ("for", "server")], "id=\"name-reason\""),
        (&[("name", &long), ("for", "server")], "id=\"name-reason\""),
        (&[("name", "App"), ("for", "")], "id=\"for-reason\""),
        (&[("name", "App"), ("for", "CORNER_SHOP")], "id=\"for-reason\""),
        (&[("name", "App"), ("for", "server"), ("value", "rcb_0123456789abcdef")], "id=\"value-reason\""),
        (&[("name", "App"), ("for", "APP_STORE"), ("value", "appl_short")], "id=\"value-reason\""),
    ];
    for (fields, reason) in cases {
        let answer = desk.post_form(&DEV, KEYS, fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{fields:?}");
        assert!(answer.body.contains(reason), "{fields:?}");
    }
    assert!(ids(&desk).is_empty());
}

#[actix_web::test]
async fn making_and_revoking_need_the_password_after_an_old_log_in() {
    let desk = Desk::open().await;
    make_key(&desk, &DEV, "Server", "server").await;
    let cookie = desk.cookie(&DEV);
    desk.clock.advance(16 * 60);
    let path = format!("{KEYS}/{}/revoke", ids(&desk)[0]);
    let fields = [("name", "Other"), ("for", "server")];
    for (path, fields) in [(KEYS, &fields[..]), (&path, &[])] {
        let asked = desk.post_with(&cookie, path, fields).await;
        assert!(asked.status == StatusCode::UNPROCESSABLE_ENTITY && asked.body.contains("Type your password"));
    }
    let proven = desk.post_with(&cookie, &path, &[("password", PASSWORD)]).await;
    assert_eq!(proven.status, StatusCode::SEE_OTHER);
}

#[actix_web::test]
async fn a_key_of_another_project_cannot_be_revoked_here_and_support_sees_none() {
    let desk = Desk::open().await;
    let key = make_key(&desk, &DEV, "Server", "server").await;
    let elsewhere = desk.project_of_its_own();
    let move_away = diesel::update(api_keys::table).set(api_keys::project_id.eq(elsewhere));
    desk.db.write_here(|conn| Ok::<_, Error>(move_away.execute(conn)?)).expect("moved");
    let id = ids(&desk)[0];
    for id in [id.to_string(), "x".to_owned(), "1".to_owned()] {
        assert_eq!(desk.post_form(&DEV, &format!("{KEYS}/{id}/revoke"), &[]).await.status, StatusCode::NOT_FOUND);
    }
    assert!(desk.get(&DEV, KEYS).await.body.contains("No app and no server can call yet"));
    assert_eq!(call(&desk, &key).await, StatusCode::CREATED);
    assert_eq!(desk.get(&SOL, KEYS).await.status, StatusCode::FORBIDDEN);
}

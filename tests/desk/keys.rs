//! The keys of the client API: made and shown once, used, revoked, and shown in the settings.

use actix_web::http::StatusCode;
use actix_web::test::TestRequest;
use diesel::prelude::*;
use dossier::base::error::Error;
use dossier::db::schema::{api_keys, projects};

use crate::support::audit_log::{Entry, audit_actions, audit_entries};
use crate::support::cast::{ADA, DEV, PASSWORD, Person, SOL};
use crate::support::{Answer, Desk, traces};

const KEYS: &str = "/projects/sundial/settings/keys";

/// Makes a key in the dialog of the page and returns its value. `caller` is `server.` with a role, or the store of an app.
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
    let key = make_key(&desk, &ADA, "Billing server", "server.support").await;
    assert!(key.starts_with("sk_") && key.len() == 51, "{key}");
    assert!(traces::find(&desk, &key).is_empty());
    let page = desk.get(&DEV, KEYS).await.body;
    assert!(!page.contains(&key) && page.contains("Billing server") && page.contains("sk_"));
    assert!(
        page.contains("Secret, support")
            && page.contains("Ada Okoye")
            && page.contains("http://desk.example/v2/projects/sundial")
    );
    assert!(!desk.get(&DEV, &format!("{KEYS}?dialog=key-shown&key=x")).await.body.contains("class=\"secret\""));
    let Entry { action, details, .. } = audit_entries(&desk).pop().expect("an entry");
    assert_eq!(action, "api_key_created");
    assert!(details.contains("Billing server") && !details.contains(&key), "{details}");
}

#[actix_web::test]
async fn a_key_begins_as_its_sdk_expects_and_the_sample_code_has_the_public_address() {
    let desk = Desk::open().await;
    let code = [
        ("APP_STORE", "appl_", "Purchases.proxyURL"),
        ("RC_BILLING", "rcb_", "httpConfig"),
        ("server.admin", "sk_", "curl"),
    ];
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
    let short = [("name", "Server"), ("for", "server.admin"), ("value", "sk_0123456789abcdef01234")];
    let refused = desk.post_form(&ADA, KEYS, &short).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("25 to 200 characters"), "{}", refused.body);
    let long = [("name", "Server"), ("for", "server.admin"), ("value", "sk_0123456789abcdef012345")];
    assert_eq!(shown(&desk.post_form(&ADA, KEYS, &long).await), "sk_0123456789abcdef012345");
    let public = [("name", "App"), ("for", "RC_BILLING"), ("value", "rcb_01234567")];
    assert_eq!(shown(&desk.post_form(&ADA, KEYS, &public).await), "rcb_01234567");
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
    let cases: [(&[(&str, &str)], &str); 8] = [
        (&[("name", " "), ("for", "server.admin")], "id=\"name-reason\""),
        (&[("name", &long), ("for", "server.admin")], "id=\"name-reason\""),
        (&[("name", "App"), ("for", "")], "id=\"for-reason\""),
        (&[("name", "App"), ("for", "CORNER_SHOP")], "id=\"for-reason\""),
        (&[("name", "App"), ("for", "server")], "id=\"for-reason\""),
        (&[("name", "App"), ("for", "serveradmin")], "id=\"for-reason\""),
        (&[("name", "App"), ("for", "server.admin"), ("value", "rcb_0123456789abcdef")], "id=\"value-reason\""),
        (&[("name", "App"), ("for", "APP_STORE"), ("value", "appl_short")], "id=\"value-reason\""),
    ];
    for (fields, reason) in cases {
        let answer = desk.post_form(&ADA, KEYS, fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{fields:?}");
        assert!(answer.body.contains(reason), "{fields:?}");
    }
    assert!(ids(&desk).is_empty());
}

#[actix_web::test]
async fn making_and_revoking_need_the_password_after_an_old_log_in() {
    let desk = Desk::open().await;
    make_key(&desk, &ADA, "Server", "server.admin").await;
    let cookie = desk.cookie(&ADA);
    desk.clock.advance(16 * 60);
    let path = format!("{KEYS}/{}/revoke", ids(&desk)[0]);
    let fields = [("name", "Other"), ("for", "server.admin")];
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
    let key = make_key(&desk, &ADA, "Server", "server.admin").await;
    let elsewhere = desk.project_of_its_own();
    let move_away = diesel::update(api_keys::table).set(api_keys::project_id.eq(elsewhere));
    desk.db.write_here(|conn| Ok::<_, Error>(move_away.execute(conn)?)).expect("moved");
    let id = ids(&desk)[0];
    for id in [id.to_string(), "x".to_owned(), "1".to_owned()] {
        assert_eq!(desk.post_form(&ADA, &format!("{KEYS}/{id}/revoke"), &[]).await.status, StatusCode::NOT_FOUND);
    }
    assert!(desk.get(&ADA, KEYS).await.body.contains("No app and no server can call yet"));
    assert_eq!(call(&desk, &key).await, StatusCode::CREATED);
    assert_eq!(desk.get(&SOL, KEYS).await.status, StatusCode::FORBIDDEN);
}

#[actix_web::test]
async fn secret_keys_are_made_changed_and_revoked_by_admins_only() {
    let desk = Desk::open().await;
    let made = desk.post_form(&DEV, KEYS, &[("name", "Billing server"), ("for", "server.admin")]).await;
    assert_eq!((made.status, ids(&desk).len()), (StatusCode::FORBIDDEN, 0));
    let dialog = desk.get(&DEV, &format!("{KEYS}?dialog=key-make")).await.body;
    assert!(!dialog.contains("value=\"server") && dialog.contains("An admin makes secret keys"));
    assert!(desk.get(&ADA, &format!("{KEYS}?dialog=key-make")).await.body.contains("value=\"server.viewer\""));
    let key = make_key(&desk, &ADA, "Billing server", "server.viewer").await;
    let id = ids(&desk)[0];
    for dialog in ["key-revoke", "key-role", "key-keep"] {
        assert!(!desk.get(&DEV, &format!("{KEYS}?dialog={dialog}.{id}")).await.body.contains("<dialog"), "{dialog}");
    }
    for (action, field) in [("revoke", ("x", "")), ("role", ("role", "admin")), ("keep", ("x", ""))] {
        let answer = desk.post_form(&DEV, &format!("{KEYS}/{id}/{action}"), &[field]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{action}");
    }
    assert!(!desk.get(&DEV, KEYS).await.body.contains(&format!("key-revoke.{id}")), "no control that is refused");
    assert_eq!(call(&desk, &key).await, StatusCode::NOT_FOUND, "it goes on reading, and there is nobody");
}

#[actix_web::test]
async fn the_role_of_a_secret_key_is_changed_at_once_and_traced() {
    let desk = Desk::open().await;
    let key = make_key(&desk, &ADA, "Billing server", "server.viewer").await;
    let delete = async || {
        let request = TestRequest::delete().uri("/v1/subscribers/lena");
        desk.call(request.insert_header(("authorization", format!("Bearer {key}")))).await
    };
    assert_eq!(call(&desk, &key).await, StatusCode::NOT_FOUND);
    let refused = delete().await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.body.contains("has the role viewer, which may not delete or block customers"), "{}", refused.body);
    let id = ids(&desk)[0];
    let role = async |role: &str| desk.post_form(&ADA, &format!("{KEYS}/{id}/role"), &[("role", role)]).await;
    assert_eq!(role("viewer").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(role("owner").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let changed = role("admin").await;
    assert_eq!(changed.status, StatusCode::SEE_OTHER, "{}", changed.body);
    assert!(desk.get(&ADA, KEYS).await.body.contains("Secret, admin"));
    let Entry { action, details, .. } = audit_entries(&desk).pop().expect("an entry");
    assert_eq!(action, "api_key_role_changed");
    assert!(["Billing server", "viewer", "admin"].iter().all(|word| details.contains(word)), "{details}");
    assert_eq!(call(&desk, &key).await, StatusCode::CREATED);
    assert_eq!(delete().await.status, StatusCode::OK);
}

/// Lowering a role or removing somebody breaks no server and no released app.
#[actix_web::test]
async fn keys_of_people_who_may_not_make_them_any_more_go_on_working_and_are_listed_for_review() {
    let desk = Desk::open().await;
    let slug = desk.project_of_the_cast();
    let keys = format!("/projects/{slug}/settings/keys");
    let make = async |person: &Person, name: &str, caller: &str| {
        shown(&desk.post_form(person, &keys, &[("name", name), ("for", caller)]).await)
    };
    let server = make(&SOL, "Billing server", "server.support").await;
    let app = make(&DEV, "Web app", "RC_BILLING").await;
    make(&ADA, "Own", "server.viewer").await;
    assert!(!desk.get(&ADA, &keys).await.body.contains("Review"));
    let people = format!("/projects/{slug}/settings/people");
    let role = format!("{people}/{}/role", SOL.id);
    let demoted = desk.post_form(&ADA, &role, &[("role", "developer"), ("seen", "admin")]).await;
    let page = desk.get(&ADA, demoted.header("location")).await.body;
    assert!(page.contains("1 API key of theirs goes on working: review it under API keys."), "{page}");
    desk.post_form(&ADA, &format!("{people}/{}/delete", DEV.id), &[("seen", "admin")]).await;
    let page = desk.get(&ADA, &keys).await.body;
    assert_eq!(page.matches(">Review<").count(), 2);
    assert!(page.contains("Nobody answers for 2 keys."), "{page}");
    for key in [&server, &app] {
        assert!(call(&desk, key).await.is_success(), "it goes on working");
    }
    for id in &ids(&desk)[..2] {
        assert!(desk.get(&ADA, &format!("{keys}?dialog=key-keep.{id}")).await.body.contains("I answer for it"));
        let kept = desk.post_form(&ADA, &format!("{keys}/{id}/keep"), &[]).await;
        assert_eq!(kept.status, StatusCode::SEE_OTHER, "{}", kept.body);
        let again = desk.post_form(&ADA, &format!("{keys}/{id}/keep"), &[]).await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert!(!desk.get(&ADA, &keys).await.body.contains("Review"));
}

#[actix_web::test]
async fn a_test_store_key_beside_keys_of_real_stores_is_warned_of() {
    let desk = Desk::open().await;
    let warned = async || desk.page(&ADA, KEYS).await.contains("A Test Store key is beside keys of real stores");
    let at_start =
        || desk.application.start_warnings().expect("it reads").iter().filter(|one| one.contains("sundial")).count();
    desk.client(desk.project, "Tests", Some("TEST_STORE"));
    desk.client(desk.project, "Billing server", None);
    assert!(!warned().await && at_start() == 0, "a project that only tests");
    desk.client(desk.project, "Sundial for iOS", Some("APP_STORE"));
    assert!(warned().await && at_start() == 1);
    let nobody = diesel::update(projects::table.find(desk.project)).set(projects::sandbox_access.eq("nobody"));
    desk.db.write_here(|conn| Ok::<_, Error>(nobody.execute(conn)?)).expect("it is set");
    assert!(warned().await && at_start() == 0, "it unlocks for nobody");
    let everybody = diesel::update(projects::table.find(desk.project)).set(projects::sandbox_access.eq("everybody"));
    desk.db.write_here(|conn| Ok::<_, Error>(everybody.execute(conn)?)).expect("it is set");
    let test_keys = api_keys::table.filter(api_keys::store.eq("TEST_STORE"));
    let revoked = diesel::update(test_keys).set(api_keys::revoked_at.eq(1_i64));
    desk.db.write_here(|conn| Ok::<_, Error>(revoked.execute(conn)?)).expect("it is revoked");
    assert!(!warned().await && at_start() == 0, "a revoked key is none");
}

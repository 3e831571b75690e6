//! The client API, v1: keys, first contact, the customer as clients read them, and what all calls share.

use std::time::Duration;

use actix_web::http::{Method, StatusCode};
use actix_web::test::TestRequest;
use diesel::prelude::*;
use dossier::base::Role;
use dossier::base::error::Error;
use dossier::db::schema::{api_keys, app_user_ids, customers};
use dossier::operations::grants::Preset;
use serde_json::{Value, json};

use crate::support::cast::VERA;
use crate::support::catalogs::desk_with_entitlements;
use crate::support::customers::count_customers;
use crate::support::events::{deliver_together, purchase};
use crate::support::operations::grant;
use crate::support::{Answer, Desk, NOW, seed};

fn keys_of(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[actix_web::test]
async fn a_key_that_may_only_read_makes_no_customer() {
    let desk = Desk::open().await;
    let viewer = desk.server_as(Role::Viewer);
    assert_eq!(viewer.get("/v1/subscribers/nobody").await.refused(), (404, 7259));
    assert_eq!(desk.server_as(Role::Support).get("/v1/subscribers/nobody").await.status, StatusCode::CREATED);
    assert_eq!(viewer.get("/v1/subscribers/nobody").await.status, StatusCode::OK);
}

#[actix_web::test]
async fn the_first_contact_makes_a_customer_and_the_next_finds_it() {
    let desk = Desk::open().await;
    let app = desk.web_app();
    let first = app.get("/v1/subscribers/lena").await;
    assert_eq!(first.status, StatusCode::CREATED);
    insta::assert_snapshot!(serde_json::to_string_pretty(&first.json()).expect("JSON"));
    let again = app.get("/v1/subscribers/lena").await;
    assert_eq!((again.status, again.json()), (StatusCode::OK, first.json()));
    assert_eq!(count_customers(&desk), 1);
    let page = desk.get(&VERA, "/projects/sundial/customers/lena").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("1.63.1"), "the SDK's version is on the card");
}

#[actix_web::test]
async fn every_spelling_of_an_id_is_the_same_customer() {
    let desk = Desk::open().await;
    let app = desk.web_app();
    let spellings = ["%24RCAnonymousID%3Aab12", "$RCAnonymousID%3Aab12", "$RCAnonymousID:ab12"];
    for spelling in spellings {
        let answer_body = app.get(&format!("/v1/subscribers/{spelling}")).await.json();
        assert_eq!(answer_body["subscriber"]["original_app_user_id"], "$RCAnonymousID:ab12");
    }
    assert_eq!(count_customers(&desk), 1);
    for (spelling, id) in
        [("a+b", "a+b"), ("a%20b", "a b"), ("%D9%86%D9%88%D8%B1", "نور"), ("Lena", "Lena"), ("lena", "lena")]
    {
        let answer = app.get(&format!("/v1/subscribers/{spelling}")).await;
        assert_eq!(
            (answer.status, &answer.json()["subscriber"]["original_app_user_id"]),
            (StatusCode::CREATED, &json!(id))
        );
    }
}

#[actix_web::test]
async fn ids_that_name_nobody_are_refused_and_create_no_customer() {
    let desk = Desk::open().await;
    let app = desk.web_app();
    let refused = [
        "no_user",
        "null",
        "none",
        "nil",
        "(null)",
        "NaN",
        "%00",
        "%5Cx00",
        "unidentified",
        "undefined",
        "unknown",
        "anonymous",
        "guest",
        "-1",
        "0",
        "%5B%5D",
        "%7B%7D",
        "%5Bobject%20Object%5D",
        "a%2Fb",
        "%2F",
        "%FF",
    ];
    for id in refused {
        assert_eq!(app.get(&format!("/v1/subscribers/{id}")).await.refused(), (400, 7220), "{id}");
    }
    assert_eq!(app.get(&format!("/v1/subscribers/{}", "%C3%A9".repeat(101))).await.refused(), (400, 7220));
    assert_eq!(app.get("/v1/subscribers/").await.refused(), (400, 7220));
    assert_eq!(count_customers(&desk), 0);
    assert_eq!(app.get(&format!("/v1/subscribers/{}", "%C3%A9".repeat(100))).await.status, StatusCode::CREATED);
    // A customer that a webhook made under such an id can be read.
    deliver_together(&desk, desk.project, &[purchase("a/b", 3, json!({}))]);
    assert_eq!(app.get("/v1/subscribers/a%2Fb").await.status, StatusCode::OK);
}

#[actix_web::test]
async fn only_a_valid_key_is_authorized() {
    let desk = Desk::open().await;
    let (app, server) = (desk.web_app(), desk.server());
    let bare = |value: Option<String>| {
        let request = TestRequest::get().uri("/v1/subscribers/lena");
        value.into_iter().fold(request, |request, value| request.insert_header(("authorization", value)))
    };
    let half = &app.key[..app.key.len() - 1];
    for wrong in [
        None,
        Some(String::new()),
        Some(app.key.clone()),
        Some(format!("Basic {}", app.key)),
        Some(format!("Bearer {half}")),
    ] {
        let answer = desk.call(bare(wrong)).await;
        assert_eq!(answer.refused(), (401, 7225));
        assert!(!answer.body.contains(half));
    }
    let doubled = bare(Some(format!("Bearer {}", app.key))).append_header(("authorization", "Bearer x"));
    assert_eq!(desk.call(doubled).await.refused(), (401, 7225));
    assert_eq!(app.delete("/v1/subscribers/lena").await.refused(), (403, 7224));
    assert_eq!(server.get("/v1/subscribers/lena/offerings").await.refused(), (403, 7243));
    assert_eq!(count_customers(&desk), 0);
    let revoked = diesel::update(api_keys::table).set(api_keys::revoked_at.eq(NOW));
    desk.db.write_here(|conn| Ok::<_, Error>(revoked.execute(conn)?)).expect("revoked");
    assert_eq!(app.get("/v1/subscribers/lena").await.refused(), (401, 7225));
}

#[actix_web::test]
async fn an_unauthorized_call_does_not_wait_for_a_writer() {
    let desk = Desk::open().await;
    let app = desk.web_app();
    let (locked, is_locked) = std::sync::mpsc::channel();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let (db, project) = (desk.db.clone(), desk.project);
    let writer = std::thread::spawn(move || {
        let holding = db.write_here(|conn| {
            conn.lock_project(project)?;
            locked.send(()).expect("somebody waits");
            released.recv().expect("somebody releases it");
            Ok::<_, Error>(())
        });
        holding.expect("it writes");
    });
    is_locked.recv().expect("it is locked");
    let answer = desk.call(app.request(Method::DELETE, "/v1/subscribers/lena")).await;
    release.send(()).expect("it waits");
    writer.join().expect("it ends");
    assert_eq!(answer.refused(), (403, 7224));
}

#[actix_web::test]
async fn a_key_works_only_in_its_own_project() {
    let desk = Desk::open().await;
    let other = desk.client(seed::MOONRISE_ID, "Moonrise", None);
    desk.web_app().get("/v1/subscribers/lena").await;
    assert_eq!(other.delete("/v1/subscribers/lena").await.refused(), (404, 7259));
    assert_eq!(other.get("/v1/subscribers/lena").await.status, StatusCode::CREATED);
    assert_eq!(count_customers(&desk), 2);
}

#[actix_web::test]
async fn first_contacts_at_once_make_one_customer() {
    let desk = Desk::open().await;
    let app = desk.web_app();
    let all = (0..12).map(|_| app.request(Method::GET, "/v1/subscribers/lena"));
    let all = desk.call_at_once(all.collect()).await;
    let made = all.iter().filter(|answer| answer.status == StatusCode::CREATED).count();
    assert_eq!((made, count_customers(&desk)), (1, 1));
    assert!(all.iter().all(|answer| answer.status.is_success()));
}

#[actix_web::test]
async fn customer_info_holds_what_was_bought_and_granted() {
    let desk = desk_with_entitlements().await;
    let day = 86_400_000;
    let at = NOW.millis() - 3 * day;
    let google = json!({
        "store": "PLAY_STORE", "product_id": "premium:monthly", "period_type": "TRIAL", "price": 0, "entitlement_ids": ["plus"],
        "transaction_id": "GPA.1-2-3-4", "original_transaction_id": "GPA.1-2-3-4", "environment": "SANDBOX",
    });
    let coins = json!({
        "type": "NON_RENEWING_PURCHASE", "product_id": "coins", "expiration_at_ms": null, "price": 1.5, "currency": "EUR",
        "price_in_purchased_currency": 1.4, "transaction_id": "12345678", "original_transaction_id": "12345678", "entitlement_ids": [],
    });
    let odd = json!({ "product_id": "odd", "period_type": "SEASONAL", "transaction_id": "t-odd", "original_transaction_id": "t-odd",
        "is_family_share": true, "price": null, "entitlement_ids": ["pro"], "expiration_at_ms": at - day });
    let lena = [purchase("lena", 3, google), purchase("lena", 2, coins), purchase("lena", 40, odd)];
    deliver_together(&desk, desk.project, &lena);
    grant(&desk, "lena", "pro", Preset::Lifetime);
    let mut answer_body = desk.server().get("/v1/subscribers/lena").await.json();
    let subscriptions = answer_body["subscriber"]["subscriptions"].as_object_mut().expect("subscriptions");
    for (_, one) in subscriptions.iter_mut().filter(|(product, _)| product.starts_with("rc_promo_")) {
        one["store_transaction_id"] = json!("[of a grant]");
    }
    insta::assert_snapshot!(serde_json::to_string_pretty(&answer_body).expect("JSON"));
    let subscriber = &answer_body["subscriber"];
    for entitlement in subscriber["entitlements"].as_object().expect("entitlements").values() {
        let product = entitlement["product_identifier"].as_str().expect("a product");
        let is_there = |map: &str| subscriber[map].get(product).is_some();
        assert!(is_there("subscriptions") || is_there("non_subscriptions"), "{product}");
    }
}

#[actix_web::test]
async fn customer_info_has_exactly_the_documented_keys_and_attributes_only_for_servers() {
    let desk = Desk::open().await;
    let (app, server) = (desk.web_app(), desk.server());
    app.get("/v1/subscribers/lena").await;
    let body = json!({ "attributes": { "plan": { "value": "a" } } });
    app.post("/v1/subscribers/lena/attributes", body).await;
    let expected = [
        "original_app_user_id",
        "first_seen",
        "last_seen",
        "management_url",
        "original_application_version",
        "original_purchase_date",
        "other_purchases",
        "entitlements",
        "subscriptions",
        "non_subscriptions",
    ];
    let sorted = |mut keys: Vec<&str>| {
        keys.sort_unstable();
        keys.join(" ")
    };
    let answer_body = app.get("/v1/subscribers/lena").await.json();
    assert_eq!(sorted(keys_of(&answer_body["subscriber"])), sorted(expected.to_vec()));
    let answer_body = server.get("/v1/subscribers/lena").await.json();
    assert_eq!(
        answer_body["subscriber"]["subscriber_attributes"]["plan"],
        json!({ "value": "a", "updated_at_ms": NOW })
    );
}

#[actix_web::test]
async fn a_call_of_an_app_is_a_contact_and_a_call_of_a_server_is_not() {
    let desk = Desk::open().await;
    let (server, app) = (desk.server().with("x-platform", "stripe"), desk.web_app());
    let bare = desk.app("RC_BILLING");
    let seen = |answer: &Answer| answer.json()["subscriber"]["last_seen"].clone();
    for client in [&server, &bare] {
        assert_eq!(seen(&client.get("/v1/subscribers/lena").await), Value::Null);
        assert_eq!(seen(&client.get("/v1/subscribers/lena").await), Value::Null);
    }
    let body = json!({ "attributes": { "plan": { "value": "a" } } });
    server.post("/v1/subscribers/lena/attributes", body).await;
    assert_eq!(seen(&server.get("/v1/subscribers/lena").await), Value::Null, "nor is a server's writing");
    desk.clock.advance(60);
    assert_eq!(seen(&app.get("/v1/subscribers/lena").await), "2026-11-23T17:01:00Z");
    desk.clock.advance(60);
    assert_eq!(seen(&server.get("/v1/subscribers/lena").await), "2026-11-23T17:01:00Z");
    let used = api_keys::table.select(api_keys::used_at).order(api_keys::id);
    let used: Vec<Option<i64>> = desk.db.read_here(|conn| Ok::<_, Error>(used.load(conn)?)).expect("keys");
    let after = |seconds| Some(NOW.plus_seconds(seconds).millis());
    assert_eq!(used, [after(120), after(60), after(0)]);
    for path in [
        "/rcbilling/v1/subscribers/lena/products?id=plus",
        "/v1/subscribers/lena/offerings",
        "/v1/subscribers/lena/virtual_currencies",
    ] {
        desk.clock.advance(1);
        assert_eq!(app.get(path).await.status, StatusCode::OK);
        let seen_at = customers::table.select(customers::last_seen_at);
        let seen_at: Option<i64> = desk.db.read_here(|conn| Ok::<_, Error>(seen_at.first(conn)?)).expect("a customer");
        assert_eq!(seen_at, Some(desk.clock.now().millis()), "{path}");
    }
}

#[actix_web::test]
async fn what_an_sdk_sends_about_itself_is_stored() {
    let desk = Desk::open().await;
    let app = desk.app("APP_STORE").with("x-platform", "iOS").with("x-platform-version", "Version 17.5 (Build 21F79)");
    let app = app.with("x-client-version", "3.2.1").with("x-version", "5.1.0").with("x-platform-flavor", "flutter");
    let app = app
        .with("x-platform-flavor-version", "8.0.1")
        .with("x-preferred-locales", "pt_BR,en_US")
        .with("x-storefront", "BRA");
    app.get("/v1/subscribers/lena").await;
    type Columns = (Option<String>, Option<String>, Option<String>, Option<String>, Option<String>, Option<String>);
    let columns = customers::table.select((
        customers::platform,
        customers::platform_version,
        customers::app_version,
        customers::sdk_version,
        customers::locale,
        customers::country,
    ));
    let columns: Columns = desk.db.read_here(|conn| Ok::<_, Error>(columns.first(conn)?)).expect("a customer");
    let some = |text: &str| Some(text.to_owned());
    let expected = (
        some("iOS"),
        some("Version 17.5 (Build 21F79)"),
        some("3.2.1"),
        some("5.1.0 (flutter 8.0.1)"),
        some("pt-BR"),
        some("BR"),
    );
    assert_eq!(columns, expected);
}

#[actix_web::test]
async fn a_device_of_another_platform_replaces_everything_of_the_one_before() {
    let desk = Desk::open().await;
    let phone = desk.app("APP_STORE").with("x-platform", "iOS").with("x-platform-version", "Version 17.5");
    phone.with("x-client-version", "3.2.1").with("x-version", "5.1.0").get("/v1/subscribers/lena").await;
    desk.clock.advance(1);
    desk.web_app().get("/v1/subscribers/lena").await;
    type Columns = (Option<String>, Option<String>, Option<String>, Option<String>);
    let columns = customers::table.select((
        customers::platform,
        customers::platform_version,
        customers::app_version,
        customers::sdk_version,
    ));
    let columns: Columns = desk.db.read_here(|conn| Ok::<_, Error>(columns.first(conn)?)).expect("a customer");
    assert_eq!(columns, (Some("web".into()), None, None, Some("1.63.1".into())));
}

#[actix_web::test]
async fn uploads_over_the_rate_limit_get_503_with_a_retry_after() {
    let desk = Desk::open_with(|config| config.key_limits.public = std::num::NonZeroU32::new(2).expect("two")).await;
    let app = desk.web_app();
    for _ in 0..2 {
        assert!(app.get("/v1/subscribers/lena").await.status.is_success());
    }
    assert_eq!(app.get("/v1/subscribers/lena").await.refused(), (429, 7114));
    let body = json!({ "attributes": { "plan": { "value": "a" } } });
    let later = app.post("/v1/subscribers/lena/attributes", body).await;
    assert_eq!((later.status, later.header("retry-after").is_empty()), (StatusCode::SERVICE_UNAVAILABLE, false));
}

#[actix_web::test]
async fn a_browser_of_any_origin_may_call_and_read_even_errors() {
    let desk = Desk::open().await;
    for path in ["/v1/subscribers/lena", "/rcbilling/v1/subscribers/lena/products?id=a", "/v1/nothing"] {
        let list = "authorization,content-type,x-is-sandbox,x-platform,x-version,x-of-the-app";
        let asked =
            TestRequest::default().method(Method::OPTIONS).uri(path).insert_header(("origin", "https://app.example"));
        let asked = asked.insert_header(("access-control-request-method", "GET"));
        let answer = desk.call(asked.insert_header(("access-control-request-headers", list))).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(answer.header("access-control-allow-headers"), list);
        assert_eq!(answer.header("access-control-allow-methods"), "GET, POST, PATCH, DELETE, OPTIONS");
        assert!(answer.header("access-control-max-age").parse::<u32>().is_ok_and(|seconds| seconds >= 600));
        let refused = desk.anonymous_get(path).await;
        assert_eq!((refused.status.is_client_error(), refused.header("access-control-allow-origin")), (true, "*"));
        refused.json();
    }
    for page in ["/login", "/projects/sundial/customers", "/webhooks/revenuecat/sundial", "/v2/projects"] {
        assert!(!desk.anonymous_get(page).await.headers.contains_key("access-control-allow-origin"), "{page}");
    }
}

#[actix_web::test]
async fn unknown_paths_and_methods_get_an_error_in_json() {
    let desk = Desk::open().await;
    let app = desk.web_app();
    for path in [
        "/v1/config/app",
        "/v1/customercenter/lena",
        "/v1/subscribers/lena/workflows?type=paywall",
        "/rcbilling/v1/branding",
        "/v1/subscribers/lena/intro_eligibility",
        "/v1/offers",
        "/auth/token",
        "/v1/",
        "/v1/subscribers",
    ] {
        assert_eq!(app.get(path).await.refused(), (404, 7259), "{path}");
    }
    assert_eq!(app.post("/v1/subscribers/lena", json!({})).await.refused(), (405, 7226));
    assert_eq!(app.call(Method::POST, "/v1/subscribers/identify", Some("{".into())).await.refused(), (400, 7226));
    assert_eq!(app.call(Method::POST, "/v1/events", Some("x".repeat(1_100_000))).await.refused(), (413, 7226));
}

#[actix_web::test]
async fn a_matching_etag_gets_no_body_and_a_changed_customer_gets_one() {
    let desk = desk_with_entitlements().await;
    let app = desk.web_app().with("x-revenuecat-etag", "");
    let first = app.get("/v1/subscribers/lena").await;
    let tag = first.header("x-revenuecat-etag").to_owned();
    assert!(first.status.is_success() && !tag.is_empty());
    desk.clock.advance(30);
    let ask = || desk.web_app().with("x-revenuecat-etag", &tag);
    let again = ask().get("/v1/subscribers/lena").await;
    assert_eq!(
        (again.status, again.body.as_str(), again.header("x-revenuecat-etag")),
        (StatusCode::NOT_MODIFIED, "", tag.as_str())
    );
    let named = json!({ "app_user_id": "lena", "new_app_user_id": "lena" });
    let log_in = app.post("/v1/subscribers/identify", named).await;
    assert!(log_in.status.is_success() && !log_in.headers.contains_key("x-revenuecat-etag"), "{}", log_in.body);
    assert_eq!(ask().get("/v1/subscribers/sandy").await.status, StatusCode::CREATED);
    assert_eq!(ask().get("/v1/subscribers/sandy").await.status, StatusCode::OK);
    grant(&desk, "lena", "pro", Preset::Weekly);
    assert_eq!(ask().get("/v1/subscribers/lena").await.status, StatusCode::OK);
}

#[actix_web::test]
async fn a_key_over_the_rate_limit_gets_429_with_a_retry_after() {
    let desk = Desk::open_with(|config| config.key_limits.secret = std::num::NonZeroU32::new(3).expect("three")).await;
    let (server, other) = (desk.server(), desk.server());
    for _ in 0..3 {
        assert!(server.get("/v1/subscribers/lena").await.status.is_success());
    }
    let refused = server.get("/v1/subscribers/lena").await;
    assert_eq!(refused.refused(), (429, 7114));
    assert!(refused.header("retry-after").parse::<u64>().is_ok_and(|seconds| (1..=60).contains(&seconds)));
    assert!(other.get("/v1/subscribers/lena").await.status.is_success(), "another key has its own count");
}

#[actix_web::test]
async fn contacts_are_stored_together_and_none_is_lost_at_the_end() {
    let desk = Desk::open().await;
    let app = desk.web_app();
    let ids: Vec<String> = (0..40).map(|number| format!("user-{number}")).collect();
    for id in &ids {
        app.get(&format!("/v1/subscribers/{id}")).await;
    }
    desk.clock.advance(60);
    let open = |id: &str| {
        let request = TestRequest::get().uri(&format!("/v1/subscribers/{id}")).insert_header(("x-platform", "web"));
        request.insert_header(("authorization", format!("Bearer {}", app.key)))
    };
    for _ in 0..5 {
        let all = futures_util::future::join_all(ids.iter().map(|id| desk.call(open(id)))).await;
        assert!(all.iter().all(|answer| answer.status == StatusCode::OK));
    }
    // As at a clean stop: stores the contacts that are still in memory.
    desk.application.last_seen.close();
    let seen = app_user_ids::table.filter(app_user_ids::seen_at.eq(NOW.plus_seconds(60).millis())).count();
    let seen: i64 = desk.db.read_here(|conn| Ok::<_, Error>(seen.get_result(conn)?)).expect("contacts");
    assert_eq!(seen, 40);
    let before = desk.db.statements();
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert_eq!(desk.db.statements(), before);
}

#[actix_web::test]
async fn calls_with_odd_headers_are_accepted() {
    let desk = Desk::open().await;
    let long = "v".repeat(5_000);
    let names =
        ["x-platform-version", "x-client-version", "x-version", "x-storefront", "x-preferred-locales", "x-nonce"];
    for name in names {
        for value in ["", "   ", ";;;=", long.as_str(), "ß"] {
            let app = desk.app("PLAY_STORE").with("x-platform", "androidXR").with(name, value);
            assert!(app.get("/v1/subscribers/lena").await.status.is_success(), "{name}: {value}");
        }
    }
}

/// The calls whose bodies may have 1 MiB; the others may have 64 KiB.
const LARGE: [&str; 6] = [
    "/v1/receipts",
    "/v1/events",
    "/v1/diagnostics",
    "/v1/subscribers/lena/attributes",
    "/v2/projects/sundial/customers",
    "/v2/projects/sundial/customers/lena/attributes",
];
const SMALL: [&str; 10] = [
    "/v1/subscribers/identify",
    "/v1/subscribers/lena/attribution",
    "/v1/subscribers/lena/adservices_attribution",
    "/v1/subscribers/lena/entitlements/pro/promotional",
    "/v1/subscribers/lena/subscriptions/x/defer",
    "/v1/subscribers/lena/subscriptions/x/extend",
    "/v2/projects/sundial/customers/lena/actions/grant_entitlement",
    "/v2/projects/sundial/customers/lena/actions/revoke_granted_entitlement",
    "/v2/projects/sundial/customers/lena/actions/assign_offering",
    "/v2/projects/sundial/customers/lena/actions/transfer",
];

#[actix_web::test]
async fn a_body_of_64_kib_fits_every_call_and_a_larger_one_only_those_that_carry_much() {
    let desk = desk_with_entitlements().await;
    let server = desk.server().with("x-platform", "web");
    for (paths, limit) in [(&SMALL[..], 64 << 10), (&LARGE[..], 1 << 20)] {
        for path in paths {
            let fits = server.call(Method::POST, path, Some(" ".repeat(limit))).await;
            assert_ne!(fits.status, StatusCode::PAYLOAD_TOO_LARGE, "{path} {}", fits.body);
            assert!(!fits.status.is_server_error(), "{path} {}", fits.body);
            let large = server.call(Method::POST, path, Some(" ".repeat(limit + 1))).await;
            assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE, "{path} {}", large.body);
        }
    }
}

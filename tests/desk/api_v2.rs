//! The client API, v2: what servers read and change, in what shape, and what is refused.

use actix_web::http::{Method, StatusCode};
use actix_web::test::TestRequest;
use diesel::prelude::*;
use dossier::auth::api_keys::{Holder, Maker, NewKey, Value as Secret, platform_of, queries};
use dossier::base::Role;
use dossier::base::error::Error;
use dossier::base::ids::KeyId;
use dossier::db::schema::{app_user_ids, customers};
use dossier::server::app::route_table;
use serde_json::{Value, json};

use crate::support::audit_log::audit_lines;
use crate::support::cast::SOL;
use crate::support::catalogs::apply_catalog;
use crate::support::customers::{customer_id, grants_of};
use crate::support::events::{deliver, purchase};
use crate::support::{Answer, Desk, NOW};

const KEY: &str = "sk_0123456789abcdef01234567";
const APP: &str = "rcb_0123456789abcdef";
const CUSTOMERS: &str = "/v2/projects/sundial/customers";

/// A key of each kind, and a catalog.
async fn desk() -> Desk {
    let desk = Desk::open().await;
    let sold = json!({
        "products": [{ "id": "pro_monthly", "store": "APP_STORE", "type": "subscription", "duration": "P1M" }],
        "entitlements": [
            { "id": "pro", "display_name": "Pro access", "products": ["pro_monthly"] },
            { "id": "coach", "display_name": "Coach", "products": [] },
        ],
        "offerings": [
            { "id": "standard", "display_name": "Standard", "default": true, "metadata": {}, "packages": [] },
            { "id": "winback", "display_name": "Win back", "default": false, "metadata": {}, "packages": [] },
        ],
    });
    apply_catalog(&desk, &sold);
    let made = desk.db.write_here(|conn| {
        for (value, store) in [(KEY, None), (APP, Some("RC_BILLING"))] {
            let value = Secret::parse(value, store.and_then(platform_of)).expect("a key");
            let holder = store.map_or(Holder::Server(Role::Admin), |store| Holder::App { store });
            let (id, made_by) = (desk.ids.next(NOW), Maker::Operator);
            let new = NewKey { project: desk.project, id, name: "Billing", holder, made_by };
            queries::insert(conn, &new, &value, NOW)?;
        }
        Ok::<_, Error>(())
    });
    made.expect("keys");
    desk
}

/// Lena subscribes.
async fn desk_with_lena() -> Desk {
    let desk = desk().await;
    deliver(&desk, desk.project, &[purchase("lena", 3, json!({}))]);
    desk
}

async fn ask(desk: &Desk, method: Method, path: &str, body: Option<Value>) -> Answer {
    with_key(desk, KEY, method, path, body).await
}

async fn with_key(desk: &Desk, key: &str, method: Method, path: &str, body: Option<Value>) -> Answer {
    let request = TestRequest::default().method(method).uri(path);
    let request = request.insert_header(("authorization", format!("Bearer {key}")));
    match body {
        Some(body) => desk.call(request.set_json(body)).await,
        None => desk.call(request).await,
    }
}

fn read(answer: &Answer, status: StatusCode) -> Value {
    assert_eq!(answer.status, status, "{}", answer.body);
    assert_eq!(answer.header("content-type"), "application/json");
    serde_json::from_str(&answer.body).expect("JSON")
}

async fn get(desk: &Desk, path: &str) -> Value {
    read(&ask(desk, Method::GET, path, None).await, StatusCode::OK)
}

async fn post(desk: &Desk, path: &str, body: Value, status: StatusCode) -> Value {
    read(&ask(desk, Method::POST, path, Some(body)).await, status)
}

async fn act(desk: &Desk, action: &str, body: Value, status: StatusCode) -> Value {
    post(desk, &format!("{CUSTOMERS}/lena/actions/{action}"), body, status).await
}

/// The type of an error and the parameter it is about.
async fn refused(desk: &Desk, method: Method, path: &str, body: Option<Value>, status: StatusCode) -> (String, String) {
    let error = read(&ask(desk, method, path, body).await, status);
    let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    assert_eq!(text("object"), "error");
    assert!(!text("message").is_empty() && error["retryable"].is_boolean(), "{error}");
    assert!(text("doc_url").starts_with("https://"));
    (text("type"), text("param"))
}

fn ids(list: &Value) -> Vec<&str> {
    list["items"].as_array().expect("items").iter().filter_map(|item| item["id"].as_str()).collect()
}

#[actix_web::test]
async fn a_bulk_client_finds_its_project_and_reads_every_customer_once() {
    let desk = desk().await;
    let projects = get(&desk, "/v2/projects").await;
    assert_eq!(ids(&projects), ["sundial"]);
    assert_eq!(projects["items"][0]["object"], "project");
    let bodies: Vec<String> = (0..5).map(|number| purchase(&format!("c{number}"), 3, json!({}))).collect();
    for body in &bodies {
        deliver(&desk, desk.project, std::slice::from_ref(body));
    }
    let (mut seen, mut next) = (Vec::new(), Some(format!("{CUSTOMERS}?limit=2")));
    while let Some(path) = next {
        let page = get(&desk, &path).await;
        assert_eq!((&page["object"], &page["url"]), (&json!("list"), &json!(CUSTOMERS)));
        assert!(page.as_object().is_some_and(|page| page.contains_key("next_page")));
        seen.extend(ids(&page).into_iter().map(str::to_owned));
        next = page["next_page"].as_str().map(str::to_owned);
    }
    assert_eq!(seen, ["c0", "c1", "c2", "c3", "c4"]);
    let after = get(&desk, &format!("{CUSTOMERS}?starting_after=c2")).await;
    assert_eq!((ids(&after), &after["next_page"]), (vec!["c3", "c4"], &Value::Null));
}

#[actix_web::test]
async fn a_deleted_customer_does_not_break_paging() {
    let desk = desk().await;
    for id in ["a", "b", "c"] {
        post(&desk, CUSTOMERS, json!({ "id": id }), StatusCode::CREATED).await;
    }
    let page = get(&desk, &format!("{CUSTOMERS}?limit=2")).await;
    read(&ask(&desk, Method::DELETE, &format!("{CUSTOMERS}/b"), None).await, StatusCode::OK);
    let next = get(&desk, page["next_page"].as_str().expect("more")).await;
    assert_eq!(ids(&next), ["c"]);
    let gone =
        refused(&desk, Method::GET, &format!("{CUSTOMERS}?starting_after=b"), None, StatusCode::BAD_REQUEST).await;
    assert_eq!(gone, ("parameter_error".into(), "starting_after".into()));
}

#[actix_web::test]
async fn a_search_matches_an_email_address_exactly() {
    let desk = desk().await;
    for (id, email) in [("a", "lena@okafor.example"), ("b", "lena@okafor.example"), ("c", "Lena@okafor.example")] {
        let new = json!({ "id": id, "attributes": [{ "name": "$email", "value": email }] });
        post(&desk, CUSTOMERS, new, StatusCode::CREATED).await;
    }
    let page = get(&desk, &format!("{CUSTOMERS}?search=lena%40okafor.example&limit=1")).await;
    assert_eq!(ids(&page), ["a"]);
    let next = get(&desk, page["next_page"].as_str().expect("another one")).await;
    assert_eq!((ids(&next), &next["next_page"]), (vec!["b"], &Value::Null));
    for nobody in ["lena", "lena%40okafor.exampl"] {
        assert!(ids(&get(&desk, &format!("{CUSTOMERS}?search={nobody}")).await).is_empty(), "{nobody}");
    }
}

#[actix_web::test]
async fn a_customer_has_every_field_under_any_of_its_ids() {
    let desk = desk_with_lena().await;
    let seen = diesel::update(customers::table).set((
        customers::last_seen_at.eq(NOW),
        customers::app_version.eq("3.2.1"),
        customers::country.eq("DE"),
        customers::platform.eq("iOS"),
        customers::platform_version.eq("17.5"),
    ));
    desk.db.write_here(|conn| Ok::<_, Error>(seen.execute(conn)?)).expect("seen");
    let lena = get(&desk, &format!("{CUSTOMERS}/lena")).await;
    let since = app_user_ids::table.select(app_user_ids::since);
    let since: i64 = desk.db.read_here(|conn| Ok::<_, Error>(since.first(conn)?)).expect("since");
    let active = lena["active_entitlements"]["items"].clone();
    assert_eq!(active[0]["entitlement_id"], "pro");
    assert!(active[0]["expires_at"].as_i64().is_some_and(|end| end > NOW.millis()));
    let mut plain = lena.clone();
    plain.as_object_mut().expect("an object").remove("active_entitlements");
    let wanted = json!({
        "object": "customer", "id": "lena", "project_id": "sundial", "first_seen_at": since, "last_seen_at": NOW,
        "last_seen_app_version": "3.2.1", "last_seen_country": "DE", "last_seen_platform": "iOS",
        "last_seen_platform_version": "17.5",
    });
    assert_eq!(plain, wanted);
    assert_eq!(get(&desk, CUSTOMERS).await["items"], json!([wanted]));
    let aliases = get(&desk, &format!("{CUSTOMERS}/lena/aliases")).await;
    assert_eq!(aliases["items"], json!([{ "object": "customer.alias", "id": "lena", "created_at": since }]));
    let own = get(&desk, &format!("{CUSTOMERS}/lena/active_entitlements")).await;
    assert_eq!(own["items"], active);
}

#[actix_web::test]
async fn a_customer_is_made_once_with_its_attributes() {
    let desk = desk().await;
    let new = json!({ "id": "nia-7", "attributes": [{ "name": "plan", "value": "gold" }] });
    let nia = post(&desk, CUSTOMERS, new.clone(), StatusCode::CREATED).await;
    assert_eq!((&nia["id"], &nia["last_seen_at"]), (&json!("nia-7"), &Value::Null));
    assert_eq!(nia["attributes"]["items"][0]["value"], "gold");
    assert_eq!(audit_lines(&desk), ["customer_created: - | - | - | -", "attribute_set: plan | - | gold | -"]);
    let again = refused(&desk, Method::POST, CUSTOMERS, Some(new), StatusCode::CONFLICT).await;
    assert_eq!(again.0, "resource_already_exists");
    let expanded = get(&desk, &format!("{CUSTOMERS}/nia-7?expand=attributes")).await;
    assert_eq!(expanded["attributes"]["items"][0]["name"], "plan");
    let page = desk.get(&SOL, "/projects/sundial/customers/nia-7?topic=team").await.body;
    assert!(page.contains("gold"));
    assert!(page.contains("Billing") && page.contains("API key"), "the page shows which key did it");
}

#[actix_web::test]
async fn an_invalid_id_creates_no_customer() {
    let desk = desk().await;
    for id in [json!("a b"), json!("a/b"), json!("é"), json!(""), json!(7), Value::Null, json!("a\u{0}")] {
        let shown = refused(&desk, Method::POST, CUSTOMERS, Some(json!({ "id": id })), StatusCode::BAD_REQUEST).await;
        assert_eq!(shown, ("parameter_error".into(), "id".into()), "{id}");
    }
    for id in ["null", "-1", &"a".repeat(101)] {
        let shown = refused(&desk, Method::POST, CUSTOMERS, Some(json!({ "id": id })), StatusCode::BAD_REQUEST).await;
        assert_eq!(shown.0, "parameter_error", "{id}");
    }
    let bad = json!({ "id": "nia", "attributes": [{ "name": "plan", "value": "x" }, { "name": "a b", "value": "x" }] });
    let shown = refused(&desk, Method::POST, CUSTOMERS, Some(bad), StatusCode::BAD_REQUEST).await;
    assert_eq!(shown, ("parameter_error".into(), "attributes".into()));
    assert!(ids(&get(&desk, CUSTOMERS).await).is_empty() && audit_lines(&desk).is_empty());
}

#[actix_web::test]
async fn attributes_are_set_all_or_none_and_cleared_by_null() {
    let desk = desk_with_lena().await;
    let path = format!("{CUSTOMERS}/lena/attributes");
    let both = json!({ "attributes": [
        { "name": "plan", "value": "gold" }, { "name": "$email", "value": "lena@okafor.example" },
    ] });
    let set = post(&desk, &path, both, StatusCode::OK).await;
    let email = json!({
        "object": "customer.attribute", "name": "$email", "value": "lena@okafor.example", "updated_at": NOW,
    });
    assert_eq!((&set["items"][0], &set["items"][1]["value"]), (&email, &json!("gold")));
    assert!(desk.get(&SOL, "/projects/sundial/customers/lena").await.body.contains("lena@okafor.example"));
    desk.clock.advance(1);
    let cleared = json!({ "attributes": [{ "name": "plan", "value": null }] });
    post(&desk, &path, cleared, StatusCode::OK).await;
    assert_eq!(get(&desk, &path).await["items"], json!([email]));
    assert!(
        audit_lines(&desk).contains(&"attribute_deleted: plan | gold | - | -".to_owned()),
        "{:?}",
        audit_lines(&desk)
    );
    let many: Vec<Value> = (0..51).map(|number| json!({ "name": format!("a{number}"), "value": "x" })).collect();
    let wrong = [
        json!({}),
        json!([]),
        json!({ "attributes": [] }),
        json!({ "attributes": {} }),
        json!({ "attributes": many }),
        json!({ "attributes": [{ "name": "plan" }] }),
        json!({ "attributes": [{ "value": "x" }] }),
        json!({ "attributes": [{ "name": "a", "value": "x" }, { "name": "a", "value": "y" }] }),
        json!({ "attributes": [{ "name": "a", "value": "x" }, { "name": "$email", "value": "x" }] }),
        json!({ "attributes": [{ "name": "a", "value": 1 }] }),
    ];
    for body in wrong {
        let shown = refused(&desk, Method::POST, &path, Some(body.clone()), StatusCode::BAD_REQUEST).await;
        assert_eq!(shown.0, "parameter_error", "{body}");
    }
    assert_eq!(get(&desk, &path).await["items"], json!([email]), "none of them is set");
}

#[actix_web::test]
async fn access_is_granted_once_however_often_it_is_requested_and_revoked() {
    let desk = desk_with_lena().await;
    let until = NOW.plus_days(40);
    let grant = json!({ "entitlement_id": "coach", "expires_at": until });
    for _ in 0..2 {
        let lena = act(&desk, "grant_entitlement", grant.clone(), StatusCode::CREATED).await;
        let coach = json!({ "object": "customer.active_entitlement", "entitlement_id": "coach", "expires_at": until });
        assert_eq!(lena["active_entitlements"]["items"][0], coach);
    }
    assert_eq!(grants_of(&desk, "lena").len(), 1);
    assert_eq!(audit_lines(&desk).len(), 1);
    let subscriptions = get(&desk, &format!("{CUSTOMERS}/lena/subscriptions")).await;
    let given = &subscriptions["items"][0];
    assert_eq!((&given["store"], &given["product_id"]), (&json!("promotional"), &Value::Null));
    assert_eq!(given["entitlements"]["items"][0]["lookup_key"], "coach");
    let lena = act(&desk, "revoke_granted_entitlement", json!({ "entitlement_id": "coach" }), StatusCode::OK).await;
    assert_eq!(lena["active_entitlements"]["items"][0]["entitlement_id"], "pro");
    act(&desk, "revoke_granted_entitlement", json!({ "entitlement_id": "coach" }), StatusCode::OK).await;
    assert_eq!(audit_lines(&desk).len(), 2);
    let path = format!("{CUSTOMERS}/lena/actions/grant_entitlement");
    for (body, parameter) in [
        (json!({ "expires_at": until }), "entitlement_id"),
        (json!({ "entitlement_id": "coach" }), "expires_at"),
        (json!({ "entitlement_id": "coach", "expires_at": NOW }), "expires_at"),
        (json!({ "entitlement_id": "coach", "expires_at": "2031" }), "expires_at"),
        (json!({ "entitlement_id": "coach", "expires_at": 1e300 }), "expires_at"),
        (json!({ "entitlement_id": "coach", "expires_at": 253_402_300_800_000_i64 }), "expires_at"),
    ] {
        let shown = refused(&desk, Method::POST, &path, Some(body.clone()), StatusCode::BAD_REQUEST).await;
        assert_eq!(shown, ("parameter_error".into(), parameter.into()), "{body}");
    }
    let unknown = json!({ "entitlement_id": "gold", "expires_at": until });
    let shown = refused(&desk, Method::POST, &path, Some(unknown), StatusCode::NOT_FOUND).await;
    assert_eq!(shown.0, "resource_missing");
}

#[actix_web::test]
async fn an_offering_is_assigned_and_null_goes_back_to_the_default() {
    let desk = desk_with_lena().await;
    let assigned = act(&desk, "assign_offering", json!({ "offering_id": "winback" }), StatusCode::OK).await;
    assert_eq!(assigned["id"], "lena");
    let page = desk.get(&SOL, "/projects/sundial/customers/lena").await.body;
    assert!(page.contains("Win back") && page.contains("Billing"));
    for _ in 0..2 {
        act(&desk, "assign_offering", json!({ "offering_id": null }), StatusCode::OK).await;
    }
    let shown = ["offering_override_set: - | - | winback | -", "offering_override_cleared: - | winback | - | -"];
    assert_eq!(audit_lines(&desk), shown);
    let path = format!("{CUSTOMERS}/lena/actions/assign_offering");
    for body in [json!({}), json!({ "offering_id": 7 }), json!({ "offering_id": "" })] {
        let shown = refused(&desk, Method::POST, &path, Some(body), StatusCode::BAD_REQUEST).await;
        assert_eq!(shown, ("parameter_error".into(), "offering_id".into()));
    }
    let unknown = Some(json!({ "offering_id": "sale" }));
    let shown = refused(&desk, Method::POST, &path, unknown, StatusCode::NOT_FOUND).await;
    assert_eq!(shown.0, "resource_missing");
}

#[actix_web::test]
async fn purchases_move_to_another_customer_and_asking_again_moves_nothing() {
    let desk = desk_with_lena().await;
    post(&desk, CUSTOMERS, json!({ "id": "mara" }), StatusCode::CREATED).await;
    for _ in 0..2 {
        let both = act(&desk, "transfer", json!({ "target_customer_id": "mara" }), StatusCode::OK).await;
        assert_eq!(both["source_customer"]["active_entitlements"]["items"], json!([]));
        assert_eq!(both["target_customer"]["active_entitlements"]["items"][0]["entitlement_id"], "pro");
    }
    let shown = audit_lines(&desk);
    assert_eq!(shown.iter().filter(|line| line.starts_with("purchases_transferred")).count(), 1, "{shown:?}");
    let path = format!("{CUSTOMERS}/lena/actions/transfer");
    let same = Some(json!({ "target_customer_id": "lena" }));
    let shown = refused(&desk, Method::POST, &path, same, StatusCode::BAD_REQUEST).await;
    assert_eq!(shown, ("parameter_error".into(), "target_customer_id".into()));
    let apps = Some(json!({ "target_customer_id": "mara", "app_ids": ["app1"] }));
    assert_eq!(refused(&desk, Method::POST, &path, apps, StatusCode::BAD_REQUEST).await.1, "app_ids");
    let nobody = Some(json!({ "target_customer_id": "nobody" }));
    assert_eq!(refused(&desk, Method::POST, &path, nobody, StatusCode::NOT_FOUND).await.0, "resource_missing");
}

#[actix_web::test]
async fn a_deleted_customer_is_gone_under_every_id() {
    let desk = desk_with_lena().await;
    let deleted = ask(&desk, Method::DELETE, &format!("{CUSTOMERS}/lena"), None).await;
    let deleted = read(&deleted, StatusCode::OK);
    let by = desk.db.is_sqlite().then(|| NOW.plus_minutes(10));
    let answer = json!({ "object": "customer", "id": "lena", "deleted_at": NOW, "free_space_overwritten_by": by });
    assert_eq!(deleted, answer);
    let again = refused(&desk, Method::DELETE, &format!("{CUSTOMERS}/lena"), None, StatusCode::NOT_FOUND).await;
    assert_eq!(again.0, "resource_missing");
    assert!(audit_lines(&desk)[0].starts_with("customer_deleted: 1 App User ID"), "{:?}", audit_lines(&desk));
}

#[actix_web::test]
async fn subscriptions_and_purchases_have_every_field_and_one_environment_on_request() {
    let desk = desk().await;
    let once = json!({
        "type": "NON_RENEWING_PURCHASE", "product_id": "coins", "expiration_at_ms": null, "transaction_id": "o1",
        "original_transaction_id": "o1",
    });
    deliver(
        &desk,
        desk.project,
        &[
            purchase("lena", 3, json!({})),
            purchase("lena", 4, once),
            purchase(
                "lena",
                5,
                json!({ "environment": "SANDBOX", "original_transaction_id": "s1", "transaction_id": "s1" }),
            ),
        ],
    );
    let path = format!("{CUSTOMERS}/lena/subscriptions");
    let real = get(&desk, &format!("{path}?environment=production")).await;
    assert_eq!(real["items"].as_array().map(Vec::len), Some(1), "{real}");
    let one = real["items"][0].as_object().expect("a subscription");
    for field in [
        "object",
        "id",
        "customer_id",
        "original_customer_id",
        "product_id",
        "starts_at",
        "current_period_starts_at",
        "current_period_ends_at",
        "ends_at",
        "gives_access",
        "pending_payment",
        "auto_renewal_status",
        "status",
        "total_revenue_in_usd",
        "presented_offering_id",
        "entitlements",
        "environment",
        "store",
        "store_subscription_identifier",
        "ownership",
        "management_url",
        "pending_changes",
        "country",
    ] {
        assert!(one.contains_key(field), "{field}");
    }
    assert_eq!(
        (&one["status"], &one["environment"], &one["gives_access"]),
        (&json!("active"), &json!("production"), &json!(true))
    );
    assert!(one["total_revenue_in_usd"]["gross"].is_number() && one["store_subscription_identifier"].is_string());
    assert_eq!(get(&desk, &path).await["items"].as_array().map(Vec::len), Some(2));
    let tests = get(&desk, &format!("{path}?environment=sandbox&limit=1")).await;
    assert_eq!((&tests["items"][0]["environment"], &tests["next_page"]), (&json!("sandbox"), &Value::Null));
    let first = get(&desk, &format!("{path}?limit=1")).await;
    let next = get(&desk, first["next_page"].as_str().expect("more")).await;
    assert_ne!(ids(&first), ids(&next));
    let bought = get(&desk, &format!("{CUSTOMERS}/lena/purchases")).await;
    let coins = &bought["items"][0];
    assert_eq!(
        (&coins["object"], &coins["product_id"], &coins["status"]),
        (&json!("purchase"), &json!("coins"), &json!("owned"))
    );
    assert_eq!((&coins["quantity"], &coins["ownership"]), (&json!(1), &json!("purchased")));
    let shown = refused(&desk, Method::GET, &format!("{path}?environment=moon"), None, StatusCode::BAD_REQUEST).await;
    assert_eq!(shown, ("parameter_error".into(), "environment".into()));
}

#[actix_web::test]
async fn only_a_secret_key_of_this_project_is_authorized() {
    let desk = desk_with_lena().await;
    let kind = |answer: &Answer, status| read(answer, status)["type"].clone();
    let none = desk.call(TestRequest::get().uri(CUSTOMERS)).await;
    assert_eq!(kind(&none, StatusCode::UNAUTHORIZED), "authentication_error");
    let app = with_key(&desk, APP, Method::GET, CUSTOMERS, None).await;
    assert_eq!(kind(&app, StatusCode::FORBIDDEN), "authorization_error");
    let grant = Some(json!({ "entitlement_id": "coach", "expires_at": NOW.plus_days(9) }));
    let path = format!("{CUSTOMERS}/lena/actions/grant_entitlement");
    let app = with_key(&desk, APP, Method::POST, &path, grant).await;
    assert_eq!(kind(&app, StatusCode::FORBIDDEN), "authorization_error");
    for other in ["moonrise", "nowhere", "Sundial"] {
        let path = format!("/v2/projects/{other}/customers");
        assert_eq!(refused(&desk, Method::GET, &path, None, StatusCode::NOT_FOUND).await.0, "resource_missing");
    }
    assert!(audit_lines(&desk).is_empty());
}

#[actix_web::test]
async fn every_error_below_v2_has_the_same_shape() {
    let desk = desk_with_lena().await;
    for path in ["/v2", "/v2/", "/v2/projects/sundial/charts", "/v2/projects/sundial/customers/lena/events", "/v2/x"] {
        assert_eq!(
            refused(&desk, Method::GET, path, None, StatusCode::NOT_FOUND).await.0,
            "resource_missing",
            "{path}"
        );
    }
    let nobody = format!("{CUSTOMERS}/nobody");
    assert_eq!(refused(&desk, Method::GET, &nobody, None, StatusCode::NOT_FOUND).await.0, "resource_missing");
    let method = refused(&desk, Method::PUT, CUSTOMERS, None, StatusCode::METHOD_NOT_ALLOWED).await;
    assert_eq!(method.0, "invalid_request");
    let large = Some(json!({ "id": "x".repeat(1024 * 1024) }));
    let large = refused(&desk, Method::POST, CUSTOMERS, large, StatusCode::PAYLOAD_TOO_LARGE).await;
    assert_eq!(large.0, "invalid_request");
    for limit in ["0", "1001", "x"] {
        let path = format!("{CUSTOMERS}?limit={limit}");
        assert_eq!(refused(&desk, Method::GET, &path, None, StatusCode::BAD_REQUEST).await.1, "limit");
    }
    let broken = TestRequest::post().uri(CUSTOMERS).insert_header(("authorization", format!("Bearer {KEY}")));
    let broken = desk.call(broken.set_payload("{")).await;
    assert_eq!(read(&broken, StatusCode::BAD_REQUEST)["type"], "parameter_error");
}

#[actix_web::test]
async fn answers_show_the_rate_limit_and_a_refusal_shows_when_to_retry() {
    let two = std::num::NonZeroU32::new(2).expect("two");
    let desk = Desk::open_with(|config| config.key_limits.secret = two).await;
    let value = Secret::parse(KEY, None).expect("a key");
    let (holder, made_by) = (Holder::Server(Role::Admin), Maker::Operator);
    let new = NewKey { project: desk.project, id: KeyId(1), name: "Billing", holder, made_by };
    desk.db.write_here(|conn| Ok::<_, Error>(queries::insert(conn, &new, &value, NOW)?)).expect("a key");
    let made = ask(&desk, Method::POST, CUSTOMERS, Some(json!({ "id": "nia" }))).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let left = |answer: &Answer| {
        let header = |name: &str| answer.header(&format!("revenuecat-rate-limit-current-{name}")).to_owned();
        (header("usage"), header("limit"))
    };
    assert_eq!(left(&made), ("1".into(), "2".into()), "a call counts once");
    assert_eq!(left(&ask(&desk, Method::GET, CUSTOMERS, None).await), ("2".into(), "2".into()));
    let over = ask(&desk, Method::GET, CUSTOMERS, None).await;
    let error = read(&over, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(left(&over), ("2".into(), "2".into()));
    assert_eq!((&error["type"], &error["retryable"]), (&json!("rate_limit_error"), &json!(true)));
    assert!(error["backoff_ms"].as_i64().is_some_and(|wait| wait >= 1_000) && !over.header("retry-after").is_empty());
}

#[actix_web::test]
async fn an_id_is_found_however_it_is_spelt_in_the_path() {
    let desk = desk().await;
    deliver(&desk, desk.project, &[purchase("$RCAnonymousID:ab12", 3, json!({}))]);
    for id in ["%24RCAnonymousID%3Aab12", "$RCAnonymousID%3Aab12", "$RCAnonymousID:ab12"] {
        assert_eq!(get(&desk, &format!("{CUSTOMERS}/{id}")).await["id"], "$RCAnonymousID:ab12");
    }
    assert!(customer_id(&desk, "$RCAnonymousID:ab12").0 > 0);
    for id in ["%FF", "%00"] {
        let path = format!("{CUSTOMERS}/{id}");
        assert_eq!(refused(&desk, Method::GET, &path, None, StatusCode::BAD_REQUEST).await.0, "parameter_error");
    }
}

/// Every list of v2: `GET` without a parameter, or with the customer, an entitlement or an offering alone. Two lists need to be
/// told what they search, and the overview is no list.
fn lists() -> Vec<String> {
    let gets = route_table().into_iter().filter(|line| line.method == Method::GET && line.pattern.starts_with("/v2/"));
    let named = [("{project}", "sundial"), ("{id}", "lena"), ("{entitlement}", "pro"), ("{offering}", "standard")];
    let path = |pattern: String| named.iter().fold(pattern, |path, (name, value)| path.replace(name, value));
    let paths = gets.map(|line| path(line.pattern));
    let is_one =
        |path: &str| ["/lena", "/pro", "/standard"].iter().any(|end| path.ends_with(end)) || path.contains('{');
    let others = ["/sundial/subscriptions", "/sundial/purchases", "/metrics/overview"];
    let is_search = |path: &str| others.iter().any(|end| path.ends_with(end));
    paths.filter(|path| !is_one(path) && !is_search(path) && !path.ends_with("/explanation")).collect()
}

#[actix_web::test]
async fn every_list_is_read_page_by_page_and_refuses_the_same_things() {
    let desk = desk_with_lena().await;
    deliver(&desk, desk.project, &[purchase("mara", 3, json!({}))]);
    let attributes = json!({ "attributes": [{ "name": "plan", "value": "a" }, { "name": "team", "value": "b" }] });
    post(&desk, &format!("{CUSTOMERS}/lena/attributes"), attributes, StatusCode::OK).await;
    let lists = lists();
    assert!(lists.len() >= 13, "{lists:?}");
    for path in &lists {
        let all = get(&desk, path).await;
        assert_eq!((&all["object"], &all["url"], &all["next_page"]), (&json!("list"), &json!(path), &Value::Null));
        let (mut seen, mut next) = (Vec::new(), Some(format!("{path}?limit=1")));
        while let Some(place) = next {
            let page = get(&desk, &place).await;
            let items = page["items"].as_array().expect("items");
            assert!(items.len() <= 1 && seen.len() < 100, "{place}");
            seen.extend(items.clone());
            next = page["next_page"].as_str().map(str::to_owned);
        }
        assert_eq!(json!(seen), all["items"], "{path}");
        for (query, parameter) in
            [("limit=0", "limit"), ("limit=x", "limit"), ("starting_after=nobody", "starting_after")]
        {
            let (kind, about) =
                refused(&desk, Method::GET, &format!("{path}?{query}"), None, StatusCode::BAD_REQUEST).await;
            assert_eq!((kind.as_str(), about.as_str()), ("parameter_error", parameter), "{path}?{query}");
        }
        if path.contains("/lena/") {
            let of_nobody = path.replace("/lena/", "/nobody/");
            let (kind, _) = refused(&desk, Method::GET, &of_nobody, None, StatusCode::NOT_FOUND).await;
            assert_eq!(kind, "resource_missing", "{of_nobody}");
        }
    }
}

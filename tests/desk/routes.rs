//! Every route for every role. The program registers its routes from the same table, so none is missing here.

use std::collections::BTreeSet;

use actix_web::http::{Method, StatusCode};
use actix_web::test::TestRequest;
use diesel::prelude::*;
use dossier::base::Role;
use dossier::db::schema::webhook_endpoints;
use dossier::server::app::route_table;
use dossier::web::routes::RouteEntry;
use dossier::web::{Access, Face, KeyNeeded, Proof};
use dossier::wording::times;
use serde_json::json;

use crate::support::audit_log::audit_lines;
use crate::support::cast::{ADA, MOONRISE, Person, SUNDIAL, TEAM};
use crate::support::catalogs::{apply_catalog, desk_with_two_buyers};
use crate::support::events::{deliver, purchase};
use crate::support::{Answer, Desk};

/// The route's path in a project; its other parameters name nothing that exists.
fn path(line: &RouteEntry, project: &str) -> String {
    let parts = line.pattern.split('/').map(|part| match part {
        "{p}" => project,
        "{hash}" | "{path:.*}" => "x",
        part if part.starts_with('{') => "nobody",
        part => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

async fn ask(desk: &Desk, line: &RouteEntry, project: &str, person: Option<&Person>) -> Answer {
    let request = TestRequest::default().method(line.method.clone()).uri(&path(line, project));
    let request = request.insert_header(("sec-fetch-site", "same-origin"));
    match person {
        Some(person) => desk.call(request.insert_header(("cookie", desk.cookie(person)))).await,
        None => desk.call(request).await,
    }
}

fn project_routes() -> impl Iterator<Item = RouteEntry> {
    route_table().into_iter().filter(|line| matches!(line.access, Access::Needs(_)))
}

#[actix_web::test]
async fn a_role_without_the_permission_gets_403_and_one_with_it_does_not() {
    let desk = Desk::open().await;
    for line in project_routes() {
        let Access::Needs(permission) = line.access else { continue };
        for person in &TEAM {
            let status = ask(&desk, &line, SUNDIAL, Some(person)).await.status;
            let is_refused = status == StatusCode::FORBIDDEN;
            assert_eq!(is_refused, !person.role.may(permission), "{} {} {status}", person.name, line.pattern);
            assert!(!status.is_server_error(), "{} {} {status}", person.name, line.pattern);
        }
    }
}

#[actix_web::test]
async fn the_pages_of_another_project_are_404() {
    let desk = Desk::open().await;
    for line in project_routes() {
        for person in &TEAM {
            for project in [MOONRISE, "nowhere"] {
                let answer = ask(&desk, &line, project, Some(person)).await;
                assert_eq!(answer.status, StatusCode::NOT_FOUND, "{} {}", person.name, line.pattern);
                assert!(!answer.body.contains("Moonrise"), "{}", line.pattern);
            }
        }
    }
}

#[actix_web::test]
async fn without_a_session_every_page_redirects_to_the_log_in() {
    let desk = Desk::open().await;
    for line in route_table().into_iter().filter(|line| line.access.is_for_people()) {
        let answer = ask(&desk, &line, SUNDIAL, None).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", line.pattern);
        assert!(answer.header("location").starts_with("/login"), "{}", line.pattern);
        assert_eq!(answer.body, "", "{}", line.pattern);
    }
}

#[actix_web::test]
async fn the_client_api_refuses_every_call_without_a_key() {
    let desk = Desk::open().await;
    for line in route_table().into_iter().filter(|line| matches!(line.access, Access::Key(_))) {
        for person in [None, Some(&TEAM[3])] {
            let answer = ask(&desk, &line, SUNDIAL, person).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{} {}", line.method, line.pattern);
            assert_eq!(answer.header("content-type"), "application/json", "{}", line.pattern);
            assert!(!answer.headers.contains_key("set-cookie"), "{}", line.pattern);
        }
    }
}

#[actix_web::test]
async fn a_key_of_the_wrong_kind_is_refused_on_every_call() {
    let desk = Desk::open().await;
    let (app, server) = (desk.web_app(), desk.server());
    let mut refused = 0;
    for line in route_table() {
        let (client, code) = match line.access {
            Access::Key(KeyNeeded::Secret(_)) => (&app, 7224),
            Access::Key(KeyNeeded::App) => (&server, 7243),
            _ => continue,
        };
        let path = path(&line, SUNDIAL).replace("{project}", SUNDIAL);
        let answer = client.call(line.method.clone(), &path, None).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{} {path}: {}", line.method, answer.body);
        let is_v2 = path.starts_with("/v2");
        let expected = if is_v2 { "authorization_error".to_owned() } else { format!("\"code\":{code}") };
        assert!(answer.body.contains(&expected), "{} {path}: {}", line.method, answer.body);
        refused += 1;
    }
    assert!(refused > 20, "{refused} calls");
}

/// A secret key may do what a member of its role may.
#[actix_web::test]
async fn a_secret_key_is_refused_what_its_role_may_not() {
    let desk = Desk::open().await;
    let mut refused = 0;
    for role in Role::ALL {
        let server = desk.server_as(role);
        for line in route_table() {
            let Access::Key(KeyNeeded::Any(permission) | KeyNeeded::Secret(permission)) = line.access else { continue };
            let path = path(&line, SUNDIAL).replace("{project}", SUNDIAL);
            let answer = server.call(line.method.clone(), &path, None).await;
            let is_refused = answer.status == StatusCode::FORBIDDEN;
            assert_eq!(is_refused, !role.may(permission), "{role} {} {path}: {}", line.method, answer.body);
            assert!(!answer.status.is_server_error(), "{role} {} {path}: {}", line.method, answer.body);
            refused += usize::from(is_refused);
        }
    }
    assert!(refused > 20, "{refused} calls");
}

/// The names of all fields of all forms, so that each form can be read.
const FIELDS: [&str; 34] = [
    "app_user_id",
    "authorization",
    "body",
    "code",
    "confirm",
    "count",
    "currency",
    "customer",
    "email",
    "entitlement",
    "environment",
    "identifier",
    "key",
    "metadata",
    "name",
    "new_password",
    "next",
    "note_count",
    "note_length",
    "offering",
    "overlap",
    "place",
    "product",
    "reason",
    "role",
    "sandbox_transfer_behavior",
    "seen",
    "session",
    "size",
    "store",
    "submission",
    "theme",
    "transfer_behavior",
    "zone",
];

/// What a person whose log-in is sixteen minutes old is answered.
async fn ask_after_sixteen_minutes(desk: &Desk, line: &RouteEntry, days: i64) -> Answer {
    let cookie = desk.cookie(&ADA);
    desk.clock.advance(16 * 60);
    let path = path(line, SUNDIAL).replace("/customers/nobody", "/customers/lena");
    if line.method == Method::GET {
        return desk.get_with(&cookie, &path).await;
    }
    let until = times::machine(desk.clock.now().plus_days(days)).chars().take(10).collect::<String>();
    let mut fields = vec![
        ("duration", "until"),
        ("until", until.as_str()),
        ("required", "true"),
        ("to", "mara"),
        ("bought", "sandbox"),
        ("ids", "sandy"),
        ("scope", "all"),
        ("url", "https://x.example"),
    ];
    fields.extend(FIELDS.map(|name| (name, "1")));
    desk.post_with(&cookie, &path, &fields).await
}

#[actix_web::test]
async fn every_route_asks_for_a_recent_log_in_as_its_line_says() {
    let desk = desk_with_two_buyers().await;
    // What the paths and the fields name.
    deliver(&desk, desk.project, &[purchase("sandy", 3, json!({ "environment": "SANDBOX", "price": 0 }))]);
    let offering = json!({ "id": "nobody", "display_name": "Nobody", "default": true, "metadata": {}, "packages": [] });
    apply_catalog(&desk, &json!({ "products": [], "entitlements": [], "offerings": [offering] }));
    let endpoint = [("name", "Server"), ("url", "https://8.8.8.8/hook"), ("environment", "all")];
    desk.post_form(&ADA, "/projects/sundial/settings/endpoints", &endpoint).await;
    let endpoint = desk.count(|conn| webhook_endpoints::table.select(webhook_endpoints::id).first(conn));
    let (mut asking, mut decided) = (0, 0);
    // The answer of an open page never ends.
    let of_people = |line: &RouteEntry| line.access.is_for_people() && !line.pattern.ends_with("/live");
    for line in route_table().into_iter().filter(of_people) {
        let what = format!("{} {}", line.method, line.pattern);
        let line = RouteEntry { pattern: line.pattern.replace("{endpoint}", &endpoint.to_string()), ..line };
        let answer = ask_after_sixteen_minutes(&desk, &line, 3).await;
        let asks = match line.method {
            Method::GET => answer.header("location").starts_with("/account/proof"),
            _ => answer.body.contains("Type your password"),
        };
        assert!(
            line.method == Method::GET || answer.status != StatusCode::BAD_REQUEST,
            "{what}: {} {}",
            answer.status,
            answer.body
        );
        assert_eq!(asks, matches!(line.proof, Proof::Always | Proof::Password), "{what}: {}", answer.status);
        asking += usize::from(asks);
        if line.proof == Proof::Decided {
            let long = ask_after_sixteen_minutes(&desk, &line, 40).await;
            assert!(long.body.contains("Type your password"), "{what}: {}", long.status);
            decided += 1;
        }
    }
    assert!(asking > 30 && decided == 1, "{asking} routes ask, {decided} decide");
}

/// Each call of the client API as the contract writes it: `GET /v1/subscribers/{}`.
fn in_contract() -> BTreeSet<String> {
    let text = include_str!("../../src/api/CONTRACT.md");
    let words: Vec<&str> = text.split([' ', '`', '\n', '|', ',']).filter(|word| !word.is_empty()).collect();
    let calls = words
        .windows(2)
        .filter(|pair| Method::from_bytes(pair[0].as_bytes()).is_ok_and(|method| METHODS.contains(&method)));
    calls.map(|pair| format!("{} {}", pair[0], without_names(pair[1]))).collect()
}

const METHODS: [Method; 3] = [Method::GET, Method::POST, Method::DELETE];

/// `/customers/{id}` becomes `/customers/{}`.
fn without_names(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[test]
fn every_call_of_the_client_api_stands_in_the_contract() {
    let known = in_contract();
    for line in route_table().into_iter().filter(|line| matches!(line.access, Access::Key(_))) {
        let below = line.pattern.strip_prefix("/v2/projects/{project}").unwrap_or(&line.pattern);
        let call = format!("{} {}", line.method, without_names(below));
        assert!(known.contains(&call), "{call} is not in src/api/CONTRACT.md, which has {known:#?}");
    }
}

#[actix_web::test]
async fn methods_that_are_not_in_the_table_are_refused() {
    let desk = Desk::open().await;
    let table = route_table();
    for line in &table {
        for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::TRACE] {
            let is_known = table.iter().any(|other| other.pattern == line.pattern && other.method == method);
            if !is_known {
                let other = RouteEntry { method: method.clone(), ..line.clone() };
                let answer = ask(&desk, &other, SUNDIAL, Some(&TEAM[3])).await;
                let is_led_on = method == Method::GET && answer.status == StatusCode::SEE_OTHER;
                let is_form = line.face == Face::Page && line.access.is_for_people();
                let is_refused = answer.status == StatusCode::METHOD_NOT_ALLOWED;
                assert!(is_refused || (is_form && is_led_on), "{method} {}: {}", line.pattern, answer.status);
            }
        }
    }
}

/// The route's path with `nul` in place of its `at`th parameter; `None` where it has no such parameter.
fn path_with(line: &RouteEntry, at: usize, nul: &str) -> Option<String> {
    let (parts, mut seen) = (path(line, SUNDIAL), 0);
    let pairs = line.pattern.split('/').zip(parts.split('/')).map(|(name, part)| {
        seen += usize::from(name.starts_with('{'));
        if name.starts_with('{') && seen == at + 1 { nul } else { part }
    });
    let path = pairs.collect::<Vec<_>>().join("/");
    (seen > at).then_some(path)
}

#[actix_web::test]
async fn nul_in_any_path_or_query_is_400_in_the_shape_of_the_route() {
    let desk = Desk::open().await;
    let cookie = desk.cookie(&TEAM[3]);
    let mut asked = 0;
    for line in route_table() {
        let in_paths = ["%00", "a%00b", "%0%30"].into_iter().flat_map(|nul| (0..4).map(move |at| (at, nul)));
        let in_paths = in_paths.filter_map(|(at, nul)| path_with(&line, at, nul));
        let in_query = ["?q=%00", "?%00=1", "?sandbox=1&at=x%00"].map(|query| path(&line, SUNDIAL) + query);
        for path in in_paths.chain(in_query) {
            let request = TestRequest::default().method(line.method.clone()).uri(&path);
            let request =
                request.insert_header(("sec-fetch-site", "same-origin")).insert_header(("cookie", cookie.clone()));
            let answer = desk.call(request).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{} {path}", line.method);
            let media_type = if line.face == Face::Page { "text/html; charset=utf-8" } else { "application/json" };
            assert_eq!(answer.header("content-type"), media_type, "{path}");
            assert_eq!(answer.header("x-request-id").len(), 16, "{path}");
            asked += 1;
        }
    }
    assert!(asked > 500, "{asked} requests");
    assert_eq!(desk.get(&TEAM[3], "/projects/sundial/customers?q=%2500").await.status, StatusCode::OK);
}

/// Headers of every answer, whose values `tests/desk/web.rs` checks.
const ALWAYS: [&str; 7] = [
    "content-security-policy",
    "x-content-type-options",
    "referrer-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "permissions-policy",
    "x-request-id",
];

/// What only the inside of the program says.
const INSIDE: [&str; 9] = ["src/", "diesel", "actix", "SELECT ", "panicked", "Error {", "/tmp", "sqlite", "postgres"];

/// The address of the route with each host that a request may claim to be for.
fn for_other_hosts(line: &RouteEntry) -> Vec<TestRequest> {
    let path = path(line, SUNDIAL).replace("/customers/nobody", "/customers/lena");
    let named = |name: &'static str, value: &'static str| {
        let request = TestRequest::default().method(line.method.clone()).uri(&path);
        request.insert_header(("sec-fetch-site", "same-origin")).append_header((name, value))
    };
    let whole = TestRequest::default().method(line.method.clone()).uri(&format!("http://evil.example{path}"));
    vec![
        named("host", "evil.example"),
        named("host", "evil.example:80").append_header(("host", "desk.example")),
        named("x-forwarded-host", "evil.example")
            .insert_header(("forwarded", "host=evil.example;proto=https"))
            .insert_header(("x-host", "evil.example"))
            .insert_header(("x-original-url", "/evil.example")),
        whole,
    ]
}

#[actix_web::test]
async fn every_answer_of_every_route_has_the_headers_and_reveals_neither_host_nor_inside() {
    let desk = desk_with_two_buyers().await;
    // The answer of an open page never ends.
    for line in route_table().into_iter().filter(|line| !line.pattern.ends_with("/live")) {
        for person in [None, Some(&TEAM[0]), Some(&ADA)] {
            for request in for_other_hosts(&line) {
                // Each in a session of its own, because some routes end it.
                let cookie = person.map(|person| desk.cookie(person)).unwrap_or_default();
                let answer = desk.call(request.insert_header(("cookie", cookie))).await;
                is_like_every_answer(&format!("{} {}", line.method, line.pattern), &answer);
            }
        }
    }
}

fn is_like_every_answer(what: &str, answer: &Answer) {
    for name in ALWAYS {
        assert_ne!(answer.header(name), "", "{what}: {name}");
    }
    assert_eq!(answer.header("server"), "", "{what}");
    assert!(!format!("{answer:?}").contains("evil.example"), "{what} names the host: {answer:?}");
    let kind = answer.header("content-type");
    assert!(!kind.starts_with("text/") || kind.contains("charset=utf-8"), "{what}: {kind}");
    let is_file = what.contains("/static/") || what.contains("favicon") || what.contains("robots");
    assert!(is_file || answer.header("cache-control").contains("no-"), "{what}: {}", answer.header("cache-control"));
    if !answer.status.is_success() {
        INSIDE.iter().for_each(|word| assert!(!answer.body.contains(word), "{what}: {word} in {}", answer.body));
    }
}

/// Ways in which other programs let a request name another method.
#[actix_web::test]
async fn no_header_and_no_field_changes_the_method() {
    let desk = desk_with_two_buyers().await;
    let cookie = desk.cookie(&ADA);
    for line in
        route_table().into_iter().filter(|line| line.method != Method::GET && !line.pattern.ends_with("/logout"))
    {
        let path = path(&line, SUNDIAL).replace("/customers/nobody", "/customers/lena");
        let method = line.method.as_str();
        for name in ["x-http-method-override", "x-http-method", "x-method-override"] {
            let request = TestRequest::get().uri(&format!("{path}?_method={method}")).insert_header((name, method));
            let answer = desk.call(request.insert_header(("cookie", cookie.clone()))).await;
            let plain = desk.call(TestRequest::get().uri(&path).insert_header(("cookie", cookie.clone()))).await;
            assert_eq!(answer.status, plain.status, "{method} {path} by {name}");
        }
    }
    assert!(audit_lines(&desk).is_empty(), "{:?}", audit_lines(&desk));
}

#[test]
fn the_table_of_routes() {
    let line = |line: RouteEntry| {
        let who = match line.access {
            Access::Needs(permission) => format!("{permission:?}"),
            access => format!("{access:?}"),
        };
        let proof = match line.proof {
            Proof::Never => String::new(),
            proof => format!(" {proof:?}"),
        };
        format!("{:<6} {:<78} {who}{proof}", line.method.as_str(), line.pattern)
    };
    let table = route_table().into_iter().map(line).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(table);
}

#[actix_web::test]
async fn whoever_opens_the_address_of_a_form_is_led_to_its_page() {
    let desk = Desk::open().await;
    for (form, page) in [
        ("customers/a%2Fb/refresh", "customers/a%2Fb"),
        ("customers/lena/purchases/x%3Ay/refund?sandbox=1", "customers/lena?sandbox=1"),
        ("customers/lena/notes", "customers/lena"),
        ("settings/connections/revenuecat/keys", "settings/connections"),
        ("requests/7/approve", "requests"),
    ] {
        let answer = desk.get(&TEAM[3], &format!("/projects/sundial/{form}")).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{form}");
        assert_eq!(answer.header("location"), format!("/projects/sundial/{page}"));
    }
}

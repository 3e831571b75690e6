//! What is true of every answer: its headers, its status, how errors look, and which paths lead somewhere.

use actix_web::http::{Method, StatusCode};
use actix_web::test::TestRequest;

use crate::support::cast::{ADA, SOL};
use crate::support::{Answer, Desk};

const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; \
    connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

fn style_sheet() -> String {
    format!("{}/app.css", dossier::web::assets::base())
}

/// One answer of every kind.
async fn every_kind(desk: &Desk) -> Vec<(&'static str, Answer)> {
    vec![
        ("page", desk.get(&ADA, "/projects/sundial/settings").await),
        ("log-in form", desk.anonymous_get("/login").await),
        ("redirect", desk.anonymous_get("/projects/sundial/settings").await),
        ("file", desk.anonymous_get(&style_sheet()).await),
        ("unknown file", desk.anonymous_get("/static/0000/app.css").await),
        ("unknown path", desk.anonymous_get("/nope").await),
        ("forbidden", desk.get(&SOL, "/projects/sundial/settings").await),
        ("unknown project", desk.get(&ADA, "/projects/nope/settings").await),
        ("bad request", desk.get(&ADA, "/projects/sundial/settings/rejected?after=x").await),
        (
            "wrong method",
            desk.call(TestRequest::delete().uri("/login").insert_header(("sec-fetch-site", "none"))).await,
        ),
        ("cross-site", desk.call(TestRequest::post().uri("/login")).await),
        ("refused log-in", desk.anonymous_post_form("/login", &[("email", "a"), ("password", "b")]).await),
        ("no form", desk.call(TestRequest::post().uri("/login").insert_header(("sec-fetch-site", "none"))).await),
        ("delivery", desk.call(TestRequest::post().uri("/webhooks/revenuecat/sundial").set_payload("{}")).await),
        ("unknown delivery", desk.anonymous_get("/webhooks/nope").await),
        ("health", desk.anonymous_get("/healthz").await),
        ("readiness", desk.anonymous_get("/readyz").await),
        ("icon", desk.anonymous_get("/favicon.ico").await),
        ("robots", desk.anonymous_get("/robots.txt").await),
        ("head", desk.call(TestRequest::default().method(Method::HEAD).uri("/login")).await),
    ]
}

#[actix_web::test]
async fn every_answer_carries_the_headers() {
    let desk = Desk::open_at("https://desk.example").await;
    for (kind, answer) in every_kind(&desk).await {
        assert_eq!(answer.header("content-security-policy"), CSP, "{kind}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{kind}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{kind}");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin", "{kind}");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin", "{kind}");
        assert!(answer.header("permissions-policy").contains("camera=()"), "{kind}");
        assert_eq!(answer.header("strict-transport-security"), "max-age=63072000; includeSubDomains", "{kind}");
        assert_eq!(answer.header("x-request-id").len(), 16, "{kind}");
        assert_eq!(answer.header("server"), "", "{kind}");
        let caching = answer.header("cache-control");
        match kind {
            "file" => assert_eq!(caching, "public, max-age=31536000, immutable"),
            "icon" => assert_eq!(caching, "public, max-age=86400"),
            _ => assert_eq!(caching, "no-store", "{kind}"),
        }
    }
}

#[actix_web::test]
async fn without_tls_nothing_promises_tls() {
    let desk = Desk::open().await;
    assert_eq!(desk.anonymous_get("/login").await.header("strict-transport-security"), "");
}

#[actix_web::test]
async fn each_kind_of_answer_has_its_status_and_type() {
    let desk = Desk::open().await;
    let expected = [
        ("page", 200, "text/html; charset=utf-8"),
        ("log-in form", 200, "text/html; charset=utf-8"),
        ("redirect", 303, ""),
        ("file", 200, "text/css; charset=utf-8"),
        ("unknown file", 404, "text/html; charset=utf-8"),
        ("unknown path", 404, "text/html; charset=utf-8"),
        ("forbidden", 403, "text/html; charset=utf-8"),
        ("unknown project", 404, "text/html; charset=utf-8"),
        ("bad request", 400, "text/html; charset=utf-8"),
        ("wrong method", 405, "text/html; charset=utf-8"),
        ("cross-site", 403, "text/html; charset=utf-8"),
        ("refused log-in", 422, "text/html; charset=utf-8"),
        ("no form", 415, "text/html; charset=utf-8"),
        ("delivery", 401, "application/json"),
        ("unknown delivery", 404, "application/json"),
        ("health", 200, "application/json"),
        ("readiness", 200, "application/json"),
        ("icon", 200, "image/svg+xml; charset=utf-8"),
        ("robots", 200, "text/plain; charset=utf-8"),
        ("head", 200, "text/html; charset=utf-8"),
    ];
    let answers = every_kind(&desk).await;
    let found: Vec<_> =
        answers.iter().map(|(kind, answer)| (*kind, answer.status.as_u16(), answer.header("content-type"))).collect();
    assert_eq!(found, expected);
}

#[actix_web::test]
async fn errors_reveal_no_internals() {
    let desk = Desk::open().await;
    for (kind, answer) in every_kind(&desk).await {
        for leak in ["src/", "diesel", "actix", "SELECT", "panicked", "Error {", "/tmp", "sqlite"] {
            assert!(kind == "file" || !answer.body.contains(leak), "{kind}: {leak}");
        }
    }
}

#[actix_web::test]
async fn the_host_of_a_request_is_shown_nowhere() {
    let desk = Desk::open().await;
    let cookie = desk.cookie(&ADA);
    for name in ["host", "x-forwarded-host", "forwarded", "x-original-host"] {
        for path in ["/login", "/projects/sundial/settings", "/nope", "/"] {
            let value = if name == "forwarded" { "host=evil.example" } else { "evil.example" };
            let request = TestRequest::get().uri(path).insert_header((name, value));
            let answer = desk.call(request.insert_header(("cookie", cookie.clone()))).await;
            assert!(!format!("{answer:?}").contains("evil"), "{name} {path}");
        }
    }
    let settings = desk.get(&ADA, "/projects/sundial/settings").await;
    assert!(settings.body.contains("http://desk.example/webhooks/revenuecat/sundial"));
}

#[actix_web::test]
async fn a_path_that_is_not_text_is_404() {
    let desk = Desk::open().await;
    for path in ["/projects/%FF/settings", "/projects/sundial%EF%BF%BD/settings", "/%2e%2e/%2e%2e/etc"] {
        assert_eq!(desk.get(&ADA, path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[actix_web::test]
async fn no_other_spelling_of_a_path_opens_it() {
    let desk = Desk::open().await;
    for path in [
        "/projects/sundial/settings/",
        "//projects/sundial/settings",
        "/projects//sundial/settings",
        "/projects/sundial/./settings",
        "/projects/sundial/settings;x",
        "/projects/sundial/settings.json",
        "/Projects/sundial/settings",
        "/projects/sundial%2Fsettings",
    ] {
        assert_eq!(desk.get(&ADA, path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[actix_web::test]
async fn files_are_served_only_under_their_hash() {
    let desk = Desk::open().await;
    for name in ["app.css", "js/app.js", "icons/sprite.svg", "fonts/next-latin.woff2"] {
        let path = format!("{}/{name}", dossier::web::assets::base());
        assert_eq!(desk.anonymous_get(&path).await.status, StatusCode::OK, "{path}");
    }
    for name in ["css/order.txt", "../Cargo.toml", "%2e%2e/Cargo.toml", ""] {
        let path = format!("{}/{name}", dossier::web::assets::base());
        assert_eq!(desk.anonymous_get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[actix_web::test]
async fn while_every_connection_is_taken_pages_get_503_and_the_rest_works() {
    let desk = Desk::open_with(|config| config.connections = 1).await;
    let cookie = desk.cookie(&ADA);
    let (held, release) = (std::sync::mpsc::channel(), std::sync::mpsc::channel());
    let (db, signal, wait) = (desk.db.clone(), held.0, release.1);
    let holder = std::thread::spawn(move || {
        db.read_here(|_| {
            signal.send(()).expect("somebody listens");
            wait.recv().expect("the test releases it");
            Ok::<_, dossier::base::error::Error>(())
        })
    });
    held.1.recv().expect("the connection is taken");
    let settings = || TestRequest::get().uri("/projects/sundial/settings").insert_header(("cookie", cookie.clone()));
    let started = std::time::Instant::now();
    let page = desk.call(settings()).await;
    assert!(started.elapsed() < std::time::Duration::from_secs(3));
    assert_eq!((page.status, page.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "5"));
    assert!(page.body.contains("Not available right now") && page.body.contains(page.header("x-request-id")));
    for path in ["/login", "/healthz", &style_sheet()] {
        assert_eq!(desk.anonymous_get(path).await.status, StatusCode::OK, "{path}");
    }
    let unready = desk.anonymous_get("/readyz").await;
    assert_eq!((unready.status, unready.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "5"));
    assert_eq!(unready.body, r#"{"status":"not ready"}"#);
    release.0.send(()).expect("the holder listens");
    holder.join().expect("no panic").expect("a read");
    assert_eq!(desk.call(settings()).await.status, StatusCode::OK);
}

#[actix_web::test]
async fn an_error_page_below_a_project_has_its_frame_for_members_only() {
    let desk = Desk::open().await;
    let too_long = format!("customers?q={}", "x".repeat(20_000));
    let pages = [
        ("customers?list=nonsense", 400),
        ("customers?list=all&after=xx", 400),
        (too_long.as_str(), 400),
        ("customers.csv?list=nonsense", 400),
        ("customers/nobody", 404),
        ("customers/nobody?topic=everything", 400),
        ("customers/nobody/events/none?sandbox=1&sandbox=2", 404),
        ("settings/rejected?after=x", 400),
        ("settings/rejected/x", 404),
        ("nope", 404),
        ("nope/deeper?q=1", 404),
        ("", 404),
    ];
    for (path, status) in pages {
        let answer = desk.get(&ADA, &format!("/projects/sundial/{path}")).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        assert!(answer.body.contains("data-search") && answer.body.contains("Ada Okoye"), "{path}");
    }
    for person in [&ADA, &SOL] {
        let foreign = desk.get(person, "/projects/moonrise/nope").await;
        let missing = desk.get(person, "/projects/nowhere/nope").await;
        assert_eq!((foreign.status, missing.status), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND));
        assert_eq!(foreign.body, missing.body);
        assert!(!foreign.body.contains("data-search"));
    }
    let stranger = desk.anonymous_get("/projects/sundial/nope").await;
    assert_eq!((stranger.status, stranger.header("location")), (StatusCode::NOT_FOUND, ""));
    assert_eq!(stranger.body, desk.anonymous_get("/projects/nowhere/nope").await.body);
}

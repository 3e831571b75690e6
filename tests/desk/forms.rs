//! Every form of the program: posts from another site, and hostile or odd input.

use std::collections::BTreeSet;
use std::path::Path;

use actix_web::http::{Method, StatusCode};
use actix_web::test::TestRequest;
use dossier::server::app::route_table;
use dossier::web::Access;
use serde_json::json;

use crate::support::Desk;
use crate::support::cast::ADA;
use crate::support::events::deliver_together;

/// A desk with Lena and one of her orders.
async fn desk_with_lena() -> Desk {
    let desk = Desk::open().await;
    let bought = json!({ "event": {
        "id": "e1", "type": "INITIAL_PURCHASE", "app_user_id": "lena", "event_timestamp_ms": 1_790_000_000_000_i64,
        "purchased_at_ms": 1_790_000_000_000_i64, "expiration_at_ms": 1_799_000_000_000_i64, "product_id": "pro",
        "store": "PLAY_STORE", "environment": "PRODUCTION", "transaction_id": "GPA.1", "price": 4.99,
    } });
    deliver_together(&desk, desk.project, &[bought.to_string()]);
    desk
}

/// The address of every form.
fn addresses() -> Vec<String> {
    let posts = route_table().into_iter().filter(|line| line.method == Method::POST);
    let forms = posts.filter(|line| !line.pattern.starts_with("/webhooks/") && line.access != Access::Key);
    let filled = forms.map(|line| {
        let parts = line.pattern.split('/').map(|part| match part {
            "{p}" => "sundial",
            "{id}" => "lena",
            part if part.starts_with('{') => "1",
            part => part,
        });
        parts.collect::<Vec<_>>().join("/")
    });
    filled.collect()
}

/// The names of all form fields in the templates.
fn fields(folder: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            names.extend(fields(&entry));
            continue;
        }
        let text = std::fs::read_to_string(&entry).expect("a template");
        let found = text.split(" name=\"").skip(1).filter_map(|rest| rest.split('"').next());
        names.extend(found.filter(|name| !name.contains('{')).map(str::to_owned));
    }
    names
}

#[actix_web::test]
async fn no_form_is_accepted_from_another_site() {
    let desk = desk_with_lena().await;
    let stranger: [&[(&str, &str)]; 6] = [
        &[],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site"), ("origin", "http://desk.example")],
        &[("origin", "null")],
        &[("origin", "http://evil.example")],
        &[("origin", "https://desk.example")],
    ];
    let cookie = desk.cookie(&ADA);
    for path in addresses() {
        for headers in stranger {
            let request = TestRequest::post().uri(&path).insert_header(("cookie", cookie.clone()));
            let request = headers.iter().fold(request, |request, header| request.insert_header(*header));
            assert_eq!(desk.call(request).await.status, StatusCode::FORBIDDEN, "{path} {headers:?}");
        }
    }
}

/// Text that has broken other programs.
const ODD: [&str; 20] = [
    "",
    " ",
    "\0",
    "a\0b",
    "\u{FFFD}",
    "'; DROP TABLE customers; --",
    "%' OR '1'='1",
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "../../etc/passwd",
    "-1",
    "0",
    "9223372036854775808",
    "NaN",
    "1e400",
    "\u{202E}txt.exe",
    "\r\nSet-Cookie: a=b",
    "e\u{301}🧜🏽\u{200D}♀",
    "[object Object]",
    "2026-02-30",
];

#[actix_web::test]
async fn odd_text_in_any_field_is_accepted_or_refused_and_never_a_server_error() {
    let desk = desk_with_lena().await;
    let names = fields(&Path::new(env!("CARGO_MANIFEST_DIR")).join("templates"));
    assert!(names.contains("body") && names.len() > 5, "{names:?}");
    let mut texts: Vec<String> = ODD.iter().map(|text| (*text).to_owned()).collect();
    texts.push("a".repeat(1_000));
    texts.push("語".repeat(3_000));
    for path in addresses().iter().filter(|path| !path.starts_with("/log")) {
        for text in &texts {
            let form: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), text.as_str())).collect();
            let answer = desk.post_form(&ADA, path, &form).await;
            assert!(!answer.status.is_server_error(), "{path} {text:?} {}", answer.status);
            assert!(!answer.body.contains("<script>alert(1)"), "{path} prints what was sent");
        }
    }
}

#[actix_web::test]
async fn a_repeated_field_is_a_bad_request_and_unknown_fields_are_ignored() {
    let desk = desk_with_lena().await;
    let notes = "/projects/sundial/customers/lena/notes";
    let twice = desk.post_form(&ADA, notes, &[("body", "a"), ("body", "b")]).await;
    assert_eq!(twice.status, StatusCode::BAD_REQUEST);
    let unknown = [("body", "mine"), ("author_id", "1"), ("created_at", "0"), ("customer_id", "1"), ("role", "admin")];
    assert_eq!(desk.post_form(&ADA, notes, &unknown).await.status, StatusCode::SEE_OTHER);
    let page = desk.get(&ADA, "/projects/sundial/customers/lena").await.body;
    assert!(page.contains("<p>mine</p>") && page.contains(">Ada Okoye</bdi> on <time datetime=\"2026-11-23"));
}

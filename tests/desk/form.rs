//! What forms hold: hostile or odd input in every field of every form.

use actix_web::http::StatusCode;

use crate::support::cast::ADA;
use crate::support::desks::desk_with_an_order;
use crate::support::forms::{field_names, form_addresses};

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
    let desk = desk_with_an_order().await;
    let names = field_names();
    assert!(names.contains("body") && names.len() > 5, "{names:?}");
    let mut texts: Vec<String> = ODD.iter().map(|text| (*text).to_owned()).collect();
    texts.push("a".repeat(1_000));
    texts.push("語".repeat(3_000));
    for path in form_addresses().iter().filter(|path| !path.starts_with("/log")) {
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
    let desk = desk_with_an_order().await;
    let notes = "/projects/sundial/customers/lena/notes";
    let twice = desk.post_form(&ADA, notes, &[("body", "a"), ("body", "b")]).await;
    assert_eq!(twice.status, StatusCode::BAD_REQUEST);
    let unknown = [("body", "mine"), ("author_id", "1"), ("created_at", "0"), ("customer_id", "1"), ("role", "admin")];
    assert_eq!(desk.post_form(&ADA, notes, &unknown).await.status, StatusCode::SEE_OTHER);
    let page = desk.get(&ADA, "/projects/sundial/customers/lena").await.body;
    assert!(page.contains("<p>mine</p>") && page.contains(">Ada Okoye</bdi> on <time datetime=\"2026-11-23"));
}

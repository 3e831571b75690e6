//! What forms hold: hostile or odd input in every field of every form.

use actix_web::http::StatusCode;

use crate::support::cast::ADA;
use crate::support::desks::desk_with_an_order;
use crate::support::forms::{field_names, form_addresses};
use crate::support::traces::find;

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

/// Fields that no form has, as somebody sends them who guesses what a table is made of.
const GUESSED: [&str; 8] =
    ["author_id", "created_at", "customer_id", "is_admin", "price", "project_id", "changed_by", "granted_by"];

#[actix_web::test]
async fn no_form_takes_over_a_field_that_it_does_not_have() {
    let desk = desk_with_an_order().await;
    let names = field_names();
    GUESSED.iter().for_each(|name| assert!(!names.contains(*name), "{name} is a field"));
    for path in form_addresses().iter().filter(|path| !path.starts_with("/log")) {
        let mut form: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1")).collect();
        form.extend(GUESSED.map(|name| (name, "kanarie-of-a-form")));
        let path = format!("{path}?{}", GUESSED.map(|name| format!("{name}=kanarie-of-a-form")).join("&"));
        let answer = desk.post_form(&ADA, &path, &form).await;
        assert!(!answer.status.is_server_error(), "{path}: {}", answer.status);
    }
    assert_eq!(find(&desk, "kanarie-of-a-form"), Vec::<String>::new());
}

/// Forms that read no field, so that it does not matter how often one comes.
const WITHOUT_FIELDS: [&str; 10] = [
    "/account/sessions/end-others",
    "/projects/sundial/customers/lena/star",
    "/projects/sundial/customers/lena/unstar",
    "/projects/sundial/catalog/products/1/1/delete",
    "/projects/sundial/catalog/entitlements/1/delete",
    "/projects/sundial/settings/webhook/secret/end",
    "/projects/sundial/settings/keys/1/revoke",
    "/projects/sundial/settings/keys/1/keep",
    "/projects/sundial/settings/invitations/1/delete",
    "/projects/sundial/customers/lena/unblock",
];

#[actix_web::test]
async fn a_field_that_comes_twice_is_refused_by_every_form_that_reads_it() {
    let desk = desk_with_an_order().await;
    let names = field_names();
    let twice: Vec<(&str, &str)> = names.iter().flat_map(|name| [(name.as_str(), "1"), (name.as_str(), "2")]).collect();
    let mut taken = Vec::new();
    for path in form_addresses().iter().filter(|path| !path.starts_with("/log")) {
        let answer = desk.post_form(&ADA, path, &twice).await;
        if answer.status != StatusCode::BAD_REQUEST && answer.status != StatusCode::NOT_FOUND {
            taken.push(path.clone());
        }
    }
    assert_eq!(taken, WITHOUT_FIELDS);
}

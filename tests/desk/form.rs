//! What forms hold: hostile or odd input in every field of every form, and of every call of the client API.

use std::collections::BTreeMap;

use actix_web::http::{Method, StatusCode};
use diesel::prelude::*;
use dossier::base::ids::NoteId;
use dossier::db::schema::notes;
use dossier::server::app::route_table;
use dossier::web::Access;
use serde_json::{Map, Value, json};

use crate::support::Desk;
use crate::support::cast::ADA;
use crate::support::desks::desk_with_an_order;
use crate::support::events::{deliver_together, purchase};
use crate::support::forms::{field_names, form_addresses};
use crate::support::tables::{changed, contents};
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
const WITHOUT_FIELDS: [&str; 14] = [
    "/account/sessions/end-others",
    "/projects/sundial/customers/lena/star",
    "/projects/sundial/customers/lena/unstar",
    "/projects/sundial/customers/lena/refresh",
    "/projects/sundial/catalog/products/1/1/delete",
    "/projects/sundial/catalog/entitlements/1/delete",
    "/projects/sundial/settings/webhook/secret/end",
    "/projects/sundial/settings/connections/revenuecat/check",
    "/projects/sundial/settings/connections/revenuecat/resume",
    "/projects/sundial/settings/connections/revenuecat/catalog",
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

/// Tables that a request writes whatever comes of it: the session in which it is sent, what a key last did, and what is counted
/// of attempts to guess an invitation.
const ALWAYS_WRITTEN: [&str; 3] = ["sessions", "api_keys", "login_attempts"];

/// What may change beside the table of the thing itself, when a form is accepted or refused for good.
fn changed_by(before: &BTreeMap<String, String>, desk: &Desk) -> Vec<String> {
    let after = changed(before, &contents(desk));
    after.into_iter().filter(|table| !ALWAYS_WRITTEN.contains(&table.as_str())).collect()
}

/// Some of [`ODD`], because each is a look at all tables.
const OFTEN_DANGEROUS: [&str; 5] = ["'; DROP TABLE customers; --", "a\0b", "\u{FFFD}", "1e400", "[object Object]"];

#[actix_web::test]
async fn what_a_form_refuses_changes_no_table() {
    let desk = desk_with_an_order().await;
    let names = field_names();
    let mut refused = 0;
    for path in form_addresses().iter().filter(|path| !path.starts_with("/log")) {
        for text in &OFTEN_DANGEROUS[..2] {
            let before = contents(&desk);
            let form: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), *text)).collect();
            let status = desk.post_form(&ADA, path, &form).await.status;
            assert!(!status.is_server_error(), "{path} {text:?}");
            if status.is_client_error() {
                assert_eq!(changed_by(&before, &desk), Vec::<String>::new(), "{path} {text:?}: {status}");
                refused += 1;
            }
        }
    }
    assert!(refused > 100, "{refused} refusals");
}

#[actix_web::test]
async fn what_the_client_api_refuses_changes_no_table_and_nothing_is_a_server_error() {
    let desk = desk_with_an_order().await;
    let server = desk.server();
    let mut refused = 0;
    let calls =
        route_table().into_iter().filter(|line| matches!(line.access, Access::Key(_)) && line.method == Method::POST);
    for line in calls {
        let path = line.pattern.replace("{id}", "lena").replace("{project}", "sundial").replace(['{', '}'], "");
        for text in OFTEN_DANGEROUS {
            for body in bodies(text) {
                let before = contents(&desk);
                let answer = server.post(&path, body).await;
                assert!(!answer.status.is_server_error(), "{path} {text:?}: {}", answer.body);
                assert!(serde_json::from_str::<Value>(&answer.body).is_ok(), "{path}: {}", answer.body);
                // Of attributes, the valid ones of a call are saved (§10.4).
                if answer.status.is_client_error() && !answer.body.contains("\"code\":7263") {
                    assert_eq!(changed_by(&before, &desk), Vec::<String>::new(), "{path} {text:?}: {}", answer.body);
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 100, "{refused} refusals");
}

/// Bodies with this text in every field that a call of the client API reads, and in every place where an object has more.
fn bodies(text: &str) -> [Value; 2] {
    let fields = [
        "app_user_id",
        "new_app_user_id",
        "id",
        "fetch_token",
        "product_id",
        "price",
        "currency",
        "duration",
        "start_time_ms",
        "end_time_ms",
        "expiry_time_ms",
        "expires_at",
        "extend_by_days",
        "extend_reason_code",
        "entitlement_id",
        "offering_id",
        "target_customer_id",
        "subscription_id",
        "network",
        "data",
        "attributes",
    ];
    let flat: Map<String, Value> = fields.iter().map(|name| ((*name).to_owned(), json!(text))).collect();
    let mut deep = flat.clone();
    deep.insert(
        "attributes".to_owned(),
        json!({ text: { "value": text }, "plan": { "value": { "more": text } }, "name": text }),
    );
    deep.insert("app_ids".to_owned(), json!([text, null, 1]));
    [Value::Object(flat), Value::Object(deep)]
}

/// Texts that are kept as they are; those with a line end of two characters are for forms, which have one of one.
const KEPT: [&str; 13] = [
    "'; DROP TABLE customers; --",
    "%' OR '1'='1",
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "-1",
    "NaN",
    "1e400",
    "\u{202E}txt.exe",
    "e\u{301}🧜🏽\u{200D}♀",
    "\u{FEFF}a\u{A0}\u{2028}b",
    "[object Object]\\u0000\\",
    "a\n\n\tb",
    "K\u{212A} ſ İ straße ﬁ １",
];

#[actix_web::test]
async fn what_is_accepted_is_kept_as_it_was_sent_whatever_brings_it() {
    let desk = desk_with_an_order().await;
    let server = desk.server();
    let sent: Map<String, Value> =
        KEPT.iter().enumerate().map(|(at, text)| (format!("w{at}"), json!({ "value": text }))).collect();
    deliver_together(&desk, desk.project, &[purchase("lena", 1, json!({ "subscriber_attributes": sent }))]);
    for (at, text) in KEPT.iter().enumerate() {
        let form = [("key", format!("f{at}")), ("value", (*text).to_owned())];
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let status = desk.post_form(&ADA, "/projects/sundial/customers/lena/attributes", &form).await.status;
        assert_eq!(status, StatusCode::SEE_OTHER, "{text:?}");
        let v1 = json!({ "attributes": { format!("a{at}"): { "value": text } } });
        assert_eq!(server.post("/v1/subscribers/lena/attributes", v1).await.status, StatusCode::OK, "{text:?}");
        let v2 = json!({ "attributes": [{ "name": format!("b{at}"), "value": text }] });
        assert_eq!(
            server.post("/v2/projects/sundial/customers/lena/attributes", v2).await.status,
            StatusCode::OK,
            "{text:?}"
        );
        // Fewer than fifty at a time.
        let read = server.get("/v1/subscribers/lena").await.json();
        for door in ["w", "f", "a", "b"] {
            let kept = &read["subscriber"]["subscriber_attributes"][format!("{door}{at}")]["value"];
            assert_eq!(kept, text, "{door}");
        }
        for door in ["f", "a", "b"] {
            let key = format!("{door}{at}");
            desk.post_form(&ADA, "/projects/sundial/customers/lena/attributes/delete", &[("key", &key)]).await;
        }
    }
    for text in KEPT {
        let path = "/projects/sundial/customers/lena/notes";
        let posted = desk.post_form(&ADA, path, &[("body", text)]).await;
        assert_eq!(posted.status, StatusCode::SEE_OTHER, "{text:?}");
        let newest = notes::table.order(notes::id.desc()).select((notes::id, notes::body));
        let (id, kept): (NoteId, String) = desk.read(|conn| newest.first(conn));
        assert_eq!(kept, text);
        desk.post_form(&ADA, &format!("{path}/{id}/delete"), &[]).await;
    }
}

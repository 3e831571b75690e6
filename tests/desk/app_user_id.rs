//! What cannot be an App User ID (§9.2) is refused wherever an id comes from outside, and makes no customer.

use actix_web::http::Method;
use dossier::wording::text::segment;
use serde_json::json;

use crate::support::Desk;
use crate::support::cast::SOL;
use crate::support::customers::{count_events, ids_of_customers};
use crate::support::desks::add_lena;
use crate::support::events::{event_on_day, purchase, transfer_event};
use crate::support::forms::form_addresses;

/// The words of RevenueCat, and what no path or no database can hold.
const NOBODY: [&str; 22] = [
    "no_user",
    "null",
    "none",
    "nil",
    "(null)",
    "NaN",
    "\\x00",
    "\0",
    "",
    "unidentified",
    "undefined",
    "unknown",
    "anonymous",
    "guest",
    "-1",
    "0",
    "[]",
    "{}",
    "[object Object]",
    ".",
    "..",
    "\u{FFFD}",
];

fn names_lena_alone(desk: &Desk) -> bool {
    ids_of_customers(desk, desk.project) == [["lena"]]
}

#[actix_web::test]
async fn an_id_that_names_nobody_makes_no_customer_by_webhook() {
    let desk = Desk::open().await;
    for (number, id) in NOBODY.iter().enumerate() {
        for body in [purchase(id, 1, json!({ "id": format!("own {number}") })), transfer_event(2, &[id], &[id])] {
            assert!(!desk.post_webhook("sundial", body).await.status.is_server_error(), "{id:?}");
        }
        let id_beside = format!("beside {number}");
        let ids =
            json!({ "id": id_beside, "app_user_id": "lena", "original_app_user_id": id, "aliases": ["lena", id] });
        let event = event_on_day(1, "RENEWAL", ids);
        assert_eq!(desk.post_webhook("sundial", event).await.status, 200, "{id:?}");
    }
    assert!(names_lena_alone(&desk), "{:?}", ids_of_customers(&desk, desk.project));
}

#[actix_web::test]
async fn an_id_that_names_nobody_is_refused_by_every_call_of_the_client_api() {
    let desk = Desk::open().await;
    add_lena(&desk);
    let (app, server, events) = (desk.web_app(), desk.server(), count_events(&desk));
    for id in NOBODY {
        let path = segment(id).replace('.', "%2E");
        let v1 = [
            (Method::GET, format!("/v1/subscribers/{path}"), None),
            (
                Method::POST,
                format!("/v1/subscribers/{path}/attributes"),
                Some(json!({ "attributes": { "a": { "value": "b" } } })),
            ),
            (
                Method::POST,
                "/v1/subscribers/identify".into(),
                Some(json!({ "app_user_id": "lena", "new_app_user_id": id })),
            ),
            (
                Method::POST,
                "/v1/subscribers/identify".into(),
                Some(json!({ "app_user_id": id, "new_app_user_id": "lena" })),
            ),
            (
                Method::POST,
                "/v1/receipts".into(),
                Some(json!({ "app_user_id": id, "fetch_token": "test_1_a", "product_id": "month" })),
            ),
        ];
        let v2 = [
            (Method::POST, "/v2/projects/sundial/customers".into(), Some(json!({ "id": id }))),
            (Method::GET, format!("/v2/projects/sundial/customers/{path}"), None),
            (
                Method::POST,
                "/v2/projects/sundial/customers/lena/actions/transfer".into(),
                Some(json!({ "target_customer_id": id })),
            ),
        ];
        for (client, calls) in [(&app, v1.to_vec()), (&server, v2.to_vec())] {
            for (method, path, body) in calls {
                let answer = client.call(method.clone(), &path, body.map(|body| body.to_string())).await;
                assert!(answer.status.is_client_error(), "{id:?} {method} {path}: {} {}", answer.status, answer.body);
            }
        }
    }
    assert!(names_lena_alone(&desk) && count_events(&desk) == events, "{:?}", ids_of_customers(&desk, desk.project));
}

#[actix_web::test]
async fn an_id_that_names_nobody_makes_no_customer_by_any_page() {
    let desk = Desk::open().await;
    add_lena(&desk);
    let events = count_events(&desk);
    for id in NOBODY {
        let address = format!("/projects/sundial/customers/{}", segment(id).replace('.', "%2E"));
        let searched = desk.get(&SOL, &format!("/projects/sundial/customers?q={}", segment(id))).await;
        assert!(!searched.status.is_server_error(), "{id:?}");
        for form in form_addresses().iter().filter(|form| form.contains("/customers/lena/")) {
            let form = form.replace("/projects/sundial/customers/lena", &address);
            let answer = desk.post_form(&SOL, &form, &[("to", id), ("customer", id), ("app_user_id", id)]).await;
            assert!(answer.status.is_client_error(), "{id:?} {form}: {}", answer.status);
        }
        let to = [("to", id), ("seen", "0"), ("reason", "")];
        let moved = desk.post_form(&SOL, "/projects/sundial/customers/lena/transfer", &to).await;
        assert!(moved.status.is_client_error(), "{id:?} {}", moved.status);
    }
    assert!(names_lena_alone(&desk) && count_events(&desk) == events, "{:?}", ids_of_customers(&desk, desk.project));
}

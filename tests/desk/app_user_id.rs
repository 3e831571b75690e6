//! App User IDs (§9.2): what cannot be one is refused wherever an id comes from outside, and makes no customer; others are taken
//! letter by letter.

use actix_web::http::Method;
use dossier::wording::text::segment;
use serde_json::json;

use crate::support::Desk;
use crate::support::cast::{SOL, VERA};
use crate::support::customers::{count_events, ids_of_customers};
use crate::support::desks::add_lena;
use crate::support::events::{deliver, event_on_day, purchase, transfer_event};
use crate::support::forms::form_addresses;
use crate::support::lengths::{LETTERS, around, text};

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

#[actix_web::test]
async fn the_length_of_a_new_id_is_counted_in_characters_whatever_brings_it() {
    let desk = Desk::open().await;
    add_lena(&desk);
    let (app, server) = (desk.web_app(), desk.server());
    for letter in LETTERS {
        for length in around(100) {
            // Each id is new.
            let id = |door: &str| {
                text(letter, length).replacen(letter, door, usize::from(length > 0 && letter.chars().count() == 1))
            };
            let (fits, what) = ((1..=100).contains(&length), format!("{length} of {letter}"));
            let opened = app.get(&format!("/v1/subscribers/{}", segment(&id("1")))).await;
            assert_eq!(opened.status.is_success(), fits, "{what}: {}", opened.body);
            let anonymous = format!("$RCAnonymousID:{letter}{length}");
            let names = json!({ "app_user_id": anonymous, "new_app_user_id": id("3") });
            let logged_in = app.post("/v1/subscribers/identify", names).await;
            assert_eq!(logged_in.status.is_success(), fits, "{what}: {}", logged_in.body);
            let bought = json!({ "app_user_id": id("4"), "fetch_token": "test_1_a", "product_id": "month" });
            let bought = app.post("/v1/receipts", bought).await;
            assert_eq!(bought.body.contains("7220"), !fits, "{what}: {}", bought.body);
            if letter == "a" {
                let made = server.post("/v2/projects/sundial/customers", json!({ "id": id("5") })).await;
                assert_eq!(made.status.is_success(), fits, "{what}: {}", made.body);
            }
        }
        for (length, fits) in [(1_500, true), (1_501, false), (15_000, false)] {
            let id = text(letter, length);
            deliver(
                &desk,
                desk.project,
                &[purchase(&id, 1, json!({ "id": format!("{letter}{length}"), "transaction_id": letter }))],
            );
            let found = ids_of_customers(&desk, desk.project).iter().flatten().any(|one| *one == id);
            assert_eq!(found, fits, "{length} of {letter} in an event");
        }
    }
}

/// Ids that look alike, or that a program that folds cases or normalises would take for one.
const ALIKE: [[&str; 2]; 14] = [
    ["caf\u{e9}", "cafe\u{301}"],
    ["\u{212B}ngstrom", "\u{C5}ngstrom"],
    ["\u{1E69}", "s\u{307}\u{323}"],
    ["\u{AC00}", "\u{1100}\u{1161}"],
    ["lena@okafor.example", "LENA@okafor.example"],
    ["\u{130}stanbul", "istanbul"],
    ["\u{131}stanbul", "Istanbul"],
    ["\u{17F}ol", "sol"],
    ["\u{212A}elvin", "Kelvin"],
    ["stra\u{DF}e", "STRASSE"],
    ["\u{FB01}sch", "fisch"],
    ["\u{FF11}23456789", "123456789"],
    ["\u{3A3}\u{3A3}", "\u{3C3}\u{3C2}"],
    ["\u{410}nna", "Anna"],
];

#[actix_web::test]
async fn ids_that_look_alike_are_different_customers_and_each_is_found() {
    let desk = Desk::open().await;
    let all: Vec<&str> = ALIKE.into_iter().flatten().collect();
    let bodies: Vec<String> =
        all.iter().map(|id| purchase(id, 1, json!({ "transaction_id": format!("of {id}") }))).collect();
    deliver(&desk, desk.project, &bodies);
    let mut stored = ids_of_customers(&desk, desk.project).concat();
    stored.sort();
    let mut wanted: Vec<String> = all.iter().map(|id| (*id).to_owned()).collect();
    wanted.sort();
    assert_eq!(stored, wanted, "each is a customer of their own");
    let (app, mut found) = (desk.web_app(), Vec::new());
    for id in all {
        let address = format!("/projects/sundial/customers/{}", segment(id));
        let page = desk.page(&VERA, &address).await;
        assert!(page.contains(&format!("data-copy=\"{id}\"")), "{id}");
        let read = app.get(&format!("/v1/subscribers/{}", segment(id))).await.json();
        assert_eq!(read["subscriber"]["original_app_user_id"], id);
        let searched = desk.get(&VERA, &format!("/projects/sundial/customers?q={}", segment(id))).await;
        found.push((id, searched.header("location") == address || searched.body.contains(&format!("{address}\""))));
    }
    assert_eq!(found.iter().filter(|(_, is_found)| !is_found).collect::<Vec<_>>(), Vec::<&(&str, bool)>::new());
}

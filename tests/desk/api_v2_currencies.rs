//! Virtual currencies over v2: balances, and changes of them that are events of Dossier's own (§C6, §15).

use actix_web::http::StatusCode;
use dossier::base::Role;
use serde_json::{Value, json};

use crate::support::audit_log::{audit_actions_of_keys, audit_lines};
use crate::support::cast::SOL;
use crate::support::client::Client;
use crate::support::customers::count_events;
use crate::support::events::{deliver, purchase};
use crate::support::pages::{card_of, text_of};
use crate::support::seed::MOONRISE_ID;
use crate::support::{Answer, Desk, NOW};

const PROJECT: &str = "/v2/projects/sundial";
const LENA: &str = "/v2/projects/sundial/customers/lena/virtual_currencies";

/// An event of RevenueCat that changes a balance of Lena's.
fn change(amount: i64, extra: Value) -> String {
    let mut fields = json!({
        "type": "VIRTUAL_CURRENCY_TRANSACTION", "source": "in_app_purchase", "purchase_environment": "PRODUCTION",
        "virtual_currency_transaction_id": format!("vatx{amount}{extra}"), "environment": null,
        "adjustments": [{ "amount": amount, "currency": { "code": "GLD", "name": "Gold" } }],
    });
    extra.as_object().into_iter().flatten().for_each(|(key, value)| fields[key] = value.clone());
    purchase("lena", 3, fields)
}

/// Lena has 30 Gold, and 7 in the sandbox.
async fn desk() -> Desk {
    let desk = Desk::open().await;
    deliver(&desk, desk.project, &[change(30, json!({})), change(7, json!({ "purchase_environment": "SANDBOX" }))]);
    desk
}

async fn get(server: &Client<'_>, path: &str) -> Value {
    let answer = server.get(path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
    answer.json()
}

async fn transact(server: &Client<'_>, adjustments: Value) -> Answer {
    server.post(&format!("{LENA}/transactions"), json!({ "adjustments": adjustments })).await
}

fn balances(list: &Value) -> Vec<(String, i64)> {
    let balance = |item: &Value| Some((item["currency_code"].as_str()?.to_owned(), item["balance"].as_i64()?));
    list["items"].as_array().expect("items").iter().filter_map(balance).collect()
}

fn gold(amount: i64) -> Vec<(String, i64)> {
    vec![("GLD".to_owned(), amount)]
}

#[actix_web::test]
async fn balances_and_currencies_are_read_as_events_name_them() {
    let desk = desk().await;
    let server = desk.server_as(Role::Viewer);
    let held = get(&server, LENA).await;
    let wanted = json!({ "object": "virtual_currency_balance", "currency_code": "GLD", "balance": 30, "name": "Gold" });
    assert_eq!((&held["items"], &held["url"]), (&json!([wanted]), &json!(LENA)));
    assert_eq!(balances(&get(&server, &format!("{LENA}?environment=sandbox")).await), gold(7));
    let all = get(&server, &format!("{PROJECT}/virtual_currencies")).await;
    let gld = &all["items"][0];
    assert_eq!((&gld["code"], &gld["name"], &gld["state"]), (&json!("GLD"), &json!("Gold"), &json!("active")));
    assert_eq!((&gld["object"], &gld["created_at"]), (&json!("virtual_currency"), &json!(NOW.plus_days(-3))));
    assert_eq!(get(&server, &format!("{PROJECT}/virtual_currencies/GLD")).await, *gld);
    deliver(&desk, desk.project, &[purchase("mara", 1, json!({}))]);
    let maras = format!("{PROJECT}/customers/mara/virtual_currencies");
    assert!(balances(&get(&server, &maras).await).is_empty());
    assert_eq!(balances(&get(&server, &format!("{maras}?include_empty_balances=true")).await), gold(0));
}

#[actix_web::test]
async fn a_currency_has_the_newest_name_and_the_earliest_time() {
    let desk = desk().await;
    let named = |name: &str, at: i64| {
        let currency = json!({ "code": "GLD", "name": name });
        change(1, json!({ "event_timestamp_ms": at, "adjustments": [{ "amount": 1, "currency": currency }] }))
    };
    let (early, late) = (NOW.plus_days(-9), NOW.plus_days(-1));
    deliver(&desk, desk.project, &[named("Old gold", early.millis()), named("Fine gold", late.millis())]);
    let gld = get(&desk.server(), &format!("{PROJECT}/virtual_currencies/GLD")).await;
    assert_eq!((&gld["name"], &gld["created_at"]), (&json!("Fine gold"), &json!(early)));
}

#[actix_web::test]
async fn a_transaction_changes_balances_and_leaves_an_event_and_a_trace() {
    let desk = desk().await;
    let server = desk.server_as(Role::Support);
    let body = json!({ "adjustments": { "GLD": -20, "SLV": 5 }, "reference": "ticket-4711" });
    let changed = server.post(&format!("{LENA}/transactions"), body).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.body);
    assert!(!changed.header("revenuecat-rate-limit-current-usage").is_empty());
    let both = vec![("GLD".to_owned(), 10), ("SLV".to_owned(), 5)];
    assert_eq!(balances(&changed.json()), both);
    assert_eq!(balances(&get(&server, LENA).await), both);
    assert_eq!(
        balances(&get(&server, &format!("{LENA}?environment=sandbox")).await),
        gold(7),
        "the other one is apart"
    );
    assert_eq!(
        audit_lines(&desk),
        ["balance_updated: GLD | 30 | 10 | ticket-4711", "balance_updated: SLV | 0 | 5 | ticket-4711"]
    );
    assert_eq!(
        audit_actions_of_keys(&desk),
        ["balance_updated by Billing server", "balance_updated by Billing server"]
    );
    let history = text_of(card_of(&desk.page(&SOL, "/projects/sundial/customers/lena").await, "history"));
    for words in ["Spent 20 GLD Gold", "by Billing server", "reason: ticket-4711"] {
        assert!(history.contains(words), "{words}: {history}");
    }
    let set = server
        .post(&format!("{LENA}/update_balance?environment=sandbox"), json!({ "adjustments": { "GLD": 3 } }))
        .await;
    assert_eq!(balances(&set.json()), gold(10));
    let codes = get(&server, &format!("{PROJECT}/virtual_currencies")).await;
    assert_eq!(codes["items"][1]["code"], "SLV");
}

#[actix_web::test]
async fn a_balance_that_would_leave_its_bounds_is_refused_and_nothing_changes() {
    let desk = desk().await;
    let server = desk.server();
    let events = count_events(&desk);
    for adjustments in
        [json!({ "GLD": -31 }), json!({ "AAA": 5, "GLD": -31 }), json!({ "SLV": -1 }), json!({ "GLD": 2_000_000_000 })]
    {
        let answer = transact(&server, adjustments.clone()).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{adjustments}: {}", answer.body);
        assert_eq!(answer.json()["type"], "unprocessable_entity_error");
    }
    assert_eq!(balances(&get(&server, LENA).await), gold(30));
    assert!(count_events(&desk) == events && audit_lines(&desk).is_empty());
    assert_eq!(balances(&transact(&server, json!({ "GLD": -30 })).await.json()), []);
    assert_eq!(balances(&get(&server, &format!("{LENA}?include_empty_balances=true")).await), gold(0));
    let nothing = transact(&server, json!({ "GLD": 0 })).await;
    assert_eq!(nothing.status, StatusCode::OK);
    assert_eq!(audit_lines(&desk).len(), 1);
}

#[actix_web::test]
async fn a_change_counts_from_the_balance_that_is_shown() {
    let desk = desk().await;
    deliver(&desk, desk.project, &[change(-50, json!({}))]);
    let server = desk.server();
    assert!(balances(&get(&server, LENA).await).is_empty(), "the events add up to less than nothing");
    assert_eq!(balances(&transact(&server, json!({ "GLD": 8 })).await.json()), gold(8));
    assert_eq!(balances(&transact(&server, json!({ "GLD": -8 })).await.json()), []);
}

#[actix_web::test]
async fn a_call_with_an_idempotency_key_happens_once() {
    let desk = desk().await;
    let server = desk.server().with("idempotency-key", "1234-5678");
    for _ in 0..2 {
        assert_eq!(balances(&transact(&server, json!({ "GLD": 5 })).await.json()), gold(35));
    }
    assert_eq!(audit_lines(&desk).len(), 1);
    let different = [
        server.post(&format!("{LENA}/transactions"), json!({ "adjustments": { "GLD": 6 } })).await,
        server.post(&format!("{LENA}/transactions"), json!({ "adjustments": { "GLD": 5 }, "reference": "x" })).await,
        server.post(&format!("{LENA}/update_balance"), json!({ "adjustments": { "GLD": 5 } })).await,
        server.post(&format!("{LENA}/transactions?environment=sandbox"), json!({ "adjustments": { "GLD": 5 } })).await,
    ];
    for answer in different {
        assert_eq!((answer.status, &answer.json()["type"]), (StatusCode::CONFLICT, &json!("idempotency_error")));
    }
    assert_eq!(balances(&get(&server, LENA).await), gold(35));
    let other = desk.client(MOONRISE_ID, "Other", None).with("idempotency-key", "1234-5678");
    other.post("/v2/projects/moonrise/customers", json!({ "id": "nia" })).await;
    let path = "/v2/projects/moonrise/customers/nia/virtual_currencies/transactions";
    let theirs = other.post(path, json!({ "adjustments": { "GLD": 1 } })).await;
    assert_eq!(balances(&theirs.json()), gold(1), "another project has keys of its own");
}

#[actix_web::test]
async fn calls_that_cannot_be_understood_change_nothing() {
    let desk = desk().await;
    let server = desk.server();
    let wrong = [
        (json!({}), "adjustments"),
        (json!({ "adjustments": {} }), "adjustments"),
        (json!({ "adjustments": [] }), "adjustments"),
        (json!({ "adjustments": { "GLD": 1.5 } }), "adjustments"),
        (json!({ "adjustments": { "GLD": "1" } }), "adjustments"),
        (json!({ "adjustments": { "two words": 1 } }), "adjustments"),
        (json!({ "adjustments": { "GLD": 2_000_000_001_i64 } }), "adjustments"),
        (json!({ "adjustments": { "GLD": 1e300 } }), "adjustments"),
        (json!({ "adjustments": { "GLD": 1 }, "reference": 7 }), "reference"),
        (json!({ "adjustments": { "GLD": 1 }, "reference": "x".repeat(501) }), "reference"),
    ];
    for (body, parameter) in wrong {
        let answer = server.post(&format!("{LENA}/transactions"), body.clone()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}: {}", answer.body);
        assert_eq!(answer.json()["param"], parameter, "{body}");
    }
    for query in ["environment=moon", "include_empty_balances=maybe"] {
        assert_eq!(server.get(&format!("{LENA}?{query}")).await.status, StatusCode::BAD_REQUEST, "{query}");
    }
    let long = desk.server().with("idempotency-key", "");
    assert_eq!(transact(&long, json!({ "GLD": 1 })).await.json()["param"], "Idempotency-Key");
    let nobody = server.post(&LENA.replace("lena", "nobody"), json!({})).await;
    assert_eq!(nobody.status, StatusCode::METHOD_NOT_ALLOWED);
    let nobody = format!("{}/transactions", LENA.replace("lena", "nobody"));
    let nobody = server.post(&nobody, json!({ "adjustments": { "GLD": 1 } })).await;
    assert_eq!((nobody.status, &nobody.json()["type"]), (StatusCode::NOT_FOUND, &json!("resource_missing")));
    assert_eq!(server.get(&format!("{PROJECT}/virtual_currencies/SLV")).await.status, StatusCode::NOT_FOUND);
    let other = desk.client(MOONRISE_ID, "Other", None);
    assert_eq!(other.get("/v2/projects/moonrise/virtual_currencies/GLD").await.status, StatusCode::NOT_FOUND);
    let viewer = desk.server_as(Role::Viewer);
    assert_eq!(transact(&viewer, json!({ "GLD": 1 })).await.status, StatusCode::FORBIDDEN);
    assert_eq!(desk.web_app().get(LENA).await.status, StatusCode::FORBIDDEN);
    assert!(audit_lines(&desk).is_empty());
}

#[actix_web::test]
async fn a_project_has_a_hundred_currencies_at_most() {
    let desk = desk().await;
    let server = desk.server();
    let many: serde_json::Map<String, Value> = (0..99).map(|number| (format!("C{number}"), json!(1))).collect();
    assert_eq!(transact(&server, Value::Object(many)).await.status, StatusCode::OK);
    let one_more = transact(&server, json!({ "C100": 1 })).await;
    assert_eq!(one_more.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", one_more.body);
    assert_eq!(transact(&server, json!({ "C1": 1 })).await.status, StatusCode::OK);
}

#[actix_web::test]
async fn a_currency_goes_with_the_last_customer_who_has_it_and_so_does_a_name_that_only_they_gave() {
    let desk = desk().await;
    let maras = |code: &str, name: &str| {
        let adjustments = json!([{ "amount": 1, "currency": { "code": code, "name": name } }]);
        let fields = json!({
            "type": "VIRTUAL_CURRENCY_TRANSACTION", "purchase_environment": "PRODUCTION", "environment": null,
            "virtual_currency_transaction_id": format!("vatx-{code}"), "adjustments": adjustments,
        });
        purchase("mara", 1, fields)
    };
    deliver(&desk, desk.project, &[maras("GLD", "Mara's gold"), maras("SLV", "Silver")]);
    let server = desk.server();
    let path = format!("{PROJECT}/virtual_currencies");
    let named = |list: &Value| -> Vec<String> {
        let name = |item: &Value| format!("{} {}", item["code"], item["name"]).replace('"', "");
        list["items"].as_array().expect("items").iter().map(name).collect()
    };
    assert_eq!(named(&get(&server, &path).await), ["GLD Mara's gold", "SLV Silver"]);
    let deleted = server.delete(&format!("{PROJECT}/customers/mara")).await;
    assert_eq!(deleted.status, StatusCode::OK, "{}", deleted.body);
    assert_eq!(named(&get(&server, &path).await), ["GLD Gold"]);
}

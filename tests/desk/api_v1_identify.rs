//! Logging in: which customers are merged, for every row of the table (§C3.4, §9.5).

use actix_web::http::{Method, StatusCode};
use diesel::prelude::*;
use dossier::base::error::Error;
use dossier::customers::identity;
use dossier::db::schema::{app_user_ids, customers};
use dossier::ingest::Outcome;
use serde_json::{Value, json};

use crate::support::cast::SOL;
use crate::support::catalogs::desk_with_offerings;
use crate::support::client::Client;
use crate::support::events::{deliver, deliver_together, purchase};
use crate::support::jobs::rebuild;
use crate::support::{Answer, Desk};

const ANONYMOUS: &str = "$RCAnonymousID:0123456789abcdef0123456789abcdef";
const OTHER: &str = "$RCAnonymousID:ffffffffffffffffffffffffffffffff";

async fn log_in(app: &Client<'_>, current: &str, new: &str) -> Answer {
    let body = json!({ "app_user_id": current, "new_app_user_id": new });
    app.post("/v1/subscribers/identify", body).await
}

async fn open(app: &Client<'_>, id: &str) {
    let answer = app.get(&format!("/v1/subscribers/{}", id.replace('$', "%24"))).await;
    assert!(answer.status.is_success(), "{}", answer.body);
}

/// The App User IDs of each customer.
fn customer_ids(desk: &Desk) -> Vec<Vec<String>> {
    let rows = app_user_ids::table.order((app_user_ids::customer_id, app_user_ids::app_user_id));
    let rows = rows.select((app_user_ids::customer_id, app_user_ids::app_user_id));
    let rows: Vec<(i64, String)> = desk.db.read_here(|conn| Ok::<_, Error>(rows.load(conn)?)).expect("ids");
    let mut all: Vec<(i64, Vec<String>)> = Vec::new();
    for (customer, id) in rows {
        match all.last_mut().filter(|(last, _)| *last == customer) {
            Some((_, ids)) => ids.push(id),
            None => all.push((customer, vec![id])),
        }
    }
    all.into_iter().map(|(_, ids)| ids).collect()
}

fn original(answer: &Answer) -> Value {
    answer.json()["subscriber"]["original_app_user_id"].clone()
}

#[actix_web::test]
async fn an_anonymous_user_gets_the_new_id_and_keeps_the_first() {
    let desk = Desk::open().await;
    let app = desk.web_app();
    open(&app, ANONYMOUS).await;
    desk.clock.advance(60);
    let answer = log_in(&app, ANONYMOUS, "lena").await;
    assert_eq!((answer.status, original(&answer)), (StatusCode::CREATED, json!(ANONYMOUS)));
    assert_eq!(answer.json()["subscriber"]["first_seen"], "2026-11-23T17:00:00Z");
    assert_eq!(customer_ids(&desk), [[ANONYMOUS, "lena"]]);
    let again = log_in(&app, ANONYMOUS, "lena").await;
    assert_eq!((again.status, original(&again)), (StatusCode::OK, json!(ANONYMOUS)));
    let page = desk.get(&SOL, "/projects/sundial/customers/lena").await;
    assert!(page.body.contains("Alias"), "the log-in is in the history");
}

#[actix_web::test]
async fn an_anonymous_user_is_merged_into_a_known_one_without_an_anonymous_id() {
    let desk = Desk::open().await;
    let app = desk.web_app();
    open(&app, "lena").await;
    desk.clock.advance(60);
    open(&app, ANONYMOUS).await;
    let answer = log_in(&app, ANONYMOUS, "lena").await;
    assert_eq!((answer.status, original(&answer)), (StatusCode::OK, json!("lena")), "lena was seen earlier");
    assert_eq!(customer_ids(&desk), [[ANONYMOUS, "lena"]]);
    // Another device: the app switches to Lena, and its anonymous customer stays.
    open(&app, OTHER).await;
    let answer = log_in(&app, OTHER, "lena").await;
    assert_eq!((answer.status, original(&answer)), (StatusCode::OK, json!("lena")));
    assert_eq!(customer_ids(&desk), [vec![ANONYMOUS, "lena"], vec![OTHER]]);
}

#[actix_web::test]
async fn an_id_is_anonymous_only_with_the_letters_of_an_anonymous_one() {
    let desk = Desk::open().await;
    let app = desk.web_app();
    const SMALL: &str = "$rcanonymousid:0123456789abcdef0123456789abcdef";
    open(&app, SMALL).await;
    open(&app, ANONYMOUS).await;
    let answer = log_in(&app, ANONYMOUS, SMALL).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(customer_ids(&desk), [[ANONYMOUS, SMALL]], "merged, because that id is a name");
}

#[actix_web::test]
async fn a_named_user_is_never_merged_into_another() {
    let desk = Desk::open().await;
    let app = desk.web_app();
    open(&app, "lena").await;
    assert_eq!(log_in(&app, "lena", "sandy").await.status, StatusCode::CREATED);
    assert_eq!(log_in(&app, "lena", "sandy").await.status, StatusCode::OK);
    assert_eq!(customer_ids(&desk), [["lena"], ["sandy"]]);
    assert_eq!(log_in(&app, "lena", "lena").await.status, StatusCode::OK);
    // A current id that is unknown gets a customer as well.
    assert_eq!(log_in(&app, "new", "newer").await.status, StatusCode::CREATED);
    assert_eq!(customer_ids(&desk).len(), 4);
}

#[actix_web::test]
async fn ids_that_name_nobody_are_refused_and_create_no_customer() {
    let desk = Desk::open().await;
    let app = desk.web_app();
    for (current, new) in [(ANONYMOUS, "null"), (ANONYMOUS, ""), ("", "lena"), ("guest", "lena"), (ANONYMOUS, "a/b")] {
        assert_eq!(log_in(&app, current, new).await.refused(), (400, 7220), "{current} {new}");
    }
    for body in
        [json!({}), json!({ "app_user_id": "a" }), json!({ "app_user_id": 1, "new_app_user_id": "b" }), json!([])]
    {
        assert_eq!(app.post("/v1/subscribers/identify", body.clone()).await.refused(), (400, 7226), "{body}");
    }
    assert_eq!(customer_ids(&desk), Vec::<Vec<String>>::new());
}

#[actix_web::test]
async fn two_devices_that_log_in_at_once_are_one_customer() {
    let desk = Desk::open().await;
    let app = desk.web_app();
    for id in [ANONYMOUS, OTHER] {
        open(&app, id).await;
    }
    let both = [ANONYMOUS, OTHER].map(|id| {
        let body = json!({ "app_user_id": id, "new_app_user_id": "lena" }).to_string();
        app.request(Method::POST, "/v1/subscribers/identify").set_payload(body)
    });
    let mut statuses: Vec<StatusCode> = desk.call_at_once(both.into()).await.iter().map(|one| one.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [StatusCode::OK, StatusCode::CREATED]);
    let with_lena = customer_ids(&desk).into_iter().filter(|ids| ids.contains(&"lena".to_owned())).count();
    assert_eq!(with_lena, 1);
}

#[actix_web::test]
async fn a_merge_joins_attributes_and_purchases_and_the_override_of_the_named_user_wins() {
    let desk = desk_with_offerings().await;
    let (app, server) = (desk.web_app(), desk.server());
    open(&app, ANONYMOUS).await;
    desk.clock.advance(60);
    open(&app, "zoe").await;
    let bought = json!({ "entitlement_ids": ["pro"], "environment": "SANDBOX" });
    deliver_together(&desk, desk.project, &[purchase(ANONYMOUS, 1, bought)]);
    let set = |value: &str, at: i64| json!({ "attributes": { "plan": { "value": value, "updated_at_ms": at } } });
    let anonymous = "/v1/subscribers/%24RCAnonymousID%3A0123456789abcdef0123456789abcdef";
    app.post(&format!("{anonymous}/attributes"), set("new", 2_000)).await;
    app.post("/v1/subscribers/zoe/attributes", set("old", 1_000)).await;
    server.post(&format!("{anonymous}/offerings/winback/override"), json!(null)).await;
    server.post("/v1/subscribers/zoe/offerings/zen/override", json!(null)).await;
    assert_eq!(log_in(&app, ANONYMOUS, "zoe").await.status, StatusCode::OK);
    let answer_body = server.get("/v1/subscribers/zoe").await.json();
    assert_eq!(answer_body["subscriber"]["subscriber_attributes"]["plan"]["value"], "new");
    assert!(answer_body["subscriber"]["entitlements"].get("pro").is_some(), "{answer_body}");
    assert_eq!(app.get("/v1/subscribers/zoe/offerings").await.json()["current_offering_id"], "zen");
    assert_eq!(app.get(&format!("{anonymous}/offerings")).await.json()["current_offering_id"], "zen");
}

#[actix_web::test]
async fn a_rebuild_keeps_what_a_log_in_merged() {
    let desk = Desk::open().await;
    let app = desk.web_app();
    open(&app, ANONYMOUS).await;
    log_in(&app, ANONYMOUS, "lena").await;
    rebuild(&desk, None);
    assert_eq!(customer_ids(&desk), [[ANONYMOUS, "lena"]]);
    let best = customers::table.select(customers::best_app_user_id);
    let best: String = desk.db.read_here(|conn| Ok::<_, Error>(best.first(conn)?)).expect("a customer");
    assert_eq!(best, "lena");
}

#[actix_web::test]
async fn an_app_cannot_merge_two_named_customers() {
    let desk = Desk::open().await;
    let app = desk.web_app();
    open(&app, "lena").await;
    open(&app, "sandy").await;
    let body = json!({ "new_app_user_id": "sandy" });
    assert_eq!(app.post("/v1/subscribers/lena/alias", body).await.refused(), (404, 7259));
    assert_eq!(customer_ids(&desk), [["lena"], ["sandy"]]);
}

/// A customer who has this id and so many others.
fn add_customer_of_many(desk: &Desk, id: &str, others: i64) {
    let ids: Vec<String> = (0..others).map(|number| format!("{id}-{number}")).collect();
    let all: Vec<&str> = ids.iter().map(String::as_str).chain([id]).collect();
    let event = purchase(id, 1, json!({ "aliases": all, "transaction_id": id, "original_transaction_id": id }));
    assert_eq!(deliver(desk, desk.project, &[event]), [Outcome::Stored]);
}

#[actix_web::test]
async fn beyond_the_limit_of_ids_a_log_in_switches_without_merging_and_an_event_merges() {
    let desk = Desk::open().await;
    let app = desk.web_app();
    add_customer_of_many(&desk, "lena", identity::MOST_IDS - 1);
    add_customer_of_many(&desk, OTHER, identity::MOST_IDS);
    open(&app, ANONYMOUS).await;
    assert_eq!(log_in(&app, ANONYMOUS, "lena").await.status, StatusCode::OK);
    assert_eq!(log_in(&app, OTHER, "mara").await.status, StatusCode::CREATED);
    let lengths = || customer_ids(&desk).iter().map(Vec::len).collect::<Vec<_>>();
    let (most, mut ids) = (usize::try_from(identity::MOST_IDS).expect("a length"), lengths());
    ids.sort_unstable();
    assert_eq!(ids, [1, 1, most, most + 1], "nobody was merged");
    let event = purchase("lena", 1, json!({ "id": "both", "aliases": ["lena", ANONYMOUS, "mara"] }));
    assert_eq!(deliver(&desk, desk.project, &[event]), [Outcome::Stored]);
    let mut ids = lengths();
    ids.sort_unstable();
    assert_eq!(ids, [most + 1, most + 2]);
}

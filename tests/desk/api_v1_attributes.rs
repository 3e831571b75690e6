//! Attributes and attribution over the client API (§C3.5, §C3.11, §C3.12, §10).

use actix_web::http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::support::audit_log::audit_lines;
use crate::support::cast::SOL;
use crate::support::client::Client;
use crate::support::events::{deliver, purchase};
use crate::support::jobs::rebuild;
use crate::support::{Answer, Desk, NOW};

const PATH: &str = "/v1/subscribers/lena/attributes";

async fn desk() -> Desk {
    let desk = Desk::open().await;
    desk.web_app().get("/v1/subscribers/lena").await;
    desk
}

async fn set(client: &Client<'_>, key: &str, value: Value, at: i64) -> Answer {
    client.post(PATH, json!({ "attributes": { key: { "value": value, "updated_at_ms": at } } })).await
}

async fn known(desk: &Desk) -> Map<String, Value> {
    let answer_body = desk.server().get("/v1/subscribers/lena").await.json();
    let all = answer_body["subscriber"]["subscriber_attributes"].as_object().cloned().expect("attributes");
    all.into_iter().map(|(key, entry)| (key, entry["value"].clone())).collect()
}

#[actix_web::test]
async fn attributes_from_an_app_are_stored_shown_and_found() {
    let desk = desk().await;
    let app = desk.web_app();
    let body = json!({ "attributes": {
        "$email": { "value": "lena@okafor.example", "updated_at_ms": 1_935_914_400_123_i64 },
        "favourite-cat_2": { "value": "Mim 🐈", "updated_at_ms": 5 },
    }});
    let answer = app.post(PATH, body).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.json()["subscriber"].get("subscriber_attributes").is_none());
    let page = desk.get(&SOL, "/projects/sundial/customers/lena").await;
    assert!(page.body.contains("Mim 🐈") && page.body.contains("lena@okafor.example"));
    let found = desk.get(&SOL, "/projects/sundial/customers?q=lena%40okafor.example").await;
    assert!(found.location().contains("/customers/lena"), "{}", found.location());
    assert_eq!(audit_lines(&desk), Vec::<String>::new(), "what an app sends is not in the team's log");
}

#[actix_web::test]
async fn an_older_value_never_overwrites_a_newer_value_or_deletion() {
    let desk = desk().await;
    let app = desk.web_app();
    set(&app, "plan", json!("second"), 2_000).await;
    for at in [1_000, 2_000] {
        assert_eq!(set(&app, "plan", json!("first"), at).await.status, StatusCode::OK);
    }
    assert_eq!(known(&desk).await["plan"], "second");
    set(&app, "plan", Value::Null, 3_000).await;
    set(&app, "plan", json!("late"), 2_500).await;
    assert!(!known(&desk).await.contains_key("plan"));
    set(&app, "plan", json!("back"), 4_000).await;
    set(&app, "other", json!("x"), 1).await;
    set(&app, "other", json!(""), 2).await;
    assert_eq!(known(&desk).await, Map::from_iter([("plan".to_owned(), json!("back"))]));
}

/// The last millisecond of the year 9999.
const FAR_AHEAD: i64 = 253_402_300_799_999;

#[actix_web::test]
async fn a_date_after_now_counts_as_now_and_a_server_without_a_date_always_writes() {
    let desk = desk().await;
    let (app, server) = (desk.web_app(), desk.server());
    let at = async || {
        desk.server().get("/v1/subscribers/lena").await.json()["subscriber"]["subscriber_attributes"]["goal"].take()
    };
    set(&app, "goal", json!("app"), FAR_AHEAD).await;
    assert_eq!(at().await, json!({ "value": "app", "updated_at_ms": NOW.millis() }));
    let undated = json!({ "attributes": { "goal": { "value": "server" } } });
    assert_eq!(server.post(PATH, undated).await.status, StatusCode::OK);
    assert_eq!(at().await, json!({ "value": "server", "updated_at_ms": NOW.millis() + 1 }));
    set(&app, "goal", json!("app again"), FAR_AHEAD).await;
    assert_eq!(at().await["value"], "server", "the app's write is of the same moment and not newer");
    let v2 = json!({ "attributes": [{ "name": "goal", "value": "v2" }] });
    let path = "/v2/projects/sundial/customers/lena/attributes";
    assert_eq!(server.post(path, v2).await.status, StatusCode::OK);
    assert_eq!(at().await["value"], "v2");
    desk.clock.advance(2);
    set(&app, "goal", json!("app, later"), FAR_AHEAD).await;
    assert_eq!(at().await["value"], "app, later");
    set(&server, "goal", json!("server, dated"), 5).await;
    assert_eq!(at().await["value"], "app, later", "a server that says when is judged by that");
    assert_eq!(server.post(PATH, json!({ "attributes": { "goal": { "value": null } } })).await.status, StatusCode::OK);
    assert_eq!(at().await, Value::Null);
}

#[actix_web::test]
async fn a_date_far_ahead_in_an_event_counts_as_its_arrival() {
    let desk = desk().await;
    let attributes = json!({ "subscriber_attributes": { "goal": { "value": "event", "updated_at_ms": FAR_AHEAD } } });
    deliver(&desk, desk.project, &[purchase("lena", 1, attributes)]);
    let server = desk.server();
    let undated = json!({ "attributes": { "goal": { "value": "server" } } });
    assert_eq!(server.post(PATH, undated).await.status, StatusCode::OK);
    assert_eq!(known(&desk).await["goal"], "server");
    deliver(
        &desk,
        desk.project,
        &[purchase("lena", 2, json!({ "type": "CANCELLATION", "cancel_reason": "UNSUBSCRIBE" }))],
    );
    assert_eq!(known(&desk).await["goal"], "server");
    rebuild(&desk, Some(desk.project));
    assert_eq!(known(&desk).await["goal"], "server");
}

#[actix_web::test]
async fn attributes_that_cannot_be_saved_are_named_and_the_rest_is_saved() {
    let desk = desk().await;
    let entry = |value: Value| json!({ "value": value });
    let body = json!({ "attributes": {
        "good": entry(json!("kept")), "$brandNewKey": entry(json!("kept")), "two words": entry(json!("x")),
        "1st": entry(json!("x")), "": entry(json!("x")), "$": entry(json!("x")), "n": entry(json!(7)), "e": json!("x"),
        "$email": entry(json!("nobody")), "long": entry(json!("é".repeat(501))), "fits": entry(json!("é".repeat(500))),
        "nul": entry(json!("a\u{0}b")), "when": json!({ "value": "x", "updated_at_ms": "soon" }),
        "then": json!({ "value": "x", "updated_at_ms": 253_402_300_800_000_i64 }),
        "before": json!({ "value": "x", "updated_at_ms": -1 }),
        "k".repeat(41): entry(json!("x")), "k".repeat(40): entry(json!("x")),
    }});
    let answer = desk.web_app().post(PATH, body).await;
    assert_eq!(answer.refused(), (400, 7263));
    let answer_body = answer.json();
    let mut wrong: Vec<&str> = answer_body["attribute_errors"]
        .as_array()
        .expect("errors")
        .iter()
        .filter_map(|one| one["key_name"].as_str())
        .collect();
    wrong.sort_unstable();
    let long = "k".repeat(41);
    assert_eq!(
        wrong,
        ["", "$", "$email", "1st", "before", "e", long.as_str(), "long", "n", "nul", "then", "two words", "when"]
    );
    let mut kept: Vec<String> = known(&desk).await.keys().cloned().collect();
    kept.sort_unstable();
    assert_eq!(kept, ["$brandNewKey".to_owned(), "fits".into(), "good".into(), "k".repeat(40)]);
}

#[actix_web::test]
async fn a_customer_has_at_most_fifty_custom_attributes() {
    let desk = desk().await;
    let all: Map<String, Value> = (0..51).map(|number| (format!("a{number:02}"), json!({ "value": "x" }))).collect();
    let answer = desk.web_app().post(PATH, json!({ "attributes": all })).await;
    assert_eq!(answer.refused(), (400, 7263));
    assert_eq!(answer.json()["attribute_errors"].as_array().map(Vec::len), Some(1));
    assert_eq!(known(&desk).await.len(), 50);
    assert_eq!(set(&desk.web_app(), "a00", json!("changed"), NOW.millis() + 1).await.status, StatusCode::OK);
    assert_eq!(set(&desk.web_app(), "$displayName", json!("Lena"), 1).await.status, StatusCode::OK);
    desk.clock.advance(1);
    let swapped = json!({ "a00a": { "value": "x" }, "a49": { "value": null } });
    let answer = desk.web_app().post(PATH, json!({ "attributes": swapped })).await;
    assert_eq!(answer.status, StatusCode::OK, "cleared attributes make room first: {}", answer.body);
}

#[actix_web::test]
async fn reserved_keys_and_the_keys_of_one_call_are_limited_too() {
    let desk = desk().await;
    let app = desk.web_app();
    let of = |prefix: &str, many: usize| {
        let entries = (0..many).map(|number| (format!("{prefix}{number:03}"), json!({ "value": "x" })));
        json!({ "attributes": entries.collect::<Map<String, Value>>() })
    };
    assert_eq!(app.post(PATH, of("$new", 251)).await.refused(), (400, 7264));
    assert_eq!(known(&desk).await, Map::new());
    let answer = app.post(PATH, of("$new", 151)).await;
    assert_eq!((answer.refused(), answer.json()["attribute_errors"].as_array().map(Vec::len)), ((400, 7263), Some(1)));
    assert_eq!(known(&desk).await.len(), 150);
    assert_eq!(set(&app, "$email", json!("lena@okafor.example"), 1).await.status, StatusCode::OK, "known keys fit");
    assert_eq!(set(&app, "plan", json!("a"), 1).await.status, StatusCode::OK);
}

#[actix_web::test]
async fn a_body_without_attributes_has_its_own_error_code() {
    let desk = desk().await;
    let app = desk.web_app();
    for body in ["", "{", "null", "[]", "7", "{}", r#"{"attributes": null}"#, r#"{"attributes": []}"#] {
        assert_eq!(app.call(Method::POST, PATH, Some(body.to_owned())).await.refused(), (400, 7264), "{body}");
    }
    let body = json!({ "attributes": { "plan": { "value": "x" } } });
    assert_eq!(app.post("/v1/subscribers/nobody/attributes", body.clone()).await.refused(), (404, 7259));
    let made = desk.server().post("/v1/subscribers/nobody/attributes", body).await;
    assert_eq!(made.status, StatusCode::OK, "a call of a server creates the customer");
    assert_eq!(audit_lines(&desk), ["attribute_set: plan | - | x | -"]);
}

#[actix_web::test]
async fn the_value_true_lets_the_server_fill_in_the_attribute() {
    let desk = desk().await;
    let app = desk
        .app("PLAY_STORE")
        .with("x-platform", "android")
        .with("x-platform-version", "34")
        .with("x-platform-device", "Pixel 8");
    let body = json!({ "attributes": { "$ip": { "value": "true" }, "$deviceVersion": { "value": "true" } } });
    assert_eq!(app.post(PATH, body).await.status, StatusCode::OK);
    assert_eq!(known(&desk).await, Map::from_iter([("$deviceVersion".to_owned(), json!("android 34 Pixel 8"))]));
}

#[actix_web::test]
async fn campaigns_that_old_sdks_send_are_on_the_attribution_card() {
    let desk = desk().await;
    let app = desk.web_app();
    let token = json!({ "aad_attribution_token": "abc" });
    let answer = app.post("/v1/subscribers/lena/adservices_attribution", token.clone()).await;
    assert_eq!((answer.status, answer.json()), (StatusCode::OK, json!({})));
    assert_eq!(known(&desk).await["$mediaSource"], "Apple Search Ads (token received)");
    desk.clock.advance(1);
    for network in [json!("2"), json!(2)] {
        let body = json!({ "network": network, "data": { "campaign": "spring", "rc_gps_adid": "g" } });
        assert_eq!(app.post("/v1/subscribers/lena/attribution", body).await.json(), json!({}));
    }
    desk.clock.advance(1);
    app.post("/v1/subscribers/lena/adservices_attribution", token).await;
    let known = known(&desk).await;
    assert_eq!(
        (&known["$mediaSource"], &known["$campaign"], &known["$gpsAdId"]),
        (&json!("AppsFlyer"), &json!("spring"), &json!("g"))
    );
    let page = desk.get(&SOL, "/projects/sundial/customers/lena").await;
    assert!(page.body.contains("AppsFlyer") && page.body.contains("spring"));
}

/// A 4xx would make Android drop the attributes for good (§C2.7).
#[actix_web::test]
async fn an_app_that_writes_too_often_for_a_customer_is_to_come_back_later() {
    let desk = desk().await;
    let app = desk.web_app();
    let mut written = 0;
    let refused = loop {
        let answer = set(&app, "plan", json!(format!("{written}")), written).await;
        if answer.status != StatusCode::OK {
            break answer;
        }
        written += 1;
    };
    assert!((120..400).contains(&written), "{written} writes");
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.json()["code"], 7110);
    assert!(refused.body.contains("than is taken in a minute"), "{}", refused.body);
    assert!(refused.header("retry-after").parse::<u64>().is_ok_and(|seconds| (1..=60).contains(&seconds)));
    let body = json!({ "attributes": { "plan": { "value": "a" } } });
    app.get("/v1/subscribers/mara").await;
    assert_eq!(app.post("/v1/subscribers/mara/attributes", body.clone()).await.status, StatusCode::OK, "somebody else");
    assert_eq!(desk.server().post(PATH, body).await.status, StatusCode::OK, "a server");
    assert_eq!(app.get("/v1/subscribers/lena").await.status, StatusCode::OK, "reading");
}

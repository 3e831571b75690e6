//! Why somebody has access or not: on the page, as JSON and for servers, and that it agrees with the access that clients get.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::support::cast::{ADA, SOL, VERA};
use crate::support::catalogs::apply_catalog;
use crate::support::events::{TODAY, deliver, deliver_together, purchase, replace_fields, transfer_event};
use crate::support::pages::{card_of, text_of};
use crate::support::{DAY, Desk, NOW};

const CUSTOMERS: &str = "/v2/projects/sundial/customers";

/// What happened to somebody: type, days ago, transaction, days that it lasts, a further choice.
type Drawn = (&'static str, i64, i64, i64, i64);

fn histories() -> impl Strategy<Value = Vec<Drawn>> {
    let kinds = prop::sample::select(vec![
        "INITIAL_PURCHASE",
        "INITIAL_PURCHASE",
        "RENEWAL",
        "RENEWAL",
        "CANCELLATION",
        "UNCANCELLATION",
        "EXPIRATION",
        "BILLING_ISSUE",
        "PRODUCT_CHANGE",
        "SUBSCRIPTION_PAUSED",
        "NON_RENEWING_PURCHASE",
        "REFUND_REVERSED",
        "SUBSCRIPTION_EXTENDED",
        "TEMPORARY_ENTITLEMENT_GRANT",
    ]);
    prop::collection::vec((kinds, 0..70_i64, 0..3_i64, 1..60_i64, 0..12_i64), 1..7)
}

/// One of these words.
fn of<const N: usize>(words: [&'static str; N], number: i64) -> &'static str {
    words[usize::try_from(number).expect("not less than nothing") % N]
}

fn body(id: &str, number: usize, (kind, ago, transaction, lasts, choice): Drawn) -> String {
    let at = NOW.millis() - ago * DAY;
    let refund = choice % 4 == 0 && kind == "CANCELLATION";
    let mut fields = json!({
        "id": format!("{id}-{number}"), "type": kind, "event_timestamp_ms": at, "app_user_id": id, "original_app_user_id": id,
        "aliases": [id], "store": of(["APP_STORE", "PLAY_STORE", "STRIPE"], transaction), "purchased_at_ms": at,
        "product_id": of(["pro_monthly", "coach_monthly", "calm_monthly"], transaction),
        "entitlement_ids": [of(["pro", "coach", "pro"], transaction)],
        "environment": if choice % 5 == 0 { "SANDBOX" } else { "PRODUCTION" },
        "period_type": of(["NORMAL", "TRIAL", "INTRO", "PREPAID"], choice), "price": if refund { -8.99 } else { 8.99 },
        "expiration_at_ms": at + lasts * DAY, "transaction_id": format!("{id}-{transaction}"),
        "original_transaction_id": format!("{id}-{transaction}"),
    });
    let more = match kind {
        "CANCELLATION" => {
            json!({ "cancel_reason": if refund { "CUSTOMER_SUPPORT" } else { of(["UNSUBSCRIBE", "BILLING_ERROR"], choice) } })
        }
        "EXPIRATION" => {
            json!({ "expiration_reason": of(["BILLING_ERROR", "UNSUBSCRIBE", "PRICE_INCREASE"], choice) })
        }
        "BILLING_ISSUE" if choice % 2 == 0 => json!({ "grace_period_expiration_at_ms": at + (lasts + 16) * DAY }),
        "NON_RENEWING_PURCHASE" if choice % 2 == 0 => json!({ "expiration_at_ms": null }),
        "NON_RENEWING_PURCHASE" => json!({ "store": "PROMOTIONAL", "period_type": "PROMOTIONAL", "price": 0 }),
        "PRODUCT_CHANGE" => json!({ "new_product_id": "pro_annual" }),
        _ => json!({}),
    };
    replace_fields(&mut fields, &more);
    json!({ "api_version": "1.0", "event": fields }).to_string()
}

/// The entitlements that give access, each with its end; `None` if it has none.
type Access = BTreeMap<String, Option<i64>>;

async fn explained(desk: &Desk, id: &str, environment: &str) -> Value {
    let answer = desk.server().get(&format!("{CUSTOMERS}/{id}/explanation?environment={environment}")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

fn access(explanations: &Value) -> Access {
    let all = explanations["explanations"].as_array().expect("a list");
    let giving = all.iter().filter(|one| one["has_access"] == true);
    giving
        .filter_map(|one| Some((one["entitlement"]["identifier"].as_str()?.to_owned(), one["until"].as_i64())))
        .collect()
}

fn latest(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    one.zip(other).map(|(one, other)| one.max(other))
}

#[actix_web::test]
async fn the_verdict_is_the_access_that_both_versions_of_the_api_report() {
    let desk = Desk::open().await;
    let mut runner = TestRunner::deterministic();
    let (mut with_access, mut without) = (0, 0);
    for number in 0..150 {
        let id = format!("somebody-{number}");
        let drawn = histories().new_tree(&mut runner).expect("a history").current();
        let bodies: Vec<String> = drawn.iter().enumerate().map(|(number, one)| body(&id, number, *one)).collect();
        deliver_together(&desk, desk.project, &bodies);
        let mut own = access(&explained(&desk, &id, "production").await);
        for (entitlement, until) in access(&explained(&desk, &id, "sandbox").await) {
            let known = own.entry(entitlement).or_insert(until);
            *known = latest(*known, until);
        }
        let server = desk.server();
        let v2 = server.get(&format!("{CUSTOMERS}/{id}/active_entitlements")).await.json();
        let items = v2["items"].as_array().expect("a list").iter();
        let v2: Access = items
            .map(|item| (item["entitlement_id"].as_str().expect("an id").to_owned(), item["expires_at"].as_i64()))
            .collect();
        assert_eq!(own, v2, "{drawn:#?}");
        let v1 = server.get(&format!("/v1/subscribers/{id}")).await.json();
        let end = |own: &Value, field: &str| {
            let end = own[field].as_str().map(|end| end.parse::<chrono::DateTime<chrono::Utc>>().expect("a time"));
            end.map(|end| end.timestamp_millis())
        };
        let is_active = |own: &Value| {
            let expires = end(own, "expires_date");
            expires.is_none() || expires.max(end(own, "grace_period_expires_date")) > Some(NOW.millis())
        };
        let v1 = v1["subscriber"]["entitlements"].as_object().expect("entitlements").clone();
        let v1: BTreeSet<String> = v1.into_iter().filter(|(_, own)| is_active(own)).map(|(id, _)| id).collect();
        assert_eq!(own.keys().cloned().collect::<BTreeSet<_>>(), v1, "{drawn:#?}");
        *(if own.is_empty() { &mut without } else { &mut with_access }) += 1;
    }
    assert!(with_access > 30 && without > 30, "{with_access} with access, {without} without");
}

/// The text of a page without spaces: elements within a sentence part its words.
fn plain(page: &str) -> String {
    joined(&text_of(page))
}

fn joined(text: &str) -> String {
    text.split_whitespace().collect()
}

#[actix_web::test]
async fn the_page_the_file_and_servers_say_the_same() {
    let desk = Desk::open().await;
    let trial = json!({ "id": "trial", "period_type": "TRIAL", "price": 0, "entitlement_ids": ["pro"],
        "expiration_at_ms": NOW.millis() - 33 * DAY });
    let off = json!({ "id": "off", "type": "CANCELLATION", "cancel_reason": "UNSUBSCRIBE", "period_type": "TRIAL", "price": 0,
        "purchased_at_ms": NOW.millis() - 40 * DAY, "expiration_at_ms": NOW.millis() - 33 * DAY });
    let over = json!({ "id": "over", "type": "EXPIRATION", "expiration_reason": "UNSUBSCRIBE", "period_type": "TRIAL", "price": 0,
        "purchased_at_ms": NOW.millis() - 40 * DAY, "expiration_at_ms": NOW.millis() - 33 * DAY });
    deliver(&desk, desk.project, &[purchase("mara", 40, trial), purchase("mara", 37, off), purchase("mara", 33, over)]);
    let page = desk.page(&VERA, "/projects/sundial/customers/mara").await;
    let shown = desk.get(&VERA, "/projects/sundial/customers/mara/explanation.json").await.json();
    let of_servers = explained(&desk, "mara", "production").await;
    assert_eq!(shown, of_servers);
    let main = &shown["explanations"][0];
    assert_eq!(
        (&main["case"], &main["has_access"], &main["rule"]),
        (&json!("trial_over"), &json!(false), &json!("§6.2"))
    );
    let text = plain(&page);
    for part in ["headline", "reason", "tell"] {
        let words = main[part].as_str().expect(part);
        assert!(text.contains(&joined(words)), "{part}: {words}");
    }
    for step in main["steps"].as_array().expect("steps") {
        let words = step["text"].as_str().expect("words");
        assert!(text.contains(&joined(words)), "{words}");
        if let Some(event) = step["event_id"].as_str() {
            assert!(page.contains(&format!("/customers/mara/events/{event}\"")), "{event} is linked");
        }
    }
    assert!(main["tell"].as_str().is_some_and(|tell| tell.contains("You were not charged")), "{main}");
    let nobody = desk.server().get(&format!("{CUSTOMERS}/nobody/explanation")).await;
    assert_eq!((nobody.status.as_u16(), &nobody.json()["type"]), (404, &json!("resource_missing")));
    let bad = desk.server().get(&format!("{CUSTOMERS}/mara/explanation?environment=moon")).await;
    assert_eq!((bad.status.as_u16(), &bad.json()["param"]), (400, &json!("environment")));
}

#[actix_web::test]
async fn a_grant_names_who_gave_it_and_why_but_not_in_what_is_held() {
    let desk = Desk::open().await;
    deliver(&desk, desk.project, &[purchase("mara", 400, json!({ "entitlement_ids": ["pro"] }))]);
    apply_catalog(&desk, &json!({ "entitlements": [{ "id": "pro", "display_name": "Pro access" }] }));
    let fields = [("entitlement", "pro"), ("duration", "weekly"), ("reason", "an outage")];
    let granted = desk.post_form(&SOL, "/projects/sundial/customers/mara/grants", &fields).await;
    assert_eq!(granted.status, 303, "{}", granted.body);
    let page = desk.page(&VERA, "/projects/sundial/customers/mara").await;
    let answer = plain(&page);
    assert!(answer.contains(&joined("Granted by Sol Mbeki on 23 Nov, until 30 Nov: “an outage”.")), "{answer}");
    let held = desk.get(&ADA, "/projects/sundial/customers/mara/export.json").await.json();
    let own = &held["explanations"][0];
    assert_eq!((&own["entitlement"], &own["has_access"]), (&json!("pro"), &json!(true)));
    assert!(!own.to_string().contains("Sol"), "{own}");
}

/// Mara, who has Pro monthly and a device that says this language.
async fn mara_with(desk: &Desk, locale: &str) {
    let coach = json!({ "id": "coach", "product_id": "coach_monthly", "entitlement_ids": ["coach"], "transaction_id": "t-c",
        "original_transaction_id": "t-c" });
    deliver(desk, desk.project, &[purchase("mara", 3, coach)]);
    apply_catalog(desk, &json!({ "entitlements": [{ "id": "coach", "display_name": "Coach" }] }));
    let phone = desk.app("APP_STORE").with("x-platform", "iOS").with("x-storefront", "DEU");
    phone.with("x-client-locale", locale).get("/v1/subscribers/mara").await;
}

/// The answer to Mara, at this address of servers.
async fn answer_at(desk: &Desk, query: &str) -> Value {
    let answer = desk.server().get(&format!("{CUSTOMERS}/mara/explanation{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["explanations"][0].take()
}

#[actix_web::test]
async fn the_answer_is_in_the_language_of_the_device_and_in_english() {
    let desk = Desk::open().await;
    mara_with(&desk, "de-DE").await;
    let page = plain(&desk.page(&VERA, "/projects/sundial/customers/mara").await);
    assert!(page.contains(&joined("To the customer, in German: “Sie haben Zugriff auf „Coach“.")), "{page}");
    assert!(page.contains(&joined("The same in English: “You have Coach.")), "{page}");
    let main = answer_at(&desk, "").await;
    assert_eq!((&main["answer"]["language"], &main["answer"]["fell_back_from"]), (&json!("de"), &Value::Null));
    assert!(page.contains(&joined("Days and times in it are those of Europe/Berlin.")), "{page}");
    assert_eq!(main["answer"]["time_zone"], "Europe/Berlin");
    assert!(main["answer"]["text"].as_str().is_some_and(|text| text.starts_with("Sie haben")), "{main}");
    assert!(main["tell"].as_str().is_some_and(|text| text.starts_with("You have Coach.")), "{main}");
}

#[actix_web::test]
async fn another_language_can_be_chosen_and_the_rest_of_the_address_stays() {
    let desk = Desk::open().await;
    mara_with(&desk, "de-DE").await;
    let html = desk.page(&VERA, "/projects/sundial/customers/mara?topic=money&language=fr").await;
    let page = plain(&html);
    assert!(page.contains(&joined("in French: “Vous avez accès à « Coach ».")), "{page}");
    let form = html.split_once("class=\"why__language\"").and_then(|(_, rest)| rest.split_once("</form>"));
    let form = form.expect("a form").0;
    assert!(form.contains("name=\"topic\" value=\"money\"") && form.contains("value=\"fr\" selected"), "{form}");
    assert!(!form.contains("type=\"hidden\" name=\"language\""), "{form}");
    assert_eq!(answer_at(&desk, "?language=ja").await["answer"]["language"], "ja");
    let shown = desk.get(&VERA, "/projects/sundial/customers/mara/explanation.json?language=es").await.json();
    assert_eq!(shown["explanations"][0]["answer"]["language"], "es");
}

#[actix_web::test]
async fn a_language_without_a_text_falls_back_to_english_and_says_so() {
    let desk = Desk::open().await;
    mara_with(&desk, "pl-PL").await;
    let address = "/projects/sundial/customers/mara";
    let said = joined("No text in Polish yet; English is shown.");
    assert!(plain(&desk.page(&VERA, address).await).contains(&said));
    let main = answer_at(&desk, "").await;
    assert_eq!((&main["answer"]["language"], &main["answer"]["fell_back_from"]), (&json!("en"), &json!("Polish")));
    assert_eq!(main["answer"]["text"], main["tell"]);
    let chosen = desk.page(&VERA, &format!("{address}?language=nl")).await;
    assert!(plain(&chosen).contains(&joined("No text in Dutch yet; English is shown.")));
    assert_eq!(answer_at(&desk, "?language=%3Cb%3E").await["answer"]["fell_back_from"], "this language");
    assert!(!plain(&desk.page(&VERA, &format!("{address}?language=en")).await).contains("Notextin"));
}

#[actix_web::test]
async fn no_language_names_anybody_else() {
    let desk = Desk::open().await;
    let events = [
        purchase("zofia", 20, json!({ "entitlement_ids": ["pro"] })),
        transfer_event(TODAY - 5, &["zofia"], &["mara"]),
    ];
    deliver(&desk, desk.project, &events);
    for (id, other) in [("zofia", "mara"), ("mara", "zofia")] {
        for language in ["en", "de", "es", "fr", "it", "pt", "ja"] {
            let path = format!("{CUSTOMERS}/{id}/explanation?language={language}");
            let main = desk.server().get(&path).await.json()["explanations"][0].take();
            let text = main["answer"]["text"].as_str().expect("a text");
            assert!(!text.contains(other) && !text.contains("pro"), "{language}: {text}");
        }
    }
}

#[actix_web::test]
async fn each_further_entitlement_explains_itself() {
    let desk = Desk::open().await;
    let pro = json!({ "id": "pro", "entitlement_ids": ["pro"] });
    let coach = json!({ "id": "coach", "product_id": "coach", "entitlement_ids": ["coach"], "transaction_id": "t-c",
        "original_transaction_id": "t-c" });
    deliver(&desk, desk.project, &[purchase("mara", 3, pro), purchase("mara", 100, coach)]);
    let page = desk.page(&VERA, "/projects/sundial/customers/mara").await;
    let card = text_of(card_of(&page, "entitlements"));
    assert!(card.contains("neither a renewal nor an end has been reported since"), "{card}");
}

#[actix_web::test]
async fn moved_purchases_say_where_they_went_and_what_proves_it() {
    let desk = Desk::open().await;
    deliver(
        &desk,
        desk.project,
        &[
            purchase("zofia", 20, json!({ "entitlement_ids": ["pro"] })),
            transfer_event(TODAY - 5, &["zofia"], &["mara"]),
        ],
    );
    let main = explained(&desk, "zofia", "production").await["explanations"][0].take();
    assert_eq!(main["case"], "moved_away");
    let reason = main["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("moved to mara on") && reason.ends_with("cause unknown."), "{reason}");
    assert!(!main["tell"].as_str().unwrap_or_default().contains("mara"), "{main}");
    let main = explained(&desk, "mara", "production").await["explanations"][0].take();
    assert_eq!(main["has_access"], true);
    assert!(main["steps"].to_string().contains("Moved here from zofia"), "{main}");
}

//! Receiving webhooks: the authorization, the answers, what is stored, and bad input.

use std::time::{Duration, Instant};

use actix_web::test::TestRequest;
use diesel::prelude::*;
use dossier::base::error::Error;
use dossier::db::schema::{customers, rejected_deliveries};
use serde_json::{Value, json};

use crate::support::cast::{ADA, VERA};
use crate::support::customers::count_events;
use crate::support::events::replace_fields;
use crate::support::project::webhook_request;
use crate::support::seed::WEBHOOK_SECRET;
use crate::support::{Answer, Desk, samples};

/// A purchase by Lena, with the fields of `extra` replaced.
fn purchase_by_lena(extra: Value) -> String {
    let mut event = json!({
        "id": format!("{extra}"), "type": "INITIAL_PURCHASE", "event_timestamp_ms": 1_790_000_000_000i64,
        "app_user_id": "lena", "original_app_user_id": "lena", "aliases": ["lena"], "store": "APP_STORE",
        "environment": "PRODUCTION", "product_id": "pro_monthly", "entitlement_ids": ["pro"], "period_type": "NORMAL",
        "purchased_at_ms": 1_790_000_000_000i64, "expiration_at_ms": 1_799_000_000_000i64, "price": 9.99,
        "currency": "USD", "price_in_purchased_currency": 9.99, "transaction_id": "2000001", "original_transaction_id": "2000001",
    });
    replace_fields(&mut event, &extra);
    json!({ "api_version": "1.0", "event": event }).to_string()
}

fn spent(desk: &Desk) -> i64 {
    let spent =
        |conn: &mut dossier::db::Conn| Ok::<_, Error>(customers::table.select(customers::spent_micros).first(conn)?);
    desk.db.read_here(spent).expect("there is a customer")
}

#[actix_web::test]
async fn a_delivery_is_stored_once_and_answered_200_each_time() {
    let desk = Desk::open().await;
    let slug = desk.project_of_the_cast();
    for _ in 0..3 {
        assert_eq!(desk.post_webhook(&slug, purchase_by_lena(json!({}))).await.status, 200);
    }
    assert_eq!((count_events(&desk), spent(&desk)), (1, 9_990_000));
}

#[actix_web::test]
async fn fifty_deliveries_of_one_event_at_once_have_one_effect() {
    let desk = Desk::open().await;
    let slug = desk.project_of_the_cast();
    let all = (0..50).map(|_| webhook_request(&slug, purchase_by_lena(json!({}))));
    let answers = desk.call_at_once(all.collect()).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!((count_events(&desk), spent(&desk)), (1, 9_990_000));
}

#[actix_web::test]
async fn only_the_exact_authorization_value_is_accepted() {
    let desk = Desk::open().await;
    let slug = desk.project_of_the_cast();
    let wrong = ["", "Bearer", "bearer of the desk", "Bearer of the des", "Bearer of the desk2", "Basic Og=="];
    for value in wrong {
        let request = TestRequest::post().uri(&format!("/webhooks/revenuecat/{slug}"));
        let answer =
            desk.call(request.insert_header(("authorization", value)).set_payload(purchase_by_lena(json!({})))).await;
        assert_eq!(answer.status, 401, "{value:?}");
    }
    let twice = TestRequest::post().uri(&format!("/webhooks/revenuecat/{slug}"));
    let twice = twice.append_header(("authorization", WEBHOOK_SECRET)).append_header(("authorization", WEBHOOK_SECRET));
    assert_eq!(desk.call(twice.set_payload(purchase_by_lena(json!({})))).await.status, 401);
    let without =
        TestRequest::post().uri(&format!("/webhooks/revenuecat/{slug}")).set_payload(purchase_by_lena(json!({})));
    let answer = desk.call(without).await;
    assert_eq!(answer.status, 401);
    assert!(serde_json::from_str::<Value>(&answer.body).is_ok(), "machines get JSON: {}", answer.body);
    assert_eq!(count_events(&desk), 0);
}

#[actix_web::test]
async fn wrong_values_are_slowed_down_and_deliveries_from_the_same_address_are_not() {
    let desk = Desk::open().await;
    let slug = desk.project_of_the_cast();
    let mut refused = 0;
    for guess in 0..40 {
        let request = TestRequest::post().uri(&format!("/webhooks/revenuecat/{slug}"));
        let answer = desk.call(request.insert_header(("authorization", format!("guess {guess}")))).await;
        assert!(answer.status == 401 || (answer.status == 429 && guess >= 30), "{guess}: {}", answer.status);
        refused += usize::from(answer.status == 429);
        assert_eq!(desk.post_webhook(&slug, purchase_by_lena(json!({ "id": guess.to_string() }))).await.status, 200);
    }
    assert!(refused > 0, "none was slowed down");
    assert_eq!(count_events(&desk), 40);
}

#[actix_web::test]
async fn an_unknown_project_is_answered_like_a_wrong_secret() {
    let desk = Desk::open().await;
    let slug = desk.project_of_the_cast();
    let seen = |answer: Answer| {
        let mut headers: Vec<_> = answer
            .headers
            .iter()
            .filter(|(name, _)| *name != "x-request-id")
            .map(|(name, value)| (name.to_string(), value.clone()))
            .collect();
        headers.sort_by(|one, other| one.0.cmp(&other.0));
        (answer.status, headers, answer.body)
    };
    let ask = |slug: &str, value: &'static str| {
        let request = webhook_request(slug, purchase_by_lena(json!({}))).insert_header(("authorization", value));
        desk.call(request)
    };
    let wrong = seen(ask(&slug, "Bearer of nobody").await);
    assert_eq!(wrong.0, 401);
    for unknown in ["nowhere", "%FF", "NOWHERE", "a%2Fb"] {
        for value in [WEBHOOK_SECRET, "Bearer of nobody", ""] {
            assert_eq!(seen(ask(unknown, value).await), wrong, "{unknown} {value}");
        }
    }
    assert_eq!(count_events(&desk), 0);
}

/// Half of them are faster, half are slower.
fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

#[actix_web::test]
async fn an_unknown_project_is_answered_as_fast_as_a_wrong_secret() {
    let desk = Desk::open().await;
    let (slug, mut times) = (desk.project_of_the_cast(), [Vec::new(), Vec::new()]);
    // More from one address are slowed down.
    for _ in 0..15 {
        for (of, slug) in [slug.as_str(), "p1234567890123456789"].into_iter().enumerate() {
            let request = webhook_request(slug, "{}").insert_header(("authorization", "Bearer of nobody"));
            let began = Instant::now();
            assert_eq!(desk.call(request).await.status, 401);
            times[of].push(began.elapsed());
        }
    }
    let [known, unknown] = times.map(median);
    assert!(known.abs_diff(unknown) < known / 4 + Duration::from_millis(2), "{known:?} and {unknown:?}");
}

#[actix_web::test]
async fn a_body_that_cannot_be_read_gets_400_and_is_kept_with_its_reason() {
    let desk = Desk::open().await;
    let slug = desk.project_of_the_cast();
    let deep = format!("{{\"event\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let bad: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"hello".to_vec(),
        b"null".to_vec(),
        b"[]".to_vec(),
        b"\"text\"".to_vec(),
        b"[{\"type\":\"RENEWAL\",\"id\":\"1\",\"app_user_id\":\"lena\"}]".to_vec(),
        b"{\"event\":[\"RENEWAL\",\"1\"]}".to_vec(),
        b"{\"event\":null}".to_vec(),
        b"{\"event\":7}".to_vec(),
        b"{\"event\":{}}".to_vec(),
        b"{\"event\":{\"id\":\"1\"}}".to_vec(),
        b"{\"event\":{\"type\":\"RENEWAL\"}}".to_vec(),
        b"{\"event\":{\"type\":\"RENEWAL\",\"id\":7}}".to_vec(),
        b"{\"event\":{\"type\":[],\"id\":\"1\"}}".to_vec(),
        b"{\"event\":{\"type\":\"RENEWAL\",\"id\":\"1\",\"id\":\"2\"}}".to_vec(),
        b"{\"event\":{\"type\":\"RENEWAL\",\"id\":\"\\u0000\"}}".to_vec(),
        b"{\"event\":{\"type\":\"RENEWAL\",\"id\":\"\\ud800\"}}".to_vec(),
        b"{\"event\":{\"type\":\"RENEWAL\",\"id\":\"1\"}} trailing".to_vec(),
        b"\xef\xbb\xbf{\"event\":{\"type\":\"RENEWAL\",\"id\":\"1\"}}".to_vec(),
        b"\xff\xfe{\0".to_vec(),
        deep.into_bytes(),
    ];
    for body in &bad {
        let answer = desk.post_webhook(&slug, body.clone()).await;
        assert_eq!(answer.status, 400, "{}", String::from_utf8_lossy(body).chars().take(80).collect::<String>());
    }
    let kept =
        |conn: &mut dossier::db::Conn| Ok::<_, Error>(rejected_deliveries::table.count().get_result::<i64>(conn)?);
    assert_eq!(desk.db.read_here(kept).expect("it counts"), bad.len() as i64);
    let page = desk.get(&ADA, &format!("/projects/{slug}/settings/rejected")).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("hello"));
}

#[actix_web::test]
async fn a_body_over_1_mib_is_refused_and_one_of_1_mib_is_not() {
    let desk = Desk::open().await;
    let slug = desk.project_of_the_cast();
    let padded =
        |length: usize| purchase_by_lena(json!({ "id": "padded", "metadata": { "padding": "x".repeat(length) } }));
    let fits = padded((1 << 20) - padded(0).len());
    assert_eq!(fits.len(), 1 << 20);
    assert_eq!(desk.post_webhook(&slug, fits).await.status, 200);
    assert_eq!(desk.post_webhook(&slug, "x".repeat((1 << 20) + 1)).await.status, 413);
    assert_eq!(desk.post_webhook(&slug, "x".repeat(2 << 20)).await.status, 413);
}

#[actix_web::test]
async fn a_field_of_the_wrong_type_counts_as_missing() {
    let desk = Desk::open().await;
    let slug = desk.project_of_the_cast();
    let sample: Value = serde_json::from_str(&purchase_by_lena(json!({}))).expect("it is JSON");
    let fields: Vec<String> = sample["event"].as_object().expect("an object").keys().cloned().collect();
    let more = [
        "subscriber_attributes",
        "experiments",
        "items",
        "adjustments",
        "transferred_from",
        "metadata",
        "is_family_share",
        "renewal_number",
        "grace_period_expiration_at_ms",
        "auto_resume_at_ms",
        "cancel_reason",
        "country_code",
        "offer_code",
    ];
    let values = [
        json!(null),
        json!(true),
        json!(12),
        json!(-1.5),
        json!("text"),
        json!([]),
        json!([1, null, {}]),
        json!({ "a": 1 }),
    ];
    for (number, field) in fields.iter().map(String::as_str).chain(more).enumerate() {
        for (turn, value) in values.iter().enumerate() {
            let mut extra = json!({ "id": format!("{number}-{turn}") });
            if field != "id" && field != "type" {
                extra[field] = value.clone();
            }
            let answer = desk.post_webhook(&slug, purchase_by_lena(extra)).await;
            assert_eq!(answer.status, 200, "{field}: {value}");
        }
    }
    assert_eq!(desk.get(&VERA, &format!("/projects/{slug}/customers/lena")).await.status, 200);
}

#[actix_web::test]
async fn absurd_times_and_prices_are_stored_and_shown() {
    let desk = Desk::open().await;
    let slug = desk.project_of_the_cast();
    let times = [
        json!(0),
        json!(-1),
        json!(253_402_300_799_000i64),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(1e300),
        json!("1790000000000"),
    ];
    for (number, time) in times.iter().enumerate() {
        for field in ["event_timestamp_ms", "purchased_at_ms", "expiration_at_ms", "grace_period_expiration_at_ms"] {
            let extra = json!({
                "id": format!("{number}-{field}"), field: time, "transaction_id": format!("{number}{field}"), "price": 0,
            });
            assert_eq!(desk.post_webhook(&slug, purchase_by_lena(extra)).await.status, 200, "{field}: {time}");
        }
    }
    let prices = ["4.9900000001", "1e2", "\"0.50\"", "1e400", "-0", "99999999999999999999"];
    for (number, price) in prices.iter().enumerate() {
        let body = purchase_by_lena(
            json!({ "id": format!("price-{number}"), "app_user_id": "mara", "original_app_user_id": "mara", "aliases": [],
            "price": "PRICE", "transaction_id": format!("m{number}"), "original_transaction_id": format!("m{number}") }),
        );
        assert_eq!(desk.post_webhook(&slug, body.replace("\"PRICE\"", price)).await.status, 200, "{price}");
    }
    let mara = |conn: &mut dossier::db::Conn| {
        let of = customers::table.filter(customers::original_app_user_id.eq("mara"));
        Ok::<(i64, i64), Error>(of.select((customers::spent_micros, customers::prices_missing)).first(conn)?)
    };
    assert_eq!(desk.db.read_here(mara).expect("mara is there"), (105_490_000, 2));
    for id in ["lena", "mara"] {
        for query in ["", "?sandbox=1", "?order=event", "?topic=money"] {
            let page = desk.get(&VERA, &format!("/projects/{slug}/customers/{id}{query}")).await;
            assert_eq!(page.status, 200, "{id}{query}");
        }
    }
}

#[actix_web::test]
async fn odd_ids_can_be_opened_and_found_and_are_shown_as_text() {
    let desk = Desk::open().await;
    let slug = desk.project_of_the_cast();
    let long = "x".repeat(1_500);
    let odd = [
        "a/b",
        "a?b",
        "a#b",
        "a%b",
        "a%2Fb",
        "a+b c",
        "\"q\"'s",
        "<script>alert(1)</script>",
        "a\u{202E}b",
        "😀 id",
        "$RCAnonymousID:ab",
        "نور",
        " leading",
        "a;b=c&d",
        "..a",
        "C:\\x",
        "'; DROP TABLE customers--",
        long.as_str(),
    ];
    for (number, id) in odd.iter().enumerate() {
        let extra = json!({ "id": format!("odd-{number}"), "app_user_id": id, "original_app_user_id": id, "aliases": [id],
            "transaction_id": format!("t{number}"), "original_transaction_id": format!("t{number}") });
        assert_eq!(desk.post_webhook(&slug, purchase_by_lena(extra)).await.status, 200, "{id}");
        let segment = dossier::wording::text::segment(id);
        let page = desk.get(&VERA, &format!("/projects/{slug}/customers/{segment}")).await;
        assert_eq!(page.status, 200, "{id}");
        assert!(!page.body.contains("<script>alert"), "{id}");
        let found = desk.get(&VERA, &format!("/projects/{slug}/customers?q={segment}")).await;
        assert!(found.status == 303 || found.body.contains("/customers/"), "{id}: {}", found.status);
    }
}

#[actix_web::test]
async fn ids_with_nul_or_an_unpaired_surrogate_are_reported_and_create_no_customer() {
    let desk = Desk::open().await;
    let slug = desk.project_of_the_cast();
    let with_id = |id: &str| {
        purchase_by_lena(json!({ "app_user_id": "ID", "original_app_user_id": null, "aliases": null }))
            .replace("\"ID\"", id)
    };
    let answer = desk.post_webhook(&slug, with_id("\"a\\u0000b\"")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(desk.get(&VERA, &format!("/projects/{slug}/customers/a%00b")).await.status, 400);
    let surrogate =
        with_id("\"a\\ud800b\"").replace("INITIAL_PURCHASE", "RENEWAL").replace("\"id\":\"{", "\"id\":\"s{");
    assert_eq!(desk.post_webhook(&slug, surrogate).await.status, 200);
    let kept =
        |conn: &mut dossier::db::Conn| Ok::<_, Error>(rejected_deliveries::table.count().get_result::<i64>(conn)?);
    assert_eq!(desk.db.read_here(kept).expect("it counts"), 2, "both are reported");
    let nobody = |conn: &mut dossier::db::Conn| Ok::<i64, Error>(customers::table.count().get_result(conn)?);
    assert_eq!(desk.db.read_here(nobody).expect("it counts"), 0);
}

#[actix_web::test]
async fn a_thousand_attributes_and_a_huge_one_are_stored_and_the_page_still_opens() {
    let desk = Desk::open().await;
    let slug = desk.project_of_the_cast();
    let many: serde_json::Map<String, Value> = (0..1_000)
        .map(|number| {
            (
                format!("key_{number}"),
                json!({ "value": format!("value {number}"), "updated_at_ms": 1_700_000_000_000i64 }),
            )
        })
        .collect();
    assert_eq!(
        desk.post_webhook(&slug, purchase_by_lena(json!({ "id": "many", "subscriber_attributes": many }))).await.status,
        200
    );
    let story = json!({ "value": "y".repeat(100_000), "updated_at_ms": 1_700_000_000_000i64 });
    let huge = json!({ "id": "huge", "subscriber_attributes": { "story": story } });
    assert_eq!(desk.post_webhook(&slug, purchase_by_lena(huge)).await.status, 200);
    let page = desk.get(&VERA, &format!("/projects/{slug}/customers/lena")).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("key_999"));
}

#[actix_web::test]
async fn a_test_event_is_answered_and_stores_nothing() {
    let desk = Desk::open().await;
    let slug = desk.project_of_the_cast();
    assert_eq!(desk.post_webhook(&slug, purchase_by_lena(json!({ "type": "TEST" }))).await.status, 200);
    assert_eq!(count_events(&desk), 0);
}

#[actix_web::test]
async fn an_unknown_type_is_kept_and_shown() {
    let desk = Desk::open().await;
    let slug = desk.project_of_the_cast();
    assert_eq!(desk.post_webhook(&slug, purchase_by_lena(json!({ "type": "PAYWALL_CLOSE" }))).await.status, 200);
    let page = desk.get(&VERA, &format!("/projects/{slug}/customers/lena")).await;
    assert!(page.body.contains("PAYWALL_CLOSE"));
}

/// The words that the history shows for each sample (§4.2), and the id of the customer.
#[actix_web::test]
async fn every_sample_is_shown_in_the_right_words() {
    let words = [
        ("Opted out of renewal", "lena.okafor"),
        ("Started a subscription", "lena.okafor"),
        ("Was issued an invoice", "lena.okafor"),
        ("Changed renewal preference", "$RCAnonymousID:7d1e5a90-33c2-4f1b-9a57-2b6c8d0e1f34"),
        ("Renewed", "lena.okafor"),
        ("Subscription extended", "lena.okafor"),
        ("Scheduled a pause", "lena.okafor"),
        ("Temporary access granted", "lena.okafor"),
        ("Purchases transferred from another customer", "noor"),
        ("Resubscribed", "lena.okafor"),
    ];
    for (body, (expected, id)) in samples::all().into_iter().zip(words) {
        let desk = Desk::open().await;
        let slug = desk.project_of_the_cast();
        assert_eq!(desk.post_webhook(&slug, body).await.status, 200, "{expected}");
        let page =
            desk.get(&VERA, &format!("/projects/{slug}/customers/{}", dossier::wording::text::segment(id))).await;
        assert_eq!(page.status, 200, "{expected}");
        let card = page.body.split("<section class=\"card card--history\"").nth(1).expect("the history");
        let card = card.split("</section>").next().unwrap_or_default();
        assert!(card.to_lowercase().contains(&format!("<bdi>{}", expected.to_lowercase())), "{expected}: {card}");
    }
}

#[actix_web::test]
async fn ids_that_differ_in_case_alone_are_two_customers_until_an_event_names_both() {
    let desk = Desk::open().await;
    let slug = desk.project_of_the_cast();
    for (event, id) in [("one", "lena"), ("two", "LENA"), ("three", "Lena")] {
        let named = json!({ "id": event, "app_user_id": id, "original_app_user_id": id, "aliases": [id] });
        assert_eq!(desk.post_webhook(&slug, purchase_by_lena(named)).await.status, 200);
    }
    assert_eq!(desk.count(|conn| customers::table.count().get_result(conn)), 3);
    let both = purchase_by_lena(json!({ "id": "both", "aliases": ["lena", "LENA", "Lena"] }));
    assert_eq!(desk.post_webhook(&slug, both).await.status, 200);
    assert_eq!(desk.count(|conn| customers::table.count().get_result(conn)), 1);
    let found = desk.get(&VERA, &format!("/projects/{slug}/customers?q=lEnA")).await;
    assert_eq!(found.status, 303, "the search finds the one customer");
}

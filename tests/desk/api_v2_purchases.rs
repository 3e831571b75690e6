//! Subscriptions, one-time purchases and transactions of v2, by their ids and by what stores call them (§C6).

use actix_web::http::StatusCode;
use dossier::base::Role;
use dossier::operations::grants::Preset;
use dossier::wording::text::segment;
use serde_json::{Value, json};

use crate::support::catalogs::apply_catalog;
use crate::support::client::Client;
use crate::support::events::{deliver, event_on_day, purchase, transfer_event, with_ids};
use crate::support::jobs::rebuild;
use crate::support::operations::grant;
use crate::support::seed::MOONRISE_ID;
use crate::support::{DAY, Desk, NOW};

const PROJECT: &str = "/v2/projects/sundial";

async fn get(server: &Client<'_>, path: &str) -> Value {
    let answer = server.get(&format!("{PROJECT}{path}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
    answer.json()
}

/// The status, the type of an error, and the parameter it is about.
async fn refused(server: &Client<'_>, path: &str) -> (u16, String, String) {
    let answer = server.get(&format!("{PROJECT}{path}")).await;
    let error = answer.json();
    let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    (answer.status.as_u16(), text("type"), text("param"))
}

fn missing() -> (u16, String, String) {
    (404, "resource_missing".into(), String::new())
}

fn ids(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().expect("items");
    items.iter().filter_map(|item| item["id"].as_str()).map(str::to_owned).collect()
}

/// The ids of the subscriptions, or of the one-time purchases, of a customer.
async fn ids_of(server: &Client<'_>, customer: &str, called: &str) -> Vec<String> {
    ids(&get(server, &format!("/customers/{customer}/{called}")).await)
}

/// A Google subscription of Lena's that was renewed twice, and coins that she bought once.
async fn desk() -> Desk {
    let desk = Desk::open().await;
    apply_catalog(
        &desk,
        &json!({
            "products": [
                { "id": "pro:monthly", "store": "PLAY_STORE", "display_name": "Pro", "type": "subscription", "duration": "P1M" },
                { "id": "pro:annual", "store": "PLAY_STORE", "display_name": "Pro", "type": "subscription", "duration": "P1Y" },
            ],
            "entitlements": [{ "id": "pro", "display_name": "Pro access", "products": ["pro:monthly"] }],
            "offerings": [],
        }),
    );
    let period = |number: i64, order: &str, more: Value| {
        let at = NOW.millis() - (65 - 30 * number) * DAY;
        let mut extra = json!({
            "type": if number == 0 { "INITIAL_PURCHASE" } else { "RENEWAL" }, "event_timestamp_ms": at, "purchased_at_ms": at,
            "expiration_at_ms": at + 30 * DAY, "store": "PLAY_STORE", "product_id": "pro:monthly", "transaction_id": order,
            "original_transaction_id": "GPA.1-2-3-4", "price": 10, "currency": "EUR", "price_in_purchased_currency": 9,
            "commission_percentage": 0.15, "tax_percentage": 0.1, "country_code": "de", "renewal_number": number + 1,
        });
        more.as_object().into_iter().flatten().for_each(|(key, value)| extra[key] = value.clone());
        purchase("lena", 1, extra)
    };
    let coins = json!({
        "type": "NON_RENEWING_PURCHASE", "product_id": "coins", "expiration_at_ms": null, "transaction_id": "Order-7",
        "original_transaction_id": "Order-7",
    });
    deliver(
        &desk,
        desk.project,
        &[
            period(0, "GPA.1-2-3-4", json!({ "period_type": "TRIAL", "price": 0, "price_in_purchased_currency": 0 })),
            period(1, "GPA.1-2-3-4..0", json!({})),
            period(2, "GPA.1-2-3-4..1", json!({ "tax_percentage": null, "country_code": "FR" })),
            purchase("lena", 3, coins),
        ],
    );
    desk
}

#[actix_web::test]
async fn a_subscription_is_read_by_its_id_with_what_it_unlocks_and_what_it_brought() {
    let desk = desk().await;
    let server = desk.server_as(Role::Viewer);
    let listed = get(&server, "/customers/lena/subscriptions").await;
    let id = ids(&listed).remove(0);
    let one = get(&server, &format!("/subscriptions/{id}")).await;
    assert_eq!(one, listed["items"][0], "the list and the single call say the same");
    let revenue = json!({ "currency": "USD", "gross": 20.00, "commission": 3.00, "tax": 1.00, "proceeds": 16.00 });
    assert_eq!(one["total_revenue_in_usd"].to_string(), revenue.to_string().replace(".0", ".00"), "{one}");
    assert_eq!((&one["country"], &one["store"]), (&json!("FR"), &json!("play_store")));
    assert_eq!(one["product_id"], "pro:monthly");
    assert_eq!((&one["pending_changes"], &one["auto_renewal_status"]), (&Value::Null, &json!("will_renew")));
    let unlocked = get(&server, &format!("/subscriptions/{id}/entitlements")).await;
    assert_eq!(unlocked, one["entitlements"]);
    assert_eq!(unlocked["url"], format!("{PROJECT}/subscriptions/{id}/entitlements"));
    let pro = &unlocked["items"][0];
    assert_eq!(
        (&pro["id"], &pro["display_name"], &pro["state"]),
        (&json!("pro"), &json!("Pro access"), &json!("active"))
    );
    let head = server.request(actix_web::http::Method::HEAD, &format!("{PROJECT}/subscriptions/{id}"));
    assert_eq!(desk.call(head).await.status, StatusCode::OK);
}

#[actix_web::test]
async fn a_one_time_purchase_is_read_by_its_id() {
    let desk = desk().await;
    let server = desk.server();
    let id = ids_of(&server, "lena", "purchases").await.remove(0);
    let coins = get(&server, &format!("/purchases/{id}")).await;
    assert_eq!(
        (&coins["object"], &coins["id"], &coins["product_id"]),
        (&json!("purchase"), &json!(id), &json!("coins"))
    );
    assert_eq!(coins["store_purchase_identifier"], "Order-7");
    assert_eq!(coins["revenue_in_usd"]["proceeds"].to_string(), "9.99");
    assert!(ids(&get(&server, &format!("/purchases/{id}/entitlements")).await).is_empty());
    // An id is of one kind.
    assert_eq!(refused(&server, &format!("/subscriptions/{id}")).await, missing());
    assert_eq!(refused(&server, &format!("/purchases/{}", id.replacen("purch", "sub", 1))).await, missing());
    assert_eq!(refused(&server, &format!("/subscriptions/{}", id.replacen("purch", "sub", 1))).await, missing());
}

#[actix_web::test]
async fn the_transactions_of_a_subscription_are_its_periods() {
    let desk = desk().await;
    let server = desk.server();
    let id = ids_of(&server, "lena", "subscriptions").await.remove(0);
    let path = format!("/subscriptions/{id}/transactions");
    let all = get(&server, &path).await;
    assert_eq!(ids(&all), ["GPA.1-2-3-4", "GPA.1-2-3-4..0", "GPA.1-2-3-4..1"]);
    let (trial, paid) = (&all["items"][0], &all["items"][1]);
    let starts = NOW.millis() - 35 * DAY;
    assert_eq!(paid["object"], "subscription_transaction");
    assert_eq!((&paid["purchased_at"], &paid["expiration_date"]), (&json!(starts), &json!(starts + 30 * DAY)));
    assert_eq!(paid["effective_expiration_date"], paid["expiration_date"]);
    assert_eq!(paid["product_store_identifier"], "pro:monthly");
    assert_eq!(paid["revenue_in_usd"]["proceeds"].to_string(), "7.50");
    let euros = &paid["revenue_in_local_currency"];
    assert_eq!((&euros["currency"], euros["gross"].to_string()), (&json!("EUR"), "9.00".to_owned()));
    assert_eq!(trial["revenue_in_usd"]["gross"].to_string(), "0.00");
    let newest = get(&server, &format!("{path}?sort=purchased_at&direction=desc&limit=1")).await;
    assert_eq!(ids(&newest), ["GPA.1-2-3-4..1"]);
    let next = newest["next_page"].as_str().and_then(|next| next.strip_prefix(PROJECT)).expect("another page");
    assert_eq!(ids(&get(&server, next).await), ["GPA.1-2-3-4..0"]);
    assert_eq!(refused(&server, &format!("{path}?sort=price")).await, (400, "parameter_error".into(), "sort".into()));
}

#[actix_web::test]
async fn renewals_that_a_store_gives_one_id_are_still_listed_one_by_one() {
    let desk = Desk::open().await;
    let period = |number: i64| {
        let at = NOW.millis() - (60 - 30 * number) * DAY;
        let extra = json!({
            "type": if number == 0 { "INITIAL_PURCHASE" } else { "RENEWAL" }, "store": "STRIPE", "renewal_number": number + 1,
            "transaction_id": "si_1", "original_transaction_id": "si_1", "event_timestamp_ms": at, "purchased_at_ms": at,
            "expiration_at_ms": at + 30 * DAY,
        });
        purchase("lena", 1, extra)
    };
    deliver(&desk, desk.project, &[period(0), period(1), period(2)]);
    let server = desk.server();
    let id = ids_of(&server, "lena", "subscriptions").await.remove(0);
    let all = ids(&get(&server, &format!("/subscriptions/{id}/transactions")).await);
    let distinct: std::collections::BTreeSet<&String> = all.iter().collect();
    assert_eq!((all.len(), distinct.len(), all[0].as_str()), (3, 3, "si_1"), "{all:?}");
}

#[actix_web::test]
async fn a_purchase_is_found_by_what_its_store_calls_any_of_its_periods() {
    let desk = desk().await;
    let server = desk.server();
    let id = ids_of(&server, "lena", "subscriptions").await.remove(0);
    for order in ["GPA.1-2-3-4", "GPA.1-2-3-4..0", "GPA.1-2-3-4..1"] {
        let found = get(&server, &format!("/subscriptions?store_subscription_identifier={order}")).await;
        assert_eq!(ids(&found), [id.as_str()], "{order}");
        assert_eq!((&found["url"], &found["next_page"]), (&json!(format!("{PROJECT}/subscriptions")), &Value::Null));
    }
    let coins = get(&server, "/purchases?store_purchase_identifier=Order-7").await;
    assert_eq!(ids(&coins), ids_of(&server, "lena", "purchases").await);
    for path in [
        "/subscriptions?store_subscription_identifier=GPA.1-2-3-4..9",
        "/subscriptions?store_subscription_identifier=gpa.1-2-3-4",
        "/subscriptions?store_subscription_identifier=Order-7",
        "/purchases?store_purchase_identifier=order-7",
        "/purchases?store_purchase_identifier=GPA.1-2-3-4",
    ] {
        assert!(ids(&get(&server, path).await).is_empty(), "{path}");
    }
    for (path, parameter) in [
        ("/subscriptions", "store_subscription_identifier"),
        ("/subscriptions?store_subscription_identifier=", "store_subscription_identifier"),
        ("/purchases?store_subscription_identifier=1", "store_purchase_identifier"),
        ("/purchases?store_purchase_identifier=1&limit=0", "limit"),
        ("/purchases?store_purchase_identifier=1&starting_after=x", "starting_after"),
    ] {
        assert_eq!(refused(&server, path).await, (400, "parameter_error".into(), parameter.into()), "{path}");
    }
}

#[actix_web::test]
async fn ids_stay_when_an_earlier_event_comes_late_and_when_the_purchase_moves() {
    let desk = Desk::open().await;
    let server = desk.server();
    deliver(&desk, desk.project, &[event_on_day(31, "RENEWAL", json!({ "transaction_id": "101" }))]);
    let id = ids_of(&server, "lena", "subscriptions").await.remove(0);
    deliver(&desk, desk.project, &[event_on_day(0, "INITIAL_PURCHASE", json!({}))]);
    assert_eq!(ids_of(&server, "lena", "subscriptions").await, [id.as_str()]);
    deliver(&desk, desk.project, &[transfer_event(40, &["lena"], &["mara"])]);
    let moved = get(&server, &format!("/subscriptions/{id}")).await;
    assert_eq!((&moved["customer_id"], &moved["id"]), (&json!("mara"), &json!(id)));
    assert_eq!(moved["store_subscription_identifier"], "101");
    let found = get(&server, "/subscriptions?store_subscription_identifier=100").await;
    assert_eq!(found["items"][0]["customer_id"], "mara");
    let periods = get(&server, &format!("/subscriptions/{id}/transactions")).await;
    assert_eq!(ids(&periods), ["100", "101"], "its charges moved with it");
    let joined = with_ids("mara", &["mara", "nia"]);
    deliver(&desk, desk.project, &[purchase("nia", 3, json!({})), event_on_day(50, "SUBSCRIBER_ALIAS", joined)]);
    assert_eq!(get(&server, &format!("/subscriptions/{id}")).await["id"], id, "nor does a merge change it");
    assert_eq!(ids_of(&server, "nia", "subscriptions").await.len(), 2);
    let own = ids_of(&server, "mara", "subscriptions").await;
    rebuild(&desk, Some(desk.project));
    assert_eq!(ids_of(&server, "mara", "subscriptions").await, own, "nor a rebuild");
}

#[actix_web::test]
async fn purchases_that_only_their_product_names_have_ids_of_their_own() {
    let desk = Desk::open().await;
    let plain = |id: &str| purchase(id, 3, json!({ "transaction_id": null, "original_transaction_id": null }));
    deliver(&desk, desk.project, &[plain("lena"), plain("mara")]);
    let server = desk.server();
    for customer in ["lena", "mara"] {
        let id = ids_of(&server, customer, "subscriptions").await.remove(0);
        assert_eq!(get(&server, &format!("/subscriptions/{id}")).await["customer_id"], customer);
    }
    let sold = json!({
        "products": [], "offerings": [], "entitlements": [{ "id": "pro", "display_name": "Pro", "products": [] }],
    });
    apply_catalog(&desk, &sold);
    grant(&desk, "lena", "pro", Preset::Weekly);
    for id in ids_of(&server, "lena", "subscriptions").await {
        assert_eq!(get(&server, &format!("/subscriptions/{id}")).await["id"], id);
    }
}

#[actix_web::test]
async fn an_id_of_another_project_or_of_nothing_is_unknown() {
    let desk = desk().await;
    let plain = json!({ "transaction_id": null, "original_transaction_id": null });
    deliver(&desk, desk.project, &[purchase("mara", 3, plain)]);
    let (server, other) = (desk.server(), desk.client(MOONRISE_ID, "Other", None));
    let mut paths = vec!["/subscriptions/nobody".to_owned(), "/purchases/purch".into(), "/subscriptions/sub".into()];
    for (customer, called) in [("lena", "subscriptions"), ("lena", "purchases"), ("mara", "subscriptions")] {
        let id = ids_of(&server, customer, called).await.remove(0);
        paths.push(format!("/{called}/{id}"));
    }
    for path in paths {
        let answer = other.get(&format!("/v2/projects/moonrise{path}")).await;
        assert_eq!(
            (answer.status, &answer.json()["type"]),
            (StatusCode::NOT_FOUND, &json!("resource_missing")),
            "{path}"
        );
        let foreign = other.get(&format!("{PROJECT}{path}")).await;
        assert_eq!(foreign.status, StatusCode::NOT_FOUND, "the key is of another project");
    }
    let found = other.get("/v2/projects/moonrise/subscriptions?store_subscription_identifier=GPA.1-2-3-4").await;
    assert!(ids(&found.json()).is_empty());
    for path in ["/subscriptions/%FF", "/subscriptions/nobody/entitlements", "/subscriptions/nobody/transactions"] {
        assert!(matches!(refused(&server, path).await.0, 400 | 404), "{path}");
    }
    let app = desk.web_app();
    let path = format!("{PROJECT}/subscriptions?store_subscription_identifier=GPA.1-2-3-4");
    assert_eq!(app.get(&path).await.status, StatusCode::FORBIDDEN);
}

#[actix_web::test]
async fn stores_are_spelt_as_the_official_description_does() {
    let desk = Desk::open().await;
    let stores = [
        ("AMAZON", "amazon"),
        ("APP_STORE", "app_store"),
        ("MAC_APP_STORE", "mac_app_store"),
        ("PLAY_STORE", "play_store"),
        ("STRIPE", "stripe"),
        ("RC_BILLING", "rc_billing"),
        ("ROKU", "roku"),
        ("PADDLE", "paddle"),
        ("TEST_STORE", "test_store"),
    ];
    let server = desk.server();
    for (store, word) in stores {
        let once =
            json!({ "type": "NON_RENEWING_PURCHASE", "expiration_at_ms": null, "store": store, "transaction_id": "o" });
        deliver(&desk, desk.project, &[purchase(word, 3, json!({ "store": store })), purchase(word, 2, once)]);
        for called in ["subscriptions", "purchases"] {
            let list = get(&server, &format!("/customers/{word}/{called}")).await;
            assert_eq!(list["items"][0]["store"], word, "{called}");
        }
    }
}

#[actix_web::test]
async fn a_change_of_product_names_the_product_that_follows() {
    let desk = desk().await;
    let change = json!({
        "type": "PRODUCT_CHANGE", "store": "PLAY_STORE", "product_id": "pro:monthly", "new_product_id": "pro:annual",
        "transaction_id": "GPA.1-2-3-4..1", "original_transaction_id": "GPA.1-2-3-4",
    });
    deliver(&desk, desk.project, &[purchase("lena", 0, change)]);
    let server = desk.server();
    let one = get(&server, "/customers/lena/subscriptions").await["items"][0].clone();
    assert_eq!(one["auto_renewal_status"], "will_change_product", "{one}");
    let next = &one["pending_changes"]["product"];
    assert_eq!((&next["id"], &next["subscription"]["duration"]), (&json!("pro:annual"), &json!("P1Y")));
    assert_eq!(next["app_id"], "play_store");
}

#[actix_web::test]
async fn an_invoice_says_what_the_event_of_its_issuance_says() {
    let desk = Desk::open().await;
    let sold = json!({ "offerings": [], "entitlements": [], "products": [
        { "id": "pro_web", "store": "RC_BILLING", "display_name": "Pro", "type": "subscription", "duration": "P1M" },
    ]});
    apply_catalog(&desk, &sold);
    let invoice = json!({
        "type": "INVOICE_ISSUANCE", "store": "RC_BILLING", "product_id": "pro_web", "transaction_id": null, "price": null,
        "currency": "EUR", "price_in_purchased_currency": 4.99, "expiration_at_ms": null,
    });
    deliver(&desk, desk.project, &[purchase("lena", 3, invoice), purchase("lena", 2, json!({}))]);
    let server = desk.server();
    let all = get(&server, "/customers/lena/invoices").await;
    let one = &all["items"][0];
    assert_eq!((all["items"].as_array().map(Vec::len), &one["object"]), (Some(1), &json!("invoice")));
    assert_eq!((&one["issued_at"], &one["paid_at"]), (&json!(NOW.plus_days(-3)), &Value::Null));
    assert_eq!(
        (&one["total_amount"]["currency"], one["total_amount"]["gross"].to_string()),
        (&json!("EUR"), "4.99".to_owned())
    );
    let item = &one["line_items"][0];
    assert_eq!((&item["product_identifier"], &item["product_duration"]), (&json!("pro_web"), &json!("P1M")));
    let id = one["id"].as_str().expect("an id");
    assert_eq!(refused(&server, "/customers/lena/invoices/x/file").await, missing());
    assert!(ids(&get(&server, &format!("/customers/lena/invoices?starting_after={}", segment(id))).await).is_empty());
}

#[actix_web::test]
async fn the_overview_counts_customers() {
    let desk = desk().await;
    let old = json!({ "expiration_at_ms": NOW.plus_days(-30) });
    deliver(&desk, desk.project, &[purchase("mara", 60, old)]);
    let server = desk.server();
    let overview = get(&server, "/metrics/overview").await;
    let metrics = overview["metrics"].as_array().expect("metrics");
    let values: Vec<(&Value, &Value)> = metrics.iter().map(|metric| (&metric["id"], &metric["value"])).collect();
    assert_eq!(values, [(&json!("active_subscribers"), &json!(1)), (&json!("active_users"), &json!(1))]);
    assert_eq!(metrics[0]["last_updated_at"], json!(NOW));
}

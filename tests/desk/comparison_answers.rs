//! What RevenueCat answers when customers are compared, and another installation would not: amounts that are absent, ends that are
//! over, ids of people who were deleted here. In its place stands a server that says what a test wants.

use std::time::{Duration, Instant};

use diesel::prelude::*;
use dossier::base::clock::Moment;
use dossier::base::error::Error;
use dossier::base::ids::ProjectId;
use dossier::customers::identity;
use dossier::db::schema::{comparison_queue, comparison_runs, comparisons, customers, events};
use dossier::events::Origin;
use dossier::operations::comparison::worker::{self, Patience};
use dossier::operations::comparison::{Compared, How, Outcome, compare, run};
use dossier::projection::Status;
use dossier::stores::revenuecat::queue::{self, Run};
use dossier::stores::revenuecat::{Connection, Keys, Urgency, queries as connections};
use serde_json::{Value, json};

use crate::support::cast::ADA;
use crate::support::connected::{connect_to, local_addresses};
use crate::support::customers::{customer_id, purchases_of};
use crate::support::events::{deliver, purchase};
use crate::support::seed::MOONRISE_ID;
use crate::support::stand_in::{KEY, StandIn};
use crate::support::{DAY, Desk, NOW};

/// A desk that is connected, with a purchase of Mara's, whole as a webhook tells it.
async fn desk() -> (Desk, StandIn) {
    let upstream = StandIn::open();
    let desk = Desk::open_with(|config| config.allowlist = local_addresses()).await;
    connect_to(&desk, &upstream);
    deliver(&desk, desk.project, &[bought("mara", json!({}))]);
    (desk, upstream)
}

fn bought(id: &str, extra: Value) -> String {
    let mut fields = json!({ "currency": "USD", "price_in_purchased_currency": 9.99 });
    for (key, value) in extra.as_object().into_iter().flatten() {
        fields[key] = value.clone();
    }
    purchase(id, 3, fields)
}

/// The subscription of [`bought`] as RevenueCat shows it, changed.
fn shown(id: &str, changes: Value) -> Value {
    let begun = NOW.millis() - 3 * DAY;
    let mut item = json!({
        "object": "subscription", "id": "sub1", "product_id": "prod1", "starts_at": begun, "current_period_starts_at": begun,
        "current_period_ends_at": begun + 30 * DAY, "ends_at": begun + 30 * DAY, "gives_access": true, "status": "active",
        "auto_renewal_status": "will_renew", "total_revenue_in_usd": { "currency": "USD", "gross": 9.99 },
        "environment": "production", "store": "app_store", "store_subscription_identifier": format!("t-{id}"),
        "entitlements": { "items": [] }, "ownership": "purchased", "country": "DE",
    });
    for (key, value) in changes.as_object().into_iter().flatten() {
        item[key] = value.clone();
    }
    item
}

/// A period of a subscription, without amounts as older copies of the API list it.
fn period(id: &str, number: i64, changes: Value) -> Value {
    let begun = NOW.millis() - (3 + 30 * number) * DAY;
    let name = if number == 0 { format!("t-{id}") } else { format!("t-{id}-{number}") };
    let mut item = json!({
        "object": "subscription_transaction", "id": name, "purchased_at": begun, "product_store_identifier": "pro_monthly",
        "expiration_date": begun + 30 * DAY, "effective_expiration_date": begun + 30 * DAY,
    });
    for (key, value) in changes.as_object().into_iter().flatten() {
        item[key] = value.clone();
    }
    item
}

/// Compares a customer.
fn ask(desk: &Desk, id: &str, origin: Origin) -> Compared {
    let pace = Patience::new(Duration::from_secs(5), &|| false);
    let how = How { urgency: Urgency::Person, origin, pace: &pace };
    compare(&desk.application.comparer, desk.project, id, &how).expect("it is compared")
}

fn spent(desk: &Desk, id: &str) -> i64 {
    let customer = customer_id(desk, id);
    desk.read(|conn| customers::table.find(customer).select(customers::spent_micros).first(conn))
}

fn count_events(desk: &Desk) -> i64 {
    desk.count(|conn| events::table.count().get_result(conn))
}

#[actix_web::test]
async fn nobody_who_was_deleted_comes_back_under_another_id() {
    let (desk, upstream) = desk().await;
    let erased = desk.post_form(&ADA, "/projects/sundial/customers/mara/delete", &[("confirm", "mara")]).await;
    assert_eq!(erased.status, 303, "{}", erased.body);
    desk.db
        .write_here(|conn| {
            let worker = &desk.application.requests;
            worker.work(&|| false).map(drop)?;
            identity::find(conn, desk.project, "mara").map_err(Error::from)
        })
        .expect("she is deleted");
    upstream.change("newer", |customer| customer.purchases = 1);
    upstream.sells("customers/newer/aliases", vec![json!({ "id": "newer" }), json!({ "id": "mara" })]);
    upstream.sells("customers/newer/subscriptions", vec![shown("newer", json!({}))]);
    for origin in [Origin::Import, Origin::Comparison] {
        assert_eq!(ask(&desk, "newer", origin).outcome, Outcome::LeftOut);
        assert!(desk.read(|conn| identity::find(conn, desk.project, "newer")).is_none(), "nothing of it is stored");
    }
}

#[actix_web::test]
async fn where_no_amounts_are_listed_the_sum_is_right_and_nothing_is_found_twice() {
    let (desk, upstream) = desk().await;
    upstream.change("lena", |customer| customer.purchases = 1);
    let total = json!({ "total_revenue_in_usd": { "currency": "USD", "gross": 19.98 } });
    upstream.sells("customers/lena/subscriptions", vec![shown("lena", total)]);
    let periods = vec![period("lena", 1, json!({})), period("lena", 0, json!({}))];
    upstream.sells("subscriptions/sub1/transactions", periods);
    assert!(matches!(ask(&desk, "lena", Origin::Import).outcome, Outcome::Filled(_)));
    assert_eq!(spent(&desk, "lena"), 19_980_000);
    let before = count_events(&desk);
    assert_eq!(ask(&desk, "lena", Origin::Comparison).outcome, Outcome::Same);
    assert_eq!(count_events(&desk), before);
}

#[actix_web::test]
async fn amounts_that_do_not_fit_are_said_and_not_entered_again_and_again() {
    let (desk, upstream) = desk().await;
    let of = |usd: f64| json!({ "revenue_in_usd": { "currency": "USD", "gross": usd } });
    for (usd, remark) in [(10.2, "USD 0.21 more"), (9.7, "USD 0.29 less")] {
        let total = json!({ "total_revenue_in_usd": { "currency": "USD", "gross": usd } });
        upstream.sells("customers/mara/subscriptions", vec![shown("mara", total)]);
        upstream.sells("subscriptions/sub1/transactions", vec![period("mara", 0, of(usd))]);
        let compared = ask(&desk, "mara", Origin::Comparison);
        assert_eq!(compared.outcome, Outcome::Same, "{usd}");
        assert!(compared.remarks.iter().any(|said| said.contains(remark)), "{compared:?}");
        assert_eq!((spent(&desk, "mara"), count_events(&desk)), (9_990_000, 1));
    }
    // It may not know of a refund yet that a webhook has told.
    let refund = json!({
        "id": "refund", "type": "CANCELLATION", "cancel_reason": "CUSTOMER_SUPPORT", "price": -9.99,
        "price_in_purchased_currency": -9.99, "event_timestamp_ms": NOW.millis() - DAY, "expiration_at_ms": NOW.millis() - DAY,
    });
    deliver(&desk, desk.project, &[bought("mara", refund)]);
    let over = json!({ "status": "expired", "gives_access": false });
    upstream.sells("customers/mara/subscriptions", vec![shown("mara", over)]);
    upstream.sells("subscriptions/sub1/transactions", vec![period("mara", 0, of(9.99))]);
    assert_eq!(ask(&desk, "mara", Origin::Comparison).outcome, Outcome::Same);
    assert_eq!(
        (spent(&desk, "mara"), count_events(&desk)),
        (0, 2),
        "what was paid back gives no access, and is not paid again"
    );
    let now = desk.clock.now();
    assert!(purchases_of(&desk, "mara").iter().all(|one| !one.is_active(now)));
}

#[actix_web::test]
async fn where_the_key_may_not_read_payments_nothing_is_concluded() {
    let (desk, upstream) = desk().await;
    upstream.sells("customers/mara/subscriptions", vec![shown("mara", json!({ "status": "expired" }))]);
    upstream.fails(&["subscriptions/sub1/transactions"], &[]);
    let Outcome::Failed(words) = ask(&desk, "mara", Origin::Comparison).outcome else { panic!("it is not read") };
    assert!(words.starts_with("The list of transactions is not open to the key: "), "{words}");
    assert_eq!(count_events(&desk), 1);
}

#[actix_web::test]
async fn grants_that_are_over_there_give_nothing_and_end_here() {
    let (desk, upstream) = desk().await;
    let grant = |changes: Value| {
        let mut item = shown(
            "mara",
            json!({
                "id": "sub9", "product_id": null, "store": "promotional", "store_subscription_identifier": "g-1",
                "entitlements": { "items": [{ "lookup_key": "pro" }] }, "total_revenue_in_usd": { "currency": "USD", "gross": 0 },
            }),
        );
        for (key, value) in changes.as_object().into_iter().flatten() {
            item[key] = value.clone();
        }
        item
    };
    let statuses = |desk: &Desk| -> Vec<Status> {
        let now = desk.clock.now().plus_seconds(1);
        purchases_of(desk, "mara").iter().map(|one| one.status(now)).collect()
    };
    let own = || shown("mara", json!({}));
    let over = json!({ "status": "expired", "gives_access": false });
    upstream.sells("customers/mara/subscriptions", vec![own(), grant(over.clone())]);
    assert_eq!(ask(&desk, "mara", Origin::Comparison).outcome, Outcome::Same);
    upstream.sells(
        "customers/mara/subscriptions",
        vec![own(), grant(json!({ "current_period_ends_at": null, "ends_at": null }))],
    );
    assert!(matches!(ask(&desk, "mara", Origin::Comparison).outcome, Outcome::Found(_)));
    assert!(statuses(&desk).contains(&Status::Granted), "for ever");
    upstream.sells("customers/mara/subscriptions", vec![own(), grant(over)]);
    let removed = ask(&desk, "mara", Origin::Comparison);
    assert!(removed.words().contains("that a grant of pro was removed"), "{removed:?}");
    assert!(!statuses(&desk).contains(&Status::Granted));
    assert_eq!(ask(&desk, "mara", Origin::Comparison).outcome, Outcome::Same);
}

/// What a webhook tells of a payment of Lena's.
fn payment(store: &str, transaction: &str, number: i64, changes: Value) -> String {
    let at = NOW.millis() - (63 - 30 * (number - 1)) * DAY;
    let mut event = json!({
        "id": format!("lena-{number}"), "type": if number == 1 { "INITIAL_PURCHASE" } else { "RENEWAL" }, "store": store,
        "transaction_id": transaction, "original_transaction_id": "sub_lena", "renewal_number": number, "price": 10,
        "price_in_purchased_currency": 10, "event_timestamp_ms": at, "purchased_at_ms": at, "expiration_at_ms": at + 30 * DAY,
    });
    for (key, value) in changes.as_object().into_iter().flatten() {
        event[key] = value.clone();
    }
    bought("lena", event)
}

#[actix_web::test]
async fn payments_that_are_not_listed_are_a_sum_of_which_webhooks_tell_the_parts() {
    for (store, each_has_its_own) in [("stripe", false), ("amazon", true), ("roku", true), ("paddle", false)] {
        let (desk, upstream) = desk().await;
        upstream.change("lena", |customer| customer.purchases = 1);
        let begun = NOW.millis() - 63 * DAY;
        let sum = |dollars: i64| {
            json!({
                "store": store, "store_subscription_identifier": "sub_lena", "starts_at": begun,
                "total_revenue_in_usd": { "currency": "USD", "gross": dollars },
            })
        };
        upstream.sells("customers/lena/subscriptions", vec![shown("lena", sum(30))]);
        ask(&desk, "lena", Origin::Import);
        assert_eq!(spent(&desk, "lena"), 30_000_000);
        let capitals = store.to_uppercase();
        let id = |number: i64| if each_has_its_own { format!("order-{number}") } else { "sub_lena".to_owned() };
        for number in [1, 3, 2] {
            deliver(&desk, desk.project, &[payment(&capitals, &id(number), number, json!({}))]);
            assert_eq!(spent(&desk, "lena"), 30_000_000, "{store}, after renewal {number}");
            let again = ask(&desk, "lena", Origin::Comparison);
            assert_eq!(again.outcome, Outcome::Same, "{store}, after renewal {number}");
        }
        // A refund is found, and told later.
        upstream.sells("customers/lena/subscriptions", vec![shown("lena", sum(20))]);
        assert!(matches!(ask(&desk, "lena", Origin::Comparison).outcome, Outcome::Found(_)), "{store}");
        assert_eq!(spent(&desk, "lena"), 20_000_000, "{store}");
        let refund = json!({
            "id": "refund", "type": "CANCELLATION", "cancel_reason": "CUSTOMER_SUPPORT", "price": -10,
            "price_in_purchased_currency": -10, "event_timestamp_ms": NOW.millis() - 1_000,
        });
        deliver(&desk, desk.project, &[payment(&capitals, &id(2), 2, refund)]);
        assert_eq!(spent(&desk, "lena"), 20_000_000, "{store}, the refund was told");
        assert_eq!(ask(&desk, "lena", Origin::Comparison).outcome, Outcome::Same, "{store}");
    }
}

#[actix_web::test]
async fn periods_that_are_listed_without_amounts_share_a_sum_of_which_webhooks_tell_the_parts() {
    let (desk, upstream) = desk().await;
    upstream.change("lena", |customer| customer.purchases = 1);
    let total =
        json!({ "total_revenue_in_usd": { "currency": "USD", "gross": 30 }, "starts_at": NOW.millis() - 63 * DAY });
    upstream.sells("customers/lena/subscriptions", vec![shown("lena", total)]);
    upstream
        .sells("subscriptions/sub1/transactions", [2, 1, 0].map(|number| period("lena", number, json!({}))).to_vec());
    ask(&desk, "lena", Origin::Import);
    assert_eq!(spent(&desk, "lena"), 30_000_000);
    let id = |number: i64| if number == 3 { "t-lena".to_owned() } else { format!("t-lena-{}", 3 - number) };
    for number in [2, 1, 3] {
        let own = json!({ "original_transaction_id": id(1) });
        deliver(&desk, desk.project, &[payment("APP_STORE", &id(number), number, own)]);
        assert_eq!(spent(&desk, "lena"), 30_000_000, "after renewal {number}");
        assert_eq!(ask(&desk, "lena", Origin::Comparison).outcome, Outcome::Same, "after renewal {number}");
    }
}

/// A Roku subscription of Lena's as RevenueCat shows it, with the id of its newest payment.
fn at_roku(id: &str, newest: &str, dollars: i64) -> Value {
    shown(
        "lena",
        json!({
            "id": id, "store": "roku", "store_subscription_identifier": newest, "starts_at": NOW.millis() - 63 * DAY,
            "total_revenue_in_usd": { "currency": "USD", "gross": dollars },
        }),
    )
}

#[actix_web::test]
async fn what_was_found_under_the_newest_id_counts_once_when_webhooks_name_the_first() {
    let (desk, upstream) = desk().await;
    upstream.change("lena", |customer| customer.purchases = 1);
    upstream.sells("customers/lena/subscriptions", vec![at_roku("sub1", "order-2", 20)]);
    ask(&desk, "lena", Origin::Import);
    assert_eq!(spent(&desk, "lena"), 20_000_000);
    let own = json!({ "original_transaction_id": "order-1" });
    deliver(&desk, desk.project, &[payment("ROKU", "order-3", 3, own)]);
    upstream.sells("customers/lena/subscriptions", vec![at_roku("sub1", "order-3", 30)]);
    let found = ask(&desk, "lena", Origin::Comparison);
    assert!(found.words().contains("counted under another id before"), "{found:?}");
    assert_eq!(spent(&desk, "lena"), 30_000_000);
    let again = ask(&desk, "lena", Origin::Comparison);
    assert_eq!((again.outcome, spent(&desk, "lena")), (Outcome::Same, 30_000_000));
}

#[actix_web::test]
async fn more_than_the_newest_payment_is_found_paid_back_and_what_else_is_missing_is_found_too() {
    let (desk, upstream) = desk().await;
    upstream.change("lena", |customer| customer.purchases = 1);
    for number in [1, 2, 3] {
        let own = json!({ "original_transaction_id": "order-1" });
        deliver(&desk, desk.project, &[payment("ROKU", &format!("order-{number}"), number, own)]);
    }
    let missing = json!({ "id": "sub2", "store_subscription_identifier": "t-missing", "product_id": "prod2" });
    let missing = shown("lena", missing);
    upstream.sells("customers/lena/subscriptions", vec![at_roku("sub1", "order-3", 10), missing]);
    assert!(matches!(ask(&desk, "lena", Origin::Comparison).outcome, Outcome::Found(_)));
    assert_eq!(spent(&desk, "lena"), 10_000_000 + 9_990_000);
    assert_eq!(ask(&desk, "lena", Origin::Comparison).outcome, Outcome::Same);
    // A refund of another payment that comes later is one more.
    let refund = json!({
        "id": "refund", "type": "CANCELLATION", "cancel_reason": "CUSTOMER_SUPPORT", "price": -10,
        "price_in_purchased_currency": -10, "event_timestamp_ms": NOW.millis() + 60_000, "original_transaction_id": "order-1",
    });
    desk.clock.advance(120);
    deliver(&desk, desk.project, &[payment("ROKU", "order-3", 3, refund)]);
    assert_eq!(spent(&desk, "lena"), 9_990_000);
}

#[actix_web::test]
async fn subscriptions_there_that_are_one_purchase_here_are_compared_together() {
    let (desk, upstream) = desk().await;
    upstream.change("lena", |customer| customer.purchases = 1);
    let own = json!({ "original_transaction_id": "t-lena-2" });
    for (number, id) in [(1, "t-lena-2"), (2, "t-lena-1"), (3, "t-lena")] {
        deliver(&desk, desk.project, &[payment("APP_STORE", id, number, own.clone())]);
    }
    let before = NOW.millis() - 33 * DAY;
    let monthly = json!({
        "id": "sub1", "product_id": "monthly", "store_subscription_identifier": "t-lena-1", "status": "expired", "gives_access": false,
        "starts_at": NOW.millis() - 63 * DAY, "current_period_starts_at": before, "current_period_ends_at": before + 30 * DAY,
        "total_revenue_in_usd": { "currency": "USD", "gross": 20 },
    });
    let annual = json!({
        "id": "sub2", "product_id": "annual", "store_subscription_identifier": "t-lena",
        "total_revenue_in_usd": { "currency": "USD", "gross": 10 },
    });
    let paid = json!({ "revenue_in_usd": { "currency": "USD", "gross": 10 } });
    upstream.sells("customers/lena/subscriptions", vec![shown("lena", monthly), shown("lena", annual)]);
    let listed = |numbers: &[i64]| numbers.iter().map(|number| period("lena", *number, paid.clone())).collect();
    upstream.sells("subscriptions/sub1/transactions", listed(&[2, 1]));
    upstream.sells("subscriptions/sub2/transactions", listed(&[0]));
    let compared = ask(&desk, "lena", Origin::Comparison);
    assert_eq!((compared.outcome, compared.remarks), (Outcome::Same, Vec::<String>::new()));
    assert_eq!(spent(&desk, "lena"), 30_000_000);
}

#[actix_web::test]
async fn ids_and_attributes_that_cannot_be_taken_over_are_not_found_again_and_again() {
    let (desk, upstream) = desk().await;
    let ids = ["mara", "NaN", &"x".repeat(1_600), "mara-2"].map(str::to_owned);
    upstream.sells("customers/mara/aliases", ids.iter().map(|id| json!({ "id": id })).collect());
    upstream.sells("customers/mara/subscriptions", vec![shown("mara", json!({}))]);
    let at = NOW.millis() - DAY;
    let level = |value: &str| {
        vec![json!({ "object": "customer.attribute", "name": "level", "value": value, "updated_at": at })]
    };
    upstream.sells("customers/mara/attributes", level("9"));
    let found = ask(&desk, "mara", Origin::Comparison).words();
    assert!(found.contains("level") && found.contains("1 App User ID"), "{found}");
    assert_eq!(ask(&desk, "mara", Origin::Comparison).outcome, Outcome::Same);
    upstream.sells("customers/mara/attributes", level("10"));
    assert_eq!(
        ask(&desk, "mara", Origin::Comparison).outcome,
        Outcome::Same,
        "of the same time the greater one counts"
    );
}

#[actix_web::test]
async fn when_renewal_was_switched_off_is_not_made_up() {
    let (desk, upstream) = desk().await;
    upstream
        .sells("customers/mara/subscriptions", vec![shown("mara", json!({ "auto_renewal_status": "will_not_renew" }))]);
    assert!(matches!(ask(&desk, "mara", Origin::Comparison).outcome, Outcome::Found(_)));
    let page = desk.page(&ADA, "/projects/sundial/customers/mara").await;
    assert!(page.contains("renewal is off; since when is not known"), "{page}");
    assert!(
        page.contains("Renewal was found switched off") && page.contains("when it happened is not known"),
        "{page}"
    );
}

#[actix_web::test]
async fn a_list_that_begins_anew_is_listed_to_its_end_and_one_without_an_end_is_noticed() {
    let (desk, upstream) = desk().await;
    let ids: Vec<String> = (0..250).map(|number| format!("customer-{number:03}")).collect();
    upstream.sells("customers", ids.iter().map(|id| json!({ "id": id })).collect());
    let (project, now) = (desk.project, desk.clock.now());
    let begun = desk.db.write_here(|conn| {
        run::begin(conn, project, Run::Fill, now)?;
        // The first page was listed before somebody was deleted.
        Ok::<_, Error>(queue::add(conn, project, Run::Fill, ids.get(..100).unwrap_or_default(), now)?)
    });
    begun.expect("a run");
    let pace = Patience::new(Duration::from_secs(20), &|| false);
    let runner = run::Runner { comparer: &desk.application.comparer, project, run: Run::Fill, pace: &pace };
    let mut listing = run::Listing::default();
    while runner.list(&mut listing).expect("a page") {}
    assert_eq!(desk.count(|conn| comparison_queue::table.count().get_result(conn)), 250);
    upstream.fails(&[], &["customers"]);
    let again = desk.db.write_here(|conn| {
        let first = comparison_runs::next_page.eq(queue::FIRST_PAGE);
        Ok::<_, Error>(diesel::update(comparison_runs::table).set(first).execute(conn)?)
    });
    again.expect("it begins anew");
    let mut listing = run::Listing::default();
    let ended = (0..1_000).find_map(|_| runner.list(&mut listing).err());
    assert!(ended.is_some_and(|words| words.contains("does not end")));
}

/// Connects Moonrise to another stand-in.
fn connect_moonrise(desk: &Desk, upstream: &StandIn) {
    let keys = Keys { v2: KEY.into(), v1: None };
    let connected = desk.db.write_here(|conn| {
        let at = ("proj1", upstream.url.as_str());
        let connection = Connection::new(MOONRISE_ID, at, &keys, &conn.master_keys()?, desk.clock.now())?;
        Ok::<_, Error>(connections::insert(conn, &connection)?)
    });
    connected.expect("a connection");
}

/// Puts customers into the queue, as incomplete webhooks do.
fn enqueue(desk: &Desk, project: ProjectId, ids: &[String]) {
    let now = desk.clock.now();
    let added = desk.db.write_here(|conn| Ok::<_, Error>(queue::add(conn, project, Run::Webhook, ids, now)?));
    added.expect("they are in it");
}

/// Asks about those who are due, as the program does by itself.
fn work(desk: &Desk) -> usize {
    worker::work(&desk.application.comparer, &|| false).expect("it works")
}

#[actix_web::test]
async fn a_project_that_cannot_be_read_does_not_hold_up_another() {
    let (desk, upstream) = desk().await;
    let other = StandIn::open();
    connect_moonrise(&desk, &other);
    let many: Vec<String> = (0..40).map(|number| format!("customer-{number:02}")).collect();
    enqueue(&desk, desk.project, &many);
    desk.clock.advance(1);
    enqueue(&desk, MOONRISE_ID, &["mara".to_owned()]);
    upstream.says(Some(b"HTTP/1.1 401 x\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}"));
    work(&desk);
    assert!(!other.calls().is_empty(), "the other is asked in the same turn");
    assert!(upstream.calls().len() <= 4, "{}", upstream.calls().len());
}

#[actix_web::test]
async fn after_an_incomplete_webhook_a_customer_is_tried_for_a_day() {
    let (desk, upstream) = desk().await;
    upstream.says(Some(b"HTTP/1.1 500 x\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}"));
    enqueue(&desk, desk.project, &["mara".to_owned()]);
    let mut tried_at = Vec::new();
    let begun = desk.clock.now();
    while desk.count(|conn| comparison_queue::table.count().get_result(conn)) > 0 {
        work(&desk);
        tried_at.push(desk.clock.now().since(begun).div_euclid(1_000));
        let due: Option<Moment> =
            desk.read(|conn| comparison_queue::table.select(comparison_queue::due_at).first(conn).optional());
        desk.clock.advance(due.map_or(0, |due| due.since(desk.clock.now()).div_euclid(1_000)));
    }
    assert_eq!(tried_at.get(..5), Some([0, 20, 120, 720, 4_320].as_slice()));
    assert!(tried_at.last() >= Some(&86_400) && tried_at.len() == 13, "{tried_at:?}");
}

/// A customer who has a product whose name is on none of these pages of products.
fn with_products(upstream: &StandIn, count: usize) {
    let other = |number: usize| json!({ "id": format!("other{number}"), "store_identifier": format!("o{number}") });
    upstream.change("lena", |customer| customer.purchases = 1);
    upstream.sells("customers/lena/subscriptions", vec![shown("lena", json!({}))]);
    upstream.sells("products", (0..count).map(other).collect());
}

/// Compares Lena, who is waited for so long.
fn ask_for(desk: &Desk, patience: Duration, is_stopping: &dyn Fn() -> bool) -> Compared {
    let pace = Patience::new(patience, is_stopping);
    let how = How { urgency: Urgency::Person, origin: Origin::Comparison, pace: &pace };
    compare(&desk.application.comparer, desk.project, "lena", &how).expect("it is compared")
}

#[actix_web::test]
async fn a_slow_list_of_products_holds_up_neither_other_customers_nor_the_end_of_the_program() {
    let (desk, upstream) = desk().await;
    with_products(&upstream, 6_000);
    upstream.takes(Duration::from_millis(50));
    let begun = Instant::now();
    let slow = ask_for(&desk, Duration::from_millis(1_500), &|| false);
    assert_eq!(slow.outcome, Outcome::Failed("RevenueCat took too long.".into()));
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    let asks = || upstream.calls().iter().filter(|call| call.path.contains("/products")).count();
    let before = asks();
    let is_stopping = || asks() > before;
    let stopped = ask_for(&desk, Duration::from_secs(20), &is_stopping);
    assert_eq!(stopped.outcome, Outcome::Failed("The program stopped.".into()));
    assert_eq!(asks(), before + 1);
}

#[actix_web::test]
async fn a_customer_of_more_than_32_megabytes_is_not_read() {
    let (desk, upstream) = desk().await;
    with_products(&upstream, 1);
    let large = |number: usize| json!({ "id": format!("lena-{number}"), "more": "x".repeat(15_000) });
    upstream.sells("customers/lena/aliases", (0..3_000).map(large).collect());
    let read = ask_for(&desk, Duration::from_secs(60), &|| false);
    assert_eq!(read.outcome, Outcome::Failed("RevenueCat’s aliases are too large to be read.".into()));
}

#[actix_web::test]
async fn what_was_looked_up_for_a_connection_is_not_taken_for_another_one() {
    let (desk, upstream) = desk().await;
    let other = StandIn::open();
    for (one, name) in [(&upstream, "monthly"), (&other, "yearly")] {
        with_products(one, 1);
        one.sells("products", vec![json!({ "id": "prod1", "store_identifier": name })]);
    }
    let product = |desk: &Desk| {
        ask(desk, "lena", Origin::Comparison);
        purchases_of(desk, "lena").remove(0).product_id
    };
    assert_eq!(product(&desk), "monthly");
    desk.db.batch(&format!("UPDATE connections SET base_url = '{}'", other.url)).expect("another connection");
    let name = desk.application.comparer.service.session(desk.project, Urgency::Person).ok().and_then(|session| {
        let pace = Patience::new(Duration::from_secs(5), &|| false);
        session.name_of("products", "prod1", "store_identifier", &pace).ok().flatten()
    });
    assert_eq!(name.as_deref(), Some("yearly"));
}

#[actix_web::test]
async fn a_run_ends_with_the_connection_and_the_list_begins_anew_when_somebody_in_it_is_deleted() {
    let (desk, _upstream) = desk().await;
    let (project, now) = (desk.project, desk.clock.now());
    let begun = desk.db.write_here(|conn| {
        run::begin(conn, project, Run::Fill, now)?;
        let listing = diesel::update(comparison_runs::table);
        listing.set(comparison_runs::next_page.eq("/customers?starting_after=mara")).execute(conn)?;
        queue::add(conn, project, Run::Fill, &["mara".to_owned(), "lena".to_owned()], now)?;
        queue::forget(conn, project, &["mara".to_owned()])?;
        Ok::<_, Error>(())
    });
    begun.expect("a run");
    let page: Option<String> = desk.read(|conn| comparison_runs::table.select(comparison_runs::next_page).first(conn));
    assert_eq!(page.as_deref(), Some(queue::FIRST_PAGE));
    let queued = || desk.count(|conn| comparison_queue::table.count().get_result(conn));
    assert_eq!(queued(), 1);
    let path = "/projects/sundial/settings/connections/revenuecat/disconnect";
    let gone = desk.post_form(&ADA, path, &[]).await;
    assert_eq!(gone.status, 303, "{}", gone.body);
    assert_eq!((queued(), desk.count(|conn| comparison_runs::table.count().get_result(conn))), (0, 0));
    assert_eq!(desk.count(|conn| comparisons::table.count().get_result(conn)), 0);
}

#[actix_web::test]
async fn what_somebody_else_has_is_not_entered_again_when_only_the_newest_period_has_arrived() {
    let (desk, upstream) = desk().await;
    // The transfer from Mara to Noor was missed; the renewal after it was not.
    let renewed = json!({
        "type": "RENEWAL", "id": "renewed", "transaction_id": "t-mara-2", "original_transaction_id": "t-mara",
        "purchased_at_ms": NOW.millis() - DAY, "event_timestamp_ms": NOW.millis() - DAY, "currency": "USD",
        "price_in_purchased_currency": 9.99,
    });
    deliver(&desk, desk.project, &[purchase("noor", 1, renewed)]);
    let sum = |desk: &Desk| spent(desk, "mara") + spent(desk, "noor");
    assert_eq!(sum(&desk), 19_980_000);
    let total = json!({ "total_revenue_in_usd": { "currency": "USD", "gross": 19.98 },
        "store_subscription_identifier": "t-mara-2" });
    upstream.sells("customers/noor/subscriptions", vec![shown("noor", total)]);
    let paid = json!({ "revenue_in_usd": { "currency": "USD", "gross": 9.99 } });
    let newest = json!({ "id": "t-mara-2", "purchased_at": NOW.millis() - DAY, "revenue_in_usd": { "currency": "USD", "gross": 9.99 } });
    let periods = vec![period("mara", 0, paid), period("noor", 0, newest)];
    upstream.sells("subscriptions/sub1/transactions", periods);
    let compared = ask(&desk, "noor", Origin::Comparison);
    assert_eq!(sum(&desk), 19_980_000, "{compared:?}");
    assert_eq!(spent(&desk, "mara"), 0, "they moved: {compared:?}");
    assert_eq!(ask(&desk, "noor", Origin::Comparison).outcome, Outcome::Same);
}

#[actix_web::test]
async fn less_than_all_known_payments_is_a_refund_where_no_amounts_are_listed() {
    let (desk, upstream) = desk().await;
    let before = json!({
        "id": "before", "transaction_id": "t-mara-1", "original_transaction_id": "t-mara", "currency": "USD",
        "purchased_at_ms": NOW.millis() - 33 * DAY, "event_timestamp_ms": NOW.millis() - 33 * DAY,
        "expiration_at_ms": NOW.millis() - 3 * DAY, "price_in_purchased_currency": 9.99,
    });
    deliver(&desk, desk.project, &[purchase("mara", 33, before)]);
    assert_eq!(spent(&desk, "mara"), 19_980_000);
    let total = json!({ "total_revenue_in_usd": { "currency": "USD", "gross": 9.99 } });
    upstream.sells("customers/mara/subscriptions", vec![shown("mara", total)]);
    upstream.sells("subscriptions/sub1/transactions", vec![period("mara", 1, json!({})), period("mara", 0, json!({}))]);
    let compared = ask(&desk, "mara", Origin::Comparison);
    assert!(matches!(compared.outcome, Outcome::Found(_)), "{compared:?}");
    assert_eq!(spent(&desk, "mara"), 9_990_000, "{compared:?}");
    assert_eq!(ask(&desk, "mara", Origin::Comparison).outcome, Outcome::Same);

    // The money is there again days later: the refund was taken back.
    desk.clock.advance(4 * 86_400);
    let whole = json!({ "total_revenue_in_usd": { "currency": "USD", "gross": 19.98 } });
    upstream.sells("customers/mara/subscriptions", vec![shown("mara", whole)]);
    let compared = ask(&desk, "mara", Origin::Comparison);
    assert!(matches!(compared.outcome, Outcome::Found(_)), "{compared:?}");
    assert_eq!(spent(&desk, "mara"), 19_980_000, "{compared:?}");
    assert_eq!(ask(&desk, "mara", Origin::Comparison).outcome, Outcome::Same);
}

#[actix_web::test]
async fn a_sum_that_does_not_have_the_newest_payment_yet_is_no_refund() {
    let (desk, upstream) = desk().await;
    let yesterday = NOW.millis() - DAY;
    let renewal = json!({
        "id": "renewal", "type": "RENEWAL", "transaction_id": "t-mara-2", "original_transaction_id": "t-mara", "currency": "USD",
        "purchased_at_ms": yesterday, "event_timestamp_ms": yesterday, "expiration_at_ms": yesterday + 30 * DAY,
        "price_in_purchased_currency": 9.99,
    });
    deliver(&desk, desk.project, &[purchase("mara", 1, renewal)]);
    assert_eq!(spent(&desk, "mara"), 19_980_000);
    let begun = json!({ "purchased_at": yesterday, "id": "t-mara-2", "expiration_date": yesterday + 30 * DAY,
        "effective_expiration_date": yesterday + 30 * DAY });
    let newest = json!({ "current_period_starts_at": yesterday, "current_period_ends_at": yesterday + 30 * DAY });
    upstream.sells("customers/mara/subscriptions", vec![shown("mara", newest)]);
    upstream.sells("subscriptions/sub1/transactions", vec![period("mara", 0, json!({})), period("mara", 0, begun)]);
    let compared = ask(&desk, "mara", Origin::Comparison);
    assert_eq!(compared.outcome, Outcome::Same, "{compared:?}");
    assert_eq!(spent(&desk, "mara"), 19_980_000);
}

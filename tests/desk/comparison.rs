//! A connected project knows what RevenueCat knows: the first fill, and what webhooks missed. In RevenueCat's place stands another
//! installation, whose imports send no webhook.

use std::sync::OnceLock;

use diesel::prelude::*;
use dossier::base::error::Error;
use dossier::customers::identity;
use dossier::db::schema::{app_user_ids, attributes, comparisons, customers};
use dossier::operations::comparison::worker;
use serde_json::{Value, json};

use crate::support::DAY;
use crate::support::Desk;
use crate::support::cast::{ADA, SOL, VERA};
use crate::support::connected::{MARA, Pair, catch_up, connect_to, local_addresses, run_well, until};
use crate::support::customers::{customer_id, purchases_of, told_of};
use crate::support::events::{attributes_set_at, deliver, purchase};
use crate::support::jobs::run_jobs;
use crate::support::stand_in::StandIn;

/// Makes events known to the upstream without a webhook.
fn whisper(pair: &Pair, bodies: &[String]) {
    run_well(&pair.upstream, &["import", "--project", "sundial", "-"], &bodies.join("\n"));
}

/// Fills the second installation from the first.
fn fill(pair: &Pair) -> String {
    run_well(&pair.desk, &["import", "--project", "sundial", "--from-revenuecat"], "")
}

/// Compares all customers.
fn compare(pair: &Pair) -> String {
    run_well(&pair.desk, &["compare", "--project", "sundial"], "")
}

fn knows(desk: &Desk, id: &str) -> bool {
    desk.read(|conn| identity::find(conn, desk.project, id)).is_some()
}

/// What a customer spent, in millionths of a dollar.
fn spent(desk: &Desk, id: &str) -> i64 {
    let customer = customer_id(desk, id);
    desk.read(|conn| customers::table.find(customer).select(customers::spent_micros).first(conn))
}

/// What can be said of each purchase of a customer on both sides.
fn purchases(desk: &Desk, id: &str) -> Vec<Value> {
    catch_up(desk);
    let now = desk.clock.now();
    let said = |one: dossier::projection::Purchase| {
        json!({
            "product": one.product_id, "environment": one.environment.as_str(), "end": one.expires_at, "net": one.revenue.net.0,
            "status": format!("{:?}", one.status(now)), "since": one.first_purchased_at, "transaction": one.transaction_id,
        })
    };
    let mut all: Vec<Value> = purchases_of(desk, id).into_iter().map(said).collect();
    all.sort_by_key(Value::to_string);
    all
}

/// The time so many days from now, in milliseconds: servers go by the machine's clock, which is read once.
fn day(desk: &Desk, days: i64) -> i64 {
    static NOW: OnceLock<i64> = OnceLock::new();
    let now = NOW.get_or_init(|| {
        catch_up(desk);
        desk.clock.now().millis()
    });
    now + days * DAY
}

/// An event of a monthly subscription.
fn monthly(desk: &Desk, id: &str, number: i64, extra: Value) -> String {
    let from = day(desk, -75 + 30 * number);
    let mut fields = json!({
        "id": format!("{id}-{number}-{}", extra["type"]), "event_timestamp_ms": from, "purchased_at_ms": from,
        "expiration_at_ms": from + 30 * DAY, "transaction_id": format!("{id}-{number}"), "original_transaction_id": format!("{id}-0"),
        "price": 9.99, "currency": "USD", "price_in_purchased_currency": 9.99, "entitlement_ids": ["pro"],
        "type": if number == 0 { "INITIAL_PURCHASE" } else { "RENEWAL" }, "renewal_number": null,
    });
    for (key, value) in extra.as_object().into_iter().flatten() {
        fields[key] = value.clone();
    }
    purchase(id, 0, fields)
}

/// A refund of a month.
fn refund(desk: &Desk, id: &str, number: i64) -> String {
    let at = day(desk, -75 + 30 * number + 2);
    let refund = json!({
        "type": "CANCELLATION", "cancel_reason": "CUSTOMER_SUPPORT", "price": -9.99, "price_in_purchased_currency": -9.99,
        "event_timestamp_ms": at, "expiration_at_ms": at,
    });
    monthly(desk, id, number, refund)
}

fn same_on_both_sides(pair: &Pair, id: &str) {
    assert_eq!(purchases(&pair.desk, id), purchases(&pair.upstream, id), "{id}");
    assert_eq!(spent(&pair.desk, id), spent(&pair.upstream, id), "{id}");
}

#[actix_web::test]
async fn all_customers_are_filled_in_and_a_second_time_nothing_differs() {
    let pair = Pair::open().await;
    let up = &pair.upstream;
    let values = json!({ "$email": "lena@lumen.example", "level": "7" });
    let attributes = attributes_set_at(day(up, -1), values);
    let mut bodies: Vec<String> = (0..3).map(|number| monthly(up, "lena", number, json!({}))).collect();
    bodies.push(monthly(up, "lena", 3, json!({
        "id": "lena-more", "type": "SUBSCRIBER_ALIAS", "aliases": ["lena", "lena-tablet"], "subscriber_attributes": attributes,
        "event_timestamp_ms": day(up, -1),
    })));
    // Refunded, a trial, a lifetime purchase that was refunded, one that was not, one whose charge failed, and one of the sandbox.
    bodies.extend([
        monthly(up, "bruno", 0, json!({})),
        monthly(up, "bruno", 1, json!({})),
        monthly(up, "bruno", 2, json!({})),
    ]);
    bodies.push(refund(up, "bruno", 1));
    bodies.push(monthly(
        up,
        "tariq",
        2,
        json!({ "type": "INITIAL_PURCHASE", "period_type": "TRIAL", "price": 0, "price_in_purchased_currency": 0 }),
    ));
    let life = json!({
        "type": "NON_RENEWING_PURCHASE", "product_id": "for_life", "expiration_at_ms": null, "price": 149.99,
        "price_in_purchased_currency": 149.99,
    });
    bodies.push(monthly(up, "ines", 0, life.clone()));
    bodies.push(monthly(up, "sandy", 2, json!({ "environment": "SANDBOX", "type": "INITIAL_PURCHASE" })));
    bodies.push(monthly(up, "noor", 1, json!({ "type": "INITIAL_PURCHASE" })));
    let off = json!({ "type": "CANCELLATION", "cancel_reason": "UNSUBSCRIBE", "event_timestamp_ms": day(up, -1) });
    bodies.extend([monthly(up, "mara", 2, json!({ "type": "INITIAL_PURCHASE" })), monthly(up, "mara", 2, off)]);
    whisper(&pair, &bodies);

    let filled = fill(&pair);
    assert!(
        filled.contains("Asked about 7 customers.") && filled.contains("Filled in 7; nothing differed for 0."),
        "{filled}"
    );
    for id in ["lena", "tariq", "ines", "sandy", "noor", "mara", "bruno"] {
        same_on_both_sides(&pair, id);
    }
    assert_eq!(customer_id(&pair.desk, "lena"), customer_id(&pair.desk, "lena-tablet"));
    let known = |desk: &Desk| {
        let customer = customer_id(desk, "lena");
        desk.read(|conn| {
            let own = attributes::table.filter(attributes::customer_id.eq(customer)).order(attributes::key);
            own.select((attributes::key, attributes::value, attributes::updated_at)).load::<(String, String, i64)>(conn)
        })
    };
    assert_eq!(known(&pair.desk), known(up));
    let again = fill(&pair);
    assert!(again.contains("Filled in 0; nothing differed for 7."), "{again}");
}

#[actix_web::test]
async fn what_no_webhook_told_is_found_by_comparison() {
    let pair = Pair::open().await;
    let up = &pair.upstream;
    for id in ["mara", "lena", "noor", "tariq", "ines"] {
        pair.deliver(&monthly(up, id, 0, json!({})));
        pair.deliver(&monthly(up, id, 1, json!({})));
    }
    until("all are known", || knows(&pair.desk, "ines").then_some(())).await;
    let nothing = compare(&pair);
    assert!(nothing.contains("Found something about 0; nothing differed for 5."), "{nothing}");
    // A missed renewal, a refund of an earlier period, renewal switched off, an attribute and an alias, another end.
    whisper(
        &pair,
        &[
            monthly(up, "mara", 2, json!({})),
            monthly(up, "lena", 2, json!({})),
            refund(up, "lena", 0),
            monthly(up, "noor", 2, json!({})),
            monthly(
                up,
                "noor",
                2,
                json!({ "type": "CANCELLATION", "cancel_reason": "UNSUBSCRIBE", "event_timestamp_ms": day(up, -1) }),
            ),
            monthly(up, "tariq", 2, json!({})),
            monthly(
                up,
                "tariq",
                2,
                json!({
                    "id": "tariq-more", "type": "SUBSCRIBER_ALIAS", "aliases": ["tariq", "tariq-2"], "event_timestamp_ms": day(up, -1),
                    "subscriber_attributes": attributes_set_at(day(up, -2), json!({ "level": "9" })),
                }),
            ),
            monthly(up, "ines", 2, json!({})),
            monthly(
                up,
                "ines",
                2,
                json!({
                    "type": "SUBSCRIPTION_EXTENDED", "event_timestamp_ms": day(up, -1), "expiration_at_ms": day(up, 40),
                }),
            ),
        ],
    );
    let found = compare(&pair);
    assert!(found.contains("Found something about 5; nothing differed for 0."), "{found}");
    for said in [
        "a renewal of pro_monthly",
        "a refund of USD 9.99",
        "renewal switched off for pro_monthly",
        "the attribute level",
    ] {
        assert!(found.contains(said), "{said}: {found}");
    }
    for id in ["mara", "lena", "noor", "tariq", "ines"] {
        same_on_both_sides(&pair, id);
    }
    assert!(knows(&pair.desk, "tariq-2"));
    let told = told_of(&pair.desk, "mara");
    assert_eq!(told.len(), 3, "{told:?}");
    let again = compare(&pair);
    assert!(again.contains("Found something about 0; nothing differed for 5."), "{again}");
    // The webhook comes after all: nothing doubles.
    pair.desk_receives(&monthly(up, "mara", 2, json!({})));
    same_on_both_sides(&pair, "mara");
    assert_eq!(told_of(&pair.desk, "mara").len(), 3);
    let ids: i64 = pair.desk.read(|conn| app_user_ids::table.count().get_result(conn));
    assert_eq!(ids, 6);
}

#[actix_web::test]
async fn grants_transfers_and_contacts_are_found_too_and_whoever_was_deleted_here_stays_so() {
    let pair = Pair::open().await;
    let up = &pair.upstream;
    for id in ["mara", "noor", "lena"] {
        pair.deliver(&monthly(up, id, 2, json!({ "type": "INITIAL_PURCHASE" })));
    }
    until("all are known", || knows(&pair.desk, "lena").then_some(())).await;
    // Noor's purchase moved to Mara, Lena got a grant, and a webhook told neither.
    whisper(
        &pair,
        &[
            transfer(up, "noor", "mara"),
            grant(up, "lena"),
            monthly(up, "tariq", 1, json!({ "type": "INITIAL_PURCHASE" })),
        ],
    );
    let found = compare(&pair);
    assert!(found.contains("a transfer from another customer") && found.contains("a grant of pro"), "{found}");
    for id in ["mara", "lena", "noor"] {
        same_on_both_sides(&pair, id);
    }
    let again = compare(&pair);
    assert!(again.contains("Found something about 0; nothing differed for 3."), "{again}");

    // Whoever was deleted here does not come back: not by a fill, and not by a comparison.
    let gone = pair.post(&ADA, "delete", &[("confirm", "mara")]).await;
    assert_eq!(gone.status, 303, "{}", gone.body);
    until("she is deleted here", || (!knows(&pair.desk, "mara")).then_some(())).await;
    whisper(
        &pair,
        &[monthly(
            up,
            "mara",
            2,
            json!({ "id": "mara-back", "type": "INITIAL_PURCHASE", "event_timestamp_ms": day(up, 0) + 5_000 }),
        )],
    );
    let filled = fill(&pair);
    assert!(filled.contains("were deleted here or are blocked, and stay so"), "{filled}");
    assert!(!knows(&pair.desk, "mara") && knows(&pair.desk, "tariq"));
    same_on_both_sides(&pair, "tariq");
}

/// A grant of Pro for a week.
fn grant(desk: &Desk, id: &str) -> String {
    let fields = json!({
        "type": "NON_RENEWING_PURCHASE", "store": "PROMOTIONAL", "period_type": "PROMOTIONAL", "entitlement_ids": ["pro"],
        "product_id": "rc_promo_pro_custom", "price": 0, "event_timestamp_ms": day(desk, -1), "id": "grant",
        "purchased_at_ms": day(desk, -1), "expiration_at_ms": day(desk, 6), "transaction_id": "grant-1",
        "original_transaction_id": "grant-1",
    });
    purchase(id, 0, fields)
}

/// A transfer of all purchases.
fn transfer(desk: &Desk, from: &str, to: &str) -> String {
    let event = json!({
        "id": "moved", "type": "TRANSFER", "event_timestamp_ms": day(desk, -1), "transferred_from": [from], "transferred_to": [to],
        "environment": "PRODUCTION",
    });
    json!({ "api_version": "1.0", "event": event }).to_string()
}

/// Presses the button on the profile, and returns the page that follows.
async fn refresh(pair: &Pair, id: &str) -> String {
    catch_up(&pair.desk);
    let answer = pair.desk.post_form(&SOL, &format!("/projects/sundial/customers/{id}/refresh"), &[]).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    pair.desk.page(&SOL, answer.header("location")).await
}

#[actix_web::test]
async fn the_profile_asks_at_the_press_of_a_button_and_not_twice_in_a_minute() {
    let pair = Pair::open().await;
    let up = &pair.upstream;
    pair.deliver(&monthly(up, "mara", 1, json!({ "type": "INITIAL_PURCHASE" })));
    until("she is known", || knows(&pair.desk, "mara").then_some(())).await;
    whisper(&pair, &[monthly(up, "mara", 2, json!({}))]);
    let before = pair.desk.page(&SOL, MARA).await;
    assert!(before.contains("Never compared with RevenueCat") && before.contains("/mara/refresh\""), "{before}");
    assert!(!pair.desk.page(&VERA, MARA).await.contains("/mara/refresh\""), "viewers change nothing");
    let page = refresh(&pair, "mara").await;
    assert!(page.contains("RevenueCat was asked. Found a renewal of pro_monthly, "), "{page}");
    assert!(page.contains("Compared with RevenueCat") && page.contains("found by comparison"), "{page}");
    same_on_both_sides(&pair, "mara");
    let again = pair.desk.post_form(&SOL, &format!("{MARA}/refresh"), &[]).await;
    assert!(again.body.contains("Once a minute is enough"), "{}", again.body);
    pair.desk.clock.advance(61);
    assert!(refresh(&pair, "mara").await.contains("RevenueCat was asked. Nothing differs."));
}

#[actix_web::test]
async fn a_webhook_that_leaves_something_out_is_completed() {
    let pair = Pair::open().await;
    let up = &pair.upstream;
    whisper(&pair, &[monthly(up, "mara", 2, json!({ "type": "INITIAL_PURCHASE" }))]);
    pair.desk_receives(&monthly(up, "mara", 2, json!({
        "id": "bare", "type": "INITIAL_PURCHASE", "price": null, "currency": null, "price_in_purchased_currency": null,
        "expiration_at_ms": null,
    })));
    assert_eq!(spent(&pair.desk, "mara"), 0);
    until("it is completed", || (spent(&pair.desk, "mara") > 0).then_some(())).await;
    same_on_both_sides(&pair, "mara");
    assert_eq!(told_of(&pair.desk, "mara").len(), 1, "what left something out is not told beside it");
    pair.desk_receives(&monthly(up, "mara", 2, json!({ "type": "INITIAL_PURCHASE" })));
    same_on_both_sides(&pair, "mara");
}

#[actix_web::test]
async fn every_night_those_who_were_compared_longest_ago_are_compared() {
    let upstream = StandIn::open();
    let desk = Desk::open_with(|config| config.allowlist = local_addresses()).await;
    connect_to(&desk, &upstream);
    deliver(
        &desk,
        desk.project,
        &["mara", "lena", "noor"]
            .map(|id| purchase(id, 3, json!({ "currency": "USD", "price_in_purchased_currency": 9.99 }))),
    );
    let asked = || desk.count(|conn| comparisons::table.count().get_result(conn));
    desk.clock.advance(86_400);
    run_jobs(&desk);
    assert_eq!(asked(), 0, "it is switched off");
    let now = desk.clock.now();
    let on = desk.db.write_here(|conn| Ok::<_, Error>(worker::set_sample(conn, desk.project, 2, now)?));
    on.expect("it is switched on");
    run_jobs(&desk);
    assert_eq!(asked(), 0, "the night has not come");
    for (nights, customers) in [(1, 2), (2, 3)] {
        desk.clock.advance(86_400);
        run_jobs(&desk);
        assert_eq!(asked(), customers, "after {nights} nights");
    }
}

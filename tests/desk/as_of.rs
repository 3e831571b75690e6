//! A customer at a moment of the past: what a database says that only ever received the events until then.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use diesel::prelude::*;
use dossier::base::clock::{Clock, Moment};
use dossier::base::error::Error;
use dossier::base::ids::{CustomerId, ProjectId};
use dossier::cli::demo_data;
use dossier::customers::state;
use dossier::customers::{AsOf, Reading};
use dossier::db::schema::{app_user_ids, customers, purchases};
use dossier::events::Delivery;
use dossier::ingest;
use dossier::projection::Purchase;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::support::cast::{LENA, SOL, VERA};
use crate::support::catalogs::apply_catalog;
use crate::support::customers::without_causes;
use crate::support::desks::add_lena;
use crate::support::events::{deliver, deliver_together, purchase};
use crate::support::histories::{body, differences, histories};
use crate::support::pages::{card_of, text_of};
use crate::support::{Desk, NOW};

/// The customers of a project, each under the first of its ids.
fn customers_of(desk: &Desk, project: ProjectId) -> BTreeMap<String, CustomerId> {
    let own = app_user_ids::table.filter(app_user_ids::project_id.eq(project));
    let all: Vec<(String, CustomerId)> =
        desk.read(|conn| own.select((app_user_ids::app_user_id, app_user_ids::customer_id)).load(conn));
    all.into_iter().collect()
}

fn shown(purchases: impl IntoIterator<Item = Purchase>) -> Vec<String> {
    let mut shown: Vec<String> = purchases.into_iter().map(|one| without_causes(one).to_json()).collect();
    shown.sort();
    shown
}

type Spent = (i64, i64, i64, i64, bool);

fn stored(desk: &Desk, customer: CustomerId) -> (Vec<String>, Spent) {
    let bodies: Vec<String> = desk
        .read(|conn| purchases::table.filter(purchases::customer_id.eq(customer)).select(purchases::body).load(conn));
    let columns = (
        customers::spent_micros,
        customers::payments,
        customers::refunds,
        customers::prices_missing,
        customers::made_sandbox,
    );
    let spent = desk.read(|conn| customers::table.find(customer).select(columns).first(conn));
    (shown(bodies.iter().map(|body| Purchase::stored(body).expect("it reads"))), spent)
}

/// The same of one who was.
fn past(desk: &Desk, project: ProjectId, customer: CustomerId, as_of: AsOf) -> (Vec<String>, Spent) {
    let past = desk.read(|conn| state::as_of(conn, project, customer, as_of));
    let totals = past.totals;
    let spent = totals.spent;
    let sums = (spent.net.0, spent.payments, spent.refunds, spent.prices_missing, totals.made_sandbox);
    (shown(past.purchases), sums)
}

/// Each customer of `whole` at that moment must be what `then` has, or nothing.
fn must_agree(desk: &Desk, whole: ProjectId, then: ProjectId, as_of: AsOf) -> Result<(), TestCaseError> {
    let known = customers_of(desk, then);
    for (id, customer) in customers_of(desk, whole) {
        let expected = known.get(&id).map_or_else(|| (Vec::new(), (0, 0, 0, 0, false)), |own| stored(desk, *own));
        let (shown, spent) = past(desk, whole, customer, as_of);
        prop_assert_eq!(spent, expected.1, "{} at {:?}", id, as_of);
        let different = differences(&shown.join("\n"), &expected.0.join("\n"));
        prop_assert!(different.is_empty() && shown.len() == expected.0.len(), "{} at {:?}\n{}", id, as_of, different);
    }
    Ok(())
}

#[actix_web::test]
async fn a_customer_was_what_the_events_until_then_give() {
    let desk = Desk::open().await;
    let mut runner = TestRunner::new(Config { cases: 16, ..Config::default() });
    let checked = runner.run(&(histories(), prop::collection::vec(0..310_i64, 3)), |(drawn, mut hours)| {
        let mut drawn = drawn;
        drawn.retain(|one| one.0 != "SUBSCRIBER_ALIAS");
        drawn.sort_by_key(|one| (one.1, one.2));
        let bodies: Vec<(Moment, String)> = drawn
            .iter()
            .enumerate()
            .map(|(number, one)| (Moment(1_700_000_000_000 + one.1 * 3_600_000 + one.2 * 400), body(number, one)))
            .collect();
        let [whole, then] = [(); 2].map(|()| desk.project_of_its_own());
        deliver(&desk, whole, &bodies.iter().map(|(_, body)| body.clone()).collect::<Vec<_>>());
        hours.sort_unstable();
        let mut delivered = 0;
        for hour in hours {
            let at = Moment(1_700_000_000_000 + hour * 3_600_000 + 500);
            let until: Vec<String> = bodies
                .iter()
                .skip(delivered)
                .take_while(|(dated, _)| *dated <= at)
                .map(|(_, body)| body.clone())
                .collect();
            delivered += until.len();
            deliver_together(&desk, then, &until);
            must_agree(&desk, whole, then, AsOf { at, reading: Reading::KnownNow })?;
        }
        Ok(())
    });
    checked.expect("the past is what it was");
}

#[actix_web::test]
async fn a_customer_was_known_to_be_what_the_events_received_until_then_give() {
    let desk = Desk::open().await;
    let mut runner = TestRunner::new(Config { cases: 12, ..Config::default() });
    let checked = runner.run(&(histories().prop_shuffle(), prop::collection::vec(1..60_usize, 3)), |(drawn, sizes)| {
        let mut drawn = drawn;
        drawn.retain(|one| one.0 != "SUBSCRIBER_ALIAS");
        let bodies: Vec<String> = drawn.iter().enumerate().map(|(number, one)| body(number, one)).collect();
        let whole = desk.project_of_its_own();
        let mut moments = Vec::new();
        let mut left = bodies.as_slice();
        for size in sizes {
            let (batch, rest) = left.split_at(size.min(left.len()));
            deliver_together(&desk, whole, batch);
            moments.push((desk.clock.now(), bodies.len() - rest.len()));
            desk.clock.advance(1);
            left = rest;
        }
        deliver_together(&desk, whole, left);
        let then = desk.project_of_its_own();
        let mut delivered = 0;
        for (at, until) in moments {
            deliver_together(&desk, then, bodies.get(delivered..until).unwrap_or_default());
            delivered = until;
            must_agree(&desk, whole, then, AsOf { at, reading: Reading::KnownThen })?;
        }
        Ok(())
    });
    checked.expect("what was known is what it was");
}

/// The demo's customers of every kind, long after what the desk knows.
fn demo() -> (Moment, Vec<(String, Vec<Delivery>)>) {
    const MOST_EVENTS: usize = 60;
    let now = NOW.plus_days(9 * 365);
    let kinds = demo_data::customers(now.millis()).into_iter().filter(|one| one.about != "ordinary");
    let some = kinds.filter(|one| !one.events.is_empty() && one.events.len() <= MOST_EVENTS);
    (now, some.map(|one| (one.app_user_id.clone(), one.deliveries().expect("webhooks"))).collect())
}

fn set_clock(desk: &Desk, at: Moment) {
    let Clock::Set(clock) = &desk.clock else { panic!("a clock that stands") };
    clock.store(at.millis(), std::sync::atomic::Ordering::SeqCst);
}

fn take(desk: &Desk, deliveries: &[&Delivery]) {
    let ctx = desk.ctx();
    let taken = desk.db.write_here(|conn| Ok::<_, Error>(ingest::take(conn, &ctx, deliveries)?));
    taken.expect("the deliveries are stored");
}

/// Without the parts that begin and end so.
fn without(html: &str, from: &str, to: &str) -> String {
    let mut parts = html.split(from);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |kept, part| kept + part.split_once(to).map_or("", |(_, rest)| rest))
}

/// What a page says of access, purchases, history, ids and money, as a viewer sees it.
async fn profile(desk: &Desk, cookie: &str, id: &str, query: &str) -> Vec<String> {
    let path = format!("/projects/sundial/customers/{}", dossier::wording::text::segment(id));
    let page = desk.get_with(cookie, &format!("{path}?{query}")).await;
    assert_eq!(page.status, StatusCode::OK, "{path}?{query}");
    let mut why = desk.get_with(cookie, &format!("{path}/explanation.json?{query}")).await.json();
    // The language and the time zone of an answer are those of the customer now.
    for one in why["explanations"].as_array_mut().expect("explanations") {
        one["answer"].take();
    }
    let spent = page.body.split_once("<dt>Total spent</dt>").map_or("", |(_, rest)| rest);
    let spent = spent.split_once("</div>").map_or("", |(spent, _)| spent);
    let present_only = [
        ("<p class=\"news\"", "</p>"),
        ("<div class=\"why__reply\"", "</div>"),
        ("<ul class=\"why__next\"", "</ul>"),
        ("<summary", "</summary>"),
        ("<text class=\"timeline__today-label\"", "</text>"),
    ];
    let html = present_only.iter().fold(page.body.clone(), |html, (from, to)| without(&html, from, to));
    let cards = ["entitlements", "history", "currencies", "app-user-ids"].map(|id| text_of(card_of(&html, id)));
    cards.into_iter().chain([text_of(spent), why.to_string()]).collect()
}

/// A long history is looked at in so many places.
const PLACES: usize = 10;

/// Each customer of the demo, at the instants of their events, against a desk that gets one event after the other.
async fn must_agree_with_a_desk_of_then(reading: &str, instant: fn(&Delivery) -> Moment) {
    let (now, customers) = demo();
    let [whole, then] = [Desk::open().await, Desk::open().await];
    [&whole, &then].iter().for_each(|desk| apply_catalog(desk, &demo_data::catalog()));
    set_clock(&whole, now);
    let all: Vec<&Delivery> = customers.iter().flat_map(|(_, own)| own).collect();
    take(&whole, &all);
    let mut coming: Vec<(&Delivery, Option<&str>)> = Vec::new();
    for (id, own) in &customers {
        let every = own.len().div_ceil(PLACES);
        let is_looked_at = |place: usize| place.is_multiple_of(every) || place + 1 == own.len();
        let own = own.iter().enumerate();
        coming.extend(own.map(|(place, one)| (one, is_looked_at(place).then_some(id.as_str()))));
    }
    coming.sort_by_key(|(delivery, _)| instant(delivery));
    let of_now = whole.cookie(&VERA);
    let mut looked = 0;
    for together in coming.chunk_by(|(one, _), (other, _)| instant(one) == instant(other)) {
        let at = together.first().map(|(delivery, _)| instant(delivery)).expect("an event");
        set_clock(&then, at);
        take(&then, &together.iter().map(|(delivery, _)| *delivery).collect::<Vec<_>>());
        for id in together.iter().filter_map(|(_, id)| *id) {
            for sandbox in ["", "sandbox=1&"] {
                let past = profile(&whole, &of_now, id, &format!("{sandbox}at={}&known={reading}", at.rfc3339())).await;
                let present = profile(&then, &then.cookie(&VERA), id, sandbox).await;
                for (past, present) in past.iter().zip(&present) {
                    assert_eq!(past, present, "{id} at {} known {reading}", at.rfc3339());
                }
                looked += 1;
            }
        }
    }
    assert!(looked > 400, "{looked}");
}

#[actix_web::test]
async fn each_demo_customer_was_what_a_desk_of_then_shows() {
    must_agree_with_a_desk_of_then("now", |delivery| delivery.event.event_at).await;
}

#[actix_web::test]
async fn each_demo_customer_was_known_as_a_desk_of_then_shows() {
    must_agree_with_a_desk_of_then("then", |delivery| delivery.received_at).await;
}

#[actix_web::test]
async fn the_past_is_named_and_nothing_can_be_done_in_it() {
    let desk = Desk::open().await;
    add_lena(&desk);
    let at = NOW.plus_days(-1).rfc3339();
    let page = desk.page(&SOL, &format!("{LENA}?at={at}")).await;
    let text = text_of(&page);
    assert!(text.contains("Nothing can be changed in the past.") && text.contains("Back to now"), "{text}");
    assert!(text.contains("what was true then, as it is known now"), "{text}");
    assert!(!page.contains("dialog=") && !page.contains("data-live"), "{page}");
    assert!(!page.contains(&format!("action=\"{LENA}/")), "{page}");
    let opened = desk.page(&SOL, &format!("{LENA}?at={at}&dialog=note-add")).await;
    assert!(!opened.contains("<dialog"), "no dialog opens in the past");
}

#[actix_web::test]
async fn a_moment_that_cannot_be_read_is_refused_and_the_future_is_now() {
    let desk = Desk::open().await;
    add_lena(&desk);
    for query in ["at=yesterday", "at=2026-05-03", "at=2026-05-03T14:00:00Z&known=later"] {
        for path in [LENA.to_owned(), format!("{LENA}/explanation.json")] {
            let answer = desk.get(&SOL, &format!("{path}?{query}")).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}?{query}");
        }
    }
    let future = desk.page(&SOL, &format!("{LENA}?at=2999-01-01T00:00:00Z")).await;
    assert!(!future.contains("Back to now") && future.contains("dialog=note-add"), "the page of now");
    assert!(text_of(&future).contains("has not come yet"), "and it says so");
    let before = desk.page(&SOL, &format!("{LENA}?at=1990-01-01T00:00:00Z")).await;
    let text = text_of(&before);
    assert!(text.contains("No event is as old as that.") && text.contains("was not known yet"), "{text}");
}

#[actix_web::test]
async fn the_export_and_the_explanations_are_of_that_moment_too() {
    let desk = Desk::open().await;
    let bought = json!({ "id": "bought", "purchased_at_ms": NOW.plus_days(-20).millis(), "price": 9.99,
        "expiration_at_ms": NOW.plus_days(10).millis(), "entitlement_ids": ["pro"] });
    let off = json!({ "id": "off", "type": "CANCELLATION", "cancel_reason": "UNSUBSCRIBE", "price": 0,
        "purchased_at_ms": NOW.plus_days(-20).millis(), "expiration_at_ms": NOW.plus_days(10).millis() });
    deliver(&desk, desk.project, &[purchase("mara", 20, bought), purchase("mara", 2, off)]);
    let mara = "/projects/sundial/customers/mara";
    let of_servers = "/v2/projects/sundial/customers/mara/explanation";
    let (then, before) = (NOW.plus_days(-10).rfc3339(), NOW.plus_days(-30).rfc3339());
    let case = async |query: String| {
        let page = desk.get(&VERA, &format!("{mara}/explanation.json?{query}")).await.json();
        let server = desk.server().get(&format!("{of_servers}?{query}")).await.json();
        assert_eq!(page, server, "{query}");
        page["explanations"][0]["case"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(case(String::new()).await, "ending");
    assert_eq!(case(format!("at={then}")).await, "renewing");
    assert_eq!(case(format!("at={before}")).await, "never_bought");
    // All came today.
    assert_eq!(case(format!("at={then}&known=then")).await, "never_bought");
    let refused = desk.server().get(&format!("{of_servers}?at=yesterday")).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["param"]), (400, &json!("at")));
    let file = async |query: &str| desk.get(&SOL, &format!("{mara}/export.json{query}")).await.json();
    let held = file(&format!("?at={then}")).await;
    assert_eq!(held["events"].as_array().map(Vec::len), Some(1), "{held}");
    assert_eq!((&held["known"], &held["explanations"][0]["has_access"]), (&json!("now"), &json!(true)));
    assert!(held["purchases"][0]["unsubscribed_at"].is_null() && held["made_at"] != held["as_of"], "{held}");
    let now = file("").await;
    assert_eq!((now["events"].as_array().map(Vec::len), &now["as_of"]), (Some(2), &Value::Null));
    let empty = file(&format!("?at={before}")).await;
    for field in ["events", "purchases", "app_user_ids"] {
        assert_eq!(empty[field], json!([]), "{field}");
    }
}

#[actix_web::test]
async fn an_override_and_attributes_are_those_of_then_where_it_is_known() {
    let desk = Desk::open().await;
    add_lena(&desk);
    apply_catalog(
        &desk,
        &json!({ "offerings": [
        { "id": "standard", "display_name": "Standard", "default": true, "packages": [] },
        { "id": "winback", "display_name": "Win-back", "default": false, "packages": [] },
    ] }),
    );
    let choose = async |offering: &str, seen: String| {
        let fields = [("offering", offering), ("until", "2027-03-01"), ("reason", "a test"), ("seen", &seen)];
        let chosen = desk.post_form(&SOL, &format!("{LENA}/offering"), &fields).await;
        assert_eq!(chosen.status, StatusCode::SEE_OTHER, "{}", chosen.body);
    };
    choose("winback", "0".into()).await;
    let first = desk.clock.now();
    desk.clock.advance(3_600);
    choose("", first.millis().to_string()).await;
    let set = [("key", "goal"), ("value", "sleep")];
    assert_eq!(desk.post_form(&SOL, &format!("{LENA}/attributes"), &set).await.status, StatusCode::SEE_OTHER);
    desk.clock.advance(3_600);
    let at = first.plus_seconds(60).rfc3339();
    let page = desk.page(&SOL, &format!("{LENA}?at={at}")).await;
    let offering = text_of(card_of(&page, "offering"));
    assert!(offering.contains("Win-back") && offering.contains("Set by Sol Mbeki"), "{offering}");
    assert!(offering.contains("until 1 Mar 2027") || offering.contains("until 2 Mar 2027"), "{offering}");
    let attributes = text_of(card_of(&page, "attributes"));
    assert!(attributes.contains("unknown for then: goal"), "{attributes}");
    let now = text_of(card_of(&desk.page(&SOL, LENA).await, "offering"));
    assert!(now.contains("Standard") && !now.contains("Set by"), "{now}");
}

//! Events give the same profile in any order, however often they are delivered. The tests compare the stored rows.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use dossier::base::error::Error;
use dossier::base::ids::{CustomerId, ProjectId};
use dossier::customers::Resolver;
use dossier::db::Conn;
use dossier::db::schema::*;
use dossier::events::Delivery;
use dossier::ingest::{self, Outcome};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::support::{Desk, samples};

const DAY: i64 = 86_400_000;

/// Everything that the profiles of a project show, without row ids: one text per customer, by their App User IDs.
pub fn profiles(conn: &mut Conn, project: ProjectId) -> QueryResult<BTreeMap<Vec<String>, String>> {
    let ids: Vec<CustomerId> =
        customers::table.filter(customers::project_id.eq(project)).select(customers::id).load(conn)?;
    ids.into_iter().map(|id| profile(conn, id)).collect()
}

fn profile(conn: &mut Conn, id: CustomerId) -> QueryResult<(Vec<String>, String)> {
    let names: Vec<(String, i64)> = app_user_ids::table
        .filter(app_user_ids::customer_id.eq(id))
        .order((app_user_ids::since, app_user_ids::key))
        .select((app_user_ids::app_user_id, app_user_ids::since))
        .load(conn)?;
    let bought: Vec<(String, String, i64, String)> = purchases::table
        .filter(purchases::customer_id.eq(id))
        .order((purchases::environment, purchases::key))
        .select((purchases::environment, purchases::key, purchases::ends_at, purchases::body))
        .load(conn)?;
    let values: Vec<(String, String, i64, bool)> = attributes::table
        .filter(attributes::customer_id.eq(id))
        .order(attributes::key)
        .select((attributes::key, attributes::value, attributes::updated_at, attributes::is_deleted))
        .load(conn)?;
    let rows: Vec<(i64, i64, i64, String, String, String, String)> = history::table
        .filter(history::customer_id.eq(id))
        .order((history::timeline_at, history::event_at, history::tie))
        .select((
            history::timeline_at,
            history::event_at,
            history::tie,
            history::environment,
            history::topic,
            history::side,
            history::summary,
        ))
        .load(conn)?;
    let terms: BTreeSet<(Vec<u8>, String, String)> = search_terms::table
        .filter(search_terms::customer_id.eq(id))
        .select((search_terms::term, search_terms::kind, search_terms::value))
        .load(conn)?
        .into_iter()
        .collect();
    let summary: (String, Option<String>, i64, i64, i64, i64, Option<String>) = customers::table
        .find(id)
        .select((
            customers::original_app_user_id,
            customers::event_country,
            customers::spent_micros,
            customers::events_count,
            customers::active_at,
            customers::subscribed_until,
            customers::latest,
        ))
        .first(conn)?;
    let text = format!("{names:?}\n{bought:?}\n{values:?}\n{rows:?}\n{terms:?}\n{summary:?}");
    Ok((names.into_iter().map(|(name, _)| name).collect(), text))
}

/// Delivers bodies one by one, each in its own commit.
pub fn deliver(desk: &Desk, project: ProjectId, bodies: &[String]) -> Vec<Outcome> {
    bodies.iter().map(|body| deliver_together(desk, project, std::slice::from_ref(body)).remove(0)).collect()
}

/// Delivers bodies in one commit.
pub fn deliver_together(desk: &Desk, project: ProjectId, bodies: &[String]) -> Vec<Outcome> {
    let stored = desk.db.write_here(|conn| {
        let mut resolver = Resolver::new(project, desk.ids.clone(), desk.clock.now());
        let mut touched = BTreeSet::new();
        let mut outcomes = Vec::new();
        for body in bodies {
            let delivery = Delivery::parse(body.clone().into_bytes(), desk.clock.now()).expect("the body reads");
            outcomes.push(ingest::store(conn, &mut resolver, &delivery, &mut touched)?);
        }
        ingest::settle(conn, &resolver, touched)?;
        Ok::<_, Error>(outcomes)
    });
    stored.expect("the deliveries are stored")
}

pub fn state(desk: &Desk, project: ProjectId) -> BTreeMap<Vec<String>, String> {
    desk.db.read_here(|conn| Ok::<_, Error>(profiles(conn, project)?)).expect("profiles are read")
}

pub fn body(day: i64, kind: &str, extra: Value) -> String {
    let mut event = json!({
        "id": format!("{day}-{kind}-{extra}"), "type": kind, "event_timestamp_ms": 1_700_000_000_000 + day * DAY,
        "app_user_id": "lena", "original_app_user_id": "lena", "aliases": ["lena"], "store": "APP_STORE",
        "environment": "PRODUCTION", "product_id": "monthly", "entitlement_ids": ["pro"], "period_type": "NORMAL",
        "purchased_at_ms": 1_700_000_000_000i64, "expiration_at_ms": 1_700_000_000_000 + 30 * DAY,
        "transaction_id": "100", "original_transaction_id": "100", "price": 0,
    });
    for (key, value) in extra.as_object().into_iter().flatten() {
        event[key] = value.clone();
    }
    json!({ "api_version": "1.0", "event": event }).to_string()
}

pub fn ids(app_user_id: &str, aliases: &[&str]) -> Value {
    json!({ "app_user_id": app_user_id, "original_app_user_id": aliases.first(), "aliases": aliases })
}

pub fn moved(day: i64, from: &[&str], to: &[&str]) -> String {
    body(
        day,
        "TRANSFER",
        json!({
            "transferred_from": from, "transferred_to": to, "app_user_id": null, "original_app_user_id": null,
            "aliases": null, "product_id": null, "transaction_id": null, "original_transaction_id": null,
        }),
    )
}

/// Life cycles of §6.5, each short enough to be delivered in every order.
fn life_cycles() -> Vec<(&'static str, Vec<String>)> {
    let day = |days: i64| json!(1_700_000_000_000 + days * DAY);
    let paid = |number: i64| {
        json!({
            "price": 9.99, "transaction_id": format!("{}", 100 + number), "renewal_number": number + 1,
            "purchased_at_ms": day(30 * number), "expiration_at_ms": day(30 * number + 30),
        })
    };
    let start = || body(0, "INITIAL_PURCHASE", json!({ "price": 9.99 }));
    vec![
        (
            "trial to paid",
            vec![
                body(0, "INITIAL_PURCHASE", json!({ "period_type": "TRIAL", "expiration_at_ms": day(7) })),
                body(
                    7,
                    "RENEWAL",
                    json!({ "is_trial_conversion": true, "transaction_id": "101", "purchased_at_ms": day(7), "price": 9.99 }),
                ),
                body(
                    8,
                    "CANCELLATION",
                    json!({ "cancel_reason": "UNSUBSCRIBE", "transaction_id": "101", "purchased_at_ms": day(7) }),
                ),
            ],
        ),
        (
            "cancelled and back",
            vec![
                start(),
                body(3, "CANCELLATION", json!({ "cancel_reason": "UNSUBSCRIBE" })),
                body(4, "UNCANCELLATION", json!({})),
                body(30, "RENEWAL", paid(1)),
            ],
        ),
        (
            "grace and recovery",
            vec![
                start(),
                body(30, "BILLING_ISSUE", json!({ "grace_period_expiration_at_ms": day(46) })),
                body(30, "CANCELLATION", json!({ "cancel_reason": "BILLING_ERROR" })),
                body(35, "RENEWAL", paid(1)),
            ],
        ),
        (
            "billing retry",
            vec![
                start(),
                body(30, "BILLING_ISSUE", json!({})),
                body(30, "CANCELLATION", json!({ "cancel_reason": "BILLING_ERROR" })),
                body(30, "EXPIRATION", json!({ "expiration_reason": "BILLING_ERROR" })),
            ],
        ),
        (
            "pause and resume",
            vec![
                start(),
                body(5, "SUBSCRIPTION_PAUSED", json!({ "auto_resume_at_ms": day(60) })),
                body(30, "EXPIRATION", json!({ "expiration_reason": "SUBSCRIPTION_PAUSED" })),
                body(60, "RENEWAL", paid(2)),
            ],
        ),
        (
            "refunded and reversed",
            vec![
                start(),
                body(
                    5,
                    "CANCELLATION",
                    json!({ "cancel_reason": "CUSTOMER_SUPPORT", "price": -9.99, "expiration_at_ms": day(5) }),
                ),
                body(6, "EXPIRATION", json!({ "expiration_reason": "CUSTOMER_SUPPORT", "expiration_at_ms": day(5) })),
                body(8, "REFUND_REVERSED", json!({ "price": 9.99 })),
            ],
        ),
        (
            "an alias chain and a cycle",
            vec![
                body(1, "INITIAL_PURCHASE", ids("a", &["a"])),
                body(2, "SUBSCRIBER_ALIAS", ids("b", &["b"])),
                body(3, "SUBSCRIBER_ALIAS", ids("c", &["c", "b"])),
                body(4, "SUBSCRIBER_ALIAS", ids("a", &["a", "c"])),
                body(5, "SUBSCRIBER_ALIAS", ids("b", &["b", "a"])),
            ],
        ),
        (
            "transfers in a chain, then one customer",
            vec![
                start(),
                moved(2, &["lena"], &["mara"]),
                moved(3, &["mara"], &["noor"]),
                body(
                    4,
                    "RENEWAL",
                    json!({ "app_user_id": "noor", "original_app_user_id": "noor", "aliases": ["noor"], "transaction_id": "101", "purchased_at_ms": day(4), "price": 9.99 }),
                ),
                body(5, "SUBSCRIBER_ALIAS", ids("lena", &["lena", "mara"])),
            ],
        ),
        (
            "attributes",
            vec![
                body(
                    1,
                    "INITIAL_PURCHASE",
                    json!({ "subscriber_attributes": { "$email": { "value": "lena@okafor.example", "updated_at_ms": day(1) } } }),
                ),
                body(
                    2,
                    "RENEWAL",
                    json!({ "subscriber_attributes": { "$email": { "value": "", "updated_at_ms": day(3) } } }),
                ),
                body(
                    3,
                    "EXPIRATION",
                    json!({ "subscriber_attributes": { "$email": { "value": "old@okafor.example", "updated_at_ms": day(2) } } }),
                ),
            ],
        ),
        (
            "expired before it was bought",
            vec![
                body(0, "INITIAL_PURCHASE", json!({ "expiration_at_ms": day(-1) })),
                body(1, "EXPIRATION", json!({ "expiration_at_ms": day(-1) })),
                body(1, "SUBSCRIPTION_EXTENDED", json!({ "expiration_at_ms": day(3) })),
            ],
        ),
    ]
}

fn permutations(items: &[String]) -> Vec<Vec<String>> {
    if items.len() <= 1 {
        return vec![items.to_vec()];
    }
    (0..items.len())
        .flat_map(|first| {
            let mut rest = items.to_vec();
            let head = rest.remove(first);
            permutations(&rest).into_iter().map(move |mut tail| {
                tail.insert(0, head.clone());
                tail
            })
        })
        .collect()
}

#[actix_web::test]
async fn every_order_of_a_life_cycle_gives_the_same_profile() {
    let desk = Desk::open().await;
    for (name, bodies) in life_cycles() {
        let project = desk.project_of_its_own();
        deliver(&desk, project, &bodies);
        let ordered = state(&desk, project);
        for order in permutations(&bodies) {
            let project = desk.project_of_its_own();
            deliver(&desk, project, &order);
            deliver(&desk, project, order.get(..2).unwrap_or(&order));
            assert_eq!(state(&desk, project), ordered, "{name}: {order:#?}");
        }
    }
}

#[actix_web::test]
async fn a_batch_in_one_commit_gives_the_same_profile_as_single_deliveries() {
    let desk = Desk::open().await;
    for (name, bodies) in life_cycles() {
        let (one_by_one, together) = (desk.project_of_its_own(), desk.project_of_its_own());
        deliver(&desk, one_by_one, &bodies);
        let mut reversed: Vec<String> = bodies.iter().chain(&bodies).cloned().collect();
        reversed.reverse();
        deliver_together(&desk, together, &reversed);
        assert_eq!(state(&desk, together), state(&desk, one_by_one), "{name}");
    }
}

/// Two customers get events, and a third event of the same commit merges them.
#[actix_web::test]
async fn customers_that_are_merged_within_a_batch_are_folded_as_one() {
    let desk = Desk::open().await;
    let bodies = [
        body(0, "INITIAL_PURCHASE", ids("lena", &["lena"])),
        body(1, "RENEWAL", ids("$RCAnonymousID:1", &["$RCAnonymousID:1"])),
        body(2, "SUBSCRIBER_ALIAS", ids("lena", &["lena", "$RCAnonymousID:1"])),
        body(3, "RENEWAL", ids("mara", &["mara"])),
        moved(4, &["mara"], &["mara", "lena"]),
    ];
    let ordered = desk.project_of_its_own();
    deliver(&desk, ordered, &bodies);
    let ordered = state(&desk, ordered);
    assert_eq!(ordered.keys().map(Vec::len).collect::<Vec<_>>(), [3], "the transfer merges them, as its lists overlap");
    for order in permutations(&bodies) {
        let project = desk.project_of_its_own();
        deliver_together(&desk, project, &order);
        assert_eq!(state(&desk, project), ordered, "{order:#?}");
    }
}

#[actix_web::test]
async fn any_order_of_random_events_gives_the_same_profiles() {
    let desk = Desk::open().await;
    let mut runner = TestRunner::new(Config { cases: 40, ..Config::default() });
    let kinds = prop::sample::select(vec![
        "INITIAL_PURCHASE",
        "RENEWAL",
        "CANCELLATION",
        "EXPIRATION",
        "TRANSFER",
        "SUBSCRIBER_ALIAS",
    ]);
    let one = (kinds, 0..40_i64, 0..3_i64, 0..5_usize, 0..5_usize);
    let sequences = prop::collection::vec(one, 2..9).prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle()));
    let checked = runner.run(&sequences, |(ordered, shuffled)| {
        let names = ["lena", "mara", "noor", "$RCAnonymousID:0", "$RCAnonymousID:1"];
        let write = |(kind, day, transaction, one, other): &(&str, i64, i64, usize, usize)| match *kind {
            "TRANSFER" => moved(*day, &[names[*one]], &[names[*other]]),
            "SUBSCRIBER_ALIAS" => body(*day, kind, ids(names[*one], &[names[*one], names[*other]])),
            kind => {
                let mut extra = ids(names[*one], &[names[*one]]);
                extra["transaction_id"] = json!(transaction.to_string());
                body(*day, kind, extra)
            }
        };
        let (first, second) = (desk.project_of_its_own(), desk.project_of_its_own());
        deliver(&desk, first, &ordered.iter().map(write).collect::<Vec<_>>());
        deliver(&desk, second, &shuffled.iter().map(write).collect::<Vec<_>>());
        prop_assert_eq!(state(&desk, first), state(&desk, second));
        Ok(())
    });
    checked.expect("every order agrees");
}

#[actix_web::test]
async fn samples_in_any_order_give_the_same_profiles() {
    let desk = Desk::open().await;
    let bodies = samples::all();
    let project = desk.project_of_its_own();
    deliver(&desk, project, &bodies);
    let ordered = state(&desk, project);
    assert!(ordered.len() >= 4);
    let mut runner = TestRunner::new(Config { cases: 100, ..Config::default() });
    let twice: Vec<String> = bodies.iter().chain(&bodies).cloned().collect();
    let checked = runner.run(&Just(twice).prop_shuffle(), |shuffled| {
        let project = desk.project_of_its_own();
        deliver(&desk, project, &shuffled);
        prop_assert_eq!(state(&desk, project), ordered.clone());
        Ok(())
    });
    checked.expect("every order agrees");
}

#[actix_web::test]
async fn rebuilding_changes_nothing_when_nothing_is_wrong() {
    let desk = Desk::open().await;
    let project = desk.project_of_its_own();
    for (_, bodies) in life_cycles() {
        deliver(&desk, project, &bodies);
    }
    let before = state(&desk, project);
    let bar = indicatif::ProgressBar::hidden();
    dossier::cli::rebuild::rebuild(&desk.db, Some(project), &bar).expect("it rebuilds");
    assert_eq!(state(&desk, project), before);
}

#[actix_web::test]
async fn rebuilding_repairs_what_was_damaged() {
    let desk = Desk::open().await;
    let project = desk.project_of_its_own();
    deliver(&desk, project, &[body(0, "INITIAL_PURCHASE", json!({ "price": 9.99 }))]);
    let before = state(&desk, project);
    let damaged = desk.db.write_here(|conn| {
        diesel::delete(purchases::table).execute(conn)?;
        diesel::update(customers::table).set(customers::spent_micros.eq(7)).execute(conn)?;
        Ok::<_, Error>(())
    });
    damaged.expect("it is damaged");
    let bar = indicatif::ProgressBar::hidden();
    dossier::cli::rebuild::rebuild(&desk.db, None, &bar).expect("it rebuilds");
    assert_eq!(state(&desk, project), before);
}

#[actix_web::test]
async fn rebuilding_restores_histories_and_transfer_links_from_the_events() {
    let desk = Desk::open().await;
    let project = desk.project_of_its_own();
    for (_, bodies) in life_cycles() {
        deliver(&desk, project, &bodies);
    }
    let before = state(&desk, project);
    let damaged = desk.db.write_here(|conn| {
        diesel::delete(history::table.filter(history::topic.eq("money"))).execute(conn)?;
        diesel::update(history::table).set((history::summary.eq("{}"), history::topic.eq("other"))).execute(conn)?;
        diesel::delete(transfer_links::table).execute(conn)?;
        Ok::<_, Error>(())
    });
    damaged.expect("it is damaged");
    let bar = indicatif::ProgressBar::hidden();
    dossier::cli::rebuild::rebuild(&desk.db, Some(project), &bar).expect("it rebuilds");
    assert_eq!(state(&desk, project), before);
}

#[actix_web::test]
async fn a_repeated_id_with_another_body_changes_nothing_and_is_flagged() {
    let desk = Desk::open().await;
    let project = desk.project_of_its_own();
    let first = body(0, "INITIAL_PURCHASE", json!({ "id": "same", "price": 9.99 }));
    let second = body(0, "INITIAL_PURCHASE", json!({ "id": "same", "price": 99.99 }));
    let outcomes = deliver(&desk, project, &[first.clone(), first, second]);
    assert_eq!(outcomes, [Outcome::Stored, Outcome::Duplicate, Outcome::Duplicate]);
    let (spent, flagged) = desk
        .db
        .read_here(|conn| {
            let of_project = customers::table.filter(customers::project_id.eq(project));
            let spent: i64 = of_project.select(customers::spent_micros).first(conn)?;
            let rejected = rejected_deliveries::table.filter(rejected_deliveries::project_id.eq(project));
            Ok::<_, Error>((spent, rejected.count().get_result::<i64>(conn)?))
        })
        .expect("it reads");
    assert_eq!((spent, flagged), (9_990_000, 1));
}

#[actix_web::test]
async fn an_event_of_a_forbidden_id_is_stored_without_a_customer_and_reported() {
    let desk = Desk::open().await;
    let project = desk.project_of_its_own();
    deliver(&desk, project, &[body(0, "INITIAL_PURCHASE", ids("guest", &["guest"]))]);
    deliver(&desk, project, &[body(1, "INITIAL_PURCHASE", ids("a\0b", &[".."]))]);
    assert!(state(&desk, project).is_empty());
    let (stored, reported) = desk
        .db
        .read_here(|conn| {
            let stored = events::table.filter(events::project_id.eq(project)).count().get_result::<i64>(conn)?;
            let rejected = rejected_deliveries::table.filter(rejected_deliveries::project_id.eq(project));
            Ok::<_, Error>((stored, rejected.count().get_result::<i64>(conn)?))
        })
        .expect("it reads");
    assert_eq!((stored, reported), (2, 2));
}

#[actix_web::test]
async fn ten_thousand_aliases_are_one_customer() {
    let desk = Desk::open().await;
    let project = desk.project_of_its_own();
    let aliases: Vec<String> = (0..10_000).map(|number| format!("alias-{number:05}")).collect();
    deliver(&desk, project, &[body(0, "INITIAL_PURCHASE", json!({ "aliases": aliases }))]);
    let all = state(&desk, project);
    assert_eq!(all.keys().map(Vec::len).collect::<Vec<_>>(), [10_001]);
}

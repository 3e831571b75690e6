//! Events give the same profile in any order, however often they are delivered. The tests compare the stored rows.

use diesel::prelude::*;
use dossier::base::error::Error;
use dossier::db::schema::*;
use dossier::ingest::Outcome;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use crate::support::customers::profiles;
use crate::support::events::{deliver, deliver_together, event_on_day, transfer_event, with_ids};
use crate::support::life_cycles::life_cycles;
use crate::support::{Desk, samples};

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
        let ordered = profiles(&desk, project);
        for order in permutations(&bodies) {
            let project = desk.project_of_its_own();
            deliver(&desk, project, &order);
            deliver(&desk, project, order.get(..2).unwrap_or(&order));
            assert_eq!(profiles(&desk, project), ordered, "{name}: {order:#?}");
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
        assert_eq!(profiles(&desk, together), profiles(&desk, one_by_one), "{name}");
    }
}

/// Two customers get events, and a third event of the same commit merges them.
#[actix_web::test]
async fn customers_that_are_merged_within_a_batch_are_folded_as_one() {
    let desk = Desk::open().await;
    let bodies = [
        event_on_day(0, "INITIAL_PURCHASE", with_ids("lena", &["lena"])),
        event_on_day(1, "RENEWAL", with_ids("$RCAnonymousID:1", &["$RCAnonymousID:1"])),
        event_on_day(2, "SUBSCRIBER_ALIAS", with_ids("lena", &["lena", "$RCAnonymousID:1"])),
        event_on_day(3, "RENEWAL", with_ids("mara", &["mara"])),
        transfer_event(4, &["mara"], &["mara", "lena"]),
    ];
    let ordered = desk.project_of_its_own();
    deliver(&desk, ordered, &bodies);
    let ordered = profiles(&desk, ordered);
    assert_eq!(ordered.keys().map(Vec::len).collect::<Vec<_>>(), [3], "the transfer merges them, as its lists overlap");
    for order in permutations(&bodies) {
        let project = desk.project_of_its_own();
        deliver_together(&desk, project, &order);
        assert_eq!(profiles(&desk, project), ordered, "{order:#?}");
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
            "TRANSFER" => transfer_event(*day, &[names[*one]], &[names[*other]]),
            "SUBSCRIBER_ALIAS" => event_on_day(*day, kind, with_ids(names[*one], &[names[*one], names[*other]])),
            kind => {
                let mut extra = with_ids(names[*one], &[names[*one]]);
                extra["transaction_id"] = json!(transaction.to_string());
                event_on_day(*day, kind, extra)
            }
        };
        let (first, second) = (desk.project_of_its_own(), desk.project_of_its_own());
        deliver(&desk, first, &ordered.iter().map(write).collect::<Vec<_>>());
        deliver(&desk, second, &shuffled.iter().map(write).collect::<Vec<_>>());
        prop_assert_eq!(profiles(&desk, first), profiles(&desk, second));
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
    let ordered = profiles(&desk, project);
    assert!(ordered.len() >= 4);
    let mut runner = TestRunner::new(Config { cases: 100, ..Config::default() });
    let twice: Vec<String> = bodies.iter().chain(&bodies).cloned().collect();
    let checked = runner.run(&Just(twice).prop_shuffle(), |shuffled| {
        let project = desk.project_of_its_own();
        deliver(&desk, project, &shuffled);
        prop_assert_eq!(profiles(&desk, project), ordered.clone());
        Ok(())
    });
    checked.expect("every order agrees");
}

#[actix_web::test]
async fn a_repeated_id_with_another_body_changes_nothing_and_is_flagged() {
    let desk = Desk::open().await;
    let project = desk.project_of_its_own();
    let first = event_on_day(0, "INITIAL_PURCHASE", json!({ "id": "same", "price": 9.99 }));
    let second = event_on_day(0, "INITIAL_PURCHASE", json!({ "id": "same", "price": 99.99 }));
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
    deliver(&desk, project, &[event_on_day(0, "INITIAL_PURCHASE", with_ids("guest", &["guest"]))]);
    deliver(&desk, project, &[event_on_day(1, "INITIAL_PURCHASE", with_ids("a\0b", &[".."]))]);
    assert!(profiles(&desk, project).is_empty());
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
    deliver(&desk, project, &[event_on_day(0, "INITIAL_PURCHASE", json!({ "aliases": aliases }))]);
    let all = profiles(&desk, project);
    assert_eq!(all.keys().map(Vec::len).collect::<Vec<_>>(), [10_001]);
}

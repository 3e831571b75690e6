//! One more event changes the stored state as a fold over all events would, whatever came before it: long histories with
//! duplicates, late events, merges, transfers and erasures in between.

use actix_web::http::StatusCode;
use diesel::prelude::*;
use dossier::base::ids::ProjectId;
use dossier::cli::settle;
use dossier::db::schema::events;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::support::Desk;
use crate::support::customers::profiles;
use crate::support::events::{deliver, deliver_together, event_on_day, import, transfer_event, with_ids};
use crate::support::histories::{NAMES, body, differences, histories};
use crate::support::jobs::rebuild;
use crate::support::operations::erase_customer;

fn must_equal(desk: &Desk, one: ProjectId, other: ProjectId) -> Result<(), TestCaseError> {
    let (one, other) = (profiles(desk, one), profiles(desk, other));
    prop_assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    for (names, text) in &one {
        let theirs = other.get(names).map_or("", String::as_str);
        prop_assert!(text == theirs, "{:?}\n{}", names, differences(text, theirs));
    }
    Ok(())
}

/// A rebuild folds all events of every customer.
fn must_stay_in_a_rebuild(desk: &Desk, project: ProjectId) -> Result<(), TestCaseError> {
    let before = profiles(desk, project);
    rebuild(desk, Some(project));
    for (names, text) in profiles(desk, project) {
        let stored = before.get(&names).map_or("", String::as_str);
        prop_assert!(text == stored, "{:?}\n{}", names, differences(stored, &text));
    }
    Ok(())
}

#[actix_web::test]
async fn long_histories_in_any_order_and_in_batches_give_what_a_fold_over_all_events_gives() {
    let desk = Desk::open().await;
    let mut runner = TestRunner::new(Config { cases: 24, ..Config::default() });
    let numbered = histories().prop_map(|all| all.iter().enumerate().map(|(n, one)| body(n, one)).collect::<Vec<_>>());
    let cases = numbered.prop_flat_map(|bodies| {
        let mut sorted = bodies.clone();
        let time = |body: &String| {
            let sent: Value = serde_json::from_str(body).expect("JSON");
            sent["event"]["event_timestamp_ms"].as_i64()
        };
        sorted.sort_by_key(time);
        (Just(sorted), Just(bodies).prop_shuffle(), prop::collection::vec(1..40_usize, 20))
    });
    let checked = runner.run(&cases, |(sorted, shuffled, sizes)| {
        let projects = [(); 3].map(|()| desk.project_of_its_own());
        let [in_order, one_by_one, in_batches] = projects;
        deliver(&desk, in_order, &sorted);
        deliver(&desk, one_by_one, &shuffled);
        let mut left = shuffled.as_slice();
        for size in sizes {
            let (batch, rest) = left.split_at(size.min(left.len()));
            deliver_together(&desk, in_batches, batch);
            // Some of them come again.
            deliver_together(&desk, in_batches, &batch[batch.len() / 2..]);
            left = rest;
        }
        deliver_together(&desk, in_batches, left);
        must_stay_in_a_rebuild(&desk, in_order)?;
        must_equal(&desk, one_by_one, in_order)?;
        must_equal(&desk, in_batches, in_order)?;
        must_stay_in_a_rebuild(&desk, in_batches)
    });
    checked.expect("every way gives the same");
}

#[actix_web::test]
async fn after_an_erasure_in_between_the_others_have_what_a_fold_over_all_events_gives() {
    let desk = Desk::open().await;
    let mut runner = TestRunner::new(Config { cases: 12, ..Config::default() });
    let cases = (histories(), 20..100_usize, 0..3_usize);
    let checked = runner.run(&cases, |(drawn, place, gone)| {
        let project = desk.project_of_its_own();
        let bodies: Vec<String> = drawn.iter().enumerate().map(|(number, one)| body(number, one)).collect();
        let (before, after) = bodies.split_at(place.min(bodies.len()));
        deliver(&desk, project, before);
        if profiles(&desk, project).keys().flatten().any(|name| name == NAMES[gone]) {
            erase_customer(&desk, project, NAMES[gone]);
        }
        must_stay_in_a_rebuild(&desk, project)?;
        deliver(&desk, project, after);
        must_stay_in_a_rebuild(&desk, project)
    });
    checked.expect("the others have what follows from their events");
}

/// In one of two projects with the same customers the bodies of all events but the newest are damaged. Whoever read them would
/// miss what they say.
#[actix_web::test]
async fn events_from_long_ago_are_not_read_again() {
    let desk = Desk::open().await;
    let [whole, damaged] = [(); 2].map(|()| desk.project_of_its_own());
    let renewal = |id: &str, hour: i64| {
        let at = 1_700_000_000_000 + hour * 3_600_000;
        let fields = json!({
            "id": format!("{id}-{hour}"), "event_timestamp_ms": at, "purchased_at_ms": at, "price": hour % 7,
            "expiration_at_ms": at + 86_400_000, "transaction_id": format!("{id}-{hour}"),
            "original_transaction_id": format!("{id}-{}", hour % 3), "app_user_id": id, "original_app_user_id": id,
            "aliases": [id],
        });
        event_on_day(0, "RENEWAL", fields)
    };
    let both = |bodies: &[String]| [whole, damaged].iter().for_each(|project| drop(deliver(&desk, *project, bodies)));
    let mut before: Vec<String> = (0..150).map(|hour| renewal("lena", hour)).collect();
    before.extend((0..40).map(|hour| renewal("noor", hour)));
    before.push(transfer_event(5, &["noor"], &["lena"]));
    before.extend((150..400).map(|hour| renewal("lena", hour)));
    both(&before);
    both(&[renewal("$RCAnonymousID:0", 390)]);
    let newest = desk.read(|conn| {
        let all = events::table.filter(events::project_id.eq(damaged)).order(events::id.desc());
        all.offset(81).select(events::id).first::<i64>(conn)
    });
    let sql = format!("UPDATE events SET body = digest WHERE project_id = {damaged} AND id <= {newest}");
    desk.db.batch(&sql).expect("what is older is damaged");
    let alias = with_ids("lena", &["lena", "$RCAnonymousID:0"]);
    let refund = json!({ "id": "late", "event_timestamp_ms": 1_700_000_000_000_i64 + 380 * 3_600_000 + 5,
        "cancel_reason": "CUSTOMER_SUPPORT", "transaction_id": "lena-380", "original_transaction_id": "lena-2" });
    both(&[renewal("lena", 401), event_on_day(0, "CANCELLATION", refund), renewal("lena", 395 + 7)]);
    both(&[event_on_day(16, "SUBSCRIBER_ALIAS", alias), renewal("noor", 403), renewal("lena", 404)]);
    for project in [whole, damaged] {
        let app = desk.client(project, "Web", Some("RC_BILLING"));
        let body = json!({ "attributes": { "$displayName": { "value": "Lena", "updated_at_ms": 1 } } });
        let answer = app.post("/v1/subscribers/lena/attributes", body).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    }
    must_equal(&desk, damaged, whole).expect("nothing was missed");
    rebuild(&desk, Some(damaged));
    assert!(must_equal(&desk, damaged, whole).is_err(), "a rebuild reads everything");
}

/// As an import leaves it that was interrupted, or while one runs beside a server.
#[actix_web::test]
async fn events_that_wait_to_be_applied_are_not_lost_when_their_customer_is_merged() {
    let desk = Desk::open().await;
    let [at_once, late] = [(); 2].map(|()| desk.project_of_its_own());
    let bought = |id: &str, day: i64| {
        let fields = json!({ "app_user_id": id, "original_app_user_id": id, "aliases": [id], "price": day,
            "transaction_id": format!("{id}-{day}"), "original_transaction_id": format!("{id}-{day}"),
            "subscriber_attributes": { "goal": { "value": format!("{day}"), "updated_at_ms": day } } });
        event_on_day(day, "INITIAL_PURCHASE", fields)
    };
    let first = [bought("lena", 1), event_on_day(2, "SUBSCRIBER_ALIAS", with_ids("mara", &["mara"]))];
    let imported = [bought("mara", 3), bought("mara", 4)];
    let merge = [event_on_day(5, "SUBSCRIBER_ALIAS", with_ids("lena", &["lena", "mara"]))];
    for project in [at_once, late] {
        deliver(&desk, project, &first);
    }
    deliver(&desk, at_once, &imported);
    import(&desk, late, &imported);
    for project in [at_once, late] {
        deliver(&desk, project, &merge);
    }
    must_equal(&desk, late, at_once).expect("nothing was lost");
    must_stay_in_a_rebuild(&desk, late).expect("nothing was lost");
}

/// They are derived in several chunks, each of which is read while the one before is written.
#[actix_web::test]
async fn customers_whom_transfers_link_are_derived_right_in_whatever_chunk_they_are() {
    let desk = Desk::open().await;
    let [at_once, late] = [(); 2].map(|()| desk.project_of_its_own());
    let ids: Vec<String> = (0..600).map(|number| format!("customer-{number}")).collect();
    let of = |id: &String, day: i64| {
        let fields = json!({ "app_user_id": id, "original_app_user_id": id, "aliases": [id], "price": 1,
            "transaction_id": format!("{id}-{day}"), "original_transaction_id": format!("{id}-0") });
        event_on_day(day, if day == 0 { "INITIAL_PURCHASE" } else { "RENEWAL" }, fields)
    };
    let first: Vec<String> = ids.iter().map(|id| of(id, 0)).collect();
    let moved = ids.iter().zip(ids.iter().skip(300)).step_by(7);
    let moved = moved.map(|(from, to)| transfer_event(10, &[from.as_str()], &[to.as_str()]));
    let then: Vec<String> = ids.iter().map(|id| of(id, 20)).chain(moved).collect();
    for project in [at_once, late] {
        deliver_together(&desk, project, &first);
    }
    deliver_together(&desk, at_once, &then);
    import(&desk, late, &then);
    let derived = settle::stale(&desk.db, &indicatif::ProgressBar::hidden()).expect("all are derived");
    assert_eq!(derived, ids.len());
    must_equal(&desk, late, at_once).expect("the same");
}

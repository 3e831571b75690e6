//! Grants without HTTP: what is stored, which state results, and how they end.

use std::sync::Barrier;

use diesel::prelude::*;
use dossier::base::error::Error;
use dossier::db::schema::grant_ends;
use dossier::operations::grants::{Preset, Refusal, queries};
use dossier::projection::Status;
use serde_json::json;

use crate::support::catalogs::desk_with_entitlements;
use crate::support::customers::{count_events, customer_id, grants_of, history_of};
use crate::support::events::{deliver, purchase};
use crate::support::jobs::{jobs_of_process, run_all, run_jobs};
use crate::support::operations::{grant, remove_grant, try_to_grant};
use crate::support::{Desk, NOW};

fn pending_ends(desk: &Desk) -> i64 {
    desk.db.read_here(|conn| Ok::<_, Error>(grant_ends::table.count().get_result(conn)?)).expect("it counts")
}

#[actix_web::test]
async fn a_grant_gives_access_until_its_end() {
    let desk = desk_with_entitlements().await;
    let given = grant(&desk, "lena", "coach", Preset::Weekly);
    let grants = grants_of(&desk, "lena");
    let [grant] = grants.as_slice() else { panic!("{grants:?}") };
    assert_eq!((&grant.key, grant.product_id.as_str()), (&given.key, "rc_promo_coach_weekly"));
    assert_eq!((grant.period_start, grant.expires_at), (NOW, Some(NOW.plus_days(7))));
    assert_eq!(grant.status(NOW.plus_days(7).plus_seconds(-1)), Status::Granted);
    assert_eq!(grant.status(NOW.plus_days(7)), Status::GrantOver);
    assert_eq!(history_of(&desk, "lena"), ["own INITIAL_PURCHASE", "own NON_RENEWING_PURCHASE"]);
}

#[actix_web::test]
async fn a_second_grant_of_the_same_entitlement_is_refused_and_of_another_is_not() {
    let desk = desk_with_entitlements().await;
    let first = grant(&desk, "lena", "pro", Preset::Monthly);
    let again = |entitlement, replaces| try_to_grant(&desk, "lena", entitlement, Preset::Yearly, replaces);
    let refused = again("pro", false).expect_err("there is one");
    assert!(matches!(refused, Refusal::Held(held) if held.ends_at == first.ends_at && !held.is_lifetime));
    assert!(matches!(again("Pro", false), Err(Refusal::NotConfigured)));
    assert!(again("coach", false).is_ok());
    let replaced = again("pro", true).expect("it takes the place of the first");
    assert_eq!(replaced.removed.iter().map(|one| one.key.as_str()).collect::<Vec<_>>(), [first.key.as_str()]);
    let running = desk.db.read_here(|conn| Ok::<_, Error>(queries::running(conn, customer_id(&desk, "lena"), NOW)?));
    assert_eq!(running.expect("grants").len(), 2);
    assert_eq!(history_of(&desk, "lena").iter().filter(|kind| kind.ends_with("CANCELLATION")).count(), 1);
    assert_eq!(pending_ends(&desk), 2);
}

#[actix_web::test]
async fn a_removal_ends_all_grants_of_the_entitlement_at_once_and_no_other() {
    let desk = desk_with_entitlements().await;
    // A grant that another program made.
    let foreign = json!({
        "type": "NON_RENEWING_PURCHASE", "store": "PROMOTIONAL", "period_type": "PROMOTIONAL", "entitlement_ids": ["pro"],
        "product_id": "rc_promo_pro_lifetime", "transaction_id": "f", "original_transaction_id": "f",
        "expiration_at_ms": NOW.plus_days(70_000), "price": 0,
    });
    deliver(&desk, desk.project, &[purchase("lena", 2, foreign)]);
    let coach = grant(&desk, "lena", "coach", Preset::Weekly);
    assert_eq!(remove_grant(&desk, "lena", "PROMOTIONAL:f").map(|all| all.len()), Some(1));
    let pro = grant(&desk, "lena", "pro", Preset::Weekly);
    desk.clock.advance(3_600);
    let removed = remove_grant(&desk, "lena", &pro.key).expect("it is running");
    assert_eq!((removed.len(), removed[0].ends_at), (1, pro.ends_at));
    let now = desk.clock.now();
    let state: Vec<(String, Status)> =
        grants_of(&desk, "lena").into_iter().map(|one| (one.key.clone(), one.status(now))).collect();
    assert!(state.iter().all(|(key, status)| (*status == Status::Granted) == (*key == coach.key)), "{state:?}");
    assert_eq!(remove_grant(&desk, "lena", &pro.key), None, "it is over");
    assert_eq!(remove_grant(&desk, "lena", "APP_STORE:t-lena"), None, "it is no grant");
    assert_eq!(pending_ends(&desk), 1);
}

#[actix_web::test]
async fn two_workers_record_an_end_once() {
    let desk = desk_with_entitlements().await;
    let other = crate::support::database::open(&desk.application.config.database_url, 2);
    for id in 0..60 {
        deliver(
            &desk,
            desk.project,
            &[purchase(&format!("user-{id}"), 3, json!({ "transaction_id": id.to_string() }))],
        );
        grant(&desk, &format!("user-{id}"), "pro", Preset::Daily);
    }
    let lasting = grant(&desk, "lena", "pro", Preset::Weekly);
    let before = count_events(&desk);
    assert_eq!(run_jobs(&desk), 0, "no grant has ended");
    desk.clock.advance(86_400 * 2);
    let (both, jobs) = (Barrier::new(2), [jobs_of_process(&desk, &desk.db), jobs_of_process(&desk, &other)]);
    let counts: Vec<usize> = std::thread::scope(|scope| {
        let both = &both;
        let start = |job| scope.spawn(move || (both.wait(), run_all(job)).1);
        let threads: Vec<_> = jobs.iter().map(start).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    assert_eq!(counts.iter().sum::<usize>(), 60, "{counts:?}");
    assert_eq!(count_events(&desk), before + 60);
    let [grant] = grants_of(&desk, "user-7").try_into().expect("one grant");
    assert_eq!(grant.status(desk.clock.now()), Status::GrantOver);
    assert_eq!((grant.expires_at, grant.unsubscribed_at), (Some(NOW.plus_days(1)), None));
    assert_eq!(history_of(&desk, "user-7").last().map(String::as_str), Some("own EXPIRATION"));
    assert!(grants_of(&desk, "lena").iter().all(|one| one.key == lasting.key && one.expiration_reason.is_none()));
    assert_eq!((run_jobs(&desk), pending_ends(&desk)), (0, 1));
}

#[actix_web::test]
async fn no_end_is_recorded_for_a_grant_removed_early_or_a_deleted_customer() {
    let desk = desk_with_entitlements().await;
    deliver(&desk, desk.project, &[purchase("mara", 3, json!({})), purchase("zoe", 3, json!({}))]);
    let removed = grant(&desk, "lena", "pro", Preset::Daily);
    remove_grant(&desk, "lena", &removed.key).expect("it was running");
    grant(&desk, "mara", "pro", Preset::Daily);
    let gone = customer_id(&desk, "mara");
    desk.db.batch(&format!("DELETE FROM customers WHERE id = {gone}")).expect("she is deleted");
    let before = count_events(&desk);
    desk.clock.advance(86_400 * 2);
    assert_eq!((run_jobs(&desk), count_events(&desk)), (0, before));
}

#[actix_web::test]
async fn an_end_is_recorded_for_the_customer_that_a_merge_left() {
    let desk = desk_with_entitlements().await;
    deliver(&desk, desk.project, &[purchase("mara", 2, json!({}))]);
    grant(&desk, "mara", "pro", Preset::Daily);
    let alias = json!({ "type": "SUBSCRIBER_ALIAS", "aliases": ["lena", "mara"], "app_user_id": "lena" });
    deliver(&desk, desk.project, &[purchase("lena", 1, alias)]);
    assert_eq!(customer_id(&desk, "mara"), customer_id(&desk, "lena"));
    desk.clock.advance(86_400 * 2);
    assert_eq!(run_jobs(&desk), 1);
    assert_eq!(history_of(&desk, "lena").last().map(String::as_str), Some("own EXPIRATION"));
}

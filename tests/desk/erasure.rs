//! Erasing customers: nothing of them is left anywhere, nothing of others is lost, and nobody comes back.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::Instant;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use dossier::base::error::Error;
use dossier::base::ids::ProjectId;
use dossier::db::customer_tables::{CUSTOMER_TABLES, OnMerge};
use dossier::db::schema::*;
use dossier::ingest::Outcome;
use dossier::operations::erasure::cleanup;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use crate::support::canary::{WITHOUT_ROWS, add_customer_with_everything};
use crate::support::customers::{count_events, ids_of_customers, profiles};
use crate::support::events::{TODAY, deliver, deliver_together, event_on_day, transfer_of_every_store, with_ids};
use crate::support::jobs::{clean_up, rebuild};
use crate::support::operations::erase_customer;
use crate::support::{Desk, traces};

#[actix_web::test]
async fn nothing_of_an_erased_customer_is_left_in_any_file_or_table() {
    let desk = Desk::open().await;
    add_customer_with_everything(&desk).await;
    deliver(&desk, desk.project, &[event_on_day(5, "INITIAL_PURCHASE", json!({}))]);
    assert!(!traces::find_plain(&desk, "kanarie").is_empty());
    // Only the body and the digest of an event hold its id.
    assert!(!traces::find_plain(&desk, "kanarie-31-CANCELLATION").is_empty(), "digests are found");
    assert!(!traces::find_compressed(&desk, "kanarie-31-CANCELLATION").is_empty(), "bodies are found");
    let erased = erase_customer(&desk, desk.project, "$RCAnonymousID:kanarie");
    assert_eq!((erased.customers, erased.ids, erased.events), (1, 3, 44));
    assert!(clean_up(&desk) > 0, "there is something to clean up");
    assert_eq!(traces::find(&desk, "kanarie"), Vec::<String>::new());
    assert_eq!(traces::find(&desk, "anarie@sundial"), Vec::<String>::new());
    assert_eq!(ids_of_customers(&desk, desk.project), [["lena".to_owned()]], "others stay");
    rebuild(&desk, Some(desk.project));
    assert_eq!(ids_of_customers(&desk, desk.project), [["lena".to_owned()]], "nobody is brought back");
}

/// The test above could not fail if what free space holds of events were not found.
#[actix_web::test]
async fn what_a_careless_deletion_leaves_of_events_in_free_space_is_found() {
    let desk = Desk::open().await;
    let Some(path) = desk.application.config.database_url.strip_prefix("sqlite:") else { return };
    add_customer_with_everything(&desk).await;
    let mut careless = SqliteConnection::establish(path).expect("the file");
    let delete = "PRAGMA secure_delete = OFF; DELETE FROM history; DELETE FROM events; PRAGMA wal_checkpoint(TRUNCATE)";
    careless.batch_execute(delete).expect("they are deleted");
    assert_eq!(count_events(&desk), 0);
    assert!(!traces::find_plain(&desk, "kanarie-31-CANCELLATION").is_empty(), "digests are found");
    assert!(!traces::find_compressed(&desk, "kanarie-31-CANCELLATION").is_empty(), "bodies are found");
}

/// SQLite overwrites rows that it deletes, but not the copies that stayed behind when they moved to another page.
#[actix_web::test]
async fn copies_that_rows_leave_when_they_move_are_overwritten_and_nothing_else() {
    let desk = Desk::open().await;
    if !desk.db.is_sqlite() {
        return;
    }
    add_customer_with_everything(&desk).await;
    // Rows in the middle of full pages make others move. Every seventh stays, or whole pages would be freed.
    let moved = "CREATE TABLE moved (key INTEGER PRIMARY KEY, text TEXT);
        WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < 5000)
        INSERT INTO moved SELECT i * 7919 % 5003, 'moved-' || i || '-' || hex(zeroblob(40)) FROM numbers;
        UPDATE moved SET text = 'stays' WHERE key % 7 = 0; DELETE FROM moved WHERE key % 7 <> 0;";
    desk.db.batch(moved).expect("rows are deleted");
    assert!(!traces::find_plain(&desk, "moved-1").is_empty(), "copies are left");
    let before = profiles(&desk, desk.project);
    assert!(desk.db.overwrite_free_space(&|| false).expect("it is overwritten"), "nobody reads");
    assert_eq!(traces::find_plain(&desk, "moved-1"), Vec::<String>::new());
    assert_eq!(profiles(&desk, desk.project), before);
    desk.db
        .batch("SELECT CASE count(*) WHEN 714 THEN 1 ELSE abs(-9223372036854775808) END FROM moved")
        .expect("714 rows");
    let sound = desk.db.read_here(|conn| {
        let check = diesel::dsl::sql::<diesel::sql_types::Text>("integrity_check FROM pragma_integrity_check");
        Ok::<String, Error>(diesel::select(check).first(conn)?)
    });
    assert_eq!(sound.ok().as_deref(), Some("ok"));
}

/// A new table of customers is only tested when the customer of whom everything is known has a row in it.
#[actix_web::test]
async fn the_customer_of_whom_everything_is_known_is_in_every_table() {
    let desk = Desk::open().await;
    add_customer_with_everything(&desk).await;
    let theirs =
        CUSTOMER_TABLES.iter().filter(|(_, on_merge)| *on_merge != OnMerge::NotTheirs).map(|(table, _)| *table);
    let rows = |table: &str| {
        let number = format!("(SELECT count(*) FROM {table} WHERE customer_id IN (SELECT id FROM customers))");
        desk.count(|conn| diesel::select(diesel::dsl::sql::<diesel::sql_types::BigInt>(&number)).first(conn))
    };
    let empty: Vec<&str> = theirs.filter(|table| !WITHOUT_ROWS.contains(table) && rows(table) == 0).collect();
    assert_eq!(empty, [""; 0], "add a row of the table in tests/desk/support/canary.rs");
}

#[actix_web::test]
async fn a_late_event_does_not_bring_the_customer_back_and_a_newer_one_makes_a_new_one() {
    let desk = Desk::open().await;
    let project = desk.project;
    let aliases = json!({ "aliases": ["lena", "lena-2"], "price": 9.99 });
    let first = event_on_day(0, "INITIAL_PURCHASE", aliases);
    deliver(&desk, project, std::slice::from_ref(&first));
    erase_customer(&desk, project, "lena");
    let late = [
        first,
        event_on_day(20, "RENEWAL", json!({})),
        event_on_day(21, "RENEWAL", with_ids("lena-2", &["lena-2"])),
        // An event from before the erasure that names the erased customer as an alias.
        event_on_day(22, "RENEWAL", with_ids("stranger", &["stranger", "lena-2"])),
    ];
    assert_eq!(deliver(&desk, project, &late), [Outcome::Late; 4]);
    assert!(ids_of_customers(&desk, project).is_empty());
    let counted = desk.count(|conn| {
        tombstones::table.select(diesel::dsl::sql::<diesel::sql_types::BigInt>("CAST(sum(late) AS BIGINT)")).first(conn)
    });
    assert_eq!(counted, 4);
    let newer = event_on_day(TODAY, "RENEWAL", json!({ "price": 4.99 }));
    assert_eq!(deliver(&desk, project, &[newer]), [Outcome::Stored]);
    assert_eq!(ids_of_customers(&desk, project), [["lena".to_owned()]]);
    assert_eq!(desk.count(|conn| customers::table.select(customers::spent_micros).first(conn)), 4_990_000);
    erase_customer(&desk, project, "lena");
    let again = event_on_day(TODAY, "RENEWAL", json!({ "id": "again" }));
    assert_eq!(
        deliver(&desk, project, &[again]),
        [Outcome::Late],
        "an event dated ahead of the erasure was seen before it"
    );
}

#[actix_web::test]
async fn an_erasure_in_one_project_changes_nothing_in_another() {
    let desk = Desk::open().await;
    let other = desk.project_of_its_own();
    let bodies = [event_on_day(0, "INITIAL_PURCHASE", json!({}))];
    deliver(&desk, desk.project, &bodies);
    deliver(&desk, other, &bodies);
    erase_customer(&desk, desk.project, "lena");
    assert_eq!(deliver(&desk, other, &[event_on_day(1, "RENEWAL", json!({}))]), [Outcome::Stored]);
    assert_eq!(ids_of_customers(&desk, other), [["lena".to_owned()]]);
}

/// The profiles of the other customers, without the ids of those who are gone.
fn seen_of_others(desk: &Desk, project: ProjectId, gone: &[&str]) -> BTreeMap<Vec<String>, String> {
    let mut all = profiles(desk, project);
    all.retain(|ids, _| !ids.iter().any(|id| gone.contains(&id.as_str())));
    for text in all.values_mut() {
        for party in gone.iter().flat_map(|id| [format!("\\\"{id}\\\""), format!(",\\\"{id}\\\"")]) {
            *text = text.replace(&party, "");
        }
        for list in [",\\\"transferred_from\\\":[]", ",\\\"transferred_to\\\":[]"] {
            *text = text.replace(list, "");
        }
    }
    all
}

#[actix_web::test]
async fn received_purchases_stay_when_the_giver_is_erased() {
    let desk = Desk::open().await;
    let project = desk.project;
    let kept = json!({
        "id": "first", "price": 9.99, "country_code": "NL",
        "subscriber_attributes": { "$email": { "value": "kanarie@sundial.example" } },
    });
    let bodies = [
        event_on_day(0, "INITIAL_PURCHASE", kept),
        event_on_day(
            30,
            "RENEWAL",
            json!({ "price": 9.99, "transaction_id": "101", "purchased_at_ms": 1_702_592_000_000i64 }),
        ),
        event_on_day(
            31,
            "NON_RENEWING_PURCHASE",
            json!({ "store": "PLAY_STORE", "transaction_id": "GPA.1", "price": 2.0 }),
        ),
        transfer_of_every_store(40, &["lena"], &["mara"]),
        event_on_day(
            41,
            "CANCELLATION",
            json!({ "app_user_id": "mara", "original_app_user_id": "mara", "aliases": ["mara"] }),
        ),
        transfer_of_every_store(50, &["mara"], &["noor"]),
    ];
    deliver(&desk, project, &bodies);
    let before = seen_of_others(&desk, project, &["lena"]);
    assert!(before[&vec!["noor".to_owned()]].contains("GPA.1"));
    let erased = erase_customer(&desk, project, "lena");
    assert_eq!(erased.events, 0, "all of them are needed by others");
    assert_eq!(seen_of_others(&desk, project, &["lena"]), before);
    assert!(clean_up(&desk) > 0, "there is something to clean up");
    for gone in ["lena", "kanarie", "\"NL\""] {
        assert_eq!(traces::find(&desk, gone), Vec::<String>::new());
    }
    rebuild(&desk, Some(project));
    assert_eq!(seen_of_others(&desk, project, &["lena"]), before);
    assert_eq!(deliver(&desk, project, &bodies[..3]), [Outcome::Late; 3]);
    assert_eq!(deliver(&desk, project, &bodies[3..]), [Outcome::Duplicate; 3]);
    assert_eq!(desk.count(|conn| rejected_deliveries::table.count().get_result(conn)), 0);
    assert_eq!(seen_of_others(&desk, project, &["lena"]), before);
    // Then the others are erased, until nobody needs the retained events.
    erase_customer(&desk, project, "mara");
    let noor = seen_of_others(&desk, project, &["lena", "mara"]);
    assert!(noor[&vec!["noor".to_owned()]].contains("GPA.1"));
    erase_customer(&desk, project, "noor");
    let left = desk.count(|conn| events::table.filter(events::project_id.eq(project)).count().get_result(conn));
    assert_eq!((left, ids_of_customers(&desk, project).len()), (0, 0));
}

#[actix_web::test]
async fn purchases_given_away_do_not_come_back_when_the_receiver_is_erased() {
    let desk = Desk::open().await;
    let project = desk.project;
    let first = transfer_of_every_store(3, &["lena"], &["mara"]);
    deliver(&desk, project, &[event_on_day(0, "INITIAL_PURCHASE", json!({ "price": 9.99 })), first.clone()]);
    let before = seen_of_others(&desk, project, &["mara"]);
    erase_customer(&desk, project, "mara");
    assert_eq!(seen_of_others(&desk, project, &["mara"]), before);
    assert_eq!(desk.count(|conn| purchases::table.count().get_result(conn)), 0);
    assert_eq!(deliver(&desk, project, &[first]), [Outcome::Duplicate]);
    // A transfer that arrives only now moves her purchases as well.
    deliver(
        &desk,
        project,
        &[event_on_day(4, "INITIAL_PURCHASE", json!({ "original_transaction_id": "7", "transaction_id": "7" }))],
    );
    assert_eq!(desk.count(|conn| purchases::table.count().get_result(conn)), 1);
    let late = transfer_of_every_store(5, &["lena"], &["mara"]);
    assert_eq!(deliver(&desk, project, std::slice::from_ref(&late)), [Outcome::Stored]);
    assert_eq!(desk.count(|conn| purchases::table.count().get_result(conn)), 0);
    assert_eq!(deliver(&desk, project, &[late]), [Outcome::Duplicate]);
    rebuild(&desk, Some(project));
    assert_eq!(desk.count(|conn| purchases::table.count().get_result(conn)), 0);
    assert_eq!(ids_of_customers(&desk, project), [["lena".to_owned()]]);
    assert!(clean_up(&desk) > 0, "there is something to clean up");
    assert_eq!(traces::find(&desk, "mara"), Vec::<String>::new());
}

/// When a customer is erased, the others stay as they are, in any order of erasures. Neither a rebuild nor delivering
/// every event again changes that.
#[actix_web::test]
async fn erasures_after_random_transfers_change_nothing_for_the_others() {
    let desk = Desk::open().await;
    let mut runner = TestRunner::new(Config { cases: 60, ..Config::default() });
    let kinds =
        prop::sample::select(vec!["INITIAL_PURCHASE", "RENEWAL", "CANCELLATION", "EXPIRATION", "TRANSFER", "TRANSFER"]);
    let stores = prop::sample::select(vec!["APP_STORE", "PLAY_STORE"]);
    let one = (kinds, 0..40_i64, 0..4_i64, 0..4_usize, 0..4_usize, stores);
    let sequences = (prop::collection::vec(one, 3..14), Just(["lena1", "mara1", "noor1"]).prop_shuffle());
    let checked = runner.run(&sequences, |(sequence, gone)| {
        let names = ["lena1", "mara1", "noor1", "ines1"];
        let bodies: Vec<String> = (0..)
            .zip(&sequence)
            .map(|(number, (kind, day, transaction, one, other, store))| {
                let mut extra = match *kind {
                    "TRANSFER" => json!({
                        "transferred_from": [names[*one]], "transferred_to": [names[*other]], "app_user_id": null,
                        "original_app_user_id": null, "aliases": null,
                    }),
                    _ => with_ids(names[*one], &[names[*one]]),
                };
                extra["id"] = json!(format!("{number}"));
                extra["price"] = json!(number);
                extra["store"] = json!(store);
                extra["transaction_id"] = json!(transaction.to_string());
                extra["original_transaction_id"] = json!((transaction / 2).to_string());
                extra["purchased_at_ms"] = json!(1_700_000_000_000 + day * 86_400_000);
                event_on_day(*day, kind, extra)
            })
            .collect();
        let project = desk.project_of_its_own();
        deliver(&desk, project, &bodies);
        for number in 1..=2 {
            let gone = &gone[..number];
            let before = seen_of_others(&desk, project, gone);
            erase_customer(&desk, project, gone[number - 1]);
            prop_assert_eq!(&seen_of_others(&desk, project, gone), &before);
            let lost = desk.db.write_here(|conn| Ok::<_, Error>(diesel::delete(transfer_links::table).execute(conn)?));
            prop_assert!(lost.is_ok());
            rebuild(&desk, Some(project));
            prop_assert_eq!(&seen_of_others(&desk, project, gone), &before);
            deliver(&desk, project, &bodies);
            prop_assert_eq!(&seen_of_others(&desk, project, gone), &before);
            for name in gone {
                prop_assert!(traces::find_in_rows(&desk, project, name).is_empty());
            }
        }
        Ok(())
    });
    checked.expect("others stay as they are");
}

#[actix_web::test]
async fn purchases_given_away_do_not_come_back_when_all_later_holders_are_erased() {
    let desk = Desk::open().await;
    let project = desk.project;
    let bodies = [
        event_on_day(0, "INITIAL_PURCHASE", json!({ "price": 9.99 })),
        transfer_of_every_store(1, &["lena"], &["mara"]),
        transfer_of_every_store(2, &["mara"], &["noor"]),
        transfer_of_every_store(3, &["mara"], &["lena"]),
    ];
    deliver(&desk, project, &bodies);
    let before = seen_of_others(&desk, project, &["mara", "noor"]);
    assert_eq!(desk.count(|conn| purchases::table.count().get_result(conn)), 1, "noor has it");
    for gone in ["mara", "noor"] {
        erase_customer(&desk, project, gone);
        assert_eq!(seen_of_others(&desk, project, &["mara", "noor"]), before, "without {gone}");
    }
    rebuild(&desk, Some(project));
    assert_eq!(seen_of_others(&desk, project, &["mara", "noor"]), before);
    assert_eq!(desk.count(|conn| purchases::table.count().get_result(conn)), 0);
}

#[actix_web::test]
async fn an_event_that_many_customers_need_is_retained_once() {
    let desk = Desk::open().await;
    let project = desk.project;
    let mut bodies = vec![event_on_day(0, "INITIAL_PURCHASE", json!({ "price": 9.99 }))];
    for number in 0..40 {
        let one = format!("shared-{number}");
        bodies.push(transfer_of_every_store(2 * number + 1, &["lena"], &[&one]));
        bodies.push(transfer_of_every_store(2 * number + 2, &[&one], &["lena"]));
    }
    bodies.push(transfer_of_every_store(100, &["lena"], &["shared-7"]));
    deliver(&desk, project, &bodies);
    let before = seen_of_others(&desk, project, &["lena"]);
    erase_customer(&desk, project, "lena");
    assert_eq!(seen_of_others(&desk, project, &["lena"]), before);
    let left = desk.count(|conn| retained_events::table.count().get_result(conn));
    assert_eq!(left, 82, "the purchase and each transfer, not once for each receiver");
    let lost = desk.db.write_here(|conn| Ok::<_, Error>(diesel::delete(transfer_links::table).execute(conn)?));
    assert!(lost.is_ok());
    rebuild(&desk, Some(project));
    assert_eq!(seen_of_others(&desk, project, &["lena"]), before);
}

/// The time of the slowest of the webhooks that are sent one after another while `others` runs, in milliseconds.
async fn slowest_webhook_during(desk: &Desk, slug: &str, others: impl Future<Output = ()>) -> u128 {
    let is_over = Cell::new(false);
    let webhooks = async {
        let mut slowest = 0;
        for number in 0.. {
            let start = Instant::now();
            let body = event_on_day(number % 900, "RENEWAL", json!({ "id": format!("during-{number}") }));
            assert_eq!(desk.post_webhook(slug, body).await.status, 200);
            slowest = slowest.max(start.elapsed().as_millis());
            if is_over.get() {
                break;
            }
        }
        slowest
    };
    futures_util::future::join(webhooks, async {
        others.await;
        is_over.set(true);
    })
    .await
    .0
}

/// Erasing needs the space of a deleted customer to be overwritten, which takes the longer the larger the database is.
#[actix_web::test]
async fn eight_deleters_at_once_all_succeed_and_no_webhook_waits_a_second() {
    let desk = Desk::open().await;
    let server = desk.server();
    let ids: Vec<String> = (0..48).map(|number| format!("gone-{number}")).collect();
    let purchase = |id: &String| event_on_day(1, "INITIAL_PURCHASE", with_ids(id, &[id]));
    deliver_together(&desk, desk.project, &ids.iter().map(purchase).collect::<Vec<_>>());
    if desk.db.is_sqlite() {
        let rows = "WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < 40000)";
        let large = format!("CREATE TABLE large AS {rows} SELECT i, hex(zeroblob(500)) AS text FROM numbers");
        desk.db.batch(&large).expect("40 MB");
    }
    let slug = desk.project_of_the_cast();
    let deleter = async |own: &[String]| {
        for id in own {
            let deleted = server.delete(&format!("/v1/subscribers/{id}")).await;
            assert_eq!(deleted.status, 200, "{}", deleted.body);
        }
    };
    let deleters = futures_util::future::join_all(ids.chunks(6).map(deleter));
    let slowest = slowest_webhook_during(&desk, &slug, async { drop(deleters.await) }).await;
    assert!(slowest < 1_000, "a webhook waited {slowest} ms for deleters");
    let db = desk.db.clone();
    let overwriting = tokio::task::spawn_blocking(move || db.overwrite_free_space(&|| false));
    let overwritten = async {
        assert!(overwriting.await.expect("it ends").is_ok(), "free space is overwritten");
    };
    let slowest = slowest_webhook_during(&desk, &slug, overwritten).await;
    assert!(slowest < 1_000, "a webhook waited {slowest} ms while free space was overwritten");
}

#[actix_web::test]
async fn free_space_is_overwritten_once_for_all_erasures_of_a_minute() {
    let desk = Desk::open().await;
    let purchase = |id: &str| event_on_day(1, "INITIAL_PURCHASE", with_ids(id, &[id]));
    deliver(&desk, desk.project, &[purchase("gone-1"), purchase("gone-2"), purchase("gone-3")]);
    let work = |desk: &Desk| cleanup::work(&desk.db, desk.clock.now(), &|| false).expect("it works");
    assert_eq!(work(&desk), 0, "nothing was erased");
    erase_customer(&desk, desk.project, "gone-1");
    desk.clock.advance(40);
    erase_customer(&desk, desk.project, "gone-2");
    assert_eq!(work(&desk), 0, "others may follow");
    desk.clock.advance(20);
    assert_eq!((work(&desk), work(&desk)), (2, 0));
    erase_customer(&desk, desk.project, "gone-3");
    desk.clock.advance(60);
    assert_eq!(cleanup::work(&desk.db, desk.clock.now(), &|| true).ok(), Some(if desk.db.is_sqlite() { 0 } else { 1 }));
    assert_eq!(work(&desk), if desk.db.is_sqlite() { 1 } else { 0 }, "what a stop left is done later");
}

//! Erasing customers: nothing of them is left anywhere, nothing of others is lost, and nobody comes back.

use std::collections::BTreeMap;

use diesel::prelude::*;
use dossier::base::AppUserId;
use dossier::base::error::Error;
use dossier::base::ids::ProjectId;
use dossier::customers::identity;
use dossier::db::schema::*;
use dossier::ingest::Outcome;
use dossier::operations::erasure::{Erased, blocking, cleanup, erase};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::ingestion::{body, deliver, ids, moved, state};
use crate::support::cast::SOL;
use crate::support::{Desk, traces};

/// The present day, as [`body`] counts days.
const TODAY: i64 = 1_105;

fn erase_customer(desk: &Desk, project: ProjectId, app_user_id: &str) -> Erased {
    let erased = desk.db.write_here(|conn| {
        let customer = identity::find(conn, project, app_user_id)?;
        erase(conn, project, &Vec::from_iter(customer), desk.clock.now())
    });
    erased.expect("the customer is erased")
}

/// A transfer of the purchases of every store. Its event id names nobody.
pub fn transfer(day: i64, from: &[&str], to: &[&str]) -> String {
    let mut sent: Value = serde_json::from_str(&moved(day, from, to)).expect("JSON");
    sent["event"]["id"] = json!(format!("transfer-{day}-{}", from.len()));
    sent["event"]["store"] = Value::Null;
    sent.to_string()
}

/// An event of these App User IDs. Its event id does not contain them.
fn event(day: i64, id: &str, aliases: &[&str]) -> String {
    let mut extra = ids(aliases[0], aliases);
    extra["id"] = json!(id);
    body(day, "RENEWAL", extra)
}

fn rebuild(desk: &Desk, project: ProjectId) {
    let bar = indicatif::ProgressBar::hidden();
    dossier::cli::rebuild::rebuild(&desk.db, Some(project), &bar).expect("it rebuilds");
}

fn customer_ids(desk: &Desk, project: ProjectId) -> Vec<Vec<String>> {
    state(desk, project).into_keys().collect()
}

fn count(desk: &Desk, query: impl FnOnce(&mut dossier::db::Conn) -> QueryResult<i64>) -> i64 {
    desk.db.read_here(|conn| Ok::<_, Error>(query(conn)?)).expect("it counts")
}

/// An event of a customer in which every value holds "kanarie".
fn canary(day: i64, kind: &str, extra: Value) -> String {
    let mut fields = json!({
        "app_user_id": "kanarie-id", "original_app_user_id": "$RCAnonymousID:kanarie", "aliases": ["kanarie-id", "kanarie/ü 2"],
        "subscriber_attributes": {
            "$email": { "value": "kanarie@sundial.example" }, "$displayName": { "value": "Kanarie kanarie" },
            "$phoneNumber": { "value": "+316kanarie12345" }, "kanarie": { "value": "kanarie" }, "kanarie_gone": { "value": "" },
        },
        "experiments": [{ "experiment_id": "kanarie", "experiment_variant": "kanarie" }],
        "product_id": "kanarie", "transaction_id": format!("kanarie-{day}"), "original_transaction_id": "kanarie-0",
        "entitlement_ids": ["kanarie"], "presented_offering_id": "kanarie", "unknown": { "kanarie": "kanarie" },
        "adjustments": [{ "amount": 5, "currency": { "code": "kanarie", "name": "kanarie" } }], "id": format!("kanarie-{day}-{kind}"),
    });
    for (key, value) in extra.as_object().into_iter().flatten() {
        fields[key] = value.clone();
    }
    body(day, kind, fields)
}

/// Everything that can be known of a customer, with the canary in it.
pub async fn everything_known(desk: &Desk) {
    let bodies = [
        canary(0, "INITIAL_PURCHASE", json!({ "price": 9.99 })),
        canary(30, "RENEWAL", json!({ "price": 9.99 })),
        canary(31, "CANCELLATION", json!({ "cancel_reason": "kanarie" })),
        canary(32, "VIRTUAL_CURRENCY_TRANSACTION", json!({})),
        canary(33, "EXPERIMENT_ENROLLMENT", json!({ "enrolled_at_ms": 5 })),
        canary(34, "KANARIE", json!({ "payload": "kanarie".repeat(5_000) })),
        canary(35, "INITIAL_PURCHASE", json!({ "environment": "SANDBOX", "original_transaction_id": "kanarie-s" })),
        canary(36, "NON_RENEWING_PURCHASE", json!({ "store": "PROMOTIONAL" })),
        // Kept among the rejected deliveries: this event id came before with another body.
        canary(36, "NON_RENEWING_PURCHASE", json!({ "store": "APP_STORE" })),
    ];
    deliver(desk, desk.project, &bodies);
    let rejected = [
        r#"{"event":{"type":"RENEWAL","app_user_id":"kanarie-id"}}"#,
        r#"{"event":{"type":"RENEWAL","app_user_id":"kanarie\/\u00fc 2","#,
        "not JSON for $RCAnonymousID:kanarie",
        r#"{"mail":"kanarie@sundial.example"}"#,
    ];
    let project = desk.project;
    let filled = desk.db.write_here(|conn| {
        for (number, text) in (0..).zip(rejected) {
            let row = (
                rejected_deliveries::project_id.eq(project),
                rejected_deliveries::id.eq(500 + number),
                rejected_deliveries::received_at.eq(1),
                rejected_deliveries::reason.eq("no type"),
                rejected_deliveries::body.eq(text.as_bytes()),
            );
            diesel::insert_into(rejected_deliveries::table).values(row).execute(conn)?;
        }
        let customer = identity::find(conn, project, "kanarie-id")?.ok_or(Error::NotFound)?;
        let seen = (
            customers::app_version.eq("kanarie"),
            customers::platform.eq("kanarie"),
            customers::platform_version.eq("kanarie"),
            customers::sdk_version.eq("kanarie"),
            customers::locale.eq("kanarie"),
        );
        diesel::update(customers::table.find(customer)).set(seen).execute(conn)?;
        let overridden = (
            offering_overrides::customer_id.eq(customer),
            offering_overrides::project_id.eq(project),
            offering_overrides::is_end_recorded.eq(false),
            offering_overrides::offering.eq("kanarie"),
            offering_overrides::set_by.eq("Sol Mbeki"),
            offering_overrides::set_at.eq(1),
            offering_overrides::reason.eq("kanarie"),
        );
        diesel::insert_into(offering_overrides::table).values(overridden).execute(conn)?;
        let sale = (
            test_sales::customer_id.eq(customer),
            test_sales::token.eq("test_1_kanarie"),
            test_sales::renews_at.eq(i64::MAX),
            test_sales::period.eq(1),
            test_sales::renewals.eq(0),
        );
        diesel::insert_into(test_sales::table).values(sale).execute(conn)?;
        let starred =
            (test_customers::customer_id.eq(customer), test_customers::person_id.eq(SOL.id), test_customers::at.eq(1));
        diesel::insert_into(test_customers::table).values(starred).execute(conn)?;
        diesel::insert_into(stale_customers::table).values(stale_customers::customer_id.eq(customer)).execute(conn)?;
        Ok::<_, Error>(())
    });
    filled.expect("everything is known");
    let noted = desk.post_form(&SOL, "/projects/sundial/customers/kanarie-id/notes", &[("body", "kanarie")]).await;
    assert_eq!(noted.status.as_u16(), 303);
}

fn cleanup(desk: &Desk) {
    assert!(cleanup::work(&desk.db).expect("it cleans up") > 0, "there is something to clean up");
}

#[actix_web::test]
async fn nothing_of_an_erased_customer_is_left_in_any_file_or_table() {
    let desk = Desk::open().await;
    everything_known(&desk).await;
    deliver(&desk, desk.project, &[body(5, "INITIAL_PURCHASE", json!({}))]);
    assert!(!traces::find(&desk, "kanarie").is_empty());
    let erased = erase_customer(&desk, desk.project, "$RCAnonymousID:kanarie");
    assert_eq!(erased, Erased { customers: 1, ids: 3, events: 8 });
    cleanup(&desk);
    assert_eq!(traces::find(&desk, "kanarie"), Vec::<String>::new());
    assert_eq!(traces::find(&desk, "anarie@sundial"), Vec::<String>::new());
    assert_eq!(customer_ids(&desk, desk.project), [["lena".to_owned()]], "others stay");
    rebuild(&desk, desk.project);
    assert_eq!(customer_ids(&desk, desk.project), [["lena".to_owned()]], "nobody is brought back");
}

#[actix_web::test]
async fn a_late_event_does_not_bring_the_customer_back_and_a_newer_one_makes_a_new_one() {
    let desk = Desk::open().await;
    let project = desk.project;
    let aliases = json!({ "aliases": ["lena", "lena-2"], "price": 9.99 });
    let first = body(0, "INITIAL_PURCHASE", aliases);
    deliver(&desk, project, std::slice::from_ref(&first));
    erase_customer(&desk, project, "lena");
    let late = [
        first,
        body(20, "RENEWAL", json!({})),
        body(21, "RENEWAL", ids("lena-2", &["lena-2"])),
        // An event from before the erasure that names the erased customer as an alias.
        body(22, "RENEWAL", ids("stranger", &["stranger", "lena-2"])),
    ];
    assert_eq!(deliver(&desk, project, &late), [Outcome::Late; 4]);
    assert!(customer_ids(&desk, project).is_empty());
    let counted = count(&desk, |conn| {
        tombstones::table.select(diesel::dsl::sql::<diesel::sql_types::BigInt>("CAST(sum(late) AS BIGINT)")).first(conn)
    });
    assert_eq!(counted, 4);
    let newer = body(TODAY, "RENEWAL", json!({ "price": 4.99 }));
    assert_eq!(deliver(&desk, project, &[newer]), [Outcome::Stored]);
    assert_eq!(customer_ids(&desk, project), [["lena".to_owned()]]);
    assert_eq!(count(&desk, |conn| customers::table.select(customers::spent_micros).first(conn)), 4_990_000);
    erase_customer(&desk, project, "lena");
    let again = body(TODAY, "RENEWAL", json!({ "id": "again" }));
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
    let bodies = [body(0, "INITIAL_PURCHASE", json!({}))];
    deliver(&desk, desk.project, &bodies);
    deliver(&desk, other, &bodies);
    erase_customer(&desk, desk.project, "lena");
    assert_eq!(deliver(&desk, other, &[body(1, "RENEWAL", json!({}))]), [Outcome::Stored]);
    assert_eq!(customer_ids(&desk, other), [["lena".to_owned()]]);
}

/// The profiles of the other customers, without the ids of those who are gone.
fn seen_of_others(desk: &Desk, project: ProjectId, gone: &[&str]) -> BTreeMap<Vec<String>, String> {
    let mut all = state(desk, project);
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
    let kept = json!({ "id": "first", "price": 9.99, "subscriber_attributes": { "$email": { "value": "kanarie@sundial.example" } }, "country_code": "NL" });
    let bodies = [
        body(0, "INITIAL_PURCHASE", kept),
        body(30, "RENEWAL", json!({ "price": 9.99, "transaction_id": "101", "purchased_at_ms": 1_702_592_000_000i64 })),
        body(31, "NON_RENEWING_PURCHASE", json!({ "store": "PLAY_STORE", "transaction_id": "GPA.1", "price": 2.0 })),
        transfer(40, &["lena"], &["mara"]),
        body(41, "CANCELLATION", json!({ "app_user_id": "mara", "original_app_user_id": "mara", "aliases": ["mara"] })),
        transfer(50, &["mara"], &["noor"]),
    ];
    deliver(&desk, project, &bodies);
    let before = seen_of_others(&desk, project, &["lena"]);
    assert!(before[&vec!["noor".to_owned()]].contains("GPA.1"));
    let erased = erase_customer(&desk, project, "lena");
    assert_eq!(erased.events, 0, "all of them are needed by others");
    assert_eq!(seen_of_others(&desk, project, &["lena"]), before);
    cleanup(&desk);
    for gone in ["\"lena\"", "kanarie", "\"NL\""] {
        assert_eq!(traces::find(&desk, gone), Vec::<String>::new());
    }
    rebuild(&desk, project);
    assert_eq!(seen_of_others(&desk, project, &["lena"]), before);
    assert_eq!(deliver(&desk, project, &bodies[..3]), [Outcome::Late; 3]);
    assert_eq!(deliver(&desk, project, &bodies[3..]), [Outcome::Duplicate; 3]);
    assert_eq!(count(&desk, |conn| rejected_deliveries::table.count().get_result(conn)), 0);
    assert_eq!(seen_of_others(&desk, project, &["lena"]), before);
    // Then the others are erased, until nobody needs the retained events.
    erase_customer(&desk, project, "mara");
    let noor = seen_of_others(&desk, project, &["lena", "mara"]);
    assert!(noor[&vec!["noor".to_owned()]].contains("GPA.1"));
    erase_customer(&desk, project, "noor");
    let left = count(&desk, |conn| events::table.filter(events::project_id.eq(project)).count().get_result(conn));
    assert_eq!((left, customer_ids(&desk, project).len()), (0, 0));
}

#[actix_web::test]
async fn purchases_given_away_do_not_come_back_when_the_receiver_is_erased() {
    let desk = Desk::open().await;
    let project = desk.project;
    let first = transfer(3, &["lena"], &["mara"]);
    deliver(&desk, project, &[body(0, "INITIAL_PURCHASE", json!({ "price": 9.99 })), first.clone()]);
    let before = seen_of_others(&desk, project, &["mara"]);
    erase_customer(&desk, project, "mara");
    assert_eq!(seen_of_others(&desk, project, &["mara"]), before);
    assert_eq!(count(&desk, |conn| purchases::table.count().get_result(conn)), 0);
    assert_eq!(deliver(&desk, project, &[first]), [Outcome::Duplicate]);
    // A transfer that arrives only now moves her purchases as well.
    deliver(
        &desk,
        project,
        &[body(4, "INITIAL_PURCHASE", json!({ "original_transaction_id": "7", "transaction_id": "7" }))],
    );
    assert_eq!(count(&desk, |conn| purchases::table.count().get_result(conn)), 1);
    let late = transfer(5, &["lena"], &["mara"]);
    assert_eq!(deliver(&desk, project, std::slice::from_ref(&late)), [Outcome::Stored]);
    assert_eq!(count(&desk, |conn| purchases::table.count().get_result(conn)), 0);
    assert_eq!(deliver(&desk, project, &[late]), [Outcome::Duplicate]);
    rebuild(&desk, project);
    assert_eq!(count(&desk, |conn| purchases::table.count().get_result(conn)), 0);
    assert_eq!(customer_ids(&desk, project), [["lena".to_owned()]]);
    cleanup(&desk);
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
        let bodies: Vec<String> = (0..).zip(&sequence).map(|(number, (kind, day, transaction, one, other, store))| {
            let mut extra = match *kind {
                "TRANSFER" => json!({ "transferred_from": [names[*one]], "transferred_to": [names[*other]], "app_user_id": null, "original_app_user_id": null, "aliases": null }),
                _ => ids(names[*one], &[names[*one]]),
            };
            extra["id"] = json!(format!("{number}"));
            extra["price"] = json!(number);
            extra["store"] = json!(store);
            extra["transaction_id"] = json!(transaction.to_string());
            extra["original_transaction_id"] = json!((transaction / 2).to_string());
            extra["purchased_at_ms"] = json!(1_700_000_000_000 + day * 86_400_000);
            body(*day, kind, extra)
        }).collect();
        let project = desk.project_of_its_own();
        deliver(&desk, project, &bodies);
        for number in 1..=2 {
            let gone = &gone[..number];
            let before = seen_of_others(&desk, project, gone);
            erase_customer(&desk, project, gone[number - 1]);
            prop_assert_eq!(&seen_of_others(&desk, project, gone), &before);
            let lost = desk.db.write_here(|conn| Ok::<_, Error>(diesel::delete(transfer_links::table).execute(conn)?));
            prop_assert!(lost.is_ok());
            rebuild(&desk, project);
            prop_assert_eq!(&seen_of_others(&desk, project, gone), &before);
            deliver(&desk, project, &bodies);
            prop_assert_eq!(&seen_of_others(&desk, project, gone), &before);
            for name in gone {
                prop_assert!(traces_of_rows(&desk, project, name).is_empty());
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
        body(0, "INITIAL_PURCHASE", json!({ "price": 9.99 })),
        transfer(1, &["lena"], &["mara"]),
        transfer(2, &["mara"], &["noor"]),
        transfer(3, &["mara"], &["lena"]),
    ];
    deliver(&desk, project, &bodies);
    let before = seen_of_others(&desk, project, &["mara", "noor"]);
    assert_eq!(count(&desk, |conn| purchases::table.count().get_result(conn)), 1, "noor has it");
    for gone in ["mara", "noor"] {
        erase_customer(&desk, project, gone);
        assert_eq!(seen_of_others(&desk, project, &["mara", "noor"]), before, "without {gone}");
    }
    rebuild(&desk, project);
    assert_eq!(seen_of_others(&desk, project, &["mara", "noor"]), before);
    assert_eq!(count(&desk, |conn| purchases::table.count().get_result(conn)), 0);
}

#[actix_web::test]
async fn an_event_that_many_customers_need_is_retained_once() {
    let desk = Desk::open().await;
    let project = desk.project;
    let mut bodies = vec![body(0, "INITIAL_PURCHASE", json!({ "price": 9.99 }))];
    for number in 0..40 {
        let one = format!("shared-{number}");
        bodies.push(transfer(2 * number + 1, &["lena"], &[&one]));
        bodies.push(transfer(2 * number + 2, &[&one], &["lena"]));
    }
    bodies.push(transfer(100, &["lena"], &["shared-7"]));
    deliver(&desk, project, &bodies);
    let before = seen_of_others(&desk, project, &["lena"]);
    erase_customer(&desk, project, "lena");
    assert_eq!(seen_of_others(&desk, project, &["lena"]), before);
    let left = count(&desk, |conn| retained_events::table.count().get_result(conn));
    assert_eq!(left, 82, "the purchase and each transfer, not once for each receiver");
    let lost = desk.db.write_here(|conn| Ok::<_, Error>(diesel::delete(transfer_links::table).execute(conn)?));
    assert!(lost.is_ok());
    rebuild(&desk, project);
    assert_eq!(seen_of_others(&desk, project, &["lena"]), before);
}

/// The stored texts of a project that hold a name.
fn traces_of_rows(desk: &Desk, project: ProjectId, name: &str) -> Vec<String> {
    let read = desk.db.read_here(|conn| {
        let mut texts: Vec<String> =
            events::table.filter(events::project_id.eq(project)).select(events::body).load(conn)?;
        let own = customers::table.filter(customers::project_id.eq(project)).select(customers::id);
        texts.extend(
            history::table.filter(history::customer_id.eq_any(own)).select(history::summary).load::<String>(conn)?,
        );
        let bodies = rejected_deliveries::table.filter(rejected_deliveries::project_id.eq(project));
        let bodies: Vec<Vec<u8>> = bodies.select(rejected_deliveries::body).load(conn)?;
        texts.extend(bodies.iter().map(|body| String::from_utf8_lossy(body).into_owned()));
        Ok::<_, Error>(texts)
    });
    read.expect("it reads").into_iter().filter(|text| text.contains(name)).collect()
}

fn block(desk: &Desk, project: ProjectId, app_user_id: &str) -> Result<blocking::Done, blocking::Problem> {
    let id = AppUserId::parse(app_user_id).expect("an id");
    let row = (desk.ids.next(desk.clock.now()), desk.clock.now());
    desk.db.write_here(|conn| blocking::block(conn, project, &id, row)).expect("it answers")
}

#[actix_web::test]
async fn a_blocked_customer_is_erased_and_later_events_create_no_customer() {
    let desk = Desk::open().await;
    let project = desk.project;
    deliver(&desk, project, &[event(0, "first", &["lena", "kanarie-2"])]);
    let done = block(&desk, project, "lena").expect("she is blocked");
    assert_eq!((done.customer.is_some(), done.erased.ids), (true, 2));
    assert_eq!(block(&desk, project, "kanarie-2"), Err(blocking::Problem::Already));
    let newer = [
        body(
            TODAY,
            "RENEWAL",
            json!({ "id": "of-lena", "subscriber_attributes": { "$email": { "value": "kanarie@sundial.example" } } }),
        ),
        event(TODAY, "of-a-stranger", &["kanarie-2", "stranger"]),
    ];
    assert_eq!(deliver(&desk, project, &newer), [Outcome::Ignored; 2]);
    rebuild(&desk, project);
    assert!(customer_ids(&desk, project).is_empty());
    cleanup(&desk);
    assert_eq!(traces::find(&desk, "kanarie"), Vec::<String>::new());
    let stored = count(&desk, |conn| events::table.filter(events::project_id.eq(project)).count().get_result(conn));
    let ignored = count(&desk, |conn| blocked_customers::table.select(blocked_customers::ignored).first(conn));
    assert_eq!((stored, ignored), (2, 2), "the events are counted");
    let unblocked =
        desk.db.write_here(|conn| Ok::<_, Error>(blocking::unblock(conn, project, done.blocked, desk.clock.now())?));
    assert!(unblocked.expect("she is unblocked"));
    assert_eq!(deliver(&desk, project, &[event(TODAY - 2, "before", &["kanarie-2"])]), [Outcome::Late]);
    desk.clock.advance(2 * 86_400);
    assert_eq!(deliver(&desk, project, &[event(TODAY + 1, "after", &["kanarie-2"])]), [Outcome::Stored]);
    assert_eq!(customer_ids(&desk, project), [["kanarie-2".to_owned()]]);
}

#[actix_web::test]
async fn a_transfer_with_a_blocked_customer_counts_only_for_the_other() {
    let desk = Desk::open().await;
    let project = desk.project;
    block(&desk, project, "blocked-one").expect("blocked before they came");
    deliver(&desk, project, &[body(0, "INITIAL_PURCHASE", json!({}))]);
    let sent = transfer(TODAY, &["lena"], &["blocked-one"]);
    assert_eq!(deliver(&desk, project, &[sent.clone(), sent]), [Outcome::Stored, Outcome::Duplicate]);
    assert_eq!(count(&desk, |conn| purchases::table.count().get_result(conn)), 0);
    assert_eq!(deliver(&desk, project, &[transfer(TODAY + 1, &["blocked-one"], &["null"])]), [Outcome::Stored]);
    assert_eq!(deliver(&desk, project, &[transfer(TODAY + 2, &["blocked-one"], &[])]), [Outcome::Ignored]);
    assert_eq!(customer_ids(&desk, project), [["lena".to_owned()]]);
    assert!(traces_of_rows(&desk, project, "blocked-one").is_empty());
}

#[actix_web::test]
async fn a_hundred_customers_may_be_blocked_and_not_one_more() {
    let desk = Desk::open().await;
    for number in 0..blocking::MOST {
        block(&desk, desk.project, &format!("blocked-{number}")).expect("there is room");
    }
    assert_eq!(block(&desk, desk.project, "one-more"), Err(blocking::Problem::Full));
    assert!(block(&desk, desk.project_of_its_own(), "one-more").is_ok());
}

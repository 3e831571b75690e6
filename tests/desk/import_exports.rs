//! `dossier import --transactions … --customers …`: what rows of exports become, and that webhooks about the same change nothing
//! of it, whenever they come.

use std::io::Cursor;

use diesel::prelude::*;
use dossier::base::clock::Moment;
use dossier::base::error::Error;
use dossier::base::ids::ProjectId;
use dossier::cli::settle;
use dossier::customers::state::WaitingTerms;
use dossier::db::Db;
use dossier::db::schema::{app_user_ids, customers, purchases};
use dossier::events::Delivery;
use dossier::ingest::exports::{File, Record, Rows, Transactions};
use dossier::ingest::{self, Outcome};
use dossier::projection::Purchase;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::{Value, json};

use crate::support::cast::VERA;
use crate::support::customers::{count_customers, ids_of_customers, profiles, purchases_of as stored_purchases};
use crate::support::events::{deliver, purchase, transfer_event};
use crate::support::exports::{
    COLUMNS, Chain, OnDisk, chains, csv, gzip, import_rows, row, time, transactions, try_import,
};
use crate::support::jobs::rebuild;
use crate::support::operations::{block, erase_customer};
use crate::support::server::dossier;
use crate::support::{DAY, Desk, NOW};

/// What must be the same of a purchase, whoever told of it: seconds are all that exports have.
type Seen = (String, String, Option<i64>, bool, bool, bool, i64, Option<i64>);

fn seen(purchase: &Purchase) -> Seen {
    let end = purchase.access_ends_at();
    (
        purchase.product_id.clone(),
        purchase.key.clone(),
        (end != Moment::NEVER && purchase.is_active(NOW)).then(|| end.millis() / 1000),
        purchase.is_active(NOW),
        purchase.is_active(NOW) && purchase.will_renew(),
        purchase.refunded_at.is_some(),
        purchase.revenue.net.0,
        purchase.renewal_number,
    )
}

fn purchases_of(desk: &Desk, project: ProjectId) -> Vec<Seen> {
    let own = purchases::table.inner_join(customers::table.on(customers::id.eq(purchases::customer_id)));
    let own = own.filter(customers::project_id.eq(project)).select(purchases::body);
    let bodies: Vec<String> = desk.read(|conn| own.load(conn));
    let mut all: Vec<Seen> = bodies.iter().map(|body| seen(&Purchase::stored(body).expect("it reads"))).collect();
    all.sort();
    all
}

/// Total spent of all customers, in millionths of a dollar.
fn spent(desk: &Desk, project: ProjectId) -> i64 {
    let own = customers::table.filter(customers::project_id.eq(project)).select(customers::spent_micros);
    desk.read(|conn| own.load::<i64>(conn)).iter().sum()
}

/// Σ `price_in_usd` of the rows that are not from the sandbox.
fn sum(rows: &[Value]) -> i64 {
    let real = rows.iter().filter(|row| row["is_sandbox"] == "false");
    real.map(|row| row["price_in_usd"].as_str().and_then(|price| price.parse::<f64>().ok()).expect("a price"))
        .map(|price| (price * 1e6).round() as i64)
        .sum()
}

/// Runs a rule with drawn subscriptions, which of their webhooks arrive, and a number to shuffle with.
fn holds_for_drawn(cases: u32, rule: impl Fn(Vec<Chain>, Vec<bool>, u64) -> Result<(), TestCaseError>) {
    let cases = std::env::var("DOSSIER_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(cases);
    let mut runner = TestRunner::new(Config { cases, max_shrink_iters: 200, ..Config::default() });
    let drawn = (chains(), prop::collection::vec(any::<bool>(), 80), any::<u64>());
    if let Err(failure) = runner.run(&drawn, |(chains, picked, seed)| rule(chains, picked, seed)) {
        panic!("{failure}");
    }
}

/// The rows of an export, those of an earlier one, and the webhooks.
fn told(chains: &[Chain]) -> (Vec<Value>, Vec<Value>, Vec<String>) {
    let told = |is_early| chains.iter().enumerate().map(move |(number, one)| one.told(number, is_early)).unzip();
    let (rows, webhooks): (Vec<Vec<Value>>, Vec<Vec<String>>) = told(false);
    let (early, _): (Vec<Vec<Value>>, Vec<Vec<String>>) = told(true);
    (rows.concat(), early.concat(), webhooks.concat())
}

fn some(webhooks: &[String], picked: &[bool]) -> Vec<String> {
    webhooks.iter().zip(picked.iter().cycle()).filter(|(_, is)| **is).map(|(body, _)| body.clone()).collect()
}

#[actix_web::test]
async fn exports_and_webhooks_in_any_order_give_the_sum_of_the_export_and_what_webhooks_alone_give() {
    let desk = Desk::open().await;
    holds_for_drawn(24, |chains, picked, seed| {
        let (rows, early, webhooks) = told(&chains);
        let some = some(&webhooks, &picked);
        let [webhooks_alone, before, after, among] = [(); 4].map(|()| desk.project_of_its_own());
        deliver(&desk, webhooks_alone, &webhooks);
        deliver(&desk, webhooks_alone, &chains.iter().map(Chain::alias).collect::<Vec<_>>());
        import_rows(&desk, before, &early);
        import_rows(&desk, before, &rows);
        deliver(&desk, before, &some);
        deliver(&desk, after, &some.iter().rev().cloned().collect::<Vec<_>>());
        import_rows(&desk, after, &rows);
        import_rows(&desk, after, &early);
        let (one_half, other_half) = rows.split_at(rows.len() / 2);
        for step in shuffled(some.len(), 5, seed) {
            match step {
                Step::Webhook(number) => drop(deliver(&desk, among, &some[number..=number])),
                Step::Other(0 | 3) => drop(import_rows(&desk, among, one_half)),
                Step::Other(1 | 4) => drop(import_rows(&desk, among, other_half)),
                Step::Other(_) => drop(import_rows(&desk, among, &early)),
            }
        }
        let wanted = purchases_of(&desk, webhooks_alone);
        for project in [before, after, among] {
            prop_assert_eq!(spent(&desk, project), sum(&rows));
            prop_assert_eq!(&purchases_of(&desk, project), &wanted);
            let stored = profiles(&desk, project);
            rebuild(&desk, Some(project));
            prop_assert_eq!(&profiles(&desk, project), &stored);
            let again = import_rows(&desk, project, &rows);
            prop_assert_eq!((again.stored, again.rejected), (0, 0));
            prop_assert_eq!(&profiles(&desk, project), &stored);
        }
        prop_assert_eq!(profiles(&desk, before), profiles(&desk, after));
        prop_assert_eq!(profiles(&desk, before), profiles(&desk, among));
        Ok(())
    });
}

#[actix_web::test]
async fn who_is_erased_among_exports_and_webhooks_stays_erased_and_the_others_keep_their_sum() {
    let desk = Desk::open().await;
    holds_for_drawn(16, |chains, picked, seed| {
        let (rows, early, webhooks) = told(&chains);
        let some = some(&webhooks, &picked);
        let erased = chains[seed as usize % chains.len()].clone();
        let is_other = |row: &&Value| row["rc_original_app_user_id"] != erased.ids()[0];
        let others: Vec<Value> = rows.iter().filter(is_other).cloned().collect();
        let (project, without) = (desk.project_of_its_own(), desk.project_of_its_own());
        for step in shuffled(some.len(), 4, seed) {
            match step {
                Step::Webhook(number) => drop(deliver(&desk, project, &some[number..=number])),
                Step::Other(0) => {
                    deliver(&desk, project, &[erased.alias()]);
                    erase_customer(&desk, project, &erased.ids()[1]);
                }
                Step::Other(1) => drop(import_rows(&desk, project, &early)),
                Step::Other(_) => drop(import_rows(&desk, project, &rows)),
            }
        }
        import_rows(&desk, project, &rows);
        deliver(&desk, project, &webhooks);
        import_rows(&desk, without, &others);
        prop_assert_eq!(spent(&desk, project), sum(&others));
        prop_assert_eq!(purchases_of(&desk, project), purchases_of(&desk, without));
        let ids = ids_of_customers(&desk, project);
        prop_assert!(!ids.iter().flatten().any(|id| erased.ids().contains(id)), "{:?}", ids);
        Ok(())
    });
}

/// What happens next: a webhook, or something else by its number.
enum Step {
    Webhook(usize),
    Other(usize),
}

/// Every webhook and every other step once, in an order that follows from the seed.
fn shuffled(webhooks: usize, others: usize, seed: u64) -> Vec<Step> {
    let mut steps: Vec<usize> = (0..webhooks + others).collect();
    shuffle(&mut steps, seed);
    let step = |number: usize| number.checked_sub(webhooks).map_or(Step::Webhook(number), Step::Other);
    steps.into_iter().map(step).collect()
}

fn shuffle(steps: &mut [usize], seed: u64) {
    let mut random = seed;
    for place in (1..steps.len()).rev() {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        steps.swap(place, (random >> 33) as usize % (place + 1));
    }
}

fn reasons(summary: &dossier::cli::import::Summary) -> Vec<String> {
    summary.rejected_lines.iter().map(|one| format!("{}: {}", one.first, one.reason)).collect()
}

#[actix_web::test]
async fn each_bad_line_is_named_with_its_reason_and_the_others_are_taken_in() {
    let desk = Desk::open().await;
    let project = desk.project_of_its_own();
    let bad = |changes: Value| row(changes);
    let long = "x".repeat(1_501);
    let rows = [
        row(json!({})),
        bad(json!({ "start_time": "1700000000" })),
        bad(json!({ "start_time": "soon" })),
        bad(json!({ "start_time": "" })),
        bad(json!({ "store": "moon_store" })),
        bad(json!({ "price_in_usd": "-5" })),
        bad(json!({ "purchase_price_in_usd": "123456789" })),
        bad(json!({ "renewal_number": "-1" })),
        bad(json!({ "is_sandbox": "perhaps" })),
        bad(json!({ "store_transaction_id": "" })),
        bad(json!({ "store_transaction_id": long })),
        bad(json!({ "rc_original_app_user_id": "null" })),
        bad(json!({ "rc_original_app_user_id": long })),
        bad(json!({ "updated_at": "2999-01-01 00:00:00" })),
        row(json!({ "store_transaction_id": "t-2", "rc_last_seen_app_user_id_alias": "null" })),
        row(json!({ "store_transaction_id": "t-3", "custom_subscriber_attributes": "{broken" })),
        row(json!({ "store_transaction_id": "t-4" })),
        row(json!({ "store_transaction_id": "t-5", "entitlement_identifiers": "[\"pro\"" })),
    ];
    let mut file = transactions(&rows);
    file.extend(b"one,two\n\"open\nlena,\0\n");
    let summary = try_import(&desk, project, &[&file], &[]).expect("it imports");
    insta::assert_snapshot!(reasons(&summary).join("\n"), @r#"
    3: start_time is 1700000000, which seems to be in seconds instead of milliseconds
    4: start_time is “soon”, which is no time
    5: start_time is empty
    6: the store “moon_store” is not known
    7: price_in_usd is “-5”, which is negative
    8: purchase_price_in_usd is “123456789”, which is not a credible amount
    9: renewal_number is “-1”, which is not a credible number
    10: is_sandbox is “perhaps”, which is neither true nor false
    11: store_transaction_id is empty
    12: store_transaction_id has more than 1,500 characters
    13: rc_original_app_user_id is a word that apps send when nobody is logged in
    14: rc_original_app_user_id has more than 1,500 characters
    15: updated_at is “2999-01-01 00:00:00”, which is not a credible time
    16: rc_last_seen_app_user_id_alias is a word that apps send when nobody is logged in; it was left out
    17: custom_subscriber_attributes is not a JSON object; it was left out
    19: entitlement_identifiers is “["pro"”, which is not a list; it was left out
    20: the number of its columns is 2, and the header has 35
    21: a quote is not closed
    22: the number of its columns is 2, and the header has 35
    "#);
    assert_eq!((summary.rows, summary.rejected), (21, 16));
    let keys: Vec<String> = purchases_of(&desk, project).into_iter().map(|one| one.1).collect();
    assert_eq!(keys, ["APP_STORE:t-1"]);
    assert_eq!(spent(&desk, project), 5 * 9_990_000);
}

#[actix_web::test]
async fn of_many_bad_lines_the_first_hundred_are_listed_and_the_others_counted() {
    let desk = Desk::open().await;
    let project = desk.project_of_its_own();
    let rows: Vec<Value> = (0..250).map(|number| row(json!({ "start_time": format!("never {number}") }))).collect();
    let summary = import_rows(&desk, project, &rows);
    assert_eq!((summary.rejected, summary.rejected_lines.len(), summary.unlisted), (250, 100, 150));
}

#[actix_web::test]
async fn a_file_without_the_columns_that_are_needed_is_refused_before_anything_is_stored() {
    let desk = Desk::open().await;
    let project = desk.project_of_its_own();
    let good = transactions(&[row(json!({}))]);
    let tabs = csv(&COLUMNS, b'\t', &[row(json!({}))]);
    let without: Vec<&str> = COLUMNS.into_iter().filter(|name| !["start_time", "is_sandbox"].contains(name)).collect();
    let without = csv(&without, b',', &[row(json!({}))]);
    for (bad, wanted) in [
        (&without, "lacks the columns start_time, is_sandbox; nothing"),
        (&tabs, "has one column: commas or semicolons"),
    ] {
        let refused = try_import(&desk, project, &[&good, bad], &[]).expect_err("refused");
        assert!(refused.contains(wanted), "{refused}");
    }
    let swapped = try_import(&desk, project, &[], &[&good]).expect_err("refused");
    assert!(swapped.contains("lacks the columns app_user_id, first_seen_at, last_seen_at"), "{swapped}");
    assert!(ids_of_customers(&desk, project).is_empty());
}

#[actix_web::test]
async fn the_third_version_of_exports_gives_the_same_as_the_fifth() {
    let desk = Desk::open().await;
    let (third, fifth) = (desk.project_of_its_own(), desk.project_of_its_own());
    let newer = ["purchase_price_in_usd", "purchase_price_in_purchased_currency", "updated_at", "first_seen_time"];
    let old: Vec<&str> = COLUMNS.into_iter().filter(|name| !newer.contains(name)).collect();
    let refunded = json!({
        "store_transaction_id": "t-2", "original_store_transaction_id": "t-2", "price_in_usd": "0",
        "price_in_purchased_currency": "0", "refunded_at": time(NOW.millis() - 20 * DAY),
        "effective_end_time": time(NOW.millis() - 20 * DAY),
    });
    let rows = [row(json!({})), row(refunded)];
    let spelled = |row: &Value| {
        let mut row = row.clone();
        for (name, value) in row.as_object_mut().expect("an object") {
            let spelled = match value.as_str() {
                Some("true") => "t",
                Some("false") => "f",
                Some("[\"pro\"]") => "{pro}",
                _ => continue,
            };
            assert!(name.starts_with("is_") || name == "entitlement_identifiers");
            *value = json!(spelled);
        }
        row
    };
    let file = csv(&old, b',', &rows.each_ref().map(spelled));
    assert_eq!(try_import(&desk, third, &[&file], &[]).expect("it imports").rejected, 0);
    import_rows(&desk, fifth, &rows);
    assert_eq!(purchases_of(&desk, third), purchases_of(&desk, fifth));
    assert_eq!((spent(&desk, third), spent(&desk, fifth)), (9_990_000, 9_990_000));
}

#[actix_web::test]
async fn access_that_ended_early_stays_ended_when_a_webhook_tells_of_the_purchase() {
    let desk = Desk::open().await;
    let own = json!({ "transaction_id": "t-1", "original_transaction_id": "t-1", "product_id": "pro_monthly" });
    let cut = json!({
        "start_time": time(NOW.millis() - 10 * DAY), "end_time": time(NOW.millis() + 20 * DAY),
        "effective_end_time": time(NOW.millis() - 2 * DAY),
    });
    for updated_at in ["", &time(NOW.millis() - 9 * DAY), &time(NOW.millis() - DAY)] {
        let project = desk.project_of_its_own();
        let mut row = row(cut.clone());
        row["updated_at"] = json!(updated_at);
        import_rows(&desk, project, &[row]);
        deliver(&desk, project, &[purchase("lena", 10, own.clone())]);
        let purchases = purchases_of(&desk, project);
        assert_eq!((purchases.len(), purchases[0].3), (1, false), "updated at {updated_at:?}");
    }
}

const CUSTOMERS: [&str; 8] = [
    "app_user_id",
    "first_seen_at",
    "last_seen_at",
    "last_seen_app_version",
    "last_seen_platform",
    "last_seen_ip_country",
    "email",
    "custom_attributes",
];

fn customer(id: &str, last_seen: i64, version: &str) -> Value {
    json!({
        "app_user_id": id, "first_seen_at": (NOW.millis() - 90 * DAY).to_string(), "last_seen_at": last_seen.to_string(),
        "last_seen_app_version": version, "last_seen_platform": "iOS", "last_seen_ip_country": "de",
        "email": format!("{id}@example.com"), "custom_attributes": "{\"goal\":\"run\"}",
    })
}

fn customers_file(rows: &[Value]) -> Vec<u8> {
    [b"\xEF\xBB\xBF".to_vec(), csv(&CUSTOMERS, b';', rows)].concat()
}

#[actix_web::test]
async fn customers_who_never_bought_exist_with_what_is_known_of_their_device() {
    let desk = Desk::open().await;
    let (seen, before) = (NOW.millis() - 2 * DAY, count_customers(&desk));
    let file = customers_file(&[customer("mara", seen, "2.0"), customer("noor", seen / 1000, "2.0")]);
    let summary = try_import(&desk, desk.project, &[], &[&file]).expect("it imports");
    let wanted = format!("3: last_seen_at is {}, which seems to be in seconds instead of milliseconds", seen / 1000);
    assert_eq!(reasons(&summary), [wanted]);
    assert_eq!(count_customers(&desk) - before, 1);
    let page = desk.page(&VERA, "/projects/sundial/customers/mara").await;
    for words in ["mara@example.com", "Customer details imported from an export", "goal", "2.0", "Germany"] {
        assert!(page.contains(words), "{words}");
    }
    // An older list changes nothing of it.
    try_import(&desk, desk.project, &[], &[&customers_file(&[customer("mara", seen - DAY, "1.0")])])
        .expect("it imports");
    let stored: (Option<Moment>, Option<String>) = desk.read(|conn| {
        let mara = customers::table.filter(customers::email.eq("mara@example.com"));
        mara.select((customers::last_seen_at, customers::app_version)).first(conn)
    });
    assert_eq!(stored, (Some(Moment(seen)), Some("2.0".into())));
    let again = try_import(&desk, desk.project, &[], &[&file]).expect("it imports");
    assert_eq!((again.stored, again.duplicates), (0, 1));
}

#[actix_web::test]
async fn the_last_contact_of_new_and_of_known_customers_is_the_latest_of_all_their_ids() {
    let desk = Desk::open().await;
    let project = desk.project_of_its_own();
    deliver(&desk, project, &[purchase("lena", 40, json!({ "aliases": ["lena-ipad"] }))]);
    let day = |day: i64| NOW.millis() - (10 - day) * DAY;
    let take = |rows: &[Value]| try_import(&desk, project, &[], &[&customers_file(rows)]).expect("it imports");
    take(&[customer("lena", day(2), "2.0"), customer("lena-ipad", day(3), "3.0"), customer("noor", day(1), "1.0")]);
    assert_eq!(
        contacts(&desk, project),
        [("lena", day(3), day(2), "3.0"), ("lena-ipad", day(3), day(3), "3.0"), ("noor", day(1), day(1), "1.0")]
            .map(contact)
    );
    // The later of two rows comes first and does not name the version.
    take(&[customer("lena-ipad", day(1), "1.0"), customer("noor", day(4), ""), customer("noor", day(3), "4.0")]);
    let latest =
        [("lena", day(3), day(2), "3.0"), ("lena-ipad", day(3), day(3), "3.0"), ("noor", day(4), day(4), "4.0")];
    assert_eq!(contacts(&desk, project), latest.map(contact));
    rebuild(&desk, Some(project));
    assert_eq!(contacts(&desk, project), latest.map(contact));
}

/// An id, when an app of its customer was last open as lists sort by it, when the id was last used, and the version of the app.
type Contact = (String, Moment, Option<Moment>, Option<Moment>, Option<String>);

fn contact((id, last, seen, version): (&str, i64, i64, &str)) -> Contact {
    (id.into(), Moment(last), Some(Moment(last)), Some(Moment(seen)), Some(version.into()))
}

fn contacts(desk: &Desk, project: ProjectId) -> Vec<Contact> {
    let columns = (
        app_user_ids::app_user_id,
        customers::active_at,
        customers::last_seen_at,
        app_user_ids::seen_at,
        customers::app_version,
    );
    desk.read(|conn| {
        let all = app_user_ids::table.inner_join(customers::table.on(customers::id.eq(app_user_ids::customer_id)));
        let own = all.filter(app_user_ids::project_id.eq(project));
        own.select(columns).order(app_user_ids::app_user_id).load(conn)
    })
}

#[actix_web::test]
async fn nobody_who_was_erased_or_is_blocked_comes_back() {
    let desk = Desk::open().await;
    let project = desk.project_of_its_own();
    for id in ["mara", "noor"] {
        deliver(&desk, project, &[purchase(id, 100, json!({}))]);
    }
    erase_customer(&desk, project, "mara");
    block(&desk, project, "noor").expect("blocked");
    let of = |id: &str| {
        row(json!({
            "rc_original_app_user_id": id, "store_transaction_id": format!("new-{id}"),
            // After the erasure.
            "start_time": time(NOW.millis() + 5 * DAY), "end_time": time(NOW.millis() + 35 * DAY),
            "effective_end_time": time(NOW.millis() + 35 * DAY),
        }))
    };
    let alias = row(json!({ "rc_original_app_user_id": "$RCAnonymousID:9", "rc_last_seen_app_user_id_alias": "mara" }));
    let list = customers_file(&["mara", "noor"].map(|id| customer(id, NOW.millis(), "3")));
    let summary =
        try_import(&desk, project, &[&transactions(&[of("mara"), of("noor"), alias])], &[&list]).expect("it imports");
    assert_eq!((summary.stored, summary.screened_out, summary.rejected), (0, 8, 0));
    assert!(ids_of_customers(&desk, project).is_empty());
}

#[actix_web::test]
async fn a_webhook_cannot_say_that_it_was_imported() {
    let desk = Desk::open().await;
    let project = desk.project_of_its_own();
    let forged =
        json!({ "dossier_origin": "import", "dossier_as_of_ms": 1, "dossier_whole": "x", "id": "forged", "price": 5 });
    let real = json!({ "id": "real", "price": 7 });
    assert_eq!(deliver(&desk, project, &[purchase("lena", 40, forged.clone())]), [Outcome::Stored]);
    deliver(&desk, project, &[purchase("lena", 40, real)]);
    assert_eq!(spent(&desk, project), 12_000_000);
    let escaped =
        purchase("lena", 40, forged).replace("dossier_origin", "dossier\\u005forigin").replace("forged", "again");
    deliver(&desk, project, &[escaped]);
    assert_eq!(spent(&desk, project), 17_000_000);
    rebuild(&desk, Some(project));
    assert_eq!(spent(&desk, project), 17_000_000);
}

#[actix_web::test]
async fn the_history_says_what_was_imported_and_shows_a_thing_once() {
    let desk = Desk::open().await;
    let own = json!({ "rc_original_app_user_id": "mara" });
    import_rows(&desk, desk.project, &[row(own.clone())]);
    let address = "/projects/sundial/customers/mara";
    let page = desk.page(&VERA, address).await;
    let count = |page: &str| page.matches("Started a subscription").count();
    let (before, imported) = (count(&page), page.matches("imported from an export").count());
    let webhook = json!({ "transaction_id": "t-1", "original_transaction_id": "t-1", "product_id": "pro_monthly" });
    deliver(&desk, desk.project, &[purchase("mara", 40, webhook)]);
    let page = desk.page(&VERA, address).await;
    // The details of the customer are still from there.
    assert_eq!((count(&page), page.matches("imported from an export").count()), (before, imported - 1));
    assert_eq!(stored_purchases(&desk, "mara").len(), 1);
}

#[actix_web::test]
async fn purchases_that_a_transfer_moved_count_once_whatever_came_first() {
    let desk = Desk::open().await;
    let own = json!({ "transaction_id": "t-1", "original_transaction_id": "t-1", "product_id": "pro_monthly" });
    let bought = purchase("lena", 40, own);
    let moved = transfer_event(1_080, &["lena"], &["mara"]);
    let export = [row(json!({ "rc_original_app_user_id": "mara" }))];
    let orders: [&[usize]; 5] = [&[0, 1, 2], &[2, 0, 1], &[0, 2, 1], &[1, 0, 2], &[2, 1, 0]];
    let mut all = Vec::new();
    for order in orders {
        let project = desk.project_of_its_own();
        for step in order {
            match step {
                0 => drop(deliver(&desk, project, std::slice::from_ref(&bought))),
                1 => drop(deliver(&desk, project, std::slice::from_ref(&moved))),
                _ => drop(import_rows(&desk, project, &export)),
            }
        }
        assert_eq!(spent(&desk, project), 9_990_000, "{order:?}");
        let before = profiles(&desk, project);
        rebuild(&desk, Some(project));
        assert_eq!(profiles(&desk, project), before, "{order:?}");
        all.push(before);
    }
    assert!(all.windows(2).all(|pair| pair[0] == pair[1]));
}

#[actix_web::test]
async fn an_older_export_does_not_bring_back_what_a_newer_one_took_back() {
    let desk = Desk::open().await;
    let project = desk.project_of_its_own();
    let refunded = json!({
        "price_in_usd": "0", "refunded_at": time(NOW.millis() - 30 * DAY),
        "effective_end_time": time(NOW.millis() - 30 * DAY), "updated_at": time(NOW.millis() - 20 * DAY),
    });
    import_rows(&desk, project, &[row(json!({}))]);
    // All that the newer export says is told by a webhook as well.
    let own = json!({ "transaction_id": "t-1", "original_transaction_id": "t-1", "product_id": "pro_monthly" });
    deliver(&desk, project, &[purchase("lena", 40, own)]);
    import_rows(&desk, project, &[row(refunded)]);
    assert_eq!(spent(&desk, project), 9_990_000);
    let before = profiles(&desk, project);
    rebuild(&desk, Some(project));
    assert_eq!(profiles(&desk, project), before);
}

#[actix_web::test]
async fn an_interrupted_import_is_continued_by_running_it_again() {
    let desk = Desk::open().await;
    let (whole, interrupted) = (desk.project_of_its_own(), desk.project_of_its_own());
    let rows: Vec<Value> = (0..60)
        .map(|number| {
            let id = json!(format!("person-{}", number % 20));
            row(json!({ "rc_original_app_user_id": id, "store_transaction_id": format!("t-{number}"), "renewal_number": null }))
        })
        .collect();
    import_rows(&desk, whole, &rows);
    import_rows(&desk, interrupted, &rows[..31]);
    let mut cut = transactions(&rows);
    cut.truncate(cut.len() / 2);
    try_import(&desk, interrupted, &[&cut], &[]).expect("the last line is rejected");
    import_rows(&desk, interrupted, &rows);
    assert_eq!(profiles(&desk, interrupted), profiles(&desk, whole));
}

#[actix_web::test]
async fn of_a_file_that_is_cut_off_the_rows_before_are_taken_in() {
    let desk = Desk::open().await;
    let project = desk.project_of_its_own();
    let rows: Vec<Value> = (0..400)
        .map(|number| row(json!({ "rc_original_app_user_id": format!("person-{number}"), "store_transaction_id": format!("t-{number}") })))
        .collect();
    let packed = gzip(&transactions(&rows));
    let refused = try_import(&desk, project, &[&packed[..packed.len() / 2]], &[]).expect_err("it ends early");
    let until = refused.split_once("it can be read until line ").expect("the line").1;
    let lines: usize = until.split_once(',').expect("a number").0.parse().expect("a number");
    let taken = ids_of_customers(&desk, project).len();
    assert!(lines > 100 && (taken, spent(&desk, project)) == (lines - 1, 9_990_000 * (lines as i64 - 1)), "{refused}");
    assert_eq!(try_import(&desk, project, &[&packed], &[]).expect("it imports").rejected, 0);
    assert_eq!((ids_of_customers(&desk, project).len(), spent(&desk, project)), (400, sum(&rows)));
}

#[actix_web::test]
async fn the_command_succeeds_with_rejected_lines_and_fails_without_columns() {
    let desk = Desk::open().await;
    let run = |arguments: &[&str]| {
        let mut command = dossier();
        command.args(["import", "--project", "sundial"]).args(arguments);
        let done = command.env("DATABASE_URL", &desk.application.config.database_url).output().expect("it runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        (done.status.success(), text(done.stdout), text(done.stderr))
    };
    let good = OnDisk::new(&transactions(&[row(json!({})), row(json!({ "store": "moon" }))]));
    let bad = OnDisk::new(b"a,b\n1,2\n");
    let (ok, said, _) = run(&["--transactions", &good.0]);
    let said = said.replace(&good.0, "FILE");
    insta::assert_snapshot!(said, @r"
    Read 2 rows.
    Stored 2, duplicates 0, rejected 1.
      FILE, line 3: the store “moon” is not known
    Derived the state of 1 customers.
    ");
    assert!(ok);
    let (ok, said, told) = run(&["--customers", &bad.0, "--transactions", &good.0]);
    assert!(!ok && said.is_empty() && told.contains("lacks the columns app_user_id"), "{told}");
}

/// An import of rows into a project, step by step.
struct Steps<'a> {
    desk: &'a Desk,
    db: Db,
    project: ProjectId,
    waiting: WaitingTerms,
}

impl<'a> Steps<'a> {
    fn new(desk: &'a Desk, project: ProjectId) -> Steps<'a> {
        Steps { desk, db: desk.db.clone(), project, waiting: WaitingTerms::default() }
    }

    /// Stores rows and commits. The search terms of new customers may wait.
    fn store(&mut self, rows: &[Value]) {
        let mut file = File::open(Cursor::new(transactions(rows))).expect("a file");
        let (mut reader, mut record, mut all) = (Transactions::new(&file.header), Record::default(), Vec::new());
        while let Some(row) = file.next_record(&mut record).expect("it reads") {
            row.expect("a row");
            all.extend(reader.read(&record, NOW).expect("it is read").deliveries);
        }
        let (ctx, all): (_, Vec<&Delivery>) = (self.desk.ctx_in(self.project), all.iter().collect());
        let stored = self.db.write_here(|conn| {
            self.waiting.begin(conn)?;
            Ok::<_, Error>(ingest::take_read(conn, &ctx, (&all, &[]), &mut self.waiting)?)
        });
        stored.map(drop).expect("it is stored");
    }

    /// Writes the terms that wait, as an import does from time to time and at its end.
    fn write(&mut self) {
        let project = self.project;
        let written = self.db.write_here(|conn| {
            self.waiting.begin(conn)?;
            Ok::<_, Error>(self.waiting.write(conn, project)?)
        });
        written.expect("they are written");
        self.waiting.clear();
    }

    /// What a server does at its start, and an import at its end.
    fn settle(self) {
        settle::stale(&self.desk.db, &indicatif::ProgressBar::hidden()).expect("all are derived");
    }
}

/// Rows of people with a name and an address each; every one has two ids.
fn known_people(numbers: std::ops::Range<i64>, email: &str) -> Vec<Value> {
    let person = |number: i64| {
        let attributes = json!({ "$email": { "value": format!("{number}@{email}"), "updated_at_ms": NOW.millis() },
            "$displayName": { "value": format!("Lena {number}"), "updated_at_ms": NOW.millis() } });
        row(json!({ "rc_original_app_user_id": format!("person-{number}"), "renewal_number": null,
            "rc_last_seen_app_user_id_alias": format!("alias-{number}"), "store_transaction_id": format!("t-{number}"),
            "original_store_transaction_id": format!("t-{number}"),
            "reserved_subscriber_attributes": attributes.to_string() }))
    };
    numbers.map(person).collect()
}

#[actix_web::test]
async fn an_import_that_is_killed_before_it_writes_search_terms_leaves_customers_whom_the_search_finds() {
    let desk = Desk::open().await;
    let (whole, killed) = (desk.project_of_its_own(), desk.project_of_its_own());
    let (first, more) = (known_people(0..30, "example.com"), known_people(30..200, "example.com"));
    import_rows(&desk, whole, &[first.clone(), more.clone()].concat());
    rebuild(&desk, Some(whole));
    let mut steps = Steps::new(&desk, killed);
    steps.store(&first);
    steps.write();
    steps.store(&more);
    steps.settle();
    assert_eq!(profiles(&desk, killed), profiles(&desk, whole));
    let begun_again = desk.project_of_its_own();
    Steps::new(&desk, begun_again).store(&more);
    import_rows(&desk, begun_again, &[first, more].concat());
    assert_eq!(profiles(&desk, begun_again), profiles(&desk, whole));
}

#[actix_web::test]
async fn what_becomes_of_customers_while_their_search_terms_wait_is_what_the_search_finds() {
    let desk = Desk::open().await;
    for is_written_by_others in [false, true] {
        let project = desk.project_of_its_own();
        let mut steps = Steps::new(&desk, project);
        steps.store(&known_people(0..40, "example.com"));
        // The next rows say more of the same people: another address, another purchase, and that two are one.
        let mut renamed = known_people(0..10, "example.org");
        for row in &mut renamed {
            row["first_seen_time"] = json!(time(NOW.millis() - 60 * DAY));
        }
        let mut bought = known_people(10..20, "example.com");
        for (number, row) in (0..).zip(&mut bought) {
            row["store_transaction_id"] = json!(format!("u-{number}"));
            row["original_store_transaction_id"] = json!(format!("u-{number}"));
        }
        let mut joined = known_people(20..30, "example.com");
        for (number, row) in (0..).zip(&mut joined) {
            row["rc_last_seen_app_user_id_alias"] = json!(format!("alias-{}", 30 + number));
        }
        let more = [renamed, bought, joined].concat();
        match is_written_by_others {
            true => {
                let other = crate::support::database::open(&desk.application.config.database_url, 4);
                Steps { db: other, ..Steps::new(&desk, project) }.store(&more);
            }
            false => steps.store(&more),
        }
        steps.store(&known_people(40..50, "example.com"));
        steps.write();
        steps.settle();
        let found = profiles(&desk, project);
        assert_eq!(found.len(), 40);
        rebuild(&desk, Some(project));
        assert_eq!(profiles(&desk, project), found, "written by others: {is_written_by_others}");
    }
}

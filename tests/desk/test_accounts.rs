//! Deleting test accounts: which customers count as one, the choice, the typed number, and the deletion in small steps.

use std::collections::BTreeSet;

use actix_web::http::StatusCode;
use diesel::prelude::*;
use dossier::audit::Ctx;
use dossier::base::error::Error;
use dossier::base::ids::CustomerId;
use dossier::db::schema::*;
use dossier::jobs::Worker;
use dossier::operations::test_accounts::jobs::{self, Requester};
use dossier::operations::test_accounts::{Job, Pattern, Wanted, queries, work};
use serde_json::{Value, json};

use crate::support::audit_log::verified_audit_entries;
use crate::support::cast::{ADA, PASSWORD, TEAM};
use crate::support::customers::customer_id;
use crate::support::events::{deliver, deliver_together, event_on_day, replace_fields};
use crate::support::jobs::clean_up;
use crate::support::test_store::{buy, desk_with_test_store, only_purchase};
use crate::support::{Desk, NOW, traces};

const PAGE: &str = "/projects/sundial/settings/test-accounts";

fn event(id: &str, kind: &str, extra: Value) -> String {
    let mut fields = json!({
        "id": format!("{kind}-{id}-{extra}"), "app_user_id": id, "original_app_user_id": id, "aliases": [id],
        "environment": "SANDBOX", "transaction_id": id, "original_transaction_id": id, "price": 0,
    });
    replace_fields(&mut fields, &extra);
    event_on_day(3, kind, fields)
}

fn tester(id: &str) -> String {
    event(id, "INITIAL_PURCHASE", json!({}))
}

fn found(desk: &Desk, bought: &str, ids: &str, before: &str) -> BTreeSet<String> {
    let wanted = Wanted::parse(bought, ids, before).expect("a filter");
    let all = desk.db.read_here(|conn| Ok::<_, Error>(queries::all(conn, desk.project, &wanted)?));
    all.expect("they are found").into_iter().map(|one| one.app_user_id).collect()
}

fn names(of: &[&str]) -> BTreeSet<String> {
    of.iter().map(|name| (*name).to_owned()).collect()
}

fn left(desk: &Desk) -> BTreeSet<String> {
    let ids = app_user_ids::table.select(app_user_ids::app_user_id);
    desk.db.read_here(|conn| Ok::<_, Error>(ids.load::<String>(conn)?)).expect("it reads").into_iter().collect()
}

/// Customers that must never count as test accounts. Each id names the reason.
fn real_ones() -> Vec<String> {
    let real = |id: &str, kind: &str, extra: Value| {
        let mut extra = extra;
        extra["environment"] = json!("PRODUCTION");
        event(id, kind, extra)
    };
    vec![
        real("real-free-trial", "INITIAL_PURCHASE", json!({ "period_type": "TRIAL" })),
        real("real-bought-once", "NON_RENEWING_PURCHASE", json!({ "price": 1 })),
        real("real-price-missing", "RENEWAL", json!({ "price": null })),
        real("real-granted", "NON_RENEWING_PURCHASE", json!({ "store": "PROMOTIONAL" })),
        real("real-family", "INITIAL_PURCHASE", json!({ "is_family_share": true })),
        real("real-invoice", "INVOICE_ISSUANCE", json!({})),
        real("real-of-tomorrow", "SUBSCRIPTION_OF_TOMORROW", json!({})),
        event("real-in-lower-case", "INITIAL_PURCHASE", json!({ "environment": "production" })),
        event("real-perhaps", "INITIAL_PURCHASE", json!({ "environment": "LIVE" })),
        real("real-coins", "VIRTUAL_CURRENCY_TRANSACTION", json!({ "adjustments": [] })),
        tester("real-both"),
        real(
            "both",
            "RENEWAL",
            json!({ "app_user_id": "real-both", "original_app_user_id": "real-both", "aliases": [] }),
        ),
        // An event without an environment counts as production.
        event("real-unsaid", "INITIAL_PURCHASE", json!({ "environment": null })),
        // A buyer whose purchases were all transferred away.
        real("real-giver", "INITIAL_PURCHASE", json!({})),
        real(
            "taker",
            "TRANSFER",
            json!({
                "transferred_from": ["real-giver"], "transferred_to": ["real-taker"], "app_user_id": null, "aliases": null,
                "original_app_user_id": null,
            }),
        ),
        // A customer who received purchases that were then transferred on.
        real(
            "passer",
            "TRANSFER",
            json!({
                "event_timestamp_ms": 1_700_900_000_000i64, "transferred_from": ["real-taker"],
                "transferred_to": ["real-end"], "app_user_id": null, "aliases": null, "original_app_user_id": null,
            }),
        ),
    ]
}

#[actix_web::test]
async fn nobody_with_production_purchases_or_grants_is_ever_found() {
    let desk = Desk::open().await;
    deliver(&desk, desk.project, &real_ones());
    deliver(
        &desk,
        desk.project,
        &[tester("qa-sandbox"), event("qa-nothing", "SUBSCRIBER_ALIAS", json!({ "environment": "PRODUCTION" }))],
    );
    deliver(
        &desk,
        desk.project,
        &[event("qa-enrolled", "EXPERIMENT_ENROLLMENT", json!({ "environment": "PRODUCTION", "experiment_id": "e" }))],
    );
    assert_eq!(found(&desk, "sandbox", "", ""), names(&["qa-sandbox"]));
    assert_eq!(found(&desk, "nothing", "", ""), names(&["qa-nothing", "qa-enrolled"]));
    assert_eq!(found(&desk, "either", "*a*", ""), names(&["qa-sandbox", "qa-nothing", "qa-enrolled"]));
    // Not even when they are chosen by their ids.
    let real: Vec<CustomerId> = desk
        .db
        .read_here(|conn| {
            let real = app_user_ids::table.filter(app_user_ids::app_user_id.like("real-%"));
            Ok::<_, Error>(real.select(app_user_ids::customer_id).load(conn)?)
        })
        .expect("they are there");
    assert_eq!(real.len(), 15);
    for bought in ["sandbox", "nothing"] {
        let wanted = Wanted::parse(bought, "", "").expect("a filter");
        let still = desk.db.read_here(|conn| Ok::<_, Error>(queries::still(conn, desk.project, &wanted, &real)?));
        assert_eq!(still.expect("it reads"), []);
    }
}

#[actix_web::test]
async fn filters_by_id_and_by_time_match_exactly() {
    let desk = Desk::open().await;
    let ids = ["qa-1", "QA-2", "qa_3", "é-qa", "100%", "a@qa.example"];
    deliver(&desk, desk.project, &ids.map(tester));
    let long = format!("{}x", "y".repeat(199));
    deliver(&desk, desk.project, &[tester(&long)]);
    for (pattern, fitting) in [
        ("qa-", &["qa-1"][..]),
        ("qa", &["qa-1", "qa_3"]),
        ("qa_", &["qa_3"]),
        ("*qa", &["é-qa"]),
        ("*@qa.example", &["a@qa.example"]),
        ("*%", &["100%"]),
        ("é*", &["é-qa"]),
        ("y", &[&long]),
        ("yy*x", &[&long]),
        ("nobody", &[]),
    ] {
        assert_eq!(found(&desk, "sandbox", pattern, ""), names(fitting), "{pattern}");
    }
    assert_eq!(found(&desk, "sandbox", "", "2023-11-17").len(), 0, "day 3 is 17 Nov 2023");
    assert_eq!(found(&desk, "sandbox", "", "2023-11-18").len(), 7);
    assert!(Pattern::parse("*").is_err());
}

#[actix_web::test]
async fn pages_of_the_list_hold_everybody_once() {
    let desk = Desk::open().await;
    let many: Vec<String> = (0..120).map(|number| tester(&format!("qa-{number:03}"))).collect();
    deliver_together(&desk, desk.project, &many);
    let mut seen = BTreeSet::new();
    let mut path = format!("{PAGE}?bought=sandbox&ids=qa-*");
    for wanted in [50, 50, 20] {
        let page = desk.get(&ADA, &path).await.body;
        assert!(page.contains("<h2 id=\"found-title\">120 customers</h2>"), "{page}");
        let rows: Vec<String> = page
            .split("name=\"customer\" value=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .map(str::to_owned)
            .collect();
        assert_eq!(rows.len(), wanted);
        seen.extend(rows);
        if let Some((_, rest)) = page.split_once("&amp;after=") {
            path = format!("{PAGE}?bought=sandbox&ids=qa-*&after={}", &rest[..32]);
        }
    }
    assert_eq!(seen.len(), 120);
    assert_eq!(desk.get(&ADA, &format!("{PAGE}?bought=sandbox&after=x")).await.status, StatusCode::BAD_REQUEST);
}

fn start(desk: &Desk, wanted: &Wanted, chosen: &[CustomerId]) -> Job {
    let started = desk.db.write_here(|conn| {
        let ctx = Ctx { now: NOW, ..desk.ctx() };
        let id = jobs::start(conn, &ctx, Requester { person: ADA.id, role: "admin" }, wanted, chosen)?;
        jobs::find(conn, desk.project, id)?.ok_or(Error::NotFound)
    });
    started.expect("a job")
}

fn reload(desk: &Desk, job: &Job) -> Job {
    let found = desk.db.read_here(|conn| Ok::<_, Error>(jobs::find(conn, job.project_id, job.id)?));
    found.expect("it reads").expect("the job")
}

#[actix_web::test]
async fn a_customer_who_buys_meanwhile_is_kept_and_the_rest_is_deleted_with_one_entry() {
    let desk = Desk::open().await;
    let many: Vec<String> = (0..47).map(|number| tester(&format!("kanarie-{number}"))).collect();
    deliver_together(&desk, desk.project, &many);
    deliver(&desk, desk.project, &[tester("buyer"), tester("other")]);
    let wanted = Wanted::parse("sandbox", "", "").expect("a filter");
    let chosen = desk.db.read_here(|conn| Ok::<_, Error>(queries::all(conn, desk.project, &wanted)?)).expect("all");
    let chosen: Vec<CustomerId> =
        chosen.iter().map(|one| one.id).filter(|id| *id != customer_id(&desk, "other")).collect();
    let job = start(&desk, &wanted, &[&chosen[..], &[CustomerId(12_345)]].concat());
    deliver(&desk, desk.project, &[event("buyer", "RENEWAL", json!({ "environment": "PRODUCTION", "price": 9.99 }))]);
    assert_eq!(work(&desk.db, &desk.ids, &desk.clock, &|| false).expect("it works"), 47);
    let done = reload(&desk, &job);
    assert_eq!((done.chosen, done.erased, done.kept, done.wanted.as_str()), (49, 47, 2, ""));
    assert!(done.finished_at == Some(NOW) && left(&desk) == names(&["buyer", "other"]));
    let shown = verified_audit_entries(&desk);
    assert_eq!(shown.len(), 1);
    assert!(
        shown[0].action == "test_accounts_deleted"
            && shown[0].actor_id == Some(ADA.id.0)
            && shown[0].details.contains("47 customers, 2 kept")
    );
    assert_eq!(work(&desk.db, &desk.ids, &desk.clock, &|| false).expect("nothing is left to do"), 0);
    clean_up(&desk);
    assert_eq!(traces::find(&desk, "kanarie"), Vec::<String>::new());
}

/// Each worker has its own pool, as a process would.
#[actix_web::test]
async fn several_processes_share_the_work_and_do_nothing_twice() {
    let desk = Desk::open().await;
    let many: Vec<String> = (0..90).map(|number| tester(&format!("qa-{number}"))).collect();
    deliver_together(&desk, desk.project, &many);
    let wanted = Wanted::parse("sandbox", "", "").expect("a filter");
    let chosen = desk.db.read_here(|conn| Ok::<_, Error>(queries::all(conn, desk.project, &wanted)?)).expect("all");
    let job = start(&desk, &wanted, &chosen.iter().map(|one| one.id).collect::<Vec<_>>());
    let erased: usize = std::thread::scope(|scope| {
        let open = || crate::support::database::open(&desk.application.config.database_url, 1);
        let workers: Vec<_> = (0..3)
            .map(|node| {
                let (db, ids, clock) = (open(), dossier::base::ids::Ids::of_node(50 + node), desk.clock.clone());
                scope.spawn(move || work(&db, &ids, &clock, &|| false).expect("it works"))
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().expect("it ends well")).sum()
    });
    let done = reload(&desk, &job);
    assert_eq!(
        (erased, done.erased, done.kept, left(&desk).len(), verified_audit_entries(&desk).len()),
        (90, 90, 0, 0, 1)
    );
}

async fn until_done(desk: &Desk, path: &str) -> String {
    for _ in 0..200 {
        let page = desk.get(&ADA, path).await;
        if page.header("refresh").is_empty() {
            return page.body;
        }
        assert!(page.body.contains("<progress"));
        std::thread::sleep(std::time::Duration::from_millis(25));
    }
    panic!("the job does not end");
}

#[actix_web::test]
async fn an_admin_chooses_accounts_types_their_number_and_watches_the_deletion() {
    let desk = Desk::open().await;
    deliver(
        &desk,
        desk.project,
        &[tester("qa-1"), tester("qa-2"), tester("qa-3"), event("free", "SUBSCRIBER_ALIAS", json!({}))],
    );
    assert!(desk.get(&ADA, PAGE).await.body.contains("This finds only customers who are proven to be tests"));
    let list = desk.get(&ADA, &format!("{PAGE}?bought=sandbox&ids=qa&before=")).await.body;
    for text in [
        "3 customers",
        "1 purchase in the sandbox and none in production, no grant.",
        "The id qa-1 fits qa.",
        "checked",
    ] {
        assert!(list.contains(text), "{text}");
    }
    let (one, two) = (customer_id(&desk, "qa-1").to_string(), customer_id(&desk, "qa-2").to_string());
    let review = format!("{PAGE}/review?bought=sandbox&ids=qa&before=&customer={one}&customer={two}&scope=ticked");
    let page = desk.get(&ADA, &review).await.body;
    for text in ["Type the number of customers, 2, to delete them", "2 events", "2 purchases of the sandbox"] {
        assert!(page.contains(text), "{text}");
    }
    let ticked = format!("{one}.{two}");
    let mut fields =
        vec![("bought", "sandbox"), ("ids", "qa"), ("before", ""), ("scope", "ticked"), ("customer", ticked.as_str())];
    for typed in ["", "3", "two"] {
        let refused = desk.post_form(&ADA, PAGE, &[&fields[..], &[("count", typed)]].concat()).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            refused.body.contains("It is 2 now.")
                && refused.body.contains(&format!("name=\"count\" value=\"{typed}\""))
        );
        assert!(refused.body.contains(&format!("name=\"customer\" value=\"{ticked}\"")), "the choice is kept");
    }
    fields.extend([("count", "2"), ("once", "only")]);
    let started = desk.post_form(&ADA, PAGE, &fields).await;
    assert_eq!(started.status, StatusCode::SEE_OTHER);
    let again = desk.post_form(&ADA, PAGE, &fields).await;
    assert_eq!(again.header("location"), started.header("location"), "sent twice, done once");
    let done = until_done(&desk, started.header("location")).await;
    assert!(done.contains("2 of 2 customers deleted"), "{done}");
    assert_eq!(left(&desk), names(&["qa-3", "free"]));
    let actions: Vec<String> = verified_audit_entries(&desk).into_iter().map(|entry| entry.action).collect();
    assert_eq!(actions, ["test_accounts_chosen", "test_accounts_deleted"]);
    assert!(desk.get(&ADA, PAGE).await.body.contains("2 of 2 customers deleted"));
    let rest = [("bought", "sandbox"), ("ids", ""), ("before", ""), ("scope", "all"), ("count", "1")];
    let started = desk.post_form(&ADA, PAGE, &rest).await;
    until_done(&desk, started.header("location")).await;
    assert_eq!(left(&desk), names(&["free"]));
    let none = desk.post_form(&ADA, PAGE, &rest).await;
    assert!(none.status == StatusCode::UNPROCESSABLE_ENTITY && none.body.contains("None of them exists any more"));
}

#[actix_web::test]
async fn only_admins_may_and_only_with_a_fresh_log_in() {
    let desk = Desk::open().await;
    deliver(&desk, desk.project, &[tester("qa-1")]);
    let fields = [("bought", "sandbox"), ("scope", "all"), ("count", "1")];
    for person in TEAM.iter().filter(|person| person.email != ADA.email) {
        for path in [PAGE.to_owned(), format!("{PAGE}/review?bought=sandbox&scope=all"), format!("{PAGE}/jobs/1")] {
            assert_eq!(desk.get(person, &path).await.status, StatusCode::FORBIDDEN);
        }
        assert_eq!(desk.post_form(person, PAGE, &fields).await.status, StatusCode::FORBIDDEN);
    }
    for missing in ["1", "x", "99999999999999999999"] {
        assert_eq!(desk.get(&ADA, &format!("{PAGE}/jobs/{missing}")).await.status, StatusCode::NOT_FOUND);
    }
    for nonsense in [
        "",
        "?scope=all",
        "?bought=sandbox&scope=some",
        "?bought=either&scope=all",
        "?bought=sandbox&scope=ticked&customer=x",
    ] {
        assert_eq!(
            desk.get(&ADA, &format!("{PAGE}/review{nonsense}")).await.status,
            StatusCode::BAD_REQUEST,
            "{nonsense}"
        );
    }
    for (query, why) in [
        ("bought=either&ids=&before=", "type a pattern of the ids or a day"),
        ("bought=sandbox&ids=*&before=", "at least one letter"),
        ("bought=nothing&ids=&before=soon", "Type a day"),
    ] {
        let refused = desk.get(&ADA, &format!("{PAGE}?{query}")).await;
        assert!(refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.body.contains(why), "{query}");
    }
    let cookie = desk.cookie(&ADA);
    desk.clock.advance(16 * 60);
    let refused = desk.post_with(&cookie, PAGE, &fields).await;
    assert!(refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.body.contains("Type your password"));
    assert_eq!(left(&desk), names(&["qa-1"]));
    let proven = [fields[0], fields[1], fields[2], ("password", PASSWORD)];
    let started = desk.post_with(&cookie, PAGE, &proven).await;
    until_done(&desk, started.header("location")).await;
    assert!(left(&desk).is_empty());
}

/// Both are due when the server starts.
#[actix_web::test]
async fn deleting_many_test_accounts_holds_up_no_renewal() {
    let (desk, key) = desk_with_test_store().await;
    buy(&desk, &key, "sandy", "month", 1).await;
    let many: Vec<String> = (0..300).map(|number| tester(&format!("qa-{number}"))).collect();
    deliver_together(&desk, desk.project, &many);
    let wanted = Wanted::parse("sandbox", "qa-*", "").expect("a filter");
    let chosen = desk.db.read_here(|conn| Ok::<_, Error>(queries::all(conn, desk.project, &wanted)?)).expect("all");
    let job = start(&desk, &wanted, &chosen.iter().map(|one| one.id).collect::<Vec<_>>());
    desk.clock.advance(5 * 60);
    let worker = Worker::start(&desk.application.work()).expect("threads");
    while only_purchase(&desk, "sandy").renewal_number != Some(2) {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let meanwhile = reload(&desk, &job);
    assert!(meanwhile.finished_at.is_none(), "{} of {} were deleted before the renewal", meanwhile.done(), job.chosen);
    worker.stop();
    assert!(reload(&desk, &job).finished_at.is_none(), "a stop does not wait for the whole deletion");
}

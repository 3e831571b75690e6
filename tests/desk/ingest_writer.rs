//! Deliveries that are stored together: how many statements they cost, and for whom they wait. Several processes share a
//! project.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use dossier::base::error::Error;
use dossier::customers::{identity, locks};
use dossier::db::Db;
use dossier::ingest::{Answer, Outcome};
use serde_json::json;

use crate::support::Desk;
use crate::support::events::{deliver, deliver_together, event_on_day, replace_fields, with_ids};

/// An event of one of many customers, each with two ids, attributes and a purchase of their own.
fn event_of(number: usize, day: i64, kind: &str) -> String {
    let (id, anonymous) = (format!("user-{number}"), format!("$RCAnonymousID:{number:032}"));
    let mut fields = with_ids(&id, &[&id, &anonymous]);
    let more = json!({
        "id": format!("{kind}-{day}-{number}"), "transaction_id": format!("{number}-{day}"), "price": 9.99,
        "original_transaction_id": format!("{number}-0"),
        "subscriber_attributes": {
            "$email": { "value": format!("{id}@okafor.example"), "updated_at_ms": day * 1_000 },
            "goal": { "value": format!("{day}"), "updated_at_ms": day * 1_000 },
        },
    });
    replace_fields(&mut fields, &more);
    event_on_day(day, kind, fields)
}

/// How many statements it takes to store events of so many customers together.
fn statements_for(desk: &Desk, customers: usize, day: i64, kind: &str) -> u64 {
    let project = desk.project_of_its_own();
    let of = |day: i64, kind: &str| (0..customers).map(|number| event_of(number, day, kind)).collect::<Vec<_>>();
    (0..day).for_each(|before| drop(deliver_together(desk, project, &of(before, "INITIAL_PURCHASE"))));
    let before = desk.db.statements();
    deliver_together(desk, project, &of(day, kind));
    desk.db.statements() - before
}

#[actix_web::test]
async fn a_batch_costs_as_many_statements_whether_it_has_one_event_or_two_hundred() {
    let desk = Desk::open().await;
    for (day, kind) in [(0, "INITIAL_PURCHASE"), (1, "RENEWAL"), (1, "VIRTUAL_CURRENCY_TRANSACTION")] {
        let counts = [1, 20, 200].map(|customers| statements_for(&desk, customers, day, kind));
        assert!(counts[0] == counts[1] && counts[1] == counts[2] && counts[0] <= 32, "{kind} of day {day}: {counts:?}");
    }
}

#[actix_web::test]
async fn events_of_two_hundred_customers_that_come_late_cost_no_more_statements_than_one() {
    let desk = Desk::open().await;
    let late = |customers: usize| {
        let project = desk.project_of_its_own();
        let of = |day: i64, kind: &str| (0..customers).map(|number| event_of(number, day, kind)).collect::<Vec<_>>();
        deliver_together(&desk, project, &of(0, "INITIAL_PURCHASE"));
        deliver_together(&desk, project, &of(2, "RENEWAL"));
        let before = desk.db.statements();
        deliver_together(&desk, project, &of(1, "CANCELLATION"));
        desk.db.statements() - before
    };
    let counts = [late(1), late(20), late(200)];
    assert!(counts[0] == counts[1] && counts[1] == counts[2], "{counts:?}");
}

/// Only PostgreSQL has several writers; SQLite's one writer holds up everybody by its nature.
#[actix_web::test]
async fn a_transaction_of_another_process_on_one_customer_delays_no_event_of_others() {
    let desk = Desk::open().await;
    if desk.db.is_sqlite() {
        return;
    }
    let project = desk.project;
    deliver(&desk, project, &[event_of(1, 0, "INITIAL_PURCHASE"), event_of(2, 0, "INITIAL_PURCHASE")]);
    let other = Db::open(&desk.application.config.database_url, 4).expect("a second process");
    let (holds, is_held) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let holder = std::thread::spawn(move || {
        other.write_here(|conn| {
            let customer = identity::find(conn, project, "user-1")?.ok_or(Error::NotFound)?;
            locks::lock(conn, [customer])?;
            // An id that nobody has yet is given to a customer as well.
            let new = identity::Seen { ids: vec![id("user-3")], at: dossier::base::clock::Moment(1) };
            identity::lock_ids(conn, project, &[new])?;
            holds.send(()).expect("somebody waits");
            released.recv().expect("the test goes on");
            Ok::<_, Error>(())
        })
    });
    is_held.recv().expect("the customer is held");
    let began = Instant::now();
    let intake = desk.application.intake.clone();
    let take = |body: String| {
        let intake = intake.clone();
        async move { intake.take(project, body.into_bytes()).await }
    };
    // They come in one batch: two wait, the others do not.
    let held = futures_util::future::join(take(event_of(1, 1, "RENEWAL")), take(event_of(3, 0, "INITIAL_PURCHASE")));
    let free = futures_util::future::join(take(event_of(2, 1, "RENEWAL")), take(event_of(4, 0, "INITIAL_PURCHASE")));
    let held = actix_web::rt::spawn(held);
    let stored = Answer::Taken(Outcome::Stored);
    let (known, new) = free.await;
    assert_eq!((known.expect("stored"), new.expect("stored")), (stored.clone(), stored.clone()));
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert!(!held.is_finished());
    release.send(()).expect("the holder waits");
    holder.join().expect("no panic").expect("it commits");
    let (known, new) = held.await.expect("no panic");
    assert_eq!((known.expect("stored"), new.expect("stored")), (stored.clone(), stored));
}

fn id(text: &str) -> dossier::base::AppUserId {
    dossier::base::AppUserId::parse(text).expect("an id")
}

//! Deliveries that are stored together: how many statements they cost, and for whom they wait. Several processes share a
//! project.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use dossier::base::clock::Moment;
use dossier::base::error::Error;
use dossier::base::ids::ProjectId;
use dossier::customers::{Seen, identity, locks};
use dossier::db::Conn;
use dossier::db::schema::history;
use dossier::ingest::{Answer, Outcome};
use dossier::server::app::Application;
use serde_json::json;

use crate::support::cast::ADA;
use crate::support::events::{deliver, deliver_together, event_on_day, replace_fields, with_ids};
use crate::support::{DAY, Desk};

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
    let other = crate::support::database::open(&desk.application.config.database_url, 4);
    let (holds, is_held) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let holder = std::thread::spawn(move || {
        other.write_here(|conn| {
            let customer = identity::find(conn, project, "user-1")?.ok_or(Error::NotFound)?;
            locks::lock(conn, [customer])?;
            // An id that nobody has yet is given to a customer as well.
            let new = Seen { ids: vec![id("user-3")], at: Moment(1) };
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

/// Deliveries of a customer whom another transaction has locked wait, and are stored in the order in which they came.
#[actix_web::test]
async fn deliveries_of_a_customer_keep_their_order_while_they_wait() {
    let desk = Desk::open().await;
    let project = desk.project;
    deliver(&desk, project, &[event_of(1, 0, "INITIAL_PURCHASE")]);
    let (release, released) = mpsc::channel::<()>();
    let (holds, is_held) = mpsc::channel();
    let other = crate::support::database::open(&desk.application.config.database_url, 4);
    let holder = std::thread::spawn(move || {
        other.write_here(|conn| {
            identity::find(conn, project, "user-1")?.ok_or(Error::NotFound)?;
            holds.send(()).expect("somebody waits");
            released.recv().expect("the test goes on");
            Ok::<_, Error>(())
        })
    });
    is_held.recv().expect("the customer is held");
    let mut waiting = Vec::new();
    for day in [3, 1, 2, 5, 4] {
        // Each comes when the writer has tried the ones before, so that they are in several batches.
        for body in [event_of(1, day, "RENEWAL"), event_of(2, day, "RENEWAL")] {
            let intake = desk.application.intake.clone();
            waiting.push(actix_web::rt::spawn(async move { intake.take(project, body.into_bytes()).await }));
        }
        actix_web::rt::time::sleep(Duration::from_millis(30)).await;
    }
    release.send(()).expect("the holder waits");
    holder.join().expect("no panic").expect("it commits");
    for answer in waiting {
        assert_eq!(answer.await.expect("no panic").expect("stored"), Answer::Taken(Outcome::Stored));
    }
    let days = desk.read(|conn| {
        let customer = identity::find(conn, project, "user-1")?.expect("a customer");
        let own = history::table.filter(history::customer_id.eq(customer)).order(history::event_id);
        own.select(history::event_at).load::<i64>(conn)
    });
    let first = days[0];
    let days: Vec<i64> = days.iter().map(|at| (at - first) / DAY).collect();
    assert_eq!(days, [0, 3, 1, 2, 5, 4]);
}

/// Each commit takes 40 ms longer: what then limits a process is that it commits one batch after the other.
#[actix_web::test]
async fn two_processes_take_in_more_than_one_and_wait_for_no_lock() {
    const SLOW: &str = "
        CREATE FUNCTION slow_down() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF current_setting('desk.slow', true) IS DISTINCT FROM txid_current()::text THEN
                PERFORM set_config('desk.slow', txid_current()::text, false), pg_sleep(0.04);
            END IF;
            RETURN NULL;
        END $$;
        CREATE CONSTRAINT TRIGGER slow_down AFTER INSERT ON events DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION slow_down()";
    let desk = Desk::open().await;
    let Some(other) = desk.other_process() else { return };
    desk.db.batch(SLOW).expect("commits are slow now");
    let (done, is_done) = mpsc::channel::<()>();
    let watch = desk.db.clone();
    let waits = std::thread::spawn(move || {
        let mut seen = 0;
        while is_done.recv_timeout(Duration::from_millis(5)) == Err(mpsc::RecvTimeoutError::Timeout) {
            seen += watch.read_here(|conn| Ok::<_, Error>(lock_waits(conn)?)).expect("a count");
        }
        seen
    });
    let project = desk.project;
    let mut grown = Vec::new();
    // Other tests may take the processors away, so it may take several attempts.
    while grown.iter().all(|grown| *grown < 1.6) && grown.len() < 4 {
        let first = 1_000 * (1 + grown.len());
        let one = stored_by(&[&desk.application], project, first).await;
        let two = stored_by(&[&desk.application, &other.0], project, first + 500).await;
        grown.push(two / one);
    }
    done.send(()).expect("the watch goes on");
    assert!(grown.last().is_some_and(|grown| *grown >= 1.6), "two processes to one: {grown:?}");
    assert_eq!(waits.join().expect("no panic"), 0, "transactions waited for locks");
}

/// How many deliveries a second these processes store, each from one sender. Every delivery is of a customer of its own, with
/// numbers after `first`.
async fn stored_by(processes: &[&Application], project: ProjectId, first: usize) -> f64 {
    const EACH: usize = 25;
    let began = Instant::now();
    let senders = processes.iter().enumerate().map(|(place, process)| async move {
        for number in 0..EACH {
            let body = event_of(first + place * EACH + number, 0, "INITIAL_PURCHASE");
            process.intake.take(project, body.into_bytes()).await.expect("stored");
        }
    });
    futures_util::future::join_all(senders).await;
    (processes.len() * EACH) as f64 / began.elapsed().as_secs_f64()
}

/// How many transactions wait now for what another one has locked until it ends.
fn lock_waits(conn: &mut Conn) -> QueryResult<i64> {
    #[derive(QueryableByName)]
    struct Waits {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        waits: i64,
    }
    let waiting = "SELECT count(*) AS waits FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'
        AND wait_event IN ('transactionid', 'tuple', 'advisory')";
    Ok(diesel::sql_query(waiting).get_result::<Waits>(conn)?.waits)
}

/// PostgreSQL has room for a few thousand locks in all.
#[actix_web::test]
async fn any_number_of_unknown_ids_takes_few_locks() {
    let desk = Desk::open().await;
    if desk.db.is_sqlite() {
        return;
    }
    let seen =
        |from: usize, to: usize| Seen { ids: (from..to).map(|n| id(&format!("user-{n}"))).collect(), at: Moment(1) };
    let busy_beside = |held: Seen, asked: Seen| {
        let held = desk.db.write_here(|conn| {
            identity::lock_ids(conn, desk.project, &[held])?;
            let beside = desk.db.write_without_waiting(|conn| {
                let locked = identity::lock_ids(conn, desk.project, std::slice::from_ref(&asked))?;
                Ok::<_, Error>(locked.busy_among(&[asked]))
            });
            Ok::<_, Error>((beside?, advisory_locks(conn)?))
        });
        held.expect("locked")
    };
    let (busy, locks) = busy_beside(seen(0, 5_000), seen(7, 8));
    assert!(busy == [true] && locks <= 300, "{busy:?} {locks}");
    assert_eq!(busy_beside(seen(7, 8), seen(0, 5_000)).0, [true]);
    assert_eq!(busy_beside(seen(7, 8), seen(8, 9)).0, [false]);
    assert_eq!(busy_beside(seen(7, 8), seen(7, 9)).0, [true]);
}

/// How many advisory locks all transactions of the database hold.
fn advisory_locks(conn: &mut Conn) -> QueryResult<i64> {
    #[derive(QueryableByName)]
    struct Locks {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        locks: i64,
    }
    let held = "SELECT count(*) AS locks FROM pg_locks
        WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    Ok(diesel::sql_query(held).get_result::<Locks>(conn)?.locks)
}

/// A batch does not lock what its rows refer to; PostgreSQL does.
#[actix_web::test]
async fn a_row_that_others_hold_and_a_batch_refers_to_refuses_nobody() {
    let desk = Desk::open().await;
    if desk.db.is_sqlite() {
        return;
    }
    let url = ("url", "https://hooks.okafor.example/");
    let fields =
        [("name", "Sundial server"), url, ("environment", "all"), ("authorization", ""), ("sends_received", "1")];
    let added = desk.post_form(&ADA, "/projects/sundial/settings/endpoints", &fields).await;
    assert_eq!(added.status, 200, "{}", added.body);
    let (holds, is_held) = mpsc::channel();
    let other = crate::support::database::open(&desk.application.config.database_url, 4);
    let holder = std::thread::spawn(move || {
        other.write_here(|conn| {
            diesel::sql_query("SELECT id FROM webhook_endpoints FOR UPDATE").execute(conn)?;
            holds.send(()).expect("somebody waits");
            std::thread::sleep(Duration::from_millis(400));
            Ok::<_, Error>(())
        })
    });
    is_held.recv().expect("the endpoint is held");
    let take = |number: usize| desk.application.intake.take(desk.project, event_of(number, 0, "RENEWAL").into_bytes());
    let answers = futures_util::future::join_all((0..5).map(take)).await;
    holder.join().expect("no panic").expect("it commits");
    assert!(
        answers.iter().all(|answer| answer.as_ref().is_ok_and(|one| *one == Answer::Taken(Outcome::Stored))),
        "{answers:?}"
    );
}

fn id(text: &str) -> dossier::base::AppUserId {
    dossier::base::AppUserId::parse(text).expect("an id")
}

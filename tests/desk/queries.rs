//! Every query of searches and lists reads a range of an index: the databases' own plans say so.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use diesel::connection::InstrumentationEvent;
use diesel::prelude::*;
use diesel::sql_types::Text;
use dossier::api::v2::queries as bulk;
use dossier::audit::{Action, ActorKind};
use dossier::base::clock::Moment;
use dossier::base::error::Error;
use dossier::base::ids::{CustomerId, PersonId, ProjectId, RowId};
use dossier::customers::stored_purchases;
use dossier::customers::{Cursor, facts, overrides, stars};
use dossier::db::{AnyConnection, Conn, Db};
use dossier::events::Environment;
use dossier::operations::comparison;
use dossier::operations::grants::{End, queries as grants};
use dossier::operations::test_store;
use dossier::pages::directory::lists::{List, Position, Reader, queries as lists};
use dossier::pages::directory::overview;
use dossier::pages::directory::search::{Query, queries as search};
use dossier::pages::profile::history;
use dossier::pages::settings::audit::{Chosen, Who, queries as log};
use dossier::pages::settings::catalog::touched;

use crate::support::database::Template;
use crate::support::{Desk, NOW};

const READER: Reader = Reader { project: ProjectId(11), person: PersonId(2) };

/// Enough rows that reading all of them costs more than an index, in two projects.
static FULL: Template = Template::new("dossier_desk_full", fill);

fn fill(db: &Db) {
    let bytes = |text: &str| match db.is_sqlite() {
        true => format!("CAST({text} AS BLOB)"),
        false => format!("convert_to({text}, 'UTF8')"),
    };
    let numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000)";
    let id = "'user-' || i";
    let sql = format!(
        "INSERT INTO customers (id, project_id, original_app_user_id, best_app_user_id, spent_micros, prices_missing, payments, refunds,
            family_shared_only, ids_count, events_count, active_at, is_subscriber, made_one_time, made_sandbox,
            subscribed_until, granted_until)
        {numbers} SELECT i, 11 + i % 2, '$RCAnonymousID:' || i, {id}, 0, 0, 0, 0, 1 = 0, 2, 1, i * 1000, i % 3 = 0, i % 5 = 0, i % 7 = 0,
            CASE WHEN i % 6 = 0 THEN {now} + i WHEN i % 3 = 0 THEN {now} - i ELSE {never} END, {never} FROM n;
        INSERT INTO app_user_ids (project_id, key, app_user_id, customer_id, since, is_since_exact)
        {numbers} SELECT 11 + i % 2, {key}, {id}, i, i, 1 = 0 FROM n;
        INSERT INTO search_terms (project_id, term, kind, customer_id, value)
        {numbers} SELECT 11 + i % 2, {key}, 0, i, {id} FROM n;
        INSERT INTO search_terms (project_id, term, kind, customer_id, value)
        {numbers} SELECT 11 + i % 2, {mail}, 3, i, 'a@b.example' FROM n WHERE i % 500 = 0;
        INSERT INTO grant_ends (customer_id, purchase_key, ends_at)
        {numbers} SELECT i, 'PROMOTIONAL:' || i, {now} + i * 1000 FROM n;
        INSERT INTO test_sales (customer_id, token, renews_at, period, renewals)
        {numbers} SELECT i, 'test_1_' || i, {now} + i * 1000, 300000, 0 FROM n;
        INSERT INTO offering_overrides (customer_id, project_id, offering, set_by, set_at, until, is_end_recorded)
        {numbers} SELECT i, 11 + i % 2, 'winback', 'Sol Mbeki', {now} - i,
            CASE WHEN i % 3 > 0 THEN {now} + i * 1000 END, i % 5 = 0 FROM n;
        INSERT INTO test_customers (customer_id, person_id, at)
        {numbers} SELECT i, 1 + i % 4, i FROM n WHERE i % 70 = 0;
        ",
        now = NOW.millis(),
        never = "-9223372036854775807 - 1",
        key = bytes(id),
        mail = bytes("'a@b.example'"),
    );
    db.batch(&sql).expect("rows");
    // SQLite has no statistics unless somebody asks for them, so its plans must be right without.
    if !db.is_sqlite() {
        analyze(db);
    }
}

/// Updates the statistics that the planner of the database uses.
fn analyze(db: &Db) {
    db.batch(
        "ANALYZE customers; ANALYZE app_user_ids; ANALYZE search_terms; ANALYZE grant_ends; ANALYZE test_sales;
            ANALYZE offering_overrides; ANALYZE test_customers;",
    )
    .expect("counted");
}

/// The SQL statements that `work` runs, with their values filled in.
fn asked(conn: &mut Conn, work: impl FnOnce(&mut Conn) -> QueryResult<()>) -> Vec<String> {
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let notes = seen.clone();
    conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            notes.lock().expect("nobody panicked").push(query.to_string());
        }
    });
    work(conn).expect("it is answered");
    conn.set_instrumentation(|_: InstrumentationEvent<'_>| {});
    let is_sqlite = matches!(conn.any(), AnyConnection::Sqlite(_));
    let seen = seen.lock().expect("nobody panicked");
    seen.iter().map(|query| with_values(query, is_sqlite)).collect()
}

/// `SELECT … -- binds: [1, [108, 101]]` with the values in their places.
fn with_values(query: &str, is_sqlite: bool) -> String {
    let (sql, binds) = query.split_once(" -- binds: ").expect("a query with values");
    let (is_of_rows, binds) = (binds.contains("Some("), binds.replace("Some(", "").replace(')', ""));
    let binds: Vec<serde_json::Value> = serde_json::from_str(&binds).unwrap_or_else(|error| panic!("{error}: {binds}"));
    if is_of_rows {
        // Statements about many rows have one array for each column.
        let arrays = (1..).zip(binds.iter().map(list)).collect::<Vec<_>>();
        return arrays
            .iter()
            .rev()
            .fold(sql.to_owned(), |sql, (number, list)| sql.replace(&format!("${number}"), list));
    }
    let literals: Vec<String> = binds.iter().map(|value| literal(value, is_sqlite)).collect();
    let lists: Vec<String> = binds.iter().map(list).collect();
    // SQL written by hand numbers its values on both databases.
    if is_sqlite && !sql.contains("$1") {
        let mut parts = sql.split('?');
        let first = parts.next().unwrap_or_default().to_owned();
        return parts.zip(literals).fold(first, |sql, (part, value)| sql + &value + part);
    }
    let numbered = (1..).zip(literals.iter().zip(&lists)).collect::<Vec<_>>();
    numbered.iter().rev().fold(sql.to_owned(), |sql, (number, (value, list))| {
        sql.replace(&format!("ANY(${number})"), &format!("ANY({list})")).replace(&format!("${number}"), value)
    })
}

/// The value of `eq_any` on PostgreSQL: an array of byte strings, numbers or texts.
fn list(value: &serde_json::Value) -> String {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    let kind = match items.first() {
        Some(serde_json::Value::Array(_)) => "bytea",
        Some(serde_json::Value::String(_)) => "text",
        _ => "bigint",
    };
    let items: Vec<String> = items.iter().map(|item| literal(item, false)).collect();
    format!("ARRAY[{}]::{kind}[]", items.join(", "))
}

fn literal(value: &serde_json::Value, is_sqlite: bool) -> String {
    match value {
        serde_json::Value::Array(bytes) => {
            let hex: String = bytes.iter().filter_map(|byte| byte.as_u64()).map(|byte| format!("{byte:02x}")).collect();
            if is_sqlite { format!("x'{hex}'") } else { format!("'\\x{hex}'::bytea") }
        }
        serde_json::Value::String(text) => format!("'{}'", text.replace('\'', "''")),
        other => other.to_string(),
    }
}

#[derive(QueryableByName)]
struct SqliteStep {
    #[diesel(sql_type = Text)]
    detail: String,
}

#[derive(QueryableByName)]
struct PostgresStep {
    #[diesel(sql_type = Text)]
    #[diesel(column_name = "QUERY PLAN")]
    step: String,
}

fn plan(conn: &mut Conn, sql: &str) -> Vec<String> {
    match conn.any() {
        AnyConnection::Sqlite(conn) => {
            let steps = diesel::sql_query(format!("EXPLAIN QUERY PLAN {sql}")).load::<SqliteStep>(conn);
            steps.unwrap_or_else(|error| panic!("{error}: {sql}")).into_iter().map(|step| step.detail).collect()
        }
        AnyConnection::Postgres(conn) => {
            let steps = diesel::sql_query(format!("EXPLAIN {sql}")).load::<PostgresStep>(conn);
            steps.unwrap_or_else(|error| panic!("{error}: {sql}")).into_iter().map(|step| step.step).collect()
        }
    }
}

/// A table so small that no database uses its index.
const TINY: &str = "products";

fn reads_ranges(conn: &mut Conn, what: &str, work: impl FnOnce(&mut Conn) -> QueryResult<()>) {
    let statements = asked(conn, work);
    assert!(!statements.is_empty(), "{what}");
    for sql in statements {
        if sql.contains(&format!("FROM \"{TINY}\"")) || sql.contains(&format!("FROM `{TINY}`")) {
            continue;
        }
        let mut plan = plan(conn, &sql);
        // The table of people is small as well, and the rows that a query gives itself are not in a table.
        let is_small = |step: &String| {
            step.contains("Seq Scan on people") || step.starts_with("SCAN given") || step.contains("SCAN json_each")
        };
        plan.retain(|step| !is_small(step));
        let plan = plan.join("\n");
        let reads_all = ["SCAN ", "Seq Scan"].iter().any(|word| plan.contains(word));
        let has_index = ["USING INDEX", "USING COVERING INDEX", "PRIMARY KEY", "Index Scan", "Index Only Scan"];
        let has_index = has_index.iter().any(|word| plan.contains(word));
        // A query may walk a whole project only when a limit ends it.
        let reads_a_project = plan.contains("(project_id=?)") && !sql.to_uppercase().contains("LIMIT");
        assert!(has_index && !reads_all && !reads_a_project && !sorts_much(&plan), "{what}\n{sql}\n{plan}");
    }
}

/// PostgreSQL may sort the few rows of a narrow range. Rows under a limit must come in the order of an index.
fn sorts_much(plan: &str) -> bool {
    let estimates = plan.split("rows=").skip(1).filter_map(|rest| rest.split(' ').next()?.parse::<u64>().ok());
    plan.contains("TEMP B-TREE") || (plan.contains("Sort") && estimates.max() > Some(200))
}

#[actix_web::test]
async fn searches_read_ranges_of_indexes() {
    let desk = Desk::open_from(&FULL).await;
    check_searches(&desk);
    analyze(&desk.db);
    check_searches(&desk);
}

fn check_searches(desk: &Desk) {
    let checked = desk.db.read_here(|conn| {
        for text in [
            "user-4002",
            "USER-4",
            "u",
            "Chloé Lefèvre",
            "a@b.example",
            "nobody",
            "+49 151 234567",
            "GPA.1234-5678-9012-34567..3",
            "User ID: user-17\nmail a@b.example, order GPA.1234-5678-9012-34567 and more words",
        ] {
            let query = Query::parse(text).expect("short").expect("something");
            reads_ranges(conn, text, |conn| search::find(conn, desk.project, &query, 80).map(drop));
            reads_ranges(conn, text, |conn| {
                search::guess(conn, desk.project, &query, 80, &[CustomerId(4002), CustomerId(100)]).map(drop)
            });
        }
        let some: Vec<CustomerId> = (1..=50).map(|number| CustomerId(number * 100)).collect();
        reads_ranges(conn, "rows", |conn| {
            let rows = overview::rows_of(conn, &some)?;
            overview::complete(conn, ProjectId(11), NOW, rows).map(drop)
        });
        reads_ranges(conn, "best id", |conn| {
            assert_eq!(overview::best_id(conn, ProjectId(11), CustomerId(100))?.as_deref(), Some("user-100"));
            Ok(())
        });
        Ok::<_, Error>(())
    });
    checked.expect("every plan reads ranges");
}

#[actix_web::test]
async fn lists_read_ranges_of_indexes() {
    let desk = Desk::open_from(&FULL).await;
    check_lists(&desk);
    analyze(&desk.db);
    check_lists(&desk);
}

fn check_lists(desk: &Desk) {
    let middle = Cursor { active_at: Moment(15_000_000), id: RowId(15_000) };
    let checked = desk.db.read_here(|conn| {
        for list in List::ALL {
            for place in [Position::Top, Position::After(middle), Position::Before(middle)] {
                let what = format!("{list:?} {place:?}");
                reads_ranges(conn, &what, |conn| lists::rows(conn, READER, list, place, NOW, 51).map(drop));
            }
        }
        reads_ranges(conn, "any", |conn| lists::has_any(conn, ProjectId(11)).map(drop));
        Ok::<_, Error>(())
    });
    checked.expect("every plan reads ranges");
}

#[actix_web::test]
async fn customers_in_bulk_are_read_from_ranges() {
    let desk = Desk::open_from(&FULL).await;
    let checked = desk.db.read_here(|conn| {
        reads_ranges(conn, "customers in bulk", |conn| {
            bulk::following(conn, ProjectId(11), CustomerId(15_000), 21).map(drop)
        });
        reads_ranges(conn, "customers of an address", |conn| {
            bulk::with_email(conn, ProjectId(11), "a@b.example", CustomerId(15_000), 21).map(drop)
        });
        reads_ranges(conn, "metrics", |conn| {
            bulk::count_subscribers(conn, ProjectId(11), NOW)?;
            bulk::count_active(conn, ProjectId(11), Moment(29_000_000)).map(drop)
        });
        reads_ranges(conn, "purchases by what a store calls them", |conn| {
            stored_purchases::named_by_store(conn, ProjectId(11), "GPA.1234-5678-9012-34567").map(drop)
        });
        Ok::<_, Error>(())
    });
    checked.expect("they are read");
}

#[actix_web::test]
async fn ended_grants_are_read_from_a_range() {
    let desk = Desk::open_from(&FULL).await;
    let middle = End {
        at: NOW.plus_seconds(100),
        customer: CustomerId(100),
        key: "PROMOTIONAL:100".into(),
        project: ProjectId(11),
    };
    for _ in 0..2 {
        let checked = desk.db.read_here(|conn| {
            for (now, after) in
                [(NOW, &End::first()), (NOW.plus_seconds(200), &End::first()), (NOW.plus_seconds(200), &middle)]
            {
                reads_ranges(conn, "ends", |conn| grants::ended(conn, now, after, 50).map(drop));
            }
            Ok::<_, Error>(grants::ended(conn, NOW.plus_seconds(200), &middle, 500)?)
        });
        assert_eq!(checked.expect("every plan reads ranges").len(), 100);
        analyze(&desk.db);
    }
}

#[actix_web::test]
async fn pending_renewals_of_the_test_store_are_read_from_a_range() {
    let desk = Desk::open_from(&FULL).await;
    let (now, first) = (NOW.plus_seconds(200), test_store::PendingRenewal::first());
    let middle = test_store::PendingRenewal {
        at: NOW.plus_seconds(100),
        customer: CustomerId(100),
        token: "test_1_100".into(),
        ..first.clone()
    };
    for _ in 0..2 {
        let checked = desk.db.read_here(|conn| {
            for (now, after) in [(NOW, &first), (now, &first), (now, &middle)] {
                reads_ranges(conn, "sales", |conn| test_store::queries::ended(conn, now, after, 50).map(drop));
            }
            reads_ranges(conn, "a token", |conn| {
                test_store::queries::holder(conn, ProjectId(11), "test_1_7").map(drop)
            });
            Ok::<_, Error>(test_store::queries::ended(conn, now, &middle, 500)?)
        });
        assert_eq!(checked.expect("every plan reads ranges").len(), 100);
        analyze(&desk.db);
    }
}

/// Enough entries of the log, by ten people, about a hundred customers.
fn fill_log(desk: &Desk) {
    let numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000)";
    let sql = format!(
        "INSERT INTO audit_entries (project_id, position, id, at, actor_kind, actor_id, role, action, subject, request,
            details_hash, previous_hash, hash)
        {numbers} SELECT 11 + i % 2, i, i, i * 1000, CASE WHEN i % 500 = 0 THEN 'system' ELSE 'person' END,
            CASE WHEN i % 500 = 0 THEN NULL ELSE i % 10 END, '', CASE WHEN i % 40 = 0 THEN 'note_deleted' ELSE 'note_created' END,
            '', '', '', '', '' FROM n;
        INSERT INTO audit_details (project_id, position, customer_id, salt, body)
        {numbers} SELECT 11 + i % 2, i, CASE WHEN i % 300 = 0 THEN i / 300 ELSE NULL END, '', '' FROM n;"
    );
    desk.db.batch(&sql).expect("entries");
    if !desk.db.is_sqlite() {
        desk.db.batch("ANALYZE audit_entries; ANALYZE audit_details;").expect("counted");
    }
}

#[actix_web::test]
async fn the_audit_log_is_read_in_ranges_for_every_filter() {
    let desk = Desk::open_from(&FULL).await;
    fill_log(&desk);
    let (person, system) = (Some(Who::Person(PersonId(4))), Some(Who::Other(ActorKind::System)));
    let (since, until) = (Some(Moment(10_000_000)), Some(Moment(20_000_000)));
    let deleted = Some(Action::NoteDeleted);
    let all = [
        Chosen::default(),
        Chosen { who: person, ..Chosen::default() },
        Chosen { who: system, ..Chosen::default() },
        Chosen { action: deleted, ..Chosen::default() },
        Chosen { customer: Some(CustomerId(42)), ..Chosen::default() },
        Chosen { since, until, ..Chosen::default() },
        Chosen { who: person, since, until, action: deleted, ..Chosen::default() },
        Chosen { who: person, customer: Some(CustomerId(42)), ..Chosen::default() },
    ];
    let middle = Cursor { active_at: Moment(15_000_000), id: RowId(15_000) };
    let checked = desk.db.read_here(|conn| {
        for chosen in &all {
            for place in [Position::Top, Position::After(middle), Position::Before(middle)] {
                let what = format!("{chosen:?} {place:?}");
                reads_ranges(conn, &what, |conn| log::lines(conn, ProjectId(12), chosen, place, 51).map(drop));
            }
        }
        for place in ["", "&before=1.1.0.9000", "&after=1.1.0.9000"] {
            let query = history::Query::parse(&format!("topic=team{place}")).expect("a query");
            reads_ranges(conn, place, |conn| history::team::page(conn, CustomerId(42), None, &query).map(drop));
        }
        reads_ranges(conn, "the newest", |conn| dossier::audit::queries::head(conn, ProjectId(12)).map(drop));
        Ok::<_, Error>(())
    });
    checked.expect("every plan reads ranges");
}

/// A hundred events for each of three hundred customers, a few of them at the same time.
fn fill_histories(desk: &Desk) {
    let numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000)";
    let (key, body) = match desk.db.is_sqlite() {
        true => ("CAST(i AS BLOB)", "zeroblob(400)"),
        false => ("int8send(i)", "decode(repeat('00', 400), 'hex')"),
    };
    let sql = format!(
        "INSERT INTO events (project_id, id, received_at, event_key, digest, body)
        {numbers} SELECT 11 + i % 300 % 2, i, i, {key}, {key}, {body} FROM n;
        INSERT INTO history (customer_id, timeline_at, event_at, event_id, tie, environment, topic, side, kind)
        {numbers} SELECT 1 + i % 300, i / 1000, i / 1000, i, i, 0, i % 5, 0, i % 19 FROM n;"
    );
    desk.db.batch(&sql).expect("events");
    if !desk.db.is_sqlite() {
        desk.db.batch("ANALYZE events; ANALYZE history;").expect("counted");
    }
}

#[actix_web::test]
async fn histories_are_read_from_ranges_in_both_orders() {
    let desk = Desk::open_from(&FULL).await;
    fill_histories(&desk);
    let of = history::queries::HistoryOf {
        project: ProjectId(11),
        customer: CustomerId(101),
        environment: Environment::Production,
        as_of: None,
    };
    let checked = desk.db.read_here(|conn| {
        for order in ["timeline", "event"] {
            for place in ["", "&topic=money", "&before=20.20.9.9000", "&after=2.2.9.900"] {
                let query = history::Query::parse(&format!("order={order}{place}")).expect("a query");
                reads_ranges(conn, &format!("{order}{place}"), |conn| {
                    history::queries::page(conn, of, &query).map(drop)
                });
            }
        }
        let customers = BTreeSet::from([CustomerId(101)]);
        reads_ranges(conn, "facts", |conn| facts::of_all(conn, of.project, &customers).map(drop));
        Ok::<_, Error>(())
    });
    checked.expect("every plan reads ranges");
}

#[actix_web::test]
async fn customers_of_a_product_are_counted_from_an_index() {
    let desk = Desk::open_from(&FULL).await;
    let numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120000)";
    let sql = format!(
        "INSERT INTO products (project_id, store, identifier, type) VALUES (11, 'APP_STORE', 'p1', 'x'), (12, 'ROKU', 'p2', 'x');
        INSERT INTO entitlements (project_id, identifier, display_name) VALUES (11, 'pro', 'Pro'), (12, 'pro', 'Pro');
        INSERT INTO entitlement_products (project_id, entitlement, product) VALUES (11, 'pro', 'p1'), (11, 'pro', 'p2');
        INSERT INTO purchases (customer_id, environment, key, store, product_id, kind, names_entitlements, starts_at, ends_at, body)
        {numbers} SELECT 1 + (i - 1) % 30000, 'production', 'k' || i, 'APP_STORE', 'p' || (i / 2 % 20), 'subscription', 1 = 0, 0,
            {now} + i - 118000, '' FROM n;",
        now = NOW.millis(),
    );
    desk.db.batch(&sql).expect("purchases");
    if !desk.db.is_sqlite() {
        desk.db
            .batch("ANALYZE purchases; ANALYZE products; ANALYZE entitlements; ANALYZE entitlement_products")
            .expect("counted");
    }
    let checked = desk.db.read_here(|conn| {
        let statements = asked(conn, |conn| {
            let touched = touched::by_products(conn, ProjectId(11))?;
            assert!(touched.values().next().is_some_and(|one| one.is_more && one.customers > 400), "{touched:?}");
            let touched = touched::by_entitlements(conn, ProjectId(11), NOW)?;
            assert!(touched.values().next().is_some_and(|one| !one.is_more && one.customers == 100), "{touched:?}");
            touched::by_product(conn, ProjectId(11), "p1", Some(NOW)).map(drop)
        });
        if let AnyConnection::Postgres(conn) = conn.any() {
            // With so few rows the planner finds a sequential scan as fast as the index.
            diesel::sql_query("SET LOCAL enable_seqscan = off").execute(conn)?;
        }
        for sql in statements {
            let plan = plan(conn, &sql).join("\n");
            assert!(plan.contains("purchases_of_product"), "{sql}\n{plan}");
            assert!(
                !["SCAN u", "SCAN purchases", "Seq Scan on purchases"].iter().any(|word| plan.contains(word)),
                "{plan}"
            );
        }
        Ok::<_, Error>(())
    });
    checked.expect("every plan reads ranges");
}

#[actix_web::test]
async fn overrides_are_read_from_ranges() {
    let desk = Desk::open_from(&FULL).await;
    let middle = |until: Option<i64>| {
        let (until, set_at) = (until.map(|seconds| NOW.plus_seconds(seconds)), Moment(NOW.millis() - 9_000));
        overrides::Cursor { until, set_at, customer: CustomerId(9_000) }
    };
    let late = overrides::End { at: NOW.plus_seconds(100), customer: CustomerId(100), project: ProjectId(11) };
    for _ in 0..2 {
        let checked = desk.db.read_here(|conn| {
            for after in [None, Some(middle(Some(9_000))), Some(middle(None))] {
                let what = format!("{after:?}");
                reads_ranges(conn, &what, |conn| {
                    overrides::queries::in_force(conn, ProjectId(11), NOW, after, 51).map(drop)
                });
            }
            for after in [overrides::End::FIRST, late] {
                let now = NOW.plus_seconds(200);
                reads_ranges(conn, "ended", |conn| overrides::queries::ended(conn, now, &after, 50).map(drop));
            }
            reads_ranges(conn, "marked", |conn| stars::is_marked(conn, CustomerId(7), PersonId(4)).map(drop));
            Ok::<_, Error>(overrides::queries::ended(conn, NOW.plus_seconds(200), &late, 500)?)
        });
        assert_eq!(
            checked.expect("every plan reads ranges").len(),
            54,
            "a hundred, without those recorded or without an end"
        );
        analyze(&desk.db);
    }
}

/// The numbers of the customers on all pages of a list, from one end to the other.
fn numbers(desk: &Desk, now: Moment, is_backwards: bool) -> Vec<i64> {
    let mut place = if is_backwards {
        Position::Before(Cursor { active_at: Moment::EARLIEST, id: RowId(0) })
    } else {
        Position::Top
    };
    let mut all = Vec::new();
    loop {
        let page = |conn: &mut Conn| Ok::<_, Error>(lists::rows(conn, READER, List::Active, place, now, 50)?);
        let rows = desk.db.read_here(page).expect("a page");
        let Some(last) = rows.last() else { return all };
        let last = Cursor { active_at: last.active_at, id: RowId(last.id.0) };
        place = if is_backwards { Position::Before(last) } else { Position::After(last) };
        all.extend(rows.iter().map(|row| row.id.0));
    }
}

#[actix_web::test]
async fn long_and_short_lists_are_paged_without_a_gap() {
    let desk = Desk::open_from(&FULL).await;
    // First all 5,000, then only those whose access ends last.
    for (now, first) in [(NOW, 6), (NOW.plus_seconds(29), 29_004)] {
        let mut wanted: Vec<i64> = (first..=30_000).step_by(6).collect();
        assert_eq!(numbers(&desk, now, true), wanted);
        wanted.reverse();
        assert_eq!(numbers(&desk, now, false), wanted);
    }
}

#[actix_web::test]
async fn comparisons_are_read_in_the_order_of_their_index() {
    let desk = Desk::open_from(&FULL).await;
    let numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000)";
    let now = NOW.millis();
    let compared = format!(
        "INSERT INTO comparisons (customer_id, asked_at, outcome, words)
        {numbers} SELECT i, {now} - i * 1000, CASE WHEN i % 10 = 0 THEN 'found' ELSE 'same' END, '' FROM n;"
    );
    desk.db.batch(&compared).expect("comparisons");
    let is_sqlite = desk.db.is_sqlite();
    for _ in 0..2 {
        let checked = desk.db.read_here(|conn| {
            // PostgreSQL is given lists as arrays, whose plan cannot be asked for here, and reads so few customers as a whole.
            if is_sqlite {
                reads_ranges(conn, "reported", |conn| {
                    comparison::run::reported(conn, ProjectId(11), NOW.plus_days(-30), 50).map(drop)
                });
                reads_ranges(conn, "sample", |conn| {
                    comparison::worker::sample(conn, ProjectId(11), 100, NOW).map(drop)
                });
            }
            Ok::<_, Error>(comparison::worker::sample(conn, ProjectId(11), 100, NOW)?)
        });
        let oldest = checked.expect("every plan reads ranges");
        assert_eq!((oldest.len(), oldest.first()), (100, Some(&CustomerId(30_000))));
        if !is_sqlite {
            desk.db.batch("ANALYZE comparisons").expect("counted");
        }
        analyze(&desk.db);
    }
}

//! Queries for new events. The customer's row holds the number of their events, so that a poll reads only that row.

use std::collections::BTreeMap;
use std::ops::Range;

use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::base::ids::{CustomerId, ProjectId};
use crate::base::lookup_key;
use crate::db::Conn;
use crate::db::schema::{app_user_ids, customers, history};
use crate::events::Environment;
use crate::events::history::ShownIn;

/// How many customers one statement reads.
const CHUNK: usize = 500;
/// New events are counted up to this number.
const MOST: i64 = 1_000;

/// A customer, and what an open page of theirs has to keep up with.
#[derive(Queryable, Selectable)]
#[diesel(table_name = customers)]
pub struct Counted {
    pub id: CustomerId,
    #[diesel(embed)]
    pub counts: Counts,
}

/// How many events a customer has, and how many steps what was asked of stores has taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = customers)]
pub struct Counts {
    #[diesel(column_name = events_count)]
    pub events: i64,
    #[diesel(select_expression = sql::<BigInt>(STEPS), select_expression_type = SqlLiteral<BigInt>)]
    pub steps: i64,
}

/// A scalar subquery: PostgreSQL and SQLite read it with two indexes.
const STEPS: &str =
    "(SELECT count(*) FROM requests JOIN request_steps ON request_steps.project_id = requests.project_id
    AND request_steps.request_id = requests.id WHERE requests.customer_id = customers.id)";

/// Finds the customer who has an id.
pub fn find(conn: &mut Conn, project: ProjectId, app_user_id: &str) -> QueryResult<Option<Counted>> {
    app_user_ids::table
        .inner_join(customers::table.on(customers::id.eq(app_user_ids::customer_id)))
        .filter(app_user_ids::project_id.eq(project).and(app_user_ids::key.eq(lookup_key(app_user_id))))
        .select(Counted::as_select())
        .first(conn)
        .optional()
}

/// The counts of these customers; erased customers are left out.
pub fn counts(conn: &mut Conn, of: &[CustomerId]) -> QueryResult<BTreeMap<CustomerId, Counts>> {
    let mut counts = BTreeMap::new();
    for chunk in of.chunks(CHUNK) {
        let rows = customers::table.filter(customers::id.eq_any(chunk)).select(Counted::as_select()).load(conn)?;
        counts.extend(rows.into_iter().map(|row| (row.id, row.counts)));
    }
    Ok(counts)
}

/// How many of a customer's newest events the profile shows in this environment. `counts` goes from the number of
/// events that the page knows to the number that there are.
pub fn news(conn: &mut Conn, customer: CustomerId, environment: Environment, counts: Range<i64>) -> QueryResult<i64> {
    let more = counts.end.saturating_sub(counts.start).clamp(0, MOST);
    if more == 0 {
        return Ok(0);
    }
    let newest: Vec<ShownIn> = history::table
        .filter(history::customer_id.eq(customer))
        .order(history::event_id.desc())
        .select(history::environment)
        .limit(more)
        .load(conn)?;
    let is_in_view = |of: &&ShownIn| ShownIn::in_view(environment).contains(of);
    Ok(i64::try_from(newest.iter().filter(is_in_view).count()).unwrap_or(MOST))
}

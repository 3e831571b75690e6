//! Queries for new events. The customer's row holds the number of their events, so that a poll reads only that row.

use std::collections::BTreeMap;
use std::ops::Range;

use diesel::prelude::*;

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

/// A customer, and how many events they have.
#[derive(Queryable, Selectable)]
#[diesel(table_name = customers)]
pub struct Counted {
    pub id: CustomerId,
    pub events_count: i64,
}

/// Finds the customer who has an id.
pub fn find(conn: &mut Conn, project: ProjectId, app_user_id: &str) -> QueryResult<Option<Counted>> {
    app_user_ids::table
        .inner_join(customers::table.on(customers::id.eq(app_user_ids::customer_id)))
        .filter(app_user_ids::project_id.eq(project).and(app_user_ids::key.eq(lookup_key(app_user_id))))
        .select(Counted::as_select())
        .first(conn)
        .optional()
}

/// How many events each of these customers has; erased customers are left out.
pub fn counts(conn: &mut Conn, of: &[CustomerId]) -> QueryResult<BTreeMap<CustomerId, i64>> {
    let mut counts = BTreeMap::new();
    for chunk in of.chunks(CHUNK) {
        let rows = customers::table.filter(customers::id.eq_any(chunk)).select(Counted::as_select()).load(conn)?;
        counts.extend(rows.into_iter().map(|row| (row.id, row.events_count)));
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

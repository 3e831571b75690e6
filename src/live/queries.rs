//! Queries for new events. The customer's row holds the number of their events, so that a poll reads only that row.

use std::collections::BTreeMap;

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

/// Finds the customer who has an id, with the number of their events.
pub fn find(conn: &mut Conn, project: ProjectId, app_user_id: &str) -> QueryResult<Option<(CustomerId, i64)>> {
    app_user_ids::table
        .inner_join(customers::table.on(customers::id.eq(app_user_ids::customer_id)))
        .filter(app_user_ids::project_id.eq(project).and(app_user_ids::key.eq(lookup_key(app_user_id))))
        .select((customers::id, customers::events_count))
        .first(conn)
        .optional()
}

/// How many events each of these customers has; erased customers are left out.
pub fn counts(conn: &mut Conn, of: &[CustomerId]) -> QueryResult<BTreeMap<CustomerId, i64>> {
    let mut counts = BTreeMap::new();
    for chunk in of.chunks(CHUNK) {
        let rows: Vec<(CustomerId, i64)> = customers::table
            .filter(customers::id.eq_any(chunk))
            .select((customers::id, customers::events_count))
            .load(conn)?;
        counts.extend(rows);
    }
    Ok(counts)
}

/// How many of the newest `now - since` events the profile shows in this environment.
pub fn news(
    conn: &mut Conn,
    customer: CustomerId,
    environment: Environment,
    (since, now): (i64, i64),
) -> QueryResult<i64> {
    let more = now.saturating_sub(since).clamp(0, MOST);
    if more == 0 {
        return Ok(0);
    }
    let newest: Vec<ShownIn> = history::table
        .filter(history::customer_id.eq(customer))
        .order(history::event_id.desc())
        .select(history::environment)
        .limit(more)
        .load(conn)?;
    let is_in_view = |of: &&ShownIn| match of {
        ShownIn::Only(one) => *one == environment,
        ShownIn::Both => true,
    };
    Ok(i64::try_from(newest.iter().filter(is_in_view).count()).unwrap_or(MOST))
}

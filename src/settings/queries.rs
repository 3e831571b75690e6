//! What the settings pages read.

use diesel::prelude::*;

use crate::clock::Moment;
use crate::db::Conn;
use crate::schema::{events, projects, rejected_deliveries as rejected};

/// The number in the navigation stops here.
pub const COUNTED: i64 = 1000;

#[derive(Queryable)]
pub struct Delivery {
    pub id: i64,
    pub received_at: Moment,
    pub reason: String,
    pub body: Vec<u8>,
}

/// What happens to purchases when another customer restores them.
pub fn transfer_behavior(conn: &mut Conn, project: i64) -> QueryResult<String> {
    projects::table.find(project).select(projects::transfer_behavior).first(conn)
}

/// When the last usable delivery came. Ids grow with time, so it is the last row of the key.
pub fn last_delivery(conn: &mut Conn, project: i64) -> QueryResult<Option<Moment>> {
    let newest = events::table.filter(events::project_id.eq(project)).order(events::id.desc());
    newest.select(events::received_at).first(conn).optional()
}

/// Rejected deliveries, at most [`COUNTED`].
pub fn count_rejected(conn: &mut Conn, project: i64) -> QueryResult<i64> {
    let ids: Vec<i64> = rejected::table
        .filter(rejected::project_id.eq(project))
        .select(rejected::id)
        .order(rejected::id.desc())
        .limit(COUNTED)
        .load(conn)?;
    Ok(i64::try_from(ids.len()).unwrap_or(COUNTED))
}

/// The newest `limit` before the one with the id `before`.
pub fn rejected_before(conn: &mut Conn, project: i64, before: i64, limit: i64) -> QueryResult<Vec<Delivery>> {
    rejected::table
        .filter(rejected::project_id.eq(project).and(rejected::id.lt(before)))
        .order(rejected::id.desc())
        .select((rejected::id, rejected::received_at, rejected::reason, rejected::body))
        .limit(limit)
        .load(conn)
}

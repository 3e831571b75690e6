//! What the settings pages read.

use diesel::prelude::*;
use diesel::sql_types::{Binary, Integer};

use crate::base::clock::Moment;
use crate::base::ids::{ProjectId, RowId};
use crate::db::Conn;
use crate::db::schema::{events, rejected_deliveries as rejected};

/// The navigation counts rejected deliveries up to this number.
pub const COUNTED: i64 = 1000;

diesel::define_sql_function! {
    /// `from` and `count` are in bytes; the first byte is 1. SQLite returns NULL for an empty body.
    fn substr(bytes: Binary, from: Integer, count: Integer) -> Nullable<Binary>;
}
diesel::define_sql_function! {
    /// The length in bytes.
    fn length(bytes: Binary) -> Integer;
}

#[derive(Queryable)]
pub struct Delivery {
    pub id: RowId,
    pub received_at: Moment,
    pub reason: String,
    /// The first bytes of the body.
    pub head: Option<Vec<u8>>,
    /// How many bytes the body has.
    pub length: i32,
}

/// When the last usable delivery arrived. Ids grow with time, so it is the last row of the primary key.
pub fn last_delivery(conn: &mut Conn, project: ProjectId) -> QueryResult<Option<Moment>> {
    let newest = events::table.filter(events::project_id.eq(project)).order(events::id.desc());
    newest.select(events::received_at).first(conn).optional()
}

/// Rejected deliveries, at most [`COUNTED`].
pub fn count_rejected(conn: &mut Conn, project: ProjectId) -> QueryResult<i64> {
    let ids: Vec<RowId> = rejected::table
        .filter(rejected::project_id.eq(project))
        .select(rejected::id)
        .order(rejected::id.desc())
        .limit(COUNTED)
        .load(conn)?;
    Ok(i64::try_from(ids.len()).unwrap_or(COUNTED))
}

/// The newest `limit` rejected deliveries with an id below `before`, each with the first `head` bytes of its body.
pub fn rejected_before(
    conn: &mut Conn,
    project: ProjectId,
    before: RowId,
    limit: i64,
    head: i32,
) -> QueryResult<Vec<Delivery>> {
    rejected::table
        .filter(rejected::project_id.eq(project).and(rejected::id.lt(before)))
        .order(rejected::id.desc())
        .select((
            rejected::id,
            rejected::received_at,
            rejected::reason,
            substr(rejected::body, 1, head),
            length(rejected::body),
        ))
        .limit(limit)
        .load(conn)
}

/// The whole body of one rejected delivery; `None` when it does not exist.
pub fn rejected_body(conn: &mut Conn, project: ProjectId, id: RowId) -> QueryResult<Option<Vec<u8>>> {
    rejected::table.find((project, id)).select(rejected::body).first(conn).optional()
}

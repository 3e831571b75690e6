//! Rows of a list: each list is a range of one index, read from a row onwards.

use diesel::prelude::*;

use super::model::{List, Place};
use crate::clock::Moment;
use crate::customers::glance::Row;
use crate::db::Conn;
use crate::schema::customers;

/// Up to `limit` rows: from the top or behind a row newest first, before a row in the opposite order.
pub fn rows(
    conn: &mut Conn,
    project: i64,
    list: List,
    place: Place,
    now: Moment,
    limit: usize,
) -> QueryResult<Vec<Row>> {
    let mut query = customers::table
        .filter(customers::project_id.eq(project))
        .select(Row::as_select())
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .into_boxed();
    let subscriber = customers::is_subscriber.eq(true);
    query = match list {
        List::All => query,
        List::Active => {
            let is_active = customers::subscribed_until.gt(now.millis()).and(customers::granted_until.le(now.millis()));
            query.filter(subscriber.and(is_active))
        }
        List::Expired => query.filter(subscriber.and(customers::subscribed_until.le(now.millis()))),
        List::OneTime => query.filter(customers::made_one_time.eq(true)),
        List::Sandbox => query.filter(customers::made_sandbox.eq(true)),
    };
    // A bound on the first column alone lets both databases start at the row instead of at the end of the index.
    query = match place {
        Place::Top => query,
        Place::After(row) => {
            let is_older = customers::active_at.lt(row.active_at.millis()).or(customers::id.lt(row.id));
            query.filter(customers::active_at.le(row.active_at.millis()).and(is_older))
        }
        Place::Before(row) => {
            let is_newer = customers::active_at.gt(row.active_at.millis()).or(customers::id.gt(row.id));
            query.filter(customers::active_at.ge(row.active_at.millis()).and(is_newer))
        }
    };
    match place {
        Place::Before(_) => query.order((customers::active_at.asc(), customers::id.asc())).load(conn),
        Place::Top | Place::After(_) => query.order((customers::active_at.desc(), customers::id.desc())).load(conn),
    }
}

/// Whether the project has any customer.
pub fn has_any(conn: &mut Conn, project: i64) -> QueryResult<bool> {
    let first: Option<i64> = customers::table
        .filter(customers::project_id.eq(project))
        .order((customers::active_at.desc(), customers::id.desc()))
        .select(customers::id)
        .first(conn)
        .optional()?;
    Ok(first.is_some())
}

//! Reads customers in bulk, and finds purchases. Each query is a range of an index, so that late windows are as fast as the
//! first.

use diesel::prelude::*;

use super::customer::Row;
use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, ProjectId};
use crate::base::lookup_key;
use crate::customers::search_terms::{TermKind, folded};
use crate::db::Conn;
use crate::db::schema::{customers, search_terms};

/// The customers of a project after the row `after`, in the order of their row numbers.
pub fn following(conn: &mut Conn, project: ProjectId, after: CustomerId, most: i64) -> QueryResult<Vec<Row>> {
    customers::table
        .filter(customers::project_id.eq(project).and(customers::id.gt(after)))
        .order(customers::id)
        .limit(most)
        .select(Row::as_select())
        .load(conn)
}

/// The customers after the row `after` whose `$email` is exactly `email`.
pub fn with_email(
    conn: &mut Conn,
    project: ProjectId,
    email: &str,
    after: CustomerId,
    most: i64,
) -> QueryResult<Vec<Row>> {
    // PostgreSQL cannot store NUL, and refuses it in a parameter.
    if email.contains('\0') {
        return Ok(Vec::new());
    }
    let term = search_terms::project_id.eq(project).and(search_terms::term.eq(lookup_key(&folded(email))));
    let found: Vec<CustomerId> = search_terms::table
        .filter(term.and(search_terms::kind.eq(TermKind::Email)))
        .filter(search_terms::value.eq(email).and(search_terms::customer_id.gt(after)))
        .order(search_terms::customer_id)
        .limit(most)
        .select(search_terms::customer_id)
        .load(conn)?;
    let own = customers::table.filter(customers::id.eq_any(found));
    own.order(customers::id).select(Row::as_select()).load(conn)
}

/// How many customers of a project have a running subscription or trial.
pub fn count_subscribers(conn: &mut Conn, project: ProjectId, now: Moment) -> QueryResult<i64> {
    let own = customers::table.filter(customers::project_id.eq(project));
    own.filter(customers::subscribed_until.gt(now.millis())).count().get_result(conn)
}

/// How many customers of a project were active since.
pub fn count_active(conn: &mut Conn, project: ProjectId, since: Moment) -> QueryResult<i64> {
    let own = customers::table.filter(customers::project_id.eq(project));
    own.filter(customers::active_at.ge(since)).count().get_result(conn)
}

//! The ids of a customer, and the events that named or joined them.

use diesel::prelude::*;

use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, ProjectId};
use crate::db::Conn;
use crate::db::schema::{app_user_ids, events, history};
use crate::events::{Digest, EventType, Summary};

/// An id, and since when it is known.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = app_user_ids)]
pub struct Known {
    pub app_user_id: String,
    pub since: Moment,
    /// Whether it began then; otherwise an event first named it then.
    #[diesel(column_name = is_since_exact)]
    pub is_exact: bool,
}

/// At most `most` ids that were known at a moment, in the order they became known.
pub fn load(conn: &mut Conn, customer: CustomerId, until: Moment, most: i64) -> QueryResult<Vec<Known>> {
    app_user_ids::table
        .filter(app_user_ids::customer_id.eq(customer).and(app_user_ids::since.le(until)))
        .order((app_user_ids::since, app_user_ids::key))
        .select(Known::as_select())
        .limit(most)
        .load(conn)
}

/// The customer's events of these times, causes first.
pub fn events_at(
    conn: &mut Conn,
    (project, customer): (ProjectId, CustomerId),
    times: &[Moment],
) -> QueryResult<Vec<Summary>> {
    let found: Vec<Digest> = history::table
        .inner_join(events::table.on(events::project_id.eq(project).and(events::id.eq(history::event_id))))
        .filter(history::customer_id.eq(customer).and(history::event_at.eq_any(times.to_vec())))
        .order((history::event_at, history::tie))
        .limit(MOST)
        .select(events::digest)
        .load(conn)?;
    Ok(read(found))
}

/// The customer's events that joined ids, the oldest first.
pub fn aliases(
    conn: &mut Conn,
    (project, customer): (ProjectId, CustomerId),
    until: Moment,
) -> QueryResult<Vec<Summary>> {
    let kind = i16::from(EventType::SubscriberAlias.number());
    let found: Vec<Digest> = history::table
        .inner_join(events::table.on(events::project_id.eq(project).and(events::id.eq(history::event_id))))
        .filter(history::customer_id.eq(customer).and(history::kind.eq(kind)).and(history::event_at.le(until)))
        .order((history::event_at, history::tie))
        .limit(MOST)
        .select(events::digest)
        .load(conn)?;
    Ok(read(found))
}

/// How many events are read at most.
const MOST: i64 = 400;

fn read(found: Vec<Digest>) -> Vec<Summary> {
    let report = |reason| tracing::error!(%reason, "the digest of an event cannot be read");
    found.into_iter().filter_map(|digest| digest.read().map_err(report).ok()).collect()
}

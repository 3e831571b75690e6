//! Finds an event by its id, with its place in the customer's history.

use diesel::prelude::*;

use crate::base::clock::Moment;
use crate::base::ids::EventId;
use crate::base::lookup_key;
use crate::db::Conn;
use crate::db::schema::{events, history};
use crate::events::history::{ShownIn, Side};
use crate::pages::profile::history::Cursor;
use crate::pages::profile::subject::Subject;

pub struct Found {
    pub place: Cursor,
    pub environment: ShownIn,
    pub side: Side,
    pub received_at: Moment,
    pub body: String,
}

/// `None` when the event is not in this customer's history.
pub fn find(conn: &mut Conn, subject: &Subject, event_id: &str) -> QueryResult<Option<Found>> {
    type Row = ((Moment, Moment, i64, EventId), (ShownIn, Side, Moment, String));
    let named = events::project_id.eq(subject.project.id).and(events::event_key.eq(lookup_key(event_id)));
    let row: Option<Row> = history::table
        .inner_join(events::table.on(events::id.eq(history::event_id)))
        .filter(named.and(history::customer_id.eq(subject.customer.id)))
        .select((
            (history::timeline_at, history::event_at, history::tie, history::event_id),
            (history::environment, history::side, events::received_at, events::body),
        ))
        .first(conn)
        .optional()?;
    Ok(row.map(|((timeline_at, event_at, tie, event), (environment, side, received_at, body))| Found {
        place: Cursor { timeline_at, event_at, tie, event },
        environment,
        side,
        received_at,
        body,
    }))
}

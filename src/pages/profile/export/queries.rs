//! Reads the events of a customer, a chunk at a time.

use diesel::prelude::*;

use super::model::{Event, Time, own_part};
use super::sections::raw;
use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, EventId, ProjectId};
use crate::customers::{AsOf, Reading};
use crate::db::Conn;
use crate::db::schema::{events, history};
use crate::events::history::Side;
use crate::events::{Delivery, Rejection, StoredBody};

/// The place of the last event of a chunk.
#[derive(Debug, Clone, Copy)]
pub struct EventCursor {
    pub event_at: Moment,
    pub tie: i32,
    pub id: EventId,
}

impl EventCursor {
    pub const START: EventCursor = EventCursor { event_at: Moment::EARLIEST, tie: i32::MIN, id: EventId::MIN };
}

type Row = (Moment, i32, EventId, Side, Moment, StoredBody);

/// The customer's next events, of those that count as of a moment, in the order in which they were generated; and where they
/// end, `None` when fewer than `limit` were left.
pub fn events_after(
    conn: &mut Conn,
    (project, customer): (ProjectId, CustomerId),
    as_of: Option<AsOf>,
    after: EventCursor,
    limit: i64,
) -> QueryResult<(Vec<Event>, Option<EventCursor>)> {
    let behind = history::event_at.gt(after.event_at).or(history::event_at
        .eq(after.event_at)
        .and(history::tie.gt(after.tie).or(history::tie.eq(after.tie).and(history::event_id.gt(after.id)))));
    let own = history::table
        .inner_join(events::table.on(events::project_id.eq(project).and(events::id.eq(history::event_id))))
        .filter(history::customer_id.eq(customer).and(history::event_at.ge(after.event_at)).and(behind))
        .order((history::event_at, history::tie, history::event_id))
        .limit(limit)
        .select((history::event_at, history::tie, history::event_id, history::side, events::received_at, events::body))
        .into_boxed();
    let counting = match as_of {
        Some(AsOf { at, reading: Reading::KnownNow }) => own.filter(history::event_at.le(at)),
        Some(AsOf { at, reading: Reading::KnownThen }) => own.filter(events::received_at.le(at)),
        None => own,
    };
    let rows: Vec<Row> = counting.load(conn)?;
    let is_full = i64::try_from(rows.len()).is_ok_and(|length| length == limit);
    let last = rows.last().map(|(event_at, tie, id, ..)| EventCursor { event_at: *event_at, tie: *tie, id: *id });
    Ok((rows.into_iter().filter_map(event).collect(), last.filter(|_| is_full)))
}

/// `None` when the event cannot be read.
fn event((_, _, id, side, received_at, body): Row) -> Option<Event> {
    let read = body.text().map_err(Rejection::from).and_then(|text| {
        let kind = Delivery::read_stored(&text, received_at)?.kind;
        Ok(own_part(text, &kind, side))
    });
    let own = read.unwrap_or_else(|Rejection(reason)| {
        tracing::error!(event = id.0, reason, "a stored event cannot be read");
        None
    });
    Some(Event { received_at: Time(received_at), body: own.and_then(raw)? })
}

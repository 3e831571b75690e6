//! Writes events, histories and rejected deliveries. An event is stored once; a rejected delivery is kept with the
//! reason.

use diesel::prelude::*;

use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, EventId, ProjectId, RowId};
use crate::db::schema::{events, history, rejected_deliveries};
use crate::db::{Both, Conn};
use crate::events::Delivery;
use crate::events::history::{ShownIn, Side, Topic};

/// Stores a delivery unless its event is stored already. Returns whether it is new.
pub fn insert(conn: &mut Conn, project: ProjectId, id: EventId, delivery: &Delivery) -> QueryResult<bool> {
    let row = (
        events::project_id.eq(project),
        events::id.eq(id),
        events::event_key.eq(crate::base::lookup_key(&delivery.event.id)),
        events::received_at.eq(delivery.received_at),
        events::body.eq(&delivery.body),
    );
    Ok(Both(diesel::insert_into(events::table).values(row).on_conflict_do_nothing()).execute(conn)? > 0)
}

/// The stored body of an event.
pub fn body_of(conn: &mut Conn, project: ProjectId, event_id: &str) -> QueryResult<String> {
    let key = crate::base::lookup_key(event_id);
    events::table.filter(events::project_id.eq(project).and(events::event_key.eq(key))).select(events::body).first(conn)
}

/// A row of the history.
#[derive(Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = history)]
struct HistoryRow {
    customer_id: CustomerId,
    timeline_at: Moment,
    event_at: Moment,
    tie: i64,
    event_id: EventId,
    environment: ShownIn,
    topic: Topic,
    side: Side,
    summary: String,
}

impl HistoryRow {
    fn new(customer_id: CustomerId, event_id: EventId, delivery: &Delivery, side: Side) -> HistoryRow {
        let event = &delivery.event;
        HistoryRow {
            customer_id,
            timeline_at: event.timeline_at(),
            event_at: event.generated_at(),
            tie: event.tie(),
            event_id,
            environment: event.shown_in(),
            topic: event.topic(),
            side,
            summary: delivery.summary.clone(),
        }
    }
}

/// Puts an event into a customer's history.
pub fn show_in_history(
    conn: &mut Conn,
    customer: CustomerId,
    event_id: EventId,
    delivery: &Delivery,
    side: Side,
) -> QueryResult<()> {
    insert_row(conn, &HistoryRow::new(customer, event_id, delivery, side))
}

/// Puts an event into the histories of exactly these customers. Nothing is written when it is so already.
pub fn show_only_in(
    conn: &mut Conn,
    receivers: &[(CustomerId, Side)],
    event_id: EventId,
    delivery: &Delivery,
) -> QueryResult<()> {
    let mut stored: Vec<HistoryRow> =
        history::table.filter(history::event_id.eq(event_id)).select(HistoryRow::as_select()).load(conn)?;
    let wanted = |(customer, side): &(CustomerId, Side)| HistoryRow::new(*customer, event_id, delivery, *side);
    let mut wanted: Vec<HistoryRow> = receivers.iter().map(wanted).collect();
    stored.sort_by_key(|row| row.customer_id);
    wanted.sort_by_key(|row| row.customer_id);
    if stored == wanted {
        return Ok(());
    }
    diesel::delete(history::table.filter(history::event_id.eq(event_id))).execute(conn)?;
    wanted.iter().try_for_each(|row| insert_row(conn, row))
}

fn insert_row(conn: &mut Conn, row: &HistoryRow) -> QueryResult<()> {
    diesel::insert_into(history::table).values(row).execute(conn)?;
    Ok(())
}

/// Keeps a delivery that cannot be used, or not in full, with the reason.
pub fn reject(
    conn: &mut Conn,
    project: ProjectId,
    id: RowId,
    at: Moment,
    reason: &str,
    body: &[u8],
) -> QueryResult<()> {
    let row = (
        rejected_deliveries::project_id.eq(project),
        rejected_deliveries::id.eq(id),
        rejected_deliveries::received_at.eq(at),
        rejected_deliveries::reason.eq(reason),
        rejected_deliveries::body.eq(body),
    );
    diesel::insert_into(rejected_deliveries::table).values(row).execute(conn)?;
    Ok(())
}

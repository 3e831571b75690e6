//! Writes events, histories and rejected deliveries. An event is stored once; a rejected delivery is kept with the
//! reason.

use diesel::prelude::*;

use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, EventId, ProjectId, RowId};
use crate::db::schema::{events, history, rejected_deliveries};
use crate::db::{Both, Conn};
use crate::events::Delivery;

/// Stores a delivery unless its event is stored already. Returns whether it is new.
pub fn insert(conn: &mut Conn, project: ProjectId, id: EventId, delivery: &Delivery) -> QueryResult<bool> {
    let row = (
        events::project_id.eq(project),
        events::id.eq(id),
        events::event_key.eq(crate::base::lookup_key(&delivery.event.id)),
        events::received_at.eq(delivery.received_at.millis()),
        events::body.eq(&delivery.body),
    );
    Ok(Both(diesel::insert_into(events::table).values(row).on_conflict_do_nothing()).execute(conn)? > 0)
}

/// The stored body of an event.
pub fn body_of(conn: &mut Conn, project: ProjectId, event_id: &str) -> QueryResult<String> {
    let key = crate::base::lookup_key(event_id);
    events::table.filter(events::project_id.eq(project).and(events::event_key.eq(key))).select(events::body).first(conn)
}

/// Puts an event into a customer's history. `side` is `lost` for the customer who loses purchases by a transfer, else
/// `own`.
pub fn show_in_history(
    conn: &mut Conn,
    customer: CustomerId,
    event_id: EventId,
    delivery: &Delivery,
    side: &str,
) -> QueryResult<()> {
    let event = &delivery.event;
    let row = (
        history::customer_id.eq(customer),
        history::timeline_at.eq(event.timeline_at().millis()),
        history::event_at.eq(event.generated_at().millis()),
        history::tie.eq(event.tie()),
        history::event_id.eq(event_id),
        history::environment.eq(event.environment_word()),
        history::topic.eq(event.topic()),
        history::side.eq(side),
        history::summary.eq(&delivery.summary),
    );
    diesel::insert_into(history::table).values(row).execute(conn)?;
    Ok(())
}

type HistoryRow = (CustomerId, Moment, Moment, i64, String, String, String, String);

/// Puts an event into the histories of exactly these customers. Nothing is written when it is so already.
pub fn show_only_in(
    conn: &mut Conn,
    receivers: &[(CustomerId, &str)],
    event_id: EventId,
    delivery: &Delivery,
) -> QueryResult<()> {
    let mut stored: Vec<HistoryRow> = history::table
        .filter(history::event_id.eq(event_id))
        .select((
            history::customer_id,
            history::timeline_at,
            history::event_at,
            history::tie,
            history::environment,
            history::topic,
            history::side,
            history::summary,
        ))
        .load(conn)?;
    let event = &delivery.event;
    let wanted = |customer: CustomerId, side: &str| {
        let (timeline_at, event_at) = (event.timeline_at(), event.generated_at());
        let (environment, topic) = (event.environment_word().to_owned(), event.topic().as_str().to_owned());
        (customer, timeline_at, event_at, event.tie(), environment, topic, side.to_owned(), delivery.summary.clone())
    };
    let mut wanted: Vec<HistoryRow> = receivers.iter().map(|(customer, side)| wanted(*customer, side)).collect();
    stored.sort();
    wanted.sort();
    if stored == wanted {
        return Ok(());
    }
    diesel::delete(history::table.filter(history::event_id.eq(event_id))).execute(conn)?;
    receivers.iter().try_for_each(|(customer, side)| show_in_history(conn, *customer, event_id, delivery, side))
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
        rejected_deliveries::received_at.eq(at.millis()),
        rejected_deliveries::reason.eq(reason),
        rejected_deliveries::body.eq(body),
    );
    diesel::insert_into(rejected_deliveries::table).values(row).execute(conn)?;
    Ok(())
}

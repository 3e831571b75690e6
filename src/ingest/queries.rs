//! Writes events and histories. An event is stored once.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary};

use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, EventId, ProjectId};
use crate::db::Conn;
use crate::db::many::{self, Column, Existing, Inserts, Kind, Row, Table, row};
use crate::db::schema::{history, payments};
use crate::events::history::{ShownIn, Side, Topic};
use crate::events::{Delivery, Digest, StoredBody, StoredForm};

const EVENTS: Table = Table {
    name: "events",
    key: 2,
    columns: &[
        ("project_id", Kind::Integer),
        ("id", Kind::Integer),
        ("received_at", Kind::Integer),
        ("event_key", Kind::Bytes),
        ("digest", Kind::Bytes),
        ("body", Kind::Bytes),
    ],
};

/// Stores events that are not stored.
pub fn insert_events<'a>(
    inserts: &mut Inserts,
    project: ProjectId,
    events: impl Iterator<Item = (EventId, &'a Delivery)>,
) {
    let row = |(id, delivery): (EventId, &Delivery)| {
        let StoredForm { key, digest, body } = &*delivery.stored;
        row![project, id, delivery.received_at, key, digest.as_bytes(), body.as_bytes()]
    };
    inserts.add(EVENTS, events.map(row).collect(), Existing::Fails);
}

/// The stored bodies of the events with these keys, by the keys; an empty text for one that cannot be read.
pub fn bodies_of(conn: &mut Conn, project: ProjectId, keys: HashSet<Vec<u8>>) -> QueryResult<HashMap<Vec<u8>, String>> {
    const KEY: &[Column] = &[("project_id", Kind::Integer), ("event_key", Kind::Bytes)];
    type Read = (Vec<u8>, EventId, StoredBody);
    let keys: Vec<Row> = keys.into_iter().map(|key| row![project, key]).collect();
    let from = ("event_key, id, body", "events");
    let rows = many::select::<(Binary, BigInt, Binary), Read>(conn, from, KEY, &keys, "")?;
    let text = |(key, row, body): Read| {
        let unreadable = |reason| tracing::error!(event = row.0, %reason, "a stored body cannot be read");
        (key, body.text().map_err(unreadable).unwrap_or_default())
    };
    Ok(rows.into_iter().map(text).collect())
}

/// An event with what is stored of it.
pub struct StoredEvent {
    pub row: EventId,
    pub digest: Digest,
    pub body: StoredBody,
}

/// Stores the bodies and the digests of events as they would be stored now, if they differ. Events from before texts were
/// compressed differ, and those whose digest says less than this version can read.
pub fn store_again<'a>(
    conn: &mut Conn,
    project: ProjectId,
    events: impl Iterator<Item = (&'a StoredEvent, &'a Delivery)>,
) -> QueryResult<()> {
    const FORMS: Table = Table {
        name: "events",
        key: 2,
        columns: &[
            ("project_id", Kind::Integer),
            ("id", Kind::Integer),
            ("digest", Kind::Bytes),
            ("body", Kind::Bytes),
        ],
    };
    let row = |(stored, delivery): (&StoredEvent, &Delivery)| {
        let StoredForm { digest, body, .. } = &*delivery.stored;
        let is_same = stored.digest == *digest && stored.body.is_same(body);
        (!is_same).then(|| row![project, stored.row, digest.as_bytes(), body.as_bytes()])
    };
    FORMS.update(conn, &events.filter_map(row).collect::<Vec<Row>>())?;
    Ok(())
}

/// Marks customers whose state must still be derived.
pub fn mark_stale(conn: &mut Conn, customers: impl Iterator<Item = CustomerId>) -> QueryResult<()> {
    const STALE: Table = Table { name: "stale_customers", key: 1, columns: &[("customer_id", Kind::Integer)] };
    let customers: HashSet<CustomerId> = customers.collect();
    let rows: Vec<Row> = customers.into_iter().map(|customer| row![customer]).collect();
    STALE.insert(conn, &rows, Existing::Stays)?;
    Ok(())
}

/// A row of the history.
#[derive(Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = history)]
struct HistoryRow {
    customer_id: CustomerId,
    timeline_at: Moment,
    event_at: Moment,
    event_id: EventId,
    tie: i32,
    environment: ShownIn,
    topic: Topic,
    side: Side,
    kind: i16,
    is_muted: bool,
}

impl HistoryRow {
    fn new(customer_id: CustomerId, event_id: EventId, delivery: &Delivery, side: Side) -> HistoryRow {
        let event = &delivery.event;
        HistoryRow {
            customer_id,
            timeline_at: event.timeline_at(),
            event_at: event.generated_at(),
            event_id,
            tie: event.tie(),
            environment: event.shown_in(),
            topic: event.topic(),
            side,
            kind: event.kind.number().into(),
            is_muted: false,
        }
    }
}

const HISTORY: Table = Table {
    name: "history",
    key: 5,
    columns: &[
        ("customer_id", Kind::Integer),
        ("timeline_at", Kind::Integer),
        ("event_at", Kind::Integer),
        ("tie", Kind::Integer),
        ("event_id", Kind::Integer),
        ("environment", Kind::Integer),
        ("topic", Kind::Integer),
        ("side", Kind::Integer),
        ("kind", Kind::Integer),
    ],
};

/// Puts events into the histories of customers.
pub fn show_in_histories(inserts: &mut Inserts, places: &[(CustomerId, EventId, &Delivery, Side)]) {
    let place = |(customer, event, delivery, side): &(CustomerId, EventId, &Delivery, Side)| {
        let HistoryRow { customer_id, timeline_at, event_at, tie, event_id, environment, topic, side, kind, .. } =
            HistoryRow::new(*customer, *event, delivery, *side);
        let [environment, topic, side, kind] =
            [environment.number(), topic.number(), side.number(), kind].map(i64::from);
        row![customer_id, timeline_at, event_at, i64::from(tie), event_id, environment, topic, side, kind]
    };
    inserts.add(HISTORY, places.iter().map(place).collect(), Existing::Fails);
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
    let is_muted = stored.iter().any(|row| row.is_muted);
    let wanted = |(customer, side): &(CustomerId, Side)| HistoryRow {
        is_muted,
        ..HistoryRow::new(*customer, event_id, delivery, *side)
    };
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

/// The customers in whose histories an event is.
pub fn holders(conn: &mut Conn, event: EventId) -> QueryResult<Vec<CustomerId>> {
    history::table.filter(history::event_id.eq(event)).select(history::customer_id).load(conn)
}

/// Lets events stand in the histories of their customers without counting, because other events say the same.
pub fn mute(conn: &mut Conn, holders: &[CustomerId], events: &[EventId]) -> QueryResult<()> {
    if events.is_empty() {
        return Ok(());
    }
    let of_holders = payments::customer_id.eq_any(holders.to_vec());
    diesel::delete(payments::table.filter(of_holders.and(payments::event_id.eq_any(events.to_vec())))).execute(conn)?;
    let rows = history::table.filter(history::event_id.eq_any(events.to_vec()));
    diesel::update(rows).set(history::is_muted.eq(true)).execute(conn)?;
    Ok(())
}

//! Puts deliveries into the queue, in the transaction that stores the event.

use diesel::prelude::*;

use super::deliveries::State;
use super::{body, queries, test_event};
use crate::audit::Ctx;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::{CustomerId, DeliveryId, EndpointId, EventId, ProjectId, RowId};
use crate::db::Conn;
use crate::db::many::{self, Existing, Kind, Table, row};
use crate::db::schema::{history, retained_events, webhook_deliveries};
use crate::events::{Delivery, Event, EventType};

/// Where an event comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Made by Dossier.
    Own,
    /// Delivered by a webhook.
    Received,
}

#[derive(Insertable)]
#[diesel(table_name = webhook_deliveries)]
struct Row<'a> {
    project_id: ProjectId,
    id: DeliveryId,
    endpoint_id: EndpointId,
    event_row: Option<EventId>,
    event_type: &'a str,
    body: &'a str,
    queued_at: Moment,
    state: State,
    next_attempt_at: Moment,
    tries: i64,
    finished_at: Moment,
}

/// An event that was just stored.
#[derive(Debug, Clone, Copy)]
pub struct Announced<'a> {
    pub row: EventId,
    /// Whose it is; `None` if it is nobody's.
    pub customer: Option<CustomerId>,
    pub delivery: &'a Delivery,
}

/// Queues events that were just stored, for every endpoint that wants them. Imports and rebuilds do not call it, so
/// their events are not sent.
pub fn announce(conn: &mut Conn, ctx: &Ctx, stored: &[Announced<'_>], source: Source) -> QueryResult<()> {
    if stored.is_empty() {
        return Ok(());
    }
    let wanting = queries::on(conn, ctx.project, source == Source::Received)?;
    let is_own = source == Source::Own;
    let takers = |event: &Event| {
        let takers = wanting.iter().filter(|(one, types)| one.wants(types, event, is_own));
        takers.map(|(one, _)| one.id).collect::<Vec<EndpointId>>()
    };
    let wanted = stored.iter().map(|one| (one, takers(&one.delivery.event))).filter(|(_, takers)| !takers.is_empty());
    let wanted: Vec<(&Announced<'_>, Vec<EndpointId>)> = wanted.collect();
    let names = body::names_of(conn, wanted.iter().map(|(one, _)| **one))?;
    let mut rows = Vec::new();
    for (one, takers) in wanted {
        let body = body::of(one, &names);
        let (at, kind) = (one.delivery.received_at, one.delivery.event.kind.as_str());
        for taker in takers {
            let queued = Row::new(ctx, taker, kind, &body);
            rows.push(Row { event_row: Some(one.row), queued_at: at, next_attempt_at: at, ..queued }.as_row());
        }
    }
    DELIVERIES.insert(conn, &rows, Existing::Fails)?;
    Ok(())
}

const DELIVERIES: Table = Table {
    name: "webhook_deliveries",
    key: 2,
    columns: &[
        ("project_id", Kind::Integer),
        ("id", Kind::Integer),
        ("endpoint_id", Kind::Integer),
        ("event_row", Kind::Integer),
        ("event_type", Kind::Text),
        ("body", Kind::Text),
        ("queued_at", Kind::Integer),
        ("state", Kind::Text),
        ("next_attempt_at", Kind::Integer),
        ("tries", Kind::Integer),
        ("finished_at", Kind::Integer),
    ],
};

impl<'a> Row<'a> {
    fn new(ctx: &Ctx, endpoint_id: EndpointId, event_type: &'a str, body: &'a str) -> Row<'a> {
        Row {
            project_id: ctx.project,
            id: ctx.next_id(),
            endpoint_id,
            event_row: None,
            event_type,
            body,
            queued_at: ctx.now,
            state: State::Waiting,
            next_attempt_at: ctx.now,
            tries: 0,
            finished_at: Moment::NEVER,
        }
    }
}

impl Row<'_> {
    fn as_row(&self) -> many::Row {
        row![
            self.project_id,
            self.id.0,
            self.endpoint_id.0,
            self.event_row,
            self.event_type,
            self.body,
            self.queued_at,
            self.state.as_str(),
            self.next_attempt_at,
            self.tries,
            self.finished_at,
        ]
    }
}

fn insert(conn: &mut Conn, row: &Row<'_>) -> QueryResult<()> {
    diesel::insert_into(webhook_deliveries::table).values(row).execute(conn)?;
    Ok(())
}

/// Queues a `TEST` event. Returns the id of the delivery.
pub fn enqueue_test(conn: &mut Conn, ctx: &Ctx, endpoint: EndpointId) -> Result<DeliveryId, Error> {
    let body = test_event::body(ctx.now)?;
    let row = Row::new(ctx, endpoint, EventType::Test.as_str(), &body);
    insert(conn, &row)?;
    Ok(row.id)
}

/// Queues a delivery again for now, with all of its attempts, unless it is being sent right now. Returns whether it was
/// queued.
pub fn resend(conn: &mut Conn, ctx: &Ctx, delivery: DeliveryId) -> QueryResult<bool> {
    let (project, now) = (ctx.project, ctx.now);
    let free = webhook_deliveries::leased_by.is_null().or(webhook_deliveries::next_attempt_at.le(now));
    let again = (
        webhook_deliveries::state.eq(State::Waiting),
        webhook_deliveries::next_attempt_at.eq(now),
        webhook_deliveries::leased_by.eq(None::<RowId>),
        webhook_deliveries::tries.eq(0),
        webhook_deliveries::finished_at.eq(Moment::NEVER),
    );
    let one = webhook_deliveries::table
        .filter(webhook_deliveries::project_id.eq(project).and(webhook_deliveries::id.eq(delivery)).and(free));
    Ok(diesel::update(one).set(again).execute(conn)? > 0)
}

/// Queues the failed deliveries of an endpoint again. Returns how many.
pub fn resend_failed(conn: &mut Conn, ctx: &Ctx, endpoint: EndpointId) -> QueryResult<usize> {
    let (project, now) = (ctx.project, ctx.now);
    let of_endpoint = webhook_deliveries::project_id.eq(project).and(webhook_deliveries::endpoint_id.eq(endpoint));
    let again = (
        webhook_deliveries::state.eq(State::Waiting),
        webhook_deliveries::next_attempt_at.eq(now),
        webhook_deliveries::tries.eq(0),
        webhook_deliveries::finished_at.eq(Moment::NEVER),
    );
    diesel::update(webhook_deliveries::table.filter(of_endpoint.and(webhook_deliveries::state.eq(State::Failed))))
        .set(again)
        .execute(conn)
}

/// Removes every delivery of a customer's events, including those still to be sent, because their bodies name the
/// customer. Call it before the events themselves are removed.
pub fn forget(conn: &mut Conn, project: ProjectId, customer: CustomerId) -> QueryResult<()> {
    let own = history::table.filter(history::customer_id.eq(customer)).select(history::event_id.nullable());
    let retained = retained_events::table
        .filter(retained_events::customer_id.eq(customer))
        .select(retained_events::event_id.nullable());
    let of_project = webhook_deliveries::project_id.eq(project);
    diesel::delete(webhook_deliveries::table.filter(of_project.and(webhook_deliveries::event_row.eq_any(own))))
        .execute(conn)?;
    diesel::delete(webhook_deliveries::table.filter(of_project.and(webhook_deliveries::event_row.eq_any(retained))))
        .execute(conn)?;
    Ok(())
}

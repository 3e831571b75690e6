//! Puts deliveries into the queue, in the transaction that stores the event.

use diesel::prelude::*;

use super::deliveries::State;
use super::{body, queries, test_event};
use crate::audit::Ctx;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::{CustomerId, DeliveryId, EndpointId, EventId, ProjectId, RowId};
use crate::base::lookup_key;
use crate::customers::Resolver;
use crate::db::Conn;
use crate::db::schema::{events, history, retained_events, webhook_deliveries};
use crate::endpoints::Endpoint;
use crate::events::{Delivery, EventType};

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

/// Queues events that were just stored, for every endpoint that wants them. Imports and rebuilds do not call it, so
/// their events are not sent.
pub fn announce(conn: &mut Conn, resolver: &Resolver, stored: &[&Delivery], source: Source) -> QueryResult<()> {
    if stored.is_empty() {
        return Ok(());
    }
    let project = resolver.project();
    let wanting = queries::on(conn, project, source == Source::Received)?;
    if wanting.is_empty() {
        return Ok(());
    }
    for delivery in stored {
        enqueue(conn, resolver, &wanting, delivery, source)?;
    }
    Ok(())
}

type Wanting = (Endpoint, Vec<String>);

fn enqueue(
    conn: &mut Conn,
    resolver: &Resolver,
    wanting: &[Wanting],
    received: &Delivery,
    source: Source,
) -> QueryResult<()> {
    let is_own = source == Source::Own;
    let takers: Vec<&Endpoint> =
        wanting.iter().filter(|(one, types)| one.wants(types, &received.event, is_own)).map(|(one, _)| one).collect();
    if takers.is_empty() {
        return Ok(());
    }
    // Screening may have stored less than was received: see `ingest::screening`.
    let found: Option<(EventId, String)> = events::table
        .filter(events::project_id.eq(resolver.project()).and(events::event_key.eq(lookup_key(&received.event.id))))
        .select((events::id, events::body))
        .first(conn)
        .optional()?;
    let Some((row, stored)) = found else { return Ok(()) };
    let stored = Delivery { body: stored, ..(*received).clone() };
    let body = body::load(conn, row, &stored)?;
    for taker in takers {
        let (at, kind) = (received.received_at, received.event.kind.as_str());
        let queued = Row::new(resolver.ctx(), taker.id, kind, &body);
        insert(conn, &Row { event_row: Some(row), queued_at: at, next_attempt_at: at, ..queued })?;
    }
    Ok(())
}

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

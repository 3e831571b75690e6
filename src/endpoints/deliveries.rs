//! Deliveries that were sent or wait: the endpoint, the state, and the request and answer of each attempt.

use std::collections::BTreeMap;

use diesel::prelude::*;

use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, DeliveryId, EndpointId, EventId, ProjectId, RowId};
use crate::db::Conn;
use crate::db::schema::{delivery_attempts as attempts, history, webhook_deliveries, webhook_endpoints};

/// How many attempts are loaded for all deliveries of a page.
const ATTEMPTS: i64 = 200;

/// What becomes of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is to be sent, for the first time or again.
    Waiting,
    Sent,
    /// Given up after the last attempt.
    Failed,
}

crate::db::columns::text_enum!(State: as_str, State::parse);

impl State {
    pub const fn as_str(self) -> &'static str {
        match self {
            State::Waiting => "waiting",
            State::Sent => "sent",
            State::Failed => "failed",
        }
    }

    fn parse(word: &str) -> Option<State> {
        [State::Waiting, State::Sent, State::Failed].into_iter().find(|state| state.as_str() == word)
    }
}

/// A delivery and the endpoint it goes to.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = webhook_deliveries)]
pub struct WebhookDelivery {
    pub id: DeliveryId,
    pub event_type: String,
    pub body: String,
    pub queued_at: Moment,
    pub state: State,
    pub next_attempt_at: Moment,
    pub leased_by: Option<RowId>,
    pub tries: i64,
    pub finished_at: Moment,
    #[diesel(select_expression = webhook_endpoints::name)]
    pub endpoint: String,
    #[diesel(select_expression = webhook_endpoints::url)]
    pub url: String,
    #[diesel(select_expression = webhook_endpoints::is_on)]
    pub is_on: bool,
}

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = attempts)]
pub struct Attempt {
    #[diesel(column_name = delivery_id)]
    pub delivery: DeliveryId,
    pub at: Moment,
    pub took_ms: i64,
    #[diesel(column_name = request_headers)]
    pub headers: String,
    pub status: Option<i64>,
    #[diesel(column_name = response_body)]
    pub body: Option<String>,
    pub problem: Option<String>,
}

/// A delivery with its attempts, the newest first.
pub type Tried = (WebhookDelivery, Vec<Attempt>);

/// The deliveries of an event.
pub fn of_event(conn: &mut Conn, project: ProjectId, event_row: EventId) -> QueryResult<Vec<Tried>> {
    let rows = webhook_deliveries::table
        .inner_join(webhook_endpoints::table.on(of_endpoint()))
        .filter(webhook_deliveries::project_id.eq(project).and(webhook_deliveries::event_row.eq(event_row)))
        .order(webhook_deliveries::id)
        .select(WebhookDelivery::as_select())
        .load(conn)?;
    with_attempts(conn, project, rows)
}

/// The newest deliveries to an endpoint.
pub fn to(conn: &mut Conn, project: ProjectId, endpoint: EndpointId, most: i64) -> QueryResult<Vec<Tried>> {
    let rows = webhook_deliveries::table
        .inner_join(webhook_endpoints::table.on(of_endpoint()))
        .filter(webhook_deliveries::project_id.eq(project).and(webhook_deliveries::endpoint_id.eq(endpoint)))
        .order(webhook_deliveries::id.desc())
        .limit(most)
        .select(WebhookDelivery::as_select())
        .load(conn)?;
    with_attempts(conn, project, rows)
}

/// The row of the event that a delivery sends; `None` when there is no such delivery, or it sends a test event.
pub fn event_of(conn: &mut Conn, project: ProjectId, delivery: DeliveryId) -> QueryResult<Option<EventId>> {
    let row: Option<Option<EventId>> = webhook_deliveries::table
        .find((project, delivery))
        .select(webhook_deliveries::event_row)
        .first(conn)
        .optional()?;
    Ok(row.flatten())
}

/// Whether a delivery was tried since it was last queued, or does not exist any more.
pub fn is_tried(conn: &mut Conn, project: ProjectId, delivery: DeliveryId) -> QueryResult<bool> {
    let tries: Option<i64> =
        webhook_deliveries::table.find((project, delivery)).select(webhook_deliveries::tries).first(conn).optional()?;
    Ok(tries.is_none_or(|tries| tries > 0))
}

/// A delivery of a customer's event to an endpoint.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = webhook_deliveries)]
pub struct PassedOn {
    #[diesel(select_expression = webhook_endpoints::name)]
    pub endpoint: String,
    pub event_type: String,
    pub queued_at: Moment,
    pub state: State,
}

/// The deliveries of a customer's events that are still kept, the oldest first.
pub fn of_customer(conn: &mut Conn, project: ProjectId, customer: CustomerId) -> QueryResult<Vec<PassedOn>> {
    let events = history::table.filter(history::customer_id.eq(customer)).select(history::event_id.nullable());
    webhook_deliveries::table
        .inner_join(webhook_endpoints::table.on(of_endpoint()))
        .filter(webhook_deliveries::project_id.eq(project).and(webhook_deliveries::event_row.eq_any(events)))
        .order(webhook_deliveries::id)
        .select(PassedOn::as_select())
        .load(conn)
}

/// Joins a delivery with its endpoint.
#[diesel::dsl::auto_type]
pub(super) fn of_endpoint() -> _ {
    let same_project = webhook_endpoints::project_id.eq(webhook_deliveries::project_id);
    same_project.and(webhook_endpoints::id.eq(webhook_deliveries::endpoint_id))
}

fn with_attempts(conn: &mut Conn, project: ProjectId, rows: Vec<WebhookDelivery>) -> QueryResult<Vec<Tried>> {
    let ids: Vec<DeliveryId> = rows.iter().map(|row| row.id).collect();
    let made: Vec<Attempt> = attempts::table
        .filter(attempts::project_id.eq(project).and(attempts::delivery_id.eq_any(&ids)))
        .order(attempts::id.desc())
        .select(Attempt::as_select())
        .limit(ATTEMPTS)
        .load(conn)?;
    let mut by_delivery: BTreeMap<DeliveryId, Vec<Attempt>> = BTreeMap::new();
    made.into_iter().for_each(|attempt| by_delivery.entry(attempt.delivery).or_default().push(attempt));
    let tried = |row: WebhookDelivery| {
        let attempts = by_delivery.remove(&row.id).unwrap_or_default();
        (row, attempts)
    };
    Ok(rows.into_iter().map(tried).collect())
}

//! Deliveries as pages show them (§4.4): the endpoint, the status, and the request and answer of each attempt.

use std::collections::BTreeMap;

use askama::Template;
use askama::filters::HtmlSafe;
use diesel::prelude::*;

use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, DeliveryId, EndpointId, EventId, ProjectId, RowId};
use crate::db::Conn;
use crate::db::schema::{delivery_attempts as attempts, history, webhook_deliveries, webhook_endpoints};
use crate::wording::sentence::{Sentence, Stamp};
use crate::wording::text::count;

/// How many attempts are loaded for all deliveries of a page.
const ATTEMPTS: i64 = 200;

/// A delivery with its attempts, the newest first.
#[derive(Debug, Clone, Template)]
#[template(path = "endpoints/delivery.html")]
pub struct Sent {
    row: Row,
    attempts: Vec<Attempt>,
    now: Moment,
    /// For people who may send again: the path the form posts to, and the key that makes it work only once.
    again: Option<(String, String)>,
    /// Whether the page is that of an event, where the row begins with the endpoint, or of an endpoint, where it
    /// begins with the event's type.
    is_of_event: bool,
}

impl HtmlSafe for Sent {}

#[derive(Debug, Clone, Queryable)]
struct Row {
    id: DeliveryId,
    event_type: String,
    body: String,
    queued_at: Moment,
    state: String,
    next_attempt_at: Moment,
    leased_by: Option<RowId>,
    tries: i64,
    finished_at: Moment,
    name: String,
    url: String,
    is_on: bool,
}

#[derive(Debug, Clone, Queryable)]
struct Attempt {
    delivery: DeliveryId,
    at: Moment,
    took_ms: i64,
    headers: String,
    status: Option<i64>,
    body: Option<String>,
    problem: Option<String>,
}

/// The deliveries of an event.
pub fn of_event(conn: &mut Conn, project: ProjectId, event_row: EventId, now: Moment) -> QueryResult<Vec<Sent>> {
    let rows = rows()
        .filter(webhook_deliveries::project_id.eq(project).and(webhook_deliveries::event_row.eq(event_row)))
        .order(webhook_deliveries::id)
        .load(conn)?;
    with_attempts(conn, project, rows, now, true)
}

/// The newest deliveries to an endpoint.
pub fn to(conn: &mut Conn, project: ProjectId, endpoint: EndpointId, most: i64, now: Moment) -> QueryResult<Vec<Sent>> {
    let rows = rows()
        .filter(webhook_deliveries::project_id.eq(project).and(webhook_deliveries::endpoint_id.eq(endpoint)))
        .order(webhook_deliveries::id.desc())
        .limit(most)
        .load(conn)?;
    with_attempts(conn, project, rows, now, false)
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
#[derive(Debug, Clone, Queryable)]
pub struct PassedOn {
    pub endpoint: String,
    pub event_type: String,
    pub queued_at: Moment,
    /// `waiting`, `sent` or `failed`.
    pub state: String,
}

/// The deliveries of a customer's events that are still kept, the oldest first.
pub fn of_customer(conn: &mut Conn, project: ProjectId, customer: CustomerId) -> QueryResult<Vec<PassedOn>> {
    let endpoint = webhook_endpoints::project_id
        .eq(webhook_deliveries::project_id)
        .and(webhook_endpoints::id.eq(webhook_deliveries::endpoint_id));
    let events = history::table.filter(history::customer_id.eq(customer)).select(history::event_id.nullable());
    webhook_deliveries::table
        .inner_join(webhook_endpoints::table.on(endpoint))
        .filter(webhook_deliveries::project_id.eq(project).and(webhook_deliveries::event_row.eq_any(events)))
        .order(webhook_deliveries::id)
        .select((
            webhook_endpoints::name,
            webhook_deliveries::event_type,
            webhook_deliveries::queued_at,
            webhook_deliveries::state,
        ))
        .load(conn)
}

#[diesel::dsl::auto_type]
fn rows() -> _ {
    let own = webhook_endpoints::project_id
        .eq(webhook_deliveries::project_id)
        .and(webhook_endpoints::id.eq(webhook_deliveries::endpoint_id));
    webhook_deliveries::table.inner_join(webhook_endpoints::table.on(own)).select((
        webhook_deliveries::id,
        webhook_deliveries::event_type,
        webhook_deliveries::body,
        webhook_deliveries::queued_at,
        webhook_deliveries::state,
        webhook_deliveries::next_attempt_at,
        webhook_deliveries::leased_by,
        webhook_deliveries::tries,
        webhook_deliveries::finished_at,
        webhook_endpoints::name,
        webhook_endpoints::url,
        webhook_endpoints::is_on,
    ))
}

fn with_attempts(
    conn: &mut Conn,
    project: ProjectId,
    rows: Vec<Row>,
    now: Moment,
    is_of_event: bool,
) -> QueryResult<Vec<Sent>> {
    let ids: Vec<DeliveryId> = rows.iter().map(|row| row.id).collect();
    let made: Vec<Attempt> = attempts::table
        .filter(attempts::project_id.eq(project).and(attempts::delivery_id.eq_any(&ids)))
        .order(attempts::id.desc())
        .select((
            attempts::delivery_id,
            attempts::at,
            attempts::took_ms,
            attempts::request_headers,
            attempts::status,
            attempts::response_body,
            attempts::problem,
        ))
        .limit(ATTEMPTS)
        .load(conn)?;
    let mut by_delivery: BTreeMap<DeliveryId, Vec<Attempt>> = BTreeMap::new();
    made.into_iter().for_each(|attempt| by_delivery.entry(attempt.delivery).or_default().push(attempt));
    let sent = |row: Row| {
        let attempts = by_delivery.remove(&row.id).unwrap_or_default();
        Sent { row, attempts, now, again: None, is_of_event }
    };
    Ok(rows.into_iter().map(sent).collect())
}

impl Sent {
    pub fn id(&self) -> DeliveryId {
        self.row.id
    }

    /// Adds a form that sends it again by a POST to `action`.
    #[must_use]
    pub fn sent_again_at(self, action: String, once: String) -> Sent {
        Sent { again: Some((action, once)), ..self }
    }

    fn is_under_way(&self) -> bool {
        self.row.state == "waiting" && self.row.leased_by.is_some() && self.row.next_attempt_at > self.now
    }

    /// The status and the tone of its badge.
    fn status(&self) -> (&'static str, &'static str) {
        match self.row.state.as_str() {
            "sent" => ("Sent", "good"),
            "failed" => ("Failed", "bad"),
            _ if self.is_under_way() => ("Being sent", "quiet"),
            _ if self.row.tries > 0 => ("Retrying", "warn"),
            _ => ("Waiting", "quiet"),
        }
    }

    /// `Delivered 3 minutes ago, at the second attempt`.
    fn summary(&self) -> Sentence {
        let attempts = count(self.row.tries, "attempt", "attempts");
        let relative = |at| Stamp::relative(at, self.now).inside();
        match self.row.state.as_str() {
            "sent" => Sentence::new("Delivered ").time(relative(self.row.finished_at)).words(format!(", {attempts}.")),
            "failed" => {
                let given_up = Sentence::new("Given up ").time(relative(self.row.finished_at));
                given_up.words(format!(" after {attempts}. It is not retried automatically."))
            }
            _ if self.is_under_way() => Sentence::new("It is being sent now."),
            _ if !self.row.is_on => Sentence::new("It waits until the endpoint is switched on again."),
            _ if self.row.tries > 0 => {
                let next = Sentence::new(format!("{attempts} so far, the next "));
                if self.row.next_attempt_at <= self.now {
                    next.words("now.")
                } else {
                    next.time(relative(self.row.next_attempt_at)).words(".")
                }
            }
            _ => Sentence::new("Queued ").time(relative(self.row.queued_at)).words("."),
        }
    }

    /// The outcome of the newest attempt.
    fn last(&self) -> Option<String> {
        self.attempts.first().map(Attempt::outcome)
    }

    /// The body, indented if it is JSON.
    fn body(&self) -> String {
        let value: Option<serde_json::Value> = serde_json::from_str(&self.row.body).ok();
        let pretty = value.and_then(|value| serde_json::to_string_pretty(&value).ok());
        pretty.unwrap_or_else(|| self.row.body.clone())
    }

    fn headers(&self) -> Option<&str> {
        self.attempts.first().map(|attempt| attempt.headers.as_str())
    }

    /// Each attempt with its time.
    fn attempts(&self) -> impl Iterator<Item = (Stamp, &Attempt)> {
        self.attempts.iter().map(|attempt| (Stamp::full(attempt.at), attempt))
    }
}

impl Attempt {
    /// `Answered 503.`, or what went wrong.
    fn outcome(&self) -> String {
        match (self.status, &self.problem) {
            (Some(status @ 300..=399), _) => format!("Answered {status}. Redirects are not followed."),
            (Some(status @ 201..=299), _) => format!("Answered {status}. Only 200 counts as received."),
            (Some(status), _) => format!("Answered {status}."),
            (None, Some(problem)) => problem.clone(),
            (None, None) => "No answer.".into(),
        }
    }

    /// `0.2 s`
    fn took(&self) -> String {
        format!("{}.{} s", self.took_ms / 1000, self.took_ms % 1000 / 100)
    }
}

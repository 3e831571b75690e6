//! Takes deliveries out of the queue. A lease sets a mark and a later time for the next attempt. Until then no other
//! process takes the delivery; if the lease ends without a result, any process may take it.

use diesel::prelude::*;

use super::client::Answer;
use super::deliveries::{State, of_endpoint};
use crate::base::clock::Moment;
use crate::base::ids::{DeliveryId, EndpointId, ProjectId, RowId};
use crate::db::Conn;
use crate::db::schema::{delivery_attempts as attempts, webhook_deliveries, webhook_endpoints};
use crate::endpoints::Endpoint;

/// How long a lease lasts, in seconds. It is longer than a request can take.
pub const LEASE: i64 = 150;

/// The waits before the second and later attempts, in minutes (§5.1).
pub const RETRIES: [i64; 5] = [5, 10, 20, 40, 80];

/// A delivery that this process has taken.
pub struct Job {
    pub project: ProjectId,
    pub id: DeliveryId,
    pub endpoint: Endpoint,
    pub body: String,
    /// How many attempts were made since the delivery was last queued.
    pub tries: i64,
    /// The mark of the lease.
    pub mark: RowId,
}

/// A delivery that may be sent.
#[derive(Queryable, Selectable)]
#[diesel(table_name = webhook_deliveries)]
struct Ready {
    project_id: ProjectId,
    id: DeliveryId,
    body: String,
    tries: i64,
    #[diesel(embed)]
    endpoint: Endpoint,
}

/// Takes up to `room` deliveries that are due: none for the endpoints in `excluded`, and at most `each` for any other.
/// The caller chooses a `mark` that no other call in any process uses.
pub fn take(
    conn: &mut Conn,
    mark: RowId,
    now: Moment,
    excluded: &[EndpointId],
    room: usize,
    each: usize,
) -> QueryResult<Vec<Job>> {
    let ready: Vec<Ready> = webhook_deliveries::table
        .inner_join(webhook_endpoints::table.on(of_endpoint()))
        .filter(webhook_deliveries::state.eq(State::Waiting).and(webhook_deliveries::next_attempt_at.le(now)))
        .filter(webhook_endpoints::is_on.eq(true).and(webhook_deliveries::endpoint_id.ne_all(excluded)))
        .order((webhook_deliveries::next_attempt_at, webhook_deliveries::id))
        .select(Ready::as_select())
        .limit(i64::try_from(room.saturating_mul(4)).unwrap_or(i64::MAX))
        .load(conn)?;
    let mut taken: Vec<Job> = Vec::new();
    for Ready { project_id: project, id, body, tries, endpoint } in ready {
        let already = taken.iter().filter(|job| job.endpoint.id == endpoint.id).count();
        if taken.len() < room && already < each && lease(conn, project, id, mark, now)? {
            taken.push(Job { project, id, endpoint, body, tries, mark });
        }
    }
    Ok(taken)
}

/// Leases a delivery; returns whether no other process has taken it before.
fn lease(conn: &mut Conn, project: ProjectId, id: DeliveryId, mark: RowId, now: Moment) -> QueryResult<bool> {
    let is_free = webhook_deliveries::state.eq(State::Waiting).and(webhook_deliveries::next_attempt_at.le(now));
    let leased =
        (webhook_deliveries::next_attempt_at.eq(now.plus_seconds(LEASE)), webhook_deliveries::leased_by.eq(Some(mark)));
    Ok(diesel::update(webhook_deliveries::table.find((project, id)).filter(is_free)).set(leased).execute(conn)? > 0)
}

/// One attempt at a delivery.
#[derive(Clone, Copy)]
pub struct Attempt<'a> {
    pub id: RowId,
    /// When the request was sent.
    pub at: Moment,
    /// The headers of the request as pages show them.
    pub headers: &'a str,
    pub answer: &'a Answer,
}

/// Records the result of a delivery. Nothing is recorded when the delivery was erased meanwhile,
/// or when another process has taken it after the lease ended.
pub fn finish(conn: &mut Conn, job: &Job, attempt: &Attempt<'_>, now: Moment) -> QueryResult<()> {
    let Attempt { id, at, headers, answer } = *attempt;
    let retry = usize::try_from(job.tries).ok().and_then(|tries| RETRIES.get(tries)).copied();
    let (state, next_attempt_at) = match (answer.is_success(), retry) {
        (true, _) => (State::Sent, now),
        (false, Some(minutes)) => (State::Waiting, now.plus_seconds(minutes * 60)),
        (false, None) => (State::Failed, now),
    };
    let done = (
        webhook_deliveries::state.eq(state),
        webhook_deliveries::next_attempt_at.eq(next_attempt_at),
        webhook_deliveries::leased_by.eq(None::<RowId>),
        webhook_deliveries::tries.eq(job.tries + 1),
        webhook_deliveries::finished_at.eq(if state == State::Waiting { Moment::NEVER } else { now }),
    );
    let own =
        webhook_deliveries::table.find((job.project, job.id)).filter(webhook_deliveries::leased_by.eq(Some(job.mark)));
    if diesel::update(own).set(done).execute(conn)? == 0 {
        return Ok(());
    }
    let status = answer.status.map(i64::from);
    let attempt = (
        attempts::project_id.eq(job.project),
        attempts::delivery_id.eq(job.id),
        attempts::id.eq(id),
        attempts::at.eq(at),
        attempts::took_ms.eq(answer.took_ms),
        attempts::request_headers.eq(headers),
        attempts::status.eq(status),
        attempts::response_body.eq(&answer.body),
        attempts::problem.eq(&answer.problem),
    );
    diesel::insert_into(attempts::table).values(attempt).execute(conn)?;
    let last = (
        webhook_endpoints::last_at.eq(Some(at)),
        webhook_endpoints::last_status.eq(status),
        webhook_endpoints::last_problem.eq(&answer.problem),
    );
    diesel::update(webhook_endpoints::table.find((job.project, job.endpoint.id))).set(last).execute(conn)?;
    Ok(())
}

/// Whether [`take`] would find a delivery.
pub fn has_ready(conn: &mut Conn, now: Moment, excluded: &[EndpointId]) -> QueryResult<bool> {
    let ready: Option<DeliveryId> = webhook_deliveries::table
        .inner_join(webhook_endpoints::table.on(of_endpoint()))
        .filter(webhook_deliveries::state.eq(State::Waiting).and(webhook_deliveries::next_attempt_at.le(now)))
        .filter(webhook_endpoints::is_on.eq(true).and(webhook_deliveries::endpoint_id.ne_all(excluded)))
        .select(webhook_deliveries::id)
        .first(conn)
        .optional()?;
    Ok(ready.is_some())
}

//! Taking deliveries out of the queue. A lease is a later due time and a mark: as long as it lasts nobody else takes the
//! delivery, and when it ends without a word, anybody may.

use diesel::prelude::*;

use super::client::Answer;
use crate::base::clock::Moment;
use crate::db::Conn;
use crate::db::schema::{delivery_attempts as attempts, webhook_deliveries, webhook_endpoints};
use crate::endpoints::Endpoint;

/// How long a delivery is kept for whoever took it, in seconds: longer than a request can last.
pub const LEASE: i64 = 150;

/// The waits before the attempts after the first, in minutes (§5.1).
pub const RETRIES: [i64; 5] = [5, 10, 20, 40, 80];

/// A delivery that this process has taken.
pub struct Job {
    pub project: i64,
    pub id: i64,
    pub endpoint: Endpoint,
    pub body: String,
    /// Attempts before this one, since it was last queued.
    pub tries: i64,
    /// The mark of the lease.
    pub mark: i64,
}

type Row = (i64, i64, String, i64, Endpoint);

/// Takes up to `room` deliveries that are due, none for the endpoints in `busy`, at most `each` for one endpoint. `mark`
/// is different for every call of every process.
pub fn take(
    conn: &mut Conn,
    (mark, now): (i64, Moment),
    busy: &[i64],
    (room, each): (usize, usize),
) -> QueryResult<Vec<Job>> {
    let own = webhook_endpoints::project_id
        .eq(webhook_deliveries::project_id)
        .and(webhook_endpoints::id.eq(webhook_deliveries::endpoint_id));
    let ready: Vec<Row> = webhook_deliveries::table
        .inner_join(webhook_endpoints::table.on(own))
        .filter(webhook_deliveries::state.eq("waiting").and(webhook_deliveries::next_attempt_at.le(now)))
        .filter(webhook_endpoints::is_on.eq(true).and(webhook_deliveries::endpoint_id.ne_all(busy)))
        .order((webhook_deliveries::next_attempt_at, webhook_deliveries::id))
        .select((
            webhook_deliveries::project_id,
            webhook_deliveries::id,
            webhook_deliveries::body,
            webhook_deliveries::tries,
            Endpoint::as_select(),
        ))
        .limit(i64::try_from(room.saturating_mul(4)).unwrap_or(i64::MAX))
        .load(conn)?;
    let mut taken: Vec<Job> = Vec::new();
    for (project, id, body, tries, endpoint) in ready {
        let already = taken.iter().filter(|job| job.endpoint.id == endpoint.id).count();
        if taken.len() < room && already < each && lease(conn, (project, id), mark, now)? {
            taken.push(Job { project, id, endpoint, body, tries, mark });
        }
    }
    Ok(taken)
}

/// Whether nobody else was faster.
fn lease(conn: &mut Conn, row: (i64, i64), mark: i64, now: Moment) -> QueryResult<bool> {
    let is_free = webhook_deliveries::state.eq("waiting").and(webhook_deliveries::next_attempt_at.le(now));
    let leased =
        (webhook_deliveries::next_attempt_at.eq(now.plus_seconds(LEASE)), webhook_deliveries::leased_by.eq(Some(mark)));
    Ok(diesel::update(webhook_deliveries::table.find(row).filter(is_free)).set(leased).execute(conn)? > 0)
}

/// Enters what came of a delivery, as the attempt `id`. One that was erased meanwhile, or that another has taken over,
/// is left as it is.
pub fn finish(
    conn: &mut Conn,
    job: &Job,
    (id, at, now): (i64, Moment, Moment),
    (headers, answer): (&str, &Answer),
) -> QueryResult<()> {
    let retry = usize::try_from(job.tries).ok().and_then(|tries| RETRIES.get(tries)).copied();
    let (state, next_attempt_at) = match (answer.is_success(), retry) {
        (true, _) => ("sent", now),
        (false, Some(minutes)) => ("waiting", now.plus_seconds(minutes * 60)),
        (false, None) => ("failed", now),
    };
    let done = (
        webhook_deliveries::state.eq(state),
        webhook_deliveries::next_attempt_at.eq(next_attempt_at),
        webhook_deliveries::leased_by.eq(None::<i64>),
        webhook_deliveries::tries.eq(job.tries + 1),
        webhook_deliveries::finished_at.eq(if state == "waiting" { Moment::NEVER } else { now }),
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

/// Whether any delivery is due that [`take`] would take.
pub fn has_ready(conn: &mut Conn, now: Moment, busy: &[i64]) -> QueryResult<bool> {
    let own = webhook_endpoints::project_id
        .eq(webhook_deliveries::project_id)
        .and(webhook_endpoints::id.eq(webhook_deliveries::endpoint_id));
    let ready: Option<i64> = webhook_deliveries::table
        .inner_join(webhook_endpoints::table.on(own))
        .filter(webhook_deliveries::state.eq("waiting").and(webhook_deliveries::next_attempt_at.le(now)))
        .filter(webhook_endpoints::is_on.eq(true).and(webhook_deliveries::endpoint_id.ne_all(busy)))
        .select(webhook_deliveries::id)
        .first(conn)
        .optional()?;
    Ok(ready.is_some())
}

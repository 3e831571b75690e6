//! Taking deliveries out of the queue. A lease is a later due time and a mark: as long as it lasts nobody else takes the
//! delivery, and when it ends without a word, anybody may.

use diesel::prelude::*;

use super::client::Answer;
use crate::base::clock::Moment;
use crate::db::Conn;
use crate::db::schema::{delivery_attempts as attempts, destinations, outgoing};
use crate::endpoints::Destination;

/// How long a delivery is kept for whoever took it, in seconds: longer than a request can last.
pub const LEASE: i64 = 150;

/// The waits before the attempts after the first, in minutes (§5.1).
pub const RETRIES: [i64; 5] = [5, 10, 20, 40, 80];

/// A delivery that this process has taken.
pub struct Job {
    pub project: i64,
    pub id: i64,
    pub destination: Destination,
    pub body: String,
    /// Attempts before this one, since it was last queued.
    pub tries: i64,
    /// The mark of the lease.
    pub mark: i64,
}

type Row = (i64, i64, String, i64, Destination);

/// Takes up to `room` deliveries that are due, none for the endpoints in `busy`, at most `each` for one endpoint. `mark`
/// is different for every call of every process.
///
/// # Errors
/// What the database said.
pub fn take(
    conn: &mut Conn,
    (mark, now): (i64, Moment),
    busy: &[i64],
    (room, each): (usize, usize),
) -> QueryResult<Vec<Job>> {
    let own = destinations::project_id.eq(outgoing::project_id).and(destinations::id.eq(outgoing::destination_id));
    let due: Vec<Row> = outgoing::table
        .inner_join(destinations::table.on(own))
        .filter(outgoing::state.eq("waiting").and(outgoing::due_at.le(now)))
        .filter(destinations::is_on.eq(true).and(outgoing::destination_id.ne_all(busy)))
        .order((outgoing::due_at, outgoing::id))
        .select((outgoing::project_id, outgoing::id, outgoing::body, outgoing::tries, Destination::as_select()))
        .limit(i64::try_from(room.saturating_mul(4)).unwrap_or(i64::MAX))
        .load(conn)?;
    let mut taken: Vec<Job> = Vec::new();
    for (project, id, body, tries, destination) in due {
        let already = taken.iter().filter(|job| job.destination.id == destination.id).count();
        if taken.len() < room && already < each && lease(conn, (project, id), mark, now)? {
            taken.push(Job { project, id, destination, body, tries, mark });
        }
    }
    Ok(taken)
}

/// Whether nobody else was faster.
fn lease(conn: &mut Conn, row: (i64, i64), mark: i64, now: Moment) -> QueryResult<bool> {
    let is_free = outgoing::state.eq("waiting").and(outgoing::due_at.le(now));
    let leased = (outgoing::due_at.eq(now.plus_seconds(LEASE)), outgoing::leased_by.eq(Some(mark)));
    Ok(diesel::update(outgoing::table.find(row).filter(is_free)).set(leased).execute(conn)? > 0)
}

/// Enters what came of a delivery, as the attempt `id`. One that was erased meanwhile, or that another has taken over,
/// is left as it is.
///
/// # Errors
/// What the database said.
pub fn finish(
    conn: &mut Conn,
    job: &Job,
    (id, at, now): (i64, Moment, Moment),
    (headers, answer): (&str, &Answer),
) -> QueryResult<()> {
    let retry = usize::try_from(job.tries).ok().and_then(|tries| RETRIES.get(tries)).copied();
    let (state, due_at) = match (answer.is_success(), retry) {
        (true, _) => ("sent", now),
        (false, Some(minutes)) => ("waiting", now.plus_seconds(minutes * 60)),
        (false, None) => ("failed", now),
    };
    let done = (
        outgoing::state.eq(state),
        outgoing::due_at.eq(due_at),
        outgoing::leased_by.eq(None::<i64>),
        outgoing::tries.eq(job.tries + 1),
        outgoing::finished_at.eq(if state == "waiting" { Moment::NEVER } else { now }),
    );
    let own = outgoing::table.find((job.project, job.id)).filter(outgoing::leased_by.eq(Some(job.mark)));
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
        destinations::last_at.eq(Some(at)),
        destinations::last_status.eq(status),
        destinations::last_problem.eq(&answer.problem),
    );
    diesel::update(destinations::table.find((job.project, job.destination.id))).set(last).execute(conn)?;
    Ok(())
}

/// Whether any delivery is due that [`take`] would take.
///
/// # Errors
/// What the database said.
pub fn is_due(conn: &mut Conn, now: Moment, busy: &[i64]) -> QueryResult<bool> {
    let own = destinations::project_id.eq(outgoing::project_id).and(destinations::id.eq(outgoing::destination_id));
    let due: Option<i64> = outgoing::table
        .inner_join(destinations::table.on(own))
        .filter(outgoing::state.eq("waiting").and(outgoing::due_at.le(now)))
        .filter(destinations::is_on.eq(true).and(outgoing::destination_id.ne_all(busy)))
        .select(outgoing::id)
        .first(conn)
        .optional()?;
    Ok(due.is_some())
}

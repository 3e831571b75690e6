//! Requests of a database that was copied. The original may have sent them since, or may do so now. So they are left alone until an
//! admin lets this database act, and are then settled by reading, never by sending them.

use diesel::prelude::*;

use super::queries::{self, Move};
use super::{Request, State, Step, echo};
use crate::base::clock::Moment;
use crate::base::ids::{PersonId, ProjectId, RequestId};
use crate::db::Conn;
use crate::db::schema::requests;

/// The words of the step by which a request is left alone.
pub const WORDS: &str = "This database was copied, moved or restored: another one may have sent it. Nothing happens here until an \
                         admin lets this database act, under Settings, Connections.";

/// The words of the step by which it is looked at again.
pub const RELEASED: &str = "This database may act. What came of it is read in the store; it is not sent.";

/// Leaves every open request of a project alone; returns how many there are.
pub fn hold(conn: &mut Conn, project: ProjectId, now: Moment) -> QueryResult<usize> {
    let states: Vec<&str> = State::ALL.into_iter().filter(|state| state.is_open()).map(State::name).collect();
    let open = requests::table.filter(requests::project_id.eq(project).and(requests::state.eq_any(states)));
    let open: Vec<Request> = open.order(requests::id).select(Request::as_select()).load(conn)?;
    open.iter().try_for_each(|request| hold_one(conn, request, now))?;
    Ok(open.len())
}

fn hold_one(conn: &mut Conn, request: &Request, now: Moment) -> QueryResult<()> {
    let (key, state) = ((request.project, request.id), State::Unknown);
    if request.state == state {
        queries::add_step(conn, key, &step(request.id, now, None, WORDS))?;
        queries::postpone(conn, key, None)?;
    } else {
        let next = Move { state, at: now, due_at: None, person: None, words: WORDS.into() };
        queries::advance(conn, request, &next)?;
    }
    // The original may have sent it at any time since: the store's own event of that is to be recognised.
    let unsent = requests::table.find(key).filter(requests::sent_at.is_null());
    let may_come = now.plus_minutes(echo::AWAITED_HOURS * 60);
    diesel::update(unsent)
        .set((requests::sent_at.eq(request.asked_at), requests::echo_until.eq(may_come)))
        .execute(conn)
        .map(drop)
}

/// Lets every request of a project that nothing happens to by itself be read in its store, because `person` lets this database act;
/// returns how many these are.
pub fn release(conn: &mut Conn, project: ProjectId, person: Option<PersonId>, now: Moment) -> QueryResult<usize> {
    let left = requests::project_id.eq(project).and(requests::state.eq(State::Unknown)).and(requests::due_at.is_null());
    let left: Vec<RequestId> = requests::table.filter(left).order(requests::id).select(requests::id).load(conn)?;
    for id in &left {
        queries::add_step(conn, (project, *id), &step(*id, now, person, RELEASED))?;
        let again = (requests::state_at.eq(now), requests::due_at.eq(now), requests::lease_until.eq(None::<Moment>));
        diesel::update(requests::table.find((project, *id))).set(again).execute(conn)?;
    }
    Ok(left.len())
}

fn step(request: RequestId, at: Moment, person: Option<PersonId>, words: &str) -> Step {
    Step { request, at, state: State::Unknown, person, words: words.to_owned() }
}

/// Whether a request was left alone because the database was copied: another one may have sent it since.
pub fn was_held(conn: &mut Conn, (project, id): queries::Key) -> QueryResult<bool> {
    Ok(queries::steps(conn, project, &[id])?.iter().any(|step| step.words == WORDS))
}

impl Request {
    /// Whether this database never sent it. An original that it was copied from may have done so.
    pub fn is_unsent(&self) -> bool {
        self.attempts == 0
    }
}

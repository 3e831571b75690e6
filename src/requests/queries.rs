//! Reads and writes requests and their steps. Every change of a state is written with its step.

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::{Asker, NewRequest, Request, State, Step, echo};
use crate::audit::ActorKind;
use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, EventId, PersonId, ProjectId, RequestId};
use crate::db::Conn;
use crate::db::schema::{connections, request_steps, requests};
use crate::stores::{ActionKind, OrderKind, Outcome};

/// The kind of refunds.
const REFUND: OrderKind = OrderKind::Purchase(ActionKind::Refund);

/// Stores a request with its first step.
pub fn insert(conn: &mut Conn, new: &NewRequest<'_>, now: Moment) -> QueryResult<()> {
    let (once, fingerprint) = new.once.as_ref().map_or((None, None), |(key, hash)| (Some(*key), Some(hash.as_str())));
    let project = new.order.project;
    let terms = serde_json::to_string(new.order).unwrap_or_default();
    let row = (
        (requests::project_id.eq(project), requests::id.eq(new.id), requests::customer_id.eq(new.customer)),
        (requests::kind.eq(new.order.wanted.kind()), requests::environment.eq(new.environment)),
        (requests::purchase.eq(new.purchase), requests::transaction_id.eq(echo::named_by(new.order))),
        (requests::terms.eq(terms), requests::reason.eq(new.reason), requests::state.eq(new.state)),
        (requests::state_at.eq(now), requests::asked_at.eq(now), requests::asker_kind.eq(new.asker.kind)),
        (requests::asker_id.eq(new.asker.id), requests::asker_role.eq(&new.asker.role)),
        (requests::open_as.eq(&new.open_as), requests::once.eq(once), requests::fingerprint.eq(fingerprint)),
        (requests::attempts.eq(0), requests::due_at.eq(new.due_at)),
    );
    diesel::insert_into(requests::table).values(row).execute(conn)?;
    let person = (new.asker.kind == ActorKind::Person).then_some(PersonId(new.asker.id.0));
    add_step(
        conn,
        (project, new.id),
        &Step { request: new.id, at: now, state: new.state, person, words: String::new() },
    )
}

/// A request, by its project and id.
pub type Key = (ProjectId, RequestId);

pub fn find(conn: &mut Conn, (project, id): Key) -> QueryResult<Option<Request>> {
    requests::table.find((project, id)).select(Request::as_select()).first(conn).optional()
}

/// The open request that is about the same.
pub fn open(conn: &mut Conn, project: ProjectId, open_as: &str) -> QueryResult<Option<Request>> {
    let own = requests::project_id.eq(project).and(requests::open_as.eq(open_as));
    requests::table.filter(own).select(Request::as_select()).first(conn).optional()
}

/// The request that was made with this key, and the hash of what it said.
pub fn made_with(
    conn: &mut Conn,
    project: ProjectId,
    asker: &Asker,
    once: &str,
) -> QueryResult<Option<(Request, Option<String>)>> {
    let of_asker = requests::asker_kind.eq(asker.kind).and(requests::asker_id.eq(asker.id));
    requests::table
        .filter(requests::project_id.eq(project).and(of_asker).and(requests::once.eq(once)))
        .select((Request::as_select(), requests::fingerprint))
        .first(conn)
        .optional()
}

/// The older requests of the same kind for the same customer that are not sent yet, or are being sent.
pub fn older_to_send(conn: &mut Conn, request: &Request) -> QueryResult<Vec<Request>> {
    let states = [State::Asked, State::Sending].map(State::name);
    let own = requests::customer_id.eq(request.customer).and(requests::kind.eq(request.kind));
    let older = requests::table.filter(own.and(requests::state.eq_any(states)).and(requests::id.lt(request.id)));
    older.select(Request::as_select()).load(conn)
}

/// The newer requests of the same kind for the same customer that were sent.
pub fn newer_sent(conn: &mut Conn, request: &Request) -> QueryResult<Vec<Request>> {
    let own = requests::customer_id.eq(request.customer).and(requests::kind.eq(request.kind));
    let newer = requests::table.filter(own.and(requests::id.gt(request.id)).and(requests::sent_at.is_not_null()));
    newer.select(Request::as_select()).load(conn)
}

/// Lets the key of a request that was never sent be used again.
pub fn release_key(conn: &mut Conn, (project, id): Key) -> QueryResult<()> {
    diesel::update(requests::table.find((project, id))).set(requests::once.eq(None::<String>)).execute(conn)?;
    Ok(())
}

/// The requests of a customer, newest first.
pub fn of_customer(conn: &mut Conn, customer: CustomerId, most: i64) -> QueryResult<Vec<Request>> {
    let own = requests::table.filter(requests::customer_id.eq(customer));
    own.order((requests::asked_at.desc(), requests::id.desc())).limit(most).select(Request::as_select()).load(conn)
}

/// Those of these customers for whom something was sent of which nobody knows yet whether it was done.
pub fn under_way(conn: &mut Conn, customers: &[CustomerId]) -> QueryResult<Vec<CustomerId>> {
    let states = [State::Sending, State::Unknown, State::Pending].map(State::name);
    let own = requests::customer_id.eq_any(customers.to_vec()).and(requests::state.eq_any(states));
    requests::table.filter(own).select(requests::customer_id).distinct().load(conn)
}

/// The steps of requests of a project, oldest first.
pub fn steps(conn: &mut Conn, project: ProjectId, of: &[RequestId]) -> QueryResult<Vec<Step>> {
    let own = request_steps::project_id.eq(project).and(request_steps::request_id.eq_any(of.to_vec()));
    let steps = request_steps::table.filter(own).order((request_steps::request_id, request_steps::number));
    steps.select(Step::as_select()).load(conn)
}

/// How many refunds somebody has asked for since a moment, those that came to nothing left out.
pub fn count_refunds(conn: &mut Conn, project: ProjectId, asker: &Asker, since: Moment) -> QueryResult<i64> {
    let came_to_nothing = [State::Refused, State::Withdrawn, State::Expired].map(State::name);
    let of_asker = requests::asker_kind.eq(asker.kind).and(requests::asker_id.eq(asker.id));
    requests::table
        .filter(requests::project_id.eq(project).and(requests::asked_at.ge(since)).and(of_asker))
        .filter(requests::kind.eq(REFUND).and(requests::state.ne_all(came_to_nothing)))
        .count()
        .get_result(conn)
}

/// The projects whose connection is suspended.
macro_rules! suspended {
    () => {
        connections::table.filter(connections::suspended_at.is_not_null()).select(connections::project_id)
    };
}

/// The place of a request among those that are due.
pub type DuePlace = (Moment, RequestId);

/// The requests that are to be looked at after a place, the longest due first. None of a project whose connection is suspended.
pub fn due(conn: &mut Conn, now: Moment, after: DuePlace, most: i64) -> QueryResult<Vec<Request>> {
    let free = requests::lease_until.is_null().or(requests::lease_until.le(now));
    let later = requests::due_at.gt(after.0).or(requests::due_at.eq(after.0).and(requests::id.gt(after.1)));
    requests::table
        .filter(requests::due_at.le(now).and(requests::due_at.ge(after.0)).and(later).and(free))
        .filter(requests::project_id.ne_all(suspended!()))
        .order((requests::due_at, requests::id))
        .limit(most)
        .select(Request::as_select())
        .load(conn)
}

/// Gives a request to one worker until `until`. Returns it, unless another worker has it, nothing is due, or the connection of the
/// project is suspended.
pub fn claim(conn: &mut Conn, (project, id): Key, now: Moment, until: Moment) -> QueryResult<Option<Request>> {
    let free = requests::lease_until.is_null().or(requests::lease_until.le(now));
    let row = requests::table.find((project, id)).filter(requests::due_at.le(now).and(free));
    let row = row.filter(requests::project_id.ne_all(suspended!()));
    let claimed = diesel::update(row).set(requests::lease_until.eq(until)).execute(conn)?;
    if claimed == 0 { Ok(None) } else { find(conn, (project, id)) }
}

/// A change of state, and when the request is looked at next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    pub state: State,
    pub at: Moment,
    pub due_at: Option<Moment>,
    /// Who did it; `None` for the program.
    pub person: Option<PersonId>,
    /// What the other side said, or why.
    pub words: String,
}

/// Moves a request to another state, unless it has left the state that it was read in. Returns whether it was moved.
///
/// # Errors
/// [`diesel::result::Error::RollbackTransaction`] when that state cannot follow.
pub fn advance(conn: &mut Conn, request: &Request, next: &Move) -> QueryResult<bool> {
    if !request.state.may_become(next.state) {
        tracing::error!(from = request.state.name(), to = next.state.name(), "a state of a request that cannot follow");
        return Err(diesel::result::Error::RollbackTransaction);
    }
    let key = (request.project, request.id);
    let row = requests::table.find(key).filter(requests::state.eq(request.state));
    let moved = diesel::update(row)
        .set((
            requests::state.eq(next.state),
            requests::state_at.eq(next.at),
            requests::due_at.eq(next.due_at),
            requests::lease_until.eq(None::<Moment>),
        ))
        .execute(conn)?;
    if moved == 0 {
        return Ok(false);
    }
    if !next.state.is_open() {
        diesel::update(requests::table.find(key)).set(requests::open_as.eq(None::<String>)).execute(conn)?;
    }
    let Move { state, at, person, ref words, .. } = *next;
    add_step(conn, key, &Step { request: request.id, at, state, person, words: words.clone() })?;
    Ok(true)
}

/// Looks at a request again later, and lets go of it.
pub fn postpone(conn: &mut Conn, (project, id): Key, due_at: Option<Moment>) -> QueryResult<()> {
    let row = requests::table.find((project, id));
    let later = (requests::due_at.eq(due_at), requests::lease_until.eq(None::<Moment>));
    diesel::update(row).set(later).execute(conn)?;
    Ok(())
}

/// Notes that it is sent now: until when its answer is awaited, and until when the store's own event of it.
pub fn note_sent(
    conn: &mut Conn,
    key: Key,
    snapshot: &str,
    at: Moment,
    lease: Moment,
    echo: Moment,
) -> QueryResult<()> {
    let sent = (
        requests::attempts.eq(requests::attempts + 1),
        requests::sent_at.eq(at),
        requests::snapshot.eq(snapshot),
        requests::lease_until.eq(lease),
        requests::echo_until.eq(echo),
    );
    diesel::update(requests::table.find(key)).set(sent).execute(conn)?;
    Ok(())
}

/// Requests that were done and whose event was awaited until now and has not come, the oldest first.
pub fn without_echo(conn: &mut Conn, now: Moment, most: i64) -> QueryResult<Vec<Request>> {
    let is_missed = requests::echo_event.is_null().and(requests::echo_missed_at.is_null());
    let done = requests::table.filter(requests::state.eq(State::Confirmed).and(is_missed));
    let late = done.filter(requests::echo_until.le(now));
    late.order((requests::echo_until, requests::id)).limit(most).select(Request::as_select()).load(conn)
}

/// Notes that the event of a request has not come.
pub fn note_missed(conn: &mut Conn, key: Key, now: Moment) -> QueryResult<()> {
    diesel::update(requests::table.find(key)).set(requests::echo_missed_at.eq(now)).execute(conn)?;
    Ok(())
}

pub fn note_outcome(conn: &mut Conn, key: Key, outcome: &Outcome, effect: Option<EventId>) -> QueryResult<()> {
    let done = (requests::reference.eq(outcome.reference.as_deref()), requests::effect_event.eq(effect));
    diesel::update(requests::table.find(key)).set(done).execute(conn)?;
    Ok(())
}

pub fn note_decider(conn: &mut Conn, key: Key, person: PersonId) -> QueryResult<()> {
    diesel::update(requests::table.find(key)).set(requests::decider_id.eq(person)).execute(conn)?;
    Ok(())
}

/// Adds a step without a change of state.
pub fn add_step(conn: &mut Conn, (project, request): Key, step: &Step) -> QueryResult<()> {
    let own = request_steps::project_id.eq(project).and(request_steps::request_id.eq(request));
    let number: i64 = request_steps::table.filter(own).count().get_result(conn)?;
    let row = (
        request_steps::project_id.eq(project),
        request_steps::request_id.eq(request),
        request_steps::number.eq(number),
        request_steps::at.eq(step.at),
        request_steps::state.eq(step.state),
        request_steps::person_id.eq(step.person),
        request_steps::words.eq(&step.words),
    );
    diesel::insert_into(request_steps::table).values(row).execute(conn)?;
    Ok(())
}

/// The requests of which the store's own event is awaited, or has come, that are about one of these transactions; the
/// oldest first.
pub fn with_echo(conn: &mut Conn, project: ProjectId, named: BTreeSet<&str>, now: Moment) -> QueryResult<Vec<Request>> {
    let named: Vec<&str> = named.into_iter().collect();
    let about = requests::project_id.eq(project).and(requests::transaction_id.eq_any(named));
    // One that has not come is awaited however late it arrives; the time that the event names decides then.
    let is_awaited =
        requests::echo_until.gt(now).or(requests::echo_until.is_not_null().and(requests::echo_event.is_null()));
    let awaited = requests::table.filter(about.and(is_awaited));
    awaited.order((requests::asked_at, requests::id)).select(Request::as_select()).load(conn)
}

/// The requests that concern these customers as a whole and whose echo is awaited, or has come; the oldest first.
pub fn of_customers_with_echo(
    conn: &mut Conn,
    project: ProjectId,
    customers: BTreeSet<CustomerId>,
    now: Moment,
) -> QueryResult<Vec<Request>> {
    let kinds = OrderKind::OF_CUSTOMERS.map(OrderKind::name);
    let about = requests::customer_id.eq_any(customers).and(requests::project_id.eq(project));
    let awaited = requests::table.filter(about.and(requests::kind.eq_any(kinds)).and(requests::echo_until.gt(now)));
    awaited.order((requests::asked_at, requests::id)).select(Request::as_select()).load(conn)
}

/// The refunds of these payments that stores did, the oldest first.
pub fn done_refunds(conn: &mut Conn, project: ProjectId, named: BTreeSet<&str>) -> QueryResult<Vec<Request>> {
    let named: Vec<&str> = named.into_iter().collect();
    let about = requests::project_id.eq(project).and(requests::transaction_id.eq_any(named));
    let done = requests::kind.eq(REFUND).and(requests::state.eq(State::Confirmed));
    let refunds = requests::table.filter(about.and(done));
    refunds.order((requests::asked_at, requests::id)).select(Request::as_select()).load(conn)
}

pub fn note_echo(conn: &mut Conn, key: Key, event: EventId) -> QueryResult<()> {
    diesel::update(requests::table.find(key)).set(requests::echo_event.eq(event)).execute(conn)?;
    Ok(())
}

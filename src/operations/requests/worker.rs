//! The worker: sends requests, each under a lease, and settles those whose outcome is not known by reading, never by sending
//! again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::check::check;
use super::decide::again;
use super::{effects, held};
use crate::audit::Ctx;
use crate::base::clock::{Clock, Moment};
use crate::base::error::Error;
use crate::base::ids::{Ids, RequestId};
use crate::db::{Conn, Db};
use crate::requests::echo::AWAITED_HOURS;
use crate::requests::held::was_held;
use crate::requests::queries::{self, Key, Move};
use crate::requests::{Request, State, Step};
use crate::stores::revenuecat::queue::{self, Run};
use crate::stores::{Answer, CustomerAct, Line, Lines, Order, Outcome, Proof, Sent, Side, StoreClient, Unread, Wanted};
use crate::wording::text;

/// How long one worker has a request to itself, in seconds, apart from its calls: to write.
const WRITING_SECONDS: i64 = 5;

/// How long a worker has a request to itself where no store has to be called, in seconds.
const SHORT_LEASE: i64 = 60;

/// The shortest and the longest wait between two looks at the same request, in seconds. The wait grows with its age.
const SHORTEST_WAIT: i64 = 5;
const LONGEST_WAIT: i64 = 3_600;

/// How long what is not to wait may take until it is sent, in seconds: it may wait its turn, but not for another server.
const PROMPT_SECONDS: i64 = 60;

/// After so many hours without an outcome, a person is asked.
const HOURS_ALONE: i64 = 24;

const NOT_SETTLED: &str = "Reading did not settle it within 24 hours. Somebody has to say what came of it.";

/// How the words of a request begin that was not to wait, and for which nobody could be asked.
pub const NOT_TO_WAIT: &str = "It was not to wait, and was not sent";

/// How many due requests are read at once.
const PAGE: i64 = 50;

/// How often the outcome of a call is written before it is left to reading.
const TRIES: usize = 5;

/// Sends requests and settles them. Any number of workers may run.
#[derive(Clone)]
pub struct Worker {
    pub db: Db,
    pub ids: Ids,
    pub clock: Clock,
    pub lines: Lines,
    /// How many requests are looked at besides the thread that looks at all of them.
    pub beside: Arc<Semaphore>,
}

/// So many requests may be looked at while somebody waits; more wait for the thread.
pub const BESIDE: usize = 16;

impl Worker {
    /// Looks once at every request that is due, a page at a time; returns how many it worked on. A request to a store that may
    /// not be called now is left as it is.
    ///
    /// # Errors
    /// When the due requests cannot be read. What fails with one of them is logged, and it is tried again later.
    pub fn work(&self, is_stopping: &dyn Fn() -> bool) -> Result<usize, Error> {
        let (mut after, mut worked) = ((Moment::EARLIEST, RequestId::MIN), 0);
        loop {
            let now = self.clock.now();
            let due = self.db.read_here(|conn| Ok::<_, Error>(queries::due(conn, now, after, PAGE)?))?;
            let Some(last) = due.last() else { return Ok(worked) };
            after = (last.due_at.unwrap_or(now), last.id);
            for request in due {
                if is_stopping() {
                    return Ok(worked);
                }
                let may_call = self.free_at(&request).is_none();
                worked += usize::from(may_call && self.look_at((request.project, request.id)));
            }
        }
    }

    /// When the store of a request may be called next; `None` when it may be called now, or need not be.
    fn free_at(&self, request: &Request) -> Option<Moment> {
        let calls = matches!(request.state, State::Asked | State::Unknown | State::Pending);
        let order = request.order().ok().filter(|_| calls)?;
        self.lines.free_at(order.project, &order.line()?, self.clock.now())
    }

    /// Looks at a request now, on a thread that may block. Returns when that is done, or after `wait`; then it goes on by itself.
    pub async fn look_now(&self, key: Key, wait: Duration) {
        // The threads that may block are also those of the database.
        let Ok(permit) = self.beside.clone().try_acquire_owned() else { return };
        let worker = self.clone();
        let looking = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            worker.look_at(key)
        });
        if let Ok(Err(panicked)) = tokio::time::timeout(wait, looking).await {
            tracing::error!(request = key.1.0, cause = %panicked, "a request could not be worked on");
        }
    }

    /// Looks at a request, if it is due and no other worker has it. Returns whether it did.
    pub fn look_at(&self, key: Key) -> bool {
        let worked = self.try_to(key);
        worked.unwrap_or_else(|error| {
            tracing::error!(request = key.1.0, cause = error.cause(), "a request could not be worked on");
            false
        })
    }

    fn try_to(&self, key: Key) -> Result<bool, Error> {
        let now = self.clock.now();
        let until = now.plus_seconds(self.lease(key)?);
        let claimed = self.write(key, |conn| Ok(queries::claim(conn, key, now, until)?))?;
        let Some(request) = claimed else { return Ok(false) };
        let order = request.order().map_err(|error| Error::Internal(error.to_string()))?;
        match request.state {
            State::Asked => self.send(&request, &order)?,
            State::Waiting => self.advance(&request, State::Expired, None, "Nobody agreed within 7 days.")?,
            State::Sending => {
                let words = "No answer is known: the program stopped while it waited.";
                self.advance(&request, State::Unknown, Some(now), words)?;
            }
            State::Unknown | State::Pending => self.settle(&request, &order)?,
            State::Confirmed | State::Refused | State::Withdrawn | State::Expired | State::Reversed => {
                self.write(key, |conn| Ok(queries::postpone(conn, key, None)?))?;
            }
        }
        Ok(true)
    }

    /// For how many seconds a worker has a request to itself: as long as reading and sending take, and some time to write.
    fn lease(&self, key: Key) -> Result<i64, Error> {
        let request = self.db.read_here(|conn| Ok::<_, Error>(queries::find(conn, key)?))?;
        let order = request.and_then(|request| request.order().ok());
        let longest = order.and_then(|order| self.line(&order).map(|(_, client)| client.longest_call()));
        Ok(longest.map_or(SHORT_LEASE, |longest| 2 * longest + WRITING_SECONDS))
    }

    fn send(&self, request: &Request, order: &Order) -> Result<(), Error> {
        let Some((line, client)) = self.line(order) else {
            return self.advance(request, State::Refused, None, "The project is not connected to this store any more.");
        };
        if !order.waits && self.clock.now() > request.state_at.plus_seconds(PROMPT_SECONDS) {
            let words = format!("{NOT_TO_WAIT} in time.");
            return self.advance(request, State::Refused, None, &words);
        }
        if let Err(until) = self.lines.take_turn(order.project, &line, self.clock.now()) {
            let words = format!("{} does not answer at the moment.", text::capitalised(&order.asked_of()));
            return match order.waits {
                true => self.postpone(request, until),
                false => self.not_sent(request, order, &Unread { words, retry_after: None }),
            };
        }
        if self.waits_for_older(request, order)? {
            return self.postpone(request, self.clock.now().plus_seconds(SHORTEST_WAIT));
        }
        if let Some(why) = self.no_more(request, order)? {
            return self.advance(request, State::Refused, None, &why);
        }
        let reading = match client.read(order) {
            Ok(reading) => reading,
            Err(unread) => {
                self.lines.note(order.project, &line, false, self.clock.now());
                return self.not_sent(request, order, &unread);
            }
        };
        if let Some(outcome) = reading.already {
            self.lines.note(order.project, &line, true, self.clock.now());
            return self.find_done(request, order, outcome);
        }
        if let Some(why) = reading.refused {
            self.lines.note(order.project, &line, true, self.clock.now());
            return self.advance(request, State::Refused, None, &why);
        }
        if !self.begin(request, &reading.snapshot.0, client.longest_call() + WRITING_SECONDS)? {
            return Ok(());
        }
        let answer = client.send(order, &reading.snapshot, self.clock.now().plus_seconds(client.longest_call()));
        let is_answered = !matches!(answer, Answer::Unclear(_) | Answer::NotSent(_));
        self.lines.note(order.project, &line, is_answered, self.clock.now());
        self.record(request, order, answer)
    }

    /// Whether one of these attributes was to be set before, and is not yet: the newest value is to be sent last.
    fn waits_for_older(&self, request: &Request, order: &Order) -> Result<bool, Error> {
        let Wanted::Customer(CustomerAct::Attributes { .. }) = &order.wanted else { return Ok(false) };
        let older = self.db.read_here(|conn| Ok::<_, Error>(queries::older_to_send(conn, request)?))?;
        Ok(older.iter().any(|older| sets_the_same(order, older)))
    }

    /// Settles a request of something that the store shows as done before it was sent. What here has to follow from the act itself
    /// follows at once. Of what somebody else did there, comparison tells what it was and when.
    fn find_done(&self, request: &Request, order: &Order, outcome: Outcome) -> Result<(), Error> {
        let words = format!("It was so already, nothing was sent. {}", outcome.words);
        self.write((request.project, request.id), |conn| {
            if follows_from_act(order) {
                return self.confirm(conn, request, order, &Outcome { words, ..outcome });
            }
            let now = self.clock.now();
            if queries::advance(conn, request, &moved(State::Confirmed, now, None, &words))?
                && order.side == Side::RevenueCat
            {
                queue::add(conn, request.project, Run::Webhook, std::slice::from_ref(&order.app_user_id), now)?;
            }
            Ok(())
        })
    }

    /// Why it cannot be sent any more as it was asked, because what it is about has changed since.
    fn no_more(&self, request: &Request, order: &Order) -> Result<Option<String>, Error> {
        let ctx = Ctx::system(request.project, &self.ids, self.clock.now());
        let Some(ask) = again(request, order) else { return Ok(None) };
        let checked = self.db.read_here(|conn| check(conn, &ctx, &ask))?;
        Ok(checked.err().map(|refusal| refusal.words()))
    }

    fn line(&self, order: &Order) -> Option<(Line, &dyn StoreClient)> {
        let line = order.line()?;
        let client = self.lines.client(&line)?;
        Some((line, client))
    }

    /// Commits that the order is being sent, before it leaves. Returns whether this worker may send it.
    fn begin(&self, request: &Request, snapshot: &str, seconds: i64) -> Result<bool, Error> {
        let now = self.clock.now();
        let (lease, echo) = (now.plus_seconds(seconds), now.plus_minutes(AWAITED_HOURS * 60));
        let key = (request.project, request.id);
        self.write(key, |conn| {
            let next = moved(State::Sending, now, Some(lease), "");
            let is_ours = queries::advance(conn, request, &next)?;
            if is_ours {
                queries::note_sent(conn, key, snapshot, now, lease, echo)?;
            }
            Ok(is_ours)
        })
    }

    /// Writes what the store answered. What cannot be written is settled later by reading.
    fn record(&self, request: &Request, order: &Order, answer: Answer) -> Result<(), Error> {
        let answer = match answer {
            Answer::Done(outcome) | Answer::Accepted(outcome) if outcome.request != request.id => {
                Answer::Unclear("The answer was about something else.".into())
            }
            answer => answer,
        };
        let mut result = Ok(());
        for _ in 0..TRIES {
            result = self.write((request.project, request.id), |conn| self.record_in(conn, request, order, &answer));
            match &result {
                Err(error) if error.is_unavailable() || error.is_busy() => {}
                Ok(()) | Err(_) => return result,
            }
        }
        result
    }

    fn record_in(&self, conn: &mut Conn, request: &Request, order: &Order, answer: &Answer) -> Result<(), Error> {
        let now = self.clock.now();
        let key = (request.project, request.id);
        let Some(request) = queries::find(conn, key)? else { return Ok(()) };
        if let (State::Refused, Answer::Done(outcome), None) = (request.state, answer, request.echo_event) {
            // It counted as not done, and the store did it all the same.
            return self.confirm(conn, &request, order, outcome);
        }
        if request.state != State::Sending && request.state != State::Unknown && request.state != State::Pending {
            // The store's own event came first, or a person has settled it.
            return note_answer(conn, &request, answer, now);
        }
        let next = match answer {
            Answer::Done(outcome) => return self.confirm(conn, &request, order, outcome),
            Answer::Accepted(outcome) => {
                queries::note_outcome(conn, key, outcome, None)?;
                moved(State::Pending, now, Some(now.plus_minutes(10)), &outcome.words)
            }
            Answer::Refused(words) => moved(State::Refused, now, None, words),
            Answer::NotSent(unread) if !order.waits => {
                moved(State::Refused, now, None, &format!("{NOT_TO_WAIT}. {}", unread.words))
            }
            Answer::NotSent(unread) => moved(State::Asked, now, Some(self.again_at(&request, unread)), &unread.words),
            Answer::Unclear(words) => moved(State::Unknown, now, Some(now.plus_seconds(SHORTEST_WAIT)), words),
        };
        if request.state != next.state && request.state.may_become(next.state) {
            queries::advance(conn, &request, &next)?;
        }
        Ok(())
    }

    /// Confirms a request, and writes what follows.
    fn confirm(&self, conn: &mut Conn, request: &Request, order: &Order, outcome: &Outcome) -> Result<(), Error> {
        let now = self.clock.now();
        if !queries::advance(conn, request, &moved(State::Confirmed, now, None, &outcome.words))? {
            return Ok(());
        }
        let ctx = Ctx::system(request.project, &self.ids, now);
        let effect = effects::write(conn, &ctx, request, order, outcome.at)?;
        Ok(queries::note_outcome(conn, (request.project, request.id), outcome, effect)?)
    }

    /// Reads at the store what came of a request.
    fn settle(&self, request: &Request, order: &Order) -> Result<(), Error> {
        let now = self.clock.now();
        let proof = match self.line(order) {
            Some((line, client)) if self.lines.take_turn(order.project, &line, now).is_ok() => {
                let may_repeat = self.db.read_here(|conn| Ok::<_, Error>(may_repeat(conn, request, order)?))?;
                let sent = Sent { at: request.sent_at.unwrap_or(request.state_at), may_repeat };
                let proof = held::prove(client, order, request, sent);
                self.lines.note(order.project, &line, proof.is_ok(), self.clock.now());
                proof.unwrap_or(Proof::NotYet)
            }
            _ => Proof::NotYet,
        };
        match proof {
            Proof::Done(outcome) => self.record(request, order, Answer::Done(outcome)),
            Proof::NotDone(words) => self.advance(request, State::Refused, None, &words),
            Proof::Unknowable(words) => self.ask_a_person(request, words),
            // What the store has accepted it decides in its own time.
            Proof::NotYet
                if request.state == State::Unknown && now > request.state_at.plus_minutes(HOURS_ALONE * 60) =>
            {
                self.ask_a_person(request, NOT_SETTLED.into())
            }
            Proof::NotYet => {
                let age = now.since(request.state_at) / 1_000;
                self.postpone(request, now.plus_seconds(age.clamp(SHORTEST_WAIT, LONGEST_WAIT)))
            }
        }
    }

    fn ask_a_person(&self, request: &Request, words: String) -> Result<(), Error> {
        let key = (request.project, request.id);
        let step = Step { request: request.id, at: self.clock.now(), state: request.state, person: None, words };
        self.write(key, |conn| {
            queries::add_step(conn, key, &step)?;
            Ok(queries::postpone(conn, key, None)?)
        })
    }

    /// Tries again later; says so once.
    fn not_sent(&self, request: &Request, order: &Order, unread: &Unread) -> Result<(), Error> {
        if !order.waits {
            let words = format!("{NOT_TO_WAIT}. {}", unread.words);
            return self.advance(request, State::Refused, None, &words);
        }
        let (key, now) = ((request.project, request.id), self.clock.now());
        let until = self.again_at(request, unread);
        let step =
            Step { request: request.id, at: now, state: State::Asked, person: None, words: unread.words.clone() };
        self.write(key, |conn| {
            let is_told = queries::steps(conn, key.0, &[key.1])?.last().is_some_and(|last| last.words == step.words);
            if !is_told {
                queries::add_step(conn, key, &step)?;
            }
            Ok(queries::postpone(conn, key, Some(until))?)
        })
    }

    fn again_at(&self, request: &Request, unread: &Unread) -> Moment {
        let now = self.clock.now();
        let age = now.since(request.asked_at) / 1_000;
        now.plus_seconds(unread.retry_after.unwrap_or(age).clamp(SHORTEST_WAIT, LONGEST_WAIT))
    }

    fn advance(&self, request: &Request, state: State, due_at: Option<Moment>, words: &str) -> Result<(), Error> {
        let next = moved(state, self.clock.now(), due_at, words);
        self.write((request.project, request.id), |conn| Ok(queries::advance(conn, request, &next).map(drop)?))
    }

    fn postpone(&self, request: &Request, until: Moment) -> Result<(), Error> {
        let key = (request.project, request.id);
        self.write(key, |conn| Ok(queries::postpone(conn, key, Some(until))?))
    }

    fn write<R>(&self, (project, _): Key, work: impl FnOnce(&mut Conn) -> Result<R, Error>) -> Result<R, Error> {
        self.db.write_here(|conn| {
            conn.lock_project(project)?;
            work(conn)
        })
    }
}

/// Whether all that follows here is what the act itself says, whoever carried it out there.
fn follows_from_act(order: &Order) -> bool {
    match &order.wanted {
        Wanted::Customer(
            CustomerAct::Delete { .. }
            | CustomerAct::Revoke { .. }
            | CustomerAct::Attributes { .. }
            | CustomerAct::Override { .. },
        ) => true,
        Wanted::Customer(CustomerAct::Grant { .. } | CustomerAct::Transfer { .. } | CustomerAct::Adjust { .. })
        | Wanted::Refund(_)
        | Wanted::Cancel { .. }
        | Wanted::Resume
        | Wanted::Extend { .. } => false,
    }
}

/// Whether an order that was sent may be sent once more: not by a copy of the database, and not where that would put an older value
/// of an attribute in the place of a newer one.
fn may_repeat(conn: &mut Conn, request: &Request, order: &Order) -> diesel::QueryResult<bool> {
    if was_held(conn, (request.project, request.id))? {
        return Ok(false);
    }
    let Wanted::Customer(CustomerAct::Attributes { .. }) = &order.wanted else { return Ok(true) };
    Ok(!queries::newer_sent(conn, request)?.iter().any(|newer| sets_the_same(order, newer)))
}

/// Whether a request is about an attribute that the order sets too.
fn sets_the_same(order: &Order, request: &Request) -> bool {
    let keys = |order: &Order| match &order.wanted {
        Wanted::Customer(CustomerAct::Attributes { values }) => values.iter().map(|(key, _)| key.clone()).collect(),
        Wanted::Customer(_) | Wanted::Refund(_) | Wanted::Cancel { .. } | Wanted::Resume | Wanted::Extend { .. } => {
            BTreeSet::new()
        }
    };
    // What another version stored may be about anything.
    request.order().map_or(true, |other| !keys(order).is_disjoint(&keys(&other)))
}

fn moved(state: State, at: Moment, due_at: Option<Moment>, words: &str) -> Move {
    Move { state, at, due_at, person: None, words: words.to_owned() }
}

/// Notes an answer that came after the request was settled.
fn note_answer(conn: &mut Conn, request: &Request, answer: &Answer, now: Moment) -> Result<(), Error> {
    let key = (request.project, request.id);
    if let Answer::Done(outcome) = answer {
        queries::note_outcome(conn, key, outcome, request.effect_event)?;
        let words = outcome.words.clone();
        queries::add_step(
            conn,
            key,
            &Step { request: request.id, at: now, state: request.state, person: None, words },
        )?;
    }
    Ok(())
}

//! The browsers that listen for events, and the one thread that polls the database for all of them. The thread starts
//! with the first listener and stops after the last.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::queries::{self, Counts};
use crate::base::error::Error;
use crate::base::ids::{CustomerId, PersonId};
use crate::db::{Conn, Db};
use crate::events::Environment;

/// How often the database is polled.
const EVERY: Duration = Duration::from_secs(1);
/// How often the permission of a listener is checked again.
const RECHECK: Duration = Duration::from_secs(30);
/// How many listeners one process accepts.
const MOST: usize = 1_000;
/// How many of them one person may have: pages listen only while they are visible, so this is more than screens show. The next
/// page takes the place of the oldest.
const MOST_OF_PERSON: usize = 24;

/// What a listener receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// The number of events that came since the page was rendered.
    Events(i64),
    /// What was asked of a store has gone a step further; with the number of events that came as well.
    Steps(i64),
    /// The customer was erased, or the person may not see them any more.
    Gone,
    /// The person has opened so many pages that this one, the oldest, is not kept up to date.
    Replaced,
}

/// Checks whether a person may still see the customer.
pub type Check = Arc<dyn Fn(&mut Conn) -> bool + Send + Sync>;

/// What somebody listens to: the events of a customer in one environment, after the `since` that the page shows.
#[derive(Clone)]
pub struct Watch {
    pub person: PersonId,
    pub customer: CustomerId,
    pub environment: Environment,
    pub since: i64,
    /// How many events the customer had when the listener connected, and how many steps the page shows.
    pub known: Counts,
    pub check: Check,
}

/// The listeners of this process. Clones share them.
#[derive(Clone)]
pub struct Live {
    db: Db,
    shared: Arc<(Mutex<State>, Condvar)>,
}

#[derive(Default)]
struct State {
    listeners: BTreeMap<u64, Listener>,
    next: u64,
    is_polling: bool,
    is_closed: bool,
}

#[derive(Clone)]
struct Listener {
    watch: Watch,
    known: Counts,
    checked_at: Instant,
    sender: UnboundedSender<News>,
}

impl State {
    /// Ends the oldest listener of a person who has as many as they may.
    fn make_room_for(&mut self, person: PersonId) {
        let of_person = || self.listeners.iter().filter(|(_, listener)| listener.watch.person == person);
        let oldest = of_person().map(|(number, _)| *number).next();
        if of_person().count() >= MOST_OF_PERSON
            && let Some(oldest) = oldest.and_then(|number| self.listeners.remove(&number))
        {
            // A listener that has gone needs no word.
            let _ = oldest.sender.send(News::Replaced);
        }
    }
}

/// A registration as a listener. Dropping it ends the registration.
pub struct Listening {
    pub news: UnboundedReceiver<News>,
    live: Live,
    number: u64,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.live.lock().listeners.remove(&self.number);
    }
}

impl Live {
    pub fn new(db: Db) -> Live {
        Live { db, shared: Arc::default() }
    }

    /// Registers a listener. `first` is the number of new events that it receives at once. A person who has too many loses
    /// the oldest.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when too many listen, no thread can be started, or the server is stopping.
    pub fn join(&self, watch: Watch, first: i64) -> Result<Listening, Error> {
        let mut state = self.lock();
        state.make_room_for(watch.person);
        if state.is_closed || state.listeners.len() >= MOST {
            return Err(Error::Unavailable("too many listeners, or the server is stopping".into()));
        }
        if !state.is_polling {
            let live = self.clone();
            let thread = std::thread::Builder::new().name("live".into()).spawn(move || live.poll());
            thread
                .map_err(|error| Error::Unavailable(format!("the thread for live updates did not start: {error}")))?;
            state.is_polling = true;
        }
        let (sender, news) = unbounded_channel();
        if first > 0 {
            let _ = sender.send(News::Events(first));
        }
        let number = state.next;
        state.next += 1;
        let (known, checked_at) = (watch.known, Instant::now());
        state.listeners.insert(number, Listener { watch, known, checked_at, sender });
        Ok(Listening { news, live: self.clone(), number })
    }

    /// How many listeners this process has.
    pub fn listeners(&self) -> usize {
        self.lock().listeners.len()
    }

    /// Ends every stream and accepts no further listener, because the server is stopping.
    pub fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        state.listeners.clear();
        self.shared.1.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn poll(&self) {
        while let Some(listeners) = self.wait() {
            let asked = catch_unwind(AssertUnwindSafe(|| self.db.read_here(|conn| check(conn, &listeners))));
            match asked.unwrap_or_else(|_| Err(Error::Internal("polling for new events panicked".into()))) {
                Ok(found) => self.notify(found),
                Err(error) => tracing::warn!(cause = error.cause(), "polling for new events failed"),
            }
        }
    }

    /// Waits until the next poll; `None` when nobody listens any more.
    fn wait(&self) -> Option<BTreeMap<u64, Listener>> {
        let waited = self.shared.1.wait_timeout_while(self.lock(), EVERY, |state| !state.is_closed);
        let mut state = waited.map_or_else(|poisoned| poisoned.into_inner().0, |(state, _)| state);
        if state.listeners.is_empty() {
            state.is_polling = false;
            return None;
        }
        Some(state.listeners.clone())
    }

    fn notify(&self, found: Vec<Found>) {
        let mut state = self.lock();
        for Found { number, known, checked_at, news } in found {
            let Some(listener) = state.listeners.get_mut(&number) else { continue };
            (listener.known, listener.checked_at) = (known, checked_at);
            if let Some(news) = news {
                // A listener that has gone removes itself when it is dropped.
                let _ = listener.sender.send(news);
            }
            if news == Some(News::Gone) {
                state.listeners.remove(&number);
            }
        }
    }
}

/// The result of a poll for one listener.
struct Found {
    number: u64,
    known: Counts,
    checked_at: Instant,
    news: Option<News>,
}

fn check(conn: &mut Conn, listeners: &BTreeMap<u64, Listener>) -> Result<Vec<Found>, Error> {
    let mut customers: Vec<CustomerId> = listeners.values().map(|listener| listener.watch.customer).collect();
    customers.sort_unstable();
    customers.dedup();
    let counts = queries::counts(conn, &customers)?;
    let mut found = Vec::new();
    for (number, listener) in listeners {
        let count = counts.get(&listener.watch.customer).copied();
        found.extend(check_one(conn, *number, listener, count)?);
    }
    Ok(found)
}

/// Checks one listener; `None` when nothing changed.
fn check_one(conn: &mut Conn, number: u64, of: &Listener, count: Option<Counts>) -> Result<Option<Found>, Error> {
    let gone = Found { number, known: of.known, checked_at: of.checked_at, news: Some(News::Gone) };
    let Some(count) = count else { return Ok(Some(gone)) };
    let needs_check = of.checked_at.elapsed() >= RECHECK;
    if count == of.known && !needs_check {
        return Ok(None);
    }
    // Somebody who lost the permission must not learn of new events.
    if !(of.watch.check)(conn) {
        return Ok(Some(gone));
    }
    let events = match count.events == of.known.events {
        true => 0,
        false => queries::news(conn, of.watch.customer, of.watch.environment, of.watch.since..count.events)?,
    };
    let news = match (count.steps == of.known.steps, events) {
        (true, 0) => None,
        (true, events) => Some(News::Events(events)),
        (false, events) => Some(News::Steps(events)),
    };
    Ok(Some(Found { known: count, checked_at: Instant::now(), news, ..gone }))
}

//! From the queue to the endpoint and back: takes deliveries, sends them, enters what came of them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::client::{Answer, Client};
use super::lease::Job;
use super::{lease, signing};
use crate::base::clock::{Clock, Moment};
use crate::base::error::Error;
use crate::base::ids::Ids;
use crate::db::Db;

/// How many are sent at the same time by a process, and of these how many to one endpoint: one that hangs holds up no
/// others.
pub const ROOM: usize = 64;
pub const EACH: usize = 4;

/// How often it tries to enter an answer while the database cannot serve: what is not entered is sent again.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_secs(2);

/// What is told of a header that is a secret.
const HIDDEN: &str = "(not shown)";

/// Sends what is due. Clones share all of it.
#[derive(Clone)]
pub struct Courier {
    pub db: Db,
    pub clock: Clock,
    pub ids: Ids,
    pub client: Client,
}

impl Courier {
    /// Takes what is due, as far as there is room beside what is under way: `busy` counts that for each endpoint. Without
    /// anything to take it only reads, so that an idle server never waits for the writer's lock.
    pub fn take(&self, busy: &BTreeMap<i64, usize>) -> Result<Vec<Job>, Error> {
        let room = ROOM.saturating_sub(busy.values().sum());
        let full: Vec<i64> = busy.iter().filter(|(_, count)| **count >= EACH).map(|(id, _)| *id).collect();
        // Endpoints with nothing under way come first: a backlog at one keeps no other waiting.
        let idle_first: Vec<i64> = busy.keys().copied().collect();
        let each = if busy.is_empty() { EACH } else { 1 };
        for passed_over in [idle_first, full] {
            let jobs = self.take_beside(&passed_over, (room, each))?;
            if !jobs.is_empty() {
                return Ok(jobs);
            }
        }
        Ok(Vec::new())
    }

    fn take_beside(&self, passed_over: &[i64], (room, each): (usize, usize)) -> Result<Vec<Job>, Error> {
        let now = self.clock.now();
        if room == 0 || !self.db.read_here(|conn| Ok::<_, Error>(lease::has_ready(conn, now, passed_over)?))? {
            return Ok(Vec::new());
        }
        let mark = self.ids.next(now);
        self.db.write_here(|conn| Ok(lease::take(conn, (mark, now), passed_over, (room, each))?))
    }

    /// Sends one and enters the answer. A failure to enter it is logged: the delivery comes due again by itself.
    pub fn send(&self, job: &Job) {
        let at = self.clock.now();
        let headers = headers_of(job, at);
        let answer = self.client.post(&job.endpoint.url, &headers, &job.body);
        tracing::debug!(delivery = job.id, status = answer.status, took_ms = answer.took_ms, "a delivery was sent");
        if let Err(error) = self.enter(job, at, (&shown(&headers), &answer)) {
            tracing::error!(delivery = job.id, cause = error.cause(), "what came of a delivery could not be entered");
        }
    }

    fn enter(&self, job: &Job, at: Moment, what: (&str, &Answer)) -> Result<(), Error> {
        let now = self.clock.now();
        let id = self.ids.next(now);
        let mut left = TRIES;
        loop {
            left -= 1;
            match self.db.write_here(|conn| Ok::<_, Error>(lease::finish(conn, job, (id, at, now), what)?)) {
                Err(error) if error.is_unavailable() && left > 0 => std::thread::sleep(PAUSE),
                done => return done,
            }
        }
    }

    /// Sends everything that is due and waits for it; returns how many deliveries that were.
    pub fn run_once(&self) -> Result<usize, Error> {
        let mut sent = 0;
        loop {
            let jobs = self.take(&BTreeMap::new())?;
            if jobs.is_empty() {
                return Ok(sent);
            }
            sent += jobs.len();
            std::thread::scope(|scope| jobs.iter().for_each(|job| drop(scope.spawn(|| self.send(job)))));
        }
    }
}

/// All headers of a delivery. `webhook-id` is the same for every attempt.
fn headers_of(job: &Job, now: Moment) -> Vec<(String, String)> {
    let id = format!("msg_{}", job.id);
    let signed = signing::headers(&id, now, &job.body, &job.endpoint.secrets(now));
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    headers.extend(signed.map(|(name, value)| (name.to_owned(), value)));
    headers.extend(job.endpoint.authorization_value.clone().map(|value| ("authorization".to_owned(), value)));
    headers
}

/// The headers as they are kept for people to see: a line each, without what is secret.
fn shown(headers: &[(String, String)]) -> String {
    let line = |(name, value): &(String, String)| {
        let value = if name == "authorization" { HIDDEN } else { value };
        format!("{name}: {value}")
    };
    headers.iter().map(line).collect::<Vec<_>>().join("\n")
}

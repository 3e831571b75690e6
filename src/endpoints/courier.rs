//! Takes deliveries from the queue, sends them to their endpoints and records the results.

use std::collections::BTreeMap;
use std::time::Duration;

use super::client::{Answer, Client};
use super::lease::{Attempt, Job};
use super::{lease, signing};
use crate::base::clock::{Clock, Moment};
use crate::base::error::Error;
use crate::base::ids::{EndpointId, Ids};
use crate::base::master_key::MasterKeys;
use crate::db::Db;

/// How many deliveries a process sends at the same time.
pub const MAX_SENDING: usize = 64;
/// How many of them go to one endpoint, so that an endpoint that hangs does not hold up the others.
pub const MAX_PER_ENDPOINT: usize = 4;

/// How often recording a result is tried while the database is unavailable, and the pause between the tries. A delivery
/// whose result is not recorded is sent again.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_secs(2);

/// Stored in place of the value of a secret header.
const HIDDEN: &str = "(not shown)";

/// Sends deliveries whose next attempt is due. Clones share the database and the client.
#[derive(Clone)]
pub struct Courier {
    pub db: Db,
    pub clock: Clock,
    pub ids: Ids,
    pub client: Client,
}

impl Courier {
    /// Takes deliveries that are due, as many as the limits allow. `busy` counts, for each endpoint, the deliveries
    /// that are being sent. When nothing is due it only reads, so that an idle server never waits for the writer's
    /// lock.
    pub fn take(&self, busy: &BTreeMap<EndpointId, usize>) -> Result<Vec<Job>, Error> {
        let room = MAX_SENDING.saturating_sub(busy.values().sum());
        let full: Vec<EndpointId> =
            busy.iter().filter(|(_, count)| **count >= MAX_PER_ENDPOINT).map(|(id, _)| *id).collect();
        // First only idle endpoints, so that a backlog at one endpoint does not keep the others waiting.
        let busy_ones: Vec<EndpointId> = busy.keys().copied().collect();
        let each = if busy.is_empty() { MAX_PER_ENDPOINT } else { 1 };
        for excluded in [busy_ones, full] {
            let jobs = self.take_except(&excluded, room, each)?;
            if !jobs.is_empty() {
                return Ok(jobs);
            }
        }
        Ok(Vec::new())
    }

    fn take_except(&self, excluded: &[EndpointId], room: usize, each: usize) -> Result<Vec<Job>, Error> {
        let now = self.clock.now();
        if room == 0 || !self.db.read_here(|conn| Ok::<_, Error>(lease::has_ready(conn, now, excluded)?))? {
            return Ok(Vec::new());
        }
        let mark = self.ids.next(now);
        self.db.write_here(|conn| Ok(lease::take(conn, mark, now, excluded, room, each)?))
    }

    /// Sends one delivery and records the result. When the result cannot be recorded, that is logged, and the delivery
    /// is sent again when its lease ends.
    pub fn send(&self, job: &Job) {
        let at = self.clock.now();
        let headers = self.db.master_keys().and_then(|keys| headers_of(job, &keys, at));
        let (headers, answer) = match headers {
            Ok(headers) => {
                let answer = self.client.post(&job.endpoint.url, &headers, &job.body);
                (headers, answer)
            }
            Err(error) => {
                tracing::error!(delivery = job.id.0, cause = error.cause(), "a delivery was not sent");
                let problem = Some("It was not sent: the signing secret cannot be read with the master key.".into());
                (Vec::new(), Answer { problem, ..Answer::default() })
            }
        };
        tracing::debug!(delivery = job.id.0, status = answer.status, took_ms = answer.took_ms, "a delivery was sent");
        if let Err(error) = self.record(job, at, &shown(&headers), &answer) {
            tracing::error!(delivery = job.id.0, cause = error.cause(), "the result of a delivery was not recorded");
        }
    }

    fn record(&self, job: &Job, at: Moment, headers: &str, answer: &Answer) -> Result<(), Error> {
        let now = self.clock.now();
        let attempt = Attempt { id: self.ids.next(now), at, headers, answer };
        let mut left = TRIES;
        loop {
            left -= 1;
            match self.db.write_here(|conn| Ok::<_, Error>(lease::finish(conn, job, &attempt, now)?)) {
                Err(error) if error.is_unavailable() && left > 0 => std::thread::sleep(PAUSE),
                done => return done,
            }
        }
    }

    /// Sends every delivery that is due and waits until all are done. Returns how many there were.
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

/// All headers of a request. `webhook-id` is the same for every attempt of a delivery.
fn headers_of(job: &Job, keys: &MasterKeys, now: Moment) -> Result<Vec<(String, String)>, Error> {
    let id = format!("msg_{}", job.id);
    let signed = signing::headers(&id, now, &job.body, &job.endpoint.secrets(keys, now)?);
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    headers.extend(signed.map(|(name, value)| (name.to_owned(), value)));
    headers.extend(job.endpoint.authorization(keys)?.map(|value| ("authorization".to_owned(), value)));
    Ok(headers)
}

/// The headers as pages show them: one per line, without secret values.
fn shown(headers: &[(String, String)]) -> String {
    let line = |(name, value): &(String, String)| {
        let value = if name == "authorization" { HIDDEN } else { value };
        format!("{name}: {value}")
    };
    headers.iter().map(line).collect::<Vec<_>>().join("\n")
}

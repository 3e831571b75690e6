//! One thread stores all deliveries. Those that wait at the same time share one commit, so that they share the cost of
//! one flush to the disk.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::audit::Ctx;
use crate::base::clock::Clock;
use crate::base::error::Error;
use crate::base::ids::{CustomerId, Ids, ProjectId};
use crate::customers::Resolver;
use crate::db::Db;
use crate::endpoints::{self, Source};
use crate::events::{Delivery, Rejection};
use crate::ingest::{self, Outcome, queries};

/// How many deliveries share a commit at most.
const BATCH: usize = 256;
/// How many KiB of bodies may wait. A delivery beyond that is answered 503, and the sender tries again later.
const WAITING_KIB: usize = 32 * 1024;
/// How long a delivery waits for room in the queue.
const ROOM_WAIT: Duration = Duration::from_secs(2);

/// How a delivery is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Taken(Outcome),
    /// It cannot be read. It is kept with this reason.
    Unreadable(String),
}

/// Hands deliveries to the writer thread. Clones share the thread; it stops when [`Intake::close`] is called.
#[derive(Clone)]
pub struct Intake {
    sender: Arc<Mutex<Option<mpsc::Sender<Job>>>>,
    writer: Arc<Mutex<Option<JoinHandle<()>>>>,
    room: Arc<Semaphore>,
}

struct Job {
    project: ProjectId,
    body: Vec<u8>,
    reply: oneshot::Sender<Result<Answer, Error>>,
    _room: OwnedSemaphorePermit,
}

impl Intake {
    /// Starts the writer thread.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(db: Db, clock: Clock, ids: Ids) -> std::io::Result<Intake> {
        let (sender, jobs) = mpsc::channel();
        let writer = Writer { db, clock, ids };
        let thread = std::thread::Builder::new().name("intake".into()).spawn(move || writer.run(&jobs))?;
        Ok(Intake {
            sender: Arc::new(Mutex::new(Some(sender))),
            writer: Arc::new(Mutex::new(Some(thread))),
            room: Arc::new(Semaphore::new(WAITING_KIB)),
        })
    }

    /// Stores a body; returns after the commit.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when too many deliveries wait, the database is unavailable or the server is stopping;
    /// [`Error::Internal`] when storing failed.
    pub async fn take(&self, project: ProjectId, body: Vec<u8>) -> Result<Answer, Error> {
        let kib = u32::try_from(body.len() / 1024 + 1).unwrap_or(u32::MAX);
        let room = tokio::time::timeout(ROOM_WAIT, self.room.clone().acquire_many_owned(kib)).await;
        let Ok(Ok(room)) = room else { return Err(Error::Unavailable("too many deliveries are waiting".into())) };
        let (reply, answer) = oneshot::channel();
        self.hand_over(Job { project, body, reply, _room: room })?;
        answer.await.unwrap_or_else(|_| Err(stopping()))
    }

    fn hand_over(&self, job: Job) -> Result<(), Error> {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = sender.as_ref().ok_or_else(stopping)?;
        sender.send(job).map_err(|_| stopping())
    }

    /// Stops the writer after it has stored what waits.
    pub fn close(&self) {
        drop(self.sender.lock().unwrap_or_else(PoisonError::into_inner).take());
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if writer.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the writer of deliveries panicked");
        }
    }
}

impl Job {
    fn refuse(self) {
        if self.reply.send(Err(unavailable())).is_err() {
            tracing::debug!("the sender of a delivery left before the answer");
        }
    }
}

fn unavailable() -> Error {
    Error::Unavailable("the database is unavailable, so the delivery was not stored".into())
}

fn stopping() -> Error {
    Error::Unavailable("the server is stopping".into())
}

struct Writer {
    db: Db,
    clock: Clock,
    ids: Ids,
}

type Parsed = Result<Delivery, (Rejection, Vec<u8>)>;

impl Writer {
    fn run(&self, jobs: &mpsc::Receiver<Job>) {
        while let Ok(first) = jobs.recv() {
            let batch: Vec<Job> = std::iter::once(first).chain(jobs.try_iter().take(BATCH - 1)).collect();
            self.answer(batch, jobs);
        }
    }

    /// Stores a batch in one commit. If that fails, each delivery gets its own commit, so that a delivery that cannot
    /// be stored does not keep the others out. If the database is unavailable, all waiting deliveries are refused at
    /// once, so that they do not wait for it one after the other.
    fn answer(&self, batch: Vec<Job>, jobs: &mpsc::Receiver<Job>) {
        let now = self.clock.now();
        let (bodies, replies): (Vec<_>, Vec<_>) =
            batch.into_iter().map(|job| ((job.project, job.body), (job.reply, job._room))).unzip();
        let parsed: Vec<(ProjectId, Parsed)> =
            bodies.into_iter().map(|(project, body)| (project, Delivery::parse(body, now))).collect();
        let answers = match self.store(&parsed) {
            Ok(all) => all.into_iter().map(Ok).collect(),
            Err(error) => self.one_by_one(&parsed, error),
        };
        let is_unavailable = answers.last().is_some_and(|last| last.as_ref().is_err_and(Error::is_unavailable));
        let waiting: Vec<Job> = if is_unavailable { jobs.try_iter().collect() } else { Vec::new() };
        for ((reply, _room), answer) in replies.into_iter().zip(answers) {
            if reply.send(answer).is_err() {
                tracing::debug!("the sender of a delivery left before the answer");
            }
        }
        waiting.into_iter().for_each(Job::refuse);
    }

    /// Stores each delivery of a failed batch in its own commit, until the database is unavailable.
    fn one_by_one(&self, batch: &[(ProjectId, Parsed)], error: Error) -> Vec<Result<Answer, Error>> {
        if batch.len() == 1 {
            return vec![Err(error)];
        }
        tracing::warn!(cause = error.cause(), deliveries = batch.len(), "a batch of deliveries was not stored");
        let mut is_unavailable = error.is_unavailable();
        let one = |one| {
            let answer = if is_unavailable { Err(unavailable()) } else { self.store_one(one) };
            is_unavailable = answer.as_ref().is_err_and(Error::is_unavailable);
            answer
        };
        batch.iter().map(one).collect()
    }

    fn store_one(&self, one: &(ProjectId, Parsed)) -> Result<Answer, Error> {
        let mut answers = self.store(std::slice::from_ref(one))?;
        answers.pop().ok_or_else(|| Error::Internal("a stored delivery has no answer".into()))
    }

    fn store(&self, batch: &[(ProjectId, Parsed)]) -> Result<Vec<Answer>, Error> {
        let stored = catch_unwind(AssertUnwindSafe(|| self.db.write_here(|conn| self.store_in(conn, batch))));
        stored.unwrap_or_else(|_| Err(Error::Internal("storing a delivery panicked".into())))
    }

    fn store_in(&self, conn: &mut crate::db::Conn, batch: &[(ProjectId, Parsed)]) -> Result<Vec<Answer>, Error> {
        let now = self.clock.now();
        let mut resolvers: BTreeMap<ProjectId, (Resolver, BTreeSet<CustomerId>)> = BTreeMap::new();
        for project in batch.iter().map(|(project, _)| *project).collect::<BTreeSet<_>>() {
            conn.lock_project(project)?;
            let mut resolver = Resolver::new(&Ctx::system(project, &self.ids, now));
            let own = batch.iter().filter(|(of, _)| *of == project);
            ingest::preload(conn, &mut resolver, own.filter_map(|(_, parsed)| parsed.as_ref().ok()))?;
            resolvers.insert(project, (resolver, BTreeSet::new()));
        }
        let mut answers = Vec::with_capacity(batch.len());
        let mut stored: BTreeMap<ProjectId, Vec<&Delivery>> = BTreeMap::new();
        for (project, parsed) in batch {
            let Some((resolver, touched)) = resolvers.get_mut(project) else { continue };
            answers.push(match parsed {
                Ok(delivery) => {
                    let outcome = ingest::store(conn, resolver, delivery, touched)?;
                    if outcome == Outcome::Stored {
                        stored.entry(*project).or_default().push(delivery);
                    }
                    Answer::Taken(outcome)
                }
                Err((Rejection(reason), body)) => {
                    queries::reject(conn, *project, resolver.ctx().next_id(), now, reason, body)?;
                    Answer::Unreadable(reason.clone())
                }
            });
        }
        for (project, (resolver, touched)) in resolvers {
            ingest::settle(conn, &resolver, touched)?;
            endpoints::announce(conn, &resolver, stored.get(&project).map_or(&[], Vec::as_slice), Source::Received)?;
        }
        Ok(answers)
    }
}

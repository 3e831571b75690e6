//! One thread writes what many callers ask for: those that wait at the same time share one transaction, so that they share
//! the cost of one flush to the disk, and each table is asked once for all of them.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::{Conn, Db};
use crate::base::error::Error;

/// How many jobs share a transaction at most.
const BATCH: usize = 256;
/// How many KiB of jobs may wait. A job beyond that is refused, and the sender tries again later.
const WAITING_KIB: usize = 32 * 1024;
/// How long a job waits for room in the queue.
const ROOM_WAIT: Duration = Duration::from_secs(2);
/// How long a job waits for a customer whom another transaction has locked, and how often it is tried.
const BUSY_WAIT: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(5);

/// What a writer does with the jobs of one kind.
pub trait Work: Send + 'static {
    /// What a caller asks for.
    type Job: Send + 'static;
    /// What came of it.
    type Done: Send + 'static;

    /// The kind of jobs, for the log and the name of the thread.
    const NAME: &'static str;

    /// Does all jobs in the open transaction, which may not wait for rows that others have locked: see
    /// [`Conn::may_wait`]. Returns what came of each, in the same order; `None` for one that would have to wait, and of
    /// which nothing was done.
    ///
    /// # Errors
    /// When nothing of the batch can be stored. Then each job gets a transaction of its own.
    fn run(&self, conn: &mut Conn, jobs: &[&Self::Job]) -> Result<Vec<Option<Self::Done>>, Error>;

    /// How much of the queue a job takes, in bytes.
    fn size(job: &Self::Job) -> usize;

    /// The ids that a job is about. Jobs that have one in common keep their order.
    fn ids(job: &Self::Job) -> Vec<String>;
}

/// Hands jobs to the thread that does them. Clones share the thread; it stops when [`GroupWriter::close`] is called.
pub struct GroupWriter<W: Work> {
    sender: Arc<Mutex<Option<mpsc::Sender<Waiting<W>>>>>,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
    room: Arc<Semaphore>,
}

impl<W: Work> Clone for GroupWriter<W> {
    fn clone(&self) -> GroupWriter<W> {
        GroupWriter { sender: self.sender.clone(), thread: self.thread.clone(), room: self.room.clone() }
    }
}

/// A job that is not answered.
struct Waiting<W: Work> {
    job: W::Job,
    reply: oneshot::Sender<Result<W::Done, Error>>,
    _room: OwnedSemaphorePermit,
    since: Instant,
    /// Whether it was in the way of a batch, because it needs a customer whom others have locked.
    is_alone: bool,
}

impl<W: Work> Waiting<W> {
    fn answer(self, answer: Result<W::Done, Error>) {
        if self.reply.send(answer).is_err() {
            tracing::debug!(jobs = W::NAME, "a caller left before the answer");
        }
    }
}

impl<W: Work> GroupWriter<W> {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(db: Db, work: W) -> std::io::Result<GroupWriter<W>> {
        let (sender, jobs) = mpsc::channel();
        let thread = std::thread::Builder::new().name(W::NAME.into()).spawn(move || run(&db, &work, &jobs))?;
        Ok(GroupWriter {
            sender: Arc::new(Mutex::new(Some(sender))),
            thread: Arc::new(Mutex::new(Some(thread))),
            room: Arc::new(Semaphore::new(WAITING_KIB)),
        })
    }

    /// Does a job; returns after the commit.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when too many jobs wait, the database is unavailable, the customer is locked too long, or
    /// the server is stopping; [`Error::Internal`] when it failed.
    pub async fn run(&self, job: W::Job) -> Result<W::Done, Error> {
        let kib = u32::try_from(W::size(&job) / 1024 + 1).unwrap_or(u32::MAX);
        let room = tokio::time::timeout(ROOM_WAIT, self.room.clone().acquire_many_owned(kib)).await;
        let Ok(Ok(room)) = room else { return Err(Error::Unavailable(format!("too many {} wait", W::NAME))) };
        let (reply, answer) = oneshot::channel();
        self.hand_over(Waiting { job, reply, _room: room, since: Instant::now(), is_alone: false })?;
        answer.await.unwrap_or_else(|_| Err(stopping()))
    }

    fn hand_over(&self, waiting: Waiting<W>) -> Result<(), Error> {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        sender.as_ref().ok_or_else(stopping)?.send(waiting).map_err(|_| stopping())
    }

    /// Stops the thread after it has done what waits.
    pub fn close(&self) {
        drop(self.sender.lock().unwrap_or_else(PoisonError::into_inner).take());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!(jobs = W::NAME, "a writer panicked");
        }
    }
}

fn stopping() -> Error {
    Error::Unavailable("the server is stopping".into())
}

fn unavailable() -> Error {
    Error::Unavailable("the database is unavailable, so nothing was stored".into())
}

/// Does what comes, batch by batch. Jobs whose customers others have locked are tried again with the next batch, before
/// its own, so that the jobs of a customer keep their order.
fn run<W: Work>(db: &Db, work: &W, jobs: &mpsc::Receiver<Waiting<W>>) {
    let mut busy: Vec<Waiting<W>> = Vec::new();
    loop {
        let first = match busy.is_empty() {
            true => jobs.recv().map_err(|_| RecvTimeoutError::Disconnected),
            false => jobs.recv_timeout(PAUSE),
        };
        if busy.is_empty() && first.is_err() {
            return;
        }
        let all: Vec<Waiting<W>> = busy.into_iter().chain(first).chain(jobs.try_iter().take(BATCH - 1)).collect();
        let (batch, mut left) = do_alone(db, work, all);
        left.extend(answer(db, work, batch, jobs));
        left.sort_by_key(|waiting| waiting.since);
        busy = left;
    }
}

/// The ids of jobs that wait, and so of those that may not be done before them.
#[derive(Default)]
struct Held(HashSet<String>);

impl Held {
    fn hold<W: Work>(&mut self, job: &W::Job) {
        self.0.extend(W::ids(job));
    }

    fn holds<W: Work>(&self, job: &W::Job) -> bool {
        !self.0.is_empty() && W::ids(job).iter().any(|id| self.0.contains(id))
    }
}

/// Tries the jobs that were in the way of a batch, each in a transaction of its own. Returns the jobs of the next batch,
/// and those that still have to wait: for their customers, or for such a job before them.
fn do_alone<W: Work>(db: &Db, work: &W, all: Vec<Waiting<W>>) -> (Vec<Waiting<W>>, Vec<Waiting<W>>) {
    if !all.iter().any(|waiting| waiting.is_alone) {
        return (all, Vec::new());
    }
    let (mut batch, mut left) = (Vec::new(), Vec::new());
    let (mut held, mut in_batch) = (Held::default(), Held::default());
    for waiting in all {
        if held.holds::<W>(&waiting.job) || (waiting.is_alone && in_batch.holds::<W>(&waiting.job)) {
            held.hold::<W>(&waiting.job);
            left.push(waiting);
        } else if !waiting.is_alone {
            in_batch.hold::<W>(&waiting.job);
            batch.push(waiting);
        } else {
            let done = alone(db, work, &waiting.job);
            if matches!(done, Ok(None)) {
                held.hold::<W>(&waiting.job);
            }
            left.extend(waiting.answer_or_wait(done));
        }
    }
    (batch, left)
}

/// Does a batch in one transaction. If that fails, each job gets its own, so that one that cannot be done does not keep
/// the others out. If the database is unavailable, all waiting jobs are refused at once, so that they do not wait for it
/// one after the other. Returns those whose customers are busy.
fn answer<W: Work>(db: &Db, work: &W, batch: Vec<Waiting<W>>, jobs: &mpsc::Receiver<Waiting<W>>) -> Vec<Waiting<W>> {
    if batch.is_empty() {
        return batch;
    }
    let all: Vec<&W::Job> = batch.iter().map(|waiting| &waiting.job).collect();
    let (answers, are_alone) = match attempt(db, work, &all) {
        Ok(done) => (done.into_iter().map(Ok).collect(), false),
        Err(error) => (one_by_one(db, work, &all, error), true),
    };
    let is_unavailable = answers.last().is_some_and(|last: &Done<W>| last.as_ref().is_err_and(Error::is_unavailable));
    let refused: Vec<Waiting<W>> = if is_unavailable { jobs.try_iter().collect() } else { Vec::new() };
    let mut busy = Vec::new();
    for (mut waiting, answer) in batch.into_iter().zip(answers) {
        waiting.is_alone = are_alone;
        busy.extend(waiting.answer_or_wait(answer));
    }
    refused.into_iter().for_each(|waiting| waiting.answer(Err(unavailable())));
    busy
}

impl<W: Work> Waiting<W> {
    /// Answers the caller, unless the job has to be tried again.
    fn answer_or_wait(self, done: Done<W>) -> Option<Waiting<W>> {
        match done {
            Ok(None) if self.since.elapsed() < BUSY_WAIT => return Some(self),
            Ok(None) => self.answer(Err(Error::Unavailable("a customer was locked too long".into()))),
            Ok(Some(done)) => self.answer(Ok(done)),
            Err(error) => self.answer(Err(error)),
        }
        None
    }
}

/// What came of a job: `None` if it has to be tried again.
type Done<W> = Result<Option<<W as Work>::Done>, Error>;

/// Does each job of a failed batch in its own transaction, until the database is unavailable. Jobs that are about the same
/// ids as one before them that has to wait, wait as well.
fn one_by_one<W: Work>(db: &Db, work: &W, batch: &[&W::Job], error: Error) -> Vec<Done<W>> {
    tracing::warn!(cause = error.cause(), jobs = batch.len(), "{} were not stored together", W::NAME);
    let mut is_unavailable = error.is_unavailable() && !error.is_busy();
    let mut held = Held::default();
    let one = |job: &&W::Job| {
        if is_unavailable {
            return Err(unavailable());
        }
        let done = if held.holds::<W>(job) { Ok(None) } else { alone(db, work, job) };
        if matches!(done, Ok(None)) {
            held.hold::<W>(job);
        }
        is_unavailable = done.as_ref().is_err_and(Error::is_unavailable);
        done
    };
    batch.iter().map(one).collect()
}

/// Does one job in a transaction of its own.
fn alone<W: Work>(db: &Db, work: &W, job: &W::Job) -> Done<W> {
    match attempt(db, work, &[job]) {
        Ok(mut done) => Ok(done.pop().flatten()),
        Err(error) if error.is_busy() => Ok(None),
        Err(error) => Err(error),
    }
}

fn attempt<W: Work>(db: &Db, work: &W, jobs: &[&W::Job]) -> Result<Vec<Option<W::Done>>, Error> {
    let done = catch_unwind(AssertUnwindSafe(|| db.write_without_waiting(|conn| work.run(conn, jobs))));
    done.unwrap_or_else(|_| Err(Error::Internal(format!("storing {} panicked", W::NAME))))
}

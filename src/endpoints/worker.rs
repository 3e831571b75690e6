//! The thread that works the queue, from the start of the server to its end. It looks every second; whatever it takes is
//! sent on a thread of its own.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::courier::Courier;
use super::lease::Job;
use crate::base::error::Error;

/// How often it looks.
const EVERY: Duration = Duration::from_secs(1);
/// How long it waits in the end for what is under way. What is cut off comes due again elsewhere.
const AT_THE_END: Duration = Duration::from_secs(2);

/// Works until it is stopped.
pub struct Worker {
    news: mpsc::Sender<News>,
    thread: JoinHandle<()>,
}

enum News {
    /// A delivery to this endpoint is done.
    Done(i64),
    Stop,
}

impl Worker {
    pub fn start(courier: Courier) -> std::io::Result<Worker> {
        let (news, inbox) = mpsc::channel();
        let back = news.clone();
        let thread =
            std::thread::Builder::new().name("endpoints".into()).spawn(move || work(&courier, &back, &inbox))?;
        Ok(Worker { news, thread })
    }

    /// Takes nothing more, and waits a moment for what is under way.
    pub fn stop(self) {
        let sent = self.news.send(News::Stop);
        if sent.is_err() || self.thread.join().is_err() {
            tracing::error!("the thread for deliveries ended badly");
        }
    }
}

fn work(courier: &Courier, back: &mpsc::Sender<News>, inbox: &mpsc::Receiver<News>) {
    let mut busy: BTreeMap<i64, usize> = BTreeMap::new();
    loop {
        for job in take_ready(courier, &busy) {
            set_out(courier, job, back, &mut busy);
        }
        match inbox.recv_timeout(EVERY) {
            Ok(News::Done(endpoint)) => done(&mut busy, endpoint),
            Ok(News::Stop) | Err(RecvTimeoutError::Disconnected) => return finish(&mut busy, inbox),
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

fn take_ready(courier: &Courier, busy: &BTreeMap<i64, usize>) -> Vec<Job> {
    let looked = catch_unwind(AssertUnwindSafe(|| courier.take(busy)));
    looked.unwrap_or_else(|_| Err(Error::Internal("it panicked".into()))).unwrap_or_else(|error| {
        tracing::error!(cause = error.cause(), "the queue of deliveries could not be read");
        Vec::new()
    })
}

fn set_out(courier: &Courier, job: Job, back: &mpsc::Sender<News>, busy: &mut BTreeMap<i64, usize>) {
    let (courier, back, endpoint) = (courier.clone(), back.clone(), job.endpoint.id);
    let sending = move || {
        if catch_unwind(AssertUnwindSafe(|| courier.send(&job))).is_err() {
            tracing::error!(delivery = job.id, "sending a delivery panicked");
        }
        // Nobody listens any more when the server stops.
        drop(back.send(News::Done(endpoint)));
    };
    match std::thread::Builder::new().name("delivery".into()).spawn(sending) {
        Ok(_) => *busy.entry(endpoint).or_default() += 1,
        Err(error) => tracing::error!(%error, "no thread for a delivery; it comes due again"),
    }
}

fn done(busy: &mut BTreeMap<i64, usize>, endpoint: i64) {
    if let Some(count) = busy.get_mut(&endpoint) {
        *count -= 1;
        if *count == 0 {
            busy.remove(&endpoint);
        }
    }
}

fn finish(busy: &mut BTreeMap<i64, usize>, inbox: &mpsc::Receiver<News>) {
    let end = Instant::now() + AT_THE_END;
    while !busy.is_empty() {
        match inbox.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(News::Done(endpoint)) => done(busy, endpoint),
            Ok(News::Stop) => {}
            Err(_) => return,
        }
    }
}

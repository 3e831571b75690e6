//! The thread that works the queue while the server runs. It looks for deliveries every second and sends each on its
//! own thread.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::courier::Courier;
use super::lease::Job;
use crate::base::error::Error;
use crate::base::ids::EndpointId;

/// How often the queue is read.
const EVERY: Duration = Duration::from_secs(1);
/// How long stopping waits for deliveries that are being sent. Any that are cut off are due again when their lease
/// ends.
const STOP_WAIT: Duration = Duration::from_secs(2);

/// The running worker; it works until [`Worker::stop`] is called.
pub struct Worker {
    news: mpsc::Sender<News>,
    thread: JoinHandle<()>,
}

enum News {
    /// A delivery to this endpoint is done.
    Done(EndpointId),
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

    /// Takes no more deliveries, and waits up to `STOP_WAIT` for those that are being sent.
    pub fn stop(self) {
        let sent = self.news.send(News::Stop);
        if sent.is_err() || self.thread.join().is_err() {
            tracing::error!("the worker for deliveries panicked");
        }
    }
}

fn work(courier: &Courier, back: &mpsc::Sender<News>, inbox: &mpsc::Receiver<News>) {
    let mut busy: BTreeMap<EndpointId, usize> = BTreeMap::new();
    loop {
        for job in take_ready(courier, &busy) {
            start_sending(courier, job, back, &mut busy);
        }
        match inbox.recv_timeout(EVERY) {
            Ok(News::Done(endpoint)) => done(&mut busy, endpoint),
            Ok(News::Stop) | Err(RecvTimeoutError::Disconnected) => return finish(&mut busy, inbox),
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

fn take_ready(courier: &Courier, busy: &BTreeMap<EndpointId, usize>) -> Vec<Job> {
    let taken = catch_unwind(AssertUnwindSafe(|| courier.take(busy)));
    taken.unwrap_or_else(|_| Err(Error::Internal("taking deliveries panicked".into()))).unwrap_or_else(|error| {
        tracing::error!(cause = error.cause(), "the queue of deliveries could not be read");
        Vec::new()
    })
}

fn start_sending(courier: &Courier, job: Job, back: &mpsc::Sender<News>, busy: &mut BTreeMap<EndpointId, usize>) {
    let (courier, back, endpoint) = (courier.clone(), back.clone(), job.endpoint.id);
    let sending = move || {
        if catch_unwind(AssertUnwindSafe(|| courier.send(&job))).is_err() {
            tracing::error!(delivery = job.id.0, "sending a delivery panicked");
        }
        // The worker does not receive any more once the server stops.
        drop(back.send(News::Done(endpoint)));
    };
    match std::thread::Builder::new().name("delivery".into()).spawn(sending) {
        Ok(_) => *busy.entry(endpoint).or_default() += 1,
        Err(error) => tracing::error!(%error, "no thread for a delivery; it is sent again when its lease ends"),
    }
}

fn done(busy: &mut BTreeMap<EndpointId, usize>, endpoint: EndpointId) {
    if let Some(count) = busy.get_mut(&endpoint) {
        *count -= 1;
        if *count == 0 {
            busy.remove(&endpoint);
        }
    }
}

fn finish(busy: &mut BTreeMap<EndpointId, usize>, inbox: &mpsc::Receiver<News>) {
    let end = Instant::now() + STOP_WAIT;
    while !busy.is_empty() {
        match inbox.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(News::Done(endpoint)) => done(busy, endpoint),
            Ok(News::Stop) => {}
            Err(_) => return,
        }
    }
}

//! The threads that run the jobs, from the start of the server to its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::{COMPARISONS, Jobs, PUNCTUAL, REQUESTS, UPKEEP, Work, renewals, run};

/// The longest time between two runs.
const EVERY: Duration = Duration::from_secs(30);

/// The time between two looks at what is to be asked of stores. Whoever asks does not wait for it: the request is sent at once.
const EVERY_REQUEST: Duration = Duration::from_secs(5);

/// Runs the jobs until it is stopped.
pub struct Worker {
    is_stopping: Arc<AtomicBool>,
    threads: [Thread; 4],
}

/// A thread, and what wakes it when it is to end.
struct Thread {
    stop: mpsc::Sender<()>,
    thread: JoinHandle<()>,
}

/// When a thread runs its jobs again.
type Wait = fn(&Work) -> Duration;

impl Worker {
    /// # Errors
    /// When a thread cannot be started.
    pub fn start(work: &Work) -> std::io::Result<Worker> {
        let punctual = thread("jobs", PUNCTUAL, work, |work| renewals::time_until_next(work, EVERY))?;
        let requests = thread("requests", REQUESTS, work, |_| EVERY_REQUEST)?;
        let comparisons = thread("comparisons", COMPARISONS, work, |_| EVERY_REQUEST)?;
        let upkeep = thread("upkeep", UPKEEP, work, |_| EVERY)?;
        Ok(Worker { is_stopping: work.is_stopping.clone(), threads: [punctual, requests, comparisons, upkeep] })
    }

    /// Waits for the present step of each thread to finish, then ends them.
    pub fn stop(self) {
        self.is_stopping.store(true, Ordering::Relaxed);
        for Thread { stop, thread } in self.threads {
            drop(stop);
            if thread.join().is_err() {
                tracing::error!("a thread for jobs panicked");
            }
        }
    }
}

fn thread(name: &str, jobs: &'static Jobs, work: &Work, wait: Wait) -> std::io::Result<Thread> {
    let (stop, stopped) = mpsc::channel();
    let work = work.clone();
    let thread = std::thread::Builder::new().name(name.into()).spawn(move || {
        loop {
            run(jobs, &work.at_present());
            if stopped.recv_timeout(wait(&work.at_present())) != Err(RecvTimeoutError::Timeout) {
                return;
            }
        }
    })?;
    Ok(Thread { stop, thread })
}

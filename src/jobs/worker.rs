//! The thread that runs the jobs, from the start of the server to its end.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::{Work, renewals, run};
use crate::base::clock::Clock;
use crate::base::ids::Ids;
use crate::db::Db;

/// The longest time between two runs.
const EVERY: Duration = Duration::from_secs(30);

/// Runs the jobs until it is stopped.
pub struct Worker {
    stop: mpsc::Sender<()>,
    thread: JoinHandle<()>,
}

impl Worker {
    pub fn start(db: Db, clock: Clock, ids: Ids) -> std::io::Result<Worker> {
        let (stop, stopped) = mpsc::channel();
        let thread = std::thread::Builder::new().name("jobs".into()).spawn(move || {
            loop {
                let work = || Work { clock: clock.clone(), db: db.clone(), ids: ids.clone(), now: clock.now() };
                run(&work());
                if stopped.recv_timeout(renewals::time_until_next(&work(), EVERY)) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
            }
        })?;
        Ok(Worker { stop, thread })
    }

    /// Waits for the present run to finish, then ends the thread.
    pub fn stop(self) {
        drop(self.stop);
        if self.thread.join().is_err() {
            tracing::error!("the jobs thread panicked");
        }
    }
}

//! Writers that would wait for each other's lock take turns before they take a connection. So those of one project never
//! hold the connections that others need. Writers of other processes wait at the lock itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Unavailable;

/// How long a writer waits for its turn: several may be before it, each for as long as it waits for other processes.
const TURN_WAIT: Duration = Duration::from_secs(10);
/// With so many known locks those are forgotten that nobody waits for.
const FORGOTTEN_AFTER: usize = 1_000;

/// Who writes next, for each lock. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Turns(Arc<Mutex<HashMap<String, Weak<Semaphore>>>>);

impl Turns {
    /// Waits for the turn at a lock, which ends when the answer is dropped.
    ///
    /// # Errors
    /// [`Unavailable`] when it takes longer than [`TURN_WAIT`].
    pub async fn wait(&self, lock: &str) -> Result<OwnedSemaphorePermit, Unavailable> {
        let turn = tokio::time::timeout(TURN_WAIT, self.of(lock).acquire_owned()).await;
        let turn = turn.map_err(|_| Unavailable("too many writers wait for the same project".into()))?;
        turn.map_err(|error| Unavailable(error.to_string()))
    }

    fn of(&self, lock: &str) -> Arc<Semaphore> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all.get(lock).and_then(Weak::upgrade) {
            return known;
        }
        if all.len() >= FORGOTTEN_AFTER {
            all.retain(|_, turn| turn.strong_count() > 0);
        }
        let new = Arc::new(Semaphore::new(1));
        all.insert(lock.to_owned(), Arc::downgrade(&new));
        new
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn one_writer_has_the_turn_and_another_lock_has_its_own() {
        let turns = Turns::default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime.block_on(async {
            let first = turns.wait("sundial").await.expect("a turn");
            assert!(turns.wait("sundial").now_or_never().is_none());
            assert!(turns.wait("meridian").now_or_never().is_some());
            drop(first);
            assert!(turns.wait("sundial").now_or_never().is_some());
        });
    }
}

//! How much memory all bodies may take together that are being read or worked on. A body takes its share before it is read, and
//! more before it grows. When all is taken, the oldest of the bodies that are still arriving is cut off, so whoever sends
//! and then stalls keeps nobody out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// The bytes that all bodies may take together.
const ALL: usize = 16 << 20;
/// The part of it that large bodies leave to small ones.
const FOR_SMALL: usize = 4 << 20;
/// The most bytes that a small body takes.
const SMALL: usize = 64 << 10;
/// How long a body may arrive before it can be cut off for another one.
const UNDISTURBED: Duration = Duration::from_secs(1);
/// How long a body waits for memory.
const WAIT: Duration = Duration::from_secs(3);
/// How often a waiting body looks whether another one has become old enough.
const LOOK: Duration = Duration::from_millis(100);

/// A body did not get the memory that it needs, or lost it to another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoRoom;

/// The memory for bodies of one process. Clones share it.
#[derive(Debug, Clone)]
pub struct BodyMemory {
    shared: Arc<Shared>,
    all: usize,
    for_small: usize,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct State {
    used: usize,
    next: u64,
    /// By number, so the oldest comes first.
    arriving: BTreeMap<u64, Arriving>,
}

/// A body that is being read.
#[derive(Debug)]
struct Arriving {
    since: Instant,
    bytes: usize,
    cut: Arc<Notify>,
    is_cut: bool,
}

/// The memory that one body has taken. Dropping it gives the memory back.
#[derive(Debug)]
pub struct Share {
    memory: BodyMemory,
    number: u64,
    bytes: usize,
    cut: Arc<Notify>,
}

impl Default for BodyMemory {
    fn default() -> BodyMemory {
        BodyMemory::of(ALL, FOR_SMALL)
    }
}

impl BodyMemory {
    fn of(all: usize, for_small: usize) -> BodyMemory {
        BodyMemory { shared: Arc::default(), all, for_small }
    }

    /// A share for a body that begins to arrive; it holds nothing yet.
    pub fn begin(&self) -> Share {
        let cut = Arc::new(Notify::new());
        let mut state = self.lock();
        let number = state.next;
        state.next += 1;
        let arriving = Arriving { since: Instant::now(), bytes: 0, cut: cut.clone(), is_cut: false };
        state.arriving.insert(number, arriving);
        Share { memory: self.clone(), number, bytes: 0, cut }
    }

    /// How many bytes are taken now.
    pub fn used(&self) -> usize {
        self.lock().used
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Share {
    /// Takes as much more as is missing to `bytes`, and waits for it when it is not there.
    ///
    /// # Errors
    /// [`NoRoom`] when it does not become free in time, or the body was cut off.
    pub async fn grow_to(&mut self, bytes: usize) -> Result<(), NoRoom> {
        let (started, shared) = (Instant::now(), self.memory.shared.clone());
        loop {
            let freed = shared.freed.notified();
            if self.try_grow_to(bytes) {
                return Ok(());
            }
            if started.elapsed() >= WAIT {
                return Err(NoRoom);
            }
            tokio::select! {
                () = self.cut.notified() => return Err(NoRoom),
                () = freed => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    #[cfg(test)]
    pub fn memory(&self) -> &BodyMemory {
        &self.memory
    }

    /// Returns when the body was cut off to make room for another one.
    pub async fn cut_off(&self) {
        self.cut.notified().await;
    }

    /// The whole body has arrived: from now on it is not cut off.
    pub fn arrived(&self) {
        self.memory.lock().arriving.remove(&self.number);
    }

    /// Takes the memory if it is there. Otherwise cuts off those that have arrived for longest, as many as are needed.
    fn try_grow_to(&mut self, bytes: usize) -> bool {
        let kept_free = if bytes > SMALL { self.memory.for_small } else { 0 };
        let more = bytes.saturating_sub(self.bytes);
        let most = self.memory.all.saturating_sub(kept_free);
        let mut state = self.memory.lock();
        let missing = (state.used + more).saturating_sub(most);
        match missing {
            0 => state.take(self.number, more),
            _ => state.cut_oldest(self.number, missing),
        }
        drop(state);
        if missing == 0 {
            self.bytes += more;
        }
        missing == 0
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut state = self.memory.lock();
        state.arriving.remove(&self.number);
        state.used = state.used.saturating_sub(self.bytes);
        drop(state);
        self.memory.shared.freed.notify_waiters();
    }
}

impl State {
    fn take(&mut self, number: u64, more: usize) {
        self.used += more;
        if let Some(arriving) = self.arriving.get_mut(&number) {
            arriving.bytes += more;
        }
    }

    /// Cuts off the oldest bodies besides `number`, until `missing` bytes are about to become free.
    fn cut_oldest(&mut self, number: u64, missing: usize) {
        let leaving: usize = self.arriving.values().filter(|one| one.is_cut).map(|one| one.bytes).sum();
        let mut missing = missing.saturating_sub(leaving);
        let others = self.arriving.iter_mut().filter(|(other, one)| **other != number && !one.is_cut && one.bytes > 0);
        for (_, oldest) in others.take_while(|(_, one)| one.since.elapsed() >= UNDISTURBED) {
            if missing == 0 {
                return;
            }
            oldest.is_cut = true;
            oldest.cut.notify_one();
            missing = missing.saturating_sub(oldest.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn taken(memory: &BodyMemory, bytes: usize) -> Share {
        let mut share = memory.begin();
        share.grow_to(bytes).await.expect("room");
        share
    }

    #[actix_web::test]
    async fn what_a_body_took_is_free_again_when_it_is_dropped() {
        let memory = BodyMemory::of(100, 0);
        let mut share = taken(&memory, 40).await;
        share.grow_to(70).await.expect("room");
        share.grow_to(20).await.expect("no less than it has");
        assert_eq!(memory.used(), 70);
        drop(share);
        assert_eq!(memory.used(), 0);
    }

    #[actix_web::test]
    async fn the_oldest_body_that_still_arrives_makes_room_but_not_before_a_second() {
        let memory = BodyMemory::of(100, 0);
        let (done, stalled, later) = (taken(&memory, 10).await, taken(&memory, 50).await, taken(&memory, 40).await);
        done.arrived();
        let cut = async {
            stalled.cut_off().await;
            drop(stalled);
        };
        let started = Instant::now();
        let (grown, ()) = tokio::join!(taken(&memory, 30), cut);
        assert!(started.elapsed() >= UNDISTURBED - LOOK);
        assert_eq!((grown.bytes, memory.used()), (30, 80));
        let is_quiet = tokio::time::timeout(LOOK, later.cut_off()).await.is_err();
        assert!(is_quiet && tokio::time::timeout(LOOK, done.cut_off()).await.is_err(), "no more than needed");
    }

    #[actix_web::test]
    async fn without_room_a_body_is_refused_and_one_that_waits_can_be_cut_off() {
        let memory = BodyMemory::of(100, 0);
        let working = taken(&memory, 90).await;
        working.arrived();
        assert_eq!(memory.begin().grow_to(20).await.err(), Some(NoRoom));
        let mut waiting = taken(&memory, 10).await;
        tokio::time::sleep(UNDISTURBED).await;
        let cut = async {
            let refused = waiting.grow_to(20).await.err();
            drop(waiting);
            refused
        };
        let (refused, next) = tokio::join!(cut, taken(&memory, 10));
        assert_eq!((refused, next.bytes), (Some(NoRoom), 10));
    }

    #[actix_web::test]
    async fn large_bodies_leave_room_to_small_ones() {
        let memory = BodyMemory::of(3 * SMALL, SMALL);
        let large = taken(&memory, 2 * SMALL).await;
        large.arrived();
        assert_eq!(memory.begin().grow_to(SMALL + 1).await.err(), Some(NoRoom));
        assert_eq!(taken(&memory, SMALL).await.bytes, SMALL);
    }
}

//! Memory for heads of requests that are arriving. Somebody who opens many connections and never ends the head could make the
//! HTTP library hold 128 KiB for each.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// So many bytes of a head need no allowance: more than browsers and clients send.
const USUAL: usize = 8 << 10;
/// How many bytes beyond that all heads together may have.
const TOGETHER: usize = 32 << 20;

/// What all heads that are arriving have beyond the usual. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct HeadMemory(Arc<AtomicUsize>);

/// The head of one request while it arrives.
#[derive(Debug)]
pub struct ArrivingHead {
    memory: HeadMemory,
    bytes: usize,
    taken: usize,
}

impl HeadMemory {
    pub fn begin(&self) -> ArrivingHead {
        ArrivingHead { memory: self.clone(), bytes: 0, taken: 0 }
    }
}

impl ArrivingHead {
    /// Counts bytes that came in. Returns `false` when there is no room for them. For a head of the usual size there always is,
    /// also while others that found no room are still being closed.
    pub fn came_in(&mut self, bytes: usize) -> bool {
        self.bytes += bytes;
        let more = self.bytes.saturating_sub(USUAL) - self.taken;
        self.taken += more;
        let together = self.memory.0.fetch_add(more, Ordering::Relaxed) + more;
        self.taken == 0 || together <= TOGETHER
    }
}

impl Drop for ArrivingHead {
    fn drop(&mut self) {
        self.memory.0.fetch_sub(self.taken, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_heads_always_fit_and_large_ones_while_there_is_room() {
        let memory = HeadMemory::default();
        let large: Vec<ArrivingHead> = (0..10_000)
            .map_while(|_| {
                let mut head = memory.begin();
                head.came_in(60 << 10).then_some(head)
            })
            .collect();
        assert_eq!(large.len(), TOGETHER / (52 << 10));
        assert!(memory.begin().came_in(USUAL) && !memory.begin().came_in(60 << 10));
        let mut too_much = memory.begin();
        assert!(
            !too_much.came_in(1 << 20) && memory.begin().came_in(USUAL),
            "others that found no room are no hindrance"
        );
        drop((large, too_much));
        assert_eq!(memory.0.load(Ordering::Relaxed), 0);
        assert!(memory.begin().came_in(60 << 10));
    }
}

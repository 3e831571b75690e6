//! Names for new rows: 64-bit numbers that grow with time, made here and never by the database.
//!
//! 41 bits of milliseconds since 2024, 10 bits that tell processes apart, 12 bits of a counter.

use std::sync::{Arc, Mutex, PoisonError};

use crate::base::clock::Moment;

const EPOCH: i64 = 1_704_067_200_000;
const COUNTER_BITS: u32 = 12;
const NODE_BITS: u32 = 10;

/// Makes ids; clones share the counter.
#[derive(Debug, Clone)]
pub struct Ids {
    node: i64,
    last: Arc<Mutex<(i64, i64)>>,
}

impl Ids {
    /// For a process of its own: the bits that tell it from others are drawn at random.
    pub fn random() -> Ids {
        let mut bytes = [0; 2];
        getrandom::fill(&mut bytes).expect("the system has random bytes");
        Ids::of_node(i64::from(u16::from_le_bytes(bytes)))
    }

    /// For tests: the same ids in every run.
    pub fn of_node(node: i64) -> Ids {
        Ids { node: node & ((1 << NODE_BITS) - 1), last: Arc::default() }
    }

    /// An id that is greater than all this maker gave before.
    pub fn next(&self, now: Moment) -> i64 {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let (millis, counter) = *last;
        let now = (now.millis() - EPOCH).max(0);
        *last = match (now > millis, counter + 1 < 1 << COUNTER_BITS) {
            (true, _) => (now, 0),
            (false, true) => (millis, counter + 1),
            (false, false) => (millis + 1, 0),
        };
        (last.0 << (NODE_BITS + COUNTER_BITS)) | (self.node << COUNTER_BITS) | last.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_even_when_the_clock_steps_back() {
        let ids = Ids::of_node(7);
        let mut last = 0;
        for step in 0..10_000 {
            let next = ids.next(Moment(EPOCH + 10_000 - step));
            assert!(next > last);
            last = next;
        }
    }
}

//! A store for unit tests.

use super::{Answer, Order, Proof, Reading, Sent, Snapshot, StoreClient, Unread};
use crate::base::clock::Moment;

/// A store that never answers, and takes a call a second.
pub struct Silent;

fn silence() -> Unread {
    Unread { words: "nothing".into(), retry_after: None }
}

impl StoreClient for Silent {
    fn read(&self, _: &Order) -> Result<Reading, Unread> {
        Err(silence())
    }

    fn send(&self, _: &Order, _: &Snapshot, _: Moment) -> Answer {
        Answer::NotSent(silence())
    }

    fn prove(&self, _: &Order, _: &Snapshot, _: Sent) -> Result<Proof, Unread> {
        Err(silence())
    }

    fn longest_call(&self) -> i64 {
        30
    }

    fn calls_per_minute(&self) -> Option<u32> {
        Some(60)
    }
}

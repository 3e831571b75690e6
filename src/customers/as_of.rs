//! A moment of the past at which a customer is looked at.

use crate::base::clock::Moment;

/// A moment, and which events count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AsOf {
    pub at: Moment,
    pub reading: Reading,
}

/// By whose knowledge the past is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// What was true then, as it is known now: events that are dated until then count.
    KnownNow,
    /// What was known then: events that had been received by then count.
    KnownThen,
}

impl AsOf {
    /// Whether an event counts.
    pub fn includes(self, event_at: Moment, received_at: Moment) -> bool {
        match self.reading {
            Reading::KnownNow => event_at <= self.at,
            Reading::KnownThen => received_at <= self.at,
        }
    }
}

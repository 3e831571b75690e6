//! Time that does not run backwards: for sessions and limits, which a clock set back must not prolong.

use std::time::Instant;

use crate::base::clock::{Clock, Moment};

/// The later of the clock and of what has passed on the machine's own count since start-up.
#[derive(Debug, Clone)]
pub struct MonotonicClock {
    clock: Clock,
    start: Moment,
    counted_from: Instant,
}

impl MonotonicClock {
    pub fn new(clock: Clock) -> MonotonicClock {
        MonotonicClock { start: clock.now(), clock, counted_from: Instant::now() }
    }

    pub fn now(&self) -> Moment {
        match self.clock {
            Clock::Machine => self.clock.now().max(self.counted()),
            Clock::Set(_) => self.clock.now(),
        }
    }

    fn counted(&self) -> Moment {
        let passed = i64::try_from(self.counted_from.elapsed().as_millis()).unwrap_or(i64::MAX);
        Moment(self.start.millis().saturating_add(passed))
    }
}

//! A clock that does not run backwards, for sessions and limits: setting the system clock back must not extend them.

use std::time::Instant;

use crate::base::clock::{Clock, Moment};

/// Returns the later of two times: the system clock's, and the start time plus the elapsed time of [`Instant`].
#[derive(Debug, Clone)]
pub struct MonotonicClock {
    clock: Clock,
    start: Moment,
    started: Instant,
}

impl MonotonicClock {
    pub fn new(clock: Clock) -> MonotonicClock {
        MonotonicClock { start: clock.now(), clock, started: Instant::now() }
    }

    pub fn now(&self) -> Moment {
        match self.clock {
            Clock::Machine => self.clock.now().max(self.elapsed_time()),
            Clock::Set(_) => self.clock.now(),
        }
    }

    fn elapsed_time(&self) -> Moment {
        let elapsed = i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX);
        Moment(self.start.millis().saturating_add(elapsed))
    }
}

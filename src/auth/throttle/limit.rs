//! How often something may fail, and how long the next try has to wait.

use crate::base::clock::Moment;

/// A limit for one kind of subject: an account, a network, a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limit {
    pub scope: &'static str,
    pub pace: Pace,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// At most so many within so many milliseconds. `reserved` of them are for tries from where nothing has failed yet.
    AtMost { most: usize, reserved: usize, window: i64 },
    /// The first [`FREE`] at once. Then each has to wait after the one before, twice as long each time.
    Slower,
}

pub(super) const SECOND: i64 = 1000;
pub(super) const MINUTE: i64 = 60 * SECOND;

/// After so many milliseconds a failure counts no more.
pub(super) const LONGEST: i64 = 60 * MINUTE;

/// How many tries need not wait.
const FREE: usize = 5;
/// How long the first try after those waits, and how often that doubles: up to 8 minutes.
const FIRST_WAIT: i64 = 30 * SECOND;
const DOUBLINGS: usize = 4;

impl Limit {
    pub const fn at_most(scope: &'static str, most: usize, window: i64) -> Limit {
        Limit { scope, pace: Pace::AtMost { most, reserved: 0, window } }
    }

    pub const fn slower(scope: &'static str) -> Limit {
        Limit { scope, pace: Pace::Slower }
    }

    /// The same limit, a part of which is for tries from where nothing has failed yet.
    pub const fn reserving(self, reserved: usize) -> Limit {
        match self.pace {
            Pace::AtMost { most, window, .. } => {
                Limit { scope: self.scope, pace: Pace::AtMost { most, reserved, window } }
            }
            Pace::Slower => self,
        }
    }

    /// For how many milliseconds failures count.
    pub fn window(self) -> i64 {
        match self.pace {
            Pace::AtMost { window, .. } => window,
            Pace::Slower => LONGEST,
        }
    }

    /// Milliseconds until the next try; `None` when it may be now. `times` are those of the failures within the window,
    /// in order. `is_first`: nothing has failed from where the try comes.
    pub fn wait(self, times: &[Moment], is_first: bool, now: Moment) -> Option<i64> {
        let until = match self.pace {
            Pace::AtMost { most, reserved, window } => {
                let most = if is_first { most } else { most - reserved };
                let blocking = times.get(times.len().checked_sub(most)?)?;
                blocking.millis() + window
            }
            Pace::Slower => {
                let doublings = times.len().checked_sub(FREE)?.min(DOUBLINGS);
                times.last()?.millis() + (FIRST_WAIT << doublings)
            }
        };
        (until > now.millis()).then(|| until - now.millis())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment(1_795_453_200_000);

    fn seconds_to_wait(limit: Limit, failed: usize, is_first: bool) -> Option<i64> {
        limit.wait(&vec![NOW; failed], is_first, NOW).map(|millis| millis / 1000)
    }

    #[test]
    fn each_wait_is_twice_as_long_as_the_one_before_and_never_more_than_eight_minutes() {
        let waits: Vec<_> = (0..12).filter_map(|failed| seconds_to_wait(Limit::slower("x"), failed, false)).collect();
        assert_eq!(waits, [30, 60, 120, 240, 480, 480, 480]);
        assert_eq!(Limit::slower("x").wait(&[NOW; 5], false, NOW.plus_seconds(30)), None);
    }

    #[test]
    fn a_part_of_a_limit_is_for_tries_from_elsewhere() {
        let limit = Limit::at_most("x", 10, 3 * MINUTE).reserving(4);
        assert_eq!([5, 6].map(|failed| seconds_to_wait(limit, failed, false)), [None, Some(180)]);
        assert_eq!([9, 10].map(|failed| seconds_to_wait(limit, failed, true)), [None, Some(180)]);
        assert_eq!(limit.wait(&[NOW; 10], true, NOW.plus_seconds(180)), None);
    }
}

//! Time. [`Moment`] is an instant in UTC with millisecond precision; only [`Clock`] reads the system time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Datelike, Utc};
use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z. Any value is allowed, even one outside the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Moment(pub i64);

impl Moment {
    /// Later than any other moment: the end of something that never ends.
    pub const NEVER: Moment = Moment(i64::MAX);
    /// Earlier than any other moment.
    pub const EARLIEST: Moment = Moment(i64::MIN);

    pub const fn millis(self) -> i64 {
        self.0
    }

    pub const fn plus_seconds(self, seconds: i64) -> Moment {
        Moment(self.0.saturating_add(seconds.saturating_mul(1000)))
    }

    pub const fn plus_minutes(self, minutes: i64) -> Moment {
        self.plus_seconds(minutes.saturating_mul(60))
    }

    pub const fn plus_days(self, days: i64) -> Moment {
        self.plus_seconds(days.saturating_mul(86_400))
    }

    /// A millisecond later.
    pub const fn next(self) -> Moment {
        Moment(self.0.saturating_add(1))
    }

    /// Milliseconds from `earlier` to `self`; negative when `self` is the earlier one.
    pub const fn since(self, earlier: Moment) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The number of the day since 1970-01-01, in UTC.
    pub const fn day(self) -> i64 {
        self.0.div_euclid(86_400_000)
    }

    /// The year and month in UTC; `(i64::MIN, 0)`, which sorts before all others, for a moment outside the calendar.
    pub fn month(self) -> (i64, u32) {
        self.utc().map_or((i64::MIN, 0), |utc| (i64::from(utc.year()), utc.month()))
    }

    /// The moment that a text in RFC 3339 names.
    pub fn parse_rfc3339(text: &str) -> Option<Moment> {
        DateTime::parse_from_rfc3339(text).ok().map(|at| Moment(at.timestamp_millis()))
    }

    /// RFC 3339 in UTC, to the millisecond where it is not a full second; empty outside the calendar.
    pub fn rfc3339(self) -> String {
        let form = if self.0 % 1_000 == 0 { "%Y-%m-%dT%H:%M:%SZ" } else { "%Y-%m-%dT%H:%M:%S%.3fZ" };
        self.utc().map(|utc| utc.format(form).to_string()).unwrap_or_default()
    }

    /// The calendar date and time; `None` for a moment outside the calendar (about ±262,000 years).
    pub fn utc(self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_millis(self.0)
    }
}

/// A source of time: the system clock, or in tests a clock that only [`Clock::advance`] moves.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    #[default]
    Machine,
    Set(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that shows `moment` until a test advances it.
    pub fn set_to(moment: Moment) -> Clock {
        Clock::Set(Arc::new(AtomicI64::new(moment.0)))
    }

    pub fn now(&self) -> Moment {
        match self {
            Clock::Machine => Moment(Utc::now().timestamp_millis()),
            Clock::Set(at) => Moment(at.load(Ordering::SeqCst)),
        }
    }

    /// Moves a set clock forward. Does nothing to the system clock.
    pub fn advance(&self, seconds: i64) {
        if let Clock::Set(at) = self {
            at.fetch_add(seconds * 1000, Ordering::SeqCst);
        }
    }
}

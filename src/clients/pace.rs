//! How fast a key may call. Each process counts for itself.

use std::sync::Arc;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::keys::Key;
use crate::config::KeyLimits;
use crate::error::Error;

/// Counts the calls of every key. Clones share the counts.
#[derive(Clone)]
pub struct Pace {
    public: Arc<DefaultKeyedRateLimiter<i64>>,
    secret: Arc<DefaultKeyedRateLimiter<i64>>,
}

impl Pace {
    pub fn of(limits: KeyLimits) -> Pace {
        let limiter = |most| Arc::new(RateLimiter::dashmap(Quota::per_minute(most)));
        Pace { public: limiter(limits.public), secret: limiter(limits.secret) }
    }

    /// Lets a call through.
    ///
    /// # Errors
    /// [`Error::TooManyRequests`] with the seconds to wait.
    pub fn admit(&self, key: &Key) -> Result<(), Error> {
        let limiter = if key.is_secret() { &self.secret } else { &self.public };
        limiter.check_key(&key.id).map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            Error::TooManyRequests { retry_after: wait.as_secs() + 1 }
        })
    }
}

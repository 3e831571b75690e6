//! Limits how many calls a key may make in a minute. Each process counts its own calls.

use std::sync::Arc;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::auth::api_keys::Key;
use crate::base::config::KeyLimits;
use crate::base::error::Error;
use crate::base::ids::KeyId;

type Limiter = RateLimiter<KeyId, DashMapStateStore<KeyId>, DefaultClock, StateInformationMiddleware>;

/// How many calls of its minute a key has used, and how many it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent {
    pub calls: u32,
    pub limit: u32,
}

/// Counts the calls of every key. Clones share the counts.
#[derive(Clone)]
pub struct RateLimits {
    public: Arc<Limiter>,
    secret: Arc<Limiter>,
}

impl RateLimits {
    pub fn new(limits: KeyLimits) -> RateLimits {
        let limiter = |most| Arc::new(RateLimiter::dashmap(Quota::per_minute(most)).with_middleware());
        RateLimits { public: limiter(limits.public), secret: limiter(limits.secret) }
    }

    /// Counts a call of the key.
    ///
    /// # Errors
    /// [`Error::TooManyRequests`] with the seconds to wait, when the key is over its limit.
    pub fn admit(&self, key: &Key) -> Result<Spent, Error> {
        let limiter = if key.is_secret() { &self.secret } else { &self.public };
        let state = limiter.check_key(&key.id).map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            let limit = Some(until.quota().burst_size().get());
            Error::TooManyRequests { retry_after: wait.as_secs() + 1, limit }
        })?;
        let limit = state.quota().burst_size().get();
        Ok(Spent { calls: limit.saturating_sub(state.remaining_burst_capacity()), limit })
    }
}

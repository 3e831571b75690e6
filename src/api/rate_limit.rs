//! Limits how many calls a key may make in a minute, and how many of them may write: for one customer, and from one
//! address. Each process counts its own calls.

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::auth::api_keys::Key;
use crate::base::config::KeyLimits;
use crate::base::error::Error;
use crate::base::ids::{KeyId, ProjectId};
use crate::base::lookup_key;

type Limiter = RateLimiter<KeyId, DashMapStateStore<KeyId>, DefaultClock, StateInformationMiddleware>;

/// How many calls of its minute a key has used, and how many it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent {
    pub calls: u32,
    pub limit: u32,
}

/// How many calls with public keys may write in a minute: for one customer, and from one address, behind which there may
/// be many customers.
const WRITES_OF_CUSTOMER: NonZeroU32 = NonZeroU32::new(120).expect("not zero");
const WRITES_FROM_ADDRESS: NonZeroU32 = NonZeroU32::new(30_000).expect("not zero");
/// After so many writes those are forgotten that do not count any more.
const FORGOTTEN_AFTER: u64 = 10_000;
/// How much later a refused write is answered.
const PAUSE: Duration = Duration::from_millis(250);

/// Counts the calls of every key. Clones share the counts.
#[derive(Clone)]
pub struct RateLimits {
    public: Arc<Limiter>,
    secret: Arc<Limiter>,
    customers: Arc<WriteLimiter<CustomerKey>>,
    addresses: Arc<WriteLimiter<IpAddr>>,
    writes: Arc<AtomicU64>,
}

/// The project and the key by which an App User ID is looked up.
type CustomerKey = (ProjectId, Vec<u8>);

type WriteLimiter<K> = RateLimiter<K, DashMapStateStore<K>, DefaultClock>;

impl RateLimits {
    pub fn new(limits: KeyLimits) -> RateLimits {
        let limiter = |most| Arc::new(RateLimiter::dashmap(Quota::per_minute(most)).with_middleware());
        RateLimits {
            public: limiter(limits.public),
            secret: limiter(limits.secret),
            customers: Arc::new(RateLimiter::dashmap(Quota::per_minute(WRITES_OF_CUSTOMER))),
            addresses: Arc::new(RateLimiter::dashmap(Quota::per_minute(WRITES_FROM_ADDRESS))),
            writes: Arc::default(),
        }
    }

    /// Counts a call with a public key that writes.
    ///
    /// # Errors
    /// [`Error::Overloaded`], after a pause, when the address is over its limit: Android drops an upload after any 4xx but
    /// 404, and sends it again after a 503 (§C2.7).
    pub async fn admit_write(&self, address: IpAddr) -> Result<(), Error> {
        if self.writes.fetch_add(1, Ordering::Relaxed) % FORGOTTEN_AFTER == FORGOTTEN_AFTER - 1 {
            self.customers.retain_recent();
            self.addresses.retain_recent();
        }
        or_later(admit(&self.addresses, &address)).await
    }

    /// Counts a write for the customer of an App User ID.
    ///
    /// # Errors
    /// As [`RateLimits::admit_write`], when the customer is over its limit.
    pub async fn admit_write_for(&self, project: ProjectId, app_user_id: &str) -> Result<(), Error> {
        or_later(admit(&self.customers, &(project, lookup_key(app_user_id)))).await
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

/// A refusal takes a while, so that whoever asks again at once takes little of the machine from others.
async fn or_later(admitted: Result<(), Error>) -> Result<(), Error> {
    if admitted.is_err() {
        actix_web::rt::time::sleep(PAUSE).await;
    }
    admitted
}

fn admit<K: Hash + Eq + Clone>(limiter: &WriteLimiter<K>, key: &K) -> Result<(), Error> {
    limiter.check_key(key).map_err(|until| {
        let wait = until.wait_time_from(DefaultClock::default().now());
        Error::Overloaded { retry_after: wait.as_secs() + 1 }
    })
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[actix_web::test]
    async fn one_address_may_write_for_many_customers_and_not_without_end() {
        let limits = RateLimits::new(KeyLimits::default());
        let address = |last: u8| IpAddr::V4(Ipv4Addr::new(192, 0, 2, last));
        let write = async |number: u32, from: u8| {
            limits.admit_write(address(from)).await?;
            limits.admit_write_for(ProjectId(1), &format!("customer-{number}")).await
        };
        let mut written = 0;
        let refused = loop {
            match write(written, 1).await {
                Ok(()) => written += 1,
                Err(refused) => break refused,
            }
        };
        assert!((30_000..40_000).contains(&written), "{written}");
        assert!(matches!(refused, Error::Overloaded { retry_after: 1..=60 }), "{refused:?}");
        assert!(write(1, 2).await.is_ok());
        let counted = limits.customers.len();
        actix_web::rt::time::sleep(Duration::from_secs(1)).await;
        for number in 0..10_000 {
            assert!(write(number, 3).await.is_ok());
        }
        assert!(counted > 20_000 && limits.customers.len() <= 20_000, "they are forgotten: {}", limits.customers.len());
    }
}

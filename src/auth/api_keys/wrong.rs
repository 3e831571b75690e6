//! Slows down whoever tries keys that are not valid. Right keys are looked up first and never come here, so that they are
//! as fast as ever from the same address.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use tokio::sync::Semaphore;

use crate::base::error::Error;

/// How many wrong keys of an address are answered at once in a minute. The next get a 429.
const QUICK: NonZeroU32 = NonZeroU32::new(30).expect("not zero");
/// How much later a 429 is answered.
const PAUSE: Duration = Duration::from_millis(250);
/// How many answers may wait at a time. Others are given at once, so that they hold no memory.
const WAITING: usize = 500;
/// After so many wrong keys those are forgotten that do not count any more.
const FORGOTTEN_AFTER: u64 = 10_000;

/// Counts wrong keys per address. Clones share the counts; each process counts for itself.
#[derive(Clone)]
pub struct WrongKeys {
    addresses: Arc<RateLimiter<IpAddr, DashMapStateStore<IpAddr>, DefaultClock>>,
    waiting: Arc<Semaphore>,
    all: Arc<AtomicU64>,
}

impl Default for WrongKeys {
    fn default() -> WrongKeys {
        WrongKeys {
            addresses: Arc::new(RateLimiter::dashmap(Quota::per_minute(QUICK))),
            waiting: Arc::new(Semaphore::new(WAITING)),
            all: Arc::default(),
        }
    }
}

impl WrongKeys {
    /// Counts a wrong key, before it is refused.
    ///
    /// # Errors
    /// [`Error::TooManyRequests`], after a pause, when there were too many from the address.
    pub async fn count(&self, address: IpAddr) -> Result<(), Error> {
        if self.all.fetch_add(1, Ordering::Relaxed) % FORGOTTEN_AFTER == FORGOTTEN_AFTER - 1 {
            self.addresses.retain_recent();
        }
        let Err(until) = self.addresses.check_key(&address) else { return Ok(()) };
        let wait = until.wait_time_from(DefaultClock::default().now());
        if let Ok(_waiting) = self.waiting.try_acquire() {
            actix_web::rt::time::sleep(PAUSE).await;
        }
        Err(Error::TooManyRequests { retry_after: wait.as_secs() + 1, limit: None })
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::Instant;

    use super::*;

    #[actix_web::test]
    async fn after_thirty_wrong_keys_an_address_is_slowed_down_and_others_are_not() {
        let (wrong, here) = (WrongKeys::default(), IpAddr::V4(Ipv4Addr::LOCALHOST));
        for _ in 0..30 {
            assert!(wrong.count(here).await.is_ok());
        }
        let begun = Instant::now();
        let refused = wrong.count(here).await;
        assert!(matches!(refused, Err(Error::TooManyRequests { retry_after: 1..=3, .. })), "{refused:?}");
        assert!(begun.elapsed() >= PAUSE);
        assert!(wrong.count(IpAddr::V4(Ipv4Addr::BROADCAST)).await.is_ok());
    }

    #[actix_web::test]
    async fn only_so_many_answers_wait_at_a_time() {
        let (wrong, here) = (WrongKeys::default(), IpAddr::V4(Ipv4Addr::LOCALHOST));
        for _ in 0..30 {
            assert!(wrong.count(here).await.is_ok());
        }
        let _others = wrong.waiting.acquire_many(500).await.expect("nothing waits yet");
        let begun = Instant::now();
        assert!(wrong.count(here).await.is_err() && begun.elapsed() < PAUSE);
    }
}

//! Passwords: which ones may be chosen, how they are stored (argon2id), and how they are checked without revealing
//! whether the account exists. Hashing takes memory and a core, so no more hashes run at once than there are cores.

mod choice;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use self::choice::LONGEST;
pub use self::choice::{GuessedWords, accept, accept_for};
use crate::base::config::cores;
use crate::base::error::Error;

/// Memory in KiB, passes, lanes.
const COST: (u32, u32, u32) = (19_456, 2, 1);

/// How long a check may wait for its turn.
const TURN: Duration = Duration::from_secs(10);

/// Compared with when there is no account, so that a wrong address takes as long as a wrong password.
static PLACEHOLDER_HASH: LazyLock<String> = LazyLock::new(|| hash("nobody has this password").unwrap_or_default());

/// Checks passwords, a few at a time. All clones share the limit.
#[derive(Clone)]
pub struct Passwords {
    turns: Arc<Semaphore>,
}

/// The result of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Wrong,
    Right,
    /// Right, but stored with a lower cost than today's. Holds the hash to store instead.
    Outdated(String),
}

impl Default for Passwords {
    fn default() -> Passwords {
        LazyLock::force(&PLACEHOLDER_HASH);
        Passwords { turns: Arc::new(Semaphore::new(cores())) }
    }
}

impl Passwords {
    /// Compares `password` with the stored hash. Without a stored hash the check fails and takes as long.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when too many checks wait.
    pub async fn check(&self, password: String, kept: Option<String>) -> Result<Verdict, Error> {
        self.in_turn(move || verdict(&password, kept)).await
    }

    /// The hash to store for a chosen password.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when too many checks wait.
    pub async fn hash(&self, password: String) -> Result<String, Error> {
        self.in_turn(move || hash(&password)).await?.map_err(Error::Internal)
    }

    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
        let busy = |_| Error::Unavailable("too many log-ins wait for their turn".into());
        let turn = tokio::time::timeout(TURN, self.turns.clone().acquire_owned()).await.map_err(busy)?;
        let work = move || {
            let done = work();
            drop(turn);
            done
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| Error::Internal(error.to_string()))
    }
}

fn verdict(password: &str, kept: Option<String>) -> Verdict {
    let exists = kept.is_some();
    let kept = kept.unwrap_or_else(|| PLACEHOLDER_HASH.clone());
    let matches =
        password.chars().count() <= LONGEST && hasher().verify_password(password.as_bytes(), kept.as_str()).is_ok();
    match (exists && matches, is_outdated(&kept)) {
        (false, _) => Verdict::Wrong,
        (true, false) => Verdict::Right,
        (true, true) => hash(password).map_or(Verdict::Right, Verdict::Outdated),
    }
}

/// The hash to store for a password.
pub fn hash(password: &str) -> Result<String, String> {
    hasher().hash_password(password.as_bytes()).map(|hash| hash.to_string()).map_err(|error| error.to_string())
}

fn is_outdated(kept: &str) -> bool {
    let parameter = |hash: &PasswordHash, name: &str| hash.params.get_decimal(name);
    PasswordHash::new(kept).is_ok_and(|hash| {
        let (memory, passes, _) = COST;
        parameter(&hash, "m").is_none_or(|m| m < memory) || parameter(&hash, "t").is_none_or(|t| t < passes)
    })
}

fn hasher() -> Argon2<'static> {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_stored_as_argon2id_of_the_stated_cost() {
        let kept = hash("open sesame, please").expect("a hash");
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert_eq!(verdict("open sesame, please", Some(kept.clone())), Verdict::Right);
        assert_eq!(verdict("open sesame, pleasf", Some(kept)), Verdict::Wrong);
        assert_eq!(verdict("nobody has this password", None), Verdict::Wrong);
    }

    #[test]
    fn a_hash_of_lower_cost_is_replaced() {
        let cheap = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8_192, 1, 1, None).expect("params"));
        let kept = cheap.hash_password(b"open sesame, please").expect("a hash").to_string();
        let verdict = verdict("open sesame, please", Some(kept));
        assert!(matches!(verdict, Verdict::Outdated(new) if new.contains("m=19456,t=2")));
    }
}

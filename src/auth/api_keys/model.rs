//! The form of a key: a prefix that shows what it is for, then letters and digits that nobody can guess.

use sha2::{Digest, Sha256};

use crate::base::error::Error;
use crate::base::{hex, random_bytes};

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Every user of the app holds it. It may do what an SDK needs, and nothing else.
    Public,
    /// For servers. It may do everything but what only an app may.
    Secret,
}

/// A platform that an app can have a key for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Platform {
    /// The store, as events name it.
    pub store: &'static str,
    /// The SDKs of this platform expect keys to begin with it.
    pub prefix: &'static str,
    pub name: &'static str,
}

const fn platform(store: &'static str, prefix: &'static str, name: &'static str) -> Platform {
    Platform { store, prefix, name }
}

/// Every platform an app can have a key for.
pub const PLATFORMS: [Platform; 9] = [
    platform("APP_STORE", "appl_", "App Store"),
    platform("MAC_APP_STORE", "mac_", "Mac App Store"),
    platform("PLAY_STORE", "goog_", "Google Play"),
    platform("AMAZON", "amzn_", "Amazon Appstore"),
    platform("GALAXY", "galx_", "Galaxy Store"),
    platform("RC_BILLING", "rcb_", "Web Billing"),
    platform("STRIPE", "strp_", "Stripe"),
    platform("PADDLE", "pdl_", "Paddle"),
    platform("TEST_STORE", "test_", "Test Store"),
];

/// The platform of a store; `None` when there are no keys for the store.
pub fn platform_of(store: &str) -> Option<Platform> {
    PLATFORMS.into_iter().find(|platform| platform.store == store)
}

const SECRET_PREFIX: &str = "sk_";
/// The length of a public key, which is no secret, and of what follows the prefix of a secret key: 22 letters and digits are
/// as hard to guess as 128 random bits.
const SHORTEST_PUBLIC: usize = 12;
const SHORTEST_SECRET: usize = 22;
const LONGEST: usize = 200;
/// How many characters of a key are shown after its prefix, and again at its end.
const SHOWN: usize = 4;

/// The key itself, as its holder has it.
#[derive(Clone, PartialEq, Eq)]
pub struct Value(String);

crate::db::columns::text_enum!(Kind: name, Kind::parse);

impl Kind {
    /// The stored name.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Public => "public",
            Kind::Secret => "secret",
        }
    }

    fn parse(name: &str) -> Option<Kind> {
        [Kind::Public, Kind::Secret].into_iter().find(|kind| kind.name() == name)
    }
}

impl Value {
    /// A new random key: a public one for the platform, or a secret one.
    pub fn fresh(platform: Option<Platform>) -> Result<Value, Error> {
        let prefix = platform.map_or(SECRET_PREFIX, |platform| platform.prefix);
        Ok(Value(format!("{prefix}{}", hex(&random_bytes::<24>()?))))
    }

    /// A key that somebody chose. The SDKs refuse keys with other characters or another prefix.
    ///
    /// # Errors
    /// One line that says what a key must look like.
    pub fn parse(typed: &str, platform: Option<Platform>) -> Result<Value, String> {
        let prefix = platform.map_or(SECRET_PREFIX, |platform| platform.prefix);
        let is_plain = typed.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'));
        let shortest = platform.map_or(SECRET_PREFIX.len() + SHORTEST_SECRET, |_| SHORTEST_PUBLIC);
        match is_plain && (shortest..=LONGEST).contains(&typed.len()) && typed.starts_with(prefix) {
            true => Ok(Value(typed.to_owned())),
            false => Err(format!(
                "it must begin with {prefix} and have {shortest} to {LONGEST} characters: letters, digits, _ . or -"
            )),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn hash(&self) -> String {
        hash(&self.0)
    }

    /// The start and the end of the key, such as `test_1f3a…9c2e`: enough to recognise it and too little to use it.
    pub fn hint(&self) -> String {
        let head = self.0.find('_').map_or(0, |at| at + 1) + SHOWN;
        let tail = self.0.len().saturating_sub(SHOWN);
        match (self.0.get(..head), self.0.get(tail..)) {
            (Some(start), Some(end)) if self.0.len() >= 2 * SHOWN + head => format!("{start}…{end}"),
            (Some(start), _) if self.0.len() > head => format!("{start}…"),
            _ => String::from("…"),
        }
    }
}

/// The name that people give to a key: 1 to 100 characters on one line.
///
/// # Errors
/// One line that says how long a name may be.
pub fn name(typed: &str) -> Result<String, String> {
    const MOST: usize = 100;
    let name = typed.trim();
    match (1..=MOST).contains(&name.chars().count()) && !name.contains(char::is_control) {
        true => Ok(name.to_owned()),
        false => Err(format!("a key's name has 1 to {MOST} characters")),
    }
}

/// The hash that is stored of a key. The time of a look-up by hash does not reveal how much of a wrong key was right.
pub fn hash(key: &str) -> String {
    hex(&Sha256::digest(key.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_begins_as_the_sdks_of_its_platform_expect() {
        for platform in PLATFORMS {
            let key = Value::fresh(Some(platform)).expect("a key");
            assert!(key.0.starts_with(platform.prefix) && key.0.len() == platform.prefix.len() + 48);
            assert!(Value::parse(&key.0, Some(platform)).is_ok());
        }
        assert!(Value::fresh(None).is_ok_and(|key| key.0.starts_with("sk_")));
        assert!(Value::parse("rcb_sb_0123456789", platform_of("RC_BILLING")).is_ok());
        let secret = |length| Value::parse(&format!("sk_{}", "k".repeat(length)), None);
        assert!(secret(22).is_ok());
        assert!(secret(21).err().is_some_and(|why| why.contains("25 to 200 characters")));
        for bad in ["sk_short", "rcb_0123456789abc", "sk_0123456789 abc", "", "sk_0123456789é"] {
            assert!(Value::parse(bad, None).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_hint_shows_too_little_to_use_the_key() {
        let hint = |key: &str| Value(key.to_owned()).hint();
        assert_eq!(hint("sk_0123456789abcdef"), "sk_0123…cdef");
        assert_eq!(hint("sk_012345678"), "sk_0123…");
        assert_eq!(hint("sk_0123"), "…");
    }
}

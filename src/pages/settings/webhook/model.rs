//! An `Authorization` value, and how long the previous value still counts.

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::{hex, random_bytes};

const LONGEST: usize = 5_000;
/// Values of fewer characters get a warning. They are taken, because teams bring the value that they have in RevenueCat.
const SHORT: usize = 22;

/// The warning about a short value.
pub const SHORT_WARNING: &str = "The value is short: somebody who guesses it can send events. Let Dossier make one, or choose \
     at least 22 characters that nobody can guess.";

/// A secret that a header can carry. Only its hash is kept.
pub struct Secret(String);

/// The fields of the form.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub struct Draft {
    /// For how many hours the old value still counts.
    pub overlap: String,
    /// A chosen value; empty for one made at random.
    pub value: String,
}

/// The choices for an overlap, in hours and in words. The first is the default.
pub const OVERLAPS: [(i64, &str); 4] = [
    (24, "For 24 hours more"),
    (1, "For an hour more"),
    (7 * 24, "For 7 days more"),
    (0, "Not at all: it stops working now"),
];

impl Secret {
    /// A random value.
    pub fn fresh() -> Result<Secret, Error> {
        Ok(Secret(format!("Bearer {}", hex(&random_bytes::<32>()?))))
    }

    /// # Errors
    /// What is wrong, as a clause without a full stop.
    pub fn parse(typed: &str) -> Result<Secret, String> {
        let is_plain = typed.bytes().all(|byte| (b' '..=b'~').contains(&byte)) && typed.trim() == typed;
        match is_plain && (1..=LONGEST).contains(&typed.len()) {
            true => Ok(Secret(typed.to_owned())),
            false => Err(format!("it has 1 to {LONGEST} printable ASCII characters, no space at either end")),
        }
    }

    /// Whether it can be guessed: without a word such as `Bearer` at its start, it has fewer characters than 128 random bits.
    pub fn is_short(&self) -> bool {
        let value = self.0.rsplit(' ').next().unwrap_or_default();
        value.len() < SHORT
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn hash(&self) -> String {
        hex(&Sha256::digest(self.0.as_bytes()))
    }
}

/// Until when the old value counts; `Some(None)` when it ends now. `None` when `typed` is not one of [`OVERLAPS`].
pub fn overlap(typed: &str, now: Moment) -> Option<Option<Moment>> {
    let hours = typed.parse::<i64>().ok().filter(|hours| OVERLAPS.iter().any(|(known, _)| known == hours))?;
    Some((hours > 0).then(|| now.plus_seconds(hours * 3600)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_what_a_header_can_carry() {
        assert!(Secret::parse("Bearer abc").is_ok() && Secret::parse(&"x".repeat(5000)).is_ok());
        for secret in ["", " a", "a ", "a\nb", "ä", &"x".repeat(5001)] {
            assert!(Secret::parse(secret).is_err(), "{secret}");
        }
        let is_short = |secret: &str| Secret::parse(secret).is_ok_and(|secret| secret.is_short());
        assert!(is_short("Bearer 0123456789abcdef01234") && is_short("moonrise"));
        assert!(!is_short("Bearer 0123456789abcdef012345") && !is_short("0123456789abcdef012345"));
        let (one, other) = (Secret::fresh().expect("a secret"), Secret::fresh().expect("another"));
        assert!(one.as_str().len() == 71 && one.as_str() != other.as_str() && one.hash().len() == 64);
    }

    #[test]
    fn an_overlap_is_one_of_the_choices() {
        assert_eq!(overlap("24", Moment(0)), Some(Some(Moment(86_400_000))));
        assert_eq!(overlap("0", Moment(0)), Some(None));
        for typed in ["", "2", "-1", "24 ", "1e3", "99999999999999999999"] {
            assert_eq!(overlap(typed, Moment(0)), None, "{typed}");
        }
    }
}

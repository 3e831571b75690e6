//! What may be an App User ID (§9.2), alike at every door.

use sha2::{Digest, Sha256};

/// The most characters an id from outside may have; what people type is held to 100.
pub const MAX_CHARS: usize = 1_500;

/// Words that are no ids: what apps send when they mean "nobody".
const BLOCKED: [&str; 18] = [
    "no_user",
    "null",
    "none",
    "nil",
    "(null)",
    "NaN",
    "",
    "unidentified",
    "undefined",
    "unknown",
    "anonymous",
    "guest",
    "-1",
    "0",
    "[]",
    "{}",
    "[object Object]",
    // NUL as some apps write it out.
    "\\x00",
];

/// The start of every id that an SDK made up itself (§1.1).
pub const ANONYMOUS_PREFIX: &str = "$RCAnonymousID:";

/// An id that may name a customer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AppUserId(String);

/// Why a text cannot name a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forbidden {
    /// One of the blocked words.
    Blocked,
    /// Holds NUL or the replacement character.
    Unreadable,
    /// `.` or `..`: no address can hold it.
    Path,
    TooLong,
}

impl AppUserId {
    /// # Errors
    /// [`Forbidden`] when the text cannot name a customer. The text is taken as it is: nothing is trimmed.
    pub fn parse(text: &str) -> Result<AppUserId, Forbidden> {
        match text {
            _ if BLOCKED.contains(&text) => Err(Forbidden::Blocked),
            "." | ".." => Err(Forbidden::Path),
            _ if text.contains(['\0', '\u{FFFD}']) => Err(Forbidden::Unreadable),
            _ if text.chars().count() > MAX_CHARS => Err(Forbidden::TooLong),
            _ => Ok(AppUserId(text.to_owned())),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_anonymous(&self) -> bool {
        is_anonymous(&self.0)
    }
}

/// Whether an SDK made the id up (§1.1: by the prefix alone).
pub fn is_anonymous(id: &str) -> bool {
    id.starts_with(ANONYMOUS_PREFIX)
}

impl Forbidden {
    /// The reason as the end of a sentence about the id.
    pub const fn words(self) -> &'static str {
        match self {
            Forbidden::Blocked => "is a word apps send for nobody",
            Forbidden::Unreadable => "holds a character that cannot be stored",
            Forbidden::Path => "cannot stand in an address",
            Forbidden::TooLong => "has more than 1,500 characters",
        }
    }
}

/// The longest text that stands in an index as it is, in bytes.
const PLAIN_BYTES: usize = 160;
const HEAD_BYTES: usize = 128;

/// What an index stores for a text: its bytes, or for a long one their start and a hash of all. Comparing keys is
/// comparing texts, byte by byte, on both databases.
pub fn lookup_key(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    if bytes.len() <= PLAIN_BYTES {
        return bytes.to_vec();
    }
    let mut key = bytes.iter().take(HEAD_BYTES).copied().collect::<Vec<_>>();
    key.extend_from_slice(&Sha256::digest(bytes));
    key.push(0);
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocked_words_are_refused_and_their_neighbours_are_not() {
        for blocked in BLOCKED {
            assert_eq!(AppUserId::parse(blocked), Err(Forbidden::Blocked), "{blocked}");
        }
        for fine in ["Guest", " guest", "0 ", "NULL", "a/b", "نور", "😀", "a\u{202E}b", "'; DROP TABLE customers--"]
        {
            assert_eq!(AppUserId::parse(fine).map(|id| id.0), Ok(fine.to_owned()));
        }
        assert_eq!(AppUserId::parse("a\0b"), Err(Forbidden::Unreadable));
        assert_eq!(AppUserId::parse(".."), Err(Forbidden::Path));
        assert!(AppUserId::parse(&"é".repeat(1_500)).is_ok());
        assert_eq!(AppUserId::parse(&"é".repeat(1_501)), Err(Forbidden::TooLong));
    }

    #[test]
    fn long_texts_get_keys_that_differ_and_stay_short() {
        let (a, b) = (lookup_key(&"x".repeat(1_500)), lookup_key(&"x".repeat(1_499)));
        assert_ne!(a, b);
        assert_eq!(a.len(), HEAD_BYTES + 33);
    }
}

//! Which texts can be an App User ID (§9.2). Webhooks, the API and the forms all use this one rule.

use sha2::{Digest, Sha256};

/// The most characters of an id from webhooks and the API. Forms allow only 100.
pub const MAX_CHARS: usize = 1_500;

/// Words that apps send when there is no user, so they cannot be ids.
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
    // Some apps spell NUL this way.
    "\\x00",
];

/// The start of every id that an SDK generated (§1.1).
pub const ANONYMOUS_PREFIX: &str = "$RCAnonymousID:";

/// An id that may name a customer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AppUserId(String);

/// Why a text cannot name a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forbidden {
    /// One of the blocked words.
    Blocked,
    /// Contains NUL or the replacement character.
    Unreadable,
    /// `.` or `..`, which cannot be a segment of a URL path.
    Path,
    TooLong,
}

impl AppUserId {
    /// Takes the text as it is, without trimming.
    ///
    /// # Errors
    /// [`Forbidden`] when the text cannot name a customer.
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

/// Whether an SDK generated the id (§1.1: by the prefix alone).
pub fn is_anonymous(id: &str) -> bool {
    id.starts_with(ANONYMOUS_PREFIX)
}

/// Whether the id is a word for nobody, spelled so that it is not blocked: `Guest`, `null_1`.
pub fn is_placeholder(id: &str) -> bool {
    let bare = |text: &str| text.chars().filter(|letter| letter.is_alphabetic()).collect::<String>().to_lowercase();
    let word = bare(id);
    !word.is_empty() && BLOCKED.iter().any(|blocked| bare(blocked) == word)
}

impl Forbidden {
    /// The reason, to be put after the id or `it`.
    pub const fn words(self) -> &'static str {
        match self {
            Forbidden::Blocked => "is a word that apps send when nobody is logged in",
            Forbidden::Unreadable => "contains a character that cannot be stored",
            Forbidden::Path => "cannot be part of a web address",
            Forbidden::TooLong => "has more than 1,500 characters",
        }
    }
}

/// The longest text, in bytes, that an index stores unchanged.
const PLAIN_BYTES: usize = 160;
/// How many bytes of a longer text its key begins with.
const PREFIX_BYTES: usize = 128;

/// What an index stores for a text: its bytes, or for a long text its first bytes and a hash of the whole text. Both
/// databases compare keys byte by byte, so equal keys mean equal texts.
pub fn lookup_key(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    if bytes.len() <= PLAIN_BYTES {
        return bytes.to_vec();
    }
    let mut key = bytes.iter().take(PREFIX_BYTES).copied().collect::<Vec<_>>();
    key.extend_from_slice(&Sha256::digest(bytes));
    key.push(0);
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocked_words_are_refused_and_similar_ones_are_not() {
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
        assert_eq!(a.len(), PREFIX_BYTES + 33);
    }
}

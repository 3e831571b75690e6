//! The token that an SDK posts for a purchase in the Test Store: `test_<milliseconds>_<UUID>` (§C3.18).

use crate::base::clock::Moment;
use crate::events::Store;

const PREFIX: &str = "test_";
const MOST_DIGITS: usize = 15;
const LONGEST_TAIL: usize = 64;

/// Identifies one purchase, and holds the time at which the app made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    text: String,
    made_at: Moment,
}

impl Token {
    /// `None` for the token of another store.
    pub fn parse(text: &str) -> Option<Token> {
        let (digits, tail) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let is_time = (1..=MOST_DIGITS).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        let is_tail = (1..=LONGEST_TAIL).contains(&tail.len())
            && tail.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let made_at = digits.parse().ok().map(Moment).filter(|_| is_time && is_tail)?;
        Some(Token { text: text.to_owned(), made_at })
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// When the purchase was made, by the clock of the device.
    pub fn made_at(&self) -> Moment {
        self.made_at
    }
}

/// The key that the fold gives a purchase (§6.1).
pub fn key_of(token: &str) -> String {
    format!("{}:{token}", Store::TestStore.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_holds_the_time_of_its_purchase() {
        let made_at = |text| Token::parse(text).map(|token| token.made_at.millis());
        assert_eq!(made_at("test_1795453200000_5f0c7a52-6f0e-4a43-9d5b-0d8a3f1b2c3d"), Some(1_795_453_200_000));
        assert_eq!(made_at("test_1795453200000_5F0C7A52-6F0E-4A43-9D5B-0D8A3F1B2C3D"), Some(1_795_453_200_000));
        let long = format!("test_1_{}", "a".repeat(65));
        for other in ["", "test_", "test_1", "test_1_", "test__a", "test_-1_a", "test_1_a b", "test_1234567890123456_a"]
        {
            assert_eq!(made_at(other), None, "{other}");
        }
        for other in ["MIIUVQYJ", "GPA.3309-1", "sub_1", "xtest_1_a", "TEST_1_a", "test_1_a\0", &long] {
            assert_eq!(made_at(other), None, "{other}");
        }
    }
}

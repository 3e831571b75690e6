//! Recovery codes, for a person who lost their phone. Each works once. Dossier stores only their hashes.

use sha2::{Digest, Sha256};

use crate::base::error::Error;
use crate::base::ids::PersonId;
use crate::base::{hex, random_bytes};

/// How many codes a person gets.
pub const COUNT: usize = 10;

/// Digits and letters that nobody confuses. There are 32, so that a random byte picks each equally often.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// The letters of a code: 16 letters of 5 bits each.
const LENGTH: usize = 16;
const GROUP: usize = 4;

/// A code such as `7k2m-x9qd-4b0t-hw3e`, stored here without the hyphens.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode(String);

impl RecoveryCode {
    /// A full set of new codes.
    pub fn fresh() -> Result<Vec<RecoveryCode>, Error> {
        let one = || {
            let bytes = random_bytes::<LENGTH>()?;
            let letters = bytes.iter().filter_map(|byte| LETTERS.get(usize::from(byte & 31)));
            Ok(RecoveryCode(letters.map(|letter| char::from(*letter)).collect()))
        };
        (0..COUNT).map(|_| one()).collect()
    }

    /// Reads what was typed, in upper or lower case, with or without hyphens. Takes `o` for `0`, and `i` and `l` for
    /// `1`. `None` when it cannot be a recovery code.
    pub fn parse(typed: &str) -> Option<RecoveryCode> {
        let letters = typed.chars().filter(|letter| !letter.is_whitespace() && *letter != '-');
        let code: String = letters.take(LENGTH + 1).map(read).collect::<Option<_>>()?;
        (code.len() == LENGTH).then_some(RecoveryCode(code))
    }

    /// The stored hash. A quick hash is enough for 80 random bits.
    pub fn hash(&self, person: PersonId) -> String {
        hex(&Sha256::digest(format!("{person} {}", self.0)))
    }

    /// The code as people read it, with hyphens.
    pub fn shown(&self) -> String {
        let letters: Vec<char> = self.0.chars().collect();
        letters.chunks(GROUP).map(String::from_iter).collect::<Vec<_>>().join("-")
    }
}

fn read(letter: char) -> Option<char> {
    let letter = match letter.to_ascii_lowercase() {
        'o' => '0',
        'i' | 'l' => '1',
        letter => letter,
    };
    u8::try_from(letter).is_ok_and(|byte| LETTERS.contains(&byte)).then_some(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_ten_different_codes() {
        let mut codes: Vec<_> = RecoveryCode::fresh().expect("random bytes").iter().map(RecoveryCode::shown).collect();
        assert!(codes.iter().all(|code| code.len() == 19 && code.split('-').count() == 4), "{codes:?}");
        codes.sort();
        codes.dedup();
        assert_eq!(codes.len(), COUNT);
    }

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let code = RecoveryCode::parse("7k2m-x9qd-4b0t-hw31").expect("a code");
        for typed in ["7K2M X9QD 4BOT HW3L", "7k2mx9qd4b0thw3i", " 7k2m--x9qd4b0t-hw31\n"] {
            assert!(RecoveryCode::parse(typed) == Some(code.clone()), "{typed}");
        }
        for typed in
            ["", "123456", "7k2m-x9qd-4b0t-hw3", "7k2m-x9qd-4b0t-hw311", "7k2m-x9qd-4b0t-hw3u", &"7".repeat(9000)]
        {
            assert!(RecoveryCode::parse(typed).is_none(), "{typed}");
        }
    }

    #[test]
    fn the_same_code_of_two_people_has_different_hashes() {
        let code = RecoveryCode::parse("7k2m-x9qd-4b0t-hw31").expect("a code");
        assert_ne!(code.hash(PersonId(1)), code.hash(PersonId(2)));
    }
}

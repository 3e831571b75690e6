//! Which keys somebody may type (§10.1, §10.2). Events may bring others, which are kept as they came.

use super::reserved;
use crate::base::error::Problem;
use crate::wording::text;

/// The most characters of a key.
pub const MAX_KEY: usize = 40;
/// The most keys that are not reserved, for one customer.
pub const MAX_CUSTOM: i64 = 50;

/// A reserved key, or one that is well formed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeKey(String);

impl AttributeKey {
    /// Reads a typed key. White space at the ends is removed.
    ///
    /// # Errors
    /// [`Problem`] for the field `key` when it is empty, too long or malformed, or begins with `$` and is not reserved.
    pub fn parse(typed: &str) -> Result<AttributeKey, Problem> {
        let key = typed.trim();
        match problem_of(key) {
            Some(sentence) => Err(Problem { field: "key", sentence }),
            None => Ok(AttributeKey(key.to_owned())),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_reserved(&self) -> bool {
        self.0.starts_with('$')
    }

    /// The label that people see.
    pub fn label(&self) -> &str {
        reserved::find(&self.0).map_or(&self.0, |(_, label)| label)
    }

    /// Whether nobody may overwrite a value by hand (§10.4): it must be cleared first.
    pub fn is_kept(&self) -> bool {
        reserved::is_kept(&self.0)
    }
}

fn problem_of(key: &str) -> Option<String> {
    let length = key.chars().count();
    if key.is_empty() {
        return Some("Type a name, or choose one from the list.".into());
    }
    if length > MAX_KEY {
        return Some(format!("{length} characters are {} too many: a name has at most {MAX_KEY}.", length - MAX_KEY));
    }
    if key.starts_with('$') {
        return unknown(key);
    }
    if !key.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return Some("A name begins with a letter from A to Z.".into());
    }
    let strange = key.chars().find(|letter| !letter.is_ascii_alphanumeric() && !matches!(letter, '-' | '_'))?;
    let strange = if strange.is_whitespace() { "no spaces".into() } else { format!("not {}", shown(strange)) };
    Some(format!("A name holds letters from A to Z, digits, - and _, {strange}."))
}

fn shown(letter: char) -> String {
    text::visible(letter.encode_utf8(&mut [0; 4]))
}

fn unknown(key: &str) -> Option<String> {
    if reserved::find(key).is_some() {
        return None;
    }
    let meant = reserved::KEYS.iter().find(|(known, _)| known.eq_ignore_ascii_case(key));
    Some(match meant {
        Some((known, _)) => format!("Upper and lower case matter: did you mean {known}?"),
        None => "Names that begin with $ are reserved, and this is not one of them. Begin yours with a letter.".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(typed: &str) -> Result<String, String> {
        AttributeKey::parse(typed).map(|key| key.0).map_err(|problem| problem.sentence)
    }

    #[test]
    fn a_name_of_forty_characters_is_the_longest() {
        assert_eq!(parsed(&"a".repeat(40)), Ok("a".repeat(40)));
        assert_eq!(parsed(&"a".repeat(41)), Err("41 characters are 1 too many: a name has at most 40.".into()));
        assert_eq!(parsed(&"語".repeat(41)), Err("41 characters are 1 too many: a name has at most 40.".into()));
        assert_eq!(parsed(" \t"), Err("Type a name, or choose one from the list.".into()));
    }

    #[test]
    fn a_name_begins_with_a_letter_and_holds_no_other_marks() {
        for good in ["a", "Plan-2_x", " plan\n", "telemetry_deck_user_id", "$email", "$clevertapId"] {
            assert_eq!(parsed(good), Ok(good.trim().to_owned()));
        }
        for bad in ["1plan", "_plan", "-plan", "é", "\u{202E}a", "=1+1"] {
            assert_eq!(parsed(bad), Err("A name begins with a letter from A to Z.".into()), "{bad}");
        }
        let holds = |what: &str| Err(format!("A name holds letters from A to Z, digits, - and _, {what}."));
        assert_eq!(
            (parsed("a b"), parsed("a.b"), parsed("a\0b")),
            (holds("no spaces"), holds("not ."), holds("not ‹U+0000›"))
        );
        assert_eq!(parsed("plan$"), holds("not $"));
    }

    #[test]
    fn reserved_names_are_those_of_the_list_in_their_own_case() {
        for (key, _) in reserved::KEYS {
            assert!(AttributeKey::parse(key).is_ok_and(|key| key.is_reserved()), "{key}");
        }
        assert_eq!(parsed("$Email"), Err("Upper and lower case matter: did you mean $email?".into()));
        assert!(parsed("$plan").is_err_and(|parsed| parsed.contains("are reserved")));
        assert!(parsed("$").is_err());
    }
}

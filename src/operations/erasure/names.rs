//! Finds names in a text of any kind: JSON with escapes, broken JSON, a URL, a sentence.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// A name of at least this many characters counts unless a letter or digit touches it. A shorter one could be part of
/// anything, so it counts only between white space or delimiters.
const DISTINCTIVE_LENGTH: usize = 6;

/// The ids, e-mail addresses and phone numbers to find.
#[derive(Debug, Default)]
pub struct Names(Vec<String>);

impl Names {
    pub fn extend(&mut self, names: impl IntoIterator<Item = String>) {
        self.0.extend(names.into_iter().filter(|name| !name.is_empty()));
    }

    pub fn are_in(&self, text: &str) -> bool {
        self.occur_in(text)
            || self.occur_in(&unescaped(text))
            || self.occur_in(&percent_decode_str(text).decode_utf8_lossy())
    }

    fn occur_in(&self, text: &str) -> bool {
        self.0.iter().any(|name| occurs_in(name, text))
    }
}

fn occurs_in(name: &str, text: &str) -> bool {
    let is_distinctive = name.chars().count() >= DISTINCTIVE_LENGTH;
    text.match_indices(name).any(|(at, _)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let after = text.get(at + name.len()..).and_then(|text| text.chars().next());
        [before, after].into_iter().flatten().all(|beside| ends_a_name(beside, is_distinctive))
    })
}

/// Whether a name may begin or end beside this character.
fn ends_a_name(beside: char, is_distinctive: bool) -> bool {
    match is_distinctive {
        true => !beside.is_alphanumeric(),
        false => beside.is_whitespace() || "\"'`,:;[]{}()<>/=&?#".contains(beside),
    }
}

/// The text with JSON escapes decoded. Whatever is not a valid escape stays as it is.
fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut units: Vec<u16> = Vec::with_capacity(text.len());
    let mut rest = text.encode_utf16();
    while let Some(unit) = rest.next() {
        if unit != u16::from(b'\\') {
            units.push(unit);
            continue;
        }
        let mut ahead = rest.clone();
        match ahead.next().and_then(|kind| u8::try_from(kind).ok()) {
            Some(b'u') => match number(ahead.by_ref().take(4)) {
                Some(unit) => units.push(unit),
                None => continue,
            },
            Some(b'n' | b'r' | b't' | b'b' | b'f') => units.push(u16::from(b' ')),
            Some(plain) => units.push(u16::from(plain)),
            None => continue,
        }
        rest = ahead;
    }
    Cow::Owned(String::from_utf16_lossy(&units))
}

/// Reads four hexadecimal digits.
fn number(digits: impl Iterator<Item = u16>) -> Option<u16> {
    let text = String::from_utf16(&digits.collect::<Vec<_>>()).ok()?;
    if text.len() == 4 { u16::from_str_radix(&text, 16).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn are_in(name: &str, text: &str) -> bool {
        let mut names = Names::default();
        names.extend([name.to_owned()]);
        names.are_in(text)
    }

    #[test]
    fn a_name_is_found_however_it_is_written() {
        for text in [
            r#"{"event":{"app_user_id":"zoë/1"}}"#,
            r#"{"event":{"app_user_id":"zo\u00eb\/1"}}"#,
            r#"{"event":{"app_user_id":"zo\u00EB/1","#,
            "/projects/p/customers/zo%C3%AB%2F1#notes",
            "zoë/1",
        ] {
            assert!(are_in("zoë/1", text), "{text}");
        }
        assert!(are_in("\u{1F600}", r#"["\ud83d\ude00"]"#));
        assert!(are_in("a\"b", r#"["a\"b"]"#));
        assert!(are_in("7", r#"{"event":{"app_user_id":7}}"#));
        assert!(are_in("lena.okafor", "moved from lena.okafor."));
    }

    #[test]
    fn a_part_of_another_name_is_not_the_name() {
        assert!(!are_in("lena", r#"["lena2"]"#));
        assert!(!are_in("lena", r#"["lena-old"]"#));
        assert!(!are_in("7", r#"{"price":7.99}"#));
        assert!(!are_in("lena.okafor", r#"["lena.okafors"]"#));
        assert!(!are_in("lena", r"\u12 \ \"));
        assert!(!Names::default().are_in("anything"));
    }
}

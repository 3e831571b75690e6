//! The words of a body of any kind: JSON with escapes, broken JSON, a URL, a sentence. A word is what letters and digits
//! without anything between them make. An id in a body is made of whole words, however it is written there.

use std::borrow::Cow;
use std::collections::BTreeSet;

use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};

/// How many different words of a body are stored.
pub const MOST_WORDS: usize = 2_000;

/// The hashes of the words of a text, however it is read; `None` when there are more than [`MOST_WORDS`].
pub fn hashes(text: &str) -> Option<BTreeSet<i64>> {
    let forms = forms(text);
    let mut found = BTreeSet::new();
    for word in forms.iter().flat_map(|form| words(form)) {
        found.insert(word);
        if found.len() > MOST_WORDS {
            return None;
        }
    }
    Some(found.into_iter().map(hash).collect())
}

/// The hash of the longest word of a name; `None` when it has neither letters nor digits.
pub fn longest(name: &str) -> Option<i64> {
    words(name).max_by_key(|word| word.len()).map(hash)
}

/// What a text may stand for: itself, and without the escapes of JSON or of a URL, where it has any.
pub fn forms(text: &str) -> Vec<Cow<'_, str>> {
    let mut forms = vec![Cow::Borrowed(text)];
    if text.contains('\\') {
        forms.push(unescaped(text).into());
    }
    if text.contains('%') {
        forms.push(percent_decode_str(text).decode_utf8_lossy().into_owned().into());
    }
    forms
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty())
}

fn hash(word: &str) -> i64 {
    let [a, b, c, d, e, f, g, h, ..] = <[u8; 32]>::from(Sha256::digest(word.as_bytes()));
    i64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// The text with JSON escapes decoded. Whatever is not a valid escape stays as it is.
fn unescaped(text: &str) -> String {
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
    String::from_utf16_lossy(&units)
}

/// Reads four hexadecimal digits.
fn number(digits: impl Iterator<Item = u16>) -> Option<u16> {
    let text = String::from_utf16(&digits.collect::<Vec<_>>()).ok()?;
    if text.len() == 4 { u16::from_str_radix(&text, 16).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_by_its_longest_word_however_it_is_written() {
        for text in [
            r#"{"event":{"app_user_id":"zoë.berg/1"}}"#,
            r#"{"event":{"app_user_id":"zo\u00eb.berg\/1"}}"#,
            r#"{"event":{"app_user_id":"zo\u00EB.\u0062erg\/1","#,
            "/projects/p/customers/zo%C3%AB%2Eberg%2F1#notes",
            "moved from zoë.berg/1.",
        ] {
            let word = longest("zoë.berg/1").expect("a word");
            assert!(hashes(text).is_some_and(|words| words.contains(&word)), "{text}");
        }
        assert!(hashes("7-8").is_some_and(|words| words.contains(&longest("8").expect("a word"))));
        assert_eq!(longest("$-:"), None);
    }

    #[test]
    fn a_text_with_too_many_words_has_none() {
        let text = |words: usize| (0..words).map(|word| format!("w{word} w{word} ")).collect::<String>();
        assert_eq!(hashes(&text(MOST_WORDS)).map(|words| words.len()), Some(MOST_WORDS));
        assert_eq!(hashes(&text(MOST_WORDS + 1)), None);
    }
}

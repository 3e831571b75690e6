//! Finds names in a text of any kind: JSON with escapes, broken JSON, a URL, a sentence.

use crate::ingest::rejected::words::forms;

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

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    pub fn are_in(&self, text: &str) -> bool {
        forms(text).iter().any(|form| self.0.iter().any(|name| occurs_in(name, form)))
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

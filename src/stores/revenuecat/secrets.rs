//! Keys in what the other side says. It may repeat the header of a call, and what it says is shown, stored and logged.

use serde_json::Value;

/// What stands in the place of a key.
const CUT: &str = "[key]";
/// So many characters of the beginning of a key give it away. Words may break off in the middle of a key.
const LEAST: usize = 8;

/// The keys of a connection, which no words may repeat.
pub struct Secrets<'a>(pub [Option<&'a str>; 2]);

impl Secrets<'_> {
    /// A text without the keys, and without beginnings of them.
    pub fn cut(&self, text: &str) -> String {
        let mut cut = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let secret = self.0.iter().flatten().map(|key| in_common(rest, key)).max().unwrap_or_default();
            let is_secret = secret >= LEAST;
            if is_secret {
                cut.push_str(CUT);
            } else {
                cut.push(first);
            }
            rest = rest.get(if is_secret { secret } else { first.len_utf8() }..).unwrap_or_default();
        }
        cut
    }

    /// The same for every text in an answer.
    pub fn cut_all(&self, value: &mut Value) {
        match value {
            Value::String(text) if self.is_in(text) => *text = self.cut(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.cut_all(item)),
            Value::Object(fields) => fields.iter_mut().for_each(|(_, field)| self.cut_all(field)),
            Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Whether a beginning of a key may be in a text, however it is written. Most texts are in no need of being copied.
    fn is_in(&self, text: &str) -> bool {
        let begins = |key: &str| {
            let beginning = key.as_bytes().get(..LEAST);
            beginning.is_some_and(|beginning| {
                text.as_bytes().windows(LEAST).any(|part| part.eq_ignore_ascii_case(beginning))
            })
        };
        self.0.iter().flatten().any(|key| begins(key))
    }
}

/// How many bytes at the beginning of a text and of a key are the same, whatever their case.
fn in_common(text: &str, key: &str) -> usize {
    let pairs = text.chars().zip(key.chars());
    pairs.take_while(|(one, other)| one.eq_ignore_ascii_case(other)).map(|(one, _)| one.len_utf8()).sum()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_and_beginnings_of_them_are_cut_out_wherever_they_stand() {
        let secrets = Secrets([Some("sk_of_the_second_version"), Some("sk_1")]);
        for (said, left) in [
            ("Bad header Bearer sk_of_the_second_version.", "Bad header Bearer [key]."),
            ("bearer SK_OF_THE_SECOND_VERSION, sk_of_the_second_version", "bearer [key], [key]"),
            ("é sk_of_the_sec…", "é [key]…"),
            ("sk_of_an other, sk_1", "sk_of_an other, sk_1"),
            ("", ""),
        ] {
            assert_eq!(secrets.cut(said), left, "{said}");
        }
        let mut body =
            json!({ "message": "sk_of_the_second_version", "more": [{ "a": "sk_of_the_second_version", "n": 1 }] });
        secrets.cut_all(&mut body);
        assert_eq!(body, json!({ "message": "[key]", "more": [{ "a": "[key]", "n": 1 }] }));
    }
}

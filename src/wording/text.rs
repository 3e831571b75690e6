//! Text from outside: hidden characters made visible, text encoded for URLs, and small helpers for words.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The characters to encode in a URL: all but the unreserved ones of RFC 3986.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Encodes a text as one segment of a path, or as one value of a query.
pub fn segment(text: &str) -> String {
    Cow::from(utf8_percent_encode(text, SEGMENT)).into_owned()
}

/// Turns a remark into a sentence: `a name has …` becomes `A name has ….`
pub fn sentence(remark: &str) -> String {
    let mut letters = remark.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

/// Makes hidden characters of an id visible. Invisible characters and those that change the text direction become
/// their code (`‹U+202E›`); spaces at either end or in a row become `␣`. Joiners in an emoji or a word stay unchanged.
pub fn visible(text: &str) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
    let mut shown = String::with_capacity(text.len());
    each_visible(text, |_, words| shown.push_str(words));
    shown
}

/// As [`visible`], cut in three at these byte positions of `text`. Cutting `text` first would change the result,
/// because how a character is shown depends on its neighbours.
pub fn visible_parts(text: &str, start: usize, end: usize) -> [String; 3] {
    let [mut before, mut inside, mut after] = [const { String::new() }; 3];
    each_visible(text, |at, words| {
        let part = match at {
            _ if at < start => &mut before,
            _ if at < end => &mut inside,
            _ => &mut after,
        };
        part.push_str(words);
    });
    [before, inside, after]
}

/// Calls `show` for each character with its byte position and its visible form.
fn each_visible(text: &str, mut show: impl FnMut(usize, &str)) {
    let last = text.char_indices().next_back().map_or(0, |(at, _)| at);
    let mut before = None;
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let after = letters.peek().map(|(_, next)| *next);
        match letter {
            ' ' if at == 0 || at == last || before == Some(' ') => show(at, "\u{2423}"),
            _ if is_hidden(letter) && !joins(letter, before, after) => {
                show(at, &format!("\u{2039}U+{:04X}\u{203A}", u32::from(letter)));
            }
            _ => show(at, letter.encode_utf8(&mut [0; 4])),
        }
        before = Some(letter);
    }
}

/// Whether a text is printable ASCII with only single spaces inside, as most ids are.
fn is_plain(text: &str) -> bool {
    let has_odd_spaces = text.starts_with(' ') || text.ends_with(' ') || text.contains("  ");
    text.bytes().all(|byte| matches!(byte, b' '..=b'~')) && !has_odd_spaces
}

/// Whether a character is invisible: a control, another space, a direction mark, a joiner or a tag.
fn is_hidden(letter: char) -> bool {
    (letter.is_whitespace() && letter != ' ')
        || letter.is_control()
        || matches!(letter,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}'
            | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Whether a hidden character joins its neighbours as intended, in an emoji or a word.
fn joins(letter: char, before: Option<char>, after: Option<char>) -> bool {
    match letter {
        '\u{FE0E}' | '\u{FE0F}' => before.is_some_and(is_emoji),
        '\u{200D}' if before.is_some_and(is_emoji) => after.is_some_and(is_emoji),
        '\u{200C}' | '\u{200D}' => before.is_some_and(is_joining_script) && after.is_some_and(is_joining_script),
        _ => false,
    }
}

fn is_emoji(letter: char) -> bool {
    matches!(letter, '\u{2190}'..='\u{2BFF}' | '\u{FE0F}' | '\u{1F000}'..='\u{1FAFF}')
}

/// Whether a letter is of Arabic or an Indian script, where joiners change how letters are written.
fn is_joining_script(letter: char) -> bool {
    matches!(letter, '\u{0600}'..='\u{07FF}' | '\u{08A0}'..='\u{0DFF}')
}

/// `1 note`, `12 notes`, `1,204 events`.
pub fn count(number: i64, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{} {many}", grouped(number)) }
}

/// How long to wait, rounded up: `30 seconds`, `15 minutes`.
pub fn wait(seconds: u64) -> String {
    let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    match seconds {
        0..=90 => count(whole(seconds.max(1)), "second", "seconds"),
        _ => count(whole(seconds.div_ceil(60)), "minute", "minutes"),
    }
}

/// `1,204`.
pub fn grouped(number: i64) -> String {
    crate::base::money::Micros(number.saturating_mul(1_000_000)).shown()
}

/// `a`, `a and b`, `a, b and c`.
pub fn listed(items: &[String]) -> String {
    match items.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}

/// The text with a capital first letter.
pub fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

/// The text with a small first letter, for use inside a sentence.
pub fn uncapitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_lowercase).chain(letters).collect()
}

/// The first letters of the first and the last word, for a person's tile; `?` if there are none.
pub fn initials(name: &str) -> String {
    let mut words = name.split_whitespace().filter_map(|word| word.chars().find(|letter| letter.is_alphanumeric()));
    let (first, last) = (words.next(), words.next_back());
    let letters: String = first.into_iter().chain(last).flat_map(char::to_uppercase).collect();
    if letters.is_empty() { "?".into() } else { letters }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_never_shorter_than_it_says() {
        let waits = [0, 1, 30, 90, 91, 120, 121, 900].map(wait);
        assert_eq!(
            waits,
            ["1 second", "1 second", "30 seconds", "90 seconds", "2 minutes", "2 minutes", "3 minutes", "15 minutes"]
        );
    }

    #[test]
    fn an_id_becomes_one_segment_of_a_path() {
        assert_eq!(segment("$RCAnonymousID:84f"), "%24RCAnonymousID%3A84f");
        assert_eq!(segment("a/b?c#d%e f+g@h;i=j"), "a%2Fb%3Fc%23d%25e%20f%2Bg%40h%3Bi%3Dj");
        assert_eq!(segment("plain-id_1.2~x"), "plain-id_1.2~x");
        assert_eq!(segment("نور"), "%D9%86%D9%88%D8%B1");
    }

    #[test]
    fn hidden_characters_of_an_id_are_shown_by_their_code() {
        assert_eq!(visible("admin\u{202E}gpj"), "admin\u{2039}U+202E\u{203A}gpj");
        assert_eq!(visible("a\u{200B}b\tc\u{A0}d\u{200D}e"), "a‹U+200B›b‹U+0009›c‹U+00A0›d‹U+200D›e");
        assert_eq!(visible(" a  b "), "␣a ␣b␣");
        assert_eq!(visible(" "), "␣");
        assert_eq!(visible("\u{E0041}"), "‹U+E0041›");
    }

    #[test]
    fn a_part_is_shown_as_in_the_complete_text() {
        assert_eq!(visible_parts("Lena Okafor", 0, 4), ["", "Lena", " Okafor"].map(String::from));
        assert_eq!(visible_parts("a  b ", 1, 2), ["a", " ", "␣b␣"].map(String::from));
        assert_eq!(visible_parts("x\u{202E}", 9, 9), ["x‹U+202E›", "", ""].map(String::from));
    }

    #[test]
    fn emoji_and_joined_letters_stay_unchanged() {
        for text in ["🧜🏽\u{200D}♀\u{FE0F}-mermaid", "می\u{200C}خواهم", "مستخدم-٤٤٧١", "lena.okafor_4471", "a b", ""]
        {
            assert_eq!(visible(text), text);
        }
    }

    #[test]
    fn numbers_and_lists_are_written_in_words() {
        assert_eq!(count(1, "note", "notes"), "1 note");
        assert_eq!(count(0, "note", "notes"), "0 notes");
        assert_eq!(count(1_204, "event", "events"), "1,204 events");
        assert_eq!(listed(&["a".into(), "b".into(), "c".into()]), "a, b and c");
        assert_eq!(listed(&["a".into()]), "a");
        assert_eq!(listed(&[]), "");
    }

    #[test]
    fn initials_are_letters_or_a_question_mark() {
        for (name, tile) in [("Lena Okafor", "LO"), ("نورا العبد الله", "نا"), ("(lena) ", "L"), ("💎", "?"), ("", "?")]
        {
            assert_eq!(initials(name), tile, "{name}");
        }
    }
}

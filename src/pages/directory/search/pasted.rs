//! Picks out of pasted text (a mail, a receipt, a log line, JSON) what may name a customer (§13). Only the database
//! knows which of the pieces do.

use std::collections::HashSet;
use std::sync::LazyLock;

use percent_encoding::percent_decode_str;
use regex_lite::Regex;

use crate::base::app_user_id::{ANONYMOUS_PREFIX, MAX_CHARS};
use crate::customers::search_terms::{base_order, phone_digits};

/// How many pieces of one text are looked up.
pub const MOST_PIECES: usize = 40;

/// How sure it is that a piece is meant to name somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sureness {
    /// All that was typed.
    Whole,
    /// Has the shape of an id, an order or an address, or follows a label like "User ID:".
    Named,
    /// Any other word or quoted text.
    Guessed,
}

/// A part of the text to look up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub text: String,
    pub sureness: Sureness,
    /// The piece counts only when nobody has this text: a Google order's base is searched in place of its renewal.
    pub in_place_of: Option<String>,
}

/// The pieces of a text, surest first, without the text as a whole.
pub fn pieces(text: &str) -> Vec<Piece> {
    let mut found = Found::default();
    labelled(text, &mut found);
    addresses(text, &mut found);
    shaped(text, &mut found);
    quoted(text, &mut found);
    words(text, &mut found);
    found.pieces
}

#[derive(Default)]
struct Found {
    pieces: Vec<Piece>,
    seen: HashSet<String>,
}

impl Found {
    fn add(&mut self, text: &str, sureness: Sureness) {
        let text = trimmed(text);
        if self.take(text, sureness, None)
            && let Some(base) = base_order(text)
        {
            self.take(base, sureness, Some(text.to_owned()));
        }
    }

    fn is_full(&self) -> bool {
        self.pieces.len() >= MOST_PIECES
    }

    fn take(&mut self, text: &str, sureness: Sureness, in_place_of: Option<String>) -> bool {
        let length = text.chars().take(MAX_CHARS + 1).count();
        let is_useful = (2..=MAX_CHARS).contains(&length) && !self.is_full();
        if !is_useful || !self.seen.insert(text.to_owned()) {
            return false;
        }
        self.pieces.push(Piece { text: text.to_owned(), sureness, in_place_of });
        true
    }
}

/// The text without the punctuation around it.
fn trimmed(text: &str) -> &str {
    const AROUND: &[char] = &[
        ',', ';', '.', ':', '!', '?', '"', '\'', '`', '(', ')', '[', ']', '{', '}', '<', '>', '*', '|', '“', '”', '«',
        '»',
    ];
    text.trim_matches(|letter: char| letter.is_whitespace() || AROUND.contains(&letter))
}

/// A pattern that does not compile would be left out without a trace, so a test compares the numbers.
type Patterns<const N: usize> = [&'static str; N];

fn compiled(patterns: &[&str]) -> Vec<Regex> {
    patterns.iter().flat_map(|pattern| Regex::new(pattern)).collect()
}

/// "User ID: lena", `app_user_id=lena`, `"customerId": "lena"`, "Order no. 123".
const LABEL: Patterns<1> = [concat!(
    r#"(?i)(?:^|[^a-z0-9])(?:rc[ _-]?)?(?:(?:original|store|latest|last)[ _-]?)*"#,
    r#"(?:(?:app[ _-]?)?user|uid|customer|install|subscriber|account|order|transaction|invoice|receipt|e-?mail|phone)"#,
    r#"(?:[ _-]?(?:id|number|no\.?|nr\.?|address|identifier|ref))*["'`*]*[ \t]*[:=#]+[ \t]*"#
)];
static LABELS: LazyLock<Vec<Regex>> = LazyLock::new(|| compiled(&LABEL));

/// How many characters the value after a label may have (§13).
const MOST_OF_VALUE: usize = 100;

fn labelled(text: &str, found: &mut Found) {
    for label in LABELS.iter() {
        for hit in label.find_iter(text) {
            if found.is_full() {
                return;
            }
            let rest = text.get(hit.end()..).unwrap_or("").lines().next().unwrap_or("");
            value(rest, found);
        }
    }
}

/// Adds the value after a label: a quoted text, otherwise the first word, and the rest of the line in case an id holds
/// spaces.
fn value(rest: &str, found: &mut Found) {
    if let Some((quote, inner)) = rest.chars().next().filter(|first| "\"'`".contains(*first)).zip(rest.get(1..)) {
        return add_decoded(inner.split(quote).next().unwrap_or(""), found);
    }
    let word = rest.split(|letter: char| letter.is_whitespace() || ",;&|\"".contains(letter)).next().unwrap_or("");
    add_decoded(word, found);
    if rest.trim() != word && rest.chars().count() <= MOST_OF_VALUE && !rest.contains('/') {
        found.add(rest, Sureness::Named);
    }
}

/// Adds a text as it is, and decoded in case it was copied from an address.
fn add_decoded(text: &str, found: &mut Found) {
    found.add(text, Sureness::Named);
    if text.contains('%')
        && let Ok(decoded) = percent_decode_str(text).decode_utf8()
    {
        found.add(&decoded, Sureness::Named);
    }
}

/// The address of a profile, here or in RevenueCat: …/customers/ID, …/customers/PROJECT/ID, …/subscribers/ID.
const ADDRESS: Patterns<1> = [r#"/(?:customers|subscribers)/([^\s?#"'<>/]+)(?:/([^\s?#"'<>/]+))?"#];
static ADDRESSES: LazyLock<Vec<Regex>> = LazyLock::new(|| compiled(&ADDRESS));

fn addresses(text: &str, found: &mut Found) {
    for address in ADDRESSES.iter() {
        for parts in address.captures_iter(text) {
            for part in parts.iter().skip(1).flatten() {
                add_decoded(part.as_str(), found);
            }
        }
    }
}

/// Shapes that nothing else has (§1.1): they are found even where a paste has glued lines together.
const SHAPE: Patterns<7> = [
    r"(?i)GPA\.(?:\d{4}-\d{4}-\d{4}-\d{5}|\d[\d-]*\d)(?:\.\.\d+)?",
    r"(?i)(?:\$|%24)RCAnonymousID(?::|%3A)(?:[0-9a-f]{32}|[0-9a-z-]+)",
    r#"[^\s@<>()\[\]{}"'`,;:=/|&?!\\“”«»]+@(?:[^\s@<>()\[\]{}"'`,;:=/|&?!\\.“”«»]+\.)+[^\s@<>()\[\]{}"'`,;:=/|&?!\\.“”«»]{2,}"#,
    r"(?i)\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    r"\b(?:si|sub|cs|in|pi|txn)_[A-Za-z0-9_]{6,}",
    r"\d{9,}",
    r"\+\d[\d ()./-]{5,}\d",
];
static SHAPES: LazyLock<Vec<Regex>> = LazyLock::new(|| compiled(&SHAPE));

fn shaped(text: &str, found: &mut Found) {
    for shape in SHAPES.iter() {
        for hit in shape.find_iter(text) {
            let hit = hit.as_str();
            match hit.get(..1) {
                Some("$" | "%") => found.add(&anonymous(hit), Sureness::Named),
                Some("+") if !hit.contains('@') => found.add(&phone_digits(hit), Sureness::Named),
                _ => found.add(hit, Sureness::Named),
            }
        }
    }
}

/// An anonymous id as the SDK writes it, even when its prefix was percent-encoded.
fn anonymous(text: &str) -> String {
    let tail = text.rsplit([':', '%']).next().unwrap_or("");
    let tail = if text.contains(':') { tail } else { tail.get(2..).unwrap_or("") };
    format!("{ANONYMOUS_PREFIX}{tail}")
}

const QUOTE: Patterns<5> =
    [r#""((?:[^"\\\r\n]|\\.)+)"\s*(:?)"#, r"'([^'\s]+)'", r"`([^`\r\n]+)`", r"“([^”\r\n]+)”", r"«([^»\r\n]+)»"];
static QUOTES: LazyLock<Vec<Regex>> = LazyLock::new(|| compiled(&QUOTE));

/// Adds quoted texts, but not the names of JSON fields.
fn quoted(text: &str, found: &mut Found) {
    for quote in QUOTES.iter() {
        for parts in quote.captures_iter(text) {
            let is_field = parts.get(2).is_some_and(|colon| !colon.as_str().is_empty());
            if let (Some(inner), false) = (parts.get(1), is_field) {
                let plain = serde_json::from_str::<String>(&format!("\"{}\"", inner.as_str()));
                found.add(plain.as_deref().unwrap_or(inner.as_str()), Sureness::Guessed);
            }
        }
    }
}

/// Where words are cut into parts, besides the word as a whole.
const CUTS: [char; 13] = [',', ';', '|', '=', '"', '(', ')', '<', '>', '[', ']', '{', '}'];

/// Adds every other word and its parts, those that look like ids first. [`quoted`] has already read the fields of
/// JSON.
fn words(text: &str, found: &mut Found) {
    let all = || text.split_whitespace().filter(|word| !word.contains("\":"));
    let parts = || all().flat_map(|word| std::iter::once(word).chain(word.split(CUTS))).map(trimmed);
    parts().filter(|word| looks_like_id(word)).for_each(|word| found.add(word, Sureness::Guessed));
    parts().for_each(|word| found.add(word, Sureness::Guessed));
}

/// Whether a word is more likely an id than part of a sentence.
pub fn looks_like_id(word: &str) -> bool {
    let has_digit = word.contains(|letter: char| letter.is_numeric());
    let is_joined = word.contains(['_', '-', '.', ':', '@', '|', '$', '#']);
    word.chars().count() >= 4 && (has_digit || is_joined)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Vec<String> {
        let found = pieces(text).into_iter();
        found.filter(|piece| piece.sureness == Sureness::Named).map(|piece| piece.text).collect()
    }

    fn has(text: &str, wanted: &[&str]) {
        let found = named(text);
        for one in wanted {
            assert!(found.iter().any(|piece| piece == one), "{one} is not among {found:?}");
        }
    }

    #[test]
    fn every_pattern_compiles() {
        assert_eq!(LABELS.len(), LABEL.len());
        assert_eq!(ADDRESSES.len(), ADDRESS.len());
        assert_eq!(SHAPES.len(), SHAPE.len());
        assert_eq!(QUOTES.len(), QUOTE.len());
    }

    #[test]
    fn a_mail_from_apple_gives_its_ids_and_the_address() {
        let mail = "Receipt\r\nAPPLE ID\r\nlena@okafor.example\r\nINVOICE DATE\r\n23 Nov 2026\r\n\
            ORDER ID\r\nMLX4QZ7TNK\r\nDOCUMENT NO.\r\n197304551820\r\nSundial Pro (Annual)\r\nRenews 23 Nov 2027\r\n\
            Report a Problem\r\n€ 59,99\r\n";
        has(mail, &["lena@okafor.example", "197304551820"]);
        assert!(pieces(mail).iter().any(|piece| piece.text == "MLX4QZ7TNK" && piece.sureness == Sureness::Guessed));
    }

    #[test]
    fn a_mail_from_google_gives_the_order_and_its_base() {
        let mail = "Hi Chidi,\nYou made a purchase from Sundial on Google Play.\n\
            Order number: GPA.3390-1182-5530-01234..7\nOrder date: 23 Nov 2026 10:01:12 GMT+1\n\
            Your account: family@okafor.example.";
        has(mail, &["GPA.3390-1182-5530-01234..7", "GPA.3390-1182-5530-01234", "family@okafor.example"]);
        let base = pieces(mail).into_iter().find(|piece| piece.text == "GPA.3390-1182-5530-01234");
        assert_eq!(base.and_then(|base| base.in_place_of).as_deref(), Some("GPA.3390-1182-5530-01234..7"));
    }

    #[test]
    fn lines_that_a_search_field_glued_together_still_give_ids_with_a_shape() {
        let glued =
            "Order: GPA.3390-1182-5530-01234Total: 5.99App user:$RCAnonymousID:5f1c0d2e9a774c21b80a6f1f4f6a9921iOS";
        has(glued, &["GPA.3390-1182-5530-01234", "$RCAnonymousID:5f1c0d2e9a774c21b80a6f1f4f6a9921"]);
        has("id2f1f2a08 2f1f2a08-2b67-4a52-9c4d-2a7f83d2e111Order", &["2f1f2a08-2b67-4a52-9c4d-2a7f83d2e111"]);
    }

    #[test]
    fn a_log_line_gives_the_stripe_subscription_and_the_user() {
        let line = "2026-11-23T10:01:12.331Z WARN billing: invoice.payment_failed sub=sub_1QbTestLena44 \
            item=si_RX9aLena4471 user=lena.okafor_4471 session=cs_test_a1B2c3D4e5";
        has(line, &["sub_1QbTestLena44", "si_RX9aLena4471", "lena.okafor_4471", "cs_test_a1B2c3D4e5"]);
    }

    #[test]
    fn a_webhook_gives_its_ids_and_not_its_field_names() {
        let json = r#"{"event": {"type": "RENEWAL", "id": "12345678-1234-1234-1234-123456789012",
            "app_user_id": "n\u00far 1", "original_app_user_id": "$RCAnonymousID:87c6049c58069238dce29853916d624c",
            "aliases": ["tash", "t/ash"], "transaction_id":"1000000831360853", "store": "APP_STORE",
            "subscriber_attributes": {"$email": {"value": "firstlast@gmail.com"}}}}"#;
        has(json, &["1000000831360853", "$RCAnonymousID:87c6049c58069238dce29853916d624c", "firstlast@gmail.com"]);
        let all: Vec<String> = pieces(json).into_iter().map(|piece| piece.text).collect();
        for wanted in ["núr 1", "tash", "t/ash"] {
            assert!(all.iter().any(|piece| piece == wanted), "{wanted} is not among {all:?}");
        }
        assert!(!all.iter().any(|piece| piece == "aliases"));
        assert!(all.len() <= MOST_PIECES);
    }

    #[test]
    fn a_ticket_gives_the_values_after_its_labels() {
        has("Help!\nUser ID: lena.okafor_4471\nApp version: 4.2", &["lena.okafor_4471"]);
        has("RC customer id:  Sandy B  \n", &["Sandy", "Sandy B"]);
        has("rcInstallId = 9f, user: <tash>", &["9f", "tash"]);
        has("INSTALL: abc", &["abc"]);
        has("{'appUserID': 'u 90211'}", &["u 90211"]);
        has("https://x.example/?app_user_id=lena%40okafor.example&a=1", &["lena@okafor.example"]);
        assert!(named("The user cannot log in: help").is_empty());
    }

    #[test]
    fn an_address_of_a_profile_gives_the_id() {
        has("see https://dossier.example/projects/sundial/customers/team%2F42%3Fref=a?sandbox=1", &["team/42?ref=a"]);
        has(
            "https://app.revenuecat.com/customers/56965ae1/%24RCAnonymousID%3A5f1c0d2e9a774c21b80a6f1f4f6a9921",
            &["$RCAnonymousID:5f1c0d2e9a774c21b80a6f1f4f6a9921"],
        );
    }

    #[test]
    fn a_phone_number_is_its_digits() {
        has("call +49 (151) 234-5678 after six", &["491512345678"]);
    }

    #[test]
    fn mail_addresses_lose_the_sentence_around_them() {
        has(
            "From: Lena Okafor <Lena+pro@okafor.example>, sent by mailto:a.b@c.example.",
            &["Lena+pro@okafor.example", "a.b@c.example"],
        );
        has("Почта: вера@почта.рф!", &["вера@почта.рф"]);
    }

    #[test]
    fn ten_kilobytes_of_anything_give_at_most_forty_pieces() {
        let ids: String = (0..900).map(|number| format!("user_{number:05} ")).collect();
        let mut hostile =
            vec![ids, "@".repeat(10_240), "\"\\".repeat(5_120), "a.".repeat(5_120), "$%{[(<".repeat(1_700)];
        hostile.extend(["🌻".repeat(2_560), "1".repeat(10_240), "user:".repeat(2_048), "%".repeat(10_240)]);
        for text in hostile {
            assert!(pieces(&text).len() <= MOST_PIECES);
        }
    }
}

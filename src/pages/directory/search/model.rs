//! The query, its matches, and which of them count: the text itself comes before its pieces, and pieces that surely
//! name somebody come before the others.

use std::collections::{HashMap, HashSet};

use super::pasted;
use super::pasted::{Piece, Sureness, looks_like_id};
use crate::base::app_user_id::MAX_CHARS;
use crate::base::clock::Moment;
use crate::base::ids::CustomerId;
use crate::customers::search_terms::{TermKind, folded, folded_letter, phone_digits};

/// The longest text that is searched, in bytes.
pub const MOST_BYTES: usize = 10 * 1024;

/// How many bytes of a long text are in a key of the index: see `lookup_key`.
const KEY_HEAD: usize = 128;

/// A text to find customers by.
#[derive(Debug, Clone)]
pub struct Query {
    /// As typed, without white space at its ends.
    pub text: String,
    /// The texts to look up, surest first: the text itself, then what was picked out of it.
    pub pieces: Vec<Piece>,
}

/// The text has more than [`MOST_BYTES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong;

impl Query {
    /// `None` when there is nothing to search for. A text with NUL is valid and finds nobody: no database can store
    /// NUL.
    ///
    /// # Errors
    /// [`TooLong`] when the text has more than [`MOST_BYTES`].
    pub fn parse(typed: &str) -> Result<Option<Query>, TooLong> {
        if typed.len() > MOST_BYTES {
            return Err(TooLong);
        }
        let text = typed.trim();
        match text {
            "" => Ok(None),
            _ if text.contains('\0') => Ok(Some(Query { text: text.into(), pieces: Vec::new() })),
            _ => Ok(Some(Query { text: text.into(), pieces: all_pieces(text) })),
        }
    }

    /// What longer terms may begin with; `None` for a text that no id, name or address can begin with.
    pub fn beginning(&self) -> Option<String> {
        let whole = self.pieces.first().filter(|piece| piece.sureness == Sureness::Whole)?;
        let digits = if whole.text.starts_with('+') { phone_digits(&whole.text) } else { String::new() };
        Some(if digits.is_empty() { folded(&whole.text) } else { digits })
    }

    /// A hint about the text, for when it finds nobody.
    pub fn hint(&self) -> Option<&'static str> {
        let is_order = self.text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("GPA."));
        let digits = self.text.split("..").next().unwrap_or("").chars().filter(char::is_ascii_digit).count();
        (is_order && digits != 17).then_some("Google order numbers have 4, 4, 4 and 5 digits. This one does not.")
    }

    /// The pieces that were picked out of the text, without the text itself.
    pub fn picked(&self) -> impl Iterator<Item = &str> {
        let named = self.pieces.iter().filter(|piece| piece.sureness == Sureness::Named && piece.in_place_of.is_none());
        named.map(|piece| piece.text.as_str())
    }
}

/// The text itself, its digits when it is a phone number, and its pieces.
fn all_pieces(text: &str) -> Vec<Piece> {
    let mut all = Vec::new();
    if text.chars().count() <= MAX_CHARS && !text.contains('\n') {
        all.push(Piece { text: text.into(), sureness: Sureness::Whole, in_place_of: None });
    }
    if let Some(digits) = whole_phone(text) {
        all.push(Piece { text: digits, sureness: Sureness::Whole, in_place_of: None });
    }
    let mut seen: HashSet<String> = all.iter().map(|piece| piece.text.clone()).collect();
    all.extend(pasted::pieces(text).into_iter().filter(|piece| seen.insert(piece.text.clone())));
    all.truncate(pasted::MOST_PIECES);
    all
}

/// The digits of a text that is only a phone number, without the zeros that some dial before the country code.
fn whole_phone(text: &str) -> Option<String> {
    let is_phone = text.chars().all(|letter| letter.is_ascii_digit() || " +-()./".contains(letter));
    let digits = phone_digits(text);
    let digits = digits.strip_prefix("00").unwrap_or(&digits);
    (is_phone && !digits.is_empty() && digits != text).then(|| digits.to_owned())
}

/// The range of keys that begin with `beginning`: the first bound is included, the second excluded.
pub fn key_range(beginning: &str) -> (Vec<u8>, Vec<u8>) {
    let from: Vec<u8> = beginning.bytes().take(KEY_HEAD).collect();
    let mut to = from.clone();
    while let Some(last) = to.pop() {
        if last < u8::MAX {
            to.push(last + 1);
            break;
        }
    }
    (from, to)
}

/// How a term of a customer fits a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fit {
    Is,
    BeginsWith,
}

/// A term that fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    pub customer: CustomerId,
    pub kind: TermKind,
    /// As the customer's page shows it.
    pub value: String,
    pub fit: Fit,
    pub piece: Piece,
    /// When the purchase that it names moved to somebody else; `None` where it did not.
    pub until: Option<Moment>,
}

impl Match {
    /// Whether it is an App User ID in exactly the case that was typed.
    fn is_exact_id(&self) -> bool {
        self.kind == TermKind::AppUserId && self.value == self.piece.text
    }

    fn rank(&self) -> (Sureness, Fit, bool, bool, TermKind) {
        (self.piece.sureness, self.fit, !self.is_exact_id(), self.until.is_some(), self.kind)
    }

    /// A name counts only for the whole text that was typed: texts are full of words that are somebody's name.
    fn counts(&self) -> bool {
        self.kind != TermKind::Name || self.piece.sureness == Sureness::Whole
    }
}

/// The matches that count, best first: only those of the surest kind present, and no match of a piece that is searched
/// in place of another one when the other one is found.
pub fn best(mut all: Vec<Match>) -> Vec<Match> {
    all.retain(Match::counts);
    let taken: HashSet<String> = all.iter().map(|one| one.piece.text.clone()).collect();
    all.retain(|one| one.piece.in_place_of.as_ref().is_none_or(|other| !taken.contains(other)));
    let surest = all.iter().map(|one| one.piece.sureness).min();
    all.retain(|one| Some(one.piece.sureness) == surest);
    all.sort_by(|a, b| (a.rank(), a.customer, &a.value).cmp(&(b.rank(), b.customer, &b.value)));
    all
}

/// The match that needs no choice: a customer has exactly this id, or all exact matches belong to one customer.
pub fn only(best: &[Match]) -> Option<&Match> {
    let first = best.first().filter(|first| first.fit == Fit::Is)?;
    let is_meant = first.piece.sureness != Sureness::Guessed || looks_like_id(&first.piece.text);
    let is_only = best.iter().all(|one| one.fit != Fit::Is || one.customer == first.customer);
    let is_exact = first.is_exact_id() && first.piece.sureness == Sureness::Whole;
    (is_meant && (is_only || is_exact)).then_some(first)
}

/// The matches of each customer, in the order of their best ones.
pub fn by_customer(matches: Vec<Match>) -> Vec<(CustomerId, Vec<Match>)> {
    let mut place: HashMap<CustomerId, usize> = HashMap::new();
    let mut groups: Vec<(CustomerId, Vec<Match>)> = Vec::new();
    for one in matches {
        let index = *place.entry(one.customer).or_insert(groups.len());
        match groups.get_mut(index) {
            Some((_, group)) if group.iter().any(|known| known.kind == one.kind && known.value == one.value) => {}
            Some((_, group)) => group.push(one),
            None => groups.push((one.customer, vec![one])),
        }
    }
    groups
}

/// Cuts a value around the searched text: the part before it, the text itself, and the part after it.
pub fn marked<'a>(value: &'a str, piece: &str, kind: TermKind) -> (&'a str, &'a str, &'a str) {
    let wanted: Vec<char> = match kind {
        TermKind::Phone => piece.chars().filter(char::is_ascii_digit).collect(),
        TermKind::AppUserId | TermKind::Transaction | TermKind::Order | TermKind::Email | TermKind::Name => {
            kind.folded(piece).chars().collect()
        }
    };
    let starts = value.char_indices().map(|(start, _)| start).filter(|_| !wanted.is_empty());
    let mut hits = starts.filter_map(|start| Some((start, start + ending(value.get(start..)?, &wanted, kind)?)));
    let (start, end) = hits.next().unwrap_or((value.len(), value.len()));
    (value.get(..start).unwrap_or(value), value.get(start..end).unwrap_or(""), value.get(end..).unwrap_or(""))
}

/// Where `wanted` ends in `text`, if `text` begins with it, ignoring case. Phone numbers are compared by their digits;
/// names without accents, and with white space of any length as one space.
fn ending(text: &str, wanted: &[char], kind: TermKind) -> Option<usize> {
    let mut left = wanted.iter().peekable();
    let mut before = None;
    for (at, letter) in text.char_indices() {
        let is_accent = kind == TermKind::Name && folded_letter(letter).next().is_none();
        if left.peek().is_none() && !is_accent {
            return Some(at);
        }
        let is_skipped = match kind {
            TermKind::Phone => !letter.is_ascii_digit() && at > 0,
            TermKind::Name => letter.is_whitespace() && before.is_some_and(char::is_whitespace),
            TermKind::AppUserId | TermKind::Transaction | TermKind::Order | TermKind::Email => false,
        };
        before = Some(letter);
        let mut takes = |lower: char| is_skipped || left.next() == Some(&lower);
        let fits = match kind {
            TermKind::Name if letter.is_whitespace() => takes(' '),
            TermKind::Name => folded_letter(letter).all(takes),
            TermKind::AppUserId | TermKind::Transaction | TermKind::Order | TermKind::Email | TermKind::Phone => {
                letter.to_lowercase().all(takes)
            }
        };
        if !fits {
            return None;
        }
    }
    left.peek().is_none().then_some(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Query {
        Query::parse(text).expect("short enough").expect("something")
    }

    fn found(customer: CustomerId, kind: TermKind, value: &str, sureness: Sureness, text: &str) -> Match {
        let piece = Piece { text: text.into(), sureness, in_place_of: None };
        Match { customer, kind, value: value.into(), fit: Fit::Is, piece, until: None }
    }

    #[test]
    fn the_text_is_trimmed_and_limited_to_ten_kilobytes() {
        assert_eq!(query("  lena \r\n").text, "lena");
        assert!(Query::parse(" \t ").expect("short").is_none());
        assert!(Query::parse(&"a".repeat(MOST_BYTES)).is_ok());
        assert_eq!(Query::parse(&"a".repeat(MOST_BYTES + 1)).err(), Some(TooLong));
        assert!(query("a\0b").pieces.is_empty());
    }

    #[test]
    fn a_phone_number_is_searched_by_its_digits() {
        for typed in ["+49 151 2345678", "0049 151/2345678", "(49) 151-2345678"] {
            assert!(query(typed).pieces.iter().any(|piece| piece.text == "491512345678"), "{typed}");
        }
        assert_eq!(query("+49 151 23").beginning().as_deref(), Some("4915123"));
        assert_eq!(query("LENA").beginning().as_deref(), Some("lena"));
        assert_eq!(query("two\nlines").beginning(), None);
    }

    #[test]
    fn a_beginning_is_a_range_of_keys() {
        assert_eq!(key_range("ab"), (b"ab".to_vec(), b"ac".to_vec()));
        assert_eq!(key_range("\u{10FFFF}").1.last(), Some(&0xC0));
        assert_eq!(key_range(&"x".repeat(500)).0.len(), KEY_HEAD);
    }

    #[test]
    fn an_exact_id_wins_over_the_address_of_another_customer() {
        let email = found(CustomerId(1), TermKind::Email, "a@b.example", Sureness::Whole, "a@b.example");
        let id = found(CustomerId(2), TermKind::AppUserId, "a@b.example", Sureness::Whole, "a@b.example");
        assert_eq!(only(&best(vec![email.clone(), id])).map(|one| one.customer), Some(CustomerId(2)));
        let other_case = found(CustomerId(2), TermKind::AppUserId, "A@b.example", Sureness::Whole, "a@b.example");
        assert_eq!(only(&best(vec![email, other_case])), None);
    }

    #[test]
    fn guesses_count_when_nothing_better_does() {
        let guess = found(CustomerId(1), TermKind::AppUserId, "tash", Sureness::Guessed, "tash");
        let order = found(CustomerId(2), TermKind::Order, "GPA.1", Sureness::Named, "GPA.1");
        assert_eq!(only(&best(vec![guess.clone(), order])).map(|one| one.customer), Some(CustomerId(2)));
        assert_eq!(only(&best(vec![guess.clone()])), None);
        assert_eq!(best(vec![guess]).len(), 1);
        let name = found(CustomerId(3), TermKind::Name, "Grant", Sureness::Guessed, "Grant");
        assert!(best(vec![name]).is_empty());
    }

    #[test]
    fn a_base_order_counts_only_while_nobody_has_the_renewal() {
        let renewal = found(CustomerId(1), TermKind::Transaction, "GPA.1..7", Sureness::Whole, "GPA.1..7");
        let mut base = found(CustomerId(2), TermKind::Order, "GPA.1", Sureness::Named, "GPA.1");
        base.piece.in_place_of = Some("GPA.1..7".into());
        assert_eq!(best(vec![base.clone(), renewal]).len(), 1);
        assert_eq!(only(&best(vec![base])).map(|one| one.customer), Some(CustomerId(2)));
    }

    #[test]
    fn the_matched_part_is_marked_in_any_case() {
        assert_eq!(marked("Lena Okafor", "okA", TermKind::Name), ("Lena ", "Oka", "for"));
        assert_eq!(marked("Chloé  Lefèvre", "chloe lef", TermKind::Name), ("", "Chloé  Lef", "èvre"));
        assert_eq!(marked("Chloe\u{301} L", "chloe", TermKind::Name), ("", "Chloe\u{301}", " L"));
        assert_eq!(marked("Lena Okafor", "okA", TermKind::Email), ("Lena ", "Oka", "for"));
        assert_eq!(marked("+49 (151) 23", "4915", TermKind::Phone), ("+", "49 (15", "1) 23"));
        assert_eq!(marked("نورا", "نو", TermKind::Name), ("", "نو", "را"));
        assert_eq!(marked("İstanbul", "x", TermKind::Name), ("İstanbul", "", ""));
        assert_eq!(marked("ab", "ab", TermKind::AppUserId), ("", "ab", ""));
    }
}

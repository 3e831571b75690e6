//! The terms by which the search finds a customer (§13): ids, transactions, e-mail, phone and name, all in lower case.
//! Names are stored without accents.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

/// What a term is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TermKind {
    AppUserId,
    Transaction,
    Order,
    Email,
    Phone,
    Name,
}

crate::db::columns::number_enum!(TermKind);

impl TermKind {
    pub const ALL: [TermKind; 6] =
        [TermKind::AppUserId, TermKind::Transaction, TermKind::Order, TermKind::Email, TermKind::Phone, TermKind::Name];

    pub const fn number(self) -> i16 {
        self as i16
    }

    pub fn from_number(number: i16) -> Option<TermKind> {
        TermKind::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// The form in which texts of this kind are compared.
    pub fn folded(self, text: &str) -> String {
        if self == TermKind::Name { folded_name(text) } else { folded(text) }
    }

    /// What matched, in words.
    pub const fn label(self) -> &'static str {
        match self {
            TermKind::AppUserId => "App User ID",
            TermKind::Transaction => "Transaction",
            TermKind::Order => "Order",
            TermKind::Email => "E-mail",
            TermKind::Phone => "Phone",
            TermKind::Name => "Name",
        }
    }
}

/// The form in which texts are compared: lower case, white space at the ends gone.
pub fn folded(text: &str) -> String {
    text.trim().to_lowercase()
}

/// The form in which names are compared, so that people find them as they type them: no accents, lower case, single
/// spaces. Marks that make a different letter stay: those of Japanese and of Indian scripts.
pub fn folded_name(text: &str) -> String {
    let word = |word: &str| word.chars().flat_map(folded_letter).collect::<String>();
    text.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

/// A letter of a name as it is compared; nothing for a separate accent.
pub fn folded_letter(letter: char) -> impl Iterator<Item = char> {
    let parts = std::iter::once(letter).nfkd().filter(|part| canonical_combining_class(*part) < FIRST_ACCENT);
    parts.flat_map(char::to_lowercase)
}

/// The lowest combining class of accents. Marks of lower classes make a different letter.
const FIRST_ACCENT: u8 = 10;

/// The digits of a phone number; empty when there are fewer than five.
pub fn phone_digits(text: &str) -> String {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if digits.len() < 5 { String::new() } else { digits }
}

/// The part of a Google order that all renewals share (§13): `GPA.1-2-3-4..7` → `GPA.1-2-3-4`.
pub fn base_order(transaction: &str) -> Option<&str> {
    transaction.split_once("..").map(|(base, _)| base).filter(|base| base.starts_with("GPA."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_as_people_type_them() {
        let same =
            [("Chloé  Lefèvre", "chloe lefevre"), ("Lena\u{A0} Okafor ", "lena okafor"), ("Ｗiśniewski", "wisniewski")];
        for (name, typed) in same {
            assert_eq!(folded_name(name), typed);
        }
        assert_eq!(folded_name("e\u{301}"), folded_name("É"));
        assert_eq!(folded_name("ΣΟΦΟΣ"), folded_name("σοφος").replace('ς', "σ"));
        assert_ne!(folded_name("がく"), folded_name("かく"));
        assert_ne!(folded_name("के"), folded_name("क"));
    }
}

//! Texts of certain lengths, made of letters of one to four bytes, and of letters that combine.

/// A letter of each length in bytes, and one that is drawn over the letter before it.
pub const LETTERS: [&str; 5] = ["a", "é", "語", "🧜", "e\u{301}"];

/// The lengths in characters that matter for a limit.
pub fn around(limit: usize) -> [usize; 6] {
    [0, 1, limit - 1, limit, limit + 1, 10 * limit]
}

/// A text of so many characters.
pub fn text(letter: &str, length: usize) -> String {
    letter.chars().cycle().take(length).collect()
}

//! How an environment reads that is neither production nor sandbox (§5.3).

use super::text;

/// `unknown environment “STAGING”`, the word without invisible characters.
pub fn unknown(word: &str) -> String {
    format!("unknown environment “{}”", text::visible(word))
}

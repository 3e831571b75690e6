//! A word in a tinted box.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::wording::environment;

#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(source = r#"<span class="badge {{ classes }}">{{ text }}</span>"#, ext = "html")]
pub struct Badge {
    pub text: String,
    /// CSS classes: a tone, and `badge--line` for a dashed border.
    pub classes: &'static str,
}

impl HtmlSafe for Badge {}

impl Badge {
    pub fn new(text: impl Into<String>, classes: &'static str) -> Badge {
        Badge { text: text.into(), classes }
    }

    /// Marks a row of sandbox data.
    pub fn sandbox() -> Badge {
        Badge::new("Sandbox", "badge--line tone-trial")
    }

    /// Marks a row whose environment is neither production nor sandbox (§5.3).
    pub fn unknown_environment(word: &str) -> Badge {
        Badge::new(environment::unknown(word), "badge--line tone-warn")
    }
}

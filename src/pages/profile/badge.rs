//! A word in a tinted box.

use askama::Template;
use askama::filters::HtmlSafe;

#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(source = r#"<span class="badge {{ look }}">{{ text }}</span>"#, ext = "html")]
pub struct Badge {
    pub text: String,
    /// Classes: a tone, and for what is set apart from the rest a dashed line.
    pub look: &'static str,
}

impl HtmlSafe for Badge {}

impl Badge {
    pub fn new(text: impl Into<String>, look: &'static str) -> Badge {
        Badge { text: text.into(), look }
    }

    /// For every row of sandbox data.
    pub fn sandbox() -> Badge {
        Badge::new("Sandbox", "badge--line tone-trial")
    }
}

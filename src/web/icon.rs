//! The markup of an icon.

use askama::Template;
use askama::filters::HtmlSafe;

use super::filters;

#[derive(Template)]
#[template(path = "icon.html")]
pub struct Icon {
    /// The icon's id in the sprite.
    pub name: String,
    pub classes: String,
}

impl HtmlSafe for Icon {}

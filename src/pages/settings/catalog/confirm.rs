//! A question with one answer: what will happen, and the button that says so.

use askama::Template;

use crate::actions::Opened;
use crate::base::error::Error;
use crate::web::Dialog;
use crate::wording::sentence::Sentence;

#[derive(Template)]
#[template(path = "settings/catalog/confirm.html")]
pub struct Confirm {
    pub form: Opened,
    pub action: String,
    pub title: String,
    /// What will happen, a paragraph each.
    pub consequences: Vec<Sentence>,
    pub button: &'static str,
    pub is_danger: bool,
    /// What it is about, for the form.
    pub field: Option<(&'static str, String)>,
}

impl Confirm {
    pub fn dialog(self) -> Result<Option<Dialog>, Error> {
        Dialog::render(&self).map(Some)
    }
}

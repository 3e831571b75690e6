//! A dialog that asks for confirmation: what will happen, and the button that does it.

use askama::Template;

use crate::actions::Opened;
use crate::base::error::Error;
use crate::web::{Dialog, filters};
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
    /// Whether it asks for a proof of who the person is.
    pub asks_proof: bool,
    /// A hidden field of the form that names what the action is about.
    pub field: Option<(&'static str, String)>,
}

impl Confirm {
    pub fn dialog(self) -> Result<Option<Dialog>, Error> {
        Ok(Some(Dialog::new(self)))
    }
}

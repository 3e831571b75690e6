//! What the fields of a form show: what was wrong with them, and the field that asks again for the password.
//!
//! `<input … {{- form.focus("key", "key") }}{{ form.wrong("key") }}>`, and after it `{{ form.reason("key") }}`.

use askama::Template;
use askama::filters::HtmlSafe;

use super::{Opened, Reach};
use crate::web::filters;

/// The attributes of a field that was refused; nothing for others.
#[derive(Template)]
#[template(path = "field/wrong.html")]
pub struct Wrong<'a> {
    field: &'a str,
    is_wrong: bool,
}

/// Why a field was refused; nothing for others.
#[derive(Template)]
#[template(path = "field/reason.html")]
pub struct Reason<'a> {
    field: &'a str,
    sentence: Option<&'a str>,
}

/// The field for the password or a code, where the form asks for it.
#[derive(Template)]
#[template(path = "field/proof.html")]
pub struct Proof<'a> {
    form: &'a Opened,
}

/// Where what the dialog asks for arrives besides here.
#[derive(Template)]
#[template(path = "field/reach.html")]
pub struct ReachNote<'a> {
    reach: &'a Reach,
}

impl HtmlSafe for ReachNote<'_> {}
impl HtmlSafe for Wrong<'_> {}
impl HtmlSafe for Reason<'_> {}
impl HtmlSafe for Proof<'_> {}

impl Opened {
    /// ` autofocus` for the first field with a problem, or for `first` when none has one.
    pub fn focus(&self, field: &str, first: &str) -> &'static str {
        if self.has_focus(field, first) { " autofocus" } else { "" }
    }

    pub fn wrong<'a>(&self, field: &'a str) -> Wrong<'a> {
        Wrong { field, is_wrong: self.problem(field).is_some() }
    }

    pub fn reason<'a>(&'a self, field: &'a str) -> Reason<'a> {
        Reason { field, sentence: self.problem(field) }
    }

    pub fn reach_note(&self) -> ReachNote<'_> {
        ReachNote { reach: &self.reach }
    }

    pub fn proof(&self) -> Proof<'_> {
        Proof { form: self }
    }
}

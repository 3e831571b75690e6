//! A dialog that is open over a page.

use std::fmt;

use askama::Template;
use askama::filters::HtmlSafe;

use crate::base::error::Error;

/// The HTML of a dialog. Pages print it as it is, because its template has escaped the text already.
#[derive(Debug, Clone)]
pub struct Dialog(String);

impl HtmlSafe for Dialog {}

impl fmt::Display for Dialog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Dialog {
    pub fn render(template: &impl Template) -> Result<Dialog, Error> {
        Ok(Dialog(template.render()?))
    }
}

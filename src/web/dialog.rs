//! A dialog that is open over a page.

use std::fmt;

use askama::filters::HtmlSafe;
use askama::{DynTemplate, Template};

use crate::base::error::Error;
use crate::wording::Preferences;

/// A dialog that is not rendered yet: the page does that, in the time zone of the person who sees it.
pub struct Dialog(Box<dyn DynTemplate>);

impl Dialog {
    pub fn new(template: impl Template + 'static) -> Dialog {
        Dialog(Box::new(template))
    }

    /// # Errors
    /// [`Error::Internal`] when the template cannot be rendered.
    pub fn render(&self, preferences: Preferences) -> Result<OpenDialog, Error> {
        Ok(OpenDialog(self.0.dyn_render_with_values(&preferences)?))
    }
}

/// The HTML of a dialog. Pages print it as it is, because its template has escaped the text already.
#[derive(Debug, Clone)]
pub struct OpenDialog(String);

impl HtmlSafe for OpenDialog {}

impl fmt::Display for OpenDialog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

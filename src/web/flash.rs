//! Flash messages: a page shows once what has just happened.

use crate::base::ids::SubmissionId;

/// A message in the corner of the page that follows an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flash {
    pub message: String,
    pub is_problem: bool,
    /// The id of the submission to undo; `None` when there is nothing to undo.
    pub undo: Option<SubmissionId>,
    /// The address that the undo form posts to.
    pub undo_href: String,
}

impl Flash {
    /// A message about what was done.
    pub fn success(sentence: impl Into<String>) -> Flash {
        Flash { is_problem: false, ..Flash::problem(sentence) }
    }

    /// A message about what could not be done. It is for pages that have no dialog to show the problem in.
    pub fn problem(sentence: impl Into<String>) -> Flash {
        Flash { message: sentence.into(), is_problem: true, undo: None, undo_href: String::new() }
    }

    /// Sets the address that the undo form posts to.
    #[must_use]
    pub fn undone_at(mut self, href: String) -> Flash {
        self.undo_href = href;
        self
    }
}

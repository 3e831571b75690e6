//! What just happened, shown once.

/// What just happened, in the corner of the page it led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flash {
    pub message: String,
    pub is_problem: bool,
    /// The receipt that undoing names.
    pub undo: Option<i64>,
    /// Where undoing is asked for.
    pub undo_href: String,
}

impl Flash {
    /// What was done.
    pub fn success(sentence: impl Into<String>) -> Flash {
        Flash { is_problem: false, ..Flash::problem(sentence) }
    }

    /// What could not be done, where there is no dialog to say it in.
    pub fn problem(sentence: impl Into<String>) -> Flash {
        Flash { message: sentence.into(), is_problem: true, undo: None, undo_href: String::new() }
    }

    /// Lets it be undone by a form that posts to `href`.
    #[must_use]
    pub fn undone_at(mut self, href: String) -> Flash {
        self.undo_href = href;
        self
    }
}

//! What an action leaves: its entry in the audit log, its message, and what undoing it needs.

use serde::Serialize;

use crate::audit::Trace;
use crate::base::ids::SubmissionId;

/// For how long an action can be undone.
pub const UNDO_MINUTES: i64 = 10;

/// A finished action.
#[derive(Debug)]
pub struct Done {
    pub trace: Trace,
    /// What happened, as a sentence with the object's name: `Note added.`
    pub message: String,
    /// Where the answer redirects to: path, query and fragment.
    pub location: String,
    /// What undoing needs to know, as JSON.
    pub undo: Option<String>,
    pub shown_once: Option<ShownOnce>,
}

/// What Dossier shows now and stores nowhere, such as a new secret. Instead of a redirect, the answer to the form is
/// the page with this dialog over it.
#[derive(Debug)]
pub struct ShownOnce {
    pub dialog: &'static str,
    pub fields: Vec<(String, String)>,
}

/// What answers a form that worked.
#[derive(Debug)]
pub enum Next {
    /// A redirect to this address.
    Page(String),
    /// The same page, with a secret that is shown only now.
    Shown(ShownOnce),
}

impl Next {
    /// A redirect to a page that shows the message of the submission.
    pub(super) fn after(submission: SubmissionId, location: &str) -> Next {
        Next::Page(with_submission(location, submission))
    }
}

impl ShownOnce {
    pub fn new(dialog: &'static str, fields: &[(&str, &str)]) -> ShownOnce {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        ShownOnce { dialog, fields: fields.iter().map(owned).collect() }
    }
}

impl Done {
    pub fn new(trace: Trace, message: impl Into<String>, location: impl Into<String>) -> Done {
        Done { trace, message: message.into(), location: location.into(), undo: None, shown_once: None }
    }

    /// Answers with a secret that is shown only now, instead of a redirect.
    #[must_use]
    pub fn showing(mut self, shown: ShownOnce) -> Done {
        self.shown_once = Some(shown);
        self
    }

    /// Offers to undo the action; `undo` is what that needs.
    #[must_use]
    pub fn with_undo(mut self, undo: &impl Serialize) -> Done {
        // Numbers, strings and lists: writing them as JSON cannot fail.
        self.undo = serde_json::to_string(undo).ok();
        self
    }
}

/// The address with the id of the submission in its query. The next page finds its flash message by this id.
fn with_submission(location: &str, submission: SubmissionId) -> String {
    let (path, fragment) = location.split_once('#').map_or((location, None), |(path, rest)| (path, Some(rest)));
    let joint = if path.contains('?') { '&' } else { '?' };
    let fragment = fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default();
    format!("{path}{joint}done={submission}{fragment}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_the_submission_is_in_the_query_before_the_fragment() {
        assert_eq!(with_submission("/a#notes", SubmissionId(7)), "/a?done=7#notes");
        assert_eq!(with_submission("/a?sandbox=1#notes", SubmissionId(7)), "/a?sandbox=1&done=7#notes");
        assert_eq!(with_submission("/a", SubmissionId(7)), "/a?done=7");
    }
}

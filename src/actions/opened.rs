//! A dialog that a page opens: because its address asks for it, or again because the input was refused.

use std::str::FromStr;

use url::form_urlencoded;

use super::done::ShownOnce;
use crate::base::error::{Error, Problem, Refusal};
use crate::base::{hex, random_bytes};

/// Which dialog, what its fields hold, and what was wrong with them.
#[derive(Debug, Clone, Default)]
pub struct Opened {
    /// The dialog's name: `note-edit`.
    pub name: String,
    /// What the dialog is about, where a page has several of a name: `17` in `note-edit.17`.
    pub subject: String,
    /// Where the close button leads.
    pub back: String,
    /// The key that makes the form work once.
    pub once: String,
    /// Whether the person must prove again who they are, before an action that cannot be undone.
    pub asks_proof: bool,
    /// Whether a code of the second factor proves it as well as the password.
    pub has_second_factor: bool,
    /// It shows what an action has just made, for the only time. No address can open it.
    pub is_shown_once: bool,
    /// An address asks for it. Otherwise a form was sent.
    pub is_of_address: bool,
    /// Somebody else changed the same thing meanwhile.
    pub is_stale: bool,
    typed: Vec<(String, String)>,
    problems: Vec<Problem>,
}

/// A key that makes a form work once.
pub fn fresh_key() -> Result<String, Error> {
    Ok(hex(&random_bytes::<16>()?))
}

impl Opened {
    /// The dialog that `?dialog=` names. Other fields of the query fill the fields of the dialog.
    pub fn from_query(query: &str) -> Result<Option<Opened>, Error> {
        let typed: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        match typed.iter().find(|(name, _)| name == "dialog").map(|(_, dialog)| dialog.clone()) {
            Some(dialog) => Ok(Some(Opened { is_of_address: true, ..Opened::new(&dialog, typed)? })),
            None => Ok(None),
        }
    }

    /// A form of a page, filled with the fields of the page's query.
    pub fn of_fields(name: &str, query: &str) -> Result<Opened, Error> {
        Opened::new(name, form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// The dialog again, with what was typed and the problems of the refusal.
    pub fn again(dialog: &str, typed: Vec<(String, String)>, refusal: Refusal) -> Result<Opened, Error> {
        let opened = Opened::new(dialog, typed)?;
        Ok(Opened { problems: refusal.problems, is_stale: refusal.is_stale, ..opened })
    }

    /// The dialog that shows what an action has just made.
    pub(super) fn showing(shown: ShownOnce) -> Result<Opened, Error> {
        Ok(Opened { is_shown_once: true, ..Opened::new(shown.dialog, shown.fields)? })
    }

    fn new(dialog: &str, typed: Vec<(String, String)>) -> Result<Opened, Error> {
        let (name, subject) = dialog.split_once('.').unwrap_or((dialog, ""));
        let (name, subject) = (name.to_owned(), subject.to_owned());
        Ok(Opened { name, subject, typed, once: fresh_key()?, ..Opened::default() })
    }

    /// Sets where the close button leads.
    #[must_use]
    pub fn with_back(self, back: String) -> Opened {
        Opened { back, ..self }
    }

    /// For a person who proved recently who they are, or not.
    #[must_use]
    pub fn by(mut self, is_proven: bool, has_second_factor: bool) -> Opened {
        self.asks_proof = !is_proven;
        self.has_second_factor = has_second_factor;
        self
    }

    /// The subject as the id of a row.
    pub fn number<Id: FromStr>(&self) -> Option<Id> {
        self.subject.parse().ok()
    }

    /// What was typed into a field; `None` for a dialog just opened.
    pub fn typed(&self, field: &str) -> Option<&str> {
        self.typed.iter().find(|(name, _)| name == field).map(|(_, value)| value.as_str())
    }

    /// What was typed into all fields with this name.
    pub fn all(&self, field: &str) -> Vec<&str> {
        self.typed.iter().filter(|(name, _)| name == field).map(|(_, value)| value.as_str()).collect()
    }

    /// What a field holds: what was typed, or `current`.
    pub fn value<'a>(&'a self, field: &str, current: &'a str) -> &'a str {
        self.typed(field).unwrap_or(current)
    }

    /// Why a field was refused; the empty name means the form as a whole.
    pub fn problem(&self, field: &str) -> Option<&str> {
        self.problems.iter().find(|problem| problem.field == field).map(|problem| problem.sentence.as_str())
    }

    /// Whether a field gets the focus: the first one with a problem does, or `first` when none has.
    pub fn has_focus(&self, field: &str, first: &str) -> bool {
        let wrong = self.problems.iter().map(|problem| problem.field).find(|name| !name.is_empty());
        wrong.unwrap_or(first) == field
    }

    /// All problems in one text, for a page that has no such dialog.
    pub fn all_problems(&self) -> String {
        self.problems.iter().map(|problem| problem.sentence.as_str()).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_dialog_its_subject_and_its_fields() {
        let opened =
            Opened::from_query("sandbox=1&dialog=attribute-edit.a.b&value=x+y").ok().flatten().expect("a dialog");
        assert_eq!((opened.name.as_str(), opened.subject.as_str()), ("attribute-edit", "a.b"));
        assert_eq!((opened.value("value", "z"), opened.value("key", "k")), ("x y", "k"));
        assert!(opened.has_focus("key", "key") && opened.problem("key").is_none());
        assert!(Opened::from_query("sandbox=1").is_ok_and(|opened| opened.is_none()));
    }

    #[test]
    fn a_refused_form_keeps_what_was_typed_and_focuses_what_was_wrong() {
        let refusal = Refusal::new("value", "It is too long.");
        let typed = vec![("value".to_owned(), "abc".to_owned())];
        let opened = Opened::again("attribute-edit.plan", typed, refusal).expect("a dialog");
        assert_eq!((opened.value("value", ""), opened.problem("value")), ("abc", Some("It is too long.")));
        assert!(opened.has_focus("value", "key") && !opened.has_focus("key", "key"));
    }
}

//! A dialog that a page opens: because its address asks for it, or again because the input was refused.
//!
//! Anybody can write an address and have somebody with more rights open it. A dialog that an address opens is therefore empty,
//! except for the fields that it lists itself ([`Opened::filled_by_links`]).

use std::str::FromStr;

use url::form_urlencoded;

use super::Reach;
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
    /// Where what it asks for arrives besides here.
    pub reach: Reach,
    /// What somebody typed and sent, or what the dialog lets an address fill in.
    typed: Vec<(String, String)>,
    /// The fields of the address. They fill in nothing until the dialog lists them.
    linked: Vec<(String, String)>,
    problems: Vec<Problem>,
}

/// A key that makes a form work once.
pub fn fresh_key() -> Result<String, Error> {
    Ok(hex(&random_bytes::<16>()?))
}

impl Opened {
    /// The dialog that `?dialog=` names. Its fields are empty, whatever else the query holds, except for those that it lists
    /// itself ([`Opened::filled_by_links`]).
    pub fn from_query(query: &str) -> Result<Option<Opened>, Error> {
        match form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "dialog") {
            Some((_, dialog)) => Opened::of_address(&dialog, query).map(Some),
            None => Ok(None),
        }
    }

    /// A form that is part of a page, as [`Opened::from_query`].
    pub fn of_address(name: &str, query: &str) -> Result<Opened, Error> {
        let linked = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Ok(Opened { is_of_address: true, linked, ..Opened::new(name, Vec::new())? })
    }

    /// Lets the address fill in these fields and no others. Only what is shown before anything is done belongs here: which
    /// thing a dialog is about, and what it previews. Never what confirms or consents, a role, an e-mail address, a URL, a
    /// secret, or what somebody is quoted with. A form that was sent holds what was typed in any case.
    #[must_use]
    pub fn filled_by_links(mut self, fields: &[&str]) -> Opened {
        let listed = std::mem::take(&mut self.linked).into_iter().filter(|(name, _)| fields.contains(&name.as_str()));
        self.typed.extend(listed);
        self
    }

    /// Adds what a field holds.
    #[must_use]
    pub fn with(mut self, field: &str, value: String) -> Opened {
        self.typed.push((field.to_owned(), value));
        self
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

    /// Sets where what it asks for arrives besides here.
    #[must_use]
    pub fn with_reach(self, reach: Reach) -> Opened {
        Opened { reach, ..self }
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
    fn an_address_names_a_dialog_and_its_subject() {
        let opened = Opened::from_query("sandbox=1&dialog=attribute-edit.a.b").ok().flatten().expect("a dialog");
        assert_eq!((opened.name.as_str(), opened.subject.as_str()), ("attribute-edit", "a.b"));
        assert!(opened.has_focus("key", "key") && opened.problem("key").is_none());
        assert!(Opened::from_query("sandbox=1").is_ok_and(|opened| opened.is_none()));
    }

    #[test]
    fn an_address_fills_in_only_what_the_dialog_lists() {
        let opened = Opened::from_query("dialog=grant&reason=a&duration=x+y&seen=1&duration=z").ok().flatten();
        let opened = opened.expect("a dialog");
        assert_eq!((opened.typed("duration"), opened.typed("seen"), opened.all("reason")), (None, None, vec![]));
        let opened = opened.filled_by_links(&["duration"]);
        assert_eq!((opened.all("duration"), opened.value("reason", "b")), (vec!["x y", "z"], "b"));
        assert_eq!(opened.filled_by_links(&["reason"]).typed("reason"), None, "the first list counts");
        let sent = Opened::again("grant", vec![("reason".to_owned(), "a".to_owned())], Refusal::default());
        assert_eq!(sent.expect("a dialog").filled_by_links(&[]).typed("reason"), Some("a"));
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

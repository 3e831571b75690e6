//! An entry as pages show it: with the actor's name, and with its details unless they were erased.

use super::{Action, ActorKind, Details, Entry};
use crate::base::ids::CustomerId;

/// The columns that a query for [`Line`] selects: the entry; customer, salt and body of its details; the person's
/// name.
pub type Row = (Entry, Option<(Option<CustomerId>, String, String)>, Option<String>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub entry: Entry,
    pub content: Content,
    /// The customer that the entry is about, if they still exist.
    pub customer: Option<CustomerId>,
    /// The name of the person who acted; `None` for other actors.
    person: Option<String>,
}

/// The details of an entry, if they can be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    Known(Details),
    /// The details were erased together with a customer or a person.
    Erased,
    /// This version cannot parse the details: a later version or another program wrote them.
    Unreadable,
}

impl Line {
    pub fn new((entry, details, person): Row) -> Line {
        let customer = details.as_ref().and_then(|(customer, ..)| *customer);
        let content = match details {
            Some((_, salt, body)) if !is_blank(&salt, &body) => {
                serde_json::from_str(&body).map_or(Content::Unreadable, Content::Known)
            }
            _ => Content::Erased,
        };
        Line { entry, content, customer, person }
    }

    /// The actor's name as pages show it.
    pub fn who(&self) -> &str {
        match ActorKind::parse(&self.entry.actor_kind) {
            Some(ActorKind::Person) => self.person.as_deref().unwrap_or("A former member"),
            Some(ActorKind::System) => "Dossier",
            Some(ActorKind::Operator) => "Command line",
            Some(ActorKind::ApiKey) if self.entry.role.is_empty() => "An API key",
            Some(ActorKind::ApiKey) => &self.entry.role,
            None => &self.entry.actor_kind,
        }
    }

    /// The role that the person had at that time, or `API key` for a key with a name; otherwise empty.
    pub fn role(&self) -> &str {
        match ActorKind::parse(&self.entry.actor_kind) {
            Some(ActorKind::ApiKey) if self.entry.role.is_empty() => "",
            Some(ActorKind::ApiKey) => "API key",
            Some(ActorKind::Person | ActorKind::System | ActorKind::Operator) | None => &self.entry.role,
        }
    }

    /// The words that follow the actor's name: `added a note`. For an action that this version does not know, its name
    /// in the log.
    pub fn words(&self) -> &str {
        match Action::parse(&self.entry.action) {
            Some(action) => action.words(),
            None => &self.entry.action,
        }
    }

    pub fn details(&self) -> Option<&Details> {
        match &self.content {
            Content::Known(details) => Some(details),
            Content::Erased | Content::Unreadable => None,
        }
    }
}

/// Whether details are blank, because they named somebody who was erased.
pub(super) fn is_blank(salt: &str, body: &str) -> bool {
    salt.is_empty() && body.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Moment;
    use crate::base::ids::{ProjectId, RowId};

    fn line(kind: &str, body: Option<&str>, person: Option<&str>) -> Line {
        let entry = Entry {
            project_id: ProjectId(11),
            position: 1,
            id: RowId(5),
            at: Moment(0),
            actor_kind: kind.into(),
            actor_id: None,
            role: String::new(),
            action: "note_created".into(),
            subject: "7".into(),
            request: String::new(),
            details_hash: String::new(),
            previous_hash: String::new(),
            hash: String::new(),
        };
        let salt = |body: &str| if body.is_empty() { String::new() } else { "salt".to_owned() };
        Line::new((
            entry,
            body.map(|body| (Some(CustomerId(7)), salt(body), body.to_owned())),
            person.map(str::to_owned),
        ))
    }

    #[test]
    fn every_actor_has_a_name() {
        let who = |kind, person| line(kind, None, person).who().to_owned();
        assert_eq!(who("person", Some("Sol Mbeki")), "Sol Mbeki");
        assert_eq!(who("person", None), "A former member");
        assert_eq!([who("system", None), who("operator", None)], ["Dossier", "Command line"]);
        assert_eq!([who("api_key", None), who("robot", None)], ["An API key", "robot"]);
        let mut key = line("api_key", None, None);
        key.entry.role = "Billing".into();
        assert_eq!((key.who(), key.role()), ("Billing", "API key"));
    }

    #[test]
    fn erased_details_differ_from_unreadable_ones() {
        let content = |body| line("system", body, None).content;
        assert_eq!((content(None), content(Some(""))), (Content::Erased, Content::Erased));
        assert_eq!(content(Some("{")), Content::Unreadable);
        let known = Details { about: Some("plan".into()), ..Details::default() };
        assert_eq!(content(Some(r#"{"about":"plan","later":1}"#)), Content::Known(known));
    }

    #[test]
    fn an_action_of_a_later_version_is_shown_by_its_name_in_the_log() {
        let mut line = line("system", None, None);
        assert_eq!(line.words(), "added a note");
        line.entry.action = "moon_painted".into();
        assert_eq!(line.words(), "moon_painted");
    }
}

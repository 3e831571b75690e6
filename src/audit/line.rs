//! An entry as pages show it: with the actor's name, and with its details unless they were erased.

use diesel::prelude::*;

use super::{Action, ActorKind, Details, Entry};
use crate::base::ids::CustomerId;
use crate::db::schema::{audit_details, audit_entries, people};

/// The details of an entry as they are stored. Both texts are empty after they were erased.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = audit_details)]
pub struct StoredDetails {
    pub customer_id: Option<CustomerId>,
    pub salt: String,
    pub body: String,
}

impl StoredDetails {
    /// Whether they are blank, because they named somebody who was erased.
    pub fn is_blank(&self) -> bool {
        self.salt.is_empty() && self.body.is_empty()
    }
}

/// What a query for [`Line`] selects.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = audit_entries)]
pub struct Row {
    #[diesel(embed)]
    pub entry: Entry,
    #[diesel(embed)]
    pub details: Option<StoredDetails>,
    /// The name of the person who acted.
    #[diesel(select_expression = people::name.nullable())]
    pub person: Option<String>,
}

/// Joins details to their entry.
#[diesel::dsl::auto_type]
pub fn of_entry() -> _ {
    let same_project = audit_details::project_id.eq(audit_entries::project_id);
    same_project.and(audit_details::position.eq(audit_entries::position))
}

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
    pub fn new(Row { entry, details, person }: Row) -> Line {
        let customer = details.as_ref().and_then(|details| details.customer_id);
        let content = match details.filter(|details| !details.is_blank()) {
            Some(details) => serde_json::from_str(&details.body).map_or(Content::Unreadable, Content::Known),
            None => Content::Erased,
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
            erases: None,
        };
        let salt = |body: &str| if body.is_empty() { String::new() } else { "salt".to_owned() };
        let stored =
            |body: &str| StoredDetails { customer_id: Some(CustomerId(7)), salt: salt(body), body: body.to_owned() };
        Line::new(Row { entry, details: body.map(stored), person: person.map(str::to_owned) })
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

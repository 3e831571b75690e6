//! An entry as the table shows it.

use super::model::{Filter, Who};
use crate::audit::{ActorKind, Content, Details, Line};
use crate::base::clock::Moment;
use crate::base::ids::PersonId;
use crate::pages::profile::subject;
use crate::web::Change;
use crate::wording::sentence::Stamp;
use crate::wording::text::capitalised;

pub struct Row {
    pub at: (Stamp, Stamp),
    pub who: String,
    pub role: String,
    /// The address of the log, filtered by the same actor.
    pub actor_href: String,
    /// `Added a note`
    pub what: String,
    pub about: Option<String>,
    pub change: Option<Change>,
    pub reason: Option<String>,
    /// Why the entry shows no content.
    pub missing: Option<&'static str>,
    /// The customer concerned: the id that was used, and the address of the profile.
    pub customer: Option<(String, String)>,
}

impl Row {
    pub fn new(line: &Line, slug: &str, filter: &Filter, now: Moment) -> Row {
        let empty = Details::default();
        let details = line.details().unwrap_or(&empty);
        let customer = line.customer.and(details.app_user_id.as_deref());
        Row {
            at: (Stamp::full(line.entry.at), Stamp::relative(line.entry.at, now)),
            who: line.who().to_owned(),
            role: line.role().to_owned(),
            actor_href: actor_href(line, slug, filter),
            what: capitalised(line.words()),
            about: details.about.clone(),
            change: Change::between(details.before.as_deref(), details.after.as_deref()),
            reason: details.reason.clone(),
            missing: missing(&line.content),
            customer: customer.map(|id| (id.to_owned(), subject::href(slug, id))),
        }
    }
}

fn actor_href(line: &Line, slug: &str, filter: &Filter) -> String {
    let kind = ActorKind::parse(&line.entry.actor_kind);
    let person = line.entry.actor_id.filter(|_| kind == Some(ActorKind::Person)).map(|id| PersonId(id.0));
    let who = person.map(Who::Person).or(kind.map(Who::Other));
    format!("/projects/{slug}/settings/audit?{}", Filter { who, ..filter.clone() }.query())
}

fn missing(content: &Content) -> Option<&'static str> {
    match content {
        Content::Known(_) => None,
        Content::Erased => Some("Its content was erased with the customer."),
        Content::Unreadable => Some("Its content cannot be read."),
    }
}

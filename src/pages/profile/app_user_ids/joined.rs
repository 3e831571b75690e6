//! Since when an id is known, what named it first, and what joined it to the others (§9.8).

use std::collections::HashMap;

use diesel::QueryResult;

use super::queries::{self, Known};
use crate::base::clock::Moment;
use crate::db::Conn;
use crate::events::Summary;
use crate::pages::profile::visit::Visit;
use crate::wording::sentence::{Sentence, Stamp};
use crate::wording::text::segment;

/// What is known of how ids came.
#[derive(Debug, Default)]
pub struct Joined {
    /// The first event of each of these times.
    named_at: HashMap<Moment, Summary>,
    /// The first event that joined an id to another one.
    joined_by: HashMap<String, Summary>,
}

/// How an id came, and the page of the event that proves it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    pub words: Sentence,
    pub href: Option<String>,
}

impl Joined {
    /// Two queries; none for a customer with one id, of which the details say it.
    pub fn load(conn: &mut Conn, visit: &Visit, ids: &[Known]) -> QueryResult<Joined> {
        if ids.len() < 2 {
            return Ok(Joined::default());
        }
        let of = (visit.project.id, visit.customer.id);
        let times: Vec<Moment> = ids.iter().filter(|id| !id.is_exact).map(|id| id.since).collect();
        let mut joined = Joined::default();
        for event in queries::events_at(conn, of, &times)? {
            joined.named_at.entry(event.event_at).or_insert(event);
        }
        for event in queries::aliases(conn, of, visit.until())? {
            let named = event.app_user_id.iter().chain(&event.original_app_user_id).chain(&event.aliases);
            for id in named.cloned().collect::<Vec<_>>() {
                joined.joined_by.entry(id).or_insert_with(|| event.clone());
            }
        }
        Ok(joined)
    }

    /// `since 3 May, first named by an initial purchase; joined on 5 May by a log-in, with all it had`
    pub fn origin(&self, visit: &Visit, id: &Known) -> Origin {
        let on = |at: Moment| Stamp::short_day(at, visit.ctx.now);
        let page = |event: &Summary| Some(format!("{}/events/{}", visit.href, segment(&event.id)));
        let since = Sentence::new("since ").time(on(id.since));
        let joined = self.joined_by.get(&id.app_user_id);
        let (words, href) = match self.named_at.get(&id.since) {
            _ if id.is_exact => (since.words(", first used by an app"), None),
            Some(event) if joined.is_some_and(|joined| joined.id == event.id) => {
                return Origin { words: since.words(", joined by a log-in"), href: page(event) };
            }
            Some(event) => {
                let kind = event.kind.as_str().to_lowercase().replace('_', " ");
                (since.words(format!(", first named by the event “{kind}”")), page(event))
            }
            None => (since, None),
        };
        match joined {
            Some(event) if event.event_at > id.since => {
                let words = words.words("; joined on ").time(on(event.event_at)).words(" by a log-in, with all it had");
                Origin { words, href: page(event) }
            }
            Some(_) | None => Origin { words, href },
        }
    }
}

//! The card shows ten ids and folds the rest away. A customer with more than 200 ids gets a link to all of them.

use std::collections::HashMap;

use askama::Template;
use askama::filters::HtmlSafe;
use diesel::QueryResult;

use super::joined::{Joined, Origin};
use super::shared::Sign;
use super::{queries, shared};
use crate::base::app_user_id;
use crate::db::Conn;
use crate::pages::profile::visit::Visit;
use crate::web::filters;
use crate::wording::text;

/// How many ids are shown unfolded.
const UNFOLDED: usize = 10;
/// How many ids the page loads unless the query asks for all.
const LOADED: i64 = 200;

#[derive(Debug, Template)]
#[template(path = "profile/app_user_ids.html")]
pub struct Card {
    first: Vec<Id>,
    folded: Vec<Id>,
    count: i64,
    /// Whether the query asks for all ids, which then are all unfolded.
    shows_all: bool,
    /// The address that shows all ids; `None` when the page shows all.
    all: Option<String>,
    /// Why several people may share them.
    signs: Vec<Sign>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Id {
    id: String,
    /// `Original`, `Alias 1`
    label: String,
    is_anonymous: bool,
    /// Whether the page was opened with this id.
    is_opened: bool,
    /// How it came; empty for a customer with one id.
    origin: Origin,
}

impl HtmlSafe for Card {}

impl Id {
    /// The part of an anonymous id after its prefix.
    fn rest(&self) -> String {
        text::visible(self.id.strip_prefix(app_user_id::ANONYMOUS_PREFIX).unwrap_or(&self.id))
    }
}

impl Card {
    /// One query; two more for a customer with several ids.
    pub fn load(conn: &mut Conn, visit: &Visit, shows_all: bool) -> QueryResult<Card> {
        let most = if shows_all { i64::MAX } else { LOADED };
        let ids = queries::load(conn, visit.customer.id, visit.until(), most)?;
        let is_cut = visit.customer.ids_count > i64::try_from(ids.len()).unwrap_or(i64::MAX);
        let all = is_cut.then(|| format!("{}#app-user-ids", visit.with_view("ids=all")));
        let joined = Joined::load(conn, visit, &ids)?;
        let origins: HashMap<String, Origin> = match ids.len() {
            0 | 1 => HashMap::new(),
            _ => ids.iter().map(|id| (id.app_user_id.clone(), joined.origin(visit, id))).collect(),
        };
        let ids: Vec<String> = ids.into_iter().map(|id| id.app_user_id).collect();
        let signs = shared::signs(&ids, visit.customer.ids_count);
        let mut first = labelled(ids, &visit.customer.original_app_user_id, &visit.opened_as);
        for id in &mut first {
            id.origin = origins.get(&id.id).cloned().unwrap_or_default();
        }
        let folded = first.split_off(UNFOLDED.min(first.len()));
        Ok(Card { first, folded, count: visit.customer.ids_count, shows_all, all, signs })
    }

    fn shown_count(&self) -> String {
        text::grouped(self.count)
    }

    fn more(&self) -> String {
        format!("{} more", self.folded.len())
    }
}

/// Labels the ids, the original first. The original and the opened id are included even if the limit cut them off.
fn labelled(mut ids: Vec<String>, original: &str, opened_as: &str) -> Vec<Id> {
    ids.retain(|id| id != original);
    if opened_as != original && !ids.iter().any(|id| id == opened_as) {
        ids.push(opened_as.to_owned());
    }
    let label = |index: usize| if index == 0 { "Original".to_owned() } else { format!("Alias {index}") };
    let all = std::iter::once(original.to_owned()).chain(ids).enumerate();
    all.map(|(index, id)| Id {
        is_anonymous: app_user_id::is_anonymous(&id),
        is_opened: id == opened_as,
        label: label(index),
        origin: Origin::default(),
        id,
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ids: &[Id]) -> Vec<String> {
        ids.iter().map(|id| format!("{} {}{}", id.label, id.id, if id.is_opened { " (opened)" } else { "" })).collect()
    }

    #[test]
    fn the_original_comes_first_wherever_it_was_found() {
        let ids = labelled(vec!["a".into(), "o".into(), "b".into()], "o", "b");
        assert_eq!(labels(&ids), ["Original o", "Alias 1 a", "Alias 2 b (opened)"]);
        let cut = labelled(vec!["a".into()], "o", "z");
        assert_eq!(labels(&cut), ["Original o", "Alias 1 a", "Alias 2 z (opened)"]);
    }

    #[test]
    fn anonymous_ids_are_known_by_their_prefix() {
        let ids = labelled(vec!["$RCAnonymousID:5A-x".into()], "lena", "lena");
        assert_eq!(ids.iter().map(|id| id.is_anonymous).collect::<Vec<_>>(), [false, true]);
        assert_eq!(ids[1].rest(), "5A-x");
    }
}

//! The card: ten ids at once, the rest folded, and beyond some hundreds a link to all.

use askama::Template;
use askama::filters::HtmlSafe;
use diesel::QueryResult;

use super::queries;
use crate::base::app_user_id;
use crate::db::Conn;
use crate::pages::profile::visit::Visit;
use crate::wording::text;

/// How many ids stand unfolded.
const UNFOLDED: usize = 10;
/// How many a page holds unless all are asked for.
const LOADED: i64 = 200;
/// More aliases than one person makes (§9.3).
const MANY_ALIASES: i64 = 50;

#[derive(Debug, Template)]
#[template(path = "profile/app_user_ids.html")]
pub struct Card {
    first: Vec<Id>,
    folded: Vec<Id>,
    count: i64,
    /// Whether all were asked for: then nothing is folded away.
    shows_all: bool,
    /// Where all of them are, when some were left out.
    all: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Id {
    id: String,
    /// `Original`, `Alias 1`
    label: String,
    is_anonymous: bool,
    /// The one in the page's address.
    is_opened: bool,
}

impl HtmlSafe for Card {}

impl Id {
    /// What follows the prefix of an anonymous id.
    fn rest(&self) -> String {
        text::visible(self.id.strip_prefix(app_user_id::ANONYMOUS_PREFIX).unwrap_or(&self.id))
    }
}

impl Card {
    /// One query.
    pub fn load(conn: &mut Conn, visit: &Visit, shows_all: bool) -> QueryResult<Card> {
        let most = if shows_all { i64::MAX } else { LOADED };
        let ids = queries::load(conn, visit.customer.id, most)?;
        let is_cut = visit.customer.ids_count > i64::try_from(ids.len()).unwrap_or(i64::MAX);
        let sandbox = if visit.is_sandbox() { "sandbox=1&" } else { "" };
        let all = is_cut.then(|| format!("{}?{sandbox}ids=all#app-user-ids", visit.href));
        let mut first = labelled(ids, &visit.customer.original_app_user_id, &visit.opened_as);
        let folded = first.split_off(UNFOLDED.min(first.len()));
        Ok(Card { first, folded, count: visit.customer.ids_count, shows_all, all })
    }

    fn shown_count(&self) -> String {
        text::grouped(self.count)
    }

    fn warns(&self) -> bool {
        self.count - 1 > MANY_ALIASES
    }

    fn warning(&self) -> String {
        format!("{} ids is unusual.", text::grouped(self.count))
    }

    fn more(&self) -> String {
        format!("{} more", self.folded.len())
    }
}

/// The original first, also when the list was cut before it; the id the page was opened with is never left out either.
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
        id,
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(ids: &[Id]) -> Vec<String> {
        ids.iter().map(|id| format!("{} {}{}", id.label, id.id, if id.is_opened { " (opened)" } else { "" })).collect()
    }

    #[test]
    fn the_original_stands_first_wherever_it_was_found() {
        let ids = labelled(vec!["a".into(), "o".into(), "b".into()], "o", "b");
        assert_eq!(said(&ids), ["Original o", "Alias 1 a", "Alias 2 b (opened)"]);
        let cut = labelled(vec!["a".into()], "o", "z");
        assert_eq!(said(&cut), ["Original o", "Alias 1 a", "Alias 2 z (opened)"]);
    }

    #[test]
    fn anonymous_ids_are_known_by_their_prefix() {
        let ids = labelled(vec!["$RCAnonymousID:5A-x".into()], "lena", "lena");
        assert_eq!(ids.iter().map(|id| id.is_anonymous).collect::<Vec<_>>(), [false, true]);
        assert_eq!(ids[1].rest(), "5A-x");
    }
}

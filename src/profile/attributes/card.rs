//! The card: a search, what is set, and the reserved keys that are not, folded.

use askama::Template;
use askama::filters::HtmlSafe;

use super::model::{self, Set, Unset};
use crate::page::text;
use crate::profile::visit::Visit;

#[derive(Debug, Template)]
#[template(path = "profile/attributes.html")]
pub struct Card {
    set: Vec<Set>,
    unset: Vec<Unset>,
}

impl HtmlSafe for Card {}

impl Card {
    /// No query: the attributes came with the visit.
    pub fn of(visit: &Visit) -> Card {
        Card { set: model::set(&visit.attributes), unset: model::unset(&visit.attributes) }
    }

    fn count(&self) -> String {
        text::grouped(i64::try_from(self.set.len()).unwrap_or(i64::MAX))
    }

    fn unset_count(&self) -> String {
        format!("{} reserved keys without a value", self.unset.len())
    }
}

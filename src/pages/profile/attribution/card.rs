//! The card: rows of labels and values.

use askama::Template;
use askama::filters::HtmlSafe;

use super::model;
use super::model::Row;
use crate::pages::profile::visit::Visit;

#[derive(Debug, Template)]
#[template(path = "profile/attribution.html")]
pub struct Card {
    rows: Vec<Row>,
}

impl HtmlSafe for Card {}

impl Card {
    /// No query: the visit holds the attributes. `None` without anything to show.
    pub fn new(visit: &Visit) -> Option<Card> {
        let rows = model::rows(&visit.attributes);
        (!rows.is_empty()).then_some(Card { rows })
    }
}

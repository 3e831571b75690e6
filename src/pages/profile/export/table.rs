//! A table of the page.

use super::model::{Event, Time};
use super::sections::words;
use crate::base::money::Money;
use crate::events::{Delivery, Event as Read};
use crate::wording::environment::unknown;

pub struct Table {
    pub title: &'static str,
    pub heads: Vec<&'static str>,
    pub rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new(title: &'static str, heads: &[&'static str], rows: Vec<Vec<String>>) -> Table {
        Table { title, heads: heads.to_vec(), rows }
    }

    /// The cells of a row, each under its head.
    pub fn named<'a>(&'a self, row: &'a [String]) -> impl Iterator<Item = (&'a &'static str, &'a String)> {
        self.heads.iter().zip(row)
    }

    /// The element id of the section, which addresses can name.
    pub fn id(&self) -> String {
        self.title.to_lowercase().replace(' ', "-")
    }
}

/// The row of an event, in the words of the protocol; `None` if it cannot be read.
pub fn of_event(event: &Event) -> Option<Vec<String>> {
    let Read { id, kind, environment, unknown_environment, product_id, paid, event_at, .. } =
        Delivery::read_stored(event.body.get(), event.received_at.0).ok()?;
    Some(vec![
        Time(event_at).shown(),
        words(kind.as_str()),
        match unknown_environment {
            Some(word) => unknown(&word),
            None => environment.map_or("", |environment| environment.as_str()).to_owned(),
        },
        product_id.unwrap_or_default(),
        paid.as_ref().map(Money::shown).unwrap_or_default(),
        id,
    ])
}

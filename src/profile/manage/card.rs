//! The card: what would be erased, what would go on, what cannot be undone.

use askama::Template;
use askama::filters::HtmlSafe;
use diesel::QueryResult;

use super::model::Held;
use super::queries;
use crate::db::Conn;
use crate::page::sentence::Sentence;
use crate::profile::visit::Visit;

#[derive(Debug, Template)]
#[template(path = "profile/manage.html")]
pub struct Card {
    held: Held,
    going_on: Vec<Sentence>,
}

impl HtmlSafe for Card {}

impl Card {
    /// Three queries.
    pub fn load(conn: &mut Conn, visit: &Visit) -> QueryResult<Card> {
        let held = queries::held(conn, visit)?;
        let going_on = held.going_on(visit.now, |purchase| visit.product_name(purchase).to_owned());
        Ok(Card { held, going_on })
    }
}

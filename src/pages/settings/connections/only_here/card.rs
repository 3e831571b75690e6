//! How much exists only here.

use askama::Template;
use askama::filters::HtmlSafe;
use diesel::QueryResult;

use super::address;
use crate::auth::Member;
use crate::base::clock::Moment;
use crate::db::Conn;
use crate::operations::only_here::{Kind, count};
use crate::stores::revenuecat::Connection;
use crate::wording::text;

#[derive(Template)]
#[template(path = "settings/connections/only_here/card.html")]
pub struct Card {
    address: String,
    counts: Vec<(Kind, i64)>,
}

impl HtmlSafe for Card {}

impl Card {
    pub fn load(conn: &mut Conn, member: &Member, connection: &Connection, now: Moment) -> QueryResult<Card> {
        Ok(Card { address: address(member), counts: counts(conn, connection, now)? })
    }

    /// `12 grants and 3 attributes`; empty when there is nothing.
    fn words(&self) -> String {
        words(&self.counts)
    }

    /// The kind that the link opens.
    fn first(&self) -> &'static str {
        let first = self.counts.iter().find(|(_, number)| *number > 0);
        first.map_or(Kind::Grant.as_str(), |(kind, _)| kind.as_str())
    }
}

/// How many of each kind.
pub fn counts(conn: &mut Conn, connection: &Connection, now: Moment) -> QueryResult<Vec<(Kind, i64)>> {
    let own = connection.own(now);
    Kind::ALL.into_iter().map(|kind| Ok((kind, count(conn, own, kind)?))).collect()
}

fn words(counts: &[(Kind, i64)]) -> String {
    let some = counts.iter().filter(|(_, number)| *number > 0);
    let each: Vec<String> = some.map(|(kind, number)| text::count(*number, kind.words().0, kind.words().1)).collect();
    text::listed(&each)
}

//! The card as it is printed: the picture, the choices, rows under headings, the way to further rows.

use askama::Template;
use askama::filters::HtmlSafe;
use diesel::QueryResult;

use super::links::{Choice, Links};
use super::model::{Order, Query};
use super::picture::Picture;
use super::queries::{self, Slice};
use super::rows::Row;
use super::wording::Subject;
use crate::clock::Moment;
use crate::db::Conn;
use crate::events::history::Topic;
use crate::page::text::segment;
use crate::page::times;
use crate::profile::store_badge::StoreBadge;
use crate::profile::visit::Visit;

#[derive(Debug, Template)]
#[template(path = "profile/history.html")]
pub struct Card {
    pub picture: Option<Picture>,
    pub topics: Vec<Choice>,
    pub orders: Vec<Choice>,
    pub groups: Vec<Group>,
    pub empty: Option<Empty>,
    pub newer: Option<String>,
    pub older: Option<String>,
    /// The days between which the rows of this page lie.
    pub shown: Option<(String, String)>,
    links: Links,
    customers: String,
}

impl HtmlSafe for Card {}

/// Rows under one heading.
#[derive(Debug)]
pub struct Group {
    pub heading: String,
    pub rows: Vec<Row>,
}

/// Why there are no rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Empty {
    /// Nothing ever came.
    Never,
    /// All there is belongs to production.
    OnlyProduction,
    /// All there is belongs to the sandbox.
    OnlySandbox,
    /// Nothing under this topic.
    Topic,
    /// The address names a place beyond the last row.
    Beyond,
}

impl Card {
    /// Loads the page of history that `query` asks for.
    ///
    /// # Errors
    /// What the database said.
    pub fn load(conn: &mut Conn, visit: &Visit, query: &Query) -> QueryResult<Card> {
        let slice = queries::page(conn, visit, query)?;
        let first_seen = queries::first_seen(conn, visit.customer.id)?;
        Ok(Card::of(visit, query, &slice, first_seen))
    }

    fn of(visit: &Visit, query: &Query, slice: &Slice, first_seen: Option<Moment>) -> Card {
        let links = Links::new(visit, query);
        let mut rows: Vec<Row> = slice.rows.iter().map(|stored| Row::of(stored, visit, query.order)).collect();
        let empty = rows.is_empty().then(|| Empty::why(visit, query));
        let shown = rows.first().zip(rows.last()).map(|(first, last)| (times::day(first.at), times::day(last.at)));
        add_activity(&mut rows, visit, query, slice, first_seen);
        let (first, last) = (slice.rows.first(), slice.rows.last());
        Card {
            picture: Picture::of(visit),
            newer: slice.newer.map(|_| first.map_or_else(|| links.newest(), |row| links.newer_than(row.place))),
            older: last.filter(|_| slice.has_older).map(|row| links.older_than(row.place)),
            topics: if empty.is_some_and(Empty::is_for_all_topics) { Vec::new() } else { links.topics() },
            orders: if empty.is_some() { Vec::new() } else { links.orders() },
            groups: grouped(rows),
            empty,
            shown,
            customers: format!("/projects/{}/customers", visit.project.slug),
            links,
        }
    }

    /// The profile of another customer.
    fn profile(&self, id: &str) -> String {
        format!("{}/{}", self.customers, segment(id))
    }
}

impl Empty {
    fn why(visit: &Visit, query: &Query) -> Empty {
        let is_paged = query.before.is_some() || query.after.is_some();
        match visit.is_sandbox() {
            _ if visit.customer.events_count == 0 => Empty::Never,
            _ if is_paged => Empty::Beyond,
            _ if query.topic.is_some() => Empty::Topic,
            true => Empty::OnlyProduction,
            false => Empty::OnlySandbox,
        }
    }

    /// Whether another topic would be as empty.
    fn is_for_all_topics(self) -> bool {
        matches!(self, Empty::Never | Empty::OnlyProduction | Empty::OnlySandbox)
    }
}

/// The two rows that come from the app's own contact, where they belong on this page (§4.2).
fn add_activity(rows: &mut Vec<Row>, visit: &Visit, query: &Query, slice: &Slice, first_seen: Option<Moment>) {
    if !matches!(query.topic, None | Some(Topic::Other)) {
        return;
    }
    let oldest = slice.rows.last().map(|row| row.place.at(query.order));
    let is_here = |at: Moment| {
        let is_above_next_page = !slice.has_older || oldest.is_some_and(|oldest| at >= oldest);
        let is_below_last_page = slice.newer.is_none_or(|newer| at < newer);
        is_above_next_page && is_below_last_page
    };
    let mut add = |at: Option<Moment>, icon, verb, is_first: bool| {
        let Some(at) = at.filter(|at| is_here(*at)) else { return };
        let stands_above = |row: &Row| if is_first { row.at >= at } else { row.at > at };
        let place = rows.iter().take_while(|row| stands_above(row)).count();
        rows.insert(place, Row::of_activity((icon, "tone-quiet"), verb, at, visit.now));
    };
    add(visit.customer.last_seen_at, "last-opened", "Last opened the app", false);
    add(first_seen, "first-seen", "First seen using the app", true);
}

/// More rows than this on a day, on average and within about two months, read better by the day.
const MANY_A_DAY: usize = 3;
const TWO_MONTHS_MS: i64 = 62 * 86_400_000;

/// Puts rows under months, or under days where there is much to tell of each.
fn grouped(rows: Vec<Row>) -> Vec<Group> {
    let days = headings(&rows, times::day);
    let is_short = rows.first().zip(rows.last()).is_some_and(|(new, old)| new.at.since(old.at) < TWO_MONTHS_MS);
    let by_day = is_short && days > 1 && rows.len() > days * MANY_A_DAY;
    let heading: fn(Moment) -> String = if by_day { times::day } else { times::month };
    let mut groups: Vec<Group> = Vec::new();
    for row in rows {
        let heading = heading(row.at);
        match groups.last_mut() {
            Some(group) if group.heading == heading => group.rows.push(row),
            _ => groups.push(Group { heading, rows: vec![row] }),
        }
    }
    groups
}

/// How many headings the rows would get.
fn headings(rows: &[Row], heading: fn(Moment) -> String) -> usize {
    let mut all: Vec<String> = rows.iter().map(|row| heading(row.at)).collect();
    all.dedup();
    all.len()
}

//! The card as the template prints it: the picture, the filters, rows under headings, and links to further rows.

use askama::Template;
use askama::filters::HtmlSafe;
use diesel::QueryResult;

use super::links::{Choice, Links};
use super::model::{Query, Shown};
use super::moved::{Moved, inherited_row};
use super::picture::Picture;
use super::queries::{Slice, Stored};
use super::rows::Row;
use super::wording::Subject;
use super::{queries, team};
use crate::base::clock::Moment;
use crate::db::Conn;
use crate::events::history::Topic;
use crate::pages::profile::subject;
use crate::pages::profile::visit::Visit;
use crate::pages::store_badge::StoreBadge;
use crate::web::filters;
use crate::wording::times;

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
    /// The days of the newest and the oldest row of this page.
    pub shown: Option<(String, String)>,
    links: Links,
    /// The project's slug.
    project: String,
    /// The address of the server-sent events that announce new events; `None` on a page that shows the past.
    live: Option<String>,
    picker: Picker,
    /// Whether new events belong on this page.
    is_newest: bool,
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
    /// No event has ever arrived.
    Never,
    /// All events are production events.
    OnlyProduction,
    /// All events are sandbox events.
    OnlySandbox,
    /// No event counts as of that moment.
    NotYet,
    /// No event has this topic.
    Topic,
    /// The team has done nothing for the customer.
    Team,
    /// The query names a place beyond the last row.
    Beyond,
}

impl Card {
    /// Loads the page of history that `query` asks for.
    /// `has_moved`: whether purchases moved to or from the customer.
    pub fn load(conn: &mut Conn, visit: &Visit, has_moved: bool, query: &Query) -> QueryResult<Card> {
        if query.shown == Shown::Team {
            let until = visit.as_of.map(|as_of| as_of.at);
            return Ok(Card::of_team(visit, query, &team::page(conn, visit.customer.id, until, query)?));
        }
        let (project, customer, environment) = (visit.project.id, visit.customer.id, visit.environment);
        let of = queries::HistoryOf { project, customer, environment, as_of: visit.as_of };
        let slice = queries::page(conn, of, query)?;
        let first_seen = queries::first_seen(conn, visit.customer.id, visit.ctx.now)?;
        let moved = if has_moved { Moved::load(conn, visit, &slice)? } else { Moved::default() };
        let mut card = Card::new(visit, query, (&slice, &moved), first_seen);
        team::add_adjusters(conn, visit, card.groups.iter_mut().flat_map(|group| &mut group.rows))?;
        Ok(card)
    }

    fn new(visit: &Visit, query: &Query, (slice, moved): (&Slice, &Moved), first_seen: Option<Moment>) -> Card {
        let links = Links::new(visit, query);
        let row = |stored: &Stored| {
            let mut row = Row::new(stored, visit, query.order);
            moved.note(&mut row, stored.cursor.event, visit);
            row
        };
        let mut rows: Vec<Row> = slice.rows.iter().map(row).collect();
        let empty = rows.is_empty().then(|| Empty::why(visit, query));
        let shown = rows.first().zip(rows.last()).map(|(first, last)| (times::day(first.at), times::day(last.at)));
        add_inherited(&mut rows, visit, query, (slice, moved));
        add_activity(&mut rows, visit, query, slice, first_seen);
        add_requests(&mut rows, visit, query, slice);
        let (first, last) = (slice.rows.first(), slice.rows.last());
        Card {
            picture: Picture::draw(visit),
            newer: slice.newer.map(|_| first.map_or_else(|| links.newest(), |row| links.newer_than(row.cursor))),
            older: last.filter(|_| slice.has_older).map(|row| links.older_than(row.cursor)),
            topics: links.topics(!empty.is_some_and(Empty::is_for_all_topics)),
            orders: if empty.is_some() { Vec::new() } else { links.orders() },
            groups: grouped(rows),
            empty,
            shown,
            project: visit.project.slug.clone(),
            live: live(visit),
            is_newest: query.before.is_none() && query.after.is_none(),
            picker: Picker::new(visit),
            links,
        }
    }

    fn of_team(visit: &Visit, query: &Query, page: &team::Page) -> Card {
        let links = Links::new(visit, query);
        let rows = team::rows(page, visit);
        let (first, last) = (page.lines.first(), page.lines.last());
        let place = team::Page::place;
        Card {
            picture: Picture::draw(visit),
            newer: page.has_newer.then(|| first.map_or_else(|| links.newest(), |line| links.newer_than(place(line)))),
            older: last.filter(|_| page.has_older).map(|line| links.older_than(place(line))),
            topics: links.topics(true),
            orders: Vec::new(),
            empty: rows.is_empty().then(|| Empty::why(visit, query)),
            shown: rows.first().zip(rows.last()).map(|(first, last)| (times::day(first.at), times::day(last.at))),
            groups: grouped(rows),
            project: visit.project.slug.clone(),
            live: live(visit),
            is_newest: query.before.is_none() && query.after.is_none(),
            picker: Picker::new(visit),
            links,
        }
    }

    /// The path of another customer's profile.
    fn profile(&self, id: &str) -> String {
        subject::href(&self.project, id)
    }
}

/// The form that asks for the page as of a moment.
#[derive(Debug)]
struct Picker {
    profile: String,
    is_sandbox: bool,
    /// The value of its field, in UTC.
    at: String,
}

impl Picker {
    fn new(visit: &Visit) -> Picker {
        let at = visit.as_of.map(|as_of| as_of.at.rfc3339()).unwrap_or_default();
        Picker { profile: visit.href.clone(), is_sandbox: visit.is_sandbox(), at: at.trim_end_matches('Z').to_owned() }
    }
}

/// The address of the server-sent events that announce events newer than those on this page.
fn live(visit: &Visit) -> Option<String> {
    if visit.as_of.is_some() {
        return None;
    }
    let sandbox = if visit.is_sandbox() { "&sandbox=1" } else { "" };
    let (since, steps) = (visit.customer.events_count, visit.requests.steps());
    Some(format!("{}/live?since={since}&steps={steps}{sandbox}", visit.href))
}

impl Empty {
    fn why(visit: &Visit, query: &Query) -> Empty {
        let is_paged = query.before.is_some() || query.after.is_some();
        match visit.is_sandbox() {
            _ if query.shown == Shown::Team && !is_paged => Empty::Team,
            _ if query.shown == Shown::Team => Empty::Beyond,
            _ if visit.customer.events_count == 0 && visit.as_of.is_some() => Empty::NotYet,
            _ if visit.customer.events_count == 0 => Empty::Never,
            _ if is_paged => Empty::Beyond,
            _ if query.shown != Shown::All => Empty::Topic,
            true => Empty::OnlyProduction,
            false => Empty::OnlySandbox,
        }
    }

    /// Whether every other topic would be empty as well.
    fn is_for_all_topics(self) -> bool {
        matches!(self, Empty::Never | Empty::NotYet | Empty::OnlyProduction | Empty::OnlySandbox)
    }
}

/// Inserts the payments of purchases that somebody else had then, if they belong on this page.
fn add_inherited(rows: &mut Vec<Row>, visit: &Visit, query: &Query, (slice, moved): (&Slice, &Moved)) {
    if !matches!(query.shown, Shown::All | Shown::Topic(Topic::Money)) {
        return;
    }
    let oldest = slice.rows.last().map(|row| row.cursor.at(query.order)).filter(|_| slice.has_older);
    for (stored, owner) in &moved.inherited {
        let at = stored.cursor.at(query.order);
        let is_here = oldest.is_none_or(|oldest| at >= oldest) && slice.newer.is_none_or(|newer| at < newer);
        if is_here {
            let place = rows.iter().take_while(|row| row.at > at).count();
            rows.insert(place, inherited_row(stored, owner, visit, query.order));
        }
    }
}

/// Inserts the two rows about the app's own contact, if they belong on this page (§4.2).
fn add_activity(rows: &mut Vec<Row>, visit: &Visit, query: &Query, slice: &Slice, first_seen: Option<Moment>) {
    if !matches!(query.shown, Shown::All | Shown::Topic(Topic::Other)) {
        return;
    }
    let oldest = slice.rows.last().map(|row| row.cursor.at(query.order));
    let is_here = |at: Moment| {
        let is_above_next_page = !slice.has_older || oldest.is_some_and(|oldest| at >= oldest);
        let is_below_last_page = slice.newer.is_none_or(|newer| at < newer);
        is_above_next_page && is_below_last_page
    };
    let mut add = |at: Option<Moment>, icon, verb, is_first: bool| {
        let Some(at) = at.filter(|at| is_here(*at)) else { return };
        let is_above = |row: &Row| if is_first { row.at >= at } else { row.at > at };
        let place = rows.iter().take_while(|row| is_above(row)).count();
        rows.insert(place, Row::of_activity((icon, "tone-quiet"), verb, at, visit.ctx.now));
    };
    add(visit.customer.last_seen_at, "last-opened", "Last opened the app", false);
    add(first_seen, "first-seen", "First seen using the app", true);
}

/// Inserts what was asked of stores and has no event yet, or never had one, where it belongs on this page.
fn add_requests(rows: &mut Vec<Row>, visit: &Visit, query: &Query, slice: &Slice) {
    if !matches!(query.shown, Shown::All | Shown::Topic(Topic::Money)) {
        return;
    }
    let oldest = slice.rows.last().map(|row| row.cursor.at(query.order)).filter(|_| slice.has_older);
    for shown in visit.requests.without_event(visit.environment) {
        let at = shown.request.asked_at;
        let is_here = oldest.is_none_or(|oldest| at >= oldest) && slice.newer.is_none_or(|newer| at < newer);
        if is_here {
            let place = rows.iter().take_while(|row| row.at > at).count();
            rows.insert(place, Row::of_request(shown, visit.ctx.now));
        }
    }
}

/// Rows get a heading per day, not per month, if there are on average more than this per day, within about two months.
const MANY_A_DAY: usize = 3;
const TWO_MONTHS_MS: i64 = 62 * 86_400_000;

/// Groups rows by month, or by day where there are many rows per day.
fn grouped(rows: Vec<Row>) -> Vec<Group> {
    let mut days: Vec<i64> = rows.iter().map(|row| row.at.day()).collect();
    days.dedup();
    let is_short = rows.first().zip(rows.last()).is_some_and(|(new, old)| new.at.since(old.at) < TWO_MONTHS_MS);
    let by_day = is_short && days.len() > 1 && rows.len() > days.len() * MANY_A_DAY;
    let mut groups: Vec<Group> = Vec::new();
    let mut last = None;
    for row in rows {
        let here = if by_day { (row.at.day(), 0) } else { row.at.month() };
        match groups.last_mut().filter(|_| last == Some(here)) {
            Some(group) => group.rows.push(row),
            None => groups.push(Group {
                heading: if by_day { times::day(row.at) } else { times::month(row.at) },
                rows: vec![row],
            }),
        }
        last = Some(here);
    }
    groups
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::model::Cursor;
    use super::super::queries::Stored;
    use super::*;
    use crate::base::ids::EventId;
    use crate::events::history::{ShownIn, Side};
    use crate::events::{Delivery, Digest, Environment, Summary};
    use crate::pages::profile::testing::{lena, stranger};
    use crate::projection::testing::{NOW, purchase};

    fn stored(days_ago: i64, id: i64) -> Stored {
        let at = NOW.plus_days(-days_ago);
        let event = json!({
            "id": format!("e/{id}"), "type": "RENEWAL", "store": "APP_STORE", "product_id": "<b>pro</b>",
            "purchased_at_ms": at, "event_timestamp_ms": at, "price": 9.99, "currency": "EUR",
            "price_in_purchased_currency": 8.99,
        });
        let cursor = Cursor { timeline_at: at, event_at: at, tie: 0, event: EventId(id) };
        let (environment, side) = (ShownIn::Only(Environment::Sandbox), Side::Own);
        let event = Delivery::read_stored(&json!({ "event": event }).to_string(), at).expect("an event");
        Stored { cursor, environment, side, kind: 0, digest: Summary::new(&event).digest() }
    }

    fn verbs(card: &Card) -> Vec<String> {
        card.groups.iter().flat_map(|group| &group.rows).map(|row| row.verb().to_owned()).collect()
    }

    fn slice(rows: Vec<Stored>) -> Slice {
        Slice { rows, newer: None, has_older: false }
    }

    #[test]
    fn a_row_is_printed_completely_and_escaped() {
        let html =
            Card::new(&lena(), &Query::default(), (&slice(vec![stored(3, 5)]), &Moved::default()), None).to_string();
        assert!(html.contains("<li class=\"event tone-good\" id=\"event-5\">"), "{html}");
        assert!(html.contains("<b><bdi>&#60;b&#62;pro&#60;/b&#62;</bdi></b>"), "{html}");
        assert!(html.contains("EUR 8.99<small>USD 9.99</small>"), "{html}");
        assert!(html.contains("href=\"/projects/sundial/customers/lena.okafor_4471/events/e%2F5\""), "{html}");
        assert!(html.contains("Sandbox</span>"), "{html}");
    }

    #[test]
    fn a_body_that_cannot_be_read_is_still_a_row() {
        let damaged = Stored { digest: Digest::from_bytes(b"{".to_vec()), ..stored(3, 5) };
        let card = Card::new(&stranger(), &Query::default(), (&slice(vec![damaged]), &Moved::default()), None);
        assert_eq!(verbs(&card), ["An event that cannot be read"]);
    }

    #[test]
    fn the_activity_rows_are_inserted_by_their_time() {
        let of = |query: &Query, slice: &Slice| {
            verbs(&Card::new(&lena(), query, (slice, &Moved::default()), Some(NOW.plus_days(-10))))
        };
        let both = of(&Query::default(), &slice(vec![stored(3, 5)]));
        assert_eq!(both, ["Last opened the app", "Renewed", "First seen using the app"]);
        let more_follow = Slice { has_older: true, ..slice(vec![stored(3, 5)]) };
        assert_eq!(of(&Query::default(), &more_follow), ["Last opened the app", "Renewed"]);
        let second_page = Slice { newer: Some(NOW.plus_days(-3)), ..slice(vec![stored(4, 4)]) };
        assert_eq!(of(&Query::default(), &second_page), ["Renewed", "First seen using the app"]);
        let money = Query { shown: Shown::Topic(Topic::Money), ..Query::default() };
        assert_eq!(of(&money, &slice(vec![stored(3, 5)])), ["Renewed"]);
        assert_eq!(
            verbs(&Card::new(&stranger(), &Query::default(), (&slice(Vec::new()), &Moved::default()), None)),
            [""; 0]
        );
    }

    #[test]
    fn an_empty_history_says_why() {
        let mut visit = stranger();
        let empty =
            |visit: &Visit, query: &Query| Card::new(visit, query, (&slice(Vec::new()), &Moved::default()), None).empty;
        let money = Query { shown: Shown::Topic(Topic::Money), ..Query::default() };
        let paged = Query { before: Some(Cursor::TOP), ..Query::default() };
        assert_eq!(empty(&visit, &Query::default()), Some(Empty::Never));
        visit.customer.events_count = 3;
        assert_eq!(empty(&visit, &Query::default()), Some(Empty::OnlySandbox));
        assert_eq!(empty(&visit, &money), Some(Empty::Topic));
        assert_eq!(empty(&visit, &paged), Some(Empty::Beyond));
        visit.environment = Environment::Sandbox;
        let card = Card::new(&visit, &Query::default(), (&slice(Vec::new()), &Moved::default()), None);
        assert_eq!(card.empty, Some(Empty::OnlyProduction));
        assert!(card.to_string().contains("href=\"/projects/sundial/customers/u_90211#history\">Show it</a>"));
    }

    #[test]
    fn busy_days_are_headings_and_quiet_ones_are_not() {
        let headings = |rows| {
            let card = Card::new(&stranger(), &Query::default(), (&slice(rows), &Moved::default()), None);
            card.groups.into_iter().map(|group| group.heading).collect::<Vec<_>>()
        };
        assert_eq!(headings(vec![stored(0, 9), stored(1, 8), stored(30, 7)]), ["November 2026", "October 2026"]);
        let busy: Vec<Stored> = (0..10).map(|n| stored(n / 5, 20 - n)).collect();
        assert_eq!(headings(busy), ["23 Nov 2026", "22 Nov 2026"]);
    }

    #[test]
    fn the_pager_links_to_newer_and_older_rows() {
        let page = Slice { rows: vec![stored(3, 5), stored(4, 4)], newer: Some(NOW), has_older: true };
        let card = Card::new(&stranger(), &Query::default(), (&page, &Moved::default()), None);
        let (at, below) = (NOW.plus_days(-3).millis(), NOW.plus_days(-4).millis());
        assert!(card.newer.is_some_and(|href| href.ends_with(&format!("?after={at}.{at}.0.5#history"))));
        assert!(card.older.is_some_and(|href| href.ends_with(&format!("?before={below}.{below}.0.4#history"))));
    }

    #[test]
    fn the_picture_describes_each_lane_in_words() {
        let mut visit = lena();
        let paid = json!({"phase": "paid", "from": NOW.plus_days(-347), "to": NOW.plus_days(18)});
        visit.purchases = vec![purchase(json!({"unsubscribed_at": NOW, "product_name": "<Pro>", "spans": [paid]}))];
        let html = Card::new(&visit, &Query::default(), (&slice(Vec::new()), &Moved::default()), None).to_string();
        assert!(html.contains("<rect class=\"bar bar--paid tone-good\" x="), "{html}");
        assert!(html.contains("<rect class=\"bar bar--ending tone-good\" x="), "{html}");
        let words = "&#60;Pro&#62;, App Store: paid from 11 Dec 2025 to 23 Nov 2026, paid and will not renew from";
        assert!(html.contains(words), "{html}");
        assert!(!html.contains("style="), "{html}");
    }
}

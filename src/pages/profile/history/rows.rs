//! A row as the template prints it, made from a stored event.

use super::category::Category;
use super::menu::Menu;
use super::model::{Cursor, Order};
use super::queries::Stored;
use super::wording::{Line, Subject};
use super::{amount, facts, wording};
use crate::base::clock::Moment;
use crate::base::ids::EventId;
use crate::catalog::Catalog;
use crate::customers::{AsOf, Reading};
use crate::events::history::ShownIn;
use crate::events::{Environment, Summary};
use crate::pages::profile::visit::Visit;
use crate::pages::request_line::{RequestLine, Shown};
use crate::web::Change;
use crate::wording::sentence::{Sentence, Stamp};
use crate::wording::text::{count, segment};

/// One entry of the list.
#[derive(Debug)]
pub struct Row {
    /// The fragment that links can name; the two activity rows have none.
    pub anchor: Option<String>,
    pub icon: &'static str,
    pub tone: &'static str,
    /// The team member who did it; `None` for events.
    pub by: Option<String>,
    pub lines: Vec<Line>,
    pub is_sandbox: bool,
    /// The time by which the row is sorted.
    pub at: Moment,
    pub when: Stamp,
    /// The second line: the other of the two times if they differ (§4.3), then further facts.
    pub facts: Vec<Sentence>,
    /// The offering that the app showed.
    pub offering: Option<Sentence>,
    pub fold: Option<Fold>,
    /// What the team changed.
    pub change: Option<Change>,
    pub amount: Option<amount::Amount>,
    /// The address of the page of the event.
    pub detail: Option<String>,
    /// What was asked of the store, of which the event says what came of it.
    pub request: Option<RequestLine>,
    /// What can be done with a payment.
    pub menu: Option<Menu>,
    /// The addresses of the page just before the event, and as of it.
    pub instants: Option<[String; 2]>,
}

/// The items of a bundle.
#[derive(Debug, PartialEq, Eq)]
pub struct Fold {
    pub summary: String,
    pub items: Vec<(String, String)>,
}

/// Two times that differ by at most this are treated as the same.
const SAME_TIME_MS: i64 = 60_000;

impl Row {
    pub fn new(stored: &Stored, visit: &Visit, order: Order) -> Row {
        match stored.digest.read() {
            Ok(event) => Row::from_event(&event, stored, visit, order),
            Err(reason) => {
                tracing::error!(event = stored.cursor.event.0, %reason, "the digest of an event cannot be read");
                Row::at(stored.cursor, order, visit.ctx.now)
            }
        }
    }

    fn from_event(event: &Summary, stored: &Stored, visit: &Visit, order: Order) -> Row {
        let category = Category::from_event(event);
        let (icon, tone) = category.icon_and_tone();
        let query = if visit.environment == Environment::Sandbox { "?sandbox=1" } else { "" };
        let mut row = Row::at(stored.cursor, order, visit.ctx.now);
        row.facts.extend(facts::in_words(event, category, visit.ctx.now));
        Row {
            icon,
            tone,
            lines: wording::lines(event, stored.side, &visit.catalog),
            is_sandbox: stored.environment == ShownIn::Only(Environment::Sandbox),
            fold: bundle(event, &visit.catalog),
            offering: facts::offering(event, category),
            amount: amount::in_event(event, category),
            detail: Some(format!("{}/events/{}{query}", visit.href, segment(&event.id))),
            request: visit.requests.of_event(stored.cursor.event).cloned(),
            menu: Menu::of(event, stored.cursor.event, visit),
            instants: Some(instants(stored.cursor.event_at, visit)),
            ..row
        }
    }

    /// A row of which only the place is known, because its summary cannot be read.
    fn at(place: Cursor, order: Order, now: Moment) -> Row {
        Row {
            anchor: Some(anchor(place.event)),
            facts: other_clock(place, order, now).into_iter().collect(),
            ..Row::of_activity(Category::Unknown.icon_and_tone(), "An event that cannot be read", place.at(order), now)
        }
    }

    /// A row that comes from no event.
    pub fn of_activity(icon_and_tone: (&'static str, &'static str), verb: &str, at: Moment, now: Moment) -> Row {
        let (icon, tone) = icon_and_tone;
        Row {
            anchor: None,
            icon,
            tone,
            by: None,
            lines: vec![Line { verb: verb.to_owned(), joint: "", subject: Subject::None, tail: String::new() }],
            is_sandbox: false,
            at,
            when: Stamp::day_and_time(at, now),
            facts: Vec::new(),
            offering: None,
            fold: None,
            change: None,
            amount: None,
            detail: None,
            request: None,
            menu: None,
            instants: None,
        }
    }

    /// What was asked of a store and has no event.
    pub fn of_request(shown: &Shown, now: Moment) -> Row {
        let verb = format!("asked for {}", shown.order.wanted.words());
        let row = Row::of_activity(("refund", shown.line.tone), &verb, shown.request.asked_at, now);
        Row {
            anchor: Some(format!("request-{}", shown.request.id)),
            by: Some(shown.asked_by.clone()),
            request: Some(shown.line.clone()),
            ..row
        }
    }

    /// The verb of the first line, for the label of a link that screen readers may read alone.
    pub fn verb(&self) -> &str {
        self.lines.first().map_or("", |line| &line.verb)
    }
}

/// The addresses of the page just before an event, and as of it.
fn instants(event_at: Moment, visit: &Visit) -> [String; 2] {
    let as_of = |at| visit.as_of_href(AsOf { at, reading: Reading::KnownNow });
    [as_of(Moment(event_at.0.saturating_sub(1))), as_of(event_at)]
}

/// The fragment of an event's row.
pub fn anchor(event: EventId) -> String {
    format!("event-{event}")
}

/// Whether the two times of a row are more than a minute apart (§4.3).
pub fn differ(place: Cursor) -> bool {
    place.timeline_at.since(place.event_at).saturating_abs() > SAME_TIME_MS
}

fn other_clock(place: Cursor, order: Order, now: Moment) -> Option<Sentence> {
    let (word, at) = match order {
        Order::Timeline => ("noticed ", place.event_at),
        Order::Event => ("happened ", place.timeline_at),
    };
    differ(place).then(|| Sentence::new(word).time(Stamp::day_and_time(at, now)))
}

/// The items of a Google bundle: the base product and its add-ons.
fn bundle(event: &Summary, catalog: &Catalog) -> Option<Fold> {
    let addons = event.items.iter().filter(|item| item.is_addon).count();
    let summary = match addons {
        _ if event.items.is_empty() => return None,
        0 => count(event.items.len() as i64, "item", "items"),
        _ => format!("+ {}", count(addons as i64, "add-on", "add-ons")),
    };
    let name = |id: &str| wording::named(event.store.as_ref(), id, None, catalog).name;
    let items = event.items.iter().map(|item| (name(&item.product_id), amount::of_item(item))).collect();
    Some(Fold { summary, items })
}

//! The part of the history that the query string asks for, and the places in it that links can name.

use std::fmt;
use std::str::FromStr;

use diesel::prelude::*;

use crate::base::clock::Moment;
use crate::base::ids::EventId;
use crate::db::schema::history;
use crate::events::history::Topic;

/// Which rows the page shows, and in which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Query {
    /// Rows older than this one.
    pub before: Option<Cursor>,
    /// Rows newer than this one.
    pub after: Option<Cursor>,
    pub order: Order,
    pub shown: Shown,
}

/// The kind of rows that are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shown {
    #[default]
    All,
    Topic(Topic),
    /// The actions of the team, from the audit log.
    Team,
}

/// The clock by which rows are ordered (§4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// When it happened, according to the store.
    #[default]
    Timeline,
    /// When the backend generated the event.
    Event,
}

/// The place of a row, in both orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = history)]
pub struct Cursor {
    pub timeline_at: Moment,
    pub event_at: Moment,
    pub tie: i32,
    /// The event; in the tab of the team the position of the entry in the audit log.
    #[diesel(column_name = event_id)]
    pub event: EventId,
}

/// A sentence about a query string that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

impl Query {
    /// Reads the query string of the profile. Ignores unknown fields, which belong to other cards, and empty values.
    ///
    /// # Errors
    /// [`Malformed`] for a place, an order or a kind of rows that does not exist, or for two places.
    pub fn parse(query: &str) -> Result<Query, Malformed> {
        let mut read = Query::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()).filter(|(_, value)| !value.is_empty()) {
            match name.as_ref() {
                "before" => read.before = Some(value.parse()?),
                "after" => read.after = Some(value.parse()?),
                "order" => read.order = value.parse()?,
                "topic" => read.shown = value.parse()?,
                _ => {}
            }
        }
        match read {
            Query { before: Some(_), after: Some(_), .. } => {
                Err(Malformed("The address names both older and newer history. Only one can be shown."))
            }
            _ => Ok(read),
        }
    }
}

impl Shown {
    /// The value of `topic` in an address; `None` for all rows.
    pub const fn word(self) -> Option<&'static str> {
        match self {
            Shown::All => None,
            Shown::Topic(topic) => Some(topic.as_str()),
            Shown::Team => Some("team"),
        }
    }

    pub const fn topic(self) -> Option<Topic> {
        match self {
            Shown::Topic(topic) => Some(topic),
            Shown::All | Shown::Team => None,
        }
    }
}

impl FromStr for Shown {
    type Err = Malformed;

    fn from_str(word: &str) -> Result<Shown, Malformed> {
        let unknown =
            "There is no such kind of history. It can be all, money, access, trouble, identity, other or team.";
        match word {
            "all" => Ok(Shown::All),
            "team" => Ok(Shown::Team),
            word => Topic::parse(word).map(Shown::Topic).ok_or(Malformed(unknown)),
        }
    }
}

impl Order {
    /// The value of `order` in an address; `None` for the default order.
    pub const fn word(self) -> Option<&'static str> {
        match self {
            Order::Timeline => None,
            Order::Event => Some("event"),
        }
    }
}

impl FromStr for Order {
    type Err = Malformed;

    fn from_str(word: &str) -> Result<Order, Malformed> {
        match word {
            "timeline" => Ok(Order::Timeline),
            "event" => Ok(Order::Event),
            _ => Err(Malformed("There is no such order of the history. It can be timeline or event.")),
        }
    }
}

impl Cursor {
    /// Above every row.
    pub const TOP: Cursor =
        Cursor { timeline_at: Moment::NEVER, event_at: Moment::NEVER, tie: i32::MAX, event: EventId::MAX };

    /// The time of the row in this order.
    pub const fn at(&self, order: Order) -> Moment {
        match order {
            Order::Timeline => self.timeline_at,
            Order::Event => self.event_at,
        }
    }

    /// Just above the row: `before` this place are the row and everything older.
    pub const fn above(self) -> Cursor {
        Cursor { event: EventId(self.event.0.saturating_add(1)), ..self }
    }

    /// Just below the row: `after` this place are the row and everything newer.
    pub const fn below(self) -> Cursor {
        Cursor { event: EventId(self.event.0.saturating_sub(1)), ..self }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}.{}", self.timeline_at.millis(), self.event_at.millis(), self.tie, self.event)
    }
}

impl FromStr for Cursor {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Cursor, Malformed> {
        let unreadable = Malformed("The address names a place in the history that cannot be read.");
        let numbers: Result<Vec<i64>, _> = text.split('.').map(str::parse).collect();
        match numbers.as_deref() {
            Ok([timeline_at, event_at, tie, event]) => Ok(Cursor {
                timeline_at: Moment(*timeline_at),
                event_at: Moment(*event_at),
                // Addresses of earlier versions hold a greater one.
                tie: i32::try_from(*tie).unwrap_or(i32::MAX),
                event: EventId(*event),
            }),
            _ => Err(unreadable),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(timeline_at: i64, event: i64) -> Cursor {
        Cursor { timeline_at: Moment(timeline_at), event_at: Moment(-5), tie: 3, event: EventId(event) }
    }

    #[test]
    fn a_place_is_read_back_from_its_address() {
        for cursor in [place(1_795_453_200_000, 7), place(i64::MIN, i64::MAX), Cursor::TOP] {
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
    }

    #[test]
    fn a_malformed_place_is_refused() {
        for bad in ["x", "1.2.3", "1.2.3.4.5", "1.2.3.", "1,2,3,4", "9223372036854775808.0.0.0", "1.2.3.4 ", "'; --"] {
            assert!(bad.parse::<Cursor>().is_err(), "{bad}");
            assert!(Query::parse(&format!("sandbox=1&before={bad}")).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_query_string_is_read_beside_unknown_fields() {
        let read = Query::parse("sandbox=1&before=1.-5.3.7&order=event&topic=money&x=%FF").expect("a query");
        let wanted =
            Query { before: Some(place(1, 7)), after: None, order: Order::Event, shown: Shown::Topic(Topic::Money) };
        assert_eq!(read, wanted);
        assert_eq!(Query::parse("before=&topic=all&order=timeline"), Ok(Query::default()));
        assert_eq!(Query::parse("topic=team").map(|query| query.shown), Ok(Shown::Team));
        assert!(Query::parse("topic=everything").is_err());
        assert!(Query::parse("order=price").is_err());
        assert!(Query::parse("before=1.2.3.4&after=1.2.3.4").is_err());
    }
}

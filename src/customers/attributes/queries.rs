//! The stored values of a customer's attributes, including those that were cleared.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use serde::{Deserialize, Serialize};

use crate::base::clock::Moment;
use crate::base::ids::CustomerId;
use crate::db::Conn;
use crate::db::many::{self, Column, Existing, Inserts, Kind, Row, Table, row};
use crate::db::schema::attributes;

/// Who set a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// An event.
    Event,
    /// The app, or the project's own server.
    App,
    /// A member of the team, on the profile page.
    Team,
}

crate::db::columns::text_enum!(Source: as_str, Source::parse);

impl Source {
    pub const fn as_str(self) -> &'static str {
        match self {
            Source::Event => "event",
            Source::App => "app",
            Source::Team => "team",
        }
    }

    fn parse(word: &str) -> Option<Source> {
        [Source::Event, Source::App, Source::Team].into_iter().find(|source| source.as_str() == word)
    }
}

/// The newest state of a key: a value, or that it was cleared.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Serialize, Deserialize)]
#[diesel(table_name = attributes)]
pub struct Stored {
    pub customer_id: CustomerId,
    pub key: String,
    pub value: String,
    pub updated_at: Moment,
    pub is_deleted: bool,
    pub source: Source,
    /// What events said last, where the value is not theirs: when, and which value; `None` where they cleared it.
    #[serde(default)]
    pub event_at: Option<Moment>,
    #[serde(default)]
    pub event_value: Option<String>,
}

/// What events said last of a key. Of two values of the same time the greater one counts (§10.4).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OfEvents {
    pub at: Moment,
    /// `None` if they cleared it.
    pub value: Option<String>,
}

impl Stored {
    /// A value that the team sets in place of `before`; `None` clears it. It is always dated after `before`, even if
    /// the app's clock was ahead, so that it is the newest.
    pub fn by_team(
        customer_id: CustomerId,
        key: &str,
        value: Option<String>,
        before: Option<&Stored>,
        now: Moment,
    ) -> Stored {
        let after = before.map_or(Moment::EARLIEST, |before| before.updated_at.next());
        Stored {
            customer_id,
            key: key.to_owned(),
            is_deleted: value.is_none(),
            value: value.unwrap_or_default(),
            updated_at: now.max(after),
            source: Source::Team,
            event_at: None,
            event_value: None,
        }
        .over(before)
    }

    /// This value in place of `before`: what events said last is kept.
    #[must_use]
    pub fn over(self, before: Option<&Stored>) -> Stored {
        let of_events = before.and_then(Stored::of_events);
        Stored {
            event_at: of_events.as_ref().map(|said| said.at),
            event_value: of_events.and_then(|said| said.value),
            ..self
        }
    }

    /// A value that events gave.
    pub fn of_event(customer_id: CustomerId, key: &str, said: &OfEvents) -> Stored {
        Stored {
            customer_id,
            key: key.to_owned(),
            value: said.value.clone().unwrap_or_default(),
            updated_at: said.at,
            is_deleted: said.value.is_none(),
            source: Source::Event,
            event_at: None,
            event_value: None,
        }
    }

    /// What counts of a value that the team or an app set and of what events said: the newer one, the former of two
    /// equal ones. `None` without either.
    pub fn counting(customer: CustomerId, key: &str, own: Option<Stored>, said: Option<OfEvents>) -> Option<Stored> {
        match (own, said) {
            (Some(own), Some(said)) if own.as_said() >= said => {
                Some(Stored { event_at: Some(said.at), event_value: said.value, ..own })
            }
            (Some(own), None) => Some(Stored { event_at: None, event_value: None, ..own }),
            (_, Some(said)) => Some(Stored::of_event(customer, key, &said)),
            (None, None) => None,
        }
    }

    fn as_said(&self) -> OfEvents {
        OfEvents { at: self.updated_at, value: self.set().map(str::to_owned) }
    }

    /// What events said last.
    pub fn of_events(&self) -> Option<OfEvents> {
        match self.source {
            Source::Event => Some(self.as_said()),
            Source::App | Source::Team => self.event_at.map(|at| OfEvents { at, value: self.event_value.clone() }),
        }
    }

    /// Whether it is the same value, set at the same time by the same side.
    pub fn is_same(&self, other: &Stored) -> bool {
        (&self.value, self.updated_at, self.is_deleted, self.source)
            == (&other.value, other.updated_at, other.is_deleted, other.source)
    }

    /// The value; `None` when it was cleared.
    pub fn set(&self) -> Option<&str> {
        Some(self.value.as_str()).filter(|_| !self.is_deleted)
    }

    pub fn is_of_team(&self) -> bool {
        self.source == Source::Team
    }
}

pub fn find(conn: &mut Conn, customer: CustomerId, key: &str) -> QueryResult<Option<Stored>> {
    attributes::table.find((customer, key)).select(Stored::as_select()).first(conn).optional()
}

/// How many keys that are not reserved have a value.
pub fn count_custom(conn: &mut Conn, customer: CustomerId) -> QueryResult<i64> {
    attributes::table
        .filter(attributes::customer_id.eq(customer).and(attributes::is_deleted.eq(false)))
        .filter(attributes::key.not_like("$%"))
        .count()
        .get_result(conn)
}

/// How many reserved keys have a value.
pub fn count_reserved(conn: &mut Conn, customer: CustomerId) -> QueryResult<i64> {
    attributes::table
        .filter(attributes::customer_id.eq(customer).and(attributes::is_deleted.eq(false)))
        .filter(attributes::key.like("$%"))
        .count()
        .get_result(conn)
}

/// How many keys were cleared.
pub fn count_cleared(conn: &mut Conn, customer: CustomerId) -> QueryResult<i64> {
    attributes::table
        .filter(attributes::customer_id.eq(customer).and(attributes::is_deleted.eq(true)))
        .count()
        .get_result(conn)
}

const TABLE: Table = Table {
    name: "attributes",
    key: 2,
    columns: &[
        ("customer_id", Kind::Integer),
        ("key", Kind::Text),
        ("value", Kind::Text),
        ("updated_at", Kind::Integer),
        ("is_deleted", Kind::Bool),
        ("source", Kind::Text),
        ("event_at", Kind::Integer),
        ("event_value", Kind::Text),
    ],
};

impl Stored {
    fn row(&self) -> Row {
        let Stored { customer_id, key, value, updated_at, is_deleted, source, event_at, event_value } = self;
        let source = source.as_str();
        row![*customer_id, key, value, *updated_at, *is_deleted, source, *event_at, event_value.clone()]
    }
}

type Columns = (BigInt, Text, Text, BigInt, Bool, Text, Nullable<BigInt>, Nullable<Text>);
const COLUMNS: &str = "customer_id, key, value, updated_at, is_deleted, source, event_at, event_value";

/// The rows of these customers and keys.
pub fn some(conn: &mut Conn, keys: &[Row]) -> QueryResult<Vec<Stored>> {
    const KEY: &[Column] = &[("customer_id", Kind::Integer), ("key", Kind::Text)];
    many::select::<Columns, Stored>(conn, (COLUMNS, "attributes"), KEY, keys, "")
}

/// All rows of a customer.
pub fn all(conn: &mut Conn, customer: CustomerId) -> QueryResult<Vec<Stored>> {
    of_all(conn, &[customer])
}

/// All rows of these customers.
pub fn of_all(conn: &mut Conn, customers: &[CustomerId]) -> QueryResult<Vec<Stored>> {
    const KEY: &[Column] = &[("customer_id", Kind::Integer)];
    let keys: Vec<Row> = customers.iter().map(|customer| row![*customer]).collect();
    many::select::<Columns, Stored>(conn, (COLUMNS, "attributes"), KEY, &keys, "")
}

/// Stores rows in place of those that their keys have.
pub fn put_all(conn: &mut Conn, all: &[Stored]) -> QueryResult<()> {
    let rows: Vec<Row> = all.iter().map(Stored::row).collect();
    TABLE.insert(conn, &rows, Existing::IsReplaced)?;
    Ok(())
}

/// As [`put_all`], together with other rows.
pub fn put_with(inserts: &mut Inserts, all: &[Stored]) {
    inserts.add(TABLE, all.iter().map(Stored::row).collect(), Existing::IsReplaced);
}

/// Deletes the rows of these customers and keys.
pub fn remove_all(conn: &mut Conn, keys: &[Row]) -> QueryResult<()> {
    TABLE.delete(conn, keys)?;
    Ok(())
}

/// Stores it in place of the key's present row.
pub fn put(conn: &mut Conn, stored: &Stored) -> QueryResult<()> {
    put_all(conn, std::slice::from_ref(stored))
}

/// Takes a value of the team back. `before` is what it had replaced; what events said meanwhile counts.
pub fn take_back(conn: &mut Conn, customer: CustomerId, key: &str, before: Option<Stored>) -> QueryResult<()> {
    let said = find(conn, customer, key)?.as_ref().and_then(Stored::of_events);
    let own = before.filter(|before| before.source != Source::Event);
    match Stored::counting(customer, key, own, said) {
        Some(counting) => put(conn, &counting),
        None => remove_all(conn, &[row![customer, key]]),
    }
}

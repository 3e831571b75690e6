//! The stored values of a customer's attributes, including those that were cleared.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::base::clock::Moment;
use crate::base::ids::CustomerId;
use crate::db::Conn;
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
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = attributes)]
pub struct Stored {
    pub customer_id: CustomerId,
    pub key: String,
    pub value: String,
    pub updated_at: Moment,
    pub is_deleted: bool,
    pub source: Source,
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
        let after = before.map_or(Moment::EARLIEST, |before| Moment(before.updated_at.millis().saturating_add(1)));
        Stored {
            customer_id,
            key: key.to_owned(),
            is_deleted: value.is_none(),
            value: value.unwrap_or_default(),
            updated_at: now.max(after),
            source: Source::Team,
        }
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

/// Stores it in place of the key's present row.
pub fn put(conn: &mut Conn, stored: &Stored) -> QueryResult<()> {
    remove(conn, stored.customer_id, &stored.key)?;
    diesel::insert_into(attributes::table).values(stored).execute(conn)?;
    Ok(())
}

/// Deletes the row of a key, so that the value from events counts again.
pub fn remove(conn: &mut Conn, customer: CustomerId, key: &str) -> QueryResult<()> {
    diesel::delete(attributes::table.find((customer, key))).execute(conn)?;
    Ok(())
}

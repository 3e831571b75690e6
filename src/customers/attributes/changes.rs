//! Values that apps and servers set (§10.4), for any number of customers at once.

use std::collections::{BTreeMap, BTreeSet};

use diesel::QueryResult;
use diesel::sql_types::BigInt;

use super::queries::{self, Source, Stored};
use super::{MAX_CUSTOM, reserved};
use crate::base::clock::Moment;
use crate::base::ids::CustomerId;
use crate::customers::state;
use crate::db::Conn;
use crate::db::many::{self, Column, Kind, Row, row};

/// How many reserved keys a customer may have, including those that this version does not know.
pub const MAX_RESERVED: i64 = 150;
/// How many cleared attributes of a customer are kept, each with the time it was cleared.
pub const MAX_CLEARED: i64 = 500;

/// A value that somebody sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    pub key: String,
    /// `None` clears the attribute.
    pub value: Option<String>,
    pub dated: Dated,
    /// When the call came.
    pub now: Moment,
}

/// Which date a value has (§10.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dated {
    /// What was sent. A date after the call counts as the call's.
    By(Moment),
    /// A server's write without a date: it is the newest, whatever is stored.
    Newest,
}

impl Update {
    /// The date that the value gets; `None` when a newer one is stored, be it a cleared one.
    fn date_over(&self, before: Option<&Stored>) -> Option<Moment> {
        let stored = before.map(|before| before.updated_at);
        match self.dated {
            Dated::Newest => Some(self.now.max(stored.map_or(Moment::EARLIEST, Moment::next))),
            Dated::By(sent) => {
                let at = sent.min(self.now);
                // A stored date far ahead is from before such dates were refused. It protects nothing.
                let is_newer = |stored: Moment| at > stored || stored > self.now.plus_days(1);
                stored.is_none_or(is_newer).then_some(at)
            }
        }
    }
}

/// What became of an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Saved {
    /// The value before, and the value now.
    Changed(Box<(Option<Stored>, Stored)>),
    /// A newer value is stored, so nothing changed.
    Older,
    /// The customer has as many attributes as they may.
    NoRoom,
}

/// How many attributes of each sort a customer has.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    custom: i64,
    reserved: i64,
    cleared: i64,
}

/// The attributes that updates name, while the updates are applied.
#[derive(Debug, Default)]
pub struct Changes {
    rows: BTreeMap<(CustomerId, String), Stored>,
    counts: BTreeMap<CustomerId, Counts>,
    changed: BTreeSet<(CustomerId, String)>,
}

impl Changes {
    /// Reads the attributes that the updates of these customers name.
    pub fn load<'a>(conn: &mut Conn, named: impl Iterator<Item = (CustomerId, &'a str)>) -> QueryResult<Changes> {
        let named: BTreeSet<(CustomerId, &str)> = named.collect();
        let keys: Vec<Row> = named.iter().map(|(customer, key)| row![*customer, *key]).collect();
        let rows = queries::some(conn, &keys)?;
        let customers: BTreeSet<CustomerId> = named.iter().map(|(customer, _)| *customer).collect();
        Ok(Changes {
            rows: rows.into_iter().map(|row| ((row.customer_id, row.key.clone()), row)).collect(),
            counts: counts(conn, customers)?,
            changed: BTreeSet::new(),
        })
    }

    /// Saves a value unless a newer one is stored, be it a cleared one (§10.4).
    pub fn apply(&mut self, customer: CustomerId, update: &Update) -> Saved {
        let Update { key, value, .. } = update;
        let before = self.rows.get(&(customer, key.clone()));
        let Some(at) = update.date_over(before) else { return Saved::Older };
        let counts = self.counts.entry(customer).or_default();
        // Clearing an attribute that was never set is stored only against values that arrive late, so it may be left
        // out.
        if value.is_none() && before.is_none() && counts.cleared >= MAX_CLEARED {
            return Saved::Older;
        }
        let is_new = value.is_some() && before.is_none_or(|before| before.is_deleted);
        if is_new && !counts.have_room(key) {
            return Saved::NoRoom;
        }
        let after = Stored {
            customer_id: customer,
            key: key.clone(),
            is_deleted: value.is_none(),
            value: value.clone().unwrap_or_default(),
            updated_at: at,
            source: Source::App,
            event_at: None,
            event_value: None,
        }
        .over(before);
        before.into_iter().for_each(|before| counts.add(before, -1));
        counts.add(&after, 1);
        self.changed.insert((customer, key.clone()));
        let replaced = self.rows.insert((customer, key.clone()), after.clone());
        Saved::Changed(Box::new((replaced, after)))
    }

    /// Writes the values that changed, and the names that follow.
    pub fn write(self, conn: &mut Conn) -> QueryResult<()> {
        let changed: Vec<Stored> =
            self.rows.into_iter().filter(|(key, _)| self.changed.contains(key)).map(|(_, row)| row).collect();
        queries::put_all(conn, &changed)?;
        let named = changed.iter().filter(|row| state::is_naming(&row.key)).map(|row| row.customer_id);
        state::refresh_names(conn, &named.collect())
    }
}

impl Counts {
    fn add(&mut self, stored: &Stored, times: i64) {
        let of = match (stored.is_deleted, stored.key.starts_with('$')) {
            (true, _) => &mut self.cleared,
            (false, true) => &mut self.reserved,
            (false, false) => &mut self.custom,
        };
        *of += times;
    }

    /// Whether there may be another attribute with this key. Reserved keys that this version knows always fit.
    fn have_room(&self, key: &str) -> bool {
        match (key.starts_with('$'), reserved::find(key)) {
            (true, Some(_)) => true,
            (true, None) => self.reserved < MAX_RESERVED,
            (false, _) => self.custom < MAX_CUSTOM,
        }
    }
}

fn counts(conn: &mut Conn, customers: BTreeSet<CustomerId>) -> QueryResult<BTreeMap<CustomerId, Counts>> {
    const KEY: &[Column] = &[("customer_id", Kind::Integer)];
    let keys: Vec<Row> = customers.into_iter().map(|customer| row![customer]).collect();
    let count = |condition: &str| format!("count(CASE WHEN {condition} THEN 1 END)");
    let columns = format!(
        "attributes.customer_id, {}, {}, {}",
        count("NOT is_deleted AND key NOT LIKE '$%'"),
        count("NOT is_deleted AND key LIKE '$%'"),
        count("is_deleted")
    );
    let from = "given JOIN attributes ON attributes.customer_id = given.customer_id GROUP BY attributes.customer_id";
    type Columns = (BigInt, BigInt, BigInt, BigInt);
    let rows = many::joined::<Columns, (CustomerId, i64, i64, i64)>(conn, (&columns, from), KEY, &keys)?;
    let one = |(customer, custom, reserved, cleared)| (customer, Counts { custom, reserved, cleared });
    Ok(rows.into_iter().map(one).collect())
}

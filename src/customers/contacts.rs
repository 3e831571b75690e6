//! When apps were last open, and on which devices (§C2.3).

use std::collections::{BTreeMap, BTreeSet};

use diesel::QueryResult;
use diesel::sql_types::{BigInt, Nullable, Text};

use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, ProjectId};
use crate::db::Conn;
use crate::db::many::{self, Column, Kind, Row, row};

/// What is known of the device that an app runs on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Device {
    pub platform: Option<String>,
    pub platform_version: Option<String>,
    pub app_version: Option<String>,
    /// With the name and version of the SDK that wraps it, if there is one: `6.2.1 (react-native 8.1.0)`.
    pub sdk_version: Option<String>,
    pub locale: Option<String>,
    /// The country the call came from (ISO 3166-1 alpha-2).
    pub country: Option<String>,
    pub hardware: Option<String>,
}

/// The last time that an app was open, as far as somebody else knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastContact {
    pub app_user_id: String,
    pub at: Moment,
    pub device: Device,
}

/// A contact of an app for a customer.
#[derive(Debug, Clone, Copy)]
pub struct Sighting<'a> {
    pub customer: CustomerId,
    pub device: &'a Device,
    pub at: Moment,
    pub info_at: Option<Moment>,
    pub offerings_at: Option<Moment>,
}

/// Notes when App User IDs were last seen, each by its lookup key, unless they were seen later.
pub fn note_ids(conn: &mut Conn, ids: &[(ProjectId, Vec<u8>, Moment)]) -> QueryResult<()> {
    let seen = "UPDATE app_user_ids SET seen_at = given.at FROM given WHERE app_user_ids.project_id = given.project_id
            AND app_user_ids.key = given.key AND (app_user_ids.seen_at IS NULL OR app_user_ids.seen_at < given.at)";
    const ID: &[Column] = &[("project_id", Kind::Integer), ("key", Kind::Bytes), ("at", Kind::Integer)];
    // An id that is given twice would get either of its times.
    let mut latest: BTreeMap<(ProjectId, &[u8]), Moment> = BTreeMap::new();
    for (project, key, at) in ids {
        latest.entry((*project, key)).and_modify(|known| *known = (*known).max(*at)).or_insert(*at);
    }
    let rows: Vec<Row> = latest.into_iter().map(|((project, key), at)| row![project, key.to_vec(), at]).collect();
    many::change(conn, ID, &rows, seen)?;
    Ok(())
}

/// Stores the device data of a contact, unless a later contact is stored already.
pub fn store_contact(conn: &mut Conn, customer: CustomerId, device: &Device, at: Moment) -> QueryResult<()> {
    store_sightings(conn, vec![Sighting { customer, device, at, info_at: None, offerings_at: None }])
}

/// As [`store_contact`], for many customers.
pub fn store_contacts<'a>(
    conn: &mut Conn,
    contacts: impl Iterator<Item = (CustomerId, &'a Device, Moment)>,
) -> QueryResult<()> {
    let sighting = |(customer, device, at)| Sighting { customer, device, at, info_at: None, offerings_at: None };
    store_sightings(conn, contacts.map(sighting).collect())
}

/// What is stored of the last contact: when, what the app fetched, and from which device.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stored {
    pub last_seen_at: Option<Moment>,
    info_at: Option<Moment>,
    offerings_at: Option<Moment>,
    app_version: Option<String>,
    platform: Option<String>,
    platform_version: Option<String>,
    sdk_version: Option<String>,
    locale: Option<String>,
    country: Option<String>,
}

impl Stored {
    /// Takes a contact, unless a later one is stored. Values that the device did not send keep what is stored, but the
    /// versions of a device on another platform are cleared.
    pub fn take(&mut self, device: &Device, at: Moment) {
        if self.last_seen_at.is_some_and(|stored| stored >= at) {
            return;
        }
        self.last_seen_at = Some(at);
        if device.platform.is_some() && self.platform.is_some() && device.platform != self.platform {
            (self.app_version, self.platform_version, self.sdk_version) = (None, None, None);
        }
        let keep = |new: &Option<String>, old: &mut Option<String>| {
            if new.is_some() {
                old.clone_from(new);
            }
        };
        keep(&device.app_version, &mut self.app_version);
        keep(&device.platform, &mut self.platform);
        keep(&device.platform_version, &mut self.platform_version);
        keep(&device.sdk_version, &mut self.sdk_version);
        keep(&device.locale, &mut self.locale);
        keep(&device.country, &mut self.country);
    }

    /// The values of [`COLUMNS`].
    pub fn row(self) -> Row {
        let Stored { last_seen_at, info_at, offerings_at, app_version, platform, .. } = self;
        let Stored { platform_version, sdk_version, locale, country, .. } = self;
        let device = row![app_version, platform, platform_version, sdk_version, locale, country];
        [row![last_seen_at, info_at, offerings_at], device].concat()
    }
}

/// The columns of a customer that [`Stored`] holds.
pub const COLUMNS: [Column; 9] = [
    ("last_seen_at", Kind::Integer),
    ("info_fetched_at", Kind::Integer),
    ("offerings_fetched_at", Kind::Integer),
    ("app_version", Kind::Text),
    ("platform", Kind::Text),
    ("platform_version", Kind::Text),
    ("sdk_version", Kind::Text),
    ("locale", Kind::Text),
    ("country", Kind::Text),
];
const ID: Column = ("id", Kind::Integer);

/// Stores the device data of contacts, unless later ones are stored already.
pub fn store_sightings(conn: &mut Conn, mut sightings: Vec<Sighting<'_>>) -> QueryResult<()> {
    let before = stored(conn, sightings.iter().map(|sighting| sighting.customer))?;
    let mut after = before.clone();
    sightings.sort_by_key(|sighting| sighting.at);
    for sighting in &sightings {
        if let Some(stored) = after.get_mut(&sighting.customer) {
            stored.info_at = stored.info_at.max(sighting.info_at);
            stored.offerings_at = stored.offerings_at.max(sighting.offerings_at);
            stored.take(sighting.device, sighting.at);
        }
    }
    let changed = after.into_iter().filter(|(customer, stored)| before.get(customer) != Some(stored));
    let rows: Vec<Row> = changed.map(|(customer, stored)| [row![customer], stored.row()].concat()).collect();
    let sets: Vec<String> = COLUMNS.iter().map(|(name, _)| format!("{name} = given.{name}")).collect();
    let update = format!(
        "UPDATE customers SET {}, active_at = coalesce(given.last_seen_at, customers.active_at)
            FROM given WHERE customers.id = given.id",
        sets.join(", ")
    );
    let key: Vec<Column> = [ID].into_iter().chain(COLUMNS).collect();
    many::change(conn, &key, &rows, &update)?;
    Ok(())
}

/// What is stored of the last contact of each of these customers who exist.
pub fn stored(
    conn: &mut Conn,
    customers: impl Iterator<Item = CustomerId>,
) -> QueryResult<BTreeMap<CustomerId, Stored>> {
    type Time = Nullable<BigInt>;
    type Word = Nullable<Text>;
    type Columns = (BigInt, (Time, Time, Time), (Word, Word, Word, Word, Word, Word));
    type Times = (Option<Moment>, Option<Moment>, Option<Moment>);
    type Words = (Option<String>, Option<String>, Option<String>, Option<String>, Option<String>, Option<String>);
    let customers: BTreeSet<CustomerId> = customers.collect();
    let keys: Vec<Row> = customers.into_iter().map(|customer| row![customer]).collect();
    let columns = [ID].iter().chain(&COLUMNS).map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let rows = many::select::<Columns, (CustomerId, Times, Words)>(conn, (&columns, "customers"), &[ID], &keys, "")?;
    let one = |(customer, (last_seen_at, info_at, offerings_at), words): (CustomerId, Times, Words)| {
        let (app_version, platform, platform_version, sdk_version, locale, country) = words;
        let stored = Stored {
            last_seen_at,
            info_at,
            offerings_at,
            app_version,
            platform,
            platform_version,
            sdk_version,
            locale,
            country,
        };
        (customer, stored)
    };
    Ok(rows.into_iter().map(one).collect())
}

//! Writes what is taken over: one statement for each table, however much it is.

use diesel::prelude::*;

use super::{Change, Item, Key};
use crate::base::ids::ProjectId;
use crate::db::Conn;
use crate::db::many::{Existing, Kind, Row, Table, row};
use crate::db::schema::offerings;

/// Prices are not among the columns: the other side does not tell them, and they stay.
const PRODUCTS: Table = Table {
    name: "products",
    key: 3,
    columns: &[
        ("project_id", Kind::Integer),
        ("store", Kind::Text),
        ("identifier", Kind::Text),
        ("display_name", Kind::Text),
        ("type", Kind::Text),
        ("duration", Kind::Text),
    ],
};

const ENTITLEMENTS: Table = Table {
    name: "entitlements",
    key: 2,
    columns: &[("project_id", Kind::Integer), ("identifier", Kind::Text), ("display_name", Kind::Text)],
};

const OFFERINGS: Table = Table {
    name: "offerings",
    key: 2,
    columns: &[
        ("project_id", Kind::Integer),
        ("identifier", Kind::Text),
        ("display_name", Kind::Text),
        ("is_default", Kind::Bool),
        ("is_archived", Kind::Bool),
        ("metadata", Kind::Text),
    ],
};

const PACKAGES: Table = Table {
    name: "packages",
    key: 3,
    columns: &[
        ("project_id", Kind::Integer),
        ("offering", Kind::Text),
        ("identifier", Kind::Text),
        ("display_name", Kind::Text),
        ("position", Kind::Integer),
    ],
};

const UNLOCKING: Table = Table {
    name: "entitlement_products",
    key: 3,
    columns: &[("project_id", Kind::Integer), ("entitlement", Kind::Text), ("product", Kind::Text)],
};

const PACKED: Table = Table {
    name: "package_products",
    key: 4,
    columns: &[
        ("project_id", Kind::Integer),
        ("offering", Kind::Text),
        ("package", Kind::Text),
        ("product", Kind::Text),
    ],
};

/// Writes changes. The caller holds the project's lock.
pub fn write(conn: &mut Conn, project: ProjectId, changes: &[Change]) -> QueryResult<()> {
    if changes.iter().any(|change| change.after.is_default) {
        let own = offerings::table.filter(offerings::project_id.eq(project));
        diesel::update(own).set(offerings::is_default.eq(false)).execute(conn)?;
    }
    // Of two, it is the one that becomes the default.
    let default = changes.iter().find(|change| change.becomes_default()).map(|change| change.after.key.clone());
    let mut rows = Rows { default, ..Rows::default() };
    changes.iter().for_each(|change| rows.add(project, change));
    for (table, rows, existing) in [
        (PRODUCTS, rows.products, Existing::IsReplaced),
        (ENTITLEMENTS, rows.entitlements, Existing::IsReplaced),
        (OFFERINGS, rows.offerings, Existing::IsReplaced),
        (PACKAGES, rows.packages, Existing::IsReplaced),
        (UNLOCKING, rows.unlocking, Existing::Stays),
        (PACKED, rows.packed, Existing::Stays),
    ] {
        if !rows.is_empty() {
            table.insert(conn, &rows, existing)?;
        }
    }
    Ok(())
}

#[derive(Default)]
struct Rows {
    /// The offering that becomes the default, if one does.
    default: Option<Key>,
    products: Vec<Row>,
    entitlements: Vec<Row>,
    offerings: Vec<Row>,
    packages: Vec<Row>,
    unlocking: Vec<Row>,
    packed: Vec<Row>,
}

impl Rows {
    fn add(&mut self, project: ProjectId, change: &Change) {
        let Item { key, name, product_kind, duration, is_default, is_archived, metadata, position, .. } =
            change.after.clone();
        // What has no name goes by its identifier.
        let named = name.clone().unwrap_or_else(|| key.identifier().to_owned());
        match key {
            Key::Product { store, identifier } => {
                self.products.push(row![project, store, identifier, name, product_kind, duration]);
            }
            Key::Entitlement(id) => {
                let attached = change.added_products.iter().map(|product| row![project, id.clone(), product.clone()]);
                self.unlocking.extend(attached);
                self.entitlements.push(row![project, id.clone(), named]);
            }
            Key::Offering(id) => {
                let is_default = is_default && self.default.as_ref().is_none_or(|key| key.identifier() == id);
                let metadata = metadata.unwrap_or_else(|| "{}".into());
                self.offerings.push(row![project, id, named, is_default, is_archived, metadata]);
            }
            Key::Package { offering, identifier } => {
                let put = |product: &String| row![project, offering.clone(), identifier.clone(), product.clone()];
                self.packed.extend(change.added_products.iter().map(put));
                self.packages.push(row![project, offering.clone(), identifier.clone(), named, position]);
            }
        }
    }
}

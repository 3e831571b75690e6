//! Reads the whole catalog of a project as things to compare.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::{Item, Key};
use crate::base::ids::ProjectId;
use crate::catalog::rows::{Entitlement, Offering, Package, Product};
use crate::db::Conn;
use crate::db::schema::{entitlement_products, entitlements, offerings, package_products, packages, products};

/// Reads a catalog of any size with six queries.
pub fn read(conn: &mut Conn, project: ProjectId) -> QueryResult<BTreeMap<Key, Item>> {
    let mut all = BTreeMap::new();
    let mut add = |item: Item| drop(all.insert(item.key.clone(), item));
    let own = products::table.filter(products::project_id.eq(project)).select(Product::as_select());
    own.load(conn)?.into_iter().map(Item::from).for_each(&mut add);
    let own = entitlements::table.filter(entitlements::project_id.eq(project)).select(Entitlement::as_select());
    own.load(conn)?.into_iter().map(Item::from).for_each(&mut add);
    let own = offerings::table.filter(offerings::project_id.eq(project)).select(Offering::as_select());
    own.load(conn)?.into_iter().map(Item::from).for_each(&mut add);
    let own = packages::table.filter(packages::project_id.eq(project)).select(Package::as_select());
    own.load(conn)?.into_iter().map(Item::from).for_each(&mut add);
    for (key, product) in attached(conn, project)? {
        if let Some(item) = all.get_mut(&key) {
            item.products.insert(product);
        }
    }
    Ok(all)
}

/// The products of entitlements and packages.
fn attached(conn: &mut Conn, project: ProjectId) -> QueryResult<Vec<(Key, String)>> {
    let unlocking: Vec<(String, String)> = entitlement_products::table
        .filter(entitlement_products::project_id.eq(project))
        .select((entitlement_products::entitlement, entitlement_products::product))
        .load(conn)?;
    let packed: Vec<(String, String, String)> = package_products::table
        .filter(package_products::project_id.eq(project))
        .select((package_products::offering, package_products::package, package_products::product))
        .load(conn)?;
    let unlocking = unlocking.into_iter().map(|(id, product)| (Key::Entitlement(id), product));
    let packed =
        packed.into_iter().map(|(offering, identifier, product)| (Key::Package { offering, identifier }, product));
    Ok(unlocking.chain(packed).collect())
}

impl From<Product> for Item {
    fn from(row: Product) -> Item {
        let key = Key::Product { store: row.store, identifier: row.identifier };
        let product_kind = Some(row.kind.as_str().to_owned());
        Item { name: row.display_name, product_kind, duration: row.duration, ..Item::new(key) }
    }
}

impl From<Entitlement> for Item {
    fn from(row: Entitlement) -> Item {
        Item { name: Some(row.display_name), ..Item::new(Key::Entitlement(row.identifier)) }
    }
}

impl From<Offering> for Item {
    fn from(row: Offering) -> Item {
        let Offering { identifier, display_name, is_default, is_archived, metadata, .. } = row;
        let item = Item::new(Key::Offering(identifier));
        Item { name: Some(display_name), metadata: Some(metadata), is_default, is_archived, ..item }
    }
}

impl From<Package> for Item {
    fn from(row: Package) -> Item {
        let key = Key::Package { offering: row.offering, identifier: row.identifier };
        Item { name: Some(row.display_name), position: row.position, ..Item::new(key) }
    }
}

//! What the catalog pages read.

use std::collections::{BTreeMap, HashMap};

use diesel::dsl::count_star;
use diesel::prelude::*;

use crate::base::clock::Moment;
use crate::base::ids::ProjectId;
use crate::catalog::rows::{Entitlement, Offering, Package, Product};
use crate::db::Conn;
use crate::db::schema::{
    entitlement_products, entitlements, offering_overrides, offerings, package_products, packages, products,
};

/// Sorted by name, then by id.
pub fn products(conn: &mut Conn, project: ProjectId) -> QueryResult<Vec<Product>> {
    let mut found: Vec<Product> =
        products::table.filter(products::project_id.eq(project)).select(Product::as_select()).load(conn)?;
    found.sort_by_cached_key(|one| {
        let name = one.display_name.as_deref().unwrap_or(&one.identifier).to_lowercase();
        (name, one.identifier.clone(), one.store.clone())
    });
    Ok(found)
}

pub fn product(conn: &mut Conn, project: ProjectId, store: &str, identifier: &str) -> QueryResult<Option<Product>> {
    products::table.find((project, store, identifier)).select(Product::as_select()).first(conn).optional()
}

pub fn entitlements(conn: &mut Conn, project: ProjectId) -> QueryResult<Vec<Entitlement>> {
    let mut found: Vec<Entitlement> =
        entitlements::table.filter(entitlements::project_id.eq(project)).select(Entitlement::as_select()).load(conn)?;
    found.sort_by_cached_key(|one| (one.display_name.to_lowercase(), one.identifier.clone()));
    Ok(found)
}

pub fn entitlement(conn: &mut Conn, project: ProjectId, identifier: &str) -> QueryResult<Option<Entitlement>> {
    entitlements::table.find((project, identifier)).select(Entitlement::as_select()).first(conn).optional()
}

/// For each entitlement, the ids of the products attached to it.
pub fn attached(conn: &mut Conn, project: ProjectId) -> QueryResult<BTreeMap<String, Vec<String>>> {
    let pairs: Vec<(String, String)> = entitlement_products::table
        .filter(entitlement_products::project_id.eq(project))
        .select((entitlement_products::entitlement, entitlement_products::product))
        .load(conn)?;
    Ok(gathered(pairs))
}

/// The default comes first, archived offerings last.
pub fn offerings(conn: &mut Conn, project: ProjectId) -> QueryResult<Vec<Offering>> {
    let mut found: Vec<Offering> =
        offerings::table.filter(offerings::project_id.eq(project)).select(Offering::as_select()).load(conn)?;
    found.sort_by_cached_key(|one| {
        (one.is_archived, !one.is_default, one.display_name.to_lowercase(), one.identifier.clone())
    });
    Ok(found)
}

pub fn offering(conn: &mut Conn, project: ProjectId, identifier: &str) -> QueryResult<Option<Offering>> {
    offerings::table.find((project, identifier)).select(Offering::as_select()).first(conn).optional()
}

/// In the order in which apps show them.
pub fn packages(conn: &mut Conn, project: ProjectId, offering: &str) -> QueryResult<Vec<Package>> {
    let mut found: Vec<Package> = packages::table
        .filter(packages::project_id.eq(project).and(packages::offering.eq(offering)))
        .select(Package::as_select())
        .load(conn)?;
    found.sort_by_cached_key(|one| (one.position, one.identifier.clone()));
    Ok(found)
}

/// How many packages each offering has.
pub fn package_counts(conn: &mut Conn, project: ProjectId) -> QueryResult<HashMap<String, i64>> {
    let counts: Vec<(String, i64)> = packages::table
        .filter(packages::project_id.eq(project))
        .group_by(packages::offering)
        .select((packages::offering, count_star()))
        .load(conn)?;
    Ok(counts.into_iter().collect())
}

/// For each package of an offering, the ids of the products in it.
pub fn packed(conn: &mut Conn, project: ProjectId, offering: &str) -> QueryResult<BTreeMap<String, Vec<String>>> {
    let pairs: Vec<(String, String)> = package_products::table
        .filter(package_products::project_id.eq(project).and(package_products::offering.eq(offering)))
        .select((package_products::package, package_products::product))
        .load(conn)?;
    Ok(gathered(pairs))
}

/// For how many customers each offering is set by an override that has not ended.
pub fn overrides(conn: &mut Conn, project: ProjectId, now: Moment) -> QueryResult<HashMap<String, i64>> {
    let until = offering_overrides::until;
    let counts: Vec<(String, i64)> = offering_overrides::table
        .filter(offering_overrides::project_id.eq(project))
        .filter(until.is_null().or(until.gt(now)))
        .group_by(offering_overrides::offering)
        .select((offering_overrides::offering, count_star()))
        .load(conn)?;
    Ok(counts.into_iter().collect())
}

fn gathered(pairs: Vec<(String, String)>) -> BTreeMap<String, Vec<String>> {
    let mut gathered: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (key, value) in pairs {
        gathered.entry(key).or_default().push(value);
    }
    gathered.values_mut().for_each(|values| values.sort());
    gathered
}

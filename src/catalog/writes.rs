//! Inserts, changes and deletes single rows of a catalog. The caller holds the project's lock, so that no other process
//! can change what the caller has checked.

use diesel::prelude::*;

use super::rows::{Entitlement, Offering, Package, Product};
use crate::base::ids::ProjectId;
use crate::db::schema::{entitlement_products, entitlements, offerings, package_products, packages, products};
use crate::db::{Both, Conn};

pub fn insert_product(conn: &mut Conn, row: &Product) -> QueryResult<()> {
    diesel::insert_into(products::table).values(row).execute(conn)?;
    Ok(())
}

pub fn update_product(conn: &mut Conn, row: &Product) -> QueryResult<()> {
    let stored = products::table.find((row.project_id, &row.store, &row.identifier));
    diesel::update(stored).set(row).execute(conn)?;
    Ok(())
}

/// Deletes a product. Its attachments stay, because entitlements and packages name products by their ids (§1).
pub fn delete_product(conn: &mut Conn, row: &Product) -> QueryResult<()> {
    diesel::delete(products::table.find((row.project_id, &row.store, &row.identifier))).execute(conn)?;
    Ok(())
}

pub fn insert_entitlement(conn: &mut Conn, row: &Entitlement) -> QueryResult<()> {
    diesel::insert_into(entitlements::table).values(row).execute(conn)?;
    Ok(())
}

pub fn update_entitlement(conn: &mut Conn, row: &Entitlement) -> QueryResult<()> {
    diesel::update(entitlements::table.find((row.project_id, &row.identifier))).set(row).execute(conn)?;
    Ok(())
}

/// Deletes an entitlement and its attachments.
pub fn delete_entitlement(conn: &mut Conn, row: &Entitlement) -> QueryResult<()> {
    diesel::delete(entitlements::table.find((row.project_id, &row.identifier))).execute(conn)?;
    Ok(())
}

/// Attaches a product to an entitlement. Returns `false` if it was already attached.
pub fn attach(conn: &mut Conn, project: ProjectId, entitlement: &str, product: &str) -> QueryResult<bool> {
    let row = (
        entitlement_products::project_id.eq(project),
        entitlement_products::entitlement.eq(entitlement),
        entitlement_products::product.eq(product),
    );
    let added = Both(diesel::insert_into(entitlement_products::table).values(row).on_conflict_do_nothing());
    Ok(added.execute(conn)? > 0)
}

/// Detaches a product from an entitlement. Returns `false` if it was not attached.
pub fn detach(conn: &mut Conn, project: ProjectId, entitlement: &str, product: &str) -> QueryResult<bool> {
    let row = entitlement_products::table.find((project, entitlement, product));
    Ok(diesel::delete(row).execute(conn)? > 0)
}

pub fn insert_offering(conn: &mut Conn, row: &Offering) -> QueryResult<()> {
    diesel::insert_into(offerings::table).values(row).execute(conn)?;
    Ok(())
}

pub fn update_offering(conn: &mut Conn, row: &Offering) -> QueryResult<()> {
    diesel::update(offerings::table.find((row.project_id, &row.identifier))).set(row).execute(conn)?;
    Ok(())
}

/// Makes an offering the project's only default.
pub fn choose_default(conn: &mut Conn, row: &Offering) -> QueryResult<()> {
    let others = offerings::table.filter(offerings::project_id.eq(row.project_id));
    diesel::update(others).set(offerings::is_default.eq(false)).execute(conn)?;
    update_offering(conn, &Offering { is_default: true, ..row.clone() })
}

/// Deletes an offering and its packages.
pub fn delete_offering(conn: &mut Conn, row: &Offering) -> QueryResult<()> {
    diesel::delete(offerings::table.find((row.project_id, &row.identifier))).execute(conn)?;
    Ok(())
}

pub fn insert_package(conn: &mut Conn, row: &Package) -> QueryResult<()> {
    diesel::insert_into(packages::table).values(row).execute(conn)?;
    Ok(())
}

pub fn update_package(conn: &mut Conn, row: &Package) -> QueryResult<()> {
    let stored = packages::table.find((row.project_id, &row.offering, &row.identifier));
    diesel::update(stored).set(row).execute(conn)?;
    Ok(())
}

pub fn delete_package(conn: &mut Conn, row: &Package) -> QueryResult<()> {
    diesel::delete(packages::table.find((row.project_id, &row.offering, &row.identifier))).execute(conn)?;
    Ok(())
}

/// Adds a product to a package. Returns `false` if the package already had it.
pub fn put_in(conn: &mut Conn, package: &Package, product: &str) -> QueryResult<bool> {
    let row = (
        package_products::project_id.eq(package.project_id),
        package_products::offering.eq(&package.offering),
        package_products::package.eq(&package.identifier),
        package_products::product.eq(product),
    );
    let added = Both(diesel::insert_into(package_products::table).values(row).on_conflict_do_nothing());
    Ok(added.execute(conn)? > 0)
}

/// Removes a product from a package. Returns `false` if the package did not have it.
pub fn take_out(conn: &mut Conn, package: &Package, product: &str) -> QueryResult<bool> {
    let key = (package.project_id, package.offering.as_str(), package.identifier.as_str(), product);
    Ok(diesel::delete(package_products::table.find(key)).execute(conn)? > 0)
}

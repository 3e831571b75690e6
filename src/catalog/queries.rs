//! Applies a catalog file to the database, and loads the part of the catalog that a profile needs.

use diesel::prelude::*;

use super::Catalog;
use super::file::{Entitlement, File, Offering, Package, Product};
use super::rows::ProductKind;
use crate::base::ids::ProjectId;
use crate::base::money::Micros;
use crate::db::schema::{entitlement_products, entitlements, offerings, package_products, packages, products};
use crate::db::{Both, Conn};

/// Writes everything that the file names. Applying a file twice has the same result as applying it once. Locks the
/// project until the transaction ends.
pub fn apply(conn: &mut Conn, project: ProjectId, file: &File) -> QueryResult<()> {
    conn.lock_project(project)?;
    for product in &file.products {
        put_product(conn, project, product)?;
    }
    for entitlement in &file.entitlements {
        put_entitlement(conn, project, entitlement)?;
    }
    if file.offerings.iter().any(|offering| offering.default) {
        diesel::update(offerings::table.filter(offerings::project_id.eq(project)))
            .set(offerings::is_default.eq(false))
            .execute(conn)?;
    }
    for offering in &file.offerings {
        put_offering(conn, project, offering)?;
    }
    Ok(())
}

fn put_product(conn: &mut Conn, project: ProjectId, product: &Product) -> QueryResult<()> {
    let price = product.price.as_ref();
    let row = (
        products::project_id.eq(project),
        products::store.eq(product.store.to_uppercase()),
        products::identifier.eq(&product.id),
        products::display_name.eq(product.display_name.as_deref()),
        products::kind.eq(&product.kind),
        products::duration.eq(product.duration.as_deref()),
        products::price_micros.eq(price.and_then(|price| Micros::parse(&price.amount)).map(|micros| micros.0)),
        products::currency.eq(price.map(|price| price.currency.as_str())),
    );
    let of_store = products::project_id.eq(project).and(products::store.eq(product.store.to_uppercase()));
    diesel::delete(products::table.filter(of_store.and(products::identifier.eq(&product.id)))).execute(conn)?;
    diesel::insert_into(products::table).values(row).execute(conn)?;
    Ok(())
}

fn put_entitlement(conn: &mut Conn, project: ProjectId, entitlement: &Entitlement) -> QueryResult<()> {
    let row = (
        entitlements::project_id.eq(project),
        entitlements::identifier.eq(&entitlement.id),
        entitlements::display_name.eq(&entitlement.display_name),
    );
    let statement = diesel::insert_into(entitlements::table)
        .values(row)
        .on_conflict((entitlements::project_id, entitlements::identifier))
        .do_update()
        .set(entitlements::display_name.eq(&entitlement.display_name));
    Both(statement).execute(conn)?;
    for product in &entitlement.products {
        let row = (
            entitlement_products::project_id.eq(project),
            entitlement_products::entitlement.eq(&entitlement.id),
            entitlement_products::product.eq(product),
        );
        Both(diesel::insert_into(entitlement_products::table).values(row).on_conflict_do_nothing()).execute(conn)?;
    }
    Ok(())
}

fn put_offering(conn: &mut Conn, project: ProjectId, offering: &Offering) -> QueryResult<()> {
    let metadata = serde_json::Value::Object(offering.metadata.clone()).to_string();
    let row = (
        offerings::project_id.eq(project),
        offerings::identifier.eq(&offering.id),
        offerings::display_name.eq(&offering.display_name),
        offerings::is_default.eq(offering.default),
        offerings::is_archived.eq(false),
        offerings::metadata.eq(&metadata),
    );
    let statement = diesel::insert_into(offerings::table)
        .values(row)
        .on_conflict((offerings::project_id, offerings::identifier))
        .do_update()
        .set((
            offerings::display_name.eq(&offering.display_name),
            offerings::is_default.eq(offering.default),
            offerings::metadata.eq(&metadata),
        ));
    Both(statement).execute(conn)?;
    if offering.default {
        // An archived offering cannot be the default.
        let stored = offerings::table.find((project, &offering.id));
        diesel::update(stored).set(offerings::is_archived.eq(false)).execute(conn)?;
    }
    for (position, package) in (0..).zip(&offering.packages) {
        put_package(conn, project, &offering.id, position, package)?;
    }
    Ok(())
}

fn put_package(
    conn: &mut Conn,
    project: ProjectId,
    offering: &str,
    position: i64,
    package: &Package,
) -> QueryResult<()> {
    let row = (
        packages::project_id.eq(project),
        packages::offering.eq(offering),
        packages::identifier.eq(&package.id),
        packages::display_name.eq(&package.display_name),
        packages::position.eq(position),
    );
    let statement = diesel::insert_into(packages::table)
        .values(row)
        .on_conflict((packages::project_id, packages::offering, packages::identifier))
        .do_update()
        .set((packages::display_name.eq(&package.display_name), packages::position.eq(position)));
    Both(statement).execute(conn)?;
    for product in &package.products {
        let row = (
            package_products::project_id.eq(project),
            package_products::offering.eq(offering),
            package_products::package.eq(&package.id),
            package_products::product.eq(product),
        );
        Both(diesel::insert_into(package_products::table).values(row).on_conflict_do_nothing()).execute(conn)?;
    }
    Ok(())
}

/// Loads what a profile needs, with three queries for a catalog of any size.
pub fn load(conn: &mut Conn, project: ProjectId) -> QueryResult<Catalog> {
    let sold: Vec<(String, String, Option<String>, ProductKind)> = products::table
        .filter(products::project_id.eq(project))
        .select((products::store, products::identifier, products::display_name, products::kind))
        .load(conn)?;
    let mut catalog = Catalog::default();
    for (store, id, name, kind) in sold {
        if kind == ProductKind::Consumable {
            catalog.consumables.insert((store.clone(), id.clone()));
        }
        catalog.products.extend(name.map(|name| ((store, id), name)));
    }
    let named: Vec<(String, String)> = entitlements::table
        .filter(entitlements::project_id.eq(project))
        .select((entitlements::identifier, entitlements::display_name))
        .load(conn)?;
    catalog.entitlements = named.into_iter().collect();
    let links: Vec<(String, String)> = entitlement_products::table
        .filter(entitlement_products::project_id.eq(project))
        .select((entitlement_products::product, entitlement_products::entitlement))
        .load(conn)?;
    for (product, entitlement) in links {
        catalog.unlocks.entry(product).or_default().insert(entitlement);
    }
    Ok(catalog)
}

/// The products of a project that never renew, each with its store.
pub fn non_renewing(conn: &mut Conn, project: ProjectId) -> QueryResult<Vec<(String, String)>> {
    products::table
        .filter(products::project_id.eq(project).and(products::kind.eq(ProductKind::NonRenewingSubscription)))
        .select((products::store, products::identifier))
        .load(conn)
}

//! `GET …/offerings`: what the app may sell to this customer, and their current offering (§C3.2). The call works for an
//! unknown App User ID as well, and does not create a customer.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse};
use diesel::prelude::*;
use serde::Serialize;
use serde_json::Value;

use super::{answer, store_products};
use crate::api::last_seen::Fetched;
use crate::api::{AuthorizedCall, Caller, customers};
use crate::base::error::Error;
use crate::customers::overrides;
use crate::customers::overrides::current::{self, Current};
use crate::db::Conn;
use crate::db::schema::{offerings, package_products, packages};

#[derive(Serialize)]
struct Offerings {
    current_offering_id: Option<String>,
    offerings: Vec<Offering>,
}

#[derive(Serialize)]
struct Offering {
    identifier: String,
    description: String,
    metadata: Option<Value>,
    packages: Vec<Package>,
}

#[derive(Serialize)]
struct Package {
    identifier: String,
    platform_product_identifier: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform_product_plan_identifier: Option<String>,
}

pub async fn show(caller: Caller, req: HttpRequest) -> Result<HttpResponse, Error> {
    let id = caller.app_user_id()?.to_owned();
    let asked = id.clone();
    let sold = caller
        .read(move |conn, call| {
            let current = current_of(conn, call, &asked)?;
            Ok(Offerings { current_offering_id: current, offerings: all(conn, call)? })
        })
        .await?;
    caller.record_contact(&id, Fetched::Offerings);
    answer::tagged_json(&req, &id, &sold)
}

/// The customer's override while it is in force, else the project's default (§8).
fn current_of(conn: &mut Conn, call: &AuthorizedCall, app_user_id: &str) -> Result<Option<String>, Error> {
    let offerings = overrides::queries::offerings_of(conn, call.ctx.project)?;
    let set = match customers::find(conn, call, app_user_id)? {
        Some(customer) => overrides::queries::find(conn, customer)?,
        None => None,
    };
    Ok(match current::resolve(&offerings, set, call.ctx.now) {
        Current::Overridden { offering, .. } | Current::Default { offering, .. } => Some(offering.identifier),
        Current::NoDefault { .. } | Current::None => None,
    })
}

/// Every offering that is not archived. SDKs look up the current one in this list.
fn all(conn: &mut Conn, call: &AuthorizedCall) -> Result<Vec<Offering>, Error> {
    let rows: Vec<(String, String, String)> = offerings::table
        .filter(offerings::project_id.eq(call.ctx.project).and(offerings::is_archived.eq(false)))
        .order(offerings::identifier)
        .select((offerings::identifier, offerings::display_name, offerings::metadata))
        .load(conn)?;
    let mut packed = packages_of(conn, call)?;
    Ok(rows
        .into_iter()
        .map(|(identifier, description, metadata)| Offering {
            packages: packed.remove(&identifier).unwrap_or_default(),
            metadata: metadata_of(&metadata),
            identifier,
            description,
        })
        .collect())
}

/// `None` when the metadata is empty.
fn metadata_of(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok().filter(|value: &Value| value.as_object().is_some_and(|object| !object.is_empty()))
}

/// The packages of each offering, in the order of the paywall, without those that the app's store cannot sell.
fn packages_of(conn: &mut Conn, call: &AuthorizedCall) -> Result<BTreeMap<String, Vec<Package>>, Error> {
    let store_products = store_products::load(conn, call)?;
    let project = call.ctx.project;
    let order: Vec<(String, String)> = packages::table
        .filter(packages::project_id.eq(project))
        .order((packages::offering, packages::position, packages::identifier))
        .select((packages::offering, packages::identifier))
        .load(conn)?;
    let links: Vec<(String, String, String)> = package_products::table
        .filter(package_products::project_id.eq(project))
        .order((package_products::offering, package_products::package, package_products::product))
        .select((package_products::offering, package_products::package, package_products::product))
        .load(conn)?;
    let mut products: BTreeMap<(String, String), String> = BTreeMap::new();
    for (offering, package, product) in links.into_iter().filter(|(_, _, product)| store_products.has(product)) {
        products.entry((offering, package)).or_insert(product);
    }
    let mut packed: BTreeMap<String, Vec<Package>> = BTreeMap::new();
    for (offering, identifier) in order {
        let Some(product) = products.remove(&(offering.clone(), identifier.clone())) else { continue };
        let (product, plan) = store_products.parts(&product);
        let package =
            Package { identifier, platform_product_identifier: product, platform_product_plan_identifier: plan };
        packed.entry(offering).or_default().push(package);
    }
    Ok(packed)
}

//! `…/entitlements`: the levels of access that the project sells, and the products that unlock them.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use diesel::prelude::*;

use super::expand::Expanded;
use super::list::{List, Window};
use super::sold::{Entitlement, Product, Sold};
use super::{answer, finding};
use crate::api::{AuthorizedCall, Caller};
use crate::base::error::Error;
use crate::db::Conn;
use crate::db::schema::{entitlement_products, entitlements};
use crate::wording::text;

pub async fn index(caller: Caller) -> Result<HttpResponse, Error> {
    let query = caller.query.clone();
    let list = caller
        .read(move |conn, call| {
            let sold = Sold::load(conn, call)?;
            let has_products = Expanded::parse(&query).in_items("product");
            let window = Window::parse(&query, sold.address("entitlements"))?;
            let window = window.keeping("expand", has_products.then(|| String::from("items.product")));
            window.cut(all(conn, call, &sold, has_products)?, |entitlement| entitlement.id.clone())
        })
        .await?;
    Ok(answer::json(&caller, StatusCode::OK, &list))
}

pub async fn show(caller: Caller) -> Result<HttpResponse, Error> {
    let id = caller.parameter("entitlement")?.to_owned();
    let has_products = Expanded::parse(&caller.query).has("product");
    let shown = caller
        .read(move |conn, call| {
            let sold = Sold::load(conn, call)?;
            find(all(conn, call, &sold, has_products)?, &id)
        })
        .await?;
    Ok(answer::json(&caller, StatusCode::OK, &shown))
}

/// The products that unlock an entitlement.
pub async fn products(caller: Caller) -> Result<HttpResponse, Error> {
    let (id, query) = (caller.parameter("entitlement")?.to_owned(), caller.query.clone());
    let list = caller
        .read(move |conn, call| {
            let sold = Sold::load(conn, call)?;
            let found = find(all(conn, call, &sold, true)?, &id)?;
            let window = Window::parse(&query, url(&sold, &found.id))?;
            let own = found.products.map_or_else(Vec::new, List::into_items);
            window.cut(own, |product: &Product| product.id.clone())
        })
        .await?;
    Ok(answer::json(&caller, StatusCode::OK, &list))
}

/// Every entitlement, sorted by identifier. Products that are attached but not in the catalog have no store, so they are left
/// out.
fn all(conn: &mut Conn, call: &AuthorizedCall, sold: &Sold, has_products: bool) -> QueryResult<Vec<Entitlement>> {
    let named: BTreeMap<String, String> = entitlements::table
        .filter(entitlements::project_id.eq(call.ctx.project))
        .select((entitlements::identifier, entitlements::display_name))
        .load::<(String, String)>(conn)?
        .into_iter()
        .collect();
    let mut attached: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    if has_products {
        let links: Vec<(String, String)> = entitlement_products::table
            .filter(entitlement_products::project_id.eq(call.ctx.project))
            .select((entitlement_products::entitlement, entitlement_products::product))
            .load(conn)?;
        links.into_iter().for_each(|(one, product)| {
            attached.entry(one).or_default().insert(product);
        });
    }
    let shown = named.iter().map(|(id, name)| {
        let own = attached.remove(id).unwrap_or_default();
        let products = sold.some(&own).map(|product| sold.product(product)).collect();
        let products = has_products.then(|| List::whole(products, url(sold, id)));
        sold.entitlement(id, name).with_products(products)
    });
    Ok(shown.collect())
}

fn find(all: Vec<Entitlement>, id: &str) -> Result<Entitlement, Error> {
    all.into_iter().find(|entitlement| entitlement.id == id).ok_or_else(finding::missing)
}

fn url(sold: &Sold, id: &str) -> String {
    sold.address(&format!("entitlements/{}/products", text::segment(id)))
}

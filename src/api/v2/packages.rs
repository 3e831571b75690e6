//! `…/packages`: the places of an offering, each for the equivalent products of every store. Different offerings have packages
//! of the same identifier, so a package's id names its offering as well.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use diesel::prelude::*;
use serde::Serialize;

use super::expand::Expanded;
use super::list::{List, Window};
use super::sold::{Product, Sold};
use super::{answer, finding};
use crate::api::{AuthorizedCall, Caller};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::catalog::rows;
use crate::db::Conn;
use crate::db::schema::{offerings, package_products, packages};
use crate::wording::text;

#[derive(Debug, Clone, Serialize)]
pub struct Package {
    object: &'static str,
    id: String,
    lookup_key: String,
    display_name: String,
    /// Its place in the offering, from 1.
    position: usize,
    created_at: Moment,
    #[serde(skip_serializing_if = "Option::is_none")]
    products: Option<List<Sale>>,
}

/// A product of a package.
#[derive(Debug, Clone, Serialize)]
struct Sale {
    product: Product,
    eligibility_criteria: &'static str,
}

/// The packages of a project, by offering, each list in the order of the paywall.
pub struct Packages(BTreeMap<String, Vec<Full>>);

/// A package with its products.
struct Full {
    package: Package,
    products: List<Sale>,
}

/// `…/offerings/{offering}/packages`
pub async fn index(caller: Caller) -> Result<HttpResponse, Error> {
    let (id, query) = (caller.parameter("offering")?.to_owned(), caller.query.clone());
    let list = caller
        .read(move |conn, call| {
            let sold = Sold::load(conn, call)?;
            let known: i64 = offerings::table.find((call.ctx.project, &id)).count().get_result(conn)?;
            if known == 0 {
                return Err(finding::missing());
            }
            let has_products = Expanded::parse(&query).in_items("product");
            let window = Window::parse(&query, url(&sold, &id))?;
            let window = window.keeping("expand", has_products.then(|| String::from("items.product")));
            let own = whole(&sold, &Packages::load(conn, call, &sold)?, &id, has_products);
            window.cut(own.into_items(), |package| package.id.clone())
        })
        .await?;
    Ok(answer::json(&caller, StatusCode::OK, &list))
}

pub async fn show(caller: Caller) -> Result<HttpResponse, Error> {
    let id = caller.parameter("package")?.to_owned();
    let has_products = Expanded::parse(&caller.query).has("product");
    let shown = caller
        .read(move |conn, call| {
            let sold = Sold::load(conn, call)?;
            Ok(find(Packages::load(conn, call, &sold)?, &id)?.shown(has_products))
        })
        .await?;
    Ok(answer::json(&caller, StatusCode::OK, &shown))
}

/// `…/packages/{package}/products`
pub async fn products(caller: Caller) -> Result<HttpResponse, Error> {
    let (id, query) = (caller.parameter("package")?.to_owned(), caller.query.clone());
    let list = caller
        .read(move |conn, call| {
            let sold = Sold::load(conn, call)?;
            let window = Window::parse(&query, products_url(&sold, &id))?;
            let own = find(Packages::load(conn, call, &sold)?, &id)?.products;
            window.cut(own.into_items(), |sale| sale.product.id.clone())
        })
        .await?;
    Ok(answer::json(&caller, StatusCode::OK, &list))
}

/// All packages of an offering.
pub fn whole(sold: &Sold, all: &Packages, offering: &str, has_products: bool) -> List<Package> {
    let own = all.0.get(offering).into_iter().flatten().map(|full| full.shown(has_products));
    List::whole(own.collect(), url(sold, offering))
}

impl Packages {
    /// Two queries.
    pub fn load(conn: &mut Conn, call: &AuthorizedCall, sold: &Sold) -> QueryResult<Packages> {
        let mut rows: Vec<rows::Package> = packages::table
            .filter(packages::project_id.eq(call.ctx.project))
            .select(rows::Package::as_select())
            .load(conn)?;
        rows.sort_by(|one, other| (one.position, &one.identifier).cmp(&(other.position, &other.identifier)));
        let links: Vec<(String, String, String)> = package_products::table
            .filter(package_products::project_id.eq(call.ctx.project))
            .select((package_products::offering, package_products::package, package_products::product))
            .load(conn)?;
        let mut held: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
        links.into_iter().for_each(|(offering, package, product)| {
            held.entry((offering, package)).or_default().insert(product);
        });
        let mut all: BTreeMap<String, Vec<Full>> = BTreeMap::new();
        for row in rows {
            let own = held.remove(&(row.offering.clone(), row.identifier.clone())).unwrap_or_default();
            let before = all.entry(row.offering.clone()).or_default();
            let position = before.len() + 1;
            before.push(Full::of(sold, row, position, &own));
        }
        Ok(Packages(all))
    }
}

impl Full {
    fn of(sold: &Sold, row: rows::Package, position: usize, own: &BTreeSet<String>) -> Full {
        let id = id(&row.offering, &row.identifier);
        let sale = |product| Sale { product: sold.product(product), eligibility_criteria: "all" };
        let products = List::whole(sold.some(own).map(sale).collect(), products_url(sold, &id));
        let package = Package {
            object: "package",
            id,
            lookup_key: row.identifier,
            display_name: row.display_name,
            position,
            created_at: sold.made_at,
            products: None,
        };
        Full { package, products }
    }

    fn shown(&self, has_products: bool) -> Package {
        Package { products: has_products.then(|| self.products.clone()), ..self.package.clone() }
    }
}

fn find(all: Packages, id: &str) -> Result<Full, Error> {
    all.0.into_values().flatten().find(|full| full.package.id == id).ok_or_else(finding::missing)
}

/// The id of a package: letters, digits, `-` and `_`.
fn id(offering: &str, package: &str) -> String {
    format!("pkge{}", URL_SAFE_NO_PAD.encode(format!("{offering}\0{package}")))
}

fn url(sold: &Sold, offering: &str) -> String {
    sold.address(&format!("offerings/{}/packages", text::segment(offering)))
}

fn products_url(sold: &Sold, id: &str) -> String {
    sold.address(&format!("packages/{}/products", text::segment(id)))
}

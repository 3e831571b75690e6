//! `…/offerings`: the selections of packages that apps show.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use diesel::prelude::*;
use serde::Serialize;
use serde_json::Value;

use super::expand::Expanded;
use super::list::{List, Window};
use super::packages::{self, Package, Packages};
use super::sold::{ACTIVE, INACTIVE, Sold};
use super::{answer, finding};
use crate::api::{AuthorizedCall, Caller};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::catalog::rows;
use crate::db::Conn;
use crate::db::schema::offerings;

#[derive(Debug, Serialize)]
struct Offering {
    object: &'static str,
    id: String,
    lookup_key: String,
    display_name: String,
    /// Whether customers without an override get it.
    is_current: bool,
    state: &'static str,
    created_at: Moment,
    project_id: String,
    /// `None` when empty.
    metadata: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    packages: Option<List<Package>>,
}

/// Archived ones are in it, with the state `inactive`.
pub async fn index(caller: Caller) -> Result<HttpResponse, Error> {
    let query = caller.query.clone();
    let list = caller
        .read(move |conn, call| {
            let sold = Sold::load(conn, call)?;
            let expanded = Expanded::parse(&query);
            let has = Parts { products: expanded.in_items("package.product"), packages: expanded.in_items("package") };
            let window = Window::parse(&query, sold.address("offerings"))?;
            let window = window.keeping("expand", has.word().map(|word| format!("items.{word}")));
            window.cut(all(conn, call, &sold, has)?, |offering| offering.id.clone())
        })
        .await?;
    Ok(answer::json(&caller, StatusCode::OK, &list))
}

pub async fn show(caller: Caller) -> Result<HttpResponse, Error> {
    let id = caller.parameter("offering")?.to_owned();
    let expanded = Expanded::parse(&caller.query);
    let has = Parts { products: expanded.has("package.product"), packages: expanded.has("package") };
    let shown = caller
        .read(move |conn, call| {
            let sold = Sold::load(conn, call)?;
            let mut all = all(conn, call, &sold, has)?.into_iter();
            all.find(|offering| offering.id == id).ok_or_else(finding::missing)
        })
        .await?;
    Ok(answer::json(&caller, StatusCode::OK, &shown))
}

/// What of an offering is shown in full.
#[derive(Debug, Clone, Copy)]
struct Parts {
    packages: bool,
    /// Also the products of the packages.
    products: bool,
}

impl Parts {
    /// The value of `expand` that asks for them.
    fn word(self) -> Option<&'static str> {
        match self {
            Parts { products: true, .. } => Some("package.product"),
            Parts { packages: true, .. } => Some("package"),
            Parts { .. } => None,
        }
    }
}

/// Every offering, sorted by identifier.
fn all(conn: &mut Conn, call: &AuthorizedCall, sold: &Sold, has: Parts) -> QueryResult<Vec<Offering>> {
    let mut rows: Vec<rows::Offering> = offerings::table
        .filter(offerings::project_id.eq(call.ctx.project))
        .select(rows::Offering::as_select())
        .load(conn)?;
    rows.sort_by(|one, other| one.identifier.cmp(&other.identifier));
    let packages = has.word().map(|_| Packages::load(conn, call, sold)).transpose()?;
    let shown = rows.into_iter().map(|row| Offering {
        object: "offering",
        packages: packages.as_ref().map(|all| packages::whole(sold, all, &row.identifier, has.products)),
        id: row.identifier.clone(),
        lookup_key: row.identifier,
        display_name: row.display_name,
        is_current: row.is_default,
        state: if row.is_archived { INACTIVE } else { ACTIVE },
        created_at: sold.made_at,
        project_id: call.key.project.slug.clone(),
        metadata: metadata(&row.metadata),
    });
    Ok(shown.collect())
}

fn metadata(stored: &str) -> Option<Value> {
    let stored: Option<Value> = serde_json::from_str(stored).ok();
    stored.filter(|metadata| metadata.as_object().is_some_and(|object| !object.is_empty()))
}

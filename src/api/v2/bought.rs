//! What subscriptions and one-time purchases have in common: the four calls that read them, and the fields of both.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use diesel::prelude::*;
use serde::Serialize;

use super::customer::address;
use super::fields::wrong;
use super::finding::{self, Held};
use super::list::{List, Window};
use super::money::Ledger;
use super::sold::{Entitlement, Sold};
use super::{answer, purchase_id};
use crate::api::v1::customer_info;
use crate::api::{AuthorizedCall, Caller, customers};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::CustomerId;
use crate::catalog::{self, Catalog};
use crate::customers::stored_purchases;
use crate::db::Conn;
use crate::db::schema::{customers as people, purchases};
use crate::events::{Environment, Store};
use crate::projection::Purchase;
use crate::web::form;

/// A kind of purchase that has calls of its own.
pub trait Shown: Serialize + Send + 'static {
    /// What its ids begin with.
    const PREFIX: &'static str;
    /// The last part of the path of its lists.
    const PATH: &'static str;
    /// The parameter that names one by what the store calls it.
    const IDENTIFIER: &'static str;

    fn is(purchase: &Purchase) -> bool;
    fn render(renderer: &Renderer, purchase: &Purchase) -> Self;
}

/// The fields that both kinds share.
#[derive(Debug, Serialize)]
pub struct Bought {
    id: String,
    customer_id: String,
    /// The customer who first had the purchase. Only the present one is known, so it equals `customer_id`.
    original_customer_id: String,
    /// `None` for a grant, and when no event named the product.
    pub product_id: Option<String>,
    presented_offering_id: Option<String>,
    entitlements: List<Entitlement>,
    environment: String,
    store: String,
    ownership: &'static str,
    /// As the event of the newest payment says.
    country: Option<String>,
}

/// Renders purchases of one customer.
pub struct Renderer {
    pub now: Moment,
    customer_id: CustomerId,
    /// Whether purchases of the sandbox unlock for the customer (§17).
    sandbox_unlocks: bool,
    customer: String,
    catalog: Catalog,
    pub sold: Sold,
    pub ledger: Ledger,
}

/// `GET …/customers/{id}/subscriptions` and `…/purchases`: the newest first, of one environment or of both.
///
/// # Errors
/// [`Error::Parameter`] for a bad environment, limit or start; [`Error::Client`] for an unknown customer.
pub async fn of_customer<T: Shown>(caller: Caller) -> Result<HttpResponse, Error> {
    let (id, query) = (caller.app_user_id()?.to_owned(), caller.query.clone());
    let list = caller
        .read(move |conn, call| {
            let asked = form::field(&query, "environment");
            let environment = asked.as_deref().map(environment).transpose()?;
            let customer = customers::require(conn, call, &id)?;
            let url = format!("{}/{}", address(call, &id), T::PATH);
            let window = Window::parse(&query, url)?.keeping("environment", asked);
            let all = load::<T>(conn, customer, environment)?;
            let window = window.cut(all, |purchase| purchase_id::of(T::PREFIX, customer, purchase))?;
            let renderer = Renderer::load(conn, call, customer, window.items())?;
            let shown = window.items().iter().map(|purchase| T::render(&renderer, purchase)).collect();
            Ok(window.showing(shown))
        })
        .await?;
    Ok(answer::json(&caller, StatusCode::OK, &list))
}

/// `GET …/subscriptions/{purchase}` and `…/purchases/{purchase}`
///
/// # Errors
/// [`Error::Client`] with status 404 when the project has no such purchase.
pub async fn show<T: Shown>(caller: Caller) -> Result<HttpResponse, Error> {
    let id = caller.parameter("purchase")?.to_owned();
    let shown = caller
        .read(move |conn, call| {
            let (renderer, purchase) = find::<T>(conn, call, &id)?;
            Ok(T::render(&renderer, &purchase))
        })
        .await?;
    Ok(answer::json(&caller, StatusCode::OK, &shown))
}

/// `GET …/subscriptions/{purchase}/entitlements` and `…/purchases/{purchase}/entitlements`: what it unlocks while it is active.
///
/// # Errors
/// As [`show`]; [`Error::Parameter`] for a bad limit or start.
pub async fn entitlements<T: Shown>(caller: Caller) -> Result<HttpResponse, Error> {
    let (id, query) = (caller.parameter("purchase")?.to_owned(), caller.query.clone());
    let list = caller
        .read(move |conn, call| {
            let (renderer, purchase) = find::<T>(conn, call, &id)?;
            let window = Window::parse(&query, renderer.entitlements_of::<T>(&purchase))?;
            window.cut(renderer.unlocked(&purchase), |entitlement| entitlement.id.clone())
        })
        .await?;
    Ok(answer::json(&caller, StatusCode::OK, &list))
}

/// `GET …/projects/{project}/subscriptions` and `…/purchases`: those with a transaction or an order that the store calls so.
///
/// # Errors
/// [`Error::Parameter`] when the call does not say what the store calls it, or for a bad limit or start.
pub async fn search<T: Shown>(caller: Caller) -> Result<HttpResponse, Error> {
    let query = caller.query.clone();
    let list = caller
        .read(move |conn, call| {
            let asked = form::field(&query, T::IDENTIFIER).filter(|asked| !asked.is_empty());
            let asked = asked.ok_or_else(|| wrong(T::IDENTIFIER, format!("{} is missing.", T::IDENTIFIER)))?;
            let url = format!("/v2/projects/{}/{}", call.key.project.slug, T::PATH);
            let window = Window::parse(&query, url)?.keeping(T::IDENTIFIER, Some(asked.clone()));
            let mut found = finding::by_store_identifier(conn, call.ctx.project, &asked)?;
            found.retain(|(_, purchase)| T::is(purchase));
            let window = window.cut(found, |(customer, purchase)| purchase_id::of(T::PREFIX, *customer, purchase))?;
            let mut shown = Vec::new();
            for (customer, purchase) in window.items() {
                let renderer = Renderer::load(conn, call, *customer, std::slice::from_ref(purchase))?;
                shown.push(T::render(&renderer, purchase));
            }
            Ok(window.showing(shown))
        })
        .await?;
    Ok(answer::json(&caller, StatusCode::OK, &list))
}

/// The purchase with an id, and what renders it.
///
/// # Errors
/// [`Error::Client`] with status 404 when the project has none of this kind with this id.
pub fn find<T: Shown>(conn: &mut Conn, call: &AuthorizedCall, id: &str) -> Result<(Renderer, Purchase), Error> {
    let (customer, purchase): Held = finding::by_id(conn, call, T::PREFIX, id)?;
    if !T::is(&purchase) {
        return Err(finding::missing());
    }
    Ok((Renderer::load(conn, call, customer, std::slice::from_ref(&purchase))?, purchase))
}

/// # Errors
/// [`Error::Parameter`] for another word than the two.
pub fn environment(word: &str) -> Result<Environment, Error> {
    let known = [Environment::Production, Environment::Sandbox];
    let found = known.into_iter().find(|environment| environment.as_str().to_lowercase() == word);
    found.ok_or_else(|| wrong("environment", "environment must be production or sandbox."))
}

fn load<T: Shown>(
    conn: &mut Conn,
    customer: CustomerId,
    environment: Option<Environment>,
) -> QueryResult<Vec<Purchase>> {
    let mut own = stored_purchases::numbered(vec![customer]);
    if let Some(environment) = environment {
        own = own.filter(purchases::environment.eq(environment));
    }
    let all = stored_purchases::load_numbered(conn, own)?.into_iter().map(|(_, purchase)| purchase);
    let mut all: Vec<Purchase> = all.filter(T::is).collect();
    all.sort_by(|one, other| {
        (other.period_start, &other.key, other.environment).cmp(&(one.period_start, &one.key, one.environment))
    });
    Ok(all)
}

impl Renderer {
    fn load(conn: &mut Conn, call: &AuthorizedCall, customer: CustomerId, all: &[Purchase]) -> QueryResult<Renderer> {
        Ok(Renderer {
            now: call.ctx.now,
            customer_id: customer,
            sandbox_unlocks: customer_info::sandbox_unlocks(conn, call, customer, all)?,
            customer: people::table.find(customer).select(people::original_app_user_id).first(conn)?,
            catalog: catalog::queries::load(conn, call.ctx.project)?,
            sold: Sold::load(conn, call)?,
            ledger: Ledger::load(conn, call, customer, all)?,
        })
    }

    /// Whether a purchase gives access now.
    pub fn gives_access(&self, purchase: &Purchase) -> bool {
        let is_real = purchase.environment == Environment::Production;
        purchase.is_active(self.now) && (is_real || self.sandbox_unlocks)
    }

    /// The shared fields of a purchase.
    pub fn bought<T: Shown>(&self, purchase: &Purchase) -> Bought {
        let is_named = !purchase.product_id.is_empty() && !customer_info::is_grant(purchase);
        Bought {
            id: purchase_id::of(T::PREFIX, self.customer_id, purchase),
            customer_id: self.customer.clone(),
            original_customer_id: self.customer.clone(),
            product_id: is_named.then(|| self.sold.id_of(store(purchase), &purchase.product_id)),
            presented_offering_id: purchase.presented_offering.clone(),
            entitlements: List::whole(self.unlocked(purchase), self.entitlements_of::<T>(purchase)),
            environment: purchase.environment.as_str().to_lowercase(),
            store: customer_info::store(purchase),
            ownership: if purchase.is_family_share { "family_shared" } else { "purchased" },
            country: self.ledger.country(purchase),
        }
    }

    /// The entitlements that a purchase unlocks.
    fn unlocked(&self, purchase: &Purchase) -> Vec<Entitlement> {
        let all = self.catalog.unlocked_by(purchase);
        all.iter().map(|id| self.sold.entitlement(id, self.catalog.entitlement_name(id))).collect()
    }

    /// The path of that list.
    fn entitlements_of<T: Shown>(&self, purchase: &Purchase) -> String {
        let id = purchase_id::of(T::PREFIX, self.customer_id, purchase);
        self.sold.address(&format!("{}/{id}/entitlements", T::PATH))
    }
}

/// The store of a purchase, as the catalog writes it.
pub fn store(purchase: &Purchase) -> &str {
    purchase.store.as_ref().map_or("", Store::as_str)
}

/// The store's id of the newest transaction.
pub fn transaction(purchase: &Purchase) -> String {
    let known = purchase.transaction_id.as_ref().or(purchase.original_transaction_id.as_ref());
    known.unwrap_or(&purchase.key).clone()
}

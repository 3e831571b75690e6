//! `GET …/customers/{id}/purchases`: the one-time purchases, and the parts that the list of subscriptions shares.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use diesel::prelude::*;
use serde::Serialize;
use serde_json::{Number, Value, json};
use sha2::{Digest, Sha256};

use super::answer;
use super::customer::address;
use super::fields::wrong;
use super::list::{List, Window};
use crate::api::v1::customer_info;
use crate::api::{AuthorizedCall, Caller, customers};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::hex;
use crate::base::ids::CustomerId;
use crate::base::money::Micros;
use crate::catalog::{self, Catalog};
use crate::customers::stored_purchases;
use crate::db::Conn;
use crate::db::schema::{customers as people, purchases};
use crate::events::Environment;
use crate::projection::Purchase;
use crate::web::form;

/// The fields that one-time purchases and subscriptions share.
#[derive(Debug, Serialize)]
pub struct Bought {
    pub id: String,
    customer_id: String,
    /// The customer who first had the purchase. Only the present one is known, so it equals `customer_id`.
    original_customer_id: String,
    /// `None` for a grant, and when no event named the product.
    product_id: Option<String>,
    presented_offering_id: Option<String>,
    entitlements: List<Value>,
    environment: String,
    store: String,
    ownership: &'static str,
    country: Option<String>,
}

#[derive(Debug, Serialize)]
struct OneTime {
    object: &'static str,
    #[serde(flatten)]
    bought: Bought,
    purchased_at: Moment,
    revenue_in_usd: Value,
    quantity: u8,
    status: &'static str,
    store_purchase_identifier: String,
}

pub async fn index(caller: Caller) -> Result<HttpResponse, Error> {
    let list = list(&caller, "purchases", |renderer, purchase| {
        let one = OneTime {
            object: "purchase",
            bought: renderer.bought("purch", purchase),
            purchased_at: purchase.period_start,
            revenue_in_usd: dollars(purchase.revenue.net),
            quantity: 1,
            status: if purchase.refunded_at.is_some() { "refunded" } else { "owned" },
            store_purchase_identifier: transaction(purchase),
        };
        (!purchase.is_subscription()).then_some(one)
    });
    let list = list.await?;
    Ok(answer::json(&caller, StatusCode::OK, &list))
}

/// Renders the purchases of one customer.
pub struct Renderer {
    pub now: Moment,
    /// Whether purchases of the sandbox unlock for the customer (§17).
    sandbox_unlocks: bool,
    customer: String,
    project: String,
    made_at: Moment,
    catalog: Catalog,
    url: String,
}

/// An item in a list of purchases.
pub trait Listed: Serialize + Send + 'static {
    fn id(&self) -> &str;
}

impl Listed for OneTime {
    fn id(&self) -> &str {
        &self.bought.id
    }
}

/// The window that a call asks for, of the list at the path `called`: the newest first, of one environment or of both.
///
/// # Errors
/// As [`project_call::read`]; [`Error::Parameter`] for a bad environment, limit or start.
pub async fn list<T: Listed>(
    caller: &Caller,
    called: &'static str,
    render: impl Fn(&Renderer, &Purchase) -> Option<T> + Send + 'static,
) -> Result<List<T>, Error> {
    let (id, query) = (caller.app_user_id()?.to_owned(), caller.query.clone());
    caller
        .read(move |conn, call| {
            let asked = form::field(&query, "environment");
            let environment = asked.as_deref().map(environment).transpose()?;
            let customer = customers::require(conn, call, &id)?;
            let url = format!("{}/{called}", address(call, &id));
            let window = Window::parse(&query, url)?.keeping("environment", asked);
            let all = load(conn, customer, environment)?;
            let renderer = Renderer::load(conn, call, customer, &all)?;
            window.cut(all.iter().filter_map(|purchase| render(&renderer, purchase)).collect(), |item| {
                item.id().to_owned()
            })
        })
        .await
}

fn environment(word: &str) -> Result<Environment, Error> {
    let known = [Environment::Production, Environment::Sandbox];
    let found = known.into_iter().find(|environment| environment.as_str().to_lowercase() == word);
    found.ok_or_else(|| wrong("environment", "environment must be production or sandbox."))
}

fn load(conn: &mut Conn, customer: CustomerId, environment: Option<Environment>) -> QueryResult<Vec<Purchase>> {
    let mut own = stored_purchases::of(customer);
    if let Some(environment) = environment {
        own = own.filter(purchases::environment.eq(environment));
    }
    let mut all = stored_purchases::load(conn, own)?;
    all.sort_by(|one, other| (other.period_start, &other.key).cmp(&(one.period_start, &one.key)));
    Ok(all)
}

impl Renderer {
    fn load(conn: &mut Conn, call: &AuthorizedCall, customer: CustomerId, all: &[Purchase]) -> QueryResult<Renderer> {
        let original: String = people::table.find(customer).select(people::original_app_user_id).first(conn)?;
        Ok(Renderer {
            now: call.ctx.now,
            sandbox_unlocks: customer_info::sandbox_unlocks(conn, call, customer, all)?,
            url: address(call, &original),
            customer: original,
            project: call.key.project.slug.clone(),
            made_at: call.key.project.created_at,
            catalog: catalog::queries::load(conn, call.ctx.project)?,
        })
    }

    /// Whether a purchase gives access now.
    pub fn gives_access(&self, purchase: &Purchase) -> bool {
        let is_real = purchase.environment == Environment::Production;
        purchase.is_active(self.now) && (is_real || self.sandbox_unlocks)
    }

    /// The shared fields of a purchase. Its id is `prefix` and a hash of the environment and the purchase's key.
    pub fn bought(&self, prefix: &str, purchase: &Purchase) -> Bought {
        let own = format!("{}|{}", purchase.environment.as_str(), purchase.key);
        let digits: String = hex(&Sha256::digest(own)).chars().take(16).collect();
        let is_named = !purchase.product_id.is_empty() && !customer_info::is_grant(purchase);
        Bought {
            id: format!("{prefix}{digits}"),
            customer_id: self.customer.clone(),
            original_customer_id: self.customer.clone(),
            product_id: is_named.then(|| purchase.product_id.clone()),
            presented_offering_id: purchase.presented_offering.clone(),
            entitlements: self.entitlements(purchase),
            environment: purchase.environment.as_str().to_lowercase(),
            store: customer_info::store(purchase),
            ownership: if purchase.is_family_share { "family_shared" } else { "purchased" },
            country: None,
        }
    }

    /// The entitlements that a purchase unlocks. Their creation times are not stored, so each has that of the project.
    fn entitlements(&self, purchase: &Purchase) -> List<Value> {
        let shown = |id: String| {
            json!({
                "object": "entitlement",
                "project_id": self.project,
                "display_name": self.catalog.entitlement_name(&id),
                "created_at": self.made_at,
                "lookup_key": id,
                "id": id,
            })
        };
        let all = self.catalog.unlocked_by(purchase).into_iter().map(shown).collect();
        List::whole(all, format!("{}/active_entitlements", self.url))
    }
}

/// The revenue of a purchase in US dollars, after refunds. Commission and tax are not known, so they are 0.
pub fn dollars(gross: Micros) -> Value {
    let number = gross.decimal().parse::<Number>().map_or(Value::Null, Value::Number);
    json!({ "currency": "USD", "gross": number, "commission": 0, "tax": 0, "proceeds": number })
}

/// The store's id of the newest transaction.
pub fn transaction(purchase: &Purchase) -> String {
    let known = purchase.transaction_id.as_ref().or(purchase.original_transaction_id.as_ref());
    known.unwrap_or(&purchase.key).clone()
}

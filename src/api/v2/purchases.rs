//! `GET …/customers/{id}/purchases`: what was bought once; and what subscriptions have in common with it.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use diesel::prelude::*;
use serde::Serialize;
use serde_json::{Number, Value, json};
use sha2::{Digest, Sha256};

use super::customer::address;
use super::fields::wrong;
use super::list::{List, Window};
use crate::api::v1::customer_info;
use crate::api::v2::project_call::{self, Within};
use crate::api::{Caller, customers};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::hex;
use crate::base::money::Micros;
use crate::catalog::{self, Catalog};
use crate::db::Conn;
use crate::db::schema::{customers as people, purchases};
use crate::events::Environment;
use crate::projection::{CustomerId, Purchase};
use crate::web::form;

/// What is true of anything bought.
#[derive(Debug, Serialize)]
pub struct Bought {
    pub id: String,
    customer_id: String,
    /// The customer who first had it; we know only who has it now.
    original_customer_id: String,
    /// `None` for a grant, and for what no event named.
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
        (!customer_info::is_subscription(purchase)).then_some(one)
    });
    let list = list.await?;
    Ok(project_call::answer(&caller, StatusCode::OK, &list))
}

/// What is needed to tell of purchases.
pub struct Renderer {
    pub now: Moment,
    customer: String,
    project: String,
    made_at: Moment,
    catalog: Catalog,
    url: String,
}

/// An object that was bought.
pub trait Listed: Serialize + Send + 'static {
    fn id(&self) -> &str;
}

impl Listed for OneTime {
    fn id(&self) -> &str {
        &self.bought.id
    }
}

/// The window of the list `called` so that a call asks for: the newest first, of one environment or of both.
///
/// # Errors
/// As [`project_call::read`]; [`Error::Parameter`].
pub async fn list<T: Listed>(
    caller: &Caller,
    called: &'static str,
    render: impl Fn(&Renderer, &Purchase) -> Option<T> + Send + 'static,
) -> Result<List<T>, Error> {
    let (id, query) = (caller.app_user_id()?.to_owned(), caller.query.clone());
    project_call::read(caller, move |conn, within| {
        let asked = form::field(&query, "environment");
        let environment = asked.as_deref().map(environment).transpose()?;
        let customer = customers::known(conn, within.inside, &id)?;
        let url = format!("{}/{called}", address(within, &id));
        let window = Window::parse(&query, url)?.keeping("environment", asked);
        let renderer = Renderer::load(conn, within, customer)?;
        let all = load(conn, customer, environment)?;
        window.cut(all.iter().filter_map(|purchase| render(&renderer, purchase)).collect(), |item| item.id().to_owned())
    })
    .await
}

fn environment(word: &str) -> Result<Environment, Error> {
    let known = [Environment::Production, Environment::Sandbox];
    let found = known.into_iter().find(|environment| environment.as_str().to_lowercase() == word);
    found.ok_or_else(|| wrong("environment", "environment must be production or sandbox."))
}

fn load(conn: &mut Conn, customer: CustomerId, environment: Option<Environment>) -> QueryResult<Vec<Purchase>> {
    let mut own = purchases::table.filter(purchases::customer_id.eq(customer)).select(purchases::body).into_boxed();
    if let Some(environment) = environment {
        own = own.filter(purchases::environment.eq(environment.as_str()));
    }
    let bodies: Vec<String> = own.load(conn)?;
    let mut all: Vec<Purchase> = bodies.iter().filter_map(|body| Purchase::stored(body)).collect();
    all.sort_by(|one, other| (other.period_start, &other.key).cmp(&(one.period_start, &one.key)));
    Ok(all)
}

impl Renderer {
    fn load(conn: &mut Conn, within: &Within<'_>, customer: CustomerId) -> QueryResult<Renderer> {
        let original: String = people::table.find(customer).select(people::original_app_user_id).first(conn)?;
        Ok(Renderer {
            now: within.inside.now,
            url: address(within, &original),
            customer: original,
            project: within.project.slug.clone(),
            made_at: within.project.created_at,
            catalog: catalog::queries::load(conn, within.inside.project)?,
        })
    }

    /// What any purchase is told with. Its id begins with `prefix`, and follows from what tells it from all others.
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

    /// When an entitlement was made is not kept: the project's own time stands for it.
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

/// What a purchase brought in, less refunds. What stores and states keep of it is not known here.
pub fn dollars(gross: Micros) -> Value {
    let number = gross.decimal().parse::<Number>().map_or(Value::Null, Value::Number);
    json!({ "currency": "USD", "gross": number, "commission": 0, "tax": 0, "proceeds": number })
}

/// What the store calls it.
pub fn transaction(purchase: &Purchase) -> String {
    let known = purchase.transaction_id.as_ref().or(purchase.original_transaction_id.as_ref());
    known.unwrap_or(&purchase.key).clone()
}

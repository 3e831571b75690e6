//! Customer info, the answer that clients read (§C3.1). It has exactly the keys of the contract, with times in whole
//! seconds.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use diesel::prelude::*;
use serde::Serialize;
use serde_json::{Number, Value, json};

use super::time::{At, at};
use crate::api::AuthorizedCall;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::CustomerId;
use crate::base::money::Micros;
use crate::catalog::{self, Catalog};
use crate::customers::{sandbox_access, stored_purchases};
use crate::db::Conn;
use crate::db::schema::{app_user_ids, attributes, customers};
use crate::events::{Environment, PeriodType, Store};
use crate::projection::{Kind, Purchase};

/// The whole answer of the customer info endpoint.
#[derive(Debug, Serialize)]
pub struct CustomerInfo {
    pub request_date: At,
    pub request_date_ms: i64,
    pub subscriber: Subscriber,
}

#[derive(Debug, Serialize)]
pub struct Subscriber {
    original_app_user_id: String,
    first_seen: At,
    pub last_seen: Option<At>,
    management_url: Option<&'static str>,
    original_application_version: Option<String>,
    original_purchase_date: Option<At>,
    other_purchases: BTreeMap<String, Value>,
    entitlements: BTreeMap<String, Entitlement>,
    subscriptions: BTreeMap<String, Subscription>,
    non_subscriptions: BTreeMap<String, Vec<OneTime>>,
    /// Only in answers to servers: apps must not read attributes.
    #[serde(skip_serializing_if = "Option::is_none")]
    subscriber_attributes: Option<BTreeMap<String, Attribute>>,
}

#[derive(Debug, Serialize)]
struct Entitlement {
    expires_date: Option<At>,
    grace_period_expires_date: Option<At>,
    product_identifier: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    product_plan_identifier: Option<String>,
    purchase_date: At,
}

#[derive(Debug, Serialize)]
struct Subscription {
    purchase_date: At,
    original_purchase_date: At,
    expires_date: Option<At>,
    store: String,
    is_sandbox: bool,
    period_type: &'static str,
    ownership_type: &'static str,
    unsubscribe_detected_at: Option<At>,
    billing_issues_detected_at: Option<At>,
    refunded_at: Option<At>,
    grace_period_expires_date: Option<At>,
    auto_resume_date: Option<At>,
    store_transaction_id: Option<String>,
    price: Option<Value>,
    display_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    product_plan_identifier: Option<String>,
    management_url: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct OneTime {
    id: String,
    purchase_date: At,
    original_purchase_date: At,
    store: String,
    is_sandbox: bool,
    store_transaction_id: Option<String>,
    display_name: Option<String>,
    price: Option<Value>,
}

#[derive(Debug, Serialize)]
struct Attribute {
    value: String,
    updated_at_ms: i64,
}

/// Loads the customer info of a customer.
///
/// # Errors
/// [`Error::NotFound`] when the customer does not exist any more.
pub fn load(conn: &mut Conn, call: &AuthorizedCall, customer: CustomerId) -> Result<CustomerInfo, Error> {
    let (original, last_seen): (String, Option<Moment>) = customers::table
        .find(customer)
        .select((customers::original_app_user_id, customers::last_seen_at))
        .first(conn)?;
    let since = app_user_ids::table.filter(app_user_ids::customer_id.eq(customer));
    let since: Option<Moment> = since.select(diesel::dsl::min(app_user_ids::since)).first(conn)?;
    // This call is a contact as well, although it is stored a moment later.
    let last_seen = if call.is_app_contact() { last_seen.max(Some(call.ctx.now)) } else { last_seen };
    let all = purchases_of(conn, customer)?;
    // Most customers never bought anything, and their answer needs no catalog.
    let catalog = match all.is_empty() {
        true => Catalog::default(),
        false => catalog::queries::load(conn, call.ctx.project)?,
    };
    let renderer =
        Renderer { catalog, now: call.ctx.now, sandbox_unlocks: sandbox_unlocks(conn, call, customer, &all)? };
    let subscriptions = renderer.subscriptions(&all);
    Ok(CustomerInfo {
        request_date: at(call.ctx.now),
        request_date_ms: call.ctx.now.millis(),
        subscriber: Subscriber {
            original_app_user_id: original,
            first_seen: at(since.unwrap_or(call.ctx.now)),
            last_seen: last_seen.map(at),
            management_url: renderer.management_url(&all),
            original_application_version: None,
            original_purchase_date: None,
            other_purchases: BTreeMap::new(),
            entitlements: renderer.entitlements(&all),
            subscriptions,
            non_subscriptions: renderer.one_time(&all),
            subscriber_attributes: call.key.is_secret().then(|| attributes_of(conn, customer)).transpose()?,
        },
    })
}

/// Whether purchases of the sandbox unlock for the customer (§17). Without such a purchase there is nothing to ask.
pub fn sandbox_unlocks(
    conn: &mut Conn,
    call: &AuthorizedCall,
    customer: CustomerId,
    all: &[Purchase],
) -> QueryResult<bool> {
    if all.iter().all(|purchase| purchase.environment == Environment::Production) {
        return Ok(true);
    }
    Ok(sandbox_access::lock(conn, call.ctx.project, customer)?.is_none())
}

/// Every purchase that customer info can show, of both environments, the oldest first.
pub fn purchases_of(conn: &mut Conn, customer: CustomerId) -> QueryResult<Vec<Purchase>> {
    let mut all = stored_purchases::load(conn, stored_purchases::of(customer))?;
    // A refunded one-time purchase gives no access, and customer info has no field for the refund.
    all.retain(|purchase| purchase.expires_at.is_some() || purchase.refunded_at.is_none());
    all.sort_by_key(|purchase| (purchase.period_start, purchase.key.clone()));
    Ok(all)
}

fn attributes_of(conn: &mut Conn, customer: CustomerId) -> QueryResult<BTreeMap<String, Attribute>> {
    let rows: Vec<(String, String, i64)> = attributes::table
        .filter(attributes::customer_id.eq(customer).and(attributes::is_deleted.eq(false)))
        .select((attributes::key, attributes::value, attributes::updated_at))
        .load(conn)?;
    Ok(rows.into_iter().map(|(key, value, updated_at_ms)| (key, Attribute { value, updated_at_ms })).collect())
}

/// Renders purchases for the answer.
struct Renderer {
    catalog: Catalog,
    now: Moment,
    /// Whether purchases of the sandbox unlock for the customer.
    sandbox_unlocks: bool,
}

impl Renderer {
    /// The subscriptions by product; of several purchases of a product, the one that lasts longest.
    fn subscriptions(&self, all: &[Purchase]) -> BTreeMap<String, Subscription> {
        let mut best: BTreeMap<String, &Purchase> = BTreeMap::new();
        for purchase in all.iter().filter(|purchase| purchase.is_subscription()) {
            let first = best.entry(product(purchase).0).or_insert(purchase);
            if self.rank(purchase) > self.rank(first) {
                *first = purchase;
            }
        }
        best.into_iter().map(|(product, purchase)| (product, self.subscription(purchase))).collect()
    }

    fn subscription(&self, purchase: &Purchase) -> Subscription {
        Subscription {
            purchase_date: at(purchase.period_start),
            original_purchase_date: at(purchase.first_purchased_at),
            expires_date: purchase.expires_at.map(at),
            store: store(purchase),
            is_sandbox: purchase.environment == Environment::Sandbox,
            period_type: period_type(purchase),
            ownership_type: if purchase.is_family_share { "FAMILY_SHARED" } else { "PURCHASED" },
            unsubscribe_detected_at: purchase.unsubscribed_at.map(at),
            billing_issues_detected_at: purchase.billing_issue_at.map(at),
            refunded_at: purchase.refunded_at.map(at),
            grace_period_expires_date: purchase.grace_expires_at.map(at),
            auto_resume_date: purchase.auto_resume_at.map(at),
            store_transaction_id: purchase.transaction_id.clone(),
            price: price(purchase),
            display_name: self.name(purchase),
            product_plan_identifier: product(purchase).1,
            management_url: management_url(purchase, self.now),
        }
    }

    fn one_time(&self, all: &[Purchase]) -> BTreeMap<String, Vec<OneTime>> {
        let mut bought: BTreeMap<String, Vec<OneTime>> = BTreeMap::new();
        for purchase in all.iter().filter(|purchase| !purchase.is_subscription()) {
            bought.entry(product(purchase).0).or_default().push(OneTime {
                id: purchase.transaction_id.clone().unwrap_or_else(|| purchase.key.clone()),
                purchase_date: at(purchase.period_start),
                original_purchase_date: at(purchase.period_start),
                store: store(purchase),
                is_sandbox: purchase.environment == Environment::Sandbox,
                store_transaction_id: purchase.transaction_id.clone(),
                display_name: self.name(purchase),
                price: price(purchase),
            });
        }
        bought
    }

    /// The entitlements, each with the purchase that unlocks it longest.
    fn entitlements(&self, all: &[Purchase]) -> BTreeMap<String, Entitlement> {
        let mut best: BTreeMap<String, &Purchase> = BTreeMap::new();
        for purchase in all.iter().filter(|purchase| self.unlocks(purchase)) {
            for entitlement in self.catalog.unlocked_by(purchase) {
                let first = best.entry(entitlement).or_insert(purchase);
                if self.rank(purchase) > self.rank(first) {
                    *first = purchase;
                }
            }
        }
        best.into_iter().map(|(entitlement, purchase)| (entitlement, unlocked(purchase))).collect()
    }

    fn name(&self, purchase: &Purchase) -> Option<String> {
        let store = purchase.store.as_ref().map_or("", Store::as_str);
        let known = self.catalog.product_name(store, &purchase.product_id);
        known.or(purchase.product_name.as_deref()).map(str::to_owned)
    }

    fn management_url(&self, all: &[Purchase]) -> Option<&'static str> {
        let mut active: Vec<&Purchase> = all.iter().filter(|purchase| purchase.is_subscription()).collect();
        active.sort_by_key(|purchase| Reverse(self.rank(purchase)));
        active.into_iter().find_map(|purchase| management_url(purchase, self.now))
    }

    /// Whether a purchase may give access: one of the sandbox only where the project says so.
    fn unlocks(&self, purchase: &Purchase) -> bool {
        self.sandbox_unlocks || purchase.environment == Environment::Production
    }

    /// The order of preference: a purchase that may give access, then the one that gives it longest, then production, then
    /// the latest period.
    fn rank(&self, purchase: &Purchase) -> (bool, Moment, bool, Moment) {
        let is_real = purchase.environment == Environment::Production;
        (self.unlocks(purchase), purchase.access_ends_at(), is_real, purchase.period_start)
    }
}

fn unlocked(purchase: &Purchase) -> Entitlement {
    let (product_identifier, product_plan_identifier) = product(purchase);
    Entitlement {
        expires_date: purchase.expires_at.map(at),
        grace_period_expires_date: purchase.grace_expires_at.map(at),
        product_identifier,
        product_plan_identifier,
        purchase_date: at(purchase.period_start),
    }
}

/// The product id, and the base plan that Google puts behind a colon. When events named no product, it is
/// `unknown_product`.
fn product(purchase: &Purchase) -> (String, Option<String>) {
    if purchase.product_id.is_empty() {
        return ("unknown_product".into(), None);
    }
    let plan = purchase.product_id.split_once(':').filter(|_| purchase.store == Some(Store::PlayStore));
    match plan {
        Some((product, plan)) => (product.to_owned(), Some(plan.to_owned())),
        None => (purchase.product_id.clone(), None),
    }
}

/// Whether the team or the API granted it, instead of a store.
pub fn is_grant(purchase: &Purchase) -> bool {
    purchase.kind == Kind::Grant
}

/// The store in lower case, `external` when no event named one.
pub fn store(purchase: &Purchase) -> String {
    purchase.store.as_ref().map_or_else(|| "external".into(), |store| store.as_str().to_lowercase())
}

/// One of the four period types that SDKs know. Android drops the whole list over any other.
fn period_type(purchase: &Purchase) -> &'static str {
    match purchase.period_type {
        Some(PeriodType::Trial) => "trial",
        Some(PeriodType::Intro) => "intro",
        Some(PeriodType::Prepaid) => "prepaid",
        Some(PeriodType::Normal | PeriodType::Promotional | PeriodType::Other(_)) | None => "normal",
    }
}

/// What the current period cost, if that is known. A grant or a trial costs 0.
fn price(purchase: &Purchase) -> Option<Value> {
    let is_free = purchase.kind == Kind::Grant || purchase.period_type == Some(PeriodType::Trial);
    match &purchase.paid {
        Some(paid) => Some(json!({ "amount": number(paid.amount), "currency": paid.currency })),
        None => is_free.then(|| json!({ "amount": 0, "currency": "USD" })),
    }
}

/// A JSON number with exactly the digits of the amount.
fn number(amount: Micros) -> Number {
    let digits = amount.decimal();
    let short = digits.trim_end_matches('0').trim_end_matches('.');
    short.parse().unwrap_or_else(|_| Number::from(0))
}

/// Where customers can cancel an active subscription themselves; `None` for stores without such a page.
pub fn management_url(purchase: &Purchase, now: Moment) -> Option<&'static str> {
    if purchase.kind != Kind::Subscription || !purchase.is_active(now) {
        return None;
    }
    match purchase.store.as_ref()? {
        Store::AppStore | Store::MacAppStore => Some("https://apps.apple.com/account/subscriptions"),
        Store::PlayStore => Some("https://play.google.com/store/account/subscriptions"),
        Store::Amazon => Some("https://www.amazon.com/gp/mas/your-account/myapps/yoursubscriptions"),
        Store::Paddle
        | Store::Promotional
        | Store::WebBilling
        | Store::Roku
        | Store::Stripe
        | Store::TestStore
        | Store::Other(_) => None,
    }
}

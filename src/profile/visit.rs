//! Who looks at whom, and when: what every card needs, read once on the page's own connection.

use diesel::prelude::*;

use crate::catalog::{self, Catalog};
use crate::clock::Moment;
use crate::db::Conn;
use crate::events::Environment;
use crate::schema::{customers, purchases};
use crate::state::{CustomerId, Kind, Purchase};

/// A look at one customer.
#[derive(Debug)]
pub struct Visit {
    pub project: Project,
    pub customer: Customer,
    /// The id in the address: any of the customer's ids.
    pub opened_as: String,
    /// The address of the profile, percent-encoded, without query.
    pub href: String,
    /// Which data the history and the entitlements show: the "Sandbox data" switch.
    pub environment: Environment,
    pub now: Moment,
    pub catalog: Catalog,
    /// Purchases of `environment`, the ones that matter most first; see [`purchases_of`].
    pub purchases: Vec<Purchase>,
}

/// The project the customer belongs to.
#[derive(Debug, Clone)]
pub struct Project {
    pub id: i64,
    pub slug: String,
    pub name: String,
    pub transfer_behavior: String,
    pub sandbox_transfer_behavior: Option<String>,
}

/// The customer's row: what the app told, and what follows from the events.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = customers)]
pub struct Customer {
    pub id: CustomerId,
    pub last_seen_at: Option<Moment>,
    pub app_version: Option<String>,
    pub platform: Option<String>,
    pub platform_version: Option<String>,
    pub sdk_version: Option<String>,
    pub locale: Option<String>,
    /// Where the app was last seen (ISO 3166-1 alpha-2).
    pub country: Option<String>,
    pub original_app_user_id: String,
    /// The country the newest event names: a hint for when the app was never seen.
    pub event_country: Option<String>,
    pub display_name: Option<String>,
    pub email: Option<String>,
    pub spent_micros: i64,
    pub prices_missing: i64,
    pub payments: i64,
    pub refunds: i64,
    pub family_shared_only: bool,
    pub ids_count: i64,
    pub events_count: i64,
    pub first_event_at: Option<Moment>,
    /// The latest production purchase as JSON ([`Purchase`] without its picture).
    pub latest: Option<String>,
    pub made_sandbox: bool,
}

/// How many purchases of a kind the page looks at.
const MANY: i64 = 100;
const SOME: i64 = 30;

/// The purchases a page shows: subscriptions and grants, latest end first; one-time purchases that unlock something;
/// and the newest of those that do not. A heavy buyer of consumables has thousands of the last.
pub fn purchases_of(
    conn: &mut Conn,
    customer: CustomerId,
    environment: Environment,
    catalog: &Catalog,
) -> QueryResult<Vec<Purchase>> {
    let own = || {
        purchases::table
            .filter(purchases::customer_id.eq(customer).and(purchases::environment.eq(environment.as_str())))
            .select(purchases::body)
    };
    let one_time = Kind::OneTime.as_str();
    let mut bodies: Vec<String> = Vec::new();
    for kind in [Kind::Subscription, Kind::Grant, Kind::Temporary] {
        let ended_last = own().filter(purchases::kind.eq(kind.as_str())).order(purchases::ends_at.desc()).limit(MANY);
        bodies.extend(ended_last.load::<String>(conn)?);
    }
    let attached: Vec<&String> = catalog.unlocking_products().collect();
    let attached = own().filter(purchases::kind.eq(one_time).and(purchases::product_id.eq_any(attached))).limit(SOME);
    bodies.extend(attached.load::<String>(conn)?);
    for names_entitlements in [true, false] {
        let like = purchases::kind.eq(one_time).and(purchases::names_entitlements.eq(names_entitlements));
        let newest = own().filter(like).order(purchases::starts_at.desc()).limit(SOME);
        bodies.extend(newest.load::<String>(conn)?);
    }
    let mut found: Vec<Purchase> = bodies.iter().filter_map(|body| serde_json::from_str(body).ok()).collect();
    let mut seen = std::collections::HashSet::new();
    found.retain(|purchase| seen.insert(purchase.key.clone()));
    Ok(found)
}

/// The catalog and the purchases of a look.
pub fn load_purchases(
    conn: &mut Conn,
    project: i64,
    customer: CustomerId,
    environment: Environment,
) -> QueryResult<(Catalog, Vec<Purchase>)> {
    let catalog = catalog::queries::load(conn, project)?;
    let found = purchases_of(conn, customer, environment, &catalog)?;
    Ok((catalog, found))
}

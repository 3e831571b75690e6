//! Who looks at whom, and when: what every card needs, read once on the page's own connection.

use std::collections::HashSet;

use diesel::prelude::*;

use super::pickup::{Changes, What};
use crate::auth::{Member, PageRequest};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::{AppUserId, Permission, Role, lookup_key};
use crate::catalog::{self, Catalog};
use crate::db::Conn;
use crate::db::schema::{app_user_ids, attributes, customers, entitlement_products, projects, purchases};
use crate::events::Environment;
use crate::operations::erasure::blocking;
use crate::projection::{CustomerId, Kind, Purchase};
use crate::web::form;
use crate::wording::sentence::Sentence;
use crate::wording::text;

/// A look at one customer.
#[derive(Debug)]
pub struct Visit {
    pub project: Project,
    pub customer: Customer,
    /// The id in the address: any of the customer's ids.
    pub opened_as: String,
    /// Since when that id is known.
    pub since: Since,
    /// The address of the profile, percent-encoded, without query.
    pub href: String,
    /// Which data the history and the entitlements show: the "Sandbox data" switch.
    pub environment: Environment,
    pub now: Moment,
    /// What the person who looks is in the project.
    pub role: Role,
    pub catalog: Catalog,
    /// Purchases of `environment`, the ones that matter most first; see [`purchases_of`].
    pub purchases: Vec<Purchase>,
    /// What is set, by key.
    pub attributes: Vec<Attribute>,
    pub changes: Changes,
}

/// The project the customer belongs to.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = projects)]
pub struct Project {
    pub id: i64,
    pub slug: String,
    pub name: String,
    pub transfer_behavior: String,
    pub sandbox_transfer_behavior: Option<String>,
    /// How long a note may be, in characters.
    pub note_length: i64,
    /// How many notes a customer may have.
    pub note_count: i64,
    /// Whether developers may change the offering of test customers only.
    pub overrides_only_tests: bool,
    /// Whether support and developers may delete customers as well.
    pub others_may_delete: bool,
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
    /// The production purchase that gives the status, as JSON ([`Purchase`] without its picture).
    pub status_purchase: Option<String>,
    pub made_sandbox: bool,
    /// When an app last asked what the customer may use.
    pub info_fetched_at: Option<Moment>,
    /// When an app last asked which offering is theirs.
    pub offerings_fetched_at: Option<Moment>,
}

/// Since when an id is known.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = app_user_ids)]
pub struct Since {
    #[diesel(column_name = since)]
    pub at: Moment,
    /// Whether that is when the id was made, not when an event first named it.
    #[diesel(column_name = is_since_exact)]
    pub is_exact: bool,
}

/// A value the app, the team or an event set.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = attributes)]
pub struct Attribute {
    pub key: String,
    pub value: String,
    pub updated_at: Moment,
}

impl Visit {
    /// The customer of the address, in the view that its query asks for.
    ///
    /// # Errors
    /// [`Error::NotFound`] when nobody has that id.
    pub fn entered(conn: &mut Conn, request: &PageRequest, member: &Member, query: &str) -> Result<Visit, Error> {
        let environment = match form::field(query, "sandbox").as_deref() {
            Some("1") => Environment::Sandbox,
            _ => Environment::Production,
        };
        let id = AppUserId::parse(request.app_user_id()?).map_err(|_| Error::NotFound)?;
        let (who, at) = ((id.as_str(), environment), (member.role, request.now));
        let found = Visit::load(conn, member.project.id, who, at)?;
        if found.is_none() && blocking::find(conn, member.project.id, id.as_str())?.is_some() {
            request.is_to_blocked(member.may(Permission::BlockCustomers));
        }
        found.ok_or(Error::NotFound)
    }

    /// The customer who has this id, and what the cards share; `None` when nobody has it.
    pub fn load(
        conn: &mut Conn,
        project: i64,
        (app_user_id, environment): (&str, Environment),
        (role, now): (Role, Moment),
    ) -> QueryResult<Option<Visit>> {
        let Some((project, customer, since)) = find(conn, project, app_user_id)? else { return Ok(None) };
        let (catalog, purchases) = load_purchases(conn, project.id, customer.id, environment)?;
        let attributes = attributes_of(conn, customer.id)?;
        let changes = Changes::load(conn, project.id, &customer)?;
        let href = href(&project.slug, app_user_id);
        let opened_as = app_user_id.to_owned();
        Ok(Some(Visit {
            project,
            customer,
            opened_as,
            since,
            href,
            environment,
            now,
            role,
            catalog,
            purchases,
            attributes,
            changes,
        }))
    }

    pub fn may(&self, permission: Permission) -> bool {
        self.role.may_in(self.project.others_may_delete, permission)
    }

    /// The page again, at this card, with the sandbox switch as it is.
    pub fn at(&self, card: &str) -> String {
        let query = if self.is_sandbox() { "?sandbox=1" } else { "" };
        format!("{}{query}#{card}", self.href)
    }

    /// The page with this dialog open.
    pub fn dialog(&self, name: &str) -> String {
        let sandbox = if self.is_sandbox() { "sandbox=1&" } else { "" };
        format!("{}?{sandbox}dialog={}", self.href, text::segment(name))
    }

    /// Where a form of the page posts to: `notes` is `C/notes`.
    pub fn action(&self, path: &str) -> String {
        let query = if self.is_sandbox() { "?sandbox=1" } else { "" };
        format!("{}/{path}{query}", self.href)
    }

    /// Whether the app has fetched since the last change of something.
    pub fn picked_up(&self, what: What) -> Option<Sentence> {
        self.changes.sentence(what, &self.customer, self.now)
    }

    pub fn is_sandbox(&self) -> bool {
        self.environment == Environment::Sandbox
    }

    /// Whether a store has sold anything, in production or in sandbox.
    pub fn has_purchases(&self) -> bool {
        let counted = self.customer.status_purchase.as_deref().and_then(read_purchase);
        let is_bought = |purchase: &Purchase| purchase.kind != Kind::Grant;
        self.customer.made_sandbox || self.purchases.iter().chain(&counted).any(is_bought)
    }

    /// What a purchase is called: the catalog's name, else the one an event told, else its id.
    pub fn product_name<'a>(&'a self, purchase: &'a Purchase) -> &'a str {
        match purchase.kind {
            Kind::Grant => "Granted entitlement",
            Kind::Temporary if purchase.product_id.is_empty() => "Temporary access",
            _ if purchase.product_id.is_empty() => "A product no event named",
            _ => {
                let store = purchase.store.as_ref().map_or("", |store| store.as_str());
                let known = self.catalog.product_name(store, &purchase.product_id);
                known.or(purchase.product_name.as_deref()).unwrap_or(&purchase.product_id)
            }
        }
    }
}

/// The address of a profile.
pub fn href(slug: &str, app_user_id: &str) -> String {
    format!("/projects/{slug}/customers/{}", text::segment(app_user_id))
}

type Found = (Project, Customer, Since);

fn find(conn: &mut Conn, project: i64, app_user_id: &str) -> QueryResult<Option<Found>> {
    let own = app_user_ids::project_id.eq(project).and(app_user_ids::key.eq(lookup_key(app_user_id)));
    app_user_ids::table
        .inner_join(customers::table.on(customers::id.eq(app_user_ids::customer_id)))
        .inner_join(projects::table.on(projects::id.eq(app_user_ids::project_id)))
        .filter(own)
        .select((Project::as_select(), Customer::as_select(), Since::as_select()))
        .first(conn)
        .optional()
}

fn attributes_of(conn: &mut Conn, customer: CustomerId) -> QueryResult<Vec<Attribute>> {
    attributes::table
        .filter(attributes::customer_id.eq(customer).and(attributes::is_deleted.eq(false)))
        .select(Attribute::as_select())
        .load(conn)
}

/// How many purchases of a kind the page looks at.
pub const MANY: i64 = 100;
pub const SOME: i64 = 30;

/// The purchases a page shows: subscriptions and grants, latest end first; one-time purchases that unlock something;
/// and the newest of those that do not. A heavy buyer of consumables has thousands of the last.
pub fn purchases_of(
    conn: &mut Conn,
    project: i64,
    customer: CustomerId,
    environment: Environment,
) -> QueryResult<Vec<Purchase>> {
    let own = || {
        purchases::table
            .filter(purchases::customer_id.eq(customer).and(purchases::environment.eq(environment.as_str())))
            .select(purchases::body)
    };
    let one_time = Kind::OneTime.as_str();
    let [subscription, grant, temporary] = [Kind::Subscription, Kind::Grant, Kind::Temporary].map(Kind::as_str);
    let lasting = purchases::kind.eq(subscription).or(purchases::kind.eq(grant)).or(purchases::kind.eq(temporary));
    let ended_last = own().filter(lasting).order(purchases::ends_at.desc()).limit(MANY);
    let mut bodies: Vec<String> = ended_last.load(conn)?;
    let attached = entitlement_products::table.filter(entitlement_products::project_id.eq(project));
    let attached = purchases::product_id.eq_any(attached.select(entitlement_products::product));
    let attached = own().filter(purchases::kind.eq(one_time).and(attached)).limit(SOME);
    bodies.extend(attached.load::<String>(conn)?);
    for names_entitlements in [true, false] {
        let like = purchases::kind.eq(one_time).and(purchases::names_entitlements.eq(names_entitlements));
        let newest = own().filter(like).order(purchases::starts_at.desc()).limit(SOME);
        bodies.extend(newest.load::<String>(conn)?);
    }
    let mut found: Vec<Purchase> = bodies.iter().filter_map(|body| read_purchase(body)).collect();
    let mut seen = HashSet::new();
    found.retain(|purchase| seen.insert(purchase.key.clone()));
    Ok(found)
}

/// A stored purchase: see [`Purchase::stored`].
pub fn read_purchase(body: &str) -> Option<Purchase> {
    Purchase::stored(body)
}

/// The catalog and the purchases of a look.
pub fn load_purchases(
    conn: &mut Conn,
    project: i64,
    customer: CustomerId,
    environment: Environment,
) -> QueryResult<(Catalog, Vec<Purchase>)> {
    let catalog = catalog::queries::load(conn, project)?;
    let found = purchases_of(conn, project, customer, environment)?;
    Ok((catalog, found))
}

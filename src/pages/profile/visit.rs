//! The customer, the person who opened the page, and the time: what every card needs, read once per page.

use std::collections::HashSet;

use diesel::prelude::*;

use super::pickup::{Changes, What};
use crate::audit::Ctx;
use crate::auth::{Member, PageRequest};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::{CustomerId, ProjectId};
use crate::base::{AppUserId, Permission, Role, lookup_key};
use crate::catalog::{self, Catalog};
use crate::db::Conn;
use crate::db::schema::{app_user_ids, attributes, customers, entitlement_products, projects, purchases};
use crate::events::Environment;
use crate::operations::erasure::blocking;
use crate::projection::{Kind, Purchase};
use crate::web::form;
use crate::wording::sentence::Sentence;
use crate::wording::text;

/// One customer as one person sees them at one moment.
#[derive(Debug)]
pub struct Visit {
    pub project: Project,
    pub customer: Customer,
    /// The id in the address, which may be any of the customer's ids.
    pub opened_as: String,
    /// Since when `opened_as` has been known.
    pub since: Since,
    /// The path of the profile, percent-encoded, without a query.
    pub href: String,
    /// Which data the history and the entitlements show; the "Sandbox data" switch selects it.
    pub environment: Environment,
    /// The context of what the person does here.
    pub ctx: Ctx,
    /// The role of the person in the project.
    pub role: Role,
    pub catalog: Catalog,
    /// Purchases of `environment`, the most important first; see [`purchases_of`].
    pub purchases: Vec<Purchase>,
    /// The attributes that have a value.
    pub attributes: Vec<Attribute>,
    pub changes: Changes,
}

/// The project that the customer belongs to.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = projects)]
pub struct Project {
    pub id: ProjectId,
    pub slug: String,
    pub name: String,
    pub transfer_behavior: String,
    pub sandbox_transfer_behavior: Option<String>,
    /// The maximum length of a note in characters.
    pub note_length: i64,
    /// The maximum number of notes per customer.
    pub note_count: i64,
    /// Whether developers may change the offering only of test customers.
    pub overrides_only_tests: bool,
    /// Whether support and developers may delete customers as well.
    pub others_may_delete: bool,
}

/// The customer's row: what the app reported, and what follows from the events.
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
    /// The country of the app's last contact (ISO 3166-1 alpha-2).
    pub country: Option<String>,
    pub original_app_user_id: String,
    /// The country that the newest event names, shown when no app has ever made contact.
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
    /// The production purchase that decides the status, as JSON ([`Purchase`] without the spans of the picture).
    pub status_purchase: Option<String>,
    pub made_sandbox: bool,
    /// When an app last fetched the customer info.
    pub info_fetched_at: Option<Moment>,
    /// When an app last fetched the customer's offerings.
    pub offerings_fetched_at: Option<Moment>,
}

/// Since when an id has been known.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = app_user_ids)]
pub struct Since {
    #[diesel(column_name = since)]
    pub at: Moment,
    /// Whether `at` is when the id was created; otherwise it is when an event first named it.
    #[diesel(column_name = is_since_exact)]
    pub is_exact: bool,
}

/// An attribute that the app, the team or an event has set.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = attributes)]
pub struct Attribute {
    pub key: String,
    pub value: String,
    pub updated_at: Moment,
}

impl Visit {
    /// Loads the customer that the path names, in the view that the query asks for.
    ///
    /// # Errors
    /// [`Error::NotFound`] when no customer has that id.
    pub fn from_request(conn: &mut Conn, request: &PageRequest, member: &Member, query: &str) -> Result<Visit, Error> {
        let environment = match form::field(query, "sandbox").as_deref() {
            Some("1") => Environment::Sandbox,
            _ => Environment::Production,
        };
        let id = AppUserId::parse(request.app_user_id()?).map_err(|_| Error::NotFound)?;
        let found = Visit::load(conn, &request.ctx(member), id.as_str(), environment, member.role)?;
        if found.is_none() && blocking::find(conn, member.project.id, id.as_str())?.is_some() {
            request.mark_blocked(member.may(Permission::BlockCustomers));
        }
        found.ok_or(Error::NotFound)
    }

    /// Loads the customer who has this id, and what the cards share; `None` when no customer has it.
    pub fn load(
        conn: &mut Conn,
        ctx: &Ctx,
        app_user_id: &str,
        environment: Environment,
        role: Role,
    ) -> QueryResult<Option<Visit>> {
        let Some((project, customer, since)) = find(conn, ctx.project, app_user_id)? else { return Ok(None) };
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
            ctx: ctx.clone(),
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

    /// The address of the page at this card, with the sandbox switch unchanged.
    pub fn at(&self, card: &str) -> String {
        let query = if self.is_sandbox() { "?sandbox=1" } else { "" };
        format!("{}{query}#{card}", self.href)
    }

    /// The address of the page with this dialog open.
    pub fn dialog(&self, name: &str) -> String {
        let sandbox = if self.is_sandbox() { "sandbox=1&" } else { "" };
        format!("{}?{sandbox}dialog={}", self.href, text::segment(name))
    }

    /// The address that a form of the page posts to: `notes` becomes `C/notes`.
    pub fn action(&self, path: &str) -> String {
        let query = if self.is_sandbox() { "?sandbox=1" } else { "" };
        format!("{}/{path}{query}", self.href)
    }

    /// Whether the app has fetched since the last change; see [`Changes::sentence`].
    pub fn picked_up(&self, what: What) -> Option<Sentence> {
        self.changes.sentence(what, &self.customer, self.ctx.now)
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

    /// The name of a purchase's product: from the catalog, else from an event, else its id.
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

/// The path of a profile, percent-encoded.
pub fn href(slug: &str, app_user_id: &str) -> String {
    format!("/projects/{slug}/customers/{}", text::segment(app_user_id))
}

type Found = (Project, Customer, Since);

fn find(conn: &mut Conn, project: ProjectId, app_user_id: &str) -> QueryResult<Option<Found>> {
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

/// How many subscriptions and grants the page loads, and how many of each other kind.
pub const MANY: i64 = 100;
pub const SOME: i64 = 30;

/// The purchases that a page shows: subscriptions and grants, latest end first; one-time purchases that unlock
/// something; and the newest of those that unlock nothing, of which a heavy buyer of consumables has thousands.
pub fn purchases_of(
    conn: &mut Conn,
    project: ProjectId,
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

/// Reads a stored purchase: see [`Purchase::stored`].
pub fn read_purchase(body: &str) -> Option<Purchase> {
    Purchase::stored(body)
}

/// The catalog, and the purchases that a page shows.
pub fn load_purchases(
    conn: &mut Conn,
    project: ProjectId,
    customer: CustomerId,
    environment: Environment,
) -> QueryResult<(Catalog, Vec<Purchase>)> {
    let catalog = catalog::queries::load(conn, project)?;
    let found = purchases_of(conn, project, customer, environment)?;
    Ok((catalog, found))
}

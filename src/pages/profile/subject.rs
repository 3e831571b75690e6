//! The customer that an address names, the person who asks, and the time: what every action needs, read with one query.

use diesel::prelude::*;

use crate::audit::Ctx;
use crate::auth::{Member, PageRequest, ProjectRoles};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::{CustomerId, ProjectId};
use crate::base::{AppUserId, Permission, Role, lookup_key};
use crate::customers::{AsOf, TransferBehavior};
use crate::db::Conn;
use crate::db::schema::{app_user_ids, connections, customers, projects};
use crate::events::Environment;
use crate::operations::erasure::blocking;
use crate::projection::Purchase;
use crate::stores::{Connected, Target};
use crate::web::form;
use crate::wording::text;

/// One customer as one person sees them at one moment.
#[derive(Debug)]
pub struct Subject {
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
    /// Set when the project is connected to RevenueCat.
    pub connected: Option<Connected>,
    /// Set on a page that shows the past; `ctx.now` is that moment then.
    pub as_of: Option<AsOf>,
    /// The code of the language in which answers to the customer were asked for; else the customer's own counts.
    pub asked_language: Option<String>,
}

/// The project that the customer belongs to.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = projects)]
pub struct Project {
    pub id: ProjectId,
    pub slug: String,
    pub name: String,
    pub transfer_behavior: TransferBehavior,
    pub sandbox_transfer_behavior: Option<TransferBehavior>,
    /// The maximum length of a note in characters.
    pub note_length: i64,
    /// The maximum number of notes per customer.
    pub note_count: i64,
    /// Whether developers may change the offering only of test customers.
    pub overrides_only_tests: bool,
    #[diesel(embed)]
    pub roles: ProjectRoles,
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

impl Customer {
    /// The locale of the device, and the country where the customer is or pays.
    pub fn habits(&self) -> (Option<String>, Option<String>) {
        (self.locale.clone(), self.country.clone().or_else(|| self.event_country.clone()))
    }
}

impl Subject {
    /// Finds the customer that the path names, in the view that the query asks for. One query.
    ///
    /// # Errors
    /// [`Error::NotFound`] when no customer has that id.
    pub fn from_request(
        conn: &mut Conn,
        request: &PageRequest,
        member: &Member,
        query: &str,
    ) -> Result<Subject, Error> {
        let environment = match form::field(query, "sandbox").as_deref() {
            Some("1") => Environment::Sandbox,
            _ => Environment::Production,
        };
        let id = AppUserId::parse(request.app_user_id()?).map_err(|_| Error::NotFound)?;
        let found = Subject::find(conn, &request.ctx(member), id.as_str(), environment, member.role)?;
        if found.is_none() && blocking::find(conn, member.project.id, id.as_str())?.is_some() {
            request.mark_blocked(member.may(Permission::DeleteCustomers));
        }
        let asked_language = form::field(query, "language").filter(|code| !code.is_empty());
        found.map(|found| Subject { asked_language, ..found }).ok_or(Error::NotFound)
    }

    /// Finds the customer who has this id, for a person with this role; `None` when no customer has it. One query.
    pub fn find(
        conn: &mut Conn,
        ctx: &Ctx,
        app_user_id: &str,
        environment: Environment,
        role: Role,
    ) -> QueryResult<Option<Subject>> {
        let Some((project, customer, since, connected)) = find(conn, ctx.project, app_user_id)? else {
            return Ok(None);
        };
        let (href, opened_as) = (href(&project.slug, app_user_id), app_user_id.to_owned());
        let (ctx, as_of, asked_language) = (ctx.clone(), None, None);
        Ok(Some(Subject {
            project,
            customer,
            opened_as,
            since,
            href,
            environment,
            ctx,
            role,
            connected,
            as_of,
            asked_language,
        }))
    }

    /// Whether the person may do something here. Nothing can be done in the past.
    pub fn may(&self, permission: Permission) -> bool {
        (self.as_of.is_none() || permission.only_reads()) && self.project.roles.allow(self.role, permission)
    }

    /// A purchase of the customer as something that a store can be asked about now.
    pub fn target<'a>(&self, purchase: &'a Purchase) -> Target<'a> {
        Target { purchase, now: self.ctx.now, connected: self.connected }
    }

    /// The address of the page at this card, in the same view.
    pub fn at(&self, card: &str) -> String {
        format!("{}{}#{card}", self.href, self.view())
    }

    /// The query of addresses that keep the view: the sandbox switch, and as of when. It begins with `?`, or is empty.
    pub fn view(&self) -> String {
        let query = joined(self.sandbox_field().into_iter().chain(self.as_of.iter().flat_map(AsOf::fields)));
        if query.is_empty() { query } else { format!("?{query}") }
    }

    /// The address of the page with one more field, in the same view.
    pub fn with_view(&self, field: &str) -> String {
        let view = self.view();
        format!("{}{view}{}{field}", self.href, if view.is_empty() { "?" } else { "&" })
    }

    /// The address of the page at another moment of the past.
    pub fn as_of_href(&self, as_of: AsOf) -> String {
        format!("{}?{}", self.href, joined(self.sandbox_field().into_iter().chain(as_of.fields())))
    }

    /// The fields of a form that keeps as of when the page is.
    pub fn as_of_fields(&self) -> Vec<(String, String)> {
        self.as_of.iter().flat_map(AsOf::fields).map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn sandbox_field(&self) -> Option<(&'static str, String)> {
        self.is_sandbox().then(|| ("sandbox", "1".to_owned()))
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

    /// The moment until which a page shows things: [`Moment::NEVER`] on a page of now.
    pub fn until(&self) -> Moment {
        self.as_of.map_or(Moment::NEVER, |as_of| as_of.at)
    }

    pub fn is_sandbox(&self) -> bool {
        self.environment == Environment::Sandbox
    }
}

fn joined(fields: impl Iterator<Item = (&'static str, String)>) -> String {
    fields.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// The path of a profile, percent-encoded.
pub fn href(slug: &str, app_user_id: &str) -> String {
    format!("/projects/{slug}/customers/{}", text::segment(app_user_id))
}

type Found = (Project, Customer, Since, Option<Connected>);

/// The project, whether there is a key of version 1, and whether nothing is sent.
type Connection = (ProjectId, bool, bool);

fn find(conn: &mut Conn, project: ProjectId, app_user_id: &str) -> QueryResult<Option<Found>> {
    let (v1_key, suspended) = (connections::v1_key.is_not_null(), connections::suspended_at.is_not_null());
    let connection = (connections::project_id, v1_key, suspended).nullable();
    let own = app_user_ids::project_id.eq(project).and(app_user_ids::key.eq(lookup_key(app_user_id)));
    let found = app_user_ids::table
        .inner_join(customers::table.on(customers::id.eq(app_user_ids::customer_id)))
        .inner_join(projects::table.on(projects::id.eq(app_user_ids::project_id)))
        .left_join(connections::table.on(connections::project_id.eq(app_user_ids::project_id)))
        .filter(own)
        .select((Project::as_select(), Customer::as_select(), Since::as_select(), connection))
        .first::<(Project, Customer, Since, Option<Connection>)>(conn)
        .optional()?;
    let connected = |(_, has_v1_key, is_suspended): Connection| Connected { has_v1_key, is_suspended };
    Ok(found.map(|(project, customer, since, connection)| (project, customer, since, connection.map(connected))))
}

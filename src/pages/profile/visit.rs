//! What the cards of a profile share, read once per page: the customer, the catalog, purchases and attributes.

use std::ops::Deref;

use diesel::prelude::*;

use super::pickup::{Changes, What};
use super::requests::Requests;
use super::subject::Subject;
use super::{as_of, past};
use crate::auth::{Member, PageRequest};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::{CustomerId, ProjectId};
use crate::catalog::{self, Catalog};
use crate::customers::{SandboxAccess, sandbox_access, stored_purchases};
use crate::db::Conn;
use crate::db::schema::attributes;
use crate::events::Environment;
use crate::projection::{Kind, Purchase};
use crate::wording::sentence::Sentence;

/// A profile that a person opens: its [`Subject`], whose fields and methods it has too, and what the cards show.
#[derive(Debug)]
pub struct Visit {
    pub subject: Subject,
    pub catalog: Catalog,
    /// Purchases of the subject's environment, see [`stored_purchases::most_important`].
    pub purchases: Vec<Purchase>,
    /// The attributes that have a value.
    pub attributes: Vec<Attribute>,
    /// The keys of those of which it is not known what they were then; only on a page that shows the past.
    pub unknown_attributes: Vec<String>,
    /// The locale and the country by which answers to the customer are written: those of now, also where the page shows the
    /// past.
    pub habits: (Option<String>, Option<String>),
    pub changes: Changes,
    /// What was asked of stores.
    pub requests: Requests,
    /// The setting because of which the sandbox purchases shown here do not unlock for this customer (§17).
    pub locked_by: Option<SandboxAccess>,
}

impl Deref for Visit {
    type Target = Subject;

    fn deref(&self) -> &Subject {
        &self.subject
    }
}

#[cfg(test)]
impl std::ops::DerefMut for Visit {
    fn deref_mut(&mut self) -> &mut Subject {
        &mut self.subject
    }
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
    /// Finds the customer that the path names, and loads what the cards share.
    ///
    /// # Errors
    /// As [`Subject::from_request`].
    pub fn from_request(conn: &mut Conn, request: &PageRequest, member: &Member, query: &str) -> Result<Visit, Error> {
        let subject = Subject::from_request(conn, request, member, query)?;
        Ok(Visit::load(conn, subject)?)
    }

    /// As [`Visit::from_request`], as of the moment that the query asks for.
    ///
    /// # Errors
    /// As [`Subject::from_request`], and [`Error::BadRequest`] for a moment that cannot be read.
    pub fn as_asked(conn: &mut Conn, request: &PageRequest, member: &Member, query: &str) -> Result<Visit, Error> {
        let asked = as_of::asked(query, request.now)?;
        let subject = Subject::from_request(conn, request, member, query)?;
        Ok(match asked.past() {
            Some(as_of) => past::load(conn, subject, as_of)?,
            None => Visit::load(conn, subject)?,
        })
    }

    /// Loads what the cards of a customer share.
    pub fn load(conn: &mut Conn, subject: Subject) -> QueryResult<Visit> {
        let (project, customer) = (subject.project.id, subject.customer.id);
        let (catalog, purchases) = load_purchases(conn, project, customer, subject.environment)?;
        let attributes = attributes_of(conn, customer)?;
        let changes = Changes::load(conn, project, &subject.customer)?;
        let shows_sandbox = subject.environment == Environment::Sandbox && !purchases.is_empty();
        let locked_by = if shows_sandbox { sandbox_access::lock(conn, project, customer)? } else { None };
        let requests = Requests::load(conn, &subject)?;
        let (unknown_attributes, habits) = (Vec::new(), subject.customer.habits());
        Ok(Visit { subject, catalog, purchases, attributes, unknown_attributes, habits, changes, requests, locked_by })
    }

    /// Whether the app has fetched since the last change; see [`Changes::sentence`].
    pub fn picked_up(&self, what: What) -> Option<Sentence> {
        self.changes.sentence(what, &self.customer, self.ctx.now)
    }

    pub fn attributes_count(&self) -> i64 {
        i64::try_from(self.attributes.len()).unwrap_or(i64::MAX)
    }

    /// Whether a store has sold anything, in production or in sandbox.
    pub fn has_purchases(&self) -> bool {
        let counted = self.customer.status_purchase.as_deref().and_then(Purchase::stored);
        let is_bought = |purchase: &Purchase| purchase.kind != Kind::Grant;
        self.customer.made_sandbox || self.purchases.iter().chain(&counted).any(is_bought)
    }

    /// The name of a purchase's product: from the catalog, else from an event, else its id.
    pub fn product_name<'a>(&'a self, purchase: &'a Purchase) -> &'a str {
        match purchase.kind {
            Kind::Grant => "Granted entitlement",
            Kind::Temporary if purchase.product_id.is_empty() => "Temporary access",
            Kind::Subscription | Kind::OneTime if purchase.product_id.is_empty() => "A product no event named",
            Kind::Subscription | Kind::OneTime | Kind::Temporary => {
                let store = purchase.store.as_ref().map_or("", |store| store.as_str());
                let known = self.catalog.product_name(store, &purchase.product_id);
                known.or(purchase.product_name.as_deref()).unwrap_or(&purchase.product_id)
            }
        }
    }
}

/// The attributes of a customer that have a value.
pub fn attributes_of(conn: &mut Conn, customer: CustomerId) -> QueryResult<Vec<Attribute>> {
    attributes::table
        .filter(attributes::customer_id.eq(customer).and(attributes::is_deleted.eq(false)))
        .select(Attribute::as_select())
        .load(conn)
}

/// The catalog, and the purchases that a page shows.
pub fn load_purchases(
    conn: &mut Conn,
    project: ProjectId,
    customer: CustomerId,
    environment: Environment,
) -> QueryResult<(Catalog, Vec<Purchase>)> {
    let catalog = catalog::queries::load(conn, project)?;
    let found = stored_purchases::most_important(conn, project, customer, environment)?;
    Ok((catalog, found))
}

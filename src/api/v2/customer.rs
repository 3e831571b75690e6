//! The customer object of v2, which says in JSON what the header of the profile shows (§C6).

use std::collections::HashMap;

use diesel::prelude::*;
use serde::Serialize;

use super::attributes::Attribute;
use super::entitlements::ActiveEntitlement;
use super::list::List;
use super::{attributes, entitlements};
use crate::api::AuthorizedCall;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::CustomerId;
use crate::db::Conn;
use crate::db::schema::{app_user_ids, customers};
use crate::wording::text;

#[derive(Debug, Serialize)]
pub struct Customer {
    object: &'static str,
    /// The Original App User ID.
    pub id: String,
    project_id: String,
    first_seen_at: Moment,
    last_seen_at: Option<Moment>,
    last_seen_app_version: Option<String>,
    last_seen_country: Option<String>,
    last_seen_platform: Option<String>,
    last_seen_platform_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    active_entitlements: Option<List<ActiveEntitlement>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<List<Attribute>>,
}

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = customers)]
pub struct Row {
    pub id: CustomerId,
    pub original_app_user_id: String,
    last_seen_at: Option<Moment>,
    app_version: Option<String>,
    country: Option<String>,
    platform: Option<String>,
    platform_version: Option<String>,
}

/// Loads one customer with their active entitlements and, with `has_attributes`, their attributes.
///
/// # Errors
/// [`Error::NotFound`] when the customer does not exist any more.
pub fn load(
    conn: &mut Conn,
    call: &AuthorizedCall,
    customer: CustomerId,
    has_attributes: bool,
) -> Result<Customer, Error> {
    let row: Row = customers::table.find(customer).select(Row::as_select()).first(conn)?;
    let url = address(call, &row.original_app_user_id);
    let active = entitlements::load(conn, call, customer)?;
    let attributes = has_attributes.then(|| attributes::load(conn, customer)).transpose()?;
    let shown = all(conn, call, vec![row])?.into_iter().next().ok_or(Error::NotFound)?;
    Ok(Customer {
        active_entitlements: Some(List::whole(active, format!("{url}/active_entitlements"))),
        attributes: attributes.map(|all| List::whole(all, format!("{url}/attributes"))),
        ..shown
    })
}

/// Customer objects for many rows, with one more query for all of them.
pub fn all(conn: &mut Conn, call: &AuthorizedCall, rows: Vec<Row>) -> QueryResult<Vec<Customer>> {
    let ids: Vec<CustomerId> = rows.iter().map(|row| row.id).collect();
    let since: Vec<(CustomerId, Moment)> = app_user_ids::table
        .filter(app_user_ids::customer_id.eq_any(ids))
        .select((app_user_ids::customer_id, app_user_ids::since))
        .load(conn)?;
    let mut first: HashMap<CustomerId, Moment> = HashMap::new();
    for (customer, at) in since {
        first.entry(customer).and_modify(|known| *known = at.min(*known)).or_insert(at);
    }
    let shown = rows.into_iter().map(|row| Customer {
        object: "customer",
        project_id: call.key.project.slug.clone(),
        first_seen_at: first.get(&row.id).copied().unwrap_or(call.ctx.now),
        id: row.original_app_user_id,
        last_seen_at: row.last_seen_at,
        last_seen_app_version: row.app_version,
        last_seen_country: row.country,
        last_seen_platform: row.platform,
        last_seen_platform_version: row.platform_version,
        active_entitlements: None,
        attributes: None,
    });
    Ok(shown.collect())
}

/// The path of the project's list of customers.
pub fn base(call: &AuthorizedCall) -> String {
    format!("/v2/projects/{}/customers", call.key.project.slug)
}

/// The path of a customer under one of their ids.
pub fn address(call: &AuthorizedCall, app_user_id: &str) -> String {
    format!("{}/{}", base(call), text::segment(app_user_id))
}

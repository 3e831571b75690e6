//! Finds the customer of an App User ID, and creates one at the first contact (§C3.1).

use diesel::prelude::*;

use crate::api::authenticate::new_id;
use crate::api::{AuthorizedCall, errors};
use crate::base::error::Error;
use crate::base::ids::CustomerId;
use crate::base::{AppUserId, lookup_key};
use crate::customers::contacts::store_contact;
use crate::customers::{Seen, Tombstones, Verdict, identity};
use crate::db::Conn;
use crate::db::many::{self, Column, Kind, Row};
use crate::db::schema::app_user_ids;
use crate::ingest;

/// Finds the customer who has an id.
///
/// # Errors
/// [`Error::Client`] with status 404 when no customer has it.
pub fn require(conn: &mut Conn, call: &AuthorizedCall, app_user_id: &str) -> Result<CustomerId, Error> {
    find(conn, call, app_user_id)?.ok_or_else(errors::no_customer)
}

/// Finds the customer who has an id; `None` when no customer has it.
pub fn find(conn: &mut Conn, call: &AuthorizedCall, app_user_id: &str) -> Result<Option<CustomerId>, Error> {
    Ok(identity::find(conn, call.ctx.project, app_user_id)?)
}

/// A customer whom a call names.
#[derive(Debug, Clone, Copy)]
pub struct Named {
    pub customer: CustomerId,
    /// Whether the call created the customer.
    pub is_new: bool,
}

/// Finds the customer who has an id, or creates one. It must run in a write transaction.
///
/// # Errors
/// [`Error::Client`] with code 7220 when a new customer may not get the id, or it is blocked.
pub fn find_or_create(conn: &mut Conn, call: &AuthorizedCall, app_user_id: &str) -> Result<Named, Error> {
    if let Some(known) = find(conn, call, app_user_id)? {
        return Ok(Named { customer: known, is_new: false });
    }
    let id = new_id(app_user_id)?;
    let customer = resolve(conn, call, vec![id])?;
    mark_since_exact(conn, call, app_user_id)?;
    Ok(Named { customer, is_new: true })
}

/// Marks the `since` of an id as exact: the id was created by this call, and not only named by an event.
pub fn mark_since_exact(conn: &mut Conn, call: &AuthorizedCall, app_user_id: &str) -> Result<(), Error> {
    let row = app_user_ids::table.find((call.ctx.project, lookup_key(app_user_id)));
    diesel::update(row).set(app_user_ids::is_since_exact.eq(true)).execute(conn)?;
    Ok(())
}

/// As [`mark_since_exact`], for many ids: rows of projects and keys.
pub fn mark_all_since_exact(conn: &mut Conn, ids: &[Row]) -> QueryResult<()> {
    const KEY: &[Column] = &[("project_id", Kind::Integer), ("key", Kind::Bytes)];
    let exact = "UPDATE app_user_ids SET is_since_exact = TRUE FROM given
        WHERE app_user_ids.project_id = given.project_id AND app_user_ids.key = given.key";
    many::change(conn, KEY, ids, exact)?;
    Ok(())
}

/// Finds or creates the one customer who has all these ids from now on.
///
/// # Errors
/// [`Error::Client`] with code 7220 when one of the ids is blocked.
pub fn resolve(conn: &mut Conn, call: &AuthorizedCall, ids: Vec<AppUserId>) -> Result<CustomerId, Error> {
    let (ctx, now) = (&call.ctx, call.ctx.now);
    let names: Vec<&str> = ids.iter().map(AppUserId::as_str).collect();
    if Tombstones::default().verdict(conn, ctx.project, &names, now)? == Verdict::Blocked {
        return Err(errors::invalid_id("This App User ID is blocked."));
    }
    let customer = ingest::introduce(conn, ctx, &[Seen { ids, at: now }])?.into_iter().next().flatten();
    let customer = customer.ok_or_else(|| Error::Internal("the ids of a call have no customer".into()))?;
    if call.is_app_contact() {
        store_contact(conn, customer, &call.device, call.ctx.now)?;
    }
    Ok(customer)
}

//! Customers by their ids: found, or made at the first contact (§C3.1).

use diesel::prelude::*;

use crate::api::authenticate::new_id;
use crate::api::last_seen::store_contact;
use crate::api::{Inside, errors};
use crate::base::error::Error;
use crate::base::{AppUserId, lookup_key};
use crate::customers::{Resolver, Verdict, identity, state};
use crate::db::Conn;
use crate::db::schema::app_user_ids;
use crate::projection::CustomerId;

/// The customer of an id; an answer of 404 when nobody has it.
///
/// # Errors
/// [`crate::base::error::ApiError`]; what the database said.
pub fn known(conn: &mut Conn, inside: &Inside<'_>, app_user_id: &str) -> Result<CustomerId, Error> {
    find(conn, inside, app_user_id)?.ok_or_else(errors::no_customer)
}

/// The customer of an id, if anybody has it.
pub fn find(conn: &mut Conn, inside: &Inside<'_>, app_user_id: &str) -> Result<Option<CustomerId>, Error> {
    Ok(identity::find(conn, inside.project, app_user_id)?)
}

/// The customer of an id, made if nobody has it, and whether it was made now. The caller writes.
///
/// # Errors
/// [`crate::base::error::ApiError`] for an id that nobody may be given; what the database said.
pub fn found_or_made(conn: &mut Conn, inside: &Inside<'_>, app_user_id: &str) -> Result<(CustomerId, bool), Error> {
    if let Some(known) = find(conn, inside, app_user_id)? {
        return Ok((known, false));
    }
    let id = new_id(app_user_id)?;
    let mut resolver = Resolver::new(inside.project, inside.ids.clone(), inside.now);
    let customer = welcome(conn, inside, &mut resolver, &[id])?;
    began(conn, inside, app_user_id)?;
    Ok((customer, true))
}

/// Remembers that an id was made now, and not only named by an event.
pub fn began(conn: &mut Conn, inside: &Inside<'_>, app_user_id: &str) -> Result<(), Error> {
    let row = app_user_ids::table.find((inside.project, lookup_key(app_user_id)));
    diesel::update(row).set(app_user_ids::is_since_exact.eq(true)).execute(conn)?;
    Ok(())
}

/// The customer of ids that are one from now on.
///
/// # Errors
/// As [`found_or_made`].
pub fn welcome(
    conn: &mut Conn,
    inside: &Inside<'_>,
    resolver: &mut Resolver,
    ids: &[AppUserId],
) -> Result<CustomerId, Error> {
    let names: Vec<&str> = ids.iter().map(AppUserId::as_str).collect();
    if resolver.verdict(conn, &names, inside.now)? == Verdict::Blocked {
        return Err(errors::no_id("This App User ID is blocked."));
    }
    let customer = resolver.customer_of(conn, ids, inside.now)?;
    let customer = customer.ok_or_else(|| Error::Internal("ids without a customer".into()))?;
    if inside.is_app_contact() {
        store_contact(conn, customer, inside.device, inside.now)?;
    }
    state::derive(conn, [customer], |one| resolver.is_new(one))?;
    Ok(customer)
}

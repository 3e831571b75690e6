//! Telling the end of an override. Whoever calls writes, and holds the project's lock until the transaction ends.

use super::queries;
use crate::clock::Moment;
use crate::customers::{Census, whom};
use crate::db::Conn;
use crate::error::Error;
use crate::events::{ingest, own};
use crate::ids::Ids;
use crate::state::CustomerId;

/// Tells in the customer's history that an override is over, unless it is not, or somebody else has; returns whether it did.
///
/// # Errors
/// What the database said; [`Error::NotFound`] for a customer who is no more.
pub fn tell_end(conn: &mut Conn, project: i64, customer: CustomerId, ids: &Ids, now: Moment) -> Result<bool, Error> {
    conn.lock_project(project)?;
    let Some(over) = queries::take_end(conn, customer, now)? else { return Ok(false) };
    let span = (over.set_at, over.until.unwrap_or(now));
    let ended = own::override_ended(&whom::of(conn, customer)?, &over.offering, span, now)?;
    let mut census = Census::of(project, ids.clone(), now);
    ingest::append(conn, &mut census, &[ended])?;
    Ok(true)
}

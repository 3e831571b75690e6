//! Finds a purchase within the project, by its id or by what its store calls it. Each is found by the terms of the search
//! (§13), so the number of customers does not matter.

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::purchase_id::{self, Holder, PurchaseId};
use crate::api::{AuthorizedCall, errors};
use crate::base::error::Error;
use crate::base::ids::{CustomerId, EventId, ProjectId};
use crate::customers::search_terms::folded;
use crate::customers::stored_purchases;
use crate::db::Conn;
use crate::db::schema::{customers, purchases};
use crate::projection::Purchase;

/// A purchase, and the customer who has it.
pub type Held = (CustomerId, Purchase);

/// The purchase with an id that begins with `prefix`.
///
/// # Errors
/// [`Error::Client`] with status 404 when the project has no such purchase.
pub fn by_id(conn: &mut Conn, call: &AuthorizedCall, prefix: &str, id: &str) -> Result<Held, Error> {
    let named = purchase_id::parse(prefix, id).ok_or_else(missing)?;
    let holders = holders(conn, call.ctx.project, &named)?;
    let own = purchases::environment.eq(named.environment).and(purchases::key.eq(named.key));
    let found = stored_purchases::load_numbered(conn, stored_purchases::numbered(holders).filter(own))?;
    // When two customers have the same purchase, the later period counts, as it does when a transfer joins them (§6.1).
    found.into_iter().max_by_key(|(customer, purchase)| (purchase.period_start, *customer)).ok_or_else(missing)
}

/// The error for an id that nothing in the project has.
pub fn missing() -> Error {
    errors::missing("Nothing in this project has this id.")
}

/// The customers of the project who may have the purchase.
fn holders(conn: &mut Conn, project: ProjectId, named: &PurchaseId) -> QueryResult<Vec<CustomerId>> {
    match &named.holder {
        Holder::Of { transaction } => {
            let found = stored_purchases::named_by_store(conn, project, transaction)?;
            Ok(found.into_iter().map(|(customer, ..)| customer).collect::<BTreeSet<_>>().into_iter().collect())
        }
        Holder::Customer(customer) => {
            let own = customers::id.eq(*customer).and(customers::project_id.eq(project));
            customers::table.filter(own).select(customers::id).load(conn)
        }
    }
}

/// The purchases of which any transaction, of any period, or any order is called `identifier`.
pub fn by_store_identifier(conn: &mut Conn, project: ProjectId, identifier: &str) -> QueryResult<Vec<Held>> {
    // The value is empty where it is the same as the term.
    let is_same = |value: &str| value == identifier || (value.is_empty() && folded(identifier) == identifier);
    let same =
        stored_purchases::named_by_store(conn, project, identifier)?.into_iter().filter(|(.., value)| is_same(value));
    let named: BTreeSet<(CustomerId, EventId)> = same.map(|(customer, number, _)| (customer, number)).collect();
    let mut found: Vec<Held> = Vec::new();
    for (customer, number) in named {
        let has_number = purchases::numbers.like(format!("%{number}%"));
        let chosen = stored_purchases::numbered(vec![customer]).filter(has_number);
        let own = stored_purchases::load_numbered(conn, chosen)?;
        found.extend(own.into_iter().filter(|(_, purchase)| purchase.numbers().any(|own| own == number)));
    }
    found.sort_by(|(one, a), (other, b)| (one, a.environment, &a.key).cmp(&(other, b.environment, &b.key)));
    found.dedup_by(|(one, a), (other, b)| (one, a.environment, &a.key) == (other, b.environment, &b.key));
    Ok(found)
}

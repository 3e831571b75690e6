//! The purchase that something is asked about.

use diesel::QueryResult;
use diesel::prelude::*;

use crate::base::ids::{CustomerId, EventId, ProjectId};
use crate::customers::{facts, stored_purchases};
use crate::db::Conn;
use crate::db::schema::{payments, purchases};
use crate::events::Environment;
use crate::projection::{Purchase, TransactionKey};

/// A purchase and the customer who has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Holder {
    pub customer: CustomerId,
    pub purchase: Purchase,
}

/// The purchase with this key: the customer's, or that of somebody to whom it was moved. `None` when nobody has it.
pub fn find_purchase(
    conn: &mut Conn,
    customer: CustomerId,
    environment: Environment,
    key: &str,
) -> QueryResult<Option<Holder>> {
    if let Some(purchase) = stored_purchases::find(conn, customer, environment, key)? {
        return Ok(Some(Holder { customer, purchase }));
    }
    for other in facts::with_links(conn, customer)? {
        if let Some(purchase) = stored_purchases::find(conn, other, environment, key)? {
            return Ok(Some(Holder { customer: other, purchase }));
        }
    }
    Ok(None)
}

/// The customer's purchase whose payment an event reports, and the transaction of that payment.
pub fn find_by_event(
    conn: &mut Conn,
    project: ProjectId,
    customer: CustomerId,
    event: EventId,
) -> QueryResult<Option<(Purchase, String)>> {
    let facts = facts::of_events(conn, facts::Since::beginning(project, customer), &[event])?;
    let transaction = facts.get(&event).and_then(|fact| fact.event.transaction_id.clone());
    let Some(transaction) = transaction else { return Ok(None) };
    let purchase = find_by_transaction(conn, customer, &transaction)?;
    Ok(purchase.map(|purchase| (purchase, transaction)))
}

/// The customer's purchase of which this is a payment, whichever of its payments.
pub fn find_by_transaction(conn: &mut Conn, customer: CustomerId, transaction: &str) -> QueryResult<Option<Purchase>> {
    let all = stored_purchases::load(conn, stored_purchases::of(customer))?;
    let is = |id: &Option<String>| id.as_deref() == Some(transaction);
    if let Some(found) = all.iter().find(|one| is(&one.transaction_id) || is(&one.original_transaction_id)) {
        return Ok(Some(found.clone()));
    }
    let key = TransactionKey::named(None, Some(transaction), None);
    let of = payments::customer_id.eq(customer).and(payments::transaction_key.eq(key.0));
    let number: Option<EventId> = payments::table.filter(of).select(payments::purchase).first(conn).optional()?;
    let Some(number) = number else { return Ok(None) };
    let own = purchases::table.filter(purchases::customer_id.eq(customer));
    let rows: Vec<(Environment, String, String)> =
        own.select((purchases::environment, purchases::key, purchases::numbers)).load(conn)?;
    let has = |numbers: &str| numbers.split(' ').any(|one| one == number.0.to_string());
    match rows.into_iter().find(|(_, _, numbers)| has(numbers)) {
        Some((environment, key, _)) => stored_purchases::find(conn, customer, environment, &key),
        None => Ok(None),
    }
}

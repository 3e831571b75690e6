//! What the Test Store sells, what customers bought there, and which subscriptions will renew.

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::token::key_of;
use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, EventId, ProjectId};
use crate::catalog::rows::Product;
use crate::customers::{TransferBehavior, facts, stored_purchases};
use crate::db::Conn;
use crate::db::schema::{customers, events, history, products, projects, purchases, retained_events, test_sales};
use crate::events::own::TestSale;
use crate::events::{Environment, Store, event_key};
use crate::projection::{Kind, Purchase};

/// A subscription and the end of its current period. They are ordered by that end, the earliest first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Queryable, Selectable)]
#[diesel(table_name = test_sales)]
pub struct PendingRenewal {
    #[diesel(column_name = renews_at)]
    pub at: Moment,
    #[diesel(column_name = customer_id)]
    pub customer: CustomerId,
    pub token: String,
    #[diesel(select_expression = customers::project_id)]
    pub project: ProjectId,
    /// How long the next period lasts, in milliseconds.
    pub period: i64,
    /// How often it has renewed.
    pub renewals: i64,
}

impl PendingRenewal {
    /// A place before all others, where a list begins.
    pub fn first() -> PendingRenewal {
        PendingRenewal {
            at: Moment::EARLIEST,
            customer: CustomerId::MIN,
            token: String::new(),
            project: ProjectId(0),
            period: 0,
            renewals: 0,
        }
    }
}

/// A product of the Test Store, which sells only its own (§17): a purchase without money must not look like one of another
/// store's products.
pub fn product(conn: &mut Conn, project: ProjectId, identifier: &str) -> QueryResult<Option<Product>> {
    // PostgreSQL rejects text that contains NUL, also in a query.
    if identifier.contains('\0') {
        return Ok(None);
    }
    let row = products::table.find((project, Store::TestStore.as_str(), identifier));
    row.select(Product::as_select()).first(conn).optional()
}

/// Whether the Test Store sells anything.
pub fn has_products(conn: &mut Conn, project: ProjectId) -> QueryResult<bool> {
    let own = products::project_id.eq(project).and(products::store.eq(Store::TestStore.as_str()));
    Ok(products::table.filter(own).count().get_result::<i64>(conn)? > 0)
}

/// The transfer behaviour for a purchase of the sandbox that another id posts (§9.5).
pub fn transfer_behavior(conn: &mut Conn, project: ProjectId) -> QueryResult<TransferBehavior> {
    let (general, of_sandbox): (TransferBehavior, Option<TransferBehavior>) = projects::table
        .find(project)
        .select((projects::transfer_behavior, projects::sandbox_transfer_behavior))
        .first(conn)?;
    Ok(of_sandbox.unwrap_or(general))
}

/// The purchase of a token, if this customer has it.
pub fn bought(conn: &mut Conn, customer: CustomerId, token: &str) -> QueryResult<Option<Purchase>> {
    stored_purchases::find(conn, customer, Environment::Sandbox, &key_of(token))
}

/// The customer's purchases in the Test Store that have not ended. Products that are used up are not among them.
pub fn held(conn: &mut Conn, customer: CustomerId, now: Moment) -> QueryResult<Vec<Purchase>> {
    let own = stored_purchases::of(customer).filter(purchases::environment.eq(Environment::Sandbox));
    let of_store = purchases::store.eq(Store::TestStore.as_str()).and(purchases::ends_at.gt(now));
    stored_purchases::load(conn, own.filter(of_store))
}

/// Whether a subscription of the Test Store gives a customer access now.
pub fn is_subscribed(conn: &mut Conn, customer: CustomerId, now: Moment) -> QueryResult<bool> {
    Ok(held(conn, customer, now)?.iter().any(|purchase| purchase.kind == Kind::Subscription))
}

/// The customer who has a token's purchase: the buyer, or the one it was moved to. `None` if the token bought nothing.
pub fn holder(conn: &mut Conn, project: ProjectId, token: &str) -> QueryResult<Option<CustomerId>> {
    let key = event_key(&TestSale::id_of_purchase(token));
    let purchased = events::table.filter(events::project_id.eq(project).and(events::event_key.eq(key)));
    let Some(event) = purchased.select(events::id).first::<EventId>(conn).optional()? else { return Ok(None) };
    let buyer: Option<CustomerId> =
        history::table.filter(history::event_id.eq(event)).select(history::customer_id).first(conn).optional()?;
    let holder = retained_events::table.filter(retained_events::event_id.eq(event));
    let known = match buyer {
        Some(buyer) => Some(buyer),
        None => holder.select(retained_events::customer_id).first(conn).optional()?,
    };
    match known {
        Some(known) => Ok(Some(among_links(conn, known, token)?.unwrap_or(known))),
        None => Ok(None),
    }
}

/// The customer who has a token's purchase, among this customer and all who are linked to them by transfers.
pub fn among_links(conn: &mut Conn, customer: CustomerId, token: &str) -> QueryResult<Option<CustomerId>> {
    let group: BTreeSet<CustomerId> = facts::with_links(conn, customer)?;
    for one in group {
        if bought(conn, one, token)?.is_some() {
            return Ok(Some(one));
        }
    }
    Ok(None)
}

/// Schedules the end of a subscription's first period. `period` is how long the next ones last, in milliseconds.
pub fn await_end(conn: &mut Conn, customer: CustomerId, token: &str, at: Moment, period: i64) -> QueryResult<()> {
    let row = (
        test_sales::customer_id.eq(customer),
        test_sales::token.eq(token),
        test_sales::renews_at.eq(at),
        test_sales::period.eq(period),
        test_sales::renewals.eq(0),
    );
    diesel::insert_into(test_sales::table).values(row).execute(conn)?;
    Ok(())
}

/// Postpones a pending renewal. Returns whether it was still pending: the caller that gets `true` records what
/// happened.
pub fn postpone(conn: &mut Conn, renewal: &PendingRenewal, until: Moment, renewals: i64) -> QueryResult<bool> {
    let row = test_sales::table.find((renewal.customer, &renewal.token)).filter(test_sales::renews_at.eq(renewal.at));
    let then = (test_sales::renews_at.eq(until), test_sales::renewals.eq(renewals));
    Ok(diesel::update(row).set(then).execute(conn)? > 0)
}

/// Removes a pending renewal. Returns whether it was still pending.
pub fn remove(conn: &mut Conn, renewal: &PendingRenewal) -> QueryResult<bool> {
    let row = test_sales::table.find((renewal.customer, &renewal.token)).filter(test_sales::renews_at.eq(renewal.at));
    Ok(diesel::delete(row).execute(conn)? > 0)
}

/// The next subscriptions whose period has ended, after the place `after`.
pub fn ended(conn: &mut Conn, now: Moment, after: &PendingRenewal, most: i64) -> QueryResult<Vec<PendingRenewal>> {
    let (at, start) = (test_sales::renews_at, after.at);
    let later = test_sales::customer_id
        .gt(after.customer)
        .or(test_sales::customer_id.eq(after.customer).and(test_sales::token.gt(&after.token)));
    test_sales::table
        .inner_join(customers::table.on(customers::id.eq(test_sales::customer_id)))
        .filter(at.le(now).and(at.ge(start)).and(at.gt(start).or(later)))
        .order((test_sales::renews_at, test_sales::customer_id, test_sales::token))
        .limit(most)
        .select(PendingRenewal::as_select())
        .load(conn)
}

/// The same subscription, if its next period has ended as well.
pub fn again(conn: &mut Conn, renewal: &PendingRenewal, now: Moment) -> QueryResult<Option<PendingRenewal>> {
    let (at, start) = (test_sales::renews_at, renewal.at);
    test_sales::table
        .inner_join(customers::table.on(customers::id.eq(test_sales::customer_id)))
        .filter(test_sales::customer_id.eq(renewal.customer).and(test_sales::token.eq(&renewal.token)))
        .filter(at.gt(start).and(at.le(now)))
        .select(PendingRenewal::as_select())
        .first(conn)
        .optional()
}

/// When the first of all pending periods ends.
pub fn next(conn: &mut Conn) -> QueryResult<Option<Moment>> {
    test_sales::table.order(test_sales::renews_at).select(test_sales::renews_at).first(conn).optional()
}

//! Counts what is held on a customer, and loads the subscriptions that would continue after a deletion.

use diesel::dsl::count_star;
use diesel::prelude::*;

use super::beside::Beside;
use super::model::Held;
use crate::base::clock::Moment;
use crate::base::ids::CustomerId;
use crate::customers::stored_purchases;
use crate::db::Conn;
use crate::db::schema::purchases;
use crate::events::Environment;
use crate::pages::profile::subject::Subject;
use crate::pages::profile::visit::attributes_of;
use crate::projection::{Kind, Purchase, RETRY_DAYS};

/// The most live subscriptions that are listed.
const NAMED: i64 = 20;
/// For how many days after its end a subscription is loaded: longer than stores retry a payment, because a paused
/// subscription may come back later.
const LOADED_DAYS: i64 = RETRY_DAYS + 30;

/// Four queries.
pub fn held(conn: &mut Conn, subject: &Subject) -> QueryResult<Held> {
    let attributes = attributes_of(conn, subject.customer.id)?;
    held_with(conn, subject, i64::try_from(attributes.len()).unwrap_or(i64::MAX))
}

/// As [`held`], when the number of attributes is known. Three queries.
pub fn held_with(conn: &mut Conn, subject: &Subject, attributes: i64) -> QueryResult<Held> {
    let customer = subject.customer.id;
    let kinds: Vec<(Kind, i64)> = purchases::table
        .filter(purchases::customer_id.eq(customer))
        .group_by((purchases::environment, purchases::kind))
        .select((purchases::kind, count_star()))
        .load(conn)?;
    let of = |wanted: &dyn Fn(Kind) -> bool| {
        kinds.iter().filter(|(kind, _)| wanted(*kind)).map(|(_, count)| count).sum::<i64>()
    };
    Ok(Held {
        ids: subject.customer.ids_count,
        events: subject.customer.events_count,
        purchases: of(&|kind| kind != Kind::Grant),
        grants: of(&|kind| kind == Kind::Grant),
        attributes,
        beside: Beside::load(conn, customer)?,
        live: live(conn, customer, subject.ctx.now)?,
    })
}

/// Subscriptions of both environments that a store may still charge for, or that still give access.
fn live(conn: &mut Conn, customer: CustomerId, now: Moment) -> QueryResult<Vec<Purchase>> {
    let seen = purchases::environment.eq(Environment::Production).or(purchases::environment.eq(Environment::Sandbox));
    let live = purchases::kind.eq(Kind::Subscription).and(purchases::ends_at.gt(now.plus_days(-LOADED_DAYS)));
    let own = stored_purchases::of(customer).filter(live.and(seen));
    stored_purchases::load(conn, own.order(purchases::ends_at.desc()).limit(NAMED))
}

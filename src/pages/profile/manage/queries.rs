//! Counts what is held on a customer, and loads the subscriptions that would continue after a deletion.

use diesel::dsl::{count, count_star};
use diesel::prelude::*;

use super::model::Held;
use crate::base::clock::Moment;
use crate::base::ids::CustomerId;
use crate::db::Conn;
use crate::db::schema::{balances, experiments, notes, offering_overrides, purchases, transfer_links};
use crate::pages::profile::subject::Subject;
use crate::pages::profile::visit::{attributes_of, read_purchase};
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
    let (notes, balances, experiments, overrides, partners) = beside_events(conn, customer)?;
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
        notes,
        attributes,
        balances,
        experiments,
        has_override: overrides > 0,
        partners,
        live: live(conn, customer, subject.ctx.now)?,
    })
}

type Counts = (Option<i64>, Option<i64>, Option<i64>, Option<i64>, Option<i64>);
type Beside = (i64, i64, i64, i64, i64);

fn beside_events(conn: &mut Conn, customer: CustomerId) -> QueryResult<Beside> {
    let notes = notes::table.filter(notes::customer_id.eq(customer)).select(count_star()).single_value();
    let balances = balances::table
        .filter(balances::customer_id.eq(customer))
        .select(count(balances::code).aggregate_distinct())
        .single_value();
    let experiments =
        experiments::table.filter(experiments::customer_id.eq(customer)).select(count_star()).single_value();
    let overrides = offering_overrides::table
        .filter(offering_overrides::customer_id.eq(customer))
        .select(count_star())
        .single_value();
    let partners =
        transfer_links::table.filter(transfer_links::customer_id.eq(customer)).select(count_star()).single_value();
    let (notes, balances, experiments, overrides, partners): Counts =
        diesel::select((notes, balances, experiments, overrides, partners)).first(conn)?;
    let some = |number: Option<i64>| number.unwrap_or(0);
    Ok((some(notes), some(balances), some(experiments), some(overrides), some(partners)))
}

/// Subscriptions of both environments that a store may still charge for, or that still give access.
fn live(conn: &mut Conn, customer: CustomerId, now: Moment) -> QueryResult<Vec<Purchase>> {
    let own = purchases::customer_id.eq(customer).and(purchases::kind.eq(Kind::Subscription));
    let recent = purchases::ends_at.gt(now.plus_days(-LOADED_DAYS).millis());
    let bodies: Vec<String> = purchases::table
        .filter(own.and(purchases::environment.eq("production").or(purchases::environment.eq("sandbox"))).and(recent))
        .order(purchases::ends_at.desc())
        .limit(NAMED)
        .select(purchases::body)
        .load(conn)?;
    Ok(bodies.iter().filter_map(|body| read_purchase(body)).collect())
}

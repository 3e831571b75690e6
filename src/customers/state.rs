//! Stores the state that follows from events: reads the facts of a customer and of all who are linked by transfers,
//! folds them, and writes what changed.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use diesel::prelude::*;

use super::attributes::{Source, Stored};
use super::{facts, stored_purchases};
use crate::base::clock::Moment;
use crate::base::ids::CustomerId;
use crate::base::money::Micros;
use crate::customers::search_terms;
use crate::db::schema::*;
use crate::db::{Both, Conn};
use crate::events::Environment;
use crate::projection::{AttributeValue, CustomerState, Fact, Kind, Purchase, fold};

/// Records that purchases moved between two customers, so that each is folded with the other's events.
pub fn link(conn: &mut Conn, one: CustomerId, other: CustomerId) -> QueryResult<()> {
    for (from, to) in [(one, other), (other, one)] {
        let row = (transfer_links::customer_id.eq(from), transfer_links::other_id.eq(to));
        Both(diesel::insert_into(transfer_links::table).values(row).on_conflict_do_nothing()).execute(conn)?;
    }
    Ok(())
}

/// Derives the state of these customers, and of all who are linked to them, from the stored events. `is_new` says which
/// customers have no older rows to compare with. Returns how many customers were derived.
pub fn derive(
    conn: &mut Conn,
    customers: impl IntoIterator<Item = CustomerId>,
    is_new: impl Fn(CustomerId) -> bool,
) -> QueryResult<usize> {
    let groups = read(conn, customers)?;
    groups.iter().try_for_each(|group| write_group(conn, group, &is_new))?;
    Ok(groups.iter().map(Group::len).sum())
}

/// Customers who are linked by transfers, directly or through others, with their states.
pub type Group = BTreeMap<CustomerId, CustomerState>;

/// The states of these customers, and of all who are linked to them, as they follow from the stored events.
pub fn read(conn: &mut Conn, customers: impl IntoIterator<Item = CustomerId>) -> QueryResult<Vec<Group>> {
    let reader = facts::Reader::new(conn)?;
    let mut groups = Vec::new();
    let mut seen = HashSet::new();
    for customer in customers {
        if !seen.insert(customer) {
            continue;
        }
        let members = facts::with_links(conn, customer)?;
        let mut states = fold(reader.facts_of(conn, &members)?.into_values().collect());
        seen.extend(members.iter().copied());
        groups.push(members.into_iter().map(|one| (one, states.remove(&one).unwrap_or_default())).collect());
    }
    Ok(groups)
}

/// Every fact from which the states of these customers, and of all who are linked to them, follow.
pub fn facts(conn: &mut Conn, customers: impl IntoIterator<Item = CustomerId>) -> QueryResult<Vec<Fact>> {
    let mut members = BTreeSet::new();
    for customer in customers {
        if !members.contains(&customer) {
            members.extend(facts::with_links(conn, customer)?);
        }
    }
    Ok(facts::Reader::new(conn)?.facts_of(conn, &members)?.into_values().collect())
}

/// The states that follow from these facts, and those that would follow with `more` facts: the preview of an action.
pub fn preview(facts: Vec<Fact>, more: Vec<Fact>) -> (Group, Group) {
    let then = facts.iter().cloned().chain(more).collect();
    (fold(facts), fold(then))
}

/// Writes states that were read in another transaction. A group in which a customer got events since is derived again
/// as a whole, because those events may change every state in it.
pub fn write_or_derive(conn: &mut Conn, groups: &[Group], is_new: impl Fn(CustomerId) -> bool) -> QueryResult<()> {
    for group in groups {
        if is_as_read(conn, group)? {
            write_group(conn, group, &is_new)?;
            continue;
        }
        for customer in group.keys() {
            if customers::table.find(customer).count().get_result::<i64>(conn)? > 0 {
                derive(conn, [*customer], |_| false)?;
            }
        }
    }
    Ok(())
}

fn is_as_read(conn: &mut Conn, group: &Group) -> QueryResult<bool> {
    for (customer, state) in group {
        let of = history::table.filter(history::customer_id.eq(customer));
        if of.count().get_result::<i64>(conn)? != state.events {
            return Ok(false);
        }
    }
    Ok(true)
}

fn write_group(conn: &mut Conn, group: &Group, is_new: &impl Fn(CustomerId) -> bool) -> QueryResult<()> {
    group.iter().try_for_each(|(customer, state)| write(conn, *customer, state, is_new(*customer)))
}

fn write(conn: &mut Conn, customer: CustomerId, state: &CustomerState, is_new: bool) -> QueryResult<()> {
    stored_purchases::write(conn, customer, &state.purchases, is_new)?;
    write_attributes(conn, customer, &state.attributes, is_new)?;
    write_balances(conn, customer, state, is_new)?;
    write_experiments(conn, customer, state, is_new)?;
    let contact = search_terms::write(conn, customer, state, is_new)?;
    write_summary(conn, customer, state, contact)
}

/// Writes the values from events. A newer value that the team or the app set stays.
fn write_attributes(
    conn: &mut Conn,
    customer: CustomerId,
    new: &BTreeMap<String, AttributeValue>,
    is_new: bool,
) -> QueryResult<()> {
    let mut old: HashMap<String, (AttributeValue, Source)> = HashMap::new();
    if !is_new {
        let rows = attributes::table.filter(attributes::customer_id.eq(customer)).select(Stored::as_select());
        old.extend(rows.load(conn)?.into_iter().map(|row| {
            let value = AttributeValue { updated_at: row.updated_at, value: (!row.is_deleted).then_some(row.value) };
            (row.key, (value, row.source))
        }));
    }
    for (key, value) in new {
        match old.remove(key) {
            Some((stored, source)) if stored == *value || (source != Source::Event && stored > *value) => continue,
            Some(_) => forget_attribute(conn, customer, key)?,
            None => {}
        }
        let row = (
            attributes::customer_id.eq(customer),
            attributes::key.eq(key),
            attributes::value.eq(value.value.as_deref().unwrap_or("")),
            attributes::updated_at.eq(value.updated_at),
            attributes::is_deleted.eq(value.value.is_none()),
            attributes::source.eq(Source::Event),
        );
        diesel::insert_into(attributes::table).values(row).execute(conn)?;
    }
    for (key, (_, source)) in old {
        if source == Source::Event {
            forget_attribute(conn, customer, &key)?;
        }
    }
    Ok(())
}

fn forget_attribute(conn: &mut Conn, customer: CustomerId, key: &str) -> QueryResult<()> {
    let own = attributes::customer_id.eq(customer).and(attributes::key.eq(key));
    diesel::delete(attributes::table.filter(own)).execute(conn)?;
    Ok(())
}

fn write_balances(conn: &mut Conn, customer: CustomerId, state: &CustomerState, is_new: bool) -> QueryResult<()> {
    if !is_new {
        diesel::delete(balances::table.filter(balances::customer_id.eq(customer))).execute(conn)?;
    }
    for ((environment, code), balance) in &state.balances {
        let row = (
            balances::customer_id.eq(customer),
            balances::environment.eq(environment),
            balances::code.eq(code),
            balances::name.eq(&balance.name),
            balances::amount.eq(balance.amount),
        );
        diesel::insert_into(balances::table).values(row).execute(conn)?;
    }
    Ok(())
}

fn write_experiments(conn: &mut Conn, customer: CustomerId, state: &CustomerState, is_new: bool) -> QueryResult<()> {
    if !is_new {
        diesel::delete(experiments::table.filter(experiments::customer_id.eq(customer))).execute(conn)?;
    }
    for (experiment, enrolled) in &state.experiments {
        let row = (
            experiments::customer_id.eq(customer),
            experiments::experiment_id.eq(experiment),
            experiments::variant.eq(&enrolled.variant),
            experiments::enrolled_at.eq(enrolled.at.map(Moment::millis)),
        );
        diesel::insert_into(experiments::table).values(row).execute(conn)?;
    }
    Ok(())
}

/// Writes the columns that lists sort and filter by, and that the header shows.
fn write_summary(
    conn: &mut Conn,
    customer: CustomerId,
    state: &CustomerState,
    contact: search_terms::Contact,
) -> QueryResult<()> {
    let spent = Spent::sum(&state.purchases);
    let compact = |purchase: &Purchase| purchase.without_picture().to_json();
    let ends = |kind: Kind| {
        let own = production(&state.purchases).filter(move |purchase| purchase.kind == kind);
        own.map(|purchase| purchase.access_ends_at().millis()).max()
    };
    let subscribed_until = ends(Kind::Subscription);
    let row = (
        (customers::original_app_user_id.eq(contact.original), customers::best_app_user_id.eq(contact.best)),
        customers::event_country.eq(state.country.as_deref()),
        customers::display_name.eq(contact.display_name),
        customers::email.eq(contact.email),
        customers::ids_count.eq(contact.ids),
        (
            customers::spent_micros.eq(spent.net.0),
            customers::prices_missing.eq(spent.prices_missing),
            customers::payments.eq(spent.payments),
            customers::refunds.eq(spent.refunds),
            customers::family_shared_only.eq(spent.family_shared_only),
            customers::events_count.eq(state.events),
            customers::first_event_at.eq(state.first_event_at.map(Moment::millis)),
            customers::active_at.eq(contact.active_at),
        ),
        (
            customers::latest.eq(latest(&state.purchases).map(compact)),
            customers::status_purchase.eq(status_purchase(&state.purchases).map(compact)),
            customers::is_subscriber.eq(subscribed_until.is_some()),
            customers::made_one_time.eq(ends(Kind::OneTime).is_some()),
            customers::made_sandbox.eq(state.purchases.iter().any(|one| one.environment == Environment::Sandbox)),
            customers::subscribed_until.eq(subscribed_until.unwrap_or(i64::MIN)),
            customers::granted_until.eq(ends(Kind::Grant).unwrap_or(i64::MIN)),
        ),
    );
    diesel::update(customers::table.filter(customers::id.eq(customer))).set(row).execute(conn)?;
    Ok(())
}

/// Total spent (§6.6): production purchases of this customer, less refunds, before commission and taxes.
#[derive(Debug, Default)]
struct Spent {
    net: Micros,
    payments: i64,
    refunds: i64,
    prices_missing: i64,
    family_shared_only: bool,
}

impl Spent {
    fn sum(all: &[Purchase]) -> Spent {
        let mut spent = Spent::default();
        for revenue in all.iter().filter(|purchase| purchase.counts_as_spent()).map(|purchase| purchase.revenue) {
            spent.net = spent.net.plus(revenue.net);
            spent.payments += revenue.payments;
            spent.refunds += revenue.refunds;
            spent.prices_missing += revenue.prices_missing;
        }
        let mut bought = production(all).filter(|purchase| purchase.kind != Kind::Grant).peekable();
        spent.family_shared_only =
            spent.net == Micros::ZERO && bought.peek().is_some() && bought.all(|purchase| purchase.is_family_share);
        spent
    }
}

fn production(all: &[Purchase]) -> impl Iterator<Item = &Purchase> {
    all.iter().filter(|purchase| purchase.environment == Environment::Production)
}

/// The last purchase in production; a grant only without one, a purchase in the sandbox only without either.
fn latest(all: &[Purchase]) -> Option<&Purchase> {
    let is_real = |purchase: &Purchase| purchase.environment == Environment::Production;
    all.iter().max_by_key(|one| (is_real(one), one.kind != Kind::Grant, one.period_start, &one.key))
}

/// The purchase that gives the customer a status: the subscription with the furthest end, grants last (§13.1). By the
/// latest transaction, a customer with a year left of another subscription could count as expired.
fn status_purchase(all: &[Purchase]) -> Option<&Purchase> {
    let rank = |purchase: &Purchase| match purchase.kind {
        Kind::Subscription => 2,
        Kind::OneTime | Kind::Temporary => 1,
        Kind::Grant => 0,
    };
    production(all).max_by_key(|one| (rank(one), one.access_ends_at(), one.period_start, &one.key))
}

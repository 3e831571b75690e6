//! Reads purchases as they follow from the events. `customers::state` writes them. Who only counts rows asks the table
//! itself.

use std::collections::{BTreeSet, HashSet};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::state;
use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, EventId, ProjectId};
use crate::base::lookup_key;
use crate::base::money::Micros;
use crate::catalog::Catalog;
use crate::customers::search_terms::{TermKind, folded};
use crate::db::Conn;
use crate::db::schema::{entitlement_products, payments, purchases, search_terms};
use crate::events::Environment;
use crate::projection::{Kind, Payment, PaymentKind, Purchase, TransactionKey};

/// A choice of stored purchases, each as its JSON.
pub type Chosen = purchases::BoxedQuery<'static, <Conn as Connection>::Backend, Text>;

/// All purchases of a customer. The caller narrows, orders and limits them with the columns of the table.
pub fn of(customer: CustomerId) -> Chosen {
    purchases::table.filter(purchases::customer_id.eq(customer)).select(purchases::body).into_boxed()
}

/// Loads the chosen purchases. One that cannot be read is logged and left out.
pub fn load(conn: &mut Conn, chosen: Chosen) -> QueryResult<Vec<Purchase>> {
    Ok(load_json(conn, chosen)?.iter().filter_map(|body| Purchase::stored(body)).collect())
}

/// Loads the chosen purchases as they are stored.
pub fn load_json(conn: &mut Conn, chosen: Chosen) -> QueryResult<Vec<String>> {
    chosen.load(conn)
}

/// A choice of stored purchases of any customers, with the numbers under which their payments are stored.
pub type Numbered = purchases::BoxedQuery<'static, <Conn as Connection>::Backend, (BigInt, Text, Text)>;

/// All purchases of some customers, to be loaded by [`load_numbered`]. The caller narrows them.
pub fn numbered(customers: Vec<CustomerId>) -> Numbered {
    let own = purchases::table.filter(purchases::customer_id.eq_any(customers));
    own.select((purchases::customer_id, purchases::body, purchases::numbers)).into_boxed()
}

/// Loads the chosen purchases, each with who has it and with its numbers.
pub fn load_numbered(conn: &mut Conn, chosen: Numbered) -> QueryResult<Vec<(CustomerId, Purchase)>> {
    let rows: Vec<(CustomerId, String, String)> = chosen.load(conn)?;
    let read =
        |(customer, body, numbers): (CustomerId, String, String)| Some((customer, state::numbered(&body, &numbers)?));
    Ok(rows.into_iter().filter_map(read).collect())
}

/// How many subscriptions and grants [`most_important`] loads, and how many of each other kind.
const MANY: i64 = 100;
pub const SOME: i64 = 30;

/// The purchases that a page shows and an explanation looks at: subscriptions and grants, latest end first; one-time purchases that unlock
/// something; and the newest of those that unlock nothing, of which a heavy buyer of consumables has thousands.
pub fn most_important(
    conn: &mut Conn,
    project: ProjectId,
    customer: CustomerId,
    environment: Environment,
) -> QueryResult<Vec<Purchase>> {
    let own = || of(customer).filter(purchases::environment.eq(environment));
    let one_time = Kind::OneTime;
    let lasting = purchases::kind.eq(Kind::Subscription).or(purchases::kind.eq(Kind::Grant));
    let lasting = lasting.or(purchases::kind.eq(Kind::Temporary));
    let ended_last = own().filter(lasting).order(purchases::ends_at.desc()).limit(MANY);
    let mut found = load(conn, ended_last)?;
    let attached = entitlement_products::table.filter(entitlement_products::project_id.eq(project));
    let attached = purchases::product_id.eq_any(attached.select(entitlement_products::product));
    let attached = own().filter(purchases::kind.eq(one_time).and(attached)).limit(SOME);
    found.extend(load(conn, attached)?);
    for names_entitlements in [true, false] {
        let like = purchases::kind.eq(one_time).and(purchases::names_entitlements.eq(names_entitlements));
        let newest = own().filter(like).order(purchases::starts_at.desc()).limit(SOME);
        found.extend(load(conn, newest)?);
    }
    let mut seen = HashSet::new();
    found.retain(|purchase| seen.insert(purchase.key.clone()));
    Ok(found)
}

/// As [`most_important`], out of all purchases of a customer.
pub fn choose(all: Vec<Purchase>, environment: Environment, catalog: &Catalog) -> Vec<Purchase> {
    let own = all.into_iter().filter(|purchase| purchase.environment == environment);
    let (mut one_time, mut lasting): (Vec<Purchase>, Vec<Purchase>) =
        own.partition(|purchase| purchase.kind == Kind::OneTime);
    lasting.sort_by_key(|purchase| std::cmp::Reverse(purchase.access_ends_at()));
    lasting.truncate(usize::try_from(MANY).unwrap_or(usize::MAX));
    one_time.sort_by_key(|purchase| std::cmp::Reverse(purchase.period_start));
    let (mut unlocking, mut others): (Vec<Purchase>, Vec<Purchase>) =
        one_time.into_iter().partition(|purchase| !catalog.unlocked_by(purchase).is_empty());
    let some = usize::try_from(SOME).unwrap_or(usize::MAX);
    unlocking.truncate(2 * some);
    others.truncate(some);
    lasting.into_iter().chain(unlocking).chain(others).collect()
}

/// The purchase with this key; `None` when the customer does not have it.
pub fn find(
    conn: &mut Conn,
    customer: CustomerId,
    environment: Environment,
    key: &str,
) -> QueryResult<Option<Purchase>> {
    let own = purchases::environment.eq(environment).and(purchases::key.eq(key.to_owned()));
    Ok(load(conn, of(customer).filter(own).limit(1))?.pop())
}

/// How many purchases one text of a store finds at most. A store gives each transaction a name of its own.
const MOST_FOUND: i64 = 100;

/// Who has a purchase with this transaction or order, whatever the case of its letters: the customer, the number of the
/// purchase, and how the store writes it.
pub fn named_by_store(
    conn: &mut Conn,
    project: ProjectId,
    text: &str,
) -> QueryResult<Vec<(CustomerId, EventId, String)>> {
    let own = search_terms::project_id.eq(project).and(search_terms::term.eq(lookup_key(&folded(text))));
    let kinds = [TermKind::Transaction, TermKind::Order].map(TermKind::number);
    search_terms::table
        .filter(own.and(search_terms::kind.eq_any(kinds)))
        .order((search_terms::kind, search_terms::customer_id, search_terms::purchase))
        .limit(MOST_FOUND)
        .select((search_terms::customer_id, search_terms::purchase, search_terms::value))
        .load(conn)
}

/// Who has purchases with one of these transactions or orders.
pub fn holders_named_by_store<'a>(
    conn: &mut Conn,
    project: ProjectId,
    texts: impl Iterator<Item = &'a str>,
) -> QueryResult<BTreeSet<CustomerId>> {
    let terms: Vec<Vec<u8>> = texts.map(|text| lookup_key(&folded(text))).collect();
    let kinds = [TermKind::Transaction, TermKind::Order].map(TermKind::number);
    let mut holders = BTreeSet::new();
    for some in terms.chunks(TERMS_AT_ONCE) {
        let named = search_terms::project_id.eq(project).and(search_terms::term.eq_any(some.to_vec()));
        let found: Vec<CustomerId> = search_terms::table
            .filter(named.and(search_terms::kind.eq_any(kinds)))
            .select(search_terms::customer_id)
            .distinct()
            .load(conn)?;
        holders.extend(found);
    }
    Ok(holders)
}

/// How many texts are looked for with one query.
const TERMS_AT_ONCE: usize = 500;

/// The payments of purchases with these numbers, which one customer has.
pub fn payments_of(conn: &mut Conn, customer: CustomerId, numbers: &[EventId]) -> QueryResult<Vec<Payment>> {
    type Row = (EventId, EventId, i64, Moment, PaymentKind, Option<i64>);
    let own = payments::customer_id.eq(customer).and(payments::purchase.eq_any(numbers.to_vec()));
    let columns = (
        payments::event_id,
        payments::purchase,
        payments::transaction_key,
        payments::at,
        payments::kind,
        payments::amount,
    );
    let rows: Vec<Row> = payments::table.filter(own).select(columns).load(conn)?;
    let payment = |(event, purchase, transaction, at, kind, amount): Row| {
        let (transaction, amount) = (TransactionKey(transaction), amount.map(Micros));
        Payment { event, purchase, transaction, at, kind, amount }
    };
    Ok(rows.into_iter().map(payment).collect())
}

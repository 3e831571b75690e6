//! Keeps the stored state of customers: what follows from their events.
//!
//! An event that comes after all others of its customer changes the stored state as it is. An event that comes late goes
//! back to a checkpoint before it, from which the events since are applied again. Customers between whom purchases moved
//! since that checkpoint go back together. Both give what a fold over all events gives (§6).

mod contact;
mod load;
mod member;
mod past;
mod record;
mod run;
mod totals;
mod waiting;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, EventId, ProjectId};
use crate::customers::contacts::LastContact;
use crate::customers::{facts, stored_purchases};
use crate::db::Conn;
use crate::db::many::{Existing, Inserts, Kind, Row, Table, row};
use crate::db::schema::*;
use crate::events::Environment;
use crate::projection::{Fact, Progress, Purchase};

pub use contact::{is_naming, refresh_names, value_of};
use load::Loaded;
pub use member::{Totals, read as numbered};
pub use past::{Past, as_of};
pub use record::merge as merge_records;

/// What happened to customers of a project since their state was stored.
#[derive(Debug, Default)]
pub struct News {
    /// New events. They need not be in the histories yet.
    pub facts: Vec<Fact>,
    /// Customers whom the database does not have yet, with all their ids.
    pub new: BTreeMap<CustomerId, Vec<NewId>>,
    /// Customers of the database who got ids, with these.
    pub ids: BTreeMap<CustomerId, Vec<NewId>>,
    /// Customers into whom others were merged.
    pub merged: BTreeMap<CustomerId, Merged>,
    /// Customers whose whole state is derived from all their events.
    pub afresh: BTreeSet<CustomerId>,
    /// When apps were last open, by customer.
    pub contacts: BTreeMap<CustomerId, Vec<LastContact>>,
}

/// An App User ID that a customer got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewId {
    pub app_user_id: String,
    pub since: Moment,
    /// Whether the id is known to have begun then.
    pub is_exact: bool,
    /// When an app last used it.
    pub seen_at: Option<Moment>,
}

/// What a customer got from those who were merged into them.
#[derive(Debug, Default)]
pub struct Merged {
    /// The time of the first event about purchases, or an earlier time; `None` without such an event.
    pub since: Option<Moment>,
    /// The numbers of the purchases.
    pub numbers: Vec<EventId>,
}

impl News {
    /// These customers, whose whole state is derived from their events.
    pub fn afresh(customers: impl IntoIterator<Item = CustomerId>) -> News {
        News { afresh: customers.into_iter().collect(), ..News::default() }
    }
}

/// Brings the stored state of the customers up to date. Customers who are new get their rows.
pub fn settle(conn: &mut Conn, project: ProjectId, news: News) -> QueryResult<()> {
    settle_with(conn, project, news, Inserts::default())
}

/// As [`settle`], and writes the rows of `inserts` with it.
pub fn settle_with(conn: &mut Conn, project: ProjectId, news: News, inserts: Inserts) -> QueryResult<()> {
    prepare(conn, project, news)?.write(conn, inserts)
}

/// Derives what [`settle`] writes, and writes nothing.
pub fn prepare(conn: &mut Conn, project: ProjectId, news: News) -> QueryResult<Prepared> {
    Ok(Loaded::load(conn, project, news)?.run())
}

/// As [`settle_with`]. Where they may `wait`, the search terms of new customers are returned and not written.
pub fn settle_and_let_wait(
    conn: &mut Conn,
    project: ProjectId,
    news: News,
    inserts: Inserts,
    wait: bool,
) -> QueryResult<Later> {
    prepare(conn, project, news)?.write_and_let_wait(conn, inserts, wait)
}

pub use run::{Prepared, histories};
pub use waiting::{Later, WaitingTerms};

/// Records between which customers purchases moved.
pub fn link(conn: &mut Conn, pairs: impl IntoIterator<Item = (CustomerId, CustomerId)>) -> QueryResult<()> {
    const LINKS: Table = Table {
        name: "transfer_links",
        key: 2,
        columns: &[("customer_id", Kind::Integer), ("other_id", Kind::Integer)],
    };
    let both = pairs.into_iter().flat_map(|(one, other)| [(one, other), (other, one)]);
    let rows: BTreeSet<(CustomerId, CustomerId)> = both.collect();
    let rows: Vec<Row> = rows.into_iter().map(|(one, other)| row![one, other]).collect();
    LINKS.insert(conn, &rows, Existing::Stays)?;
    Ok(())
}

/// How many customers transfers may link before apps' receipts move no more purchases between them: a late event may have
/// to be applied to all of them. Events move whatever they name.
pub const MOST_LINKED: i64 = 200;

/// How many customers transfers have linked with these, who count as well. Counts to `most` and no further.
pub fn count_linked(conn: &mut Conn, [one, other]: [CustomerId; 2], most: i64) -> QueryResult<i64> {
    #[derive(QueryableByName)]
    struct Linked {
        #[diesel(sql_type = BigInt)]
        customers: i64,
    }
    let counted = format!(
        "WITH RECURSIVE linked (id) AS (
            SELECT id FROM customers WHERE id IN ({one}, {other})
            UNION SELECT other_id FROM linked JOIN transfer_links ON transfer_links.customer_id = linked.id
        )
        SELECT count(*) AS customers FROM (SELECT id FROM linked LIMIT {most}) AS counted"
    );
    Ok(diesel::sql_query(counted).get_result::<Linked>(conn)?.customers)
}

/// How far the events of a customer were applied; `None` if nothing is stored of it.
pub fn progress_of(conn: &mut Conn, customer: CustomerId) -> QueryResult<Option<Progress>> {
    let body: Option<String> = progress::table.find(customer).select(progress::body).first(conn).optional()?;
    Ok(body.and_then(|body| serde_json::from_str(&body).ok()))
}

/// Stores how far the events of a customer were applied.
pub fn put_progress(conn: &mut Conn, customer: CustomerId, state: &Progress) -> QueryResult<()> {
    let body = serde_json::to_string(state).unwrap_or_default();
    diesel::update(progress::table.find(customer)).set(progress::body.eq(body)).execute(conn)?;
    Ok(())
}

/// The time of the last of all events about purchases of these customers.
pub fn newest_event_at(conn: &mut Conn, project: ProjectId, customers: &[CustomerId]) -> QueryResult<Option<Moment>> {
    let mut newest = None;
    for customer in customers.iter().copied() {
        let at = match progress_of(conn, customer)? {
            Some(progress) => progress.head.map(|head| head.at),
            None => {
                let all = facts::of(conn, &[facts::Since::beginning(project, customer)])?;
                all.values().map(|fact| fact.event.event_at).max()
            }
        };
        newest = newest.max(at);
    }
    Ok(newest)
}

/// The numbers of a customer's purchases, under which their payments are stored.
pub fn numbers_of(conn: &mut Conn, customer: CustomerId) -> QueryResult<Vec<EventId>> {
    let own = purchases::table.filter(purchases::customer_id.eq(customer)).select(purchases::numbers);
    let all: Vec<String> = own.load(conn)?;
    Ok(all.iter().flat_map(|numbers| member::numbers(numbers)).collect())
}

/// The numbers under which the payments of a purchase are stored.
pub fn numbers_of_purchase(
    conn: &mut Conn,
    customer: CustomerId,
    environment: Environment,
    key: &str,
) -> QueryResult<Vec<EventId>> {
    let own = purchases::customer_id.eq(customer).and(purchases::environment.eq(environment));
    let numbers = purchases::table.filter(own.and(purchases::key.eq(key))).select(purchases::numbers);
    let numbers: Option<String> = numbers.first(conn).optional()?;
    Ok(numbers.map(|numbers| member::numbers(&numbers).collect()).unwrap_or_default())
}

/// The row of an event that an action would add.
pub const PREVIEWED: EventId = EventId::MAX;

/// The purchases of customers, by customer.
pub type Purchases = BTreeMap<CustomerId, Vec<Purchase>>;

/// All purchases of some customers, and what they would be with more events: the preview of an action. Writes nothing.
pub fn preview(
    conn: &mut Conn,
    project: ProjectId,
    customers: &[CustomerId],
    facts: Vec<Fact>,
) -> QueryResult<(Purchases, Purchases)> {
    let mut now = Purchases::new();
    for customer in customers {
        now.insert(*customer, stored_purchases::load(conn, stored_purchases::of(*customer))?);
    }
    let news = News { facts, ..News::default() };
    let then = Loaded::load_whole(conn, project, news)?.run();
    let then = customers.iter().map(|customer| (*customer, then.purchases_of(*customer))).collect();
    Ok((now, then))
}

/// Every fact from which the states of these customers follow, and those of all who are linked to them.
pub fn facts(conn: &mut Conn, project: ProjectId, customers: &BTreeSet<CustomerId>) -> QueryResult<facts::Facts> {
    facts::of_all(conn, project, customers)
}

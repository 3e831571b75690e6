//! The currencies of a project, with a customer's balances of them.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, ProjectId};
use crate::customers::{AsOf, Reading};
use crate::db::Conn;
use crate::db::schema::{balances, currency_entries, events, history, virtual_currencies};
use crate::events::{Environment, EventType};
use crate::projection::{BalanceChange, Record};

/// A currency of the project, as one customer has it in one environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    pub code: String,
    /// What an event called it, else its code.
    pub name: String,
    /// `None` when no event ever changed the customer's balance.
    pub amount: Option<i64>,
}

type Row = (String, String, Option<(String, i64)>);

/// All currencies of the project, sorted by code.
pub fn all(
    conn: &mut Conn,
    project: ProjectId,
    customer: CustomerId,
    environment: Environment,
) -> QueryResult<Vec<Held>> {
    let theirs = balances::customer_id.eq(customer).and(balances::environment.eq(environment));
    let rows: Vec<Row> = virtual_currencies::table
        .left_join(balances::table.on(balances::code.eq(virtual_currencies::code).and(theirs)))
        .filter(virtual_currencies::project_id.eq(project))
        .select((virtual_currencies::code, virtual_currencies::name, (balances::name, balances::amount).nullable()))
        .load(conn)?;
    let mut all: Vec<Held> = rows.into_iter().map(Held::from).collect();
    all.sort_by(|one, other| one.code.cmp(&other.code));
    Ok(all)
}

/// The balances that followed from the changes that count as of a moment, by code.
pub fn balances_then(
    conn: &mut Conn,
    (project, customer): (ProjectId, CustomerId),
    environment: Environment,
    as_of: AsOf,
) -> QueryResult<BTreeMap<String, i64>> {
    let (until, unknown) = match as_of.reading {
        Reading::KnownNow => (as_of.at, BTreeSet::new()),
        Reading::KnownThen => (Moment::NEVER, changes_received_after(conn, (project, customer), as_of.at)?),
    };
    let entries = currency_entries::table.filter(currency_entries::customer_id.eq(customer));
    let entries: Vec<(Moment, String)> = entries
        .filter(currency_entries::at.le(until))
        .select((currency_entries::at, currency_entries::amounts))
        .load(conn)?;
    let known = entries.into_iter().filter(|(at, _)| !unknown.contains(at));
    let changes = known.filter_map(|(at, amounts)| {
        let amounts = serde_json::from_str(&amounts).ok()?;
        Some(BalanceChange { at, amounts })
    });
    let balance_changes = changes.enumerate().map(|(place, change)| (place.to_string(), change)).collect();
    let record = Record { balance_changes, ..Record::default() };
    let own = record.balances().into_iter().filter(|((of, _), _)| *of == environment);
    Ok(own.map(|((_, code), balance)| (code, balance.amount())).collect())
}

/// The times of the changes that were received after a moment.
fn changes_received_after(
    conn: &mut Conn,
    (project, customer): (ProjectId, CustomerId),
    at: Moment,
) -> QueryResult<BTreeSet<Moment>> {
    let kind = i16::from(EventType::VirtualCurrencyTransaction.number());
    let times: Vec<Moment> = history::table
        .inner_join(events::table.on(events::project_id.eq(project).and(events::id.eq(history::event_id))))
        .filter(history::customer_id.eq(customer).and(history::kind.eq(kind)).and(events::received_at.gt(at)))
        .select(history::event_at)
        .load(conn)?;
    Ok(times.into_iter().collect())
}

/// The currency of this code; `None` when the project has none.
pub fn find(
    conn: &mut Conn,
    project: ProjectId,
    customer: CustomerId,
    environment: Environment,
    code: &str,
) -> QueryResult<Option<Held>> {
    Ok(all(conn, project, customer, environment)?.into_iter().find(|held| held.code == code))
}

impl From<Row> for Held {
    fn from((code, of_project, theirs): Row) -> Held {
        let (of_theirs, amount) = theirs.unzip();
        let names = [of_theirs.unwrap_or_default(), of_project, code.clone()];
        let name = names.into_iter().find(|name| !name.is_empty()).unwrap_or_default();
        Held { code, name, amount }
    }
}

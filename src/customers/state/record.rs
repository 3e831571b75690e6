//! Writes what events say of customers apart from purchases: attributes, balances of currencies, experiments.

use std::collections::{BTreeMap, HashMap};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use sha2::{Digest, Sha256};

use super::member::Member;
use super::run::Prepared;
use crate::base::clock::Moment;
use crate::base::ids::CustomerId;
use crate::customers::attributes::{OfEvents, Source, Stored, queries};
use crate::db::Conn;
use crate::db::many::{self, Column, Existing, Inserts, Kind, Row, Table, row};
use crate::db::schema::{balances, currency_entries, experiments};
use crate::events::Environment;
use crate::projection::{AttributeValue, Balance, BalanceChange, Enrolled, Newest, Record};

impl Prepared {
    /// Writes what the events say. Returns the values of the attributes that they name, and of all attributes of customers who
    /// are derived afresh.
    pub(super) fn write_records(&self, conn: &mut Conn, inserts: &mut Inserts) -> QueryResult<Values> {
        let values = self.write_attributes(conn, inserts)?;
        self.write_balances(conn, inserts)?;
        self.write_experiments(conn, inserts)?;
        Ok(values)
    }

    fn with_members(&self) -> impl Iterator<Item = (CustomerId, &Member, &Record)> {
        let stored = self.records.iter().filter(|(customer, _)| customer.0 > 0);
        stored.filter_map(|(customer, record)| Some((*customer, self.members.get(customer)?, record)))
    }

    /// Writes the values from events. A newer value that the team or the app set stays.
    fn write_attributes(&self, conn: &mut Conn, inserts: &mut Inserts) -> QueryResult<Values> {
        let (mut asked, mut afresh) = (Vec::new(), Vec::new());
        for (customer, member, record) in self.with_members().filter(|(_, member, _)| !member.is_new) {
            match member.is_afresh {
                true => afresh.push(customer),
                false => asked.extend(record.attributes.keys().map(|key| row![customer, key])),
            }
        }
        let mut stored: HashMap<(CustomerId, String), Stored> = HashMap::new();
        let found = queries::some(conn, &asked)?.into_iter().chain(queries::of_all(conn, &afresh)?);
        stored.extend(found.map(|one| ((one.customer_id, one.key.clone()), one)));
        let (mut written, mut removed, mut values) = (Vec::new(), Vec::new(), Values::new());
        for (customer, member, record) in self.with_members() {
            for (key, value) in &record.attributes {
                let before = stored.remove(&(customer, key.clone()));
                let before_events = before.as_ref().filter(|_| member.is_afresh).map(Stored::without_events);
                let kept = before_events.unwrap_or_else(|| before.clone());
                let after = Stored::with_event(kept, customer, key, value);
                values.insert((customer, key.clone()), after.set().map(str::to_owned));
                if before.as_ref() != Some(&after) {
                    written.push(after);
                }
            }
        }
        // What is left of customers that are derived afresh, no event says any more.
        for ((customer, key), before) in stored.into_iter().filter(|((customer, _), _)| afresh.contains(customer)) {
            let after = before.without_events();
            let value = after.as_ref().and_then(Stored::set).map(str::to_owned);
            values.insert((customer, key.clone()), value);
            match after {
                Some(after) if after == before => {}
                Some(after) => written.push(after),
                None => removed.push(row![customer, key]),
            }
        }
        queries::put_with(inserts, &written);
        queries::remove_all(conn, &removed)?;
        Ok(values)
    }

    fn write_balances(&self, conn: &mut Conn, inserts: &mut Inserts) -> QueryResult<()> {
        let own =
            || self.with_members().filter(|(_, member, record)| member.is_afresh || !record.balance_changes.is_empty());
        let afresh: Vec<Row> = own().filter(|(_, member, _)| member.is_afresh).map(|(one, ..)| row![one]).collect();
        ENTRIES_OF_CUSTOMER.delete(conn, &afresh)?;
        BALANCES_OF_CUSTOMER.delete(conn, &afresh)?;
        let mut asked = Vec::new();
        for (customer, _, record) in own().filter(|(_, member, _)| !member.is_new && !member.is_afresh) {
            asked.extend(record.balance_changes.keys().map(|entry| row![customer, hash(entry)]));
        }
        let stored = entries(conn, &asked)?;
        let (mut entries, mut sums) = (Vec::new(), Sums::default());
        for (customer, _, record) in own() {
            for (entry, change) in &record.balance_changes {
                let entry = hash(entry);
                let before = stored.get(&(customer, entry.clone()));
                if before.is_some_and(|before| before <= change) {
                    continue;
                }
                before.into_iter().for_each(|before| sums.add(customer, before, -1));
                sums.add(customer, change, 1);
                let amounts = serde_json::to_string(&change.amounts).unwrap_or_default();
                entries.push(row![customer, entry, change.at, amounts]);
            }
            for ((environment, code), name) in &record.currency_names {
                sums.0.entry((customer, *environment, code.clone())).or_default().1 = Some(name.clone());
            }
        }
        self.write_currencies(conn, inserts)?;
        inserts.add(ENTRIES, entries, Existing::IsReplaced);
        inserts.add(BALANCES, sums.rows(conn)?, Existing::IsReplaced);
        Ok(())
    }

    /// Writes the project's currencies: an event may name a new one, an earlier time, or a newer name. What is known already
    /// is not written, so that writers do not wait for each other.
    fn write_currencies(&self, conn: &mut Conn, inserts: &mut Inserts) -> QueryResult<()> {
        let mut named: BTreeMap<&str, Currency> = BTreeMap::new();
        for (.., record) in self.with_members() {
            for change in record.balance_changes.values() {
                for (_, code, _) in &change.amounts {
                    named.entry(code).or_default().take(change.at, None);
                }
            }
            for ((_, code), name) in &record.currency_names {
                named.entry(code).or_default().take(name.at, Some(name));
            }
        }
        let keys: Vec<Row> = named.keys().map(|code| row![self.project, *code]).collect();
        let stored = currencies(conn, &keys)?;
        let mut rows = Vec::new();
        for (code, currency) in named {
            let before = stored.get(code);
            let after = before.map_or_else(|| currency.clone(), |before| before.clone().with(&currency));
            if before != Some(&after) {
                let Currency { first_at, name: Newest { at, value } } = after;
                rows.push(row![self.project, code, value, first_at, at]);
            }
        }
        inserts.add(CURRENCIES, rows, Existing::IsReplaced);
        Ok(())
    }

    fn write_experiments(&self, conn: &mut Conn, inserts: &mut Inserts) -> QueryResult<()> {
        let own =
            || self.with_members().filter(|(_, member, record)| member.is_afresh || !record.experiments.is_empty());
        let afresh: Vec<Row> = own().filter(|(_, member, _)| member.is_afresh).map(|(one, ..)| row![one]).collect();
        EXPERIMENTS_OF_CUSTOMER.delete(conn, &afresh)?;
        let mut asked = Vec::new();
        for (customer, _, record) in own().filter(|(_, member, _)| !member.is_new && !member.is_afresh) {
            asked.extend(record.experiments.keys().map(|experiment| row![customer, experiment]));
        }
        let stored = enrolments(conn, &asked)?;
        let mut rows = Vec::new();
        for (customer, _, record) in own() {
            for (experiment, new) in &record.experiments {
                if stored.get(&(customer, experiment.clone())).is_none_or(|before| before < new) {
                    let Newest { at, value: Enrolled { variant, at: enrolled_at } } = new;
                    rows.push(row![customer, experiment, variant, *enrolled_at, *at]);
                }
            }
        }
        inserts.add(EXPERIMENTS, rows, Existing::IsReplaced);
        Ok(())
    }
}

/// The values of attributes; `None` for one that has none.
pub(super) type Values = HashMap<(CustomerId, String), Option<String>>;

impl AttributeValue {
    /// As a value that events gave.
    fn of_events(&self) -> OfEvents {
        OfEvents { at: self.updated_at, value: self.value.clone() }
    }
}

impl Stored {
    /// The row of a key after an event gave it a value.
    fn with_event(before: Option<Stored>, customer: CustomerId, key: &str, new: &AttributeValue) -> Stored {
        let of_events = before.as_ref().and_then(Stored::of_events).max(Some(new.of_events()));
        let own = before.filter(|before| before.source != Source::Event);
        Stored::counting(customer, key, own, of_events)
            .unwrap_or_else(|| Stored::of_event(customer, key, &new.of_events()))
    }

    /// The row without what events said; `None` where that is all it has.
    fn without_events(&self) -> Option<Stored> {
        let own = Some(self.clone()).filter(|own| own.source != Source::Event);
        Stored::counting(self.customer_id, &self.key, own, None)
    }
}

const ENTRIES: Table = Table {
    name: "currency_entries",
    key: 2,
    columns: &[("customer_id", Kind::Integer), ("entry", Kind::Bytes), ("at", Kind::Integer), ("amounts", Kind::Text)],
};
const ENTRIES_OF_CUSTOMER: Table = Table { key: 1, ..ENTRIES };

const BALANCES: Table = Table {
    name: "balances",
    key: 3,
    columns: &[
        ("customer_id", Kind::Integer),
        ("environment", Kind::Text),
        ("code", Kind::Text),
        ("name", Kind::Text),
        ("amount", Kind::Integer),
        ("sum", Kind::Integer),
        ("named_at", Kind::Integer),
    ],
};
const BALANCES_OF_CUSTOMER: Table = Table { key: 1, ..BALANCES };

const CURRENCIES: Table = Table {
    name: "virtual_currencies",
    key: 2,
    columns: &[
        ("project_id", Kind::Integer),
        ("code", Kind::Text),
        ("name", Kind::Text),
        ("first_at", Kind::Integer),
        ("named_at", Kind::Integer),
    ],
};

/// A virtual currency of the project.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Currency {
    /// When an event first named it.
    first_at: Moment,
    /// Empty until an event gives a name.
    name: Newest<String>,
}

impl Default for Currency {
    fn default() -> Currency {
        Currency { first_at: Moment::NEVER, name: Newest { at: Moment(0), value: String::new() } }
    }
}

impl Currency {
    fn take(&mut self, at: Moment, name: Option<&Newest<String>>) {
        self.first_at = self.first_at.min(at);
        if let Some(newer) = name.filter(|name| self.name.value.is_empty() || **name > self.name) {
            self.name = newer.clone();
        }
    }

    fn with(mut self, other: &Currency) -> Currency {
        self.take(other.first_at, Some(&other.name).filter(|name| !name.value.is_empty()));
        self
    }
}

fn currencies(conn: &mut Conn, keys: &[Row]) -> QueryResult<HashMap<String, Currency>> {
    const KEY: &[Column] = &[("project_id", Kind::Integer), ("code", Kind::Text)];
    type Columns = (Text, Text, BigInt, BigInt);
    let columns = "code, name, first_at, named_at";
    let rows: Vec<(String, String, Moment, Moment)> =
        many::select::<Columns, _>(conn, (columns, "virtual_currencies"), KEY, keys, "")?;
    let currency = |(code, value, first_at, at)| (code, Currency { first_at, name: Newest { at, value } });
    Ok(rows.into_iter().map(currency).collect())
}

const EXPERIMENTS: Table = Table {
    name: "experiments",
    key: 2,
    columns: &[
        ("customer_id", Kind::Integer),
        ("experiment_id", Kind::Text),
        ("variant", Kind::Text),
        ("enrolled_at", Kind::Integer),
        ("said_at", Kind::Integer),
    ],
};
const EXPERIMENTS_OF_CUSTOMER: Table = Table { key: 1, ..EXPERIMENTS };

/// What stands for the id of a ledger's entry.
fn hash(entry: &str) -> Vec<u8> {
    Sha256::digest(entry).iter().take(16).copied().collect()
}

type Entries = HashMap<(CustomerId, Vec<u8>), BalanceChange>;

fn entries(conn: &mut Conn, keys: &[Row]) -> QueryResult<Entries> {
    const KEY: &[Column] = &[("customer_id", Kind::Integer), ("entry", Kind::Bytes)];
    type Columns = (BigInt, Binary, BigInt, Text);
    let columns = "customer_id, entry, at, amounts";
    let rows: Vec<(CustomerId, Vec<u8>, Moment, String)> =
        many::select::<Columns, _>(conn, (columns, "currency_entries"), KEY, keys, "")?;
    let change = |at, amounts: &str| BalanceChange { at, amounts: serde_json::from_str(amounts).unwrap_or_default() };
    Ok(rows.into_iter().map(|(customer, entry, at, amounts)| ((customer, entry), change(at, &amounts))).collect())
}

fn enrolments(conn: &mut Conn, keys: &[Row]) -> QueryResult<HashMap<(CustomerId, String), Newest<Enrolled>>> {
    const KEY: &[Column] = &[("customer_id", Kind::Integer), ("experiment_id", Kind::Text)];
    type Columns = (BigInt, Text, Text, Nullable<BigInt>, BigInt);
    let columns = "customer_id, experiment_id, variant, enrolled_at, said_at";
    let rows: Vec<(CustomerId, String, String, Option<Moment>, Moment)> =
        many::select::<Columns, _>(conn, (columns, "experiments"), KEY, keys, "")?;
    let enrolled = |(customer, experiment, variant, at, said_at)| {
        ((customer, experiment), Newest { at: said_at, value: Enrolled { variant, at } })
    };
    Ok(rows.into_iter().map(enrolled).collect())
}

type Held = (CustomerId, Environment, String);

/// By how much balances change, and what they are called now.
#[derive(Default)]
pub(super) struct Sums(pub BTreeMap<Held, (i64, Option<Newest<String>>)>);

impl Sums {
    /// Adds a change so many times.
    pub fn add(&mut self, customer: CustomerId, change: &BalanceChange, times: i64) {
        for (environment, code, amount) in change.counted() {
            let sum = &mut self.0.entry((customer, environment, code.to_owned())).or_default().0;
            *sum = sum.saturating_add(amount.saturating_mul(times));
        }
    }

    /// The balances as they are then.
    pub fn rows(self, conn: &mut Conn) -> QueryResult<Vec<Row>> {
        let keys: Vec<Row> =
            self.0.keys().map(|(customer, environment, code)| row![*customer, environment.as_str(), code]).collect();
        let mut stored = balances(conn, &keys)?;
        let mut rows = Vec::new();
        for ((customer, environment, code), (sum, name)) in self.0 {
            let before = stored.remove(&(customer, environment, code.clone()));
            let (mut balance, mut named_at) = before.unwrap_or((Balance::default(), Moment(0)));
            balance.sum = balance.sum.saturating_add(sum);
            let old = Newest { at: named_at, value: balance.name.clone() };
            if let Some(newer) = name.filter(|name| old.value.is_empty() || *name > old) {
                (named_at, balance.name) = (newer.at, newer.value);
            }
            let amount = balance.amount();
            rows.push(row![customer, environment.as_str(), code, balance.name, amount, balance.sum, named_at]);
        }
        Ok(rows)
    }
}

fn balances(conn: &mut Conn, keys: &[Row]) -> QueryResult<HashMap<Held, (Balance, Moment)>> {
    const KEY: &[Column] = &[("customer_id", Kind::Integer), ("environment", Kind::Text), ("code", Kind::Text)];
    type Columns = (BigInt, Text, Text, Text, BigInt, BigInt);
    let columns = "customer_id, environment, code, name, sum, named_at";
    let rows: Vec<(CustomerId, Environment, String, String, i64, Moment)> =
        many::select::<Columns, _>(conn, (columns, "balances"), KEY, keys, "")?;
    let balance = |(customer, environment, code, name, sum, named_at)| {
        ((customer, environment, code), (Balance { name, sum }, named_at))
    };
    Ok(rows.into_iter().map(balance).collect())
}

/// Joins the balances and experiments of a customer who is merged into another. Entries of the ledger that both have
/// count once.
pub fn merge(conn: &mut Conn, into: CustomerId, from: CustomerId) -> QueryResult<()> {
    let theirs: Vec<(Vec<u8>, Moment, String)> = currency_entries::table
        .filter(currency_entries::customer_id.eq(from))
        .select((currency_entries::entry, currency_entries::at, currency_entries::amounts))
        .load(conn)?;
    let keys: Vec<Row> = theirs.iter().map(|(entry, ..)| row![into, entry]).collect();
    let own = entries(conn, &keys)?;
    let (mut rows, mut sums) = (Vec::new(), Sums::default());
    for (entry, at, amounts) in theirs {
        let change = BalanceChange { at, amounts: serde_json::from_str(&amounts).unwrap_or_default() };
        let before = own.get(&(into, entry.clone()));
        if before.is_none_or(|before| change < *before) {
            before.into_iter().for_each(|before| sums.add(into, before, -1));
            sums.add(into, &change, 1);
            rows.push(row![into, entry, at, amounts]);
        }
    }
    ENTRIES.insert(conn, &rows, Existing::IsReplaced)?;
    let names: Vec<(Environment, String, String, Moment)> = balances::table
        .filter(balances::customer_id.eq(from))
        .select((balances::environment, balances::code, balances::name, balances::named_at))
        .load(conn)?;
    for (environment, code, name, at) in names {
        sums.0.entry((into, environment, code)).or_default().1 = Some(Newest { at, value: name });
    }
    let changed = sums.rows(conn)?;
    BALANCES.insert(conn, &changed, Existing::IsReplaced)?;
    let enrolled: Vec<(String, String, Option<Moment>, Moment)> = experiments::table
        .filter(experiments::customer_id.eq(from))
        .select((experiments::experiment_id, experiments::variant, experiments::enrolled_at, experiments::said_at))
        .load(conn)?;
    let keys: Vec<Row> = enrolled.iter().map(|(experiment, ..)| row![into, experiment]).collect();
    let own = enrolments(conn, &keys)?;
    let newer = enrolled.into_iter().filter(|(experiment, variant, at, said_at)| {
        let theirs = Newest { at: *said_at, value: Enrolled { variant: variant.clone(), at: *at } };
        own.get(&(into, experiment.clone())).is_none_or(|own| *own < theirs)
    });
    let rows: Vec<Row> =
        newer.map(|(experiment, variant, at, said_at)| row![into, experiment, variant, at, said_at]).collect();
    EXPERIMENTS.insert(conn, &rows, Existing::IsReplaced)?;
    Ok(())
}

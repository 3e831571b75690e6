//! How customers are known: the ids and names that lists and the header show, and the terms by which the search finds
//! them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use diesel::QueryResult;
use diesel::sql_types::{BigInt, Binary, SmallInt, Text};

use super::NewId;
use super::member::Member;
use super::record::Values;
use super::run::Prepared;
use super::waiting::Later;
use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, EventId, ProjectId};
use crate::base::{app_user_id::is_anonymous, lookup_key};
use crate::customers::search_terms::{TermKind, base_order, phone_digits};
use crate::db::Conn;
use crate::db::many::{self, Column, Existing, Inserts, Kind, Row, Table, row};
use crate::projection::NamedTransaction;

/// The attributes by which customers are known, with the kind of their terms.
const NAMING: [(&str, TermKind); 3] =
    [("$displayName", TermKind::Name), ("$email", TermKind::Email), ("$phoneNumber", TermKind::Phone)];

/// A term by which the search finds a customer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Term {
    customer: CustomerId,
    kind: TermKind,
    term: Vec<u8>,
    /// The number of the purchase whose transaction it is.
    purchase: EventId,
    /// When the first event named the transaction.
    since: Moment,
    /// What it stands for.
    value: String,
}

impl Term {
    fn new(customer: CustomerId, kind: TermKind, text: &str, value: &str) -> Option<Term> {
        let term = kind.folded(text);
        let new = || {
            let (purchase, since) = (NO_PURCHASE, Moment(0));
            Term { customer, kind, term: lookup_key(&term), purchase, since, value: value.to_owned() }
        };
        (!term.is_empty()).then(new)
    }

    /// The terms of a name, an address or a number.
    fn of_name(customer: CustomerId, kind: TermKind, value: &str) -> impl Iterator<Item = Term> {
        let digits = (kind == TermKind::Phone).then(|| phone_digits(value));
        let starts = value.match_indices(char::is_whitespace).take(5).filter(|_| kind == TermKind::Name);
        let parts = starts.map(|(start, _)| value.get(start..).unwrap_or("").to_owned());
        let texts: Vec<String> = std::iter::once(value.to_owned()).chain(digits).chain(parts).collect();
        texts.into_iter().filter_map(move |text| Term::new(customer, kind, &text, value))
    }

    fn of_transaction(customer: CustomerId, named: &NamedTransaction) -> impl Iterator<Item = Term> {
        let own = Term::new(customer, TermKind::Transaction, &named.id, &named.id);
        let order = base_order(&named.id).and_then(|base| Term::new(customer, TermKind::Order, base, base));
        own.into_iter().chain(order).map(|term| Term { purchase: named.purchase, since: named.at, ..term })
    }

    /// Which transaction of which purchase it names, and since when.
    fn naming(&self) -> (TermKind, &[u8], EventId, Moment) {
        (self.kind, &self.term, self.purchase, self.since)
    }

    fn key(&self, project: ProjectId) -> Row {
        row![project, self.term.clone(), i64::from(self.kind.number()), self.customer, self.purchase]
    }

    /// Whose term it is, and of which kind.
    pub(super) fn of(&self) -> (CustomerId, TermKind) {
        (self.customer, self.kind)
    }

    pub(super) fn row(&self, project: ProjectId) -> Row {
        let is_same = self.purchase != NO_PURCHASE && self.term == self.value.as_bytes();
        let value = if is_same { SAME } else { &self.value };
        self.key(project).into_iter().chain(row![self.since, value]).collect()
    }
}

/// How a term waits in memory: the term and its value, each with its length before it, then the numbers.
impl Term {
    pub(super) fn pack(&self, bytes: &mut Vec<u8>) {
        bytes.extend(length(&self.term));
        bytes.extend(&self.term);
        bytes.extend(length(self.value.as_bytes()));
        bytes.extend(self.value.as_bytes());
        bytes.extend(self.kind.number().to_le_bytes());
        [self.customer.0, self.purchase.0, self.since.millis()]
            .iter()
            .for_each(|number| bytes.extend(number.to_le_bytes()));
    }

    /// The bytes by which packed terms are sorted.
    pub(super) fn packed_key(mut bytes: &[u8]) -> Option<&[u8]> {
        text(&mut bytes)
    }

    pub(super) fn unpack(mut bytes: &[u8]) -> Option<Term> {
        let term = text(&mut bytes)?.to_vec();
        let value = String::from_utf8(text(&mut bytes)?.to_vec()).ok()?;
        let (kind, mut bytes) = bytes.split_first_chunk()?;
        let kind = TermKind::from_number(i16::from_le_bytes(*kind))?;
        let (customer, purchase) = (CustomerId(number(&mut bytes)?), EventId(number(&mut bytes)?));
        Some(Term { customer, kind, term, purchase, since: Moment(number(&mut bytes)?), value })
    }
}

#[cfg(test)]
impl Term {
    pub(super) fn of_test(
        (customer, kind): (CustomerId, TermKind),
        term: &[u8],
        (purchase, since): (EventId, Moment),
        value: &str,
    ) -> Term {
        Term { customer, kind, term: term.to_vec(), purchase, since, value: value.to_owned() }
    }
}

fn length(text: &[u8]) -> [u8; 4] {
    u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes()
}

fn text<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (text, rest) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
    *bytes = rest;
    Some(text)
}

fn number(bytes: &mut &[u8]) -> Option<i64> {
    let (number, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(i64::from_le_bytes(*number))
}

/// The stored value of a transaction that is the same as its term.
const SAME: &str = "";

/// The number of terms that are of no purchase.
const NO_PURCHASE: EventId = EventId(0);

impl Prepared {
    /// Takes what is shown of the ids of the customers who got any, before their rows are written.
    pub(super) fn take_ids(&mut self, conn: &mut Conn) -> QueryResult<Contacts> {
        let ids = self.ids_of_changed(conn)?;
        for (customer, ids) in &ids {
            let Some(member) = self.members.get_mut(customer) else { continue };
            let original = original(member, ids);
            member.columns.best = best(&original, ids);
            member.columns.original = original;
            member.columns.ids = i64::try_from(ids.len()).unwrap_or(i64::MAX);
        }
        Ok(Contacts { ids, names: Names::new() })
    }

    /// Takes the names that events give to new customers: nobody else has set any.
    pub(super) fn take_new_names(&mut self, contacts: &mut Contacts) {
        let mut names = Names::new();
        for customer in self.new.keys() {
            let attributes = self.records.get(customer).map(|record| &record.attributes);
            for (key, kind) in NAMING {
                let value = attributes.and_then(|all| all.get(key)).and_then(|value| value.value.clone());
                names.insert((*customer, kind), value);
            }
        }
        self.take_names(contacts, names);
    }

    /// Takes the names of customers who had a row: the values that were written, and those of others that are stored.
    pub(super) fn take_stored_names(
        &mut self,
        conn: &mut Conn,
        mut written: Values,
        contacts: &mut Contacts,
    ) -> QueryResult<()> {
        let (mut names, mut asked) = (Names::new(), Names::new());
        for (customer, member) in self.members.iter().filter(|(customer, member)| customer.0 > 0 && !member.is_new) {
            for (key, kind) in NAMING {
                match written.remove(&(*customer, key.to_owned())) {
                    Some(value) => names.insert((*customer, kind), value),
                    None if member.is_afresh => names.insert((*customer, kind), None),
                    None if member.is_renamed => asked.insert((*customer, kind), None),
                    None => None,
                };
            }
        }
        names.extend(stored_names(conn, asked)?);
        self.take_names(contacts, names);
        Ok(())
    }

    fn take_names(&mut self, contacts: &mut Contacts, names: Names) {
        for ((customer, kind), value) in &names {
            let Some(member) = self.members.get_mut(customer) else { continue };
            match kind {
                TermKind::Name => member.columns.display_name.clone_from(value),
                TermKind::Email => member.columns.email.clone_from(value),
                TermKind::AppUserId | TermKind::Transaction | TermKind::Order | TermKind::Phone => {}
            }
        }
        contacts.names.extend(names);
    }

    /// All ids of the customers whose ids, or the original one among them, may have changed; the earliest first.
    fn ids_of_changed(&self, conn: &mut Conn) -> QueryResult<BTreeMap<CustomerId, Vec<String>>> {
        let named = |member: &Member| member.progress.original.as_ref().map(|named| named.value.clone());
        let changed = |customer: &CustomerId, member: &Member| {
            let is_renamed = named(member).is_some_and(|named| named != member.columns.original);
            !member.is_new && (member.is_afresh || is_renamed || self.ids.contains_key(customer))
        };
        let stored = self.members.iter().filter(|(customer, member)| customer.0 > 0 && changed(customer, member));
        let keys: Vec<Row> = stored.map(|(customer, _)| row![*customer]).collect();
        const KEY: &[Column] = &[("customer_id", Kind::Integer)];
        type Columns = (BigInt, BigInt, Binary, Text);
        let columns = "customer_id, since, key, app_user_id";
        type Read = (CustomerId, Moment, Vec<u8>, String);
        let mut rows: BTreeSet<Read> =
            many::select::<Columns, Read>(conn, (columns, "app_user_ids"), KEY, &keys, "")?.into_iter().collect();
        for (customer, ids) in self.new.iter().chain(&self.ids) {
            let row = |id: &NewId| (*customer, id.since, lookup_key(&id.app_user_id), id.app_user_id.clone());
            rows.extend(ids.iter().map(row));
        }
        let mut ids: BTreeMap<CustomerId, Vec<String>> = BTreeMap::new();
        for (customer, _, _, id) in rows {
            ids.entry(customer).or_default().push(id);
        }
        Ok(ids)
    }

    /// The terms of the transactions that the events named, each with who has its purchase now.
    fn terms_of_transactions(&self) -> Vec<Term> {
        let holders = self.holders();
        let mut first: BTreeMap<(EventId, &str), &NamedTransaction> = BTreeMap::new();
        for named in self.folding.new_transactions() {
            let known = first.entry((named.purchase, &named.id)).or_insert(named);
            if named.at < known.at {
                *known = named;
            }
        }
        let of = |named: &NamedTransaction| {
            let holder = holders.get(&named.purchase).copied().filter(|holder| holder.0 > 0);
            holder.into_iter().flat_map(|holder| Term::of_transaction(holder, named)).collect::<Vec<_>>()
        };
        first.into_values().flat_map(of).collect()
    }

    /// Removes the terms of transactions that the events, applied again, named first and do not name any more, or at
    /// another time.
    pub(super) fn remove_terms(&self, conn: &mut Conn) -> QueryResult<()> {
        let named = self.terms_of_transactions();
        let named: HashSet<_> = named.iter().map(Term::naming).collect();
        let gone = self.terms.iter().filter(|term| !named.contains(&term.naming()));
        let gone: Vec<Row> = gone.map(|term| term.key(self.project)).collect();
        TERMS.delete(conn, &gone)?;
        Ok(())
    }

    /// Writes the search terms that are new, and removes those of customers derived afresh that do not follow any more. Where they
    /// may `wait`, those of new customers are returned.
    pub(super) fn write_terms(
        &self,
        conn: &mut Conn,
        contacts: &Contacts,
        inserts: &mut Inserts,
        wait: bool,
    ) -> QueryResult<Later> {
        let ids = contacts.ids.iter().flat_map(|(customer, ids)| ids.iter().map(move |id| (*customer, id)));
        let ids = ids.filter_map(|(customer, id)| Term::new(customer, TermKind::AppUserId, id, id));
        let names = contacts.names.iter().filter_map(|(of, value)| Some((of, value.as_ref()?)));
        let names = names.flat_map(|((customer, kind), value)| Term::of_name(*customer, *kind, value));
        let mut terms: BTreeSet<Term> = ids.chain(names).chain(self.terms_of_transactions()).collect();
        let is = |customer: &CustomerId, is: fn(&Member) -> bool| self.members.get(customer).is_some_and(is);
        let renamed =
            contacts.names.keys().filter(|(customer, _)| !is(customer, |member| member.is_new || member.is_afresh));
        let renamed: Vec<(CustomerId, TermKind)> = renamed.copied().collect();
        let outdated: Vec<Row> =
            renamed.iter().map(|(customer, kind)| row![*customer, i64::from(kind.number())]).collect();
        OF_KIND.delete(conn, &outdated)?;
        let afresh = self.members.keys().filter(|customer| customer.0 > 0 && is(customer, |member| member.is_afresh));
        let afresh: Vec<Row> = afresh.map(|customer| row![*customer]).collect();
        let before = terms_of(conn, &afresh)?;
        let gone: Vec<Row> = before.difference(&terms).map(|term| term.key(self.project)).collect();
        TERMS.delete(conn, &gone)?;
        terms.retain(|term| !before.contains(term));
        let (later, now): (Vec<Term>, Vec<Term>) =
            terms.into_iter().partition(|term| wait && is(&term.customer, |member| member.is_new));
        inserts.add(TERMS, now.iter().map(|term| term.row(self.project)).collect(), Existing::Stays);
        Ok(Later { terms: later, renamed })
    }
}

/// The ids and names of customers that may have changed.
pub(super) struct Contacts {
    ids: BTreeMap<CustomerId, Vec<String>>,
    names: Names,
}

/// The value of each attribute that names a customer.
type Names = BTreeMap<(CustomerId, TermKind), Option<String>>;

fn key_of(kind: TermKind) -> &'static str {
    NAMING.iter().find(|(_, of)| *of == kind).map_or("", |(key, _)| key)
}

fn stored_names(conn: &mut Conn, mut names: Names) -> QueryResult<Names> {
    let keys: Vec<Row> = names.keys().map(|(customer, kind)| row![*customer, key_of(*kind)]).collect();
    let found = crate::customers::attributes::queries::some(conn, &keys)?;
    for stored in found {
        let kind = NAMING.iter().find(|(key, _)| *key == stored.key).map(|(_, kind)| *kind);
        if let Some(kind) = kind {
            names.insert((stored.customer_id, kind), stored.set().map(str::to_owned));
        }
    }
    Ok(names)
}

/// The id that the newest event calls the original, if the customer has it; else the earliest one seen.
fn original(member: &Member, ids: &[String]) -> String {
    let named = member.progress.original.as_ref().map(|named| &named.value).filter(|named| ids.contains(named));
    named.or(ids.first()).cloned().unwrap_or_default()
}

/// The best id to show. Identified ids come before anonymous ones; among them the original first, else the earliest.
fn best(original: &str, ids: &[String]) -> String {
    let identified = ids.iter().map(String::as_str).find(|id| !is_anonymous(id));
    let best = if is_anonymous(original) { identified.unwrap_or(original) } else { original };
    best.to_owned()
}

pub(super) const TERMS: Table = Table {
    name: "search_terms",
    key: 5,
    columns: &[
        ("project_id", Kind::Integer),
        ("term", Kind::Bytes),
        ("kind", Kind::Integer),
        ("customer_id", Kind::Integer),
        ("purchase", Kind::Integer),
        ("since", Kind::Integer),
        ("value", Kind::Text),
    ],
};
const OF_KIND: Table =
    Table { name: "search_terms", key: 2, columns: &[("customer_id", Kind::Integer), ("kind", Kind::Integer)] };

type TermColumns = (BigInt, SmallInt, Binary, BigInt, BigInt, Text);
type TermRow = (CustomerId, TermKind, Vec<u8>, EventId, Moment, String);
const TERM: &str = "search_terms.customer_id, search_terms.kind, term, search_terms.purchase, since, value";

fn term((customer, kind, term, purchase, since, value): TermRow) -> Term {
    let value = value_of(&term, value);
    Term { customer, kind, term, purchase, since, value }
}

/// The value of a term, from what is stored of it.
pub fn value_of(term: &[u8], stored: String) -> String {
    if stored == SAME { String::from_utf8_lossy(term).into_owned() } else { stored }
}

fn terms_of(conn: &mut Conn, customers: &[Row]) -> QueryResult<BTreeSet<Term>> {
    const KEY: &[Column] = &[("customer_id", Kind::Integer)];
    let rows = many::select::<TermColumns, TermRow>(conn, (TERM, "search_terms"), KEY, customers, "")?;
    Ok(rows.into_iter().map(term).collect())
}

/// The terms of these customers, kinds and purchases that were first named after a time.
pub fn terms_since(conn: &mut Conn, keys: &[Row]) -> QueryResult<BTreeSet<Term>> {
    const KEY: &[Column] = &[
        ("customer_id", Kind::Integer),
        ("kind", Kind::Integer),
        ("purchase", Kind::Integer),
        ("after", Kind::Integer),
    ];
    let from = "given JOIN search_terms ON search_terms.customer_id = given.customer_id
        AND search_terms.kind = given.kind AND search_terms.purchase = given.purchase
        AND search_terms.since > given.after";
    Ok(many::joined::<TermColumns, TermRow>(conn, (TERM, from), KEY, keys)?.into_iter().map(term).collect())
}

/// Whether customers are known by this attribute.
pub fn is_naming(key: &str) -> bool {
    NAMING.iter().any(|(naming, _)| *naming == key)
}

/// After a change of attributes that name these customers: writes what lists show and the search finds. It reads nothing
/// of their events.
pub fn refresh_names(conn: &mut Conn, renamed: &BTreeSet<CustomerId>) -> QueryResult<()> {
    if renamed.is_empty() {
        return Ok(());
    }
    let all = renamed.iter().flat_map(|customer| NAMING.iter().map(|(_, kind)| ((*customer, *kind), None)));
    let names = stored_names(conn, all.collect())?;
    let value = |customer: &CustomerId, kind: TermKind| names.get(&(*customer, kind)).cloned().flatten();
    let shown =
        |customer: &CustomerId| row![*customer, value(customer, TermKind::Name), value(customer, TermKind::Email)];
    SHOWN.update(conn, &renamed.iter().map(shown).collect::<Vec<Row>>())?;
    let outdated: Vec<Row> = names.keys().map(|(customer, kind)| row![*customer, i64::from(kind.number())]).collect();
    OF_KIND.delete(conn, &outdated)?;
    let projects = projects_of(conn, renamed)?;
    let set = names.iter().filter_map(|(of, value)| Some((of, value.as_ref()?)));
    let terms: BTreeSet<Term> =
        set.flat_map(|((customer, kind), value)| Term::of_name(*customer, *kind, value)).collect();
    let row = |term: &Term| Some(term.row(*projects.get(&term.customer)?));
    TERMS.insert(conn, &terms.iter().filter_map(row).collect::<Vec<Row>>(), Existing::Stays)?;
    Ok(())
}

const SHOWN: Table = Table {
    name: "customers",
    key: 1,
    columns: &[("id", Kind::Integer), ("display_name", Kind::Text), ("email", Kind::Text)],
};

fn projects_of(conn: &mut Conn, customers: &BTreeSet<CustomerId>) -> QueryResult<HashMap<CustomerId, ProjectId>> {
    const KEY: &[Column] = &[("id", Kind::Integer)];
    let keys: Vec<Row> = customers.iter().map(|customer| row![*customer]).collect();
    let rows = many::select::<(BigInt, BigInt), (CustomerId, ProjectId)>(
        conn,
        ("id, project_id", "customers"),
        KEY,
        &keys,
        "",
    )?;
    Ok(rows.into_iter().collect())
}

//! Search terms of new customers that wait in memory during an import. They come in no order of theirs, so each would change a
//! page of the index of its own; sorted, many change the same page. Their customers are marked stale until the terms are
//! written, so that they are derived again if the import is interrupted.

use std::collections::{BTreeSet, HashSet};

use diesel::QueryResult;
use diesel::sql_types::BigInt;

use super::contact::{self, Term};
use crate::base::ids::{CustomerId, ProjectId};
use crate::customers::search_terms::TermKind;
use crate::db::Conn;
use crate::db::many::{self, Column, Existing, Inserts, Kind, Row, Table, row};

/// How many bytes of terms wait at most.
const MOST: usize = 12 << 20;
/// How many terms become rows at a time.
const ROWS: usize = 4_096;

/// What was not written with the state of customers.
#[derive(Debug, Default)]
pub struct Later {
    /// The terms of new customers.
    pub terms: Vec<Term>,
    /// The kinds of names of known customers whose terms were written now: terms that wait are out of date.
    pub renamed: Vec<(CustomerId, TermKind)>,
}

/// The terms that wait. Nobody else may change their customers meanwhile: on PostgreSQL none wait, and on SQLite none do any more
/// once another connection has written something. What else this process writes on the same connection is not noticed.
#[derive(Debug, Default)]
pub struct WaitingTerms {
    /// How the database was when the last transaction began.
    version: Option<i64>,
    /// Whether others write to it as well.
    is_shared: bool,
    terms: Packed,
    customers: BTreeSet<CustomerId>,
    renamed: HashSet<(CustomerId, TermKind)>,
}

impl WaitingTerms {
    /// Call this at the begin of each transaction. When somebody else wrote to the database since the last one, what waits is
    /// forgotten, because it may be out of date; the customers stay stale. Returns how many these are.
    pub fn begin(&mut self, conn: &mut Conn) -> QueryResult<usize> {
        let version = conn.data_version()?;
        let is_same = self.version.is_none() || self.version == version;
        self.version = version;
        self.is_shared = self.is_shared || version.is_none() || !is_same;
        Ok(if is_same { 0 } else { self.clear() })
    }

    /// Whether terms of new customers shall wait.
    pub fn may_wait(&self) -> bool {
        !self.is_shared
    }

    pub fn is_full(&self) -> bool {
        self.terms.bytes.len() >= MOST
    }

    /// Takes what was not written. The `new` customers have to be marked stale; the `stale` ones will be derived anyway.
    pub fn add(&mut self, later: Later, new: &BTreeSet<CustomerId>, stale: &BTreeSet<CustomerId>) {
        self.renamed.extend(later.renamed.into_iter().filter(|(customer, _)| self.customers.contains(customer)));
        later.terms.iter().for_each(|term| self.terms.push(term));
        self.customers.extend(new);
        for customer in stale {
            self.customers.remove(customer);
        }
    }

    /// Writes what waits, in its order, and takes the marks away. Call [`WaitingTerms::clear`] once that is committed.
    pub fn write(&mut self, conn: &mut Conn, project: ProjectId) -> QueryResult<()> {
        const STALE: Table = Table { name: "stale_customers", key: 1, columns: &[("customer_id", Kind::Integer)] };
        const KEY: &[Column] = STALE.columns;
        let marked: Vec<Row> = self.customers.iter().map(|customer| row![*customer]).collect();
        // Those who were merged meanwhile are gone.
        let left = many::select::<BigInt, CustomerId>(conn, ("customer_id", STALE.name), KEY, &marked, "")?;
        let left: HashSet<CustomerId> = left.into_iter().collect();
        self.terms.sort();
        let is_true = |term: &Term| {
            let (customer, kind) = term.of();
            left.contains(&customer) && !self.renamed.contains(&(customer, kind))
        };
        let mut terms = self.terms.iter().filter(is_true).peekable();
        while terms.peek().is_some() {
            let mut inserts = Inserts::in_pieces();
            let rows = terms.by_ref().take(ROWS).map(|term| term.row(project)).collect();
            inserts.add(contact::TERMS, rows, Existing::Stays);
            inserts.run(conn)?;
        }
        STALE.delete(conn, &marked)?;
        Ok(())
    }

    /// Forgets what waits. Returns of how many customers it was.
    pub fn clear(&mut self) -> usize {
        self.terms = Packed::default();
        self.renamed.clear();
        std::mem::take(&mut self.customers).len()
    }
}

/// Terms one behind the other, in a third of the memory that each would need by itself.
#[derive(Debug, Default)]
struct Packed {
    bytes: Vec<u8>,
    starts: Vec<usize>,
}

impl Packed {
    fn push(&mut self, term: &Term) {
        self.starts.push(self.bytes.len());
        term.pack(&mut self.bytes);
    }

    /// By the bytes of the terms, as the index has them.
    fn sort(&mut self) {
        let bytes = &self.bytes;
        self.starts.sort_unstable_by_key(|start| bytes.get(*start..).and_then(Term::packed_key));
    }

    fn iter(&self) -> impl Iterator<Item = Term> {
        self.starts.iter().filter_map(|start| Term::unpack(self.bytes.get(*start..)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Moment;
    use crate::base::ids::EventId;

    #[test]
    fn packed_terms_come_back_unchanged_and_sorted() {
        let term = |number: i64, text: &str, value: &str| {
            Term::of_test(
                (CustomerId(number), TermKind::Email),
                text.as_bytes(),
                (EventId(-number), Moment(number)),
                value,
            )
        };
        let all = [term(3, "b", "B"), term(1, "", ""), term(i64::MAX, "a\u{0}c", "\u{e9}"), term(2, "ab", "ab")];
        let mut packed = Packed::default();
        all.iter().for_each(|term| packed.push(term));
        packed.sort();
        let [b, empty, nul, ab] = all;
        assert_eq!(packed.iter().collect::<Vec<_>>(), [empty, nul, ab, b]);
    }
}

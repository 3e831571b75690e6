//! Looks up texts in the index of ids and in the index of terms.

use std::collections::{BTreeSet, HashMap};

use diesel::prelude::*;

use super::model::{Fit, Match, Query, best, key_range};
use super::pasted::{Piece, Sureness};
use crate::base::ids::{CustomerId, ProjectId};
use crate::base::lookup_key;
use crate::customers::search_terms::{TermKind, folded, folded_name};
use crate::customers::state::value_of;
use crate::db::Conn;
use crate::db::schema::{app_user_ids, search_terms};
use crate::operations::trail;

/// The exact matches that count, best first, and last those who had a purchase before. Runs at most two queries, and at most
/// five more for a purchase that moved.
pub fn exact(conn: &mut Conn, project: ProjectId, query: &Query) -> QueryResult<Vec<Match>> {
    if query.pieces.is_empty() {
        return Ok(Vec::new());
    }
    let mut matches = by_id(conn, project, &query.pieces)?;
    matches.extend(by_term(conn, project, &query.pieces)?);
    let mut matches = best(matches);
    let former = former_holders(conn, project, &matches)?;
    matches.extend(former);
    Ok(matches)
}

/// For each match of a transaction or an order those who had its purchase before. No query where there is none, and mostly
/// one: transfers are rare.
fn former_holders(conn: &mut Conn, project: ProjectId, matches: &[Match]) -> QueryResult<Vec<Match>> {
    let is_order = |one: &&Match| matches!(one.kind, TermKind::Transaction | TermKind::Order);
    let mut found: Vec<Match> = Vec::new();
    let mut seen: BTreeSet<CustomerId> = matches.iter().map(|one| one.customer).collect();
    for one in matches.iter().filter(is_order).take(MOST_ORDERS) {
        for (customer, until) in trail::former_holders(conn, project, one.customer, &one.value)? {
            if seen.insert(customer) {
                found.push(Match { customer, until: Some(until), ..one.clone() });
            }
        }
    }
    Ok(found)
}

/// Of so many orders it is looked up who had their purchases before.
const MOST_ORDERS: usize = 3;

/// All matches that count, best first, and whether the limit of `most` rows was reached. Runs at most three queries,
/// and a fourth for a name that is typed with accents.
pub fn find(conn: &mut Conn, project: ProjectId, query: &Query, most: i64) -> QueryResult<(Vec<Match>, bool)> {
    let mut matches = exact(conn, project, query)?;
    let is_picked = matches.first().is_some_and(|one| one.piece.sureness == Sureness::Named);
    let (Some(beginning), Some(whole), false) = (query.beginning(), query.pieces.first(), is_picked) else {
        return Ok((matches, false));
    };
    let (longer, mut is_cut) = by_beginning(conn, project, &beginning, whole, most, None)?;
    matches.extend(longer);
    let name = folded_name(&whole.text);
    if name != beginning && name.contains(char::is_alphabetic) {
        let (longer, are_cut) = by_beginning(conn, project, &name, whole, most, None)?;
        matches.extend(longer.into_iter().filter(|one| one.kind == TermKind::Name));
        is_cut |= are_cut;
    }
    Ok((best(matches), is_cut))
}

/// The matches while somebody types. They include those of `marked` customers, however many others there are. Runs at
/// most one query more than [`find`].
pub fn guess(
    conn: &mut Conn,
    project: ProjectId,
    query: &Query,
    most: i64,
    marked: &[CustomerId],
) -> QueryResult<Vec<Match>> {
    let (mut matches, is_cut) = find(conn, project, query, most)?;
    if let (Some(beginning), Some(whole), true) = (query.beginning(), query.pieces.first(), is_cut) {
        matches.extend(by_beginning(conn, project, &beginning, whole, MOST_ROWS, Some(marked))?.0);
    }
    Ok(best(matches))
}

/// How many rows of an index one query reads at most: a heavy buyer has thousands of orders that begin alike.
pub const MOST_ROWS: i64 = 500;

/// Matches of App User IDs that equal a piece.
fn by_id(conn: &mut Conn, project: ProjectId, pieces: &[Piece]) -> QueryResult<Vec<Match>> {
    let asked = keyed(pieces, lookup_key);
    let rows: Vec<(Vec<u8>, String, CustomerId)> = app_user_ids::table
        .filter(app_user_ids::project_id.eq(project).and(app_user_ids::key.eq_any(asked.keys())))
        .select((app_user_ids::key, app_user_ids::app_user_id, app_user_ids::customer_id))
        .load(conn)?;
    let found = rows.into_iter().filter_map(|(key, value, customer)| {
        let piece = Piece::clone(asked.get(&key)?);
        Some(Match { customer, kind: TermKind::AppUserId, value, fit: Fit::Is, piece, until: None })
    });
    Ok(found.collect())
}

/// A row of the index of terms.
#[derive(Queryable, Selectable)]
#[diesel(table_name = search_terms)]
struct Term {
    /// The key of the term.
    term: Vec<u8>,
    kind: TermKind,
    /// What the term was made of: see [`value_of`].
    value: String,
    customer_id: CustomerId,
}

/// Matches of ids, orders, addresses, numbers or names that equal a piece, ignoring case.
fn by_term(conn: &mut Conn, project: ProjectId, pieces: &[Piece]) -> QueryResult<Vec<Match>> {
    let asked = keyed(pieces, |text| lookup_key(&folded(text)));
    let names = keyed(pieces, |text| lookup_key(&folded_name(text)));
    let keys: BTreeSet<&Vec<u8>> = asked.keys().chain(names.keys()).collect();
    let rows: Vec<Term> = search_terms::table
        .filter(search_terms::project_id.eq(project).and(search_terms::term.eq_any(keys)))
        .select(Term::as_select())
        .limit(MOST_ROWS)
        .load(conn)?;
    let found = rows.into_iter().filter_map(|Term { term, kind, value, customer_id: customer }| {
        let asked = if kind == TermKind::Name { &names } else { &asked };
        let piece = Piece::clone(asked.get(&term)?);
        let value = value_of(&term, value);
        let fit = if is_whole(kind, &value, &piece.text) { Fit::Is } else { Fit::BeginsWith };
        Some(Match { customer, kind, value, fit, piece, until: None })
    });
    Ok(found.collect())
}

/// Matches of terms that begin with `beginning`, of all customers or only of those in `among`; and whether the limit
/// of `most` rows was reached.
fn by_beginning(
    conn: &mut Conn,
    project: ProjectId,
    beginning: &str,
    piece: &Piece,
    most: i64,
    among: Option<&[CustomerId]>,
) -> QueryResult<(Vec<Match>, bool)> {
    let (from, to) = key_range(beginning);
    let mut terms = search_terms::table
        .filter(search_terms::project_id.eq(project).and(search_terms::term.ge(&from)).and(search_terms::term.lt(&to)))
        .select(Term::as_select())
        .limit(most)
        .into_boxed();
    terms = match among {
        Some(some) => terms.filter(search_terms::customer_id.eq_any(some)),
        None => terms.order((search_terms::term, search_terms::kind, search_terms::customer_id)),
    };
    let rows: Vec<Term> = terms.load(conn)?;
    let is_cut = i64::try_from(rows.len()).is_ok_and(|rows| rows >= most);
    let whole = lookup_key(beginning);
    let found = rows.into_iter().map(|Term { term, kind, value, customer_id: customer }| {
        let value = value_of(&term, value);
        let fit = if term == whole && is_whole(kind, &value, beginning) { Fit::Is } else { Fit::BeginsWith };
        Match { customer, kind, value, fit, piece: piece.clone(), until: None }
    });
    Ok((found.filter(|one| has_beginning(one, &from, beginning)).collect(), is_cut))
}

/// Whether the term is the whole value. A name has a term for each of its words, from that word to the end of the
/// name; only the first of them is the whole name.
fn is_whole(kind: TermKind, value: &str, asked: &str) -> bool {
    kind != TermKind::Name || folded_name(value) == folded_name(asked)
}

/// Keys hold only the beginning of a long text, so the rest is compared here.
fn has_beginning(one: &Match, head: &[u8], beginning: &str) -> bool {
    head.len() == beginning.len() || one.kind.folded(&one.value).contains(beginning)
}

/// The pieces by their keys. Of two pieces with the same key, the first and so the surer one is kept.
fn keyed(pieces: &[Piece], key: impl Fn(&str) -> Vec<u8>) -> HashMap<Vec<u8>, &Piece> {
    let mut keyed = HashMap::new();
    for piece in pieces {
        keyed.entry(key(&piece.text)).or_insert(piece);
    }
    keyed
}

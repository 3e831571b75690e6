//! Looks texts up in the index of ids and in the index of terms.

use std::collections::HashMap;

use diesel::prelude::*;

use super::model::{Fit, Match, key_range};
use super::pasted::Piece;
use crate::customers::app_user_id::lookup_key;
use crate::customers::terms::{TermKind, folded};
use crate::db::Conn;
use crate::schema::{app_user_ids, search_terms};
use crate::state::CustomerId;

/// How many rows of an index one search reads at most: a heavy buyer has thousands of orders that begin alike.
pub const MOST_ROWS: i64 = 500;

/// Who has one of these very ids.
pub fn by_id(conn: &mut Conn, project: i64, pieces: &[Piece]) -> QueryResult<Vec<Match>> {
    let asked = keyed(pieces, |text| lookup_key(text));
    let rows: Vec<(Vec<u8>, String, CustomerId)> = app_user_ids::table
        .filter(app_user_ids::project_id.eq(project).and(app_user_ids::key.eq_any(asked.keys())))
        .select((app_user_ids::key, app_user_ids::app_user_id, app_user_ids::customer_id))
        .load(conn)?;
    let found = rows.into_iter().filter_map(|(key, value, customer)| {
        let piece = Piece::clone(asked.get(&key)?);
        Some(Match { customer, kind: TermKind::AppUserId, value, fit: Fit::Is, piece })
    });
    Ok(found.collect())
}

/// Who has one of these ids, orders, addresses, numbers or names, in any case.
pub fn by_term(conn: &mut Conn, project: i64, pieces: &[Piece]) -> QueryResult<Vec<Match>> {
    let asked = keyed(pieces, |text| lookup_key(&folded(text)));
    let rows: Vec<(Vec<u8>, String, String, CustomerId)> = search_terms::table
        .filter(search_terms::project_id.eq(project).and(search_terms::term.eq_any(asked.keys())))
        .select((search_terms::term, search_terms::kind, search_terms::value, search_terms::customer_id))
        .limit(MOST_ROWS)
        .load(conn)?;
    let found = rows.into_iter().filter_map(|(key, kind, value, customer)| {
        let piece = Piece::clone(asked.get(&key)?);
        Some(Match { customer, kind: TermKind::parse(&kind)?, value, fit: Fit::Is, piece })
    });
    Ok(found.collect())
}

/// Who has something that begins like this.
pub fn by_beginning(conn: &mut Conn, project: i64, beginning: &str, piece: &Piece) -> QueryResult<Vec<Match>> {
    let (from, to) = key_range(beginning);
    let rows: Vec<(Vec<u8>, String, String, CustomerId)> = search_terms::table
        .filter(search_terms::project_id.eq(project).and(search_terms::term.ge(&from)).and(search_terms::term.lt(&to)))
        .order((search_terms::project_id, search_terms::term, search_terms::kind, search_terms::customer_id))
        .select((search_terms::term, search_terms::kind, search_terms::value, search_terms::customer_id))
        .limit(MOST_ROWS)
        .load(conn)?;
    let whole = lookup_key(beginning);
    let found = rows.into_iter().filter_map(|(key, kind, value, customer)| {
        let fit = if key == whole { Fit::Is } else { Fit::BeginsWith };
        Some(Match { customer, kind: TermKind::parse(&kind)?, value, fit, piece: piece.clone() })
    });
    Ok(found.filter(|one| goes_on(one, &from, beginning)).collect())
}

/// Keys hold only the head of a long text: the rest is compared here.
fn goes_on(one: &Match, head: &[u8], beginning: &str) -> bool {
    head.len() == beginning.len() || folded(&one.value).contains(beginning)
}

/// The pieces by their keys; of two with the same key the surer one.
fn keyed(pieces: &[Piece], key: impl Fn(&str) -> Vec<u8>) -> HashMap<Vec<u8>, &Piece> {
    let mut keyed = HashMap::new();
    for piece in pieces {
        keyed.entry(key(&piece.text)).or_insert(piece);
    }
    keyed
}

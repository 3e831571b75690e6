//! Locks of customers on PostgreSQL, where several transactions write at the same time. Everybody locks in the order of the
//! ids. SQLite has one writer, and needs none.

use std::collections::BTreeSet;

use diesel::QueryResult;
use diesel::sql_types::BigInt;

use crate::base::ids::CustomerId;
use crate::db::many::{self, Column, Kind, Row, row};
use crate::db::{Conn, changed_meanwhile};

/// Locks customers until the transaction ends. Returns those who exist.
pub fn lock(conn: &mut Conn, customers: impl IntoIterator<Item = CustomerId>) -> QueryResult<Vec<CustomerId>> {
    let all: BTreeSet<CustomerId> = customers.into_iter().filter(|customer| customer.0 > 0).collect();
    let rows: Vec<Row> = all.into_iter().map(|customer| row![customer]).collect();
    const KEY: &[Column] = &[("id", Kind::Integer)];
    let order = match (conn.locks_rows(), conn.may_wait()) {
        (false, _) => "",
        (true, true) => "ORDER BY id FOR NO KEY UPDATE OF customers",
        (true, false) => "ORDER BY id FOR NO KEY UPDATE OF customers NOWAIT",
    };
    many::select::<BigInt, CustomerId>(conn, ("id", "customers"), KEY, &rows, order)
}

/// As [`lock`], for customers who were read before.
///
/// # Errors
/// One that means "try again", when one of them was merged into another or deleted while this transaction waited.
pub fn lock_all(conn: &mut Conn, customers: BTreeSet<CustomerId>) -> QueryResult<()> {
    let asked = customers.iter().filter(|customer| customer.0 > 0).count();
    match lock(conn, customers)?.len() == asked {
        true => Ok(()),
        false => Err(changed_meanwhile()),
    }
}

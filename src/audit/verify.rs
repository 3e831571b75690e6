//! Walks a project's chain from its first entry and finds the first that is not as it was written.

use diesel::prelude::*;

use super::Entry;
use super::entry::hash_of_details;
use crate::db::Conn;
use crate::schema::{audit_details, audit_entries, customers};

const CHUNK: i64 = 500;

/// A chain without a break.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Verified {
    pub entries: i64,
    /// Entries whose details went with their customer.
    pub erased: i64,
    /// The hash of the newest entry: noted elsewhere, it shows later that no entry was cut off the end.
    pub head: String,
}

/// The first entry that is not as it was written.
#[derive(Debug, PartialEq, Eq)]
pub struct Broken {
    pub position: i64,
    /// What is wrong, in words.
    pub why: &'static str,
}

/// An entry with the salt and the body of its details.
type Line = (Entry, Option<(String, String)>);

/// # Errors
/// What the database said. The inner result is the verdict.
pub fn verify(conn: &mut Conn, project: i64) -> QueryResult<Result<Verified, Broken>> {
    let mut verified = Verified::default();
    loop {
        let lines = lines_after(conn, project, verified.entries)?;
        if lines.is_empty() {
            return Ok(Ok(verified));
        }
        for (entry, details) in lines {
            // Blank ones named a customer beside their own who was erased.
            let is_blank = details.as_ref().is_some_and(|(salt, body)| salt.is_empty() && body.is_empty());
            let details = details.filter(|_| !is_blank);
            let is_gone = is_blank || (details.is_none() && !customer_exists(conn, &entry.subject)?);
            if let Err(why) = check(&entry, details, is_gone, &verified) {
                return Ok(Err(Broken { position: verified.entries + 1, why }));
            }
            verified.entries += 1;
            verified.erased += i64::from(is_gone);
            verified.head = entry.hash;
        }
    }
}

fn check(
    entry: &Entry,
    details: Option<(String, String)>,
    is_gone: bool,
    before: &Verified,
) -> Result<(), &'static str> {
    if entry.position != before.entries + 1 {
        return Err("it is missing");
    }
    if entry.previous_hash != before.head {
        return Err("it does not follow the entry before it");
    }
    if entry.hash != entry.hashed() {
        return Err("it was changed");
    }
    match details {
        Some((salt, body)) if hash_of_details(&salt, &body) != entry.details_hash => Err("its details were changed"),
        None if !is_gone => Err("its details are missing although its customer is still here"),
        _ => Ok(()),
    }
}

fn lines_after(conn: &mut Conn, project: i64, position: i64) -> QueryResult<Vec<Line>> {
    audit_entries::table
        .left_join(
            audit_details::table.on(audit_details::project_id
                .eq(audit_entries::project_id)
                .and(audit_details::position.eq(audit_entries::position))),
        )
        .filter(audit_entries::project_id.eq(project).and(audit_entries::position.gt(position)))
        .order(audit_entries::position.asc())
        .limit(CHUNK)
        .select((Entry::as_select(), (audit_details::salt, audit_details::body).nullable()))
        .load(conn)
}

/// Without a customer there is nobody whose erasure could have taken the details.
fn customer_exists(conn: &mut Conn, subject: &str) -> QueryResult<bool> {
    let Ok(customer) = subject.parse::<i64>() else { return Ok(true) };
    Ok(customers::table.find(customer).count().get_result::<i64>(conn)? > 0)
}

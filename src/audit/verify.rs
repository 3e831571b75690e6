//! Walks a project's chain from its first entry and finds the first that is not as it was written.

use diesel::prelude::*;

use super::Entry;
use super::entry::hash_of_details;
use super::line::is_blank;
use crate::clock::Moment;
use crate::db::Conn;
use crate::schema::{audit_details, audit_entries, customers};

const CHUNK: i64 = 500;

/// A chain without a break.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Verified {
    pub entries: i64,
    /// Entries whose details went with a customer.
    pub erased: i64,
    /// The hash of the newest entry: noted elsewhere, it shows later that no entry was cut off the end.
    pub head: String,
    /// Whether an entry has the hash that was asked for.
    pub has_sought: bool,
}

/// The first entry that is not as it was written.
#[derive(Debug, PartialEq, Eq)]
pub struct Broken {
    pub position: i64,
    /// What is wrong, in words.
    pub why: &'static str,
    /// The entry at which it shows: the next one where one is missing.
    pub found: i64,
    pub at: Moment,
    pub action: String,
}

/// Customer, salt and body.
type Details = (Option<i64>, String, String);
type Line = (Entry, Option<Details>);

/// Looks for an entry with the hash `sought` on the way.
///
/// # Errors
/// What the database said. The inner result is the verdict.
pub fn verify(conn: &mut Conn, project: i64, sought: &str) -> QueryResult<Result<Verified, Broken>> {
    let mut verified = Verified::default();
    loop {
        let lines = lines_after(conn, project, verified.entries)?;
        if lines.is_empty() {
            return Ok(Ok(verified));
        }
        for (entry, details) in lines {
            let details = details.filter(|(_, salt, body)| !is_blank(salt, body) || entry.subject.is_empty());
            if let Err(why) = follows(&entry, &verified).and(matches(conn, &entry, details.as_ref())?) {
                let (position, found) = (verified.entries + 1, entry.position);
                return Ok(Err(Broken { position, why, found, at: entry.at, action: entry.action }));
            }
            verified.entries += 1;
            verified.erased += i64::from(details.is_none());
            verified.has_sought |= entry.hash == sought;
            verified.head = entry.hash;
        }
    }
}

fn follows(entry: &Entry, before: &Verified) -> Result<(), &'static str> {
    if entry.position != before.entries + 1 {
        return Err("it is missing");
    }
    if entry.previous_hash != before.head {
        return Err("it does not follow the entry before it");
    }
    if entry.hash != entry.hashed() {
        return Err("it was changed");
    }
    Ok(())
}

/// Whether the details are those of the entry. They may be gone only where the customer is, or where they named another
/// one; they may be another customer's only where the two became one.
fn matches(conn: &mut Conn, entry: &Entry, details: Option<&Details>) -> QueryResult<Result<(), &'static str>> {
    let subject = entry.subject.parse::<i64>().ok();
    let Some((customer, salt, body)) = details else {
        let is_blank = has_row(conn, entry)?;
        return Ok(match subject {
            Some(subject) if is_blank || !customer_exists(conn, subject)? => Ok(()),
            _ => Err("its details are missing although nobody was erased"),
        });
    };
    if hash_of_details(salt, body) != entry.details_hash {
        return Ok(Err("its details were changed"));
    }
    Ok(match (subject, customer) {
        (subject, customer) if subject == *customer => Ok(()),
        (Some(subject), Some(_)) if !customer_exists(conn, subject)? => Ok(()),
        _ => Err("its details were given to another customer"),
    })
}

fn has_row(conn: &mut Conn, entry: &Entry) -> QueryResult<bool> {
    let row = audit_details::table.find((entry.project_id, entry.position));
    Ok(row.count().get_result::<i64>(conn)? > 0)
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
        .select((Entry::as_select(), (audit_details::customer_id, audit_details::salt, audit_details::body).nullable()))
        .load(conn)
}

fn customer_exists(conn: &mut Conn, customer: i64) -> QueryResult<bool> {
    Ok(customers::table.find(customer).count().get_result::<i64>(conn)? > 0)
}

//! Checks a project's chain from its first entry on, and finds the first entry that was changed or removed.

use diesel::prelude::*;

use super::entry::hash_of_details;
use super::line::is_blank;
use super::queries::is_about_people;
use super::{Action, Entry};
use crate::base::clock::Moment;
use crate::db::Conn;
use crate::db::schema::{audit_details, audit_entries, customers, deletion_jobs};

const CHUNK: i64 = 500;

/// A chain without a break.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Verified {
    pub entries: i64,
    /// Entries whose details were erased with somebody.
    pub erased: i64,
    /// The hash of the newest entry. If somebody keeps it elsewhere, it shows later whether entries were cut off the
    /// end.
    pub head: String,
}

/// The first entry that was changed or removed.
#[derive(Debug, PartialEq, Eq)]
pub struct Broken {
    pub position: i64,
    /// What is wrong, in words.
    pub why: &'static str,
    /// The entry at which the check failed: the next one when one is missing.
    pub found: i64,
    pub at: Moment,
    pub action: String,
}

/// Customer, salt and body.
type Details = (Option<i64>, String, String);
type Line = (Entry, Option<Details>);

/// Checks the whole chain of a project. The inner result is the verdict.
pub fn verify(conn: &mut Conn, project: i64) -> QueryResult<Result<Verified, Broken>> {
    let mut verified = Verified::default();
    let mut unexplained = None;
    let is_erasing = is_erasing_now(conn, project)?;
    loop {
        let lines = lines_after(conn, project, verified.entries)?;
        if lines.is_empty() {
            return Ok(unexplained.filter(|_| !is_erasing).map_or(Ok(verified), Err));
        }
        for (entry, details) in lines {
            let is_gone = details.as_ref().is_none_or(|(_, salt, body)| is_blank(salt, body));
            if erases(&entry.action) {
                unexplained = None;
            } else if is_gone && unexplained.is_none() {
                let (position, why) = (entry.position, "its details are gone although nobody was erased after it");
                let (at, action) = (entry.at, entry.action.clone());
                unexplained = Some(Broken { position, why, found: position, at, action });
            }
            if let Err(why) = follows(&entry, &verified).and(matches(conn, &entry, details)?) {
                let (position, found) = (verified.entries + 1, entry.position);
                return Ok(Err(Broken { position, why, found, at: entry.at, action: entry.action }));
            }
            verified.entries += 1;
            verified.erased += i64::from(is_gone);
            verified.head = entry.hash;
        }
    }
}

/// Whether an action erases somebody, and with them details of earlier entries.
fn erases(action: &str) -> bool {
    use Action::{CustomerBlocked, CustomerDeleted, MemberRemoved, TestAccountsDeleted};
    let ends = [CustomerBlocked, CustomerDeleted, MemberRemoved, TestAccountsDeleted];
    ends.iter().any(|end| end.name() == action)
}

/// Whether test accounts are being deleted. A job deletes a few at a time and appends its entry last.
fn is_erasing_now(conn: &mut Conn, project: i64) -> QueryResult<bool> {
    let open = deletion_jobs::project_id.eq(project).and(deletion_jobs::finished_at.is_null());
    Ok(deletion_jobs::table.filter(open).count().get_result::<i64>(conn)? > 0)
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

/// Whether the details belong to the entry. They may be missing only if the customer was erased, and blank only if they
/// may have named somebody who was erased. They may be another customer's only if the two were merged.
fn matches(conn: &mut Conn, entry: &Entry, details: Option<Details>) -> QueryResult<Result<(), &'static str>> {
    let subject = entry.subject.parse::<i64>().ok();
    Ok(match details {
        None if is_erased(conn, subject)? => Ok(()),
        None => Err("its details are missing although nobody was erased"),
        Some((_, salt, body)) if is_blank(&salt, &body) => match subject.is_some() || is_about_people(&entry.action) {
            true => Ok(()),
            false => Err("its details were taken away although nobody was erased"),
        },
        Some((_, salt, body)) if hash_of_details(&salt, &body) != entry.details_hash => Err("its details were changed"),
        Some((customer, ..)) if customer != subject && !is_erased(conn, subject)? => {
            Err("its details were given to another customer")
        }
        Some(_) => Ok(()),
    })
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

/// Whether the entry is about a customer who no longer exists.
fn is_erased(conn: &mut Conn, subject: Option<i64>) -> QueryResult<bool> {
    let Some(customer) = subject else { return Ok(false) };
    Ok(customers::table.find(customer).count().get_result::<i64>(conn)? == 0)
}

//! Checks a project's chain from its first entry to its newest, and finds the first entry that somebody changed or
//! removed.

use diesel::prelude::*;

use super::entry::hash_of_details;
use super::line::{StoredDetails, of_entry};
use super::queries::is_about_people;
use super::{Action, Entry};
use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, ProjectId};
use crate::db::Conn;
use crate::db::schema::{audit_details, audit_entries, customers, deletion_jobs};

/// The number of entries that one query loads.
const CHUNK: i64 = 500;

/// The result for a chain without a break.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// The number of all entries.
    pub entries: i64,
    /// The number of entries whose details were erased with a customer or a person.
    pub erased: i64,
    /// The hash of the newest entry; empty without entries. Whoever keeps it elsewhere can see later whether somebody
    /// cut entries off the end.
    pub head: String,
}

/// The first entry that somebody changed or removed.
#[derive(Debug, PartialEq, Eq)]
pub struct Broken {
    pub position: i64,
    /// What is wrong, as the end of a sentence about the entry: `it was changed`.
    pub why: &'static str,
    /// The position of the entry at which the check failed: if an entry is missing, the next one.
    pub found: i64,
    /// Time and action of the entry at `found`.
    pub at: Moment,
    pub action: String,
}

type Line = (Entry, Option<StoredDetails>);

/// Checks the whole chain of a project. The inner result is the verdict.
///
/// Details may be gone (missing or blank) only if a later entry erases somebody, or while a job deletes test accounts.
pub fn verify(conn: &mut Conn, project: ProjectId) -> QueryResult<Result<Verified, Broken>> {
    let mut verified = Verified::default();
    let mut unexplained = None;
    let is_erasing = is_erasing_now(conn, project)?;
    loop {
        let lines = lines_after(conn, project, verified.entries)?;
        if lines.is_empty() {
            return Ok(unexplained.filter(|_| !is_erasing).map_or(Ok(verified), Err));
        }
        for (entry, details) in lines {
            let is_gone = details.as_ref().is_none_or(StoredDetails::is_blank);
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

/// Whether an action erases somebody, together with the details of earlier entries about them.
fn erases(action: &str) -> bool {
    use Action::{CustomerBlocked, CustomerDeleted, MemberRemoved, TestAccountsDeleted};
    let erasing = [CustomerBlocked, CustomerDeleted, MemberRemoved, TestAccountsDeleted];
    erasing.iter().any(|known| known.name() == action)
}

/// Whether a job is deleting test accounts. It deletes a few at a time and appends its entry last, so details may be
/// gone before the entry exists.
fn is_erasing_now(conn: &mut Conn, project: ProjectId) -> QueryResult<bool> {
    let unfinished = deletion_jobs::project_id.eq(project).and(deletion_jobs::finished_at.is_null());
    Ok(deletion_jobs::table.filter(unfinished).count().get_result::<i64>(conn)? > 0)
}

/// Checks that the entry has the next position, names the hash of the entry before it, and has its own hash.
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

/// Checks that the details belong to the entry:
/// - They may be missing only if the customer was erased.
/// - They may be blank only if the entry is about a customer or a person, because those may have been erased.
/// - They may belong to another customer only if the entry's customer no longer exists, as after a merge.
fn matches(conn: &mut Conn, entry: &Entry, details: Option<StoredDetails>) -> QueryResult<Result<(), &'static str>> {
    let subject = entry.subject.parse::<CustomerId>().ok();
    Ok(match details {
        None if is_erased(conn, subject)? => Ok(()),
        None => Err("its details are missing although nobody was erased"),
        Some(stored) if stored.is_blank() => match subject.is_some() || is_about_people(&entry.action) {
            true => Ok(()),
            false => Err("its details were taken away although nobody was erased"),
        },
        Some(stored) if hash_of_details(&stored.salt, &stored.body) != entry.details_hash => {
            Err("its details were changed")
        }
        Some(stored) if stored.customer_id != subject && !is_erased(conn, subject)? => {
            Err("its details were given to another customer")
        }
        Some(_) => Ok(()),
    })
}

/// The next entries after a position, at most [`CHUNK`], in order.
fn lines_after(conn: &mut Conn, project: ProjectId, position: i64) -> QueryResult<Vec<Line>> {
    audit_entries::table
        .left_join(audit_details::table.on(of_entry()))
        .filter(audit_entries::project_id.eq(project).and(audit_entries::position.gt(position)))
        .order(audit_entries::position.asc())
        .limit(CHUNK)
        .select((Entry::as_select(), Option::<StoredDetails>::as_select()))
        .load(conn)
}

/// Whether the entry's subject is a customer who no longer exists.
fn is_erased(conn: &mut Conn, subject: Option<CustomerId>) -> QueryResult<bool> {
    let Some(customer) = subject else { return Ok(false) };
    Ok(customers::table.find(customer).count().get_result::<i64>(conn)? == 0)
}

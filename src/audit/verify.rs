//! Checks a project's chain from its first entry to its newest, and finds the first entry that somebody changed or
//! removed.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use super::entry::hash_of_details;
use super::line::{StoredDetails, of_entry};
use super::positions::Positions;
use super::queries::is_about_people;
use super::{Action, Entry, queries};
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
    /// How many of these an entry of an earlier version accounts for, which did not list them.
    pub unlisted: i64,
    /// How many of these belong to a deletion that is not done, whose entry is still to list them.
    pub unfinished: i64,
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
/// Details may be gone (missing or blank) only if a later entry lists their position. Entries of earlier versions list
/// nothing: one that erases somebody accounts for all details before it. While a job deletes test accounts, details may be
/// gone that its entry is going to list.
pub fn verify(conn: &mut Conn, project: ProjectId) -> QueryResult<Result<Verified, Broken>> {
    let mut checked = Checked::default();
    loop {
        let lines = lines_after(conn, project, checked.verified.entries)?;
        if lines.is_empty() {
            break;
        }
        for (entry, details) in lines {
            if let Err(why) = checked.take(conn, &entry, details)? {
                return Ok(Err(broken(checked.verified.entries + 1, why, &entry)));
            }
        }
    }
    if is_erasing_now(conn, project)? {
        checked.excuse_unlisted(&queries::erased(conn, project)?);
    }
    Ok(checked.verdict())
}

/// What is known after the entries so far.
#[derive(Default)]
struct Checked {
    verified: Verified,
    /// The entries whose details are gone, and that no later entry has accounted for yet.
    gone: BTreeMap<i64, Entry>,
    /// The positions for which only an entry without a list accounts.
    unlisted: BTreeSet<i64>,
    /// Whether an entry had a list. Then all after it have one.
    has_lists: bool,
}

impl Checked {
    /// Checks the next entry; the inner error is what is wrong with it.
    fn take(
        &mut self,
        conn: &mut Conn,
        entry: &Entry,
        details: Option<StoredDetails>,
    ) -> QueryResult<Result<(), &'static str>> {
        let is_gone = details.as_ref().is_none_or(StoredDetails::is_blank);
        let sound = follows(entry, &self.verified).and(matches(conn, entry, details)?);
        if let Err(why) = sound.and_then(|()| self.account(entry)) {
            return Ok(Err(why));
        }
        if is_gone {
            self.gone.insert(entry.position, entry.clone());
        }
        self.verified.entries += 1;
        self.verified.erased += i64::from(is_gone);
        self.verified.head.clone_from(&entry.hash);
        Ok(Ok(()))
    }

    /// Takes the details for which the entry accounts off the list of those that are gone.
    fn account(&mut self, entry: &Entry) -> Result<(), &'static str> {
        if let Some(list) = &entry.erases {
            let listed = Positions::parse(list, entry.position).ok_or("its list of erased entries cannot be read")?;
            self.has_lists = true;
            for position in listed.iter() {
                self.gone.remove(&position);
                self.unlisted.remove(&position);
            }
        } else if self.has_lists {
            return Err("it has no list of erased entries, unlike those before it");
        } else if Action::parse(&entry.action).is_some_and(Action::erases) {
            self.unlisted.extend(std::mem::take(&mut self.gone).into_keys());
        }
        Ok(())
    }

    /// Accounts for details that a deletion has erased which is not done.
    fn excuse_unlisted(&mut self, erased: &Positions) {
        let found = erased.iter().filter(|position| self.gone.remove(position).is_some()).count();
        self.verified.unfinished = number(found);
    }

    fn verdict(self) -> Result<Verified, Broken> {
        match self.gone.first_key_value() {
            None => Ok(Verified { unlisted: number(self.unlisted.len()), ..self.verified }),
            Some((position, entry)) => {
                Err(broken(*position, "its details are gone although no later entry erased them", entry))
            }
        }
    }
}

fn broken(position: i64, why: &'static str, found: &Entry) -> Broken {
    Broken { position, why, found: found.position, at: found.at, action: found.action.clone() }
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
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

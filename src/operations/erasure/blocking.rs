//! Blocking (§12.2): erases a customer and forbids all their ids, until they are unblocked.

use diesel::prelude::*;
use serde::Deserialize;

use super::{Erased, erase, queries};
use crate::base::AppUserId;
use crate::base::clock::Moment;
use crate::base::error::{Error, Refusal};
use crate::customers::{IdHasher, identity};
use crate::db::Conn;
use crate::db::schema::{blocked_customers, blocked_ids, tombstones};
use crate::projection::CustomerId;

/// How many customers of a project may be blocked at a time.
pub const MOST: i64 = 100;

/// A customer who is blocked.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Blocked {
    pub id: i64,
    /// The id by which they were blocked; the others are kept as hashes.
    pub app_user_id: String,
    /// How many ids are blocked with it.
    pub ids: i64,
    pub at: Moment,
    /// Events that came since.
    pub ignored: i64,
}

/// Why nobody was blocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// Not an id that can be blocked.
    Id(&'static str),
    Already,
    /// The project has as many as it may.
    Full,
}

impl Problem {
    /// For whoever wanted to block.
    pub fn sentence(self) -> String {
        match self {
            Problem::Id(why) => format!("This id cannot be blocked: it {why}."),
            Problem::Already => "This id is blocked already.".into(),
            Problem::Full => {
                format!("The project has {MOST} blocked customers, and more are not allowed. Unblock one first.")
            }
        }
    }
}

/// What was ticked to block one (§12.2).
#[derive(Debug, Deserialize)]
pub struct Ticked {
    /// That everything held is lost.
    pub lost: Option<String>,
    /// That nobody who pays is locked out.
    pub checked: Option<String>,
}

impl Ticked {
    /// # Errors
    /// A refusal beside the first box that is not ticked.
    pub fn check(&self) -> Result<(), Refusal> {
        match (&self.lost, &self.checked) {
            (None, _) => Err(Refusal::new("lost", "Tick this to go on: blocking deletes the customer.")),
            (_, None) => Err(Refusal::new("checked", "Tick this to go on: look at the purchases first.")),
            _ => Ok(()),
        }
    }
}

/// What blocking did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done {
    pub blocked: i64,
    /// The row of the customer who was erased for it; `None` when nobody had the id.
    pub customer: Option<CustomerId>,
    pub erased: Erased,
}

/// An id as it may be typed to block it: no spaces, no `/`.
///
/// # Errors
/// [`Problem::Id`]
pub fn parse(typed: &str) -> Result<AppUserId, Problem> {
    let typed = typed.trim();
    match AppUserId::parse(typed) {
        _ if typed.is_empty() => Err(Problem::Id("is empty")),
        _ if typed.contains(char::is_whitespace) => Err(Problem::Id("holds a space")),
        _ if typed.contains('/') => Err(Problem::Id("holds a “/”")),
        parsed => parsed.map_err(|why| Problem::Id(why.words())),
    }
}

/// Blocks an id with all others of its customer, who is erased. `id` names the new row.
///
/// # Errors
/// The inner result says why nobody was blocked.
pub fn block(
    conn: &mut Conn,
    project: i64,
    app_user_id: &AppUserId,
    (id, now): (i64, Moment),
) -> Result<Result<Done, Problem>, Error> {
    conn.lock_project(project)?;
    if find(conn, project, app_user_id.as_str())?.is_some() {
        return Ok(Err(Problem::Already));
    }
    if count(conn, project)? >= MOST {
        return Ok(Err(Problem::Full));
    }
    let hasher = IdHasher::make(conn, project)?;
    let customer = identity::find(conn, project, app_user_id.as_str())?;
    let ids = match customer {
        Some(customer) => queries::ids_of(conn, project, customer)?,
        None => vec![app_user_id.as_str().to_owned()],
    };
    insert(conn, &hasher, (project, id, now), app_user_id, &ids)?;
    let erased = erase(conn, project, &Vec::from_iter(customer), now)?;
    Ok(Ok(Done { blocked: id, customer, erased }))
}

fn insert(
    conn: &mut Conn,
    hasher: &IdHasher,
    (project, id, now): (i64, i64, Moment),
    app_user_id: &AppUserId,
    ids: &[String],
) -> QueryResult<()> {
    let row = (
        blocked_customers::project_id.eq(project),
        blocked_customers::id.eq(id),
        blocked_customers::app_user_id.eq(app_user_id.as_str()),
        blocked_customers::ids.eq(i64::try_from(ids.len()).unwrap_or(i64::MAX)),
        blocked_customers::blocked_at.eq(now),
        blocked_customers::ignored.eq(0),
    );
    diesel::insert_into(blocked_customers::table).values(row).execute(conn)?;
    for one in ids {
        let row = (
            blocked_ids::project_id.eq(project),
            blocked_ids::id_hash.eq(hasher.hash(one)),
            blocked_ids::blocked_id.eq(id),
        );
        diesel::insert_into(blocked_ids::table).values(row).execute(conn)?;
    }
    Ok(())
}

/// Lets the ids be used again. What happened up to now stays away: the customer begins anew. Returns whether there was
/// such a blocked customer.
pub fn unblock(conn: &mut Conn, project: i64, id: i64, now: Moment) -> QueryResult<bool> {
    let hashes: Vec<Vec<u8>> = blocked_ids::table
        .filter(blocked_ids::project_id.eq(project).and(blocked_ids::blocked_id.eq(id)))
        .select(blocked_ids::id_hash)
        .load(conn)?;
    for hash in hashes {
        queries::bury(conn, project, hash, now)?;
    }
    Ok(diesel::delete(blocked_customers::table.find((project, id))).execute(conn)? > 0)
}

/// The blocked customer of an id; `None` when it is not blocked.
pub fn find(conn: &mut Conn, project: i64, app_user_id: &str) -> QueryResult<Option<Blocked>> {
    let Some(hasher) = IdHasher::find(conn, project)? else { return Ok(None) };
    let of_id = blocked_ids::project_id.eq(project).and(blocked_ids::id_hash.eq(hasher.hash(app_user_id)));
    let id: Option<i64> = blocked_ids::table.filter(of_id).select(blocked_ids::blocked_id).first(conn).optional()?;
    match id {
        Some(id) => blocked_customers::table.find((project, id)).select(COLUMNS).first(conn).optional(),
        None => Ok(None),
    }
}

/// Everybody who is blocked, the newest first.
pub fn all(conn: &mut Conn, project: i64) -> QueryResult<Vec<Blocked>> {
    blocked_customers::table
        .filter(blocked_customers::project_id.eq(project))
        .order((blocked_customers::blocked_at.desc(), blocked_customers::id.desc()))
        .select(COLUMNS)
        .load(conn)
}

pub fn count(conn: &mut Conn, project: i64) -> QueryResult<i64> {
    blocked_customers::table.filter(blocked_customers::project_id.eq(project)).count().get_result(conn)
}

/// How many events came too late for customers who were erased.
pub fn count_late(conn: &mut Conn, project: i64) -> QueryResult<i64> {
    let counts: Vec<i64> = tombstones::table
        .filter(tombstones::project_id.eq(project).and(tombstones::late.gt(0)))
        .select(tombstones::late)
        .load(conn)?;
    Ok(counts.into_iter().sum())
}

type Columns = (
    blocked_customers::id,
    blocked_customers::app_user_id,
    blocked_customers::ids,
    blocked_customers::blocked_at,
    blocked_customers::ignored,
);

const COLUMNS: Columns = (
    blocked_customers::id,
    blocked_customers::app_user_id,
    blocked_customers::ids,
    blocked_customers::blocked_at,
    blocked_customers::ignored,
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_without_spaces_and_slashes_can_be_blocked() {
        assert_eq!(parse(" lena ").map(|id| id.as_str().to_owned()), Ok("lena".to_owned()));
        for (typed, why) in [
            ("", "is empty"),
            ("a b", "holds a space"),
            ("a/b", "holds a “/”"),
            ("null", "is a word apps send for nobody"),
        ] {
            assert_eq!(parse(typed), Err(Problem::Id(why)), "{typed}");
        }
    }
}

//! Blocking (§12.2): Dossier erases a customer and ignores events of all their ids until somebody unblocks them.

use diesel::prelude::*;
use serde::Deserialize;

use super::{Erased, erase, queries};
use crate::audit::Ctx;
use crate::base::AppUserId;
use crate::base::clock::Moment;
use crate::base::error::{Error, Refusal};
use crate::base::ids::{CustomerId, ProjectId, RowId};
use crate::customers::{IdHasher, Seen, identity};
use crate::db::Conn;
use crate::db::schema::{blocked_customers, blocked_ids, tombstones};

/// How many customers of a project may be blocked at a time.
pub const MOST: i64 = 100;

/// A customer who is blocked.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = blocked_customers)]
pub struct Blocked {
    pub id: RowId,
    /// The id that somebody blocked. Of the customer's other ids only hashes are stored.
    pub app_user_id: String,
    /// How many ids are blocked, this one included.
    pub ids: i64,
    #[diesel(column_name = blocked_at)]
    pub at: Moment,
    /// How many events arrived since then and were ignored.
    pub ignored: i64,
}

/// Why an id was not blocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// The id cannot be blocked; the text says why and follows the word “it”.
    Id(&'static str),
    Already,
    /// The project has [`MOST`] blocked customers.
    Full,
}

impl Problem {
    /// The reason as a sentence, for the person who wanted to block the id.
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

/// The boxes to tick in the form that blocks a customer (§12.2).
#[derive(Debug, Deserialize)]
pub struct Ticked {
    /// Confirms that all data of the customer is lost.
    pub lost: Option<String>,
    /// Confirms that no paying customer is locked out.
    pub checked: Option<String>,
}

impl Ticked {
    /// # Errors
    /// [`Refusal`] for the first box that is not ticked.
    pub fn check(&self) -> Result<(), Refusal> {
        match (&self.lost, &self.checked) {
            (None, _) => Err(Refusal::new("lost", "Tick this box to continue: blocking deletes the customer.")),
            (_, None) => Err(Refusal::new("checked", "Tick this box to continue: check the purchases first.")),
            _ => Ok(()),
        }
    }
}

/// The result of blocking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    pub blocked: RowId,
    /// The row of the erased customer; `None` when no customer had the id.
    pub customer: Option<CustomerId>,
    pub erased: Erased,
}

/// Reads an id that somebody typed to block it. White space at the ends is removed.
///
/// # Errors
/// [`Problem::Id`] when the id is empty, holds white space or a `/`, or cannot be an App User ID.
pub fn parse(typed: &str) -> Result<AppUserId, Problem> {
    let typed = typed.trim();
    match AppUserId::parse(typed) {
        _ if typed.is_empty() => Err(Problem::Id("is empty")),
        _ if typed.contains(char::is_whitespace) => Err(Problem::Id("holds a space")),
        _ if typed.contains('/') => Err(Problem::Id("holds a “/”")),
        parsed => parsed.map_err(|why| Problem::Id(why.words())),
    }
}

/// Whether an id can be blocked now.
///
/// # Errors
/// The inner result holds the [`Problem`] when it cannot.
pub fn may_block(conn: &mut Conn, project: ProjectId, app_user_id: &AppUserId) -> QueryResult<Result<(), Problem>> {
    if find(conn, project, app_user_id.as_str())?.is_some() {
        return Ok(Err(Problem::Already));
    }
    Ok(if count(conn, project)? >= MOST { Err(Problem::Full) } else { Ok(()) })
}

/// Blocks an id together with all other ids of its customer, and erases that customer.
///
/// # Errors
/// The inner result holds the [`Problem`] when nothing was blocked.
pub fn block(conn: &mut Conn, ctx: &Ctx, app_user_id: &AppUserId) -> Result<Result<Done, Problem>, Error> {
    let project = ctx.project;
    conn.lock_project(project)?;
    if let Err(problem) = may_block(conn, project, app_user_id)? {
        return Ok(Err(problem));
    }
    let hasher = IdHasher::make(conn, project)?;
    // An event of the id that comes now waits, and then finds it blocked.
    identity::lock_ids(conn, project, &[Seen { ids: vec![app_user_id.clone()], at: ctx.now }])?;
    let customer = identity::find(conn, project, app_user_id.as_str())?;
    let ids = match customer {
        Some(customer) => queries::ids_of(conn, project, customer)?,
        None => vec![app_user_id.as_str().to_owned()],
    };
    let blocked = insert(conn, ctx, &hasher, app_user_id, &ids)?;
    let erased = erase(conn, ctx, &Vec::from_iter(customer))?;
    Ok(Ok(Done { blocked, customer, erased }))
}

/// Returns the id of the new row.
fn insert(
    conn: &mut Conn,
    ctx: &Ctx,
    hasher: &IdHasher,
    app_user_id: &AppUserId,
    ids: &[String],
) -> QueryResult<RowId> {
    let (project, id) = (ctx.project, ctx.next_id());
    let row = (
        blocked_customers::project_id.eq(project),
        blocked_customers::id.eq(id),
        blocked_customers::app_user_id.eq(app_user_id.as_str()),
        blocked_customers::ids.eq(i64::try_from(ids.len()).unwrap_or(i64::MAX)),
        blocked_customers::blocked_at.eq(ctx.now),
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
    Ok(id)
}

/// Unblocks the ids of a blocked customer. Tombstones keep out events from before now, so the customer starts without
/// a history. Returns whether `id` was a blocked customer.
pub fn unblock(conn: &mut Conn, ctx: &Ctx, id: RowId) -> QueryResult<bool> {
    let project = ctx.project;
    let hashes: Vec<Vec<u8>> = blocked_ids::table
        .filter(blocked_ids::project_id.eq(project).and(blocked_ids::blocked_id.eq(id)))
        .select(blocked_ids::id_hash)
        .load(conn)?;
    for hash in hashes {
        queries::put_tombstone(conn, project, hash, ctx.now)?;
    }
    Ok(diesel::delete(blocked_customers::table.find((project, id))).execute(conn)? > 0)
}

/// The blocked customer who has this id; `None` when the id is not blocked.
pub fn find(conn: &mut Conn, project: ProjectId, app_user_id: &str) -> QueryResult<Option<Blocked>> {
    let Some(hasher) = IdHasher::find(conn, project)? else { return Ok(None) };
    let of_id = blocked_ids::project_id.eq(project).and(blocked_ids::id_hash.eq(hasher.hash(app_user_id)));
    let id: Option<RowId> = blocked_ids::table.filter(of_id).select(blocked_ids::blocked_id).first(conn).optional()?;
    match id {
        Some(id) => blocked_customers::table.find((project, id)).select(Blocked::as_select()).first(conn).optional(),
        None => Ok(None),
    }
}

/// All blocked customers of a project, the one blocked last first.
pub fn all(conn: &mut Conn, project: ProjectId) -> QueryResult<Vec<Blocked>> {
    blocked_customers::table
        .filter(blocked_customers::project_id.eq(project))
        .order((blocked_customers::blocked_at.desc(), blocked_customers::id.desc()))
        .select(Blocked::as_select())
        .load(conn)
}

pub fn count(conn: &mut Conn, project: ProjectId) -> QueryResult<i64> {
    blocked_customers::table.filter(blocked_customers::project_id.eq(project)).count().get_result(conn)
}

/// How many events arrived after their customer was erased, and were ignored.
pub fn count_late(conn: &mut Conn, project: ProjectId) -> QueryResult<i64> {
    let counts: Vec<i64> = tombstones::table
        .filter(tombstones::project_id.eq(project).and(tombstones::late.gt(0)))
        .select(tombstones::late)
        .load(conn)?;
    Ok(counts.into_iter().sum())
}

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
            ("null", "is a word that apps send when nobody is logged in"),
        ] {
            assert_eq!(parse(typed), Err(Problem::Id(why)), "{typed}");
        }
    }
}

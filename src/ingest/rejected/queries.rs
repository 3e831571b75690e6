//! Keeps rejected deliveries, drops the oldest, and finds those that may hold a name.

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::words;
use super::{DAYS, MOST, MOST_BYTES};
use crate::audit::Ctx;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::{ProjectId, RowId};
use crate::db::many::{Existing, Kind, Row, Table, row};
use crate::db::schema::{rejected_deliveries as rejected, rejected_words};
use crate::db::{Conn, Db};

/// How many bodies are in memory at a time, and how many deliveries one transaction drops.
const BATCH: i64 = 50;

const WORDS: Table = Table {
    name: "rejected_words",
    key: 3,
    columns: &[("project_id", Kind::Integer), ("word", Kind::Integer), ("delivery_id", Kind::Integer)],
};

/// Keeps a delivery that cannot be used, or not in full, with the reason. The oldest of the project go when there are too
/// many.
pub fn keep(conn: &mut Conn, ctx: &Ctx, at: Moment, reason: &str, body: &[u8]) -> QueryResult<()> {
    let (project, id) = (ctx.project, ctx.next_id::<RowId>());
    let words = words::hashes(&String::from_utf8_lossy(body));
    let row = (
        rejected::project_id.eq(project),
        rejected::id.eq(id),
        rejected::received_at.eq(at),
        rejected::bytes.eq(i64::try_from(body.len()).unwrap_or(i64::MAX)),
        rejected::has_words.eq(words.is_some()),
        rejected::reason.eq(reason),
        rejected::body.eq(body),
    );
    diesel::insert_into(rejected::table).values(row).execute(conn)?;
    let rows: Vec<Row> = words.into_iter().flatten().map(|word| row![project, word, id.0]).collect();
    WORDS.insert(conn, &rows, Existing::Fails)?;
    drop_beyond_limits(conn, project)
}

fn drop_beyond_limits(conn: &mut Conn, project: ProjectId) -> QueryResult<()> {
    let kept: Vec<(RowId, i64)> = rejected::table
        .filter(rejected::project_id.eq(project))
        .order(rejected::id.desc())
        .limit(i64::try_from(MOST).unwrap_or(i64::MAX).saturating_add(1))
        .select((rejected::id, rejected::bytes))
        .load(conn)?;
    let mut bytes = 0_i64;
    let first_too_many = (0..).zip(&kept).find_map(|(number, (id, own))| {
        bytes = bytes.saturating_add(*own);
        (number >= MOST || bytes > MOST_BYTES).then_some(*id)
    });
    let Some(first) = first_too_many else { return Ok(()) };
    let old = rejected::project_id.eq(project).and(rejected::id.le(first));
    diesel::delete(rejected::table.filter(old)).execute(conn).map(drop)
}

/// Drops the deliveries of all projects that are older than [`DAYS`]. Returns how many.
///
/// # Errors
/// When the database does not answer.
pub fn prune(db: &Db, now: Moment) -> Result<usize, Error> {
    let mut dropped = 0;
    loop {
        let some = db.write_here(|conn| drop_old(conn, now.plus_days(-DAYS)))?;
        dropped += some;
        if i64::try_from(some).unwrap_or(BATCH) < BATCH {
            return Ok(dropped);
        }
    }
}

fn drop_old(conn: &mut Conn, before: Moment) -> Result<usize, Error> {
    let old: Vec<(ProjectId, RowId)> = rejected::table
        .filter(rejected::received_at.lt(before))
        .select((rejected::project_id, rejected::id))
        .limit(BATCH)
        .load(conn)?;
    for delivery in &old {
        diesel::delete(rejected::table.find(*delivery)).execute(conn)?;
    }
    Ok(old.len())
}

/// A rejected delivery that holds a name.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = rejected)]
pub struct Naming {
    pub id: RowId,
    pub received_at: Moment,
    /// Why it was rejected.
    pub reason: String,
    pub body: Vec<u8>,
}

/// The deliveries of which `is_naming` is true, among those that hold the [`words::longest`] word of one of these names.
pub fn naming<'a>(
    conn: &mut Conn,
    project: ProjectId,
    names: impl Iterator<Item = &'a str>,
    is_naming: impl Fn(&str) -> bool,
) -> QueryResult<Vec<Naming>> {
    let mut found = Vec::new();
    let candidates: Vec<RowId> = candidates(conn, project, names)?.into_iter().collect();
    for some in candidates.chunks(usize::try_from(BATCH).unwrap_or(1)) {
        let of_some = rejected::project_id.eq(project).and(rejected::id.eq_any(some));
        let bodies: Vec<Naming> =
            rejected::table.filter(of_some).order(rejected::id).select(Naming::as_select()).load(conn)?;
        found.extend(bodies.into_iter().filter(|one| is_naming(&String::from_utf8_lossy(&one.body))));
    }
    Ok(found)
}

/// Those that hold a word, and those whose words are not stored. All of the project when a name consists of no word.
fn candidates<'a>(
    conn: &mut Conn,
    project: ProjectId,
    names: impl Iterator<Item = &'a str>,
) -> QueryResult<BTreeSet<RowId>> {
    let of_project = rejected::table.filter(rejected::project_id.eq(project)).select(rejected::id);
    let Some(words) = names.map(words::longest).collect::<Option<BTreeSet<i64>>>() else {
        return Ok(BTreeSet::from_iter(of_project.load::<RowId>(conn)?));
    };
    let mut found = BTreeSet::from_iter(of_project.filter(diesel::dsl::not(rejected::has_words)).load::<RowId>(conn)?);
    for word in words {
        let holding = rejected_words::project_id.eq(project).and(rejected_words::word.eq(word));
        found.extend(rejected_words::table.filter(holding).select(rejected_words::delivery_id).load::<RowId>(conn)?);
    }
    Ok(found)
}

/// Drops these deliveries.
pub fn remove(conn: &mut Conn, project: ProjectId, ids: impl Iterator<Item = RowId>) -> QueryResult<()> {
    let mut ids = ids;
    ids.try_for_each(|id| diesel::delete(rejected::table.find((project, id))).execute(conn).map(drop))
}

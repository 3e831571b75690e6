//! Finds the customers proven to be tests. The same query lists them and checks them again before they are deleted.

use std::collections::BTreeMap;

use diesel::dsl::{count_star, exists, not};
use diesel::prelude::*;

use super::{Bought, MOST, Pattern, Wanted};
use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, ProjectId, RowId};
use crate::base::lookup_key;
use crate::customers::Cursor;
use crate::db::Conn;
use crate::db::schema::*;
use crate::events::history::{ShownIn, Topic};
use crate::events::{Environment, EventType};
use crate::projection::Kind;

/// How many customers are read at once.
const CHUNK: usize = 500;
/// Lookup keys of all ids begin with the id itself, up to this many bytes.
const PLAIN: usize = 128;

/// A customer who meets the conditions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub id: CustomerId,
    pub app_user_id: String,
    pub active_at: Moment,
    pub events: i64,
    /// How many purchases they have; all are in the sandbox.
    pub purchases: i64,
    /// The id that matches the pattern; `None` without a pattern.
    pub fitting: Option<String>,
}

/// The next `limit` customers, the last active first, and the place after them; `None` when no more follow.
pub fn page(
    conn: &mut Conn,
    project: ProjectId,
    wanted: &Wanted,
    after: Option<Cursor>,
    limit: usize,
) -> QueryResult<(Vec<Candidate>, Option<Cursor>)> {
    let (mut found, mut place, mut is_over) = (Vec::new(), after, false);
    while found.len() <= limit && !is_over {
        let rows = rows(conn, project, wanted, None, place, CHUNK)?;
        is_over = rows.len() < CHUNK;
        place = rows.last().map(|row| Cursor { active_at: row.active_at, id: RowId(row.id.0) });
        found.extend(completed(conn, wanted, rows)?);
    }
    let has_more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().map(|last| Cursor { active_at: last.active_at, id: RowId(last.id.0) });
    Ok((found, last.filter(|_| has_more)))
}

/// All customers who meet the conditions, up to [`MOST`].
pub fn all(conn: &mut Conn, project: ProjectId, wanted: &Wanted) -> QueryResult<Vec<Candidate>> {
    Ok(page(conn, project, wanted, None, MOST)?.0)
}

/// Those of the `chosen` customers who still meet the conditions.
pub fn still(
    conn: &mut Conn,
    project: ProjectId,
    wanted: &Wanted,
    chosen: &[CustomerId],
) -> QueryResult<Vec<Candidate>> {
    let mut found = Vec::new();
    for chunk in chosen.chunks(CHUNK) {
        let rows = rows(conn, project, wanted, Some(chunk), None, CHUNK)?;
        found.extend(completed(conn, wanted, rows)?);
    }
    Ok(found)
}

/// A customer who may meet the conditions, without what only further queries can tell.
#[derive(Queryable, Selectable)]
#[diesel(table_name = customers)]
struct Row {
    id: CustomerId,
    best_app_user_id: String,
    active_at: Moment,
    events_count: i64,
}

fn rows(
    conn: &mut Conn,
    project: ProjectId,
    wanted: &Wanted,
    among: Option<&[CustomerId]>,
    after: Option<Cursor>,
    limit: usize,
) -> QueryResult<Vec<Row>> {
    let purchases_of = || purchases::table.filter(purchases::customer_id.eq(customers::id));
    let history_of = || history::table.filter(history::customer_id.eq(customers::id));
    // An unknown environment counts as sandbox, but it may be real money: nobody is deleted for a misspelt word.
    let is_unsure = purchases::body.like("%\"unknown_environment\":%");
    let is_real = purchases::environment.ne(Environment::Sandbox).or(purchases::kind.eq(Kind::Grant)).or(is_unsure);
    // An event that does not name the sandbox counts as production.
    let outside = || history_of().filter(history::environment.ne(ShownIn::Only(Environment::Sandbox)));
    let [money, access, trouble, identity, other] = Topic::ALL;
    let of_purchases = history::topic.eq(money).or(history::topic.eq(access)).or(history::topic.eq(trouble));
    let transfer = history::topic.eq(identity).and(history::kind.eq(i16::from(EventType::Transfer.number())));
    // An event of an unknown type might be about a purchase.
    let unknown = history::topic.eq(other).and(history::kind.ne(i16::from(EventType::ExperimentEnrollment.number())));
    let retained = retained_events::table.filter(retained_events::customer_id.eq(customers::id));
    let spent_nothing = customers::spent_micros.eq(0).and(customers::prices_missing.eq(0));
    let paid_nothing = customers::payments.eq(0).and(customers::refunds.eq(0));
    let bought_nothing = customers::is_subscriber.eq(false).and(customers::made_one_time.eq(false));
    let mut query = customers::table
        .filter(customers::project_id.eq(project).and(customers::granted_until.eq(i64::MIN)))
        .filter(spent_nothing.and(paid_nothing).and(bought_nothing))
        .filter(not(exists(purchases_of().filter(is_real).select(purchases::key))))
        .filter(not(exists(outside().filter(of_purchases.or(transfer).or(unknown)).select(history::event_id))))
        .filter(not(exists(retained.select(retained_events::event_id))))
        .select(Row::as_select())
        .order((customers::active_at.desc(), customers::id.desc()))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .into_boxed();
    let any_purchase = exists(purchases_of().select(purchases::key));
    query = match wanted.bought {
        Bought::Sandbox => query.filter(customers::made_sandbox.eq(true)).filter(any_purchase),
        Bought::Never => query.filter(customers::made_sandbox.eq(false)).filter(not(any_purchase)),
        Bought::Either => query,
    };
    if let Some(before) = wanted.before {
        query = query.filter(customers::active_at.lt(before));
    }
    if let Some(pattern) = &wanted.ids {
        let like = app_user_ids::app_user_id.like(pattern.like()).escape('\\');
        let (from, to) = keys_of(pattern);
        let near = app_user_ids::project_id.eq(project).and(app_user_ids::key.ge(from)).and(app_user_ids::key.lt(to));
        query = query
            .filter(customers::id.eq_any(app_user_ids::table.filter(near.and(like)).select(app_user_ids::customer_id)));
    }
    if let Some(among) = among {
        query = query.filter(customers::id.eq_any(among.to_vec()));
    }
    if let Some(after) = after {
        let is_older = customers::active_at.lt(after.active_at).or(customers::id.lt(after.id));
        query = query.filter(customers::active_at.le(after.active_at).and(is_older));
    }
    query.load(conn)
}

/// The range of lookup keys that contains all matching ids.
fn keys_of(pattern: &Pattern) -> (Vec<u8>, Vec<u8>) {
    let beginning = pattern.beginning().as_bytes();
    let from = lookup_key(pattern.beginning());
    let from = if beginning.len() > PLAIN { beginning.iter().take(PLAIN).copied().collect() } else { from };
    // No byte of a UTF-8 text is as great as 0xFF.
    let to = from.iter().copied().chain([0xFF]).collect();
    (from, to)
}

/// Adds what the rows lack. Drops customers whose ids [`Pattern::fits`] does not match, although `LIKE` does: no difference
/// between the two deletes somebody.
fn completed(conn: &mut Conn, wanted: &Wanted, rows: Vec<Row>) -> QueryResult<Vec<Candidate>> {
    let ids: Vec<CustomerId> = rows.iter().map(|row| row.id).collect();
    let counts: Vec<(CustomerId, i64)> = purchases::table
        .filter(purchases::customer_id.eq_any(&ids))
        .group_by(purchases::customer_id)
        .select((purchases::customer_id, count_star()))
        .load(conn)?;
    let counts: BTreeMap<CustomerId, i64> = counts.into_iter().collect();
    let fitting = match &wanted.ids {
        Some(pattern) => fitting(conn, pattern, &ids)?,
        None => BTreeMap::new(),
    };
    let candidate = |row: Row| Candidate {
        id: row.id,
        app_user_id: row.best_app_user_id,
        active_at: row.active_at,
        events: row.events_count,
        purchases: counts.get(&row.id).copied().unwrap_or(0),
        fitting: fitting.get(&row.id).cloned(),
    };
    let all = rows.into_iter().map(candidate);
    Ok(all.filter(|one| wanted.ids.is_none() || one.fitting.is_some()).collect())
}

/// The earliest matching id of each of these customers.
fn fitting(conn: &mut Conn, pattern: &Pattern, customers: &[CustomerId]) -> QueryResult<BTreeMap<CustomerId, String>> {
    let like = app_user_ids::app_user_id.like(pattern.like()).escape('\\');
    let ids: Vec<(CustomerId, String)> = app_user_ids::table
        .filter(app_user_ids::customer_id.eq_any(customers).and(like))
        .order((app_user_ids::since.desc(), app_user_ids::key))
        .select((app_user_ids::customer_id, app_user_ids::app_user_id))
        .load(conn)?;
    Ok(ids.into_iter().filter(|(_, id)| pattern.fits(id)).collect())
}

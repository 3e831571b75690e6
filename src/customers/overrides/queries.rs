//! The override of a customer, those in force in a project, and those whose end no event has recorded.

use diesel::prelude::*;

use super::current::Offering;
use super::model::{self, Cursor, End, Override};
use crate::base::Role;
use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, ProjectId};
use crate::db::Conn;
use crate::db::schema::{customers, offering_overrides, offerings, projects};
use crate::projection::Purchase;

pub fn find(conn: &mut Conn, customer: CustomerId) -> QueryResult<Option<Override>> {
    offering_overrides::table.find(customer).select(Override::as_select()).first(conn).optional()
}

/// Whether an offering of the project is the default, and whether it is archived; `None` when there is no such
/// offering.
pub fn sold(conn: &mut Conn, project: ProjectId, offering: &str) -> QueryResult<Option<(bool, bool)>> {
    // PostgreSQL rejects text that contains NUL, also in a query.
    if offering.contains('\0') {
        return Ok(None);
    }
    let own = offerings::project_id.eq(project).and(offerings::identifier.eq(offering));
    offerings::table.filter(own).select((offerings::is_default, offerings::is_archived)).first(conn).optional()
}

/// All offerings of a project, archived ones included: tens of them.
pub fn offerings_of(conn: &mut Conn, project: ProjectId) -> QueryResult<Vec<Offering>> {
    offerings::table
        .filter(offerings::project_id.eq(project))
        .order(offerings::identifier)
        .select(Offering::as_select())
        .load(conn)
}

/// Stores an override in place of the customer's present one.
pub fn put(conn: &mut Conn, set: &Override) -> QueryResult<()> {
    remove(conn, set.customer_id)?;
    diesel::insert_into(offering_overrides::table).values(set).execute(conn)?;
    Ok(())
}

pub fn remove(conn: &mut Conn, customer: CustomerId) -> QueryResult<()> {
    diesel::delete(offering_overrides::table.find(customer)).execute(conn)?;
    Ok(())
}

/// The next overrides of a project that are not over: soonest end first, those without one last. At most two queries,
/// each a range of the index.
pub fn in_force(
    conn: &mut Conn,
    project: ProjectId,
    now: Moment,
    after: Option<Cursor>,
    most: i64,
) -> QueryResult<Vec<Override>> {
    let mut found = match after {
        Some(Cursor { until: None, .. }) => Vec::new(),
        after => ending(conn, project, now, after, most)?,
    };
    let left = most - i64::try_from(found.len()).unwrap_or(most);
    if left > 0 {
        let after = after.filter(|after| after.until.is_none());
        found.extend(endless(conn, project, after, left)?);
    }
    Ok(found)
}

fn ending(
    conn: &mut Conn,
    project: ProjectId,
    now: Moment,
    after: Option<Cursor>,
    most: i64,
) -> QueryResult<Vec<Override>> {
    let (until, set_at) = (offering_overrides::until, offering_overrides::set_at);
    let mut query = offering_overrides::table
        .filter(offering_overrides::project_id.eq(project).and(until.gt(now)))
        .order((until, set_at, offering_overrides::customer_id))
        .select(Override::as_select())
        .limit(most)
        .into_boxed();
    if let Some((Cursor { set_at: at, customer, .. }, end)) = after.and_then(|after| Some((after, after.until?))) {
        let later = set_at.gt(at).or(set_at.eq(at).and(offering_overrides::customer_id.gt(customer)));
        query = query.filter(until.ge(end)).filter(until.gt(end).or(later.nullable()));
    }
    query.load(conn)
}

fn endless(conn: &mut Conn, project: ProjectId, after: Option<Cursor>, most: i64) -> QueryResult<Vec<Override>> {
    let set_at = offering_overrides::set_at;
    let mut query = offering_overrides::table
        .filter(offering_overrides::project_id.eq(project).and(offering_overrides::until.is_null()))
        // `until` is null in all rows. With it in front, both databases read the order from the index.
        .order((offering_overrides::until, set_at, offering_overrides::customer_id))
        .select(Override::as_select())
        .limit(most)
        .into_boxed();
    if let Some(Cursor { set_at: at, customer, .. }) = after {
        query = query.filter(set_at.ge(at).and(set_at.gt(at).or(offering_overrides::customer_id.gt(customer))));
    }
    query.load(conn)
}

/// The next overrides that are over and whose end no event has recorded, after the place `after`.
pub fn ended(conn: &mut Conn, now: Moment, after: &End, most: i64) -> QueryResult<Vec<End>> {
    let (until, customer) = (offering_overrides::until, offering_overrides::customer_id);
    offering_overrides::table
        .filter(offering_overrides::is_end_recorded.eq(false))
        .filter(until.le(now).and(until.ge(after.at)))
        .filter(until.gt(after.at).or(customer.gt(after.customer).nullable()))
        .order((until, customer))
        .limit(most)
        .select(End::as_select())
        .load(conn)
}

/// Marks an end as recorded and returns the override: the caller records the end, and no other caller gets it. `None`
/// when the override is not over or another process has taken its end.
pub fn take_end(conn: &mut Conn, customer: CustomerId, now: Moment) -> QueryResult<Option<Override>> {
    let over = offering_overrides::is_end_recorded.eq(false).and(offering_overrides::until.le(now));
    let taken = diesel::update(offering_overrides::table.find(customer).filter(over))
        .set(offering_overrides::is_end_recorded.eq(true))
        .execute(conn)?;
    if taken > 0 { find(conn, customer) } else { Ok(None) }
}

/// Whether somebody of this role may change the offering of a customer (§8).
pub fn may_change(conn: &mut Conn, project: ProjectId, customer: CustomerId, role: Role) -> QueryResult<bool> {
    let tests_only = restricts_developers(conn, project)?;
    let best: Option<String> = customers::table.find(customer).select(customers::status_purchase).first(conn)?;
    Ok(model::may_change(role, tests_only, best.as_deref().and_then(Purchase::stored).as_ref()))
}

/// Whether developers of the project may change the offering of test customers only.
pub fn restricts_developers(conn: &mut Conn, project: ProjectId) -> QueryResult<bool> {
    projects::table.find(project).select(projects::overrides_only_tests).first(conn)
}

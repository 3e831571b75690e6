//! The rows of a list. Each list is a range of one index, read from a row onwards, or read whole when it is short.

use diesel::prelude::*;

use super::model::{List, Position};
use crate::auth::Member;
use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, PersonId, ProjectId, RowId};
use crate::customers::Cursor;
use crate::db::Conn;
use crate::db::schema::{customers, test_customers};
use crate::pages::directory::overview::{self, Row};

/// A list of at most this many customers is read whole and sorted here. When few customers of a project match, a walk
/// in the order of time would pass over nearly all the others to find them.
const FEW: i64 = 1_000;

/// The project whose lists are read, and the person who reads them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reader {
    pub project: ProjectId,
    pub person: PersonId,
}

impl Reader {
    pub fn new(member: &Member) -> Reader {
        Reader { project: member.project.id, person: member.person.id }
    }
}

/// Up to `limit` rows: newest first from the top or after a row, oldest first before a row.
pub fn rows(
    conn: &mut Conn,
    reader: Reader,
    list: List,
    place: Position,
    now: Moment,
    limit: usize,
) -> QueryResult<Vec<Row>> {
    match few(conn, reader, list, now)? {
        Some(all) => chosen(conn, all, place, limit),
        None => walked(conn, reader, list, place, now, limit),
    }
}

/// All customers of a list that depends on the end of access or on marks, if they are few; `None` otherwise.
fn few(
    conn: &mut Conn,
    Reader { project, person }: Reader,
    list: List,
    now: Moment,
) -> QueryResult<Option<Vec<Cursor>>> {
    let now = now.millis();
    let by_end = customers::table
        .filter(customers::project_id.eq(project))
        .select((customers::active_at, customers::id))
        .limit(FEW + 1);
    let found: Vec<(Moment, RowId)> = match list {
        List::Active => {
            by_end.filter(customers::subscribed_until.gt(now).and(customers::granted_until.le(now))).load(conn)?
        }
        // A customer who never subscribed has the smallest number there.
        List::Expired => by_end
            .filter(customers::subscribed_until.gt(i64::MIN).and(customers::subscribed_until.le(now)))
            .load(conn)?,
        List::Mine => test_customers::table
            .inner_join(customers::table.on(customers::id.eq(test_customers::customer_id)))
            .filter(test_customers::person_id.eq(person).and(customers::project_id.eq(project)))
            .select((customers::active_at, customers::id))
            .limit(FEW + 1)
            .load(conn)?,
        List::All | List::OneTime | List::Sandbox => return Ok(None),
    };
    let are_few = i64::try_from(found.len()).is_ok_and(|found| found <= FEW);
    Ok(are_few.then(|| found.into_iter().map(|(active_at, id)| Cursor { active_at, id }).collect()))
}

/// The rows of these customers at this position, in its order.
fn chosen(conn: &mut Conn, mut all: Vec<Cursor>, place: Position, limit: usize) -> QueryResult<Vec<Row>> {
    let time = |one: &Cursor| (one.active_at, one.id);
    all.sort_unstable_by_key(|one| std::cmp::Reverse(time(one)));
    match place {
        Position::Top => {}
        Position::After(row) => all.retain(|one| time(one) < time(&row)),
        Position::Before(row) => {
            all.retain(|one| time(one) > time(&row));
            all.reverse();
        }
    }
    all.truncate(limit);
    let ids: Vec<CustomerId> = all.iter().map(|one| CustomerId(one.id.0)).collect();
    let mut rows = overview::rows_of(conn, &ids)?;
    rows.sort_by_cached_key(|row| ids.iter().position(|id| *id == row.id));
    Ok(rows)
}

fn walked(
    conn: &mut Conn,
    Reader { project, person }: Reader,
    list: List,
    place: Position,
    now: Moment,
    limit: usize,
) -> QueryResult<Vec<Row>> {
    let mut query = customers::table
        .filter(customers::project_id.eq(project))
        .select(Row::as_select())
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .into_boxed();
    let subscriber = customers::is_subscriber.eq(true);
    // Adding 0 keeps the databases from using the index of ends, after which they would have to sort all rows.
    let until = customers::subscribed_until + 0;
    query = match list {
        List::All => query,
        List::Active => {
            let is_active = until.gt(now).and(customers::granted_until.le(now));
            query.filter(subscriber.and(is_active))
        }
        List::Expired => query.filter(subscriber.and(until.le(now))),
        List::OneTime => query.filter(customers::made_one_time.eq(true)),
        List::Sandbox => query.filter(customers::made_sandbox.eq(true)),
        List::Mine => {
            let mine = test_customers::table.filter(test_customers::person_id.eq(person));
            query.filter(customers::id.eq_any(mine.select(test_customers::customer_id)))
        }
    };
    // A bound on the first column alone lets both databases start at the row instead of at the end of the index.
    query = match place {
        Position::Top => query,
        Position::After(row) => {
            let is_older = customers::active_at.lt(row.active_at).or(customers::id.lt(row.id));
            query.filter(customers::active_at.le(row.active_at).and(is_older))
        }
        Position::Before(row) => {
            let is_newer = customers::active_at.gt(row.active_at).or(customers::id.gt(row.id));
            query.filter(customers::active_at.ge(row.active_at).and(is_newer))
        }
    };
    match place {
        Position::Before(_) => query.order((customers::active_at.asc(), customers::id.asc())).load(conn),
        Position::Top | Position::After(_) => {
            query.order((customers::active_at.desc(), customers::id.desc())).load(conn)
        }
    }
}

/// Whether the project has any customer.
pub fn has_any(conn: &mut Conn, project: ProjectId) -> QueryResult<bool> {
    let first: Option<CustomerId> = customers::table
        .filter(customers::project_id.eq(project))
        .order((customers::active_at.desc(), customers::id.desc()))
        .select(customers::id)
        .first(conn)
        .optional()?;
    Ok(first.is_some())
}

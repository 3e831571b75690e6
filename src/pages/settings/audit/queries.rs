//! Entries of the audit log, newest first. Each page is a range of an index.

use diesel::prelude::*;

use super::model::{Chosen, Who};
use crate::audit::{ActorKind, Line, Row, of_entry};
use crate::base::ids::{CustomerId, PersonId, ProjectId};
use crate::customers::Cursor;
use crate::db::Conn;
use crate::db::schema::{audit_details, audit_entries, memberships, people};
use crate::pages::directory::lists::Position;

/// Only this many entries of one customer are searched, the newest ones.
const OF_A_CUSTOMER: i64 = 10_000;

/// Up to `limit` entries: newest first from the top or after an entry, oldest first before an entry.
pub fn lines(
    conn: &mut Conn,
    project: ProjectId,
    chosen: &Chosen,
    place: Position,
    limit: usize,
) -> QueryResult<Vec<Line>> {
    let mut query = audit_entries::table
        .left_join(audit_details::table.on(of_entry()))
        .left_join(people::table.on(people::id.nullable().eq(audit_entries::actor_id)))
        .filter(audit_entries::project_id.eq(project))
        .select(Row::as_select())
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .into_boxed();
    if let Some(customer) = chosen.customer {
        query = query.filter(audit_entries::position.eq_any(positions_of(conn, customer)?));
    }
    query = match chosen.who {
        Some(Who::Person(id)) => {
            let person = ActorKind::Person;
            query.filter(audit_entries::actor_kind.eq(person).and(audit_entries::actor_id.eq(id)))
        }
        Some(Who::Other(kind)) => {
            let of_kind = query.filter(audit_entries::actor_kind.eq(kind));
            // All API keys are one choice; the other kinds have no ids.
            if kind == ActorKind::ApiKey { of_kind } else { of_kind.filter(audit_entries::actor_id.is_null()) }
        }
        None => query,
    };
    if let Some(action) = chosen.action {
        query = query.filter(audit_entries::action.eq(action));
    }
    if let Some(since) = chosen.since {
        query = query.filter(audit_entries::at.ge(since));
    }
    if let Some(until) = chosen.until {
        query = query.filter(audit_entries::at.lt(until));
    }
    // A bound on the time alone lets both databases start at this place of the index.
    query = match place {
        Position::Top => query,
        Position::After(Cursor { active_at: at, id }) => {
            let is_older = audit_entries::at.lt(at).or(audit_entries::position.lt(id));
            query.filter(audit_entries::at.le(at).and(is_older))
        }
        Position::Before(Cursor { active_at: at, id }) => {
            let is_newer = audit_entries::at.gt(at).or(audit_entries::position.gt(id));
            query.filter(audit_entries::at.ge(at).and(is_newer))
        }
    };
    let rows: Vec<Row> = match place {
        Position::Before(_) => query.order((audit_entries::at.asc(), audit_entries::position.asc())).load(conn)?,
        Position::Top | Position::After(_) => {
            query.order((audit_entries::at.desc(), audit_entries::position.desc())).load(conn)?
        }
    };
    Ok(rows.into_iter().map(Line::new).collect())
}

fn positions_of(conn: &mut Conn, customer: CustomerId) -> QueryResult<Vec<i64>> {
    audit_details::table
        .filter(audit_details::customer_id.eq(customer))
        .order(audit_details::position.desc())
        .select(audit_details::position)
        .limit(OF_A_CUSTOMER)
        .load(conn)
}

/// The members of a project, sorted by name.
pub fn members(conn: &mut Conn, project: ProjectId) -> QueryResult<Vec<(PersonId, String)>> {
    let mut members: Vec<(PersonId, String)> = memberships::table
        .inner_join(people::table.on(people::id.eq(memberships::person_id)))
        .filter(memberships::project_id.eq(project))
        .select((people::id, people::name))
        .load(conn)?;
    members.sort_by_cached_key(|(id, name)| (name.to_lowercase(), *id));
    Ok(members)
}

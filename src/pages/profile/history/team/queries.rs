//! Loads the entries of the audit log that are about a customer, by their place in the log.

use diesel::prelude::*;

use crate::audit::{Action, Line, Row, of_entry};
use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, EventId};
use crate::db::Conn;
use crate::db::schema::{audit_details, audit_entries, people};
use crate::pages::profile::history::queries::PAGE;
use crate::pages::profile::history::{Cursor, Query};

/// One page of entries, newest first, and whether there are more on either side.
#[derive(Debug, Default)]
pub struct Page {
    pub lines: Vec<Line>,
    pub has_newer: bool,
    pub has_older: bool,
}

impl Page {
    /// The place of a line, in the form that addresses use for the history.
    pub fn place(line: &Line) -> Cursor {
        Cursor { timeline_at: line.entry.at, event_at: line.entry.at, tie: 0, event: EventId(line.entry.position) }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Towards {
    Older,
    Newer,
}

/// The entries about changes of the customer's balances at these instants.
pub fn balances_changed(conn: &mut Conn, customer: CustomerId, at: &[Moment]) -> QueryResult<Vec<Line>> {
    let rows: Vec<Row> = audit_details::table
        .inner_join(audit_entries::table.on(of_entry()))
        .left_join(people::table.on(people::id.nullable().eq(audit_entries::actor_id)))
        .filter(audit_details::customer_id.eq(customer).and(audit_entries::at.eq_any(at)))
        .filter(audit_entries::action.eq(Action::BalanceUpdated.name()))
        .select(Row::as_select())
        .load(conn)?;
    Ok(rows.into_iter().map(Line::new).collect())
}

/// The page that the query asks for, of the entries until a moment.
pub fn page(conn: &mut Conn, customer: CustomerId, until: Option<Moment>, query: &Query) -> QueryResult<Page> {
    let of = (customer, until);
    match (query.before, query.after) {
        (Some(place), _) => before(conn, of, place),
        (None, Some(place)) => after(conn, of, place),
        (None, None) => before(conn, of, Cursor::TOP),
    }
}

/// Whose entries, and until when.
type Of = (CustomerId, Option<Moment>);

fn before(conn: &mut Conn, of: Of, place: Cursor) -> QueryResult<Page> {
    let mut lines = nearest(conn, of, place.event.0, Towards::Older, PAGE + 1)?;
    let has_older = lines.len() > PAGE;
    lines.truncate(PAGE);
    let is_below_some = place != Cursor::TOP && has(conn, of, place.below(), Towards::Newer)?;
    Ok(Page { lines, has_newer: is_below_some, has_older })
}

/// The page above a place. If less than a full page is left above it, the first page is returned instead.
fn after(conn: &mut Conn, of: Of, place: Cursor) -> QueryResult<Page> {
    let mut lines = nearest(conn, of, place.event.0, Towards::Newer, PAGE + 1)?;
    if lines.len() <= PAGE {
        return before(conn, of, Cursor::TOP);
    }
    lines.truncate(PAGE);
    lines.reverse();
    let has_older = has(conn, of, place.above(), Towards::Older)?;
    Ok(Page { lines, has_newer: true, has_older })
}

fn has(conn: &mut Conn, of: Of, place: Cursor, towards: Towards) -> QueryResult<bool> {
    Ok(!nearest(conn, of, place.event.0, towards, 1)?.is_empty())
}

fn nearest(
    conn: &mut Conn,
    (customer, until): Of,
    position: i64,
    towards: Towards,
    limit: usize,
) -> QueryResult<Vec<Line>> {
    let query = audit_details::table
        .inner_join(audit_entries::table.on(of_entry()))
        .left_join(people::table.on(people::id.nullable().eq(audit_entries::actor_id)))
        .filter(audit_details::customer_id.eq(customer))
        .select(Row::as_select())
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .into_boxed();
    let query = match until {
        Some(until) => query.filter(audit_entries::at.le(until)),
        None => query,
    };
    let rows: Vec<Row> = match towards {
        Towards::Older => {
            let older = query.filter(audit_details::position.lt(position));
            older.order(audit_details::position.desc()).load(conn)?
        }
        Towards::Newer => {
            let newer = query.filter(audit_details::position.gt(position));
            newer.order(audit_details::position.asc()).load(conn)?
        }
    };
    Ok(rows.into_iter().map(Line::new).collect())
}

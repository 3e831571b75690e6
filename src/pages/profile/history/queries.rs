//! Loads pages of a customer's history by place, never by page number. The number of queries does not depend on the
//! length of the history.

use diesel::dsl::exists;
use diesel::prelude::*;

use super::model::{Cursor, Order, Query};
use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, EventId, ProjectId};
use crate::customers::{AsOf, Reading};
use crate::db::Conn;
use crate::db::schema::{app_user_ids, events, history};
use crate::events::history::{ShownIn, Side, Topic};
use crate::events::{Digest, Environment};

/// How many rows a page has.
pub const PAGE: usize = 50;

/// A row as it is stored.
#[derive(Debug, Clone)]
pub struct Stored {
    pub cursor: Cursor,
    pub environment: ShownIn,
    pub side: Side,
    /// The number of the event's type.
    pub kind: i16,
    pub digest: Digest,
}

/// One page, newest first.
#[derive(Debug, Default)]
pub struct Slice {
    pub rows: Vec<Stored>,
    /// Set if there are newer rows: the time of the oldest of them, or that of the page's place if it is not loaded.
    pub newer: Option<Moment>,
    pub has_older: bool,
}

/// Whose history is read, and in which view.
#[derive(Debug, Clone, Copy)]
pub struct HistoryOf {
    pub project: ProjectId,
    pub customer: CustomerId,
    pub environment: Environment,
    /// Only rows that count as of a moment.
    pub as_of: Option<AsOf>,
}

/// Which rows are selected, and in which order.
struct Selection {
    of: HistoryOf,
    order: Order,
    topic: Option<Topic>,
}

#[derive(Clone, Copy)]
enum Towards {
    Older,
    Newer,
}

pub fn page(conn: &mut Conn, of: HistoryOf, query: &Query) -> QueryResult<Slice> {
    let selection = Selection { of, order: query.order, topic: query.shown.topic() };
    match (query.before, query.after) {
        (Some(cursor), _) => before(conn, &selection, cursor),
        (None, Some(cursor)) => after(conn, &selection, cursor),
        (None, None) => before(conn, &selection, Cursor::TOP),
    }
}

fn before(conn: &mut Conn, selection: &Selection, cursor: Cursor) -> QueryResult<Slice> {
    let mut rows = selection.rows(conn, cursor, Towards::Older)?;
    let has_older = rows.len() > PAGE;
    rows.truncate(PAGE);
    let is_below_some = cursor != Cursor::TOP && selection.has(conn, cursor.below(), Towards::Newer)?;
    Ok(Slice { rows, newer: is_below_some.then(|| cursor.at(selection.order)), has_older })
}

/// The page above a place. If less than a full page is left above it, the first page is returned instead.
fn after(conn: &mut Conn, selection: &Selection, cursor: Cursor) -> QueryResult<Slice> {
    let mut rows = selection.rows(conn, cursor, Towards::Newer)?;
    if rows.len() <= PAGE {
        return before(conn, selection, Cursor::TOP);
    }
    let newer = rows.pop().map(|row| row.cursor.at(selection.order));
    rows.reverse();
    let has_older = selection.has(conn, cursor.above(), Towards::Older)?;
    Ok(Slice { rows, newer, has_older })
}

impl Selection {
    fn has(&self, conn: &mut Conn, cursor: Cursor, towards: Towards) -> QueryResult<bool> {
        Ok(!self.nearest(conn, cursor, towards, 1)?.is_empty())
    }

    /// A page of rows and one more, which shows whether there are further rows.
    fn rows(&self, conn: &mut Conn, cursor: Cursor, towards: Towards) -> QueryResult<Vec<Stored>> {
        self.nearest(conn, cursor, towards, PAGE as i64 + 1)
    }

    fn nearest(&self, conn: &mut Conn, cursor: Cursor, towards: Towards, limit: i64) -> QueryResult<Vec<Stored>> {
        use history::{event_at, event_id, tie as t_tie, timeline_at};
        // Comparisons instead of a list: the database plans a statement with a list again each time.
        let [own, both, more] = ShownIn::in_view(self.of.environment).map(|views| history::environment.eq(views));
        // Not a join: PostgreSQL might begin one with all events of a project that its statistics do not know yet.
        let of_row = events::project_id.eq(self.of.project).and(events::id.eq(event_id));
        let digest = events::table.filter(of_row).select(events::digest).single_value();
        let mut query = history::table
            .filter(history::customer_id.eq(self.of.customer).and(own.or(both).or(more)))
            .filter(history::is_muted.eq(false))
            .select((Cursor::as_select(), history::environment, history::side, history::kind, digest))
            .limit(limit)
            .into_boxed();
        if let Some(topic) = self.topic {
            query = query.filter(history::topic.eq(topic));
        }
        query = match self.of.as_of {
            Some(AsOf { at, reading: Reading::KnownNow }) => query.filter(event_at.le(at)),
            Some(AsOf { at, reading: Reading::KnownThen }) => {
                let known = of_row.and(events::received_at.le(at));
                query.filter(exists(events::table.filter(known).select(events::id)))
            }
            None => query,
        };
        let Cursor { timeline_at: t, event_at: e, tie, event } = cursor;
        query = match (self.order, towards) {
            (Order::Timeline, Towards::Older) => {
                let query = query.filter(older_in_timeline(t, e, tie, event));
                query.order((timeline_at.desc(), event_at.desc(), t_tie.desc(), event_id.desc()))
            }
            (Order::Timeline, Towards::Newer) => {
                let query = query.filter(newer_in_timeline(t, e, tie, event));
                query.order((timeline_at.asc(), event_at.asc(), t_tie.asc(), event_id.asc()))
            }
            (Order::Event, Towards::Older) => {
                let query = query.filter(older_in_events(e, tie, event));
                query.order((event_at.desc(), t_tie.desc(), event_id.desc()))
            }
            (Order::Event, Towards::Newer) => {
                let query = query.filter(newer_in_events(e, tie, event));
                query.order((event_at.asc(), t_tie.asc(), event_id.asc()))
            }
        };
        let rows: Vec<Read> = query.load(conn)?;
        Ok(rows.into_iter().map(Stored::new).collect())
    }
}

type Read = (Cursor, ShownIn, Side, i16, Option<Digest>);

impl Stored {
    fn new((cursor, environment, side, kind, digest): Read) -> Stored {
        Stored { cursor, environment, side, kind, digest: digest.unwrap_or_else(|| Digest::from_bytes(Vec::new())) }
    }
}

// Rows below or above a place, compared column by column. The first comparison lets the database use the index.

#[diesel::dsl::auto_type(no_type_alias)]
fn older_in_timeline(timeline_at: Moment, event_at: Moment, tie: i32, event: EventId) -> _ {
    history::timeline_at.le(timeline_at).and(
        history::timeline_at.lt(timeline_at).or(history::event_at.lt(event_at)).or(history::event_at
            .eq(event_at)
            .and(history::tie.lt(tie).or(history::tie.eq(tie).and(history::event_id.lt(event))))),
    )
}

#[diesel::dsl::auto_type(no_type_alias)]
fn newer_in_timeline(timeline_at: Moment, event_at: Moment, tie: i32, event: EventId) -> _ {
    history::timeline_at.ge(timeline_at).and(
        history::timeline_at.gt(timeline_at).or(history::event_at.gt(event_at)).or(history::event_at
            .eq(event_at)
            .and(history::tie.gt(tie).or(history::tie.eq(tie).and(history::event_id.gt(event))))),
    )
}

#[diesel::dsl::auto_type(no_type_alias)]
fn older_in_events(event_at: Moment, tie: i32, event: EventId) -> _ {
    history::event_at.le(event_at).and(
        history::event_at
            .lt(event_at)
            .or(history::tie.lt(tie))
            .or(history::tie.eq(tie).and(history::event_id.lt(event))),
    )
}

#[diesel::dsl::auto_type(no_type_alias)]
fn newer_in_events(event_at: Moment, tie: i32, event: EventId) -> _ {
    history::event_at.ge(event_at).and(
        history::event_at
            .gt(event_at)
            .or(history::tie.gt(tie))
            .or(history::tie.eq(tie).and(history::event_id.gt(event))),
    )
}

/// When an app was first seen under any of the customer's ids, if that was before `now`; `None` when that is not known exactly.
pub fn first_seen(conn: &mut Conn, customer: CustomerId, now: Moment) -> QueryResult<Option<Moment>> {
    let exact = app_user_ids::customer_id.eq(customer).and(app_user_ids::is_since_exact.eq(true));
    let exact = exact.and(app_user_ids::since.le(now));
    let since = app_user_ids::table.filter(exact).select(app_user_ids::since).order(app_user_ids::since.asc());
    since.first(conn).optional()
}

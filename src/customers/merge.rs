//! Merges two customers that turn out to be one (§9.3): everything of the newer row goes to the older one, for ever.

use diesel::prelude::*;

use super::attributes::Source;
use super::overrides::Override;
use super::{overrides, retained, stars, state};
use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, EventId};
use crate::db::schema::*;
use crate::db::{Conn, customer_tables};
use crate::events::history::Side;

/// Moves everything of `from` to `into` and deletes `from`. The caller derives the state of `into` again.
pub fn into(conn: &mut Conn, into: CustomerId, from: CustomerId) -> QueryResult<()> {
    customer_tables::move_rows(conn, into, from)?;
    move_history(conn, into, from)?;
    move_attributes(conn, into, from)?;
    move_override(conn, into, from)?;
    stars::merge(conn, into, from)?;
    move_links(conn, into, from)?;
    move_retained_events(conn, into, from)?;
    move_contact(conn, into, from)?;
    diesel::delete(customers::table.filter(customers::id.eq(from))).execute(conn)?;
    Ok(())
}

/// Moves the pending renewals of the Test Store from one customer to another.
pub fn move_test_sales(conn: &mut Conn, into: CustomerId, from: CustomerId) -> QueryResult<()> {
    let theirs = test_sales::table.filter(test_sales::customer_id.eq(from));
    diesel::update(theirs).set(test_sales::customer_id.eq(into)).execute(conn)?;
    Ok(())
}

/// Moves the history. A transfer between the two is in both histories, and only one row of it stays.
fn move_history(conn: &mut Conn, into: CustomerId, from: CustomerId) -> QueryResult<()> {
    let shared: Vec<EventId> = history::table
        .filter(history::customer_id.eq(from).and(history::side.eq(Side::Lost)))
        .select(history::event_id)
        .load(conn)?;
    forget_rows(conn, into, from, &shared)?;
    let shared: Vec<EventId> = history::table
        .filter(history::customer_id.eq(into).and(history::side.eq(Side::Lost)))
        .select(history::event_id)
        .load(conn)?;
    forget_rows(conn, from, into, &shared)?;
    diesel::update(history::table.filter(history::customer_id.eq(from)))
        .set(history::customer_id.eq(into))
        .execute(conn)?;
    Ok(())
}

/// Removes from `loser`'s history those of `events` that `keeper` has as well.
fn forget_rows(conn: &mut Conn, keeper: CustomerId, loser: CustomerId, events: &[EventId]) -> QueryResult<()> {
    for event in events {
        let both = history::table.filter(history::event_id.eq(event).and(history::customer_id.eq(keeper)));
        if both.count().get_result::<i64>(conn)? > 0 {
            let own = history::event_id.eq(event).and(history::customer_id.eq(loser));
            diesel::delete(history::table.filter(own)).execute(conn)?;
        }
    }
    Ok(())
}

/// Moves what the team or the app set; the newer of two values stays. Values from events are derived again.
fn move_attributes(conn: &mut Conn, into: CustomerId, from: CustomerId) -> QueryResult<()> {
    let theirs: Vec<(String, Moment)> = attributes::table
        .filter(attributes::customer_id.eq(from).and(attributes::source.ne(Source::Event)))
        .select((attributes::key, attributes::updated_at))
        .load(conn)?;
    for (key, updated_at) in theirs {
        let own = attributes::customer_id.eq(into).and(attributes::key.eq(&key));
        let older = own.and(attributes::updated_at.lt(updated_at));
        diesel::delete(attributes::table.filter(older)).execute(conn)?;
        let kept: i64 = attributes::table
            .filter(attributes::customer_id.eq(into).and(attributes::key.eq(&key)))
            .count()
            .get_result(conn)?;
        if kept == 0 {
            let theirs = attributes::customer_id.eq(from).and(attributes::key.eq(&key));
            diesel::update(attributes::table.filter(theirs)).set(attributes::customer_id.eq(into)).execute(conn)?;
        }
    }
    Ok(())
}

/// The surviving customer keeps its override. Without one, or with one whose end is recorded, it takes the other's
/// (§8).
fn move_override(conn: &mut Conn, into: CustomerId, from: CustomerId) -> QueryResult<()> {
    let Some(theirs) = overrides::queries::find(conn, from)? else { return Ok(()) };
    if overrides::queries::find(conn, into)?.is_none_or(|own| own.is_end_recorded) {
        overrides::queries::put(conn, &Override { customer_id: into, ..theirs })?;
    }
    Ok(())
}

fn move_links(conn: &mut Conn, into: CustomerId, from: CustomerId) -> QueryResult<()> {
    let others: Vec<CustomerId> = transfer_links::table
        .filter(transfer_links::customer_id.eq(from).and(transfer_links::other_id.ne(into)))
        .select(transfer_links::other_id)
        .load(conn)?;
    for other in others {
        state::link(conn, into, other)?;
    }
    Ok(())
}

/// Moves the events that were retained of erased customers.
fn move_retained_events(conn: &mut Conn, into: CustomerId, from: CustomerId) -> QueryResult<()> {
    retained::retained_by(conn, from)?.into_iter().try_for_each(|place| retained::retain(conn, into, place))
}

/// What the app reported at its last contact.
#[derive(Queryable, Selectable, AsChangeset)]
#[diesel(table_name = customers)]
struct Contact {
    last_seen_at: Option<Moment>,
    app_version: Option<String>,
    platform: Option<String>,
    platform_version: Option<String>,
    sdk_version: Option<String>,
    locale: Option<String>,
    country: Option<String>,
}

/// Keeps the later of the two last contacts.
fn move_contact(conn: &mut Conn, into: CustomerId, from: CustomerId) -> QueryResult<()> {
    let mut contact =
        |id: CustomerId| customers::table.filter(customers::id.eq(id)).select(Contact::as_select()).first(conn);
    let (own, theirs) = (contact(into)?, contact(from)?);
    if theirs.last_seen_at > own.last_seen_at {
        diesel::update(customers::table.filter(customers::id.eq(into))).set(&theirs).execute(conn)?;
    }
    Ok(())
}

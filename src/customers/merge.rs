//! Merges two customers that turn out to be one (§9.3): everything of the newer row goes to the older one, for ever.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::attributes::{Source, Stored, queries};
use super::overrides::Override;
use super::search_terms::TermKind;
use super::state::News;
use super::{overrides, retained, stars, state};
use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, EventId};
use crate::db::schema::*;
use crate::db::{Conn, customer_tables};
use crate::events::history::Side;

/// How many search terms one statement names.
const TERMS: usize = 500;

/// Moves everything of `from` to `into` and deletes `from`. The caller settles `news`, which say what became of the
/// state of `into`.
pub fn into(conn: &mut Conn, into: CustomerId, from: CustomerId, news: &mut News) -> QueryResult<()> {
    let since = first_purchase_at(conn, from)?;
    let numbers = state::numbers_of(conn, from)?;
    customer_tables::move_rows(conn, into, from)?;
    let shared = move_history(conn, into, from)?;
    move_attributes(conn, into, from)?;
    state::merge_records(conn, into, from)?;
    move_terms(conn, into, from)?;
    move_override(conn, into, from)?;
    stars::merge(conn, into, from)?;
    move_links(conn, into, from)?;
    move_retained_events(conn, into, from)?;
    move_contact(conn, into, from)?;
    match merge_progress(conn, into, from, shared)? {
        Some(()) if !is_stale(conn, from)? => {}
        Some(()) => drop(news.afresh.insert(into)),
        None => {
            news.afresh.insert(into);
        }
    }
    customer_tables::delete_customer(conn, from)?;
    let earlier = news.merged.remove(&from).unwrap_or_default();
    let merged = news.merged.entry(into).or_default();
    merged.since = [merged.since, earlier.since, since].into_iter().flatten().min();
    merged.numbers.extend(earlier.numbers.into_iter().chain(numbers));
    Ok(())
}

/// Whether the customer has events that were not applied.
fn is_stale(conn: &mut Conn, customer: CustomerId) -> QueryResult<bool> {
    Ok(stale_customers::table.find(customer).count().get_result::<i64>(conn)? > 0)
}

/// When the first event about the customer's purchases was generated, or an earlier event; `None` if no event was about
/// purchases.
fn first_purchase_at(conn: &mut Conn, customer: CustomerId) -> QueryResult<Option<Moment>> {
    if state::progress_of(conn, customer)?.is_some_and(|progress| progress.head.is_none()) {
        return Ok(None);
    }
    let own = history::table.filter(history::customer_id.eq(customer));
    own.select(diesel::dsl::min(history::event_at)).first(conn)
}

/// Joins what is known of how far the events of both were applied, and what they say. `None` if it is not known of one
/// of them: then everything is derived again.
fn merge_progress(conn: &mut Conn, into: CustomerId, from: CustomerId, shared: usize) -> QueryResult<Option<()>> {
    let read = |conn: &mut Conn, id: CustomerId| -> QueryResult<(i64, Option<Moment>)> {
        let columns = (customers::events_count, customers::first_event_at);
        customers::table.find(id).select(columns).first(conn)
    };
    let ((own_events, own_first), (their_events, their_first)) = (read(conn, into)?, read(conn, from)?);
    let first = [own_first, their_first].into_iter().flatten().min();
    let events = own_events + their_events - i64::try_from(shared).unwrap_or_default();
    diesel::update(customers::table.find(into))
        .set((customers::events_count.eq(events), customers::first_event_at.eq(first.map(Moment::millis))))
        .execute(conn)?;
    let (Some(own), Some(theirs)) = (state::progress_of(conn, into)?, state::progress_of(conn, from)?) else {
        return Ok(None);
    };
    state::put_progress(conn, into, &own.joined_by(theirs))?;
    Ok(Some(()))
}

/// Moves the terms by which the search finds ids and transactions. Those of names are made again.
fn move_terms(conn: &mut Conn, into: CustomerId, from: CustomerId) -> QueryResult<()> {
    let of_names = search_terms::kind.eq_any([TermKind::Email, TermKind::Phone, TermKind::Name].map(TermKind::number));
    let theirs = || search_terms::table.filter(search_terms::customer_id.eq(from));
    diesel::delete(theirs().filter(of_names)).execute(conn)?;
    let is_id = || search_terms::kind.eq(TermKind::AppUserId.number());
    let ids: Vec<Vec<u8>> = theirs().filter(is_id()).select(search_terms::term).load(conn)?;
    for ids in ids.chunks(TERMS) {
        // Ids that differ in nothing but case have the same term.
        let own = search_terms::customer_id.eq(into).and(is_id()).and(search_terms::term.eq_any(ids));
        let own: Vec<Vec<u8>> = search_terms::table.filter(own).select(search_terms::term).load(conn)?;
        diesel::delete(theirs().filter(is_id()).filter(search_terms::term.eq_any(own))).execute(conn)?;
    }
    diesel::update(theirs()).set(search_terms::customer_id.eq(into)).execute(conn)?;
    Ok(())
}

/// Moves the pending renewals of the Test Store from one customer to another.
pub fn move_test_sales(conn: &mut Conn, into: CustomerId, from: CustomerId) -> QueryResult<()> {
    let theirs = test_sales::table.filter(test_sales::customer_id.eq(from));
    diesel::update(theirs).set(test_sales::customer_id.eq(into)).execute(conn)?;
    Ok(())
}

/// Moves the history. A transfer between the two is in both histories, and only one row of it stays. Returns how many
/// of these there are.
fn move_history(conn: &mut Conn, into: CustomerId, from: CustomerId) -> QueryResult<usize> {
    let shared: Vec<EventId> = history::table
        .filter(history::customer_id.eq(from).and(history::side.eq(Side::Lost)))
        .select(history::event_id)
        .load(conn)?;
    let removed = forget_rows(conn, into, from, &shared)?;
    let shared: Vec<EventId> = history::table
        .filter(history::customer_id.eq(into).and(history::side.eq(Side::Lost)))
        .select(history::event_id)
        .load(conn)?;
    let removed = removed + forget_rows(conn, from, into, &shared)?;
    diesel::update(history::table.filter(history::customer_id.eq(from)))
        .set(history::customer_id.eq(into))
        .execute(conn)?;
    Ok(removed)
}

/// Removes from `loser`'s history those of `events` that `keeper` has as well. Returns how many.
fn forget_rows(conn: &mut Conn, keeper: CustomerId, loser: CustomerId, events: &[EventId]) -> QueryResult<usize> {
    let mut removed = 0;
    for event in events {
        let both = history::table.filter(history::event_id.eq(event).and(history::customer_id.eq(keeper)));
        if both.count().get_result::<i64>(conn)? > 0 {
            let own = history::event_id.eq(event).and(history::customer_id.eq(loser));
            removed += diesel::delete(history::table.filter(own)).execute(conn)?;
        }
    }
    Ok(removed)
}

/// Joins the attributes key by key: the newer of two values that the team or the app set, and the newer of what events
/// said.
fn move_attributes(conn: &mut Conn, into: CustomerId, from: CustomerId) -> QueryResult<()> {
    let mut all: BTreeMap<String, Vec<Stored>> = BTreeMap::new();
    for stored in queries::of_all(conn, &[into, from])? {
        all.entry(stored.key.clone()).or_default().push(stored);
    }
    let joined = all.into_iter().filter_map(|(key, rows)| {
        let said = rows.iter().filter_map(Stored::of_events).max();
        // Of two equal times that of the customer who stays counts.
        let own = rows.into_iter().filter(|row| row.source != Source::Event);
        let own = own.max_by_key(|row| (row.updated_at, row.customer_id == into));
        Stored::counting(into, &key, own.map(|own| Stored { customer_id: into, ..own }), said)
    });
    let joined: Vec<Stored> = joined.collect();
    diesel::delete(attributes::table.filter(attributes::customer_id.eq(from))).execute(conn)?;
    queries::put_all(conn, &joined)
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
    state::link(conn, others.into_iter().map(|other| (into, other)))
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

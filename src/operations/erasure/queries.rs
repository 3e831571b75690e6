//! What is read of a customer who is to be erased, and what is taken away.

use diesel::dsl::{exists, not};
use diesel::prelude::*;

use crate::base::clock::Moment;
use crate::db::schema::*;
use crate::db::{Both, Conn};
use crate::endpoints;
use crate::projection::CustomerId;

/// Every id of a customer; none when there is no such customer in the project.
pub fn ids_of(conn: &mut Conn, project: i64, customer: CustomerId) -> QueryResult<Vec<String>> {
    app_user_ids::table
        .filter(app_user_ids::customer_id.eq(customer).and(app_user_ids::project_id.eq(project)))
        .select(app_user_ids::app_user_id)
        .load(conn)
}

/// Addresses and numbers by which a customer can be reached.
pub fn contacts_of(conn: &mut Conn, customer: CustomerId) -> QueryResult<Vec<String>> {
    search_terms::table
        .filter(search_terms::customer_id.eq(customer))
        .filter(search_terms::kind.eq("email").or(search_terms::kind.eq("phone")))
        .select(search_terms::value)
        .load(conn)
}

/// When the newest event was generated that stands in the customer's history.
pub fn last_event_at(conn: &mut Conn, customer: CustomerId) -> QueryResult<Option<Moment>> {
    history::table
        .filter(history::customer_id.eq(customer))
        .order(history::event_at.desc())
        .select(history::event_at)
        .first(conn)
        .optional()
}

/// Removes the customer with every row that is theirs, and the events that nobody else has. Returns how many events.
pub fn remove(conn: &mut Conn, project: i64, customer: CustomerId) -> QueryResult<usize> {
    let own = history::table.filter(history::customer_id.eq(customer)).select(history::event_id);
    let retained =
        retained_events::table.filter(retained_events::customer_id.eq(customer)).select(retained_events::event_id);
    let with_others = history::table
        .filter(history::event_id.eq(events::id).and(history::customer_id.ne(customer)))
        .select(history::event_id);
    let left_to_others = retained_events::table
        .filter(retained_events::event_id.eq(events::id).and(retained_events::customer_id.ne(customer)))
        .select(retained_events::event_id);
    let nobody_elses = not(exists(with_others)).and(not(exists(left_to_others)));
    let of_project = events::project_id.eq(project);
    let retained = of_project.and(events::id.eq_any(retained)).and(nobody_elses);
    let own = of_project.and(events::id.eq_any(own)).and(nobody_elses);
    endpoints::forget(conn, project, customer)?;
    diesel::delete(events::table.filter(retained)).execute(conn)?;
    let events = diesel::delete(events::table.filter(own)).execute(conn)?;
    diesel::delete(customers::table.filter(customers::id.eq(customer))).execute(conn)?;
    Ok(events)
}

/// Remembers that an id's customer was erased; the later of two times stays.
pub fn bury(conn: &mut Conn, project: i64, hash: Vec<u8>, at: Moment) -> QueryResult<()> {
    let known = tombstones::project_id.eq(project).and(tombstones::id_hash.eq(&hash));
    let later = diesel::update(tombstones::table.filter(known.and(tombstones::erased_at.lt(at))));
    later.set(tombstones::erased_at.eq(at)).execute(conn)?;
    let row = (
        tombstones::project_id.eq(project),
        tombstones::id_hash.eq(&hash),
        tombstones::erased_at.eq(at),
        tombstones::late.eq(0),
    );
    Both(diesel::insert_into(tombstones::table).values(row).on_conflict_do_nothing()).execute(conn)?;
    Ok(())
}

/// Asks for the leftovers of an erasure to be cleared away. `id` is any row that is gone: no other erasure has it.
pub fn request_cleanup(conn: &mut Conn, id: i64, now: Moment) -> QueryResult<()> {
    let row = (cleanups::id.eq(id), cleanups::asked_at.eq(now));
    Both(diesel::insert_into(cleanups::table).values(row).on_conflict_do_nothing()).execute(conn)?;
    Ok(())
}

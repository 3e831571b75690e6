//! Reads what an erasure needs to know of a customer, and deletes the customer's rows.

use diesel::dsl::{exists, not};
use diesel::prelude::*;

use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, ProjectId, RowId};
use crate::customers::sandbox_access;
use crate::customers::search_terms::TermKind;
use crate::db::schema::*;
use crate::db::{Both, Conn, customer_tables};
use crate::endpoints;

/// Every id of a customer; none when there is no such customer in the project.
pub fn ids_of(conn: &mut Conn, project: ProjectId, customer: CustomerId) -> QueryResult<Vec<String>> {
    app_user_ids::table
        .filter(app_user_ids::customer_id.eq(customer).and(app_user_ids::project_id.eq(project)))
        .select(app_user_ids::app_user_id)
        .load(conn)
}

/// The customer's e-mail addresses and phone numbers.
pub fn contacts_of(conn: &mut Conn, customer: CustomerId) -> QueryResult<Vec<String>> {
    search_terms::table
        .filter(search_terms::customer_id.eq(customer))
        .filter(search_terms::kind.eq(TermKind::Email).or(search_terms::kind.eq(TermKind::Phone)))
        .select(search_terms::value)
        .load(conn)
}

/// When the newest event in the customer's history was generated.
pub fn last_event_at(conn: &mut Conn, customer: CustomerId) -> QueryResult<Option<Moment>> {
    history::table
        .filter(history::customer_id.eq(customer))
        .order(history::event_at.desc())
        .select(history::event_at)
        .first(conn)
        .optional()
}

/// Deletes the customer, all their rows, and the events that no other customer has. Returns how many events of the
/// customer's history were deleted.
pub fn remove(conn: &mut Conn, project: ProjectId, customer: CustomerId) -> QueryResult<usize> {
    let own = history::table.filter(history::customer_id.eq(customer)).select(history::event_id);
    let retained =
        retained_events::table.filter(retained_events::customer_id.eq(customer)).select(retained_events::event_id);
    let with_others = history::table
        .filter(history::event_id.eq(events::id).and(history::customer_id.ne(customer)))
        .select(history::event_id);
    let retained_by_others = retained_events::table
        .filter(retained_events::event_id.eq(events::id).and(retained_events::customer_id.ne(customer)))
        .select(retained_events::event_id);
    let only_theirs = not(exists(with_others)).and(not(exists(retained_by_others)));
    let of_project = events::project_id.eq(project);
    let retained = of_project.and(events::id.eq_any(retained)).and(only_theirs);
    let own = of_project.and(events::id.eq_any(own)).and(only_theirs);
    let ids = ids_of(conn, project, customer)?;
    sandbox_access::forget(conn, project, &ids)?;
    endpoints::forget(conn, project, customer)?;
    forget_currencies(conn, project, customer)?;
    diesel::delete(events::table.filter(retained)).execute(conn)?;
    let events = diesel::delete(events::table.filter(own)).execute(conn)?;
    customer_tables::delete_customer(conn, customer)?;
    Ok(events)
}

/// Deletes the virtual currencies that nobody else of the project has, and the names that only this customer's events gave
/// to others.
fn forget_currencies(conn: &mut Conn, project: ProjectId, customer: CustomerId) -> QueryResult<()> {
    let theirs: Vec<(String, String)> = balances::table
        .filter(balances::customer_id.eq(customer))
        .select((balances::code, balances::name))
        .load(conn)?;
    for (code, name) in theirs {
        let others: Option<String> = balances::table
            .inner_join(customers::table.on(customers::id.eq(balances::customer_id)))
            .filter(balances::code.eq(&code).and(balances::customer_id.ne(customer)))
            .filter(customers::project_id.eq(project))
            .select(balances::name)
            .first(conn)
            .optional()?;
        let own = virtual_currencies::table.find((project, &code));
        match others {
            Some(others) => {
                let named = own.filter(virtual_currencies::name.eq(&name));
                diesel::update(named).set(virtual_currencies::name.eq(others)).execute(conn)?
            }
            None => diesel::delete(own).execute(conn)?,
        };
    }
    Ok(())
}

/// Records that the customer of an id was erased at that time. An existing tombstone keeps the later of the two times.
pub fn put_tombstone(conn: &mut Conn, project: ProjectId, hash: Vec<u8>, at: Moment) -> QueryResult<()> {
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

/// Requests the cleanup after an erasure. `id` is the id of a deleted row, so no other erasure uses it.
pub fn request_cleanup(conn: &mut Conn, id: RowId, now: Moment) -> QueryResult<()> {
    let row = (cleanups::id.eq(id), cleanups::asked_at.eq(now));
    Both(diesel::insert_into(cleanups::table).values(row).on_conflict_do_nothing()).execute(conn)?;
    Ok(())
}

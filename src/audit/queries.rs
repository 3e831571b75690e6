//! Appends entries to the log and blanks their details. The pages that show the log have their own queries to read it.

use diesel::prelude::*;

use super::entry::hash_of_details;
use super::line::of_entry;
use super::positions::Positions;
use super::{About, Action, Ctx, Entry, Trace};
use crate::base::error::Error;
use crate::base::ids::{CustomerId, PersonId, ProjectId};
use crate::base::{hex, random_bytes};
use crate::db::schema::{audit_details, audit_entries, audit_erased};
use crate::db::{Both, Conn};

/// Whether the details of this action may be blanked when a person is erased. `action` is a name in the log.
pub(super) fn is_about_people(action: &str) -> bool {
    Action::parse(action).is_some_and(|action| action.about().is_people())
}

/// Appends an entry to the log of the project. Locks the project until the transaction ends, so that no other process
/// appends an entry at the same position.
pub fn append(conn: &mut Conn, ctx: &Ctx, mut trace: Trace) -> Result<(), Error> {
    let Ctx { project, now, actor, .. } = ctx;
    conn.lock_project(*project)?;
    let (position, previous_hash) = head(conn, *project)?.unwrap_or_default();
    let salt = hex(&random_bytes::<16>()?);
    trace.details.address = trace.details.address.take().or_else(|| actor.origin.address.clone());
    let body = serde_json::to_string(&trace.details).map_err(|error| Error::Internal(error.to_string()))?;
    let mut entry = Entry {
        project_id: *project,
        position: position + 1,
        id: ctx.next_id(),
        at: *now,
        actor_kind: actor.kind.name().to_owned(),
        actor_id: actor.id,
        role: actor.role.clone(),
        action: trace.action.name().to_owned(),
        subject: trace.customer.or(trace.erased).map(|customer| customer.to_string()).unwrap_or_default(),
        request: actor.origin.request.clone(),
        details_hash: hash_of_details(&salt, &body),
        previous_hash,
        hash: String::new(),
        erases: Some(trace.erases.to_string()),
    };
    entry.hash = entry.hashed();
    diesel::insert_into(audit_entries::table).values(&entry).execute(conn)?;
    let details = (
        audit_details::project_id.eq(project),
        audit_details::position.eq(entry.position),
        audit_details::customer_id.eq(trace.customer),
        audit_details::salt.eq(salt),
        audit_details::body.eq(body),
    );
    diesel::insert_into(audit_details::table).values(details).execute(conn)?;
    Ok(())
}

/// Keeps the positions whose details a step of a longer erasure took, until its entry lists them.
pub fn keep_erased(conn: &mut Conn, project: ProjectId, positions: &Positions) -> QueryResult<()> {
    positions.iter().try_for_each(|position| {
        let row = (audit_erased::project_id.eq(project), audit_erased::position.eq(position));
        Both(diesel::insert_into(audit_erased::table).values(row).on_conflict_do_nothing()).execute(conn).map(drop)
    })
}

/// Takes the positions that [`keep_erased`] has kept.
pub fn take_erased(conn: &mut Conn, project: ProjectId) -> QueryResult<Positions> {
    let gone = erased(conn, project)?;
    diesel::delete(audit_erased::table.filter(audit_erased::project_id.eq(project))).execute(conn)?;
    Ok(gone)
}

/// The positions that [`keep_erased`] has kept.
pub(super) fn erased(conn: &mut Conn, project: ProjectId) -> QueryResult<Positions> {
    let of_project = audit_erased::table.filter(audit_erased::project_id.eq(project));
    Ok(of_project.select(audit_erased::position).load::<i64>(conn)?.into_iter().collect())
}

/// The positions of the details about a customer, which go with the customer.
pub fn about(conn: &mut Conn, customer: CustomerId) -> QueryResult<Positions> {
    let own = audit_details::table.filter(audit_details::customer_id.eq(customer)).select(audit_details::position);
    Ok(own.load::<i64>(conn)?.into_iter().collect())
}

/// Position and hash of the project's newest entry; `None` for an empty log.
pub fn head(conn: &mut Conn, project: ProjectId) -> QueryResult<Option<(i64, String)>> {
    audit_entries::table
        .filter(audit_entries::project_id.eq(project))
        .order(audit_entries::position.desc())
        .select((audit_entries::position, audit_entries::hash))
        .first(conn)
        .optional()
}

/// Whether an entry of the project has this hash.
pub fn has_hash(conn: &mut Conn, project: ProjectId, hash: &str) -> QueryResult<bool> {
    let with_hash = audit_entries::project_id.eq(project).and(audit_entries::hash.eq(hash));
    Ok(audit_entries::table.filter(with_hash).count().get_result::<i64>(conn)? > 0)
}

/// Blanks the details of an entry, because they name somebody who is erased. The entry itself stays unchanged; that of the
/// erasure must list its position.
pub fn blank(conn: &mut Conn, project: ProjectId, position: i64) -> QueryResult<()> {
    let blanked = (audit_details::salt.eq(""), audit_details::body.eq(""));
    diesel::update(audit_details::table.find((project, position))).set(blanked).execute(conn)?;
    Ok(())
}

/// Blanks what a project's log says about a person who leaves it. Of the actions about people, these are the details
/// of the person's own, which hold network addresses, and other people's details that contain one of `names`.
/// The entries stay unchanged. Returns the positions of what was blanked.
pub fn forget_person(conn: &mut Conn, project: ProjectId, person: PersonId, names: &[&str]) -> QueryResult<Positions> {
    let names_others = |about| about == About::Colleague;
    let entries: Vec<(i64, Option<PersonId>, String)> = audit_entries::table
        .inner_join(audit_details::table.on(of_entry()))
        .filter(
            audit_entries::project_id
                .eq(project)
                .and(audit_entries::action.eq_any(Action::all_about(About::is_people).map(Action::name))),
        )
        .filter(
            audit_entries::actor_id
                .eq(person)
                .or(audit_entries::action.eq_any(Action::all_about(names_others).map(Action::name))),
        )
        .select((audit_entries::position, audit_entries::actor_id, audit_details::body))
        .load(conn)?;
    // The bodies are JSON, so each name is compared as a JSON string.
    let names: Vec<String> = names.iter().filter_map(|name| serde_json::to_string(name).ok()).collect();
    let names_them = |actor, body: &str| actor == Some(person) || names.iter().any(|name| body.contains(name));
    let naming = entries.into_iter().filter(|(_, actor, body)| names_them(*actor, body)).map(|(position, ..)| position);
    naming.map(|position| blank(conn, project, position).map(|()| position)).collect()
}

//! Removes an erased customer's names from other places: rejected deliveries, stored submissions of forms, and audit
//! details about other customers.

use diesel::prelude::*;

use super::names::Names;
use super::queries;
use crate::audit::{self, Positions};
use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, PersonId, ProjectId, SubmissionId};
use crate::db::Conn;
use crate::db::schema::{audit_details, submissions};
use crate::events::{Delivery, EventType};
use crate::ingest::rejected;

/// Removes the project's rejected deliveries and submissions that contain a name, and blanks such details of
/// `neighbours`, whose positions it returns.
pub fn remove(conn: &mut Conn, project: ProjectId, names: &Names, neighbours: &[CustomerId]) -> QueryResult<Positions> {
    remove_rejected(conn, project, names)?;
    remove_submissions(conn, project, names)?;
    let mut blanked = Positions::default();
    for neighbour in neighbours {
        blanked.append(blank_details(conn, *neighbour, names)?);
    }
    Ok(blanked)
}

fn remove_rejected(conn: &mut Conn, project: ProjectId, names: &Names) -> QueryResult<()> {
    let naming = rejected::naming(conn, project, names.iter(), |body| names.are_in(body))?;
    rejected::remove(conn, project, naming.into_iter().map(|one| one.id))
}

/// A rejected delivery that names a customer.
pub struct Naming {
    pub received_at: Moment,
    /// Why it was rejected.
    pub reason: String,
    /// `None` if it may be about other customers.
    pub body: Option<String>,
}

/// The rejected deliveries that name a customer.
pub fn rejected_naming(conn: &mut Conn, project: ProjectId, customer: CustomerId) -> QueryResult<Vec<Naming>> {
    let ids = queries::ids_of(conn, project, customer)?;
    let mut names = Names::default();
    names.extend(queries::contacts_of(conn, customer)?);
    names.extend(ids.iter().cloned());
    let naming = rejected::naming(conn, project, names.iter(), |body| names.are_in(body))?;
    let shown = |rejected::Naming { received_at, reason, body, .. }| {
        let body = Some(String::from_utf8_lossy(&body).into_owned()).filter(|body| is_about(body, received_at, &ids));
        Naming { received_at, reason, body }
    };
    Ok(naming.into_iter().map(shown).collect())
}

/// Whether a body is an event about the customer with these ids and about nobody else.
fn is_about(body: &str, received_at: Moment, ids: &[String]) -> bool {
    let Ok(event) = Delivery::read_stored(body, received_at) else { return false };
    let is_own = |id: &str| ids.iter().any(|own| own == id);
    event.kind != EventType::Transfer && event.customer_ids().all(is_own)
}

/// A stored submission, with all of its text.
#[derive(Queryable, Selectable)]
#[diesel(table_name = submissions)]
struct Submission {
    person_id: PersonId,
    id: SubmissionId,
    location: String,
    message: String,
    undo: Option<String>,
}

fn remove_submissions(conn: &mut Conn, project: ProjectId, names: &Names) -> QueryResult<()> {
    let all: Vec<Submission> =
        submissions::table.filter(submissions::project_id.eq(project)).select(Submission::as_select()).load(conn)?;
    for Submission { person_id, id, location, message, undo } in all {
        if [Some(location), Some(message), undo].into_iter().flatten().any(|text| names.are_in(&text)) {
            diesel::delete(submissions::table.find((person_id, id))).execute(conn)?;
        }
    }
    Ok(())
}

/// Blanks the audit details about `neighbour` that contain a name. Returns their positions.
fn blank_details(conn: &mut Conn, neighbour: CustomerId, names: &Names) -> QueryResult<Positions> {
    let details: Vec<(ProjectId, i64, String)> = audit_details::table
        .filter(audit_details::customer_id.eq(neighbour))
        .select((audit_details::project_id, audit_details::position, audit_details::body))
        .load(conn)?;
    let naming = details.into_iter().filter(|(.., body)| names.are_in(body));
    naming.map(|(project, position, _)| audit::queries::blank(conn, project, position).map(|()| position)).collect()
}

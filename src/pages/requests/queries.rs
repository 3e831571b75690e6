//! The requests of a project.

use std::collections::BTreeMap;

use diesel::prelude::*;

use crate::audit::{Action, ActorKind, of_entry};
use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, ProjectId, RequestId};
use crate::db::Conn;
use crate::db::schema::{audit_details, audit_entries, customers, people, requests};
use crate::operations::requests::DELETED_THERE;
use crate::requests::{Request, State};

/// The requests that wait for somebody: those to be settled first, then those that have waited longest.
pub fn waiting(conn: &mut Conn, project: ProjectId, most: i64) -> QueryResult<Vec<Request>> {
    let to_settle = requests::state.eq(State::Unknown).and(requests::due_at.is_null());
    let waiting = requests::state.eq(State::Waiting);
    requests::table
        .filter(requests::project_id.eq(project).and(requests::open_as.is_not_null()))
        .filter(waiting.or(to_settle))
        .order((requests::state, requests::asked_at, requests::id))
        .limit(most)
        .select(Request::as_select())
        .load(conn)
}

/// The requests that are under way, the newest first.
pub fn under_way(conn: &mut Conn, project: ProjectId, most: i64) -> QueryResult<Vec<Request>> {
    let moves = requests::state.ne(State::Waiting).and(requests::due_at.is_not_null());
    requests::table
        .filter(requests::project_id.eq(project).and(requests::open_as.is_not_null()))
        .filter(moves)
        .order((requests::asked_at.desc(), requests::id.desc()))
        .limit(most)
        .select(Request::as_select())
        .load(conn)
}

/// The place of a request in the list: when it was asked, and its id.
pub type Place = (Moment, RequestId);

/// The finished requests after a place, the newest first.
pub fn finished(conn: &mut Conn, project: ProjectId, after: Option<Place>, most: i64) -> QueryResult<Vec<Request>> {
    let mut own = requests::table
        .filter(requests::project_id.eq(project).and(requests::open_as.is_null()))
        .order((requests::asked_at.desc(), requests::id.desc()))
        .limit(most)
        .select(Request::as_select())
        .into_boxed();
    if let Some((at, id)) = after {
        let older = requests::asked_at.lt(at).or(requests::asked_at.eq(at).and(requests::id.lt(id)));
        own = own.filter(requests::asked_at.le(at).and(older));
    }
    own.load(conn)
}

/// A deletion that RevenueCat was asked for and that is done. Its request went with the customer; the audit log names nobody.
#[derive(Debug, Queryable)]
pub struct Deletion {
    pub action: Action,
    pub at: Moment,
    asker: ActorKind,
    /// The role of a person, or the name of a key.
    role: String,
    /// The name of a person who still has an account.
    person: Option<String>,
}

impl Deletion {
    pub fn asked_by(&self) -> String {
        match (self.asker, &self.person) {
            (ActorKind::Person, Some(name)) => name.clone(),
            (ActorKind::Person, None) => "somebody who has left".into(),
            (ActorKind::ApiKey | ActorKind::System | ActorKind::Operator, _) => self.role.clone(),
        }
    }
}

/// How many of the newest deletions are looked through for those that RevenueCat was asked for.
const LOOKED_THROUGH: i64 = 200;

/// The newest deletions that RevenueCat was asked for.
pub fn deletions(conn: &mut Conn, project: ProjectId, most: usize) -> QueryResult<Vec<Deletion>> {
    let is_deletion = [Action::CustomerDeleted.name(), Action::CustomerBlocked.name()];
    let is_theirs = people::id.nullable().eq(audit_entries::actor_id);
    let newest: Vec<(String, Deletion)> = audit_entries::table
        .inner_join(audit_details::table.on(of_entry()))
        .left_join(people::table.on(is_theirs.and(audit_entries::actor_kind.eq(ActorKind::Person.name()))))
        .filter(audit_entries::project_id.eq(project).and(audit_entries::action.eq_any(is_deletion)))
        .order((audit_entries::at.desc(), audit_entries::position.desc()))
        .limit(LOOKED_THROUGH)
        .select((
            audit_details::body,
            (
                audit_entries::action,
                audit_entries::at,
                audit_entries::actor_kind,
                audit_entries::role,
                people::name.nullable(),
            ),
        ))
        .load(conn)?;
    let is_asked_for = |(body, _): &(String, Deletion)| body.contains(&format!("\"{DELETED_THERE}\""));
    Ok(newest.into_iter().filter(is_asked_for).map(|(_, deletion)| deletion).take(most).collect())
}

/// The ids and names by which customers are shown.
pub fn names(conn: &mut Conn, of: &[CustomerId]) -> QueryResult<BTreeMap<CustomerId, (String, Option<String>)>> {
    let rows = customers::table.filter(customers::id.eq_any(of.to_vec()));
    let columns = (customers::id, customers::best_app_user_id, customers::display_name);
    let rows: Vec<(CustomerId, String, Option<String>)> = rows.select(columns).load(conn)?;
    Ok(rows.into_iter().map(|(id, app_user_id, name)| (id, (app_user_id, name))).collect())
}

//! Queries for webhook endpoints and the counts of their deliveries.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::deliveries::State;
use crate::base::clock::Moment;
use crate::base::ids::{EndpointId, ProjectId};
use crate::db::Conn;
use crate::db::schema::{webhook_deliveries, webhook_endpoint_types as types, webhook_endpoints};
use crate::endpoints::Endpoint;

/// An endpoint with the event types it wants; if empty, it wants every type.
pub type EndpointWithTypes = (Endpoint, Vec<String>);

/// The project's endpoints that are switched on; with `received`, only those that want received events.
pub fn on(conn: &mut Conn, project: ProjectId, received: bool) -> QueryResult<Vec<EndpointWithTypes>> {
    let all: Vec<Endpoint> = webhook_endpoints::table
        .filter(webhook_endpoints::project_id.eq(project).and(webhook_endpoints::is_on.eq(true)))
        .order(webhook_endpoints::id)
        .select(Endpoint::as_select())
        .load(conn)?;
    let wanting: Vec<Endpoint> = all.into_iter().filter(|one| one.sends_received || !received).collect();
    if wanting.is_empty() { Ok(Vec::new()) } else { with_types(conn, project, wanting) }
}

/// All endpoints of a project, the oldest first.
pub fn all(conn: &mut Conn, project: ProjectId) -> QueryResult<Vec<EndpointWithTypes>> {
    let all: Vec<Endpoint> = webhook_endpoints::table
        .filter(webhook_endpoints::project_id.eq(project))
        .order(webhook_endpoints::id)
        .select(Endpoint::as_select())
        .load(conn)?;
    with_types(conn, project, all)
}

pub fn find(conn: &mut Conn, project: ProjectId, id: EndpointId) -> QueryResult<Option<EndpointWithTypes>> {
    let found: Option<Endpoint> =
        webhook_endpoints::table.find((project, id)).select(Endpoint::as_select()).first(conn).optional()?;
    let found = found.map(|one| with_types(conn, project, vec![one])).transpose()?;
    Ok(found.into_iter().flatten().next())
}

fn with_types(conn: &mut Conn, project: ProjectId, all: Vec<Endpoint>) -> QueryResult<Vec<EndpointWithTypes>> {
    let rows: Vec<(EndpointId, String)> = types::table
        .filter(types::project_id.eq(project))
        .order((types::endpoint_id, types::kind))
        .select((types::endpoint_id, types::kind))
        .load(conn)?;
    let mut asked: BTreeMap<EndpointId, Vec<String>> = BTreeMap::new();
    rows.into_iter().for_each(|(id, kind)| asked.entry(id).or_default().push(kind));
    Ok(all.into_iter().map(|one| (asked.remove(&one.id).unwrap_or_default(), one)).map(|(a, b)| (b, a)).collect())
}

pub fn insert(conn: &mut Conn, endpoint: &Endpoint, kinds: &[String]) -> QueryResult<()> {
    diesel::insert_into(webhook_endpoints::table).values(endpoint).execute(conn)?;
    put_types(conn, endpoint, kinds)
}

/// Saves the fields of the form and the event types. The secrets and the last attempt stay as they are.
pub fn update(conn: &mut Conn, changed: &Endpoint, kinds: &[String]) -> QueryResult<()> {
    let row = webhook_endpoints::table.find((changed.project_id, changed.id));
    let values = (
        webhook_endpoints::name.eq(&changed.name),
        webhook_endpoints::url.eq(&changed.url),
        webhook_endpoints::authorization_value.eq(&changed.authorization_value),
        webhook_endpoints::environment.eq(changed.environment),
        webhook_endpoints::sends_received.eq(changed.sends_received),
        webhook_endpoints::is_on.eq(changed.is_on),
    );
    diesel::update(row).set(values).execute(conn)?;
    let own = types::project_id.eq(changed.project_id).and(types::endpoint_id.eq(changed.id));
    diesel::delete(types::table.filter(own)).execute(conn)?;
    put_types(conn, changed, kinds)
}

fn put_types(conn: &mut Conn, of: &Endpoint, kinds: &[String]) -> QueryResult<()> {
    kinds.iter().try_for_each(|kind| {
        let row = (types::project_id.eq(of.project_id), types::endpoint_id.eq(of.id), types::kind.eq(kind));
        diesel::insert_into(types::table).values(row).execute(conn).map(drop)
    })
}

/// Switches an endpoint on or off. Its waiting deliveries stay, and are not sent while it is off.
pub fn switch(conn: &mut Conn, project: ProjectId, id: EndpointId, is_on: bool) -> QueryResult<()> {
    diesel::update(webhook_endpoints::table.find((project, id)))
        .set(webhook_endpoints::is_on.eq(is_on))
        .execute(conn)?;
    Ok(())
}

/// Sets a new secret, sealed. Requests are also signed with the present one until `until`; with `None` no former secret signs any
/// more.
pub fn replace_secret(
    conn: &mut Conn,
    before: &Endpoint,
    secret: &[u8],
    now: Moment,
    until: Option<Moment>,
) -> QueryResult<()> {
    let values = (
        webhook_endpoints::secret.eq(secret),
        webhook_endpoints::secret_set_at.eq(now),
        webhook_endpoints::old_secret.eq(until.map(|_| &before.secret)),
        webhook_endpoints::old_secret_until.eq(until),
    );
    diesel::update(webhook_endpoints::table.find((before.project_id, before.id))).set(values).execute(conn)?;
    Ok(())
}

/// Deletes an endpoint with all of its deliveries.
pub fn delete(conn: &mut Conn, project: ProjectId, id: EndpointId) -> QueryResult<()> {
    diesel::delete(webhook_endpoints::table.find((project, id))).execute(conn)?;
    Ok(())
}

/// How many deliveries wait, for each endpoint that has any.
pub fn waiting(conn: &mut Conn, project: ProjectId) -> QueryResult<BTreeMap<EndpointId, i64>> {
    let counted: Vec<(EndpointId, i64)> = webhook_deliveries::table
        .filter(webhook_deliveries::project_id.eq(project).and(webhook_deliveries::state.eq(State::Waiting)))
        .group_by(webhook_deliveries::endpoint_id)
        .select((webhook_deliveries::endpoint_id, diesel::dsl::count_star()))
        .load(conn)?;
    Ok(counted.into_iter().collect())
}

/// How many deliveries to an endpoint wait, and how many failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub waiting: i64,
    pub failed: i64,
}

pub fn counts(conn: &mut Conn, project: ProjectId, endpoint: EndpointId) -> QueryResult<Counts> {
    let counted: Vec<(State, i64)> = webhook_deliveries::table
        .filter(webhook_deliveries::project_id.eq(project).and(webhook_deliveries::endpoint_id.eq(endpoint)))
        .filter(webhook_deliveries::state.eq_any([State::Waiting, State::Failed]))
        .group_by(webhook_deliveries::state)
        .select((webhook_deliveries::state, diesel::dsl::count_star()))
        .load(conn)?;
    let of = |state| counted.iter().find(|(known, _)| *known == state).map_or(0, |(_, count)| *count);
    Ok(Counts { waiting: of(State::Waiting), failed: of(State::Failed) })
}

//! Endpoints in the database.

use std::collections::BTreeMap;

use diesel::prelude::*;

use crate::base::clock::Moment;
use crate::db::Conn;
use crate::db::schema::{destination_types as types, destinations, outgoing};
use crate::endpoints::Destination;

/// An endpoint with the types it asks for; none for every type.
pub type Asking = (Destination, Vec<String>);

/// The project's endpoints that are on; `received`: only those that want what came from outside.
pub fn on(conn: &mut Conn, project: i64, received: bool) -> QueryResult<Vec<Asking>> {
    let all: Vec<Destination> = destinations::table
        .filter(destinations::project_id.eq(project).and(destinations::is_on.eq(true)))
        .order(destinations::id)
        .select(Destination::as_select())
        .load(conn)?;
    let wanting: Vec<Destination> = all.into_iter().filter(|one| one.sends_received || !received).collect();
    if wanting.is_empty() { Ok(Vec::new()) } else { with_types(conn, project, wanting) }
}

/// All of them, the oldest first.
pub fn all(conn: &mut Conn, project: i64) -> QueryResult<Vec<Asking>> {
    let all: Vec<Destination> = destinations::table
        .filter(destinations::project_id.eq(project))
        .order(destinations::id)
        .select(Destination::as_select())
        .load(conn)?;
    with_types(conn, project, all)
}

pub fn find(conn: &mut Conn, project: i64, id: i64) -> QueryResult<Option<Asking>> {
    let found: Option<Destination> =
        destinations::table.find((project, id)).select(Destination::as_select()).first(conn).optional()?;
    let found = found.map(|one| with_types(conn, project, vec![one])).transpose()?;
    Ok(found.into_iter().flatten().next())
}

fn with_types(conn: &mut Conn, project: i64, all: Vec<Destination>) -> QueryResult<Vec<Asking>> {
    let rows: Vec<(i64, String)> = types::table
        .filter(types::project_id.eq(project))
        .order((types::destination_id, types::kind))
        .select((types::destination_id, types::kind))
        .load(conn)?;
    let mut asked: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    rows.into_iter().for_each(|(id, kind)| asked.entry(id).or_default().push(kind));
    Ok(all.into_iter().map(|one| (asked.remove(&one.id).unwrap_or_default(), one)).map(|(a, b)| (b, a)).collect())
}

pub fn insert(conn: &mut Conn, destination: &Destination, kinds: &[String]) -> QueryResult<()> {
    diesel::insert_into(destinations::table).values(destination).execute(conn)?;
    put_types(conn, destination, kinds)
}

/// Replaces all of an endpoint but what tells of its last attempt.
pub fn update(conn: &mut Conn, changed: &Destination, kinds: &[String]) -> QueryResult<()> {
    let row = destinations::table.find((changed.project_id, changed.id));
    let values = (
        destinations::name.eq(&changed.name),
        destinations::url.eq(&changed.url),
        destinations::authorization_value.eq(&changed.authorization_value),
        destinations::environment.eq(&changed.environment),
        destinations::sends_received.eq(changed.sends_received),
        destinations::is_on.eq(changed.is_on),
    );
    diesel::update(row).set(values).execute(conn)?;
    let own = types::project_id.eq(changed.project_id).and(types::destination_id.eq(changed.id));
    diesel::delete(types::table.filter(own)).execute(conn)?;
    put_types(conn, changed, kinds)
}

fn put_types(conn: &mut Conn, of: &Destination, kinds: &[String]) -> QueryResult<()> {
    kinds.iter().try_for_each(|kind| {
        let row = (types::project_id.eq(of.project_id), types::destination_id.eq(of.id), types::kind.eq(kind));
        diesel::insert_into(types::table).values(row).execute(conn).map(drop)
    })
}

/// Switches it on or off. What waits stays, and waits while it is off.
pub fn switch(conn: &mut Conn, project: i64, id: i64, is_on: bool) -> QueryResult<()> {
    diesel::update(destinations::table.find((project, id))).set(destinations::is_on.eq(is_on)).execute(conn)?;
    Ok(())
}

/// The secret so far becomes the old one and signs along for a while.
pub fn replace_secret(
    conn: &mut Conn,
    before: &Destination,
    secret: &[u8],
    (now, until): (Moment, Moment),
) -> QueryResult<()> {
    let values = (
        destinations::secret.eq(secret),
        destinations::secret_set_at.eq(now),
        destinations::old_secret.eq(Some(&before.secret)),
        destinations::old_secret_until.eq(Some(until)),
    );
    diesel::update(destinations::table.find((before.project_id, before.id))).set(values).execute(conn)?;
    Ok(())
}

/// Removes it with its whole queue.
pub fn delete(conn: &mut Conn, project: i64, id: i64) -> QueryResult<()> {
    diesel::delete(destinations::table.find((project, id))).execute(conn)?;
    Ok(())
}

/// How many deliveries wait for each endpoint that has any waiting.
pub fn waiting(conn: &mut Conn, project: i64) -> QueryResult<BTreeMap<i64, i64>> {
    let counted: Vec<(i64, i64)> = outgoing::table
        .filter(outgoing::project_id.eq(project).and(outgoing::state.eq("waiting")))
        .group_by(outgoing::destination_id)
        .select((outgoing::destination_id, diesel::dsl::count_star()))
        .load(conn)?;
    Ok(counted.into_iter().collect())
}

/// How many deliveries to an endpoint wait, and how many were given up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub waiting: i64,
    pub failed: i64,
}

pub fn counts(conn: &mut Conn, (project, endpoint): (i64, i64)) -> QueryResult<Counts> {
    let counted: Vec<(String, i64)> = outgoing::table
        .filter(outgoing::project_id.eq(project).and(outgoing::destination_id.eq(endpoint)))
        .filter(outgoing::state.eq_any(["waiting", "failed"]))
        .group_by(outgoing::state)
        .select((outgoing::state, diesel::dsl::count_star()))
        .load(conn)?;
    let of = |state| counted.iter().find(|(known, _)| known == state).map_or(0, |(_, count)| *count);
    Ok(Counts { waiting: of("waiting"), failed: of("failed") })
}

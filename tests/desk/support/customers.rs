//! Reads what is stored of customers.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use dossier::base::ids::{CustomerId, ProjectId};
use dossier::customers::identity;
use dossier::db::Conn;
use dossier::db::schema::*;
use dossier::projection::{Kind, Purchase};
use serde_json::Value;

use super::Desk;

/// The row of the customer of Sundial who has this App User ID.
pub fn customer_id(desk: &Desk, app_user_id: &str) -> CustomerId {
    desk.read(|conn| identity::find(conn, desk.project, app_user_id)).expect("somebody has the id")
}

/// How many customers all projects have.
pub fn count_customers(desk: &Desk) -> i64 {
    desk.read(|conn| customers::table.count().get_result(conn))
}

/// How many events all projects have.
pub fn count_events(desk: &Desk) -> i64 {
    desk.read(|conn| events::table.count().get_result(conn))
}

/// All stored purchases of a customer, grants as well, in the order of their keys.
pub fn purchases_of(desk: &Desk, app_user_id: &str) -> Vec<Purchase> {
    let own = purchases::table.filter(purchases::customer_id.eq(customer_id(desk, app_user_id)));
    let own = own.order((purchases::environment, purchases::key)).select(purchases::body);
    let bodies: Vec<String> = desk.read(|conn| own.load(conn));
    bodies.iter().map(|body| Purchase::stored(body).expect("it reads")).collect()
}

/// The grants among them.
pub fn grants_of(desk: &Desk, app_user_id: &str) -> Vec<Purchase> {
    purchases_of(desk, app_user_id).into_iter().filter(|one| one.kind == Kind::Grant).collect()
}

/// The keys of the others, which are from stores.
pub fn store_purchases_of(desk: &Desk, app_user_id: &str) -> Vec<String> {
    let all = purchases_of(desk, app_user_id).into_iter();
    all.filter(|one| one.kind != Kind::Grant).map(|one| one.key).collect()
}

/// The types of the events in a customer's history, oldest first, each behind the side it is on: `own RENEWAL`.
pub fn history_of(desk: &Desk, app_user_id: &str) -> Vec<String> {
    let own = history::table.filter(history::customer_id.eq(customer_id(desk, app_user_id)));
    let own = own.order((history::event_at, history::tie)).select((history::side, history::summary));
    let rows: Vec<(String, String)> = desk.read(|conn| own.load(conn));
    let kind =
        |summary: &str| serde_json::from_str::<Value>(summary).expect("JSON")["kind"].as_str().map(str::to_owned);
    rows.iter().map(|(side, summary)| format!("{side} {}", kind(summary).expect("a kind"))).collect()
}

/// The App User IDs of each customer of a project.
pub fn ids_of_customers(desk: &Desk, project: ProjectId) -> Vec<Vec<String>> {
    profiles(desk, project).into_keys().collect()
}

/// Everything that the profiles of a project show, without row ids: one text per customer, by their App User IDs.
pub fn profiles(desk: &Desk, project: ProjectId) -> BTreeMap<Vec<String>, String> {
    desk.read(|conn| {
        let own = customers::table.filter(customers::project_id.eq(project));
        let ids: Vec<CustomerId> = own.select(customers::id).load(conn)?;
        ids.into_iter().map(|id| profile(conn, id)).collect()
    })
}

fn profile(conn: &mut Conn, id: CustomerId) -> QueryResult<(Vec<String>, String)> {
    let names: Vec<(String, i64)> = app_user_ids::table
        .filter(app_user_ids::customer_id.eq(id))
        .order((app_user_ids::since, app_user_ids::key))
        .select((app_user_ids::app_user_id, app_user_ids::since))
        .load(conn)?;
    let bought: Vec<(String, String, i64, String)> = purchases::table
        .filter(purchases::customer_id.eq(id))
        .order((purchases::environment, purchases::key))
        .select((purchases::environment, purchases::key, purchases::ends_at, purchases::body))
        .load(conn)?;
    let values: Vec<(String, String, i64, bool)> = attributes::table
        .filter(attributes::customer_id.eq(id))
        .order(attributes::key)
        .select((attributes::key, attributes::value, attributes::updated_at, attributes::is_deleted))
        .load(conn)?;
    let rows: Vec<(i64, i64, i64, String, String, String, String)> = history::table
        .filter(history::customer_id.eq(id))
        .order((history::timeline_at, history::event_at, history::tie))
        .select((
            history::timeline_at,
            history::event_at,
            history::tie,
            history::environment,
            history::topic,
            history::side,
            history::summary,
        ))
        .load(conn)?;
    let terms: BTreeSet<(Vec<u8>, String, String)> = search_terms::table
        .filter(search_terms::customer_id.eq(id))
        .select((search_terms::term, search_terms::kind, search_terms::value))
        .load(conn)?
        .into_iter()
        .collect();
    let summary: (String, Option<String>, i64, i64, i64, i64, Option<String>) = customers::table
        .find(id)
        .select((
            customers::original_app_user_id,
            customers::event_country,
            customers::spent_micros,
            customers::events_count,
            customers::active_at,
            customers::subscribed_until,
            customers::latest,
        ))
        .first(conn)?;
    let text = format!("{names:?}\n{bought:?}\n{values:?}\n{rows:?}\n{terms:?}\n{summary:?}");
    Ok((names.into_iter().map(|(name, _)| name).collect(), text))
}

//! Reads what is stored of customers.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use dossier::base::ids::{CustomerId, EventId, ProjectId};
use dossier::customers::identity;
use dossier::db::Conn;
use dossier::db::schema::*;
use dossier::events::Digest;
use dossier::events::history::Side;
use dossier::projection::{Cause, Causes, Kind, Purchase};

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
    bodies.iter().map(|body| without_causes(Purchase::stored(body).expect("it reads"))).collect()
}

/// The rows of events depend on when they came.
pub fn without_causes(mut purchase: Purchase) -> Purchase {
    purchase.causes = Causes::default();
    purchase.moves.iter_mut().for_each(|one| one.by = EventId(0));
    purchase
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
    let own = history::table.inner_join(events::table.on(events::id.eq(history::event_id)));
    let own = own.filter(history::customer_id.eq(customer_id(desk, app_user_id)));
    let own = own.order((history::event_at, history::tie)).select((history::side, events::digest));
    let rows: Vec<(Side, Digest)> = desk.read(|conn| own.load(conn));
    let kind = |digest: &Digest| digest.read().expect("it reads").kind;
    let word = |side: &Side| if *side == Side::Own { "own" } else { "lost" };
    rows.iter().map(|(side, digest)| format!("{} {}", word(side), kind(digest).as_str())).collect()
}

/// As [`history_of`], without rows that an event of the store has replaced, or that say again what was known.
pub fn told_of(desk: &Desk, app_user_id: &str) -> Vec<String> {
    let own = history::table.inner_join(events::table.on(events::id.eq(history::event_id)));
    let own = own.filter(history::customer_id.eq(customer_id(desk, app_user_id)).and(history::is_muted.eq(false)));
    let rows: Vec<Digest> =
        desk.read(|conn| own.order((history::event_at, history::tie)).select(events::digest).load(conn));
    rows.iter().map(|digest| digest.read().expect("it reads").kind.as_str().to_owned()).collect()
}

/// The App User IDs of each customer of a project.
pub fn ids_of_customers(desk: &Desk, project: ProjectId) -> Vec<Vec<String>> {
    profiles(desk, project).into_keys().collect()
}

/// Everything that the profiles of a project show, without row ids: one text per customer, by their App User IDs.
pub fn profiles(desk: &Desk, project: ProjectId) -> BTreeMap<Vec<String>, String> {
    desk.read(|conn| load_profiles(conn, project))
}

/// As [`profiles`], for a database without a desk.
pub fn load_profiles(conn: &mut Conn, project: ProjectId) -> QueryResult<BTreeMap<Vec<String>, String>> {
    let own = customers::table.filter(customers::project_id.eq(project));
    let ids: Vec<CustomerId> = own.select(customers::id).load(conn)?;
    ids.into_iter().map(|id| profile(conn, id)).collect()
}

/// The place of an event, what the history stores of it in numbers, and its digest.
type HistoryRow = ((i64, i64, i32), (i16, i16, i16, i16), Digest);

/// What a digest says, as JSON.
pub fn text_of(digest: &Digest) -> String {
    serde_json::to_string(&digest.read().expect("it reads")).expect("JSON")
}

/// The keys of events, by what they did.
type Named = Vec<(Cause, Vec<u8>)>;

/// A stored purchase, and which events brought it into its state: their rows depend on when they came.
fn with_causes(conn: &mut Conn, body: &str) -> QueryResult<(String, Named)> {
    let mut purchase = Purchase::stored(body).expect("a purchase");
    let causes = std::mem::take(&mut purchase.causes);
    let moves = purchase.moves.iter_mut().map(|one| (Cause::Transfer, std::mem::take(&mut one.by)));
    let moves: Vec<_> = moves.collect();
    let named = causes.iter().chain(moves).map(|(cause, row)| {
        Ok((cause, events::table.filter(events::id.eq(row)).select(events::event_key).first::<Vec<u8>>(conn)?))
    });
    let named = named.collect::<QueryResult<_>>()?;
    Ok((purchase.to_json(), named))
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
    let bought = bought.into_iter().map(|(environment, key, ends_at, body)| {
        let (body, causes) = with_causes(conn, &body)?;
        Ok((environment, key, ends_at, body, causes))
    });
    let bought: Vec<_> = bought.collect::<QueryResult<_>>()?;
    let values: Vec<(String, String, i64, bool)> = attributes::table
        .filter(attributes::customer_id.eq(id))
        .order(attributes::key)
        .select((attributes::key, attributes::value, attributes::updated_at, attributes::is_deleted))
        .load(conn)?;
    let rows: Vec<HistoryRow> = history::table
        .inner_join(events::table.on(events::id.eq(history::event_id)))
        .filter(history::customer_id.eq(id))
        .order((history::timeline_at, history::event_at, history::tie))
        .select((
            (history::timeline_at, history::event_at, history::tie),
            (history::environment, history::topic, history::side, history::kind),
            events::digest,
        ))
        .load(conn)?;
    let rows: Vec<_> = rows.iter().map(|(place, words, digest)| (place, words, text_of(digest))).collect();
    let terms: BTreeSet<(Vec<u8>, i16, String)> = search_terms::table
        .filter(search_terms::customer_id.eq(id))
        .select((search_terms::term, search_terms::kind, search_terms::value))
        .load(conn)?
        .into_iter()
        .collect();
    let paid: Vec<(i64, i64, i16, Option<i64>)> = payments::table
        .filter(payments::customer_id.eq(id))
        .order((payments::at, payments::transaction_key, payments::kind, payments::amount))
        .select((payments::at, payments::transaction_key, payments::kind, payments::amount))
        .load(conn)?;
    let held: Vec<(String, String, String, i64)> = balances::table
        .filter(balances::customer_id.eq(id))
        .order((balances::environment, balances::code))
        .select((balances::environment, balances::code, balances::name, balances::amount))
        .load(conn)?;
    let enrolled: Vec<(String, String, Option<i64>)> = experiments::table
        .filter(experiments::customer_id.eq(id))
        .order(experiments::experiment_id)
        .select((experiments::experiment_id, experiments::variant, experiments::enrolled_at))
        .load(conn)?;
    let sums: (i64, i64, i64, bool, i64, Option<i64>, Option<String>, i64) = customers::table
        .find(id)
        .select((
            customers::payments,
            customers::refunds,
            customers::prices_missing,
            customers::family_shared_only,
            customers::ids_count,
            customers::first_event_at,
            customers::status_purchase,
            customers::granted_until,
        ))
        .first(conn)?;
    let counted: i64 = progress::table.find(id).select(progress::purchases).first(conn)?;
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
    let text = format!("{text}\n{paid:?}\n{held:?}\n{enrolled:?}\n{sums:?}\n{counted}");
    Ok((names.into_iter().map(|(name, _)| name).collect(), text))
}

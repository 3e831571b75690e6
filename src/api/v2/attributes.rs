//! `…/customers/{id}/attributes`: reading and setting them (§10). Either all that was sent is set, or nothing.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Payload;
use diesel::prelude::*;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::customer::address;
use super::fields::{Fields, wrong};
use super::list::{List, Window};
use crate::api::v1::attributes;
use crate::api::v2::project_call::{self, Within};
use crate::api::{Caller, customers};
use crate::audit::Trace;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::db::Conn;
use crate::db::schema::attributes as table;
use crate::projection::CustomerId;

/// How many may be sent at once.
const MOST: usize = 50;

#[derive(Debug, Serialize)]
pub struct Attribute {
    object: &'static str,
    name: String,
    value: String,
    updated_at: Moment,
}

pub async fn index(caller: Caller) -> Result<HttpResponse, Error> {
    let (id, query) = (caller.app_user_id()?.to_owned(), caller.query.clone());
    let list = project_call::read(&caller, move |conn, within| {
        let customer = customers::known(conn, within.inside, &id)?;
        listed(conn, within, (customer, &id), &query)
    })
    .await?;
    Ok(project_call::answer(&caller, StatusCode::OK, &list))
}

/// Answers with all that is set afterwards.
pub async fn set(caller: Caller, payload: Payload) -> Result<HttpResponse, Error> {
    project_call::authenticate(&caller).await?;
    let id = caller.app_user_id()?.to_owned();
    let fields = Fields::read(payload).await?;
    let sent = parse(fields.list(FIELD)?.unwrap_or_default())?;
    if sent.is_empty() {
        return Err(wrong(FIELD, "attributes must have 1 to 50 items."));
    }
    let list = project_call::act(&caller, move |conn, within| {
        let customer = customers::known(conn, within.inside, &id)?;
        let traces = save(conn, within, (customer, &id), &sent)?;
        Ok((traces, listed(conn, within, (customer, &id), "limit=1000")?))
    })
    .await?;
    Ok(project_call::answer(&caller, StatusCode::OK, &list))
}

const FIELD: &str = "attributes";

/// `[{name, value|null}]` as v1 sends it.
///
/// # Errors
/// [`Error::Parameter`] for anything else.
pub fn parse(items: &[Value]) -> Result<Map<String, Value>, Error> {
    if items.len() > MOST {
        return Err(wrong(FIELD, "attributes must have 1 to 50 items."));
    }
    let mut sent = Map::new();
    for item in items {
        let name = item.get("name").and_then(Value::as_str);
        let name = name.ok_or_else(|| wrong(FIELD, "Every attribute must have a name."))?;
        let value = item.get("value").ok_or_else(|| wrong(FIELD, format!("{name} must have a value, or null.")))?;
        if sent.insert(name.to_owned(), json!({ "value": value })).is_some() {
            return Err(wrong(FIELD, format!("{name} stands there twice.")));
        }
    }
    Ok(sent)
}

/// Sets all of them, under the rules of v1.
///
/// # Errors
/// [`Error::Parameter`] naming the first that cannot be set: nothing is, then.
pub fn save(
    conn: &mut Conn,
    within: &Within<'_>,
    (customer, id): (CustomerId, &str),
    sent: &Map<String, Value>,
) -> Result<Vec<Trace>, Error> {
    let (traces, problems) = attributes::apply(conn, within.inside, customer, sent)?;
    match problems.first() {
        Some(problem) => Err(wrong(FIELD, format!("{}: {}", problem.key_name, problem.message))),
        None => Ok(traces.into_iter().map(|trace| trace.for_customer(customer, id)).collect()),
    }
}

/// What is set, by name.
pub fn load(conn: &mut Conn, customer: CustomerId) -> QueryResult<Vec<Attribute>> {
    let rows: Vec<(String, String, Moment)> = table::table
        .filter(table::customer_id.eq(customer).and(table::is_deleted.eq(false)))
        .select((table::key, table::value, table::updated_at))
        .load(conn)?;
    let shown = |(name, value, updated_at)| Attribute { object: "customer.attribute", name, value, updated_at };
    let mut all: Vec<Attribute> = rows.into_iter().map(shown).collect();
    all.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(all)
}

fn listed(
    conn: &mut Conn,
    within: &Within<'_>,
    (customer, id): (CustomerId, &str),
    query: &str,
) -> Result<List<Attribute>, Error> {
    let window = Window::parse(query, format!("{}/attributes", address(within, id)))?;
    window.cut(load(conn, customer)?, |attribute| attribute.name.clone())
}

//! `…/customers/{id}/attributes`: reads and sets attributes (§10). A call sets either all that it sends, or none.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use diesel::prelude::*;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::answer;
use super::customer::address;
use super::fields::{Fields, wrong};
use super::list::{List, Window};
use crate::api::body::Limit;
use crate::api::v1::attributes;
use crate::api::{AuthorizedCall, Caller, asking, customers};
use crate::audit::Trace;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::CustomerId;
use crate::db::Conn;
use crate::db::schema::attributes as table;
use crate::web::Incoming;

/// How many attributes one call may set.
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
    let list = caller
        .read(move |conn, call| {
            let customer = customers::require(conn, call, &id)?;
            listed(conn, call, customer, &id, &query)
        })
        .await?;
    Ok(answer::json(&caller, StatusCode::OK, &list))
}

/// Sets attributes and answers with every attribute of the customer.
pub async fn set(caller: Caller, req: HttpRequest, incoming: Incoming) -> Result<HttpResponse, Error> {
    let id = caller.app_user_id()?.to_owned();
    let fields = Fields::read(incoming, Limit::Large).await?;
    let sent = parse(fields.list(FIELD)?.unwrap_or_default())?;
    if sent.is_empty() {
        return Err(wrong(FIELD, "attributes must have 1 to 50 items."));
    }
    let wanted = sent.clone();
    let is_asked = asking::ask_if_connected(&caller, &req, &id, move |_, call, _| {
        let checked = attributes::check(call, &wanted);
        if let Some(problem) = checked.problems.first() {
            return Err(wrong(FIELD, format!("{}: {}", problem.key_name, problem.message)));
        }
        Ok(Some(attributes::act_of(checked.updates)))
    })
    .await?;
    let list = caller
        .act(move |conn, call| {
            let customer = customers::require(conn, call, &id)?;
            if is_asked {
                return Ok((Vec::new(), listed(conn, call, customer, &id, "limit=1000")?));
            }
            let traces = save(conn, call, customer, &id, &sent)?;
            Ok((traces, listed(conn, call, customer, &id, "limit=1000")?))
        })
        .await?;
    Ok(answer::json(&caller, StatusCode::OK, &list))
}

const FIELD: &str = "attributes";

/// Turns `[{name, value|null}]` into the format of v1.
///
/// # Errors
/// [`Error::Parameter`] when an item has no name or no value, a name is there twice, or the items are more than
/// [`MOST`].
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
            return Err(wrong(FIELD, format!("{name} is in the list twice.")));
        }
    }
    Ok(sent)
}

/// Sets all of the attributes, under the rules of v1. `id` is the id that the call names the customer by.
///
/// # Errors
/// [`Error::Parameter`] with the first attribute that is refused. The caller's transaction then rolls back the others.
pub fn save(
    conn: &mut Conn,
    call: &AuthorizedCall,
    customer: CustomerId,
    id: &str,
    sent: &Map<String, Value>,
) -> Result<Vec<Trace>, Error> {
    let (traces, problems) = attributes::apply(conn, call, customer, sent)?;
    match problems.first() {
        Some(problem) => Err(wrong(FIELD, format!("{}: {}", problem.key_name, problem.message))),
        None => Ok(traces.into_iter().map(|trace| trace.for_customer(customer, id)).collect()),
    }
}

/// The attributes of a customer, sorted by name.
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
    call: &AuthorizedCall,
    customer: CustomerId,
    id: &str,
    query: &str,
) -> Result<List<Attribute>, Error> {
    let window = Window::parse(query, format!("{}/attributes", address(call, id)))?;
    window.cut(load(conn, customer)?, |attribute| attribute.name.clone())
}

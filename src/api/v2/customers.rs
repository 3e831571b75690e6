//! Listing, making, reading and deleting customers.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Payload;
use serde::Serialize;

use super::customer::base;
use super::fields::{Fields, wrong};
use super::list::{Window, gone};
use super::{attributes, customer, queries};
use crate::api::v1::deletion;
use crate::api::v2::project_call::{self, Within};
use crate::api::{Caller, customers as known, errors};
use crate::audit::{Action, Trace};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::customers::identity;
use crate::db::Conn;
use crate::operations::erasure::cleanup;
use crate::projection::CustomerId;
use crate::web::form;

#[derive(Debug, Serialize)]
struct Deleted {
    object: &'static str,
    id: String,
    deleted_at: Moment,
}

/// `GET …/customers`: those known longest first, so that who comes meanwhile comes last. `search` is an e-mail address.
pub async fn index(caller: Caller) -> Result<HttpResponse, Error> {
    let query = caller.query.clone();
    let list = project_call::read(&caller, move |conn, within| {
        let search = form::field(&query, "search").filter(|search| !search.is_empty());
        let window = Window::parse(&query, base(within))?.keeping("search", search.clone());
        let after = start(conn, within, &query, &window)?;
        let rows = match &search {
            Some(email) => queries::with_email(conn, within.inside.project, email, after, window.one_more())?,
            None => queries::following(conn, within.inside.project, after, window.one_more())?,
        };
        let last = rows.get(window.limit.saturating_sub(1)).map(|row| row.id.to_string());
        let window = window.keeping(PLACE, last);
        Ok(window.filled(customer::all(conn, within, rows)?, |shown| shown.id.clone()))
    })
    .await?;
    Ok(project_call::answer(&caller, StatusCode::OK, &list))
}

/// `POST …/customers`
pub async fn create(caller: Caller, payload: Payload) -> Result<HttpResponse, Error> {
    project_call::authenticate(&caller).await?;
    let fields = Fields::read(payload).await?;
    let id = fields.text("id")?;
    let is_plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if !is_plain {
        return Err(wrong("id", "An id has letters, digits, _ and - only."));
    }
    let sent = fields.list("attributes")?.map(attributes::parse).transpose()?.unwrap_or_default();
    let made = project_call::act(&caller, move |conn, within| {
        let (made, is_new) = known::found_or_made(conn, within.inside, &id)?;
        if !is_new {
            return Err(errors::refuse(StatusCode::CONFLICT, errors::MALFORMED, "A customer has this id already."));
        }
        let mut traces = vec![Trace::new(Action::CustomerCreated).for_customer(made, &id)];
        traces.extend(attributes::save(conn, within, (made, &id), &sent)?);
        Ok((traces, customer::load(conn, within, made, !sent.is_empty())?))
    })
    .await?;
    Ok(project_call::answer(&caller, StatusCode::CREATED, &made))
}

/// `GET …/customers/{id}`, by any id of theirs.
pub async fn show(caller: Caller) -> Result<HttpResponse, Error> {
    let id = caller.app_user_id()?.to_owned();
    let expand = form::field(&caller.query, "expand").unwrap_or_default();
    let has_attributes = expand.split(',').any(|part| part.trim() == "attributes");
    let shown = project_call::read(&caller, move |conn, within| {
        let found = known::known(conn, within.inside, &id)?;
        customer::load(conn, within, found, has_attributes)
    })
    .await?;
    Ok(project_call::answer(&caller, StatusCode::OK, &shown))
}

/// `DELETE …/customers/{id}`: the same action as on the page.
pub async fn delete(caller: Caller) -> Result<HttpResponse, Error> {
    let id = caller.app_user_id()?.to_owned();
    let deleted = project_call::act(&caller, move |conn, within| {
        let found = known::known(conn, within.inside, &id)?;
        let trace = deletion::erase(conn, within.inside, found)?;
        Ok((vec![trace], Deleted { object: "customer", id, deleted_at: within.inside.now }))
    })
    .await?;
    cleanup::soon(caller.db()).await;
    Ok(project_call::answer(&caller, StatusCode::OK, &deleted))
}

/// The parameter of our own that says where the last customer of a window stood: it may be gone by now, or be one with
/// another.
const PLACE: &str = "place";

/// The row after which the window starts.
fn start(conn: &mut Conn, within: &Within<'_>, query: &str, window: &Window) -> Result<CustomerId, Error> {
    let Some(after) = &window.after else { return Ok(CustomerId::MIN) };
    match form::field(query, PLACE).and_then(|place| place.parse().ok()) {
        Some(place) => Ok(place),
        None => identity::find(conn, within.inside.project, after)?.ok_or_else(gone),
    }
}

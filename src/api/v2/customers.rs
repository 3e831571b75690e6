//! Lists, creates, reads and deletes customers.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::customer::base;
use super::expand::Expanded;
use super::fields::{Fields, wrong};
use super::list::{Window, not_in_list};
use super::{answer, attributes, customer, queries};
use crate::api::body::Limit;
use crate::api::v1::deletion;
use crate::api::{AuthorizedCall, Caller, customers, errors};
use crate::audit::{Action, Trace};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::CustomerId;
use crate::customers::identity;
use crate::db::Conn;
use crate::operations::erasure::cleanup;
use crate::web::{Incoming, form};

#[derive(Debug, Serialize)]
struct Deleted {
    object: &'static str,
    id: String,
    deleted_at: Moment,
    /// A field of our own: when the database has overwritten what it held of the customer. `None` where it says no time.
    free_space_overwritten_by: Option<Moment>,
}

/// `GET …/customers`: the oldest first, so that a customer created meanwhile is on the last page. `search` is an e-mail
/// address.
pub async fn index(caller: Caller) -> Result<HttpResponse, Error> {
    let query = caller.query.clone();
    let list = caller
        .read(move |conn, call| {
            let search = form::field(&query, "search").filter(|search| !search.is_empty());
            let window = Window::parse(&query, base(call))?.keeping("search", search.clone());
            let after = start(conn, call, &query, &window)?;
            let rows = match &search {
                Some(email) => queries::with_email(conn, call.ctx.project, email, after, window.one_more())?,
                None => queries::following(conn, call.ctx.project, after, window.one_more())?,
            };
            let last = rows.get(window.limit.saturating_sub(1)).map(|row| row.id.to_string());
            let window = window.keeping(PLACE, last);
            Ok(window.filled(customer::all(conn, call, rows)?, |shown| shown.id.clone()))
        })
        .await?;
    Ok(answer::json(&caller, StatusCode::OK, &list))
}

/// `POST …/customers`
pub async fn create(caller: Caller, incoming: Incoming) -> Result<HttpResponse, Error> {
    let fields = Fields::read(incoming, Limit::Large).await?;
    let id = fields.text("id")?;
    let is_plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if !is_plain {
        return Err(wrong("id", "An id may have only letters, digits, _ and -."));
    }
    let sent = fields.list("attributes")?.map(attributes::parse).transpose()?.unwrap_or_default();
    let made = caller
        .act(move |conn, call| {
            let customers::Named { customer: made, is_new } = customers::find_or_create(conn, call, &id)?;
            if !is_new {
                return Err(errors::refuse(StatusCode::CONFLICT, errors::MALFORMED, "A customer has this id already."));
            }
            let mut traces = vec![Trace::new(Action::CustomerCreated).for_customer(made, &id)];
            traces.extend(attributes::save(conn, call, made, &id, &sent)?);
            Ok((traces, customer::load(conn, call, made, !sent.is_empty())?))
        })
        .await?;
    Ok(answer::json(&caller, StatusCode::CREATED, &made))
}

/// `GET …/customers/{id}`, by any id of the customer.
pub async fn show(caller: Caller) -> Result<HttpResponse, Error> {
    let id = caller.app_user_id()?.to_owned();
    let has_attributes = Expanded::parse(&caller.query).has("attributes");
    let shown = caller
        .read(move |conn, call| {
            let found = customers::require(conn, call, &id)?;
            customer::load(conn, call, found, has_attributes)
        })
        .await?;
    Ok(answer::json(&caller, StatusCode::OK, &shown))
}

/// `DELETE …/customers/{id}`: the same action as on the page.
pub async fn delete(caller: Caller, req: HttpRequest) -> Result<HttpResponse, Error> {
    let id = caller.app_user_id()?.to_owned();
    let is_asked = deletion::ask_to_delete(&caller, &req, &id).await?;
    let deleted = caller
        .act(move |conn, call| {
            let now = call.ctx.now;
            let traces = match is_asked {
                true => Vec::new(),
                false => {
                    let found = customers::require(conn, call, &id)?;
                    vec![deletion::erase(conn, call, found)?]
                }
            };
            let free_space_overwritten_by = cleanup::deadline(conn, now);
            Ok((traces, Deleted { object: "customer", id, deleted_at: now, free_space_overwritten_by }))
        })
        .await?;
    Ok(answer::json(&caller, StatusCode::OK, &deleted))
}

/// A parameter that only Dossier has: the row number of the last customer of a window. That customer may be erased or
/// merged before the next window is read.
const PLACE: &str = "place";

/// The row number after which the window starts.
fn start(conn: &mut Conn, call: &AuthorizedCall, query: &str, window: &Window) -> Result<CustomerId, Error> {
    let Some(after) = &window.after else { return Ok(CustomerId::MIN) };
    match form::field(query, PLACE).and_then(|place| place.parse().ok()) {
        Some(place) => Ok(place),
        None => identity::find(conn, call.ctx.project, after)?.ok_or_else(not_in_list),
    }
}

//! Logging in (§C3.4, §9.5). The customer with an anonymous id is merged into the customer with the id that the app
//! gives, unless that customer has an anonymous id already.

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use diesel::prelude::*;
use serde::Deserialize;

use super::answer;
use crate::api::authenticate::new_id;
use crate::api::last_seen::{Fetched, store_contact};
use crate::api::v1::customer_info::{self, CustomerInfo};
use crate::api::{AuthorizedCall, Caller, body, customers, errors};
use crate::base::AppUserId;
use crate::base::app_user_id::{ANONYMOUS_PREFIX, is_anonymous};
use crate::base::error::Error;
use crate::base::ids::CustomerId;
use crate::customers::overrides::{self, Override};
use crate::customers::{Resolver, Verdict};
use crate::db::Conn;
use crate::db::schema::app_user_ids;
use crate::events::own;
use crate::ingest;

#[derive(Deserialize)]
pub struct Login {
    app_user_id: String,
    new_app_user_id: String,
}

/// `POST /v1/subscribers/identify`
pub async fn log_in(caller: Caller, req: HttpRequest, payload: Payload) -> Result<HttpResponse, Error> {
    let Login { app_user_id, new_app_user_id } = body::parsed(payload).await?;
    identify(&req, &caller, (app_user_id, new_app_user_id)).await
}

async fn identify(req: &HttpRequest, caller: &Caller, (current, new): (String, String)) -> Result<HttpResponse, Error> {
    let into = new.clone();
    let (is_new, customer_info) = caller
        .write(move |conn, call| {
            let (customer_info, is_new) = logged_in(conn, call, (&current, &into))?;
            Ok((is_new, customer_info))
        })
        .await?;
    caller.record_contact(&new, Fetched::Info);
    answer::customer(req, if is_new { StatusCode::CREATED } else { StatusCode::OK }, customer_info)
}

/// The customer info after the log-in, and whether the new id had no customer before.
fn logged_in(
    conn: &mut Conn,
    call: &AuthorizedCall,
    (current, new): (&str, &str),
) -> Result<(CustomerInfo, bool), Error> {
    let (from, to) = (customers::find(conn, call, current)?, customers::find(conn, call, new)?);
    // Before anything is created, each id must belong to a customer or be allowed for a new one.
    for (id, _) in [(current, from), (new, to)].into_iter().filter(|(_, known)| known.is_none()) {
        new_id(id)?;
    }
    let is_same_customer = current == new || (from.is_some() && from == to);
    if !is_same_customer && may_merge(conn, current, to)? {
        merge(conn, call, (current, from), (new, to))?;
        for (id, _) in [(current, from), (new, to)].into_iter().filter(|(_, known)| known.is_none()) {
            customers::mark_since_exact(conn, call, id)?;
        }
    } else if from.is_none() {
        customers::find_or_create(conn, call, current)?;
    }
    let (customer, _) = customers::find_or_create(conn, call, new)?;
    Ok((customer_info::load(conn, call, customer)?, to.is_none()))
}

/// Whether the log-in merges the two customers: only an anonymous id is merged, and only into a customer without one.
fn may_merge(conn: &mut Conn, current: &str, to: Option<CustomerId>) -> QueryResult<bool> {
    let has_anonymous = |conn: &mut Conn, customer: CustomerId| {
        let anonymous = app_user_ids::app_user_id.like(format!("{ANONYMOUS_PREFIX}%"));
        let own = app_user_ids::table.filter(app_user_ids::customer_id.eq(customer).and(anonymous));
        Ok(own.count().get_result::<i64>(conn)? > 0)
    };
    match to {
        _ if !is_anonymous(current) => Ok(false),
        Some(to) => has_anonymous(conn, to).map(|has| !has),
        None => Ok(true),
    }
}

/// Merges the two customers by an event that Dossier makes, so that the merge is in the history and follows from the
/// stored events. The customer under the new id survives: their override stays, else they get the other's (§8).
fn merge(
    conn: &mut Conn,
    call: &AuthorizedCall,
    (current, from): (&str, Option<CustomerId>),
    (new, to): (&str, Option<CustomerId>),
) -> Result<(), Error> {
    let mut resolver = Resolver::new(&call.ctx);
    if resolver.verdict(conn, &[current, new], call.ctx.now)? == Verdict::Blocked {
        return Err(errors::invalid_id("One of these App User IDs is blocked."));
    }
    let kept = to.map(|to| overrides::queries::find(conn, to)).transpose()?.flatten();
    let kept = kept.filter(|set| !set.is_end_recorded);
    let original = original(conn, call, (current, from), to)?;
    let subject = own::Subject { app_user_id: new.to_owned(), original, ids: vec![new.to_owned(), current.to_owned()] };
    let taken = ingest::append(conn, &mut resolver, &[own::aliased(&subject, call.ctx.now)?])?;
    let merged = customers::find(conn, call, new)?.filter(|_| taken);
    let Some(customer) = merged else {
        return merge_without_event(conn, call, &mut resolver, (current, new));
    };
    if let Some(kept) = kept {
        overrides::queries::put(conn, &Override { customer_id: customer, ..kept })?;
    }
    if call.is_app_contact() {
        store_contact(conn, customer, &call.device, call.ctx.now)?;
    }
    Ok(())
}

/// Merges the ids without an event. This is needed when an id was erased in the same millisecond: the event would
/// count as older than the erasure and be dropped, but the customer is a new one.
fn merge_without_event(
    conn: &mut Conn,
    call: &AuthorizedCall,
    resolver: &mut Resolver,
    (current, new): (&str, &str),
) -> Result<(), Error> {
    let ids: Vec<AppUserId> = [current, new].into_iter().map(new_id).collect::<Result<_, _>>()?;
    customers::resolve(conn, call, resolver, &ids).map(drop)
}

/// The Original App User ID of whichever of the two customers was known first.
fn original(
    conn: &mut Conn,
    call: &AuthorizedCall,
    (current, from): (&str, Option<CustomerId>),
    to: Option<CustomerId>,
) -> Result<String, Error> {
    let first = |conn: &mut Conn, customer: CustomerId| -> QueryResult<(i64, String)> {
        use crate::db::schema::customers;
        let since = app_user_ids::table.filter(app_user_ids::customer_id.eq(customer));
        let since: Option<i64> = since.select(diesel::dsl::min(app_user_ids::since)).first(conn)?;
        let original = customers::table.find(customer).select(customers::original_app_user_id).first(conn)?;
        Ok((since.unwrap_or(i64::MAX), original))
    };
    let from = from.map(|from| first(conn, from)).transpose()?;
    let from = from.unwrap_or_else(|| (call.ctx.now.millis(), current.to_owned()));
    let to = to.map(|to| first(conn, to)).transpose()?;
    Ok(match to {
        Some((since, original)) if since < from.0 => original,
        _ => from.1,
    })
}

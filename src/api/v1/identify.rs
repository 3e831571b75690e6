//! Logging in (§C3.4, §9.5): an id that an SDK made up becomes one customer with the id the app
//! gives, unless that one has such an id already.

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use diesel::prelude::*;
use serde::Deserialize;

use super::answer;
use crate::api::authenticate::new_id;
use crate::api::last_seen::{Fetched, store_contact};
use crate::api::v1::customer_info::{self, CustomerInfo};
use crate::api::{Caller, Inside, Needs, body, customers, errors};
use crate::base::AppUserId;
use crate::base::app_user_id::{ANONYMOUS_PREFIX, is_anonymous};
use crate::base::error::Error;
use crate::customers::overrides::{self, Override};
use crate::customers::{Resolver, Verdict};
use crate::db::Conn;
use crate::db::schema::app_user_ids;
use crate::events::own;
use crate::ingest;
use crate::projection::CustomerId;

#[derive(Deserialize)]
pub struct Login {
    app_user_id: String,
    new_app_user_id: String,
}

/// `POST /v1/subscribers/identify`
pub async fn log_in(req: HttpRequest, caller: Caller, payload: Payload) -> Result<HttpResponse, Error> {
    caller.read(Needs::Any, |_, _| Ok(())).await?;
    let Login { app_user_id, new_app_user_id } = body::parsed(payload).await?;
    join(&req, &caller, (app_user_id, new_app_user_id)).await
}

async fn join(req: &HttpRequest, caller: &Caller, (current, new): (String, String)) -> Result<HttpResponse, Error> {
    let into = new.clone();
    let (is_new, customer_info) = caller
        .write(Needs::Any, move |conn, inside| {
            let (customer_info, is_new) = joined(conn, inside, (&current, &into))?;
            Ok((is_new, customer_info))
        })
        .await?;
    caller.saw(&new, Fetched::Info);
    answer::customer(req, if is_new { StatusCode::CREATED } else { StatusCode::OK }, customer_info)
}

fn joined(conn: &mut Conn, inside: &Inside<'_>, (current, new): (&str, &str)) -> Result<(CustomerInfo, bool), Error> {
    let (from, to) = (customers::find(conn, inside, current)?, customers::find(conn, inside, new)?);
    // Before anything is made: both ids must be good, or known.
    for (id, _) in [(current, from), (new, to)].into_iter().filter(|(_, known)| known.is_none()) {
        new_id(id)?;
    }
    let is_one = current == new || (from.is_some() && from == to);
    if !is_one && may_merge(conn, current, to)? {
        merge(conn, inside, (current, from), (new, to))?;
        for (id, _) in [(current, from), (new, to)].into_iter().filter(|(_, known)| known.is_none()) {
            customers::began(conn, inside, id)?;
        }
    } else if from.is_none() {
        customers::found_or_made(conn, inside, current)?;
    }
    let (customer, _) = customers::found_or_made(conn, inside, new)?;
    Ok((customer_info::load(conn, inside, customer)?, to.is_none()))
}

/// Only what an SDK made up goes into another customer, and only into one without such an id.
fn may_merge(conn: &mut Conn, current: &str, to: Option<CustomerId>) -> QueryResult<bool> {
    let has_anonymous = |conn: &mut Conn, customer: CustomerId| {
        let made_up = app_user_ids::app_user_id.like(format!("{ANONYMOUS_PREFIX}%"));
        let own = app_user_ids::table.filter(app_user_ids::customer_id.eq(customer).and(made_up));
        Ok(own.count().get_result::<i64>(conn)? > 0)
    };
    match to {
        _ if !is_anonymous(current) => Ok(false),
        Some(to) => has_anonymous(conn, to).map(|has| !has),
        None => Ok(true),
    }
}

/// Makes them one by an event of our own, so that it stands in the history and follows from what is stored. The customer
/// under the new id survives: their override stays, else the other's (§8).
fn merge(
    conn: &mut Conn,
    inside: &Inside<'_>,
    (current, from): (&str, Option<CustomerId>),
    (new, to): (&str, Option<CustomerId>),
) -> Result<(), Error> {
    let mut resolver = Resolver::new(inside.project, inside.ids.clone(), inside.now);
    if resolver.verdict(conn, &[current, new], inside.now)? == Verdict::Blocked {
        return Err(errors::no_id("One of these App User IDs is blocked."));
    }
    let kept = to.map(|to| overrides::queries::find(conn, to)).transpose()?.flatten();
    let kept = kept.filter(|set| !set.is_end_recorded);
    let original = original(conn, inside, (current, from), to)?;
    let subject = own::Subject { app_user_id: new.to_owned(), original, ids: vec![new.to_owned(), current.to_owned()] };
    let taken = ingest::append(conn, &mut resolver, &[own::aliased(&subject, inside.now)?])?;
    let merged = customers::find(conn, inside, new)?.filter(|_| taken);
    let Some(customer) = merged else {
        return made_without_event(conn, inside, &mut resolver, (current, new));
    };
    if let Some(kept) = kept {
        overrides::queries::put(conn, &Override { customer_id: customer, ..kept })?;
    }
    if inside.is_app_contact() {
        store_contact(conn, customer, inside.device, inside.now)?;
    }
    Ok(())
}

/// An event of the very moment of an erasure would be too late; the customer of now is not.
fn made_without_event(
    conn: &mut Conn,
    inside: &Inside<'_>,
    resolver: &mut Resolver,
    (current, new): (&str, &str),
) -> Result<(), Error> {
    let ids: Vec<AppUserId> = [current, new].into_iter().map(new_id).collect::<Result<_, _>>()?;
    customers::welcome(conn, inside, resolver, &ids).map(drop)
}

/// The id by which the one who was seen earlier was first known.
fn original(
    conn: &mut Conn,
    inside: &Inside<'_>,
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
    let from = from.unwrap_or_else(|| (inside.now.millis(), current.to_owned()));
    let to = to.map(|to| first(conn, to)).transpose()?;
    Ok(match to {
        Some((since, original)) if since < from.0 => original,
        _ => from.1,
    })
}

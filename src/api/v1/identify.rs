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
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::CustomerId;
use crate::customers::overrides::{self, Override};
use crate::customers::{Resolver, Verdict};
use crate::db::Conn;
use crate::db::schema::app_user_ids;
use crate::events::own;
use crate::ingest;

/// The fields of the call.
#[derive(Deserialize)]
pub struct Login {
    app_user_id: String,
    new_app_user_id: String,
}

/// `POST /v1/subscribers/identify`
pub async fn log_in(caller: Caller, req: HttpRequest, payload: Payload) -> Result<HttpResponse, Error> {
    let login: Login = body::parsed(payload).await?;
    let new = login.new_app_user_id.clone();
    let (is_new, customer_info) = caller.write(move |conn, call| logged_in(conn, call, &login)).await?;
    caller.record_contact(&new, Fetched::Info);
    answer::customer(&req, if is_new { StatusCode::CREATED } else { StatusCode::OK }, customer_info)
}

/// An App User ID, and the customer who has it.
#[derive(Debug, Clone, Copy)]
struct Identity<'a> {
    id: &'a str,
    customer: Option<CustomerId>,
}

/// The id that the app had until now, and the one that it gives.
#[derive(Debug, Clone, Copy)]
struct Identities<'a> {
    current: Identity<'a>,
    new: Identity<'a>,
}

impl<'a> Identities<'a> {
    fn find(conn: &mut Conn, call: &AuthorizedCall, login: &'a Login) -> Result<Identities<'a>, Error> {
        let mut find = |id: &'a str| Ok::<_, Error>(Identity { id, customer: customers::find(conn, call, id)? });
        Ok(Identities { current: find(&login.app_user_id)?, new: find(&login.new_app_user_id)? })
    }

    /// The ids that no customer has.
    fn unknown(self) -> impl Iterator<Item = &'a str> {
        [self.current, self.new].into_iter().filter(|one| one.customer.is_none()).map(|one| one.id)
    }

    fn are_of_one_customer(self) -> bool {
        let (current, new) = (self.current, self.new);
        current.id == new.id || (current.customer.is_some() && current.customer == new.customer)
    }
}

/// Whether the new id had no customer before, and the customer info after the log-in.
fn logged_in(conn: &mut Conn, call: &AuthorizedCall, login: &Login) -> Result<(bool, CustomerInfo), Error> {
    let ids = Identities::find(conn, call, login)?;
    // Before anything is created, each id must belong to a customer or be allowed for a new one.
    for id in ids.unknown() {
        new_id(id)?;
    }
    if !ids.are_of_one_customer() && may_merge(conn, ids)? {
        merge(conn, call, ids)?;
        for id in ids.unknown() {
            customers::mark_since_exact(conn, call, id)?;
        }
    } else if ids.current.customer.is_none() {
        customers::find_or_create(conn, call, ids.current.id)?;
    }
    let customer = customers::find_or_create(conn, call, ids.new.id)?.customer;
    Ok((ids.new.customer.is_none(), customer_info::load(conn, call, customer)?))
}

/// Whether the log-in merges the two customers: only an anonymous id is merged, and only into a customer without one.
fn may_merge(conn: &mut Conn, ids: Identities<'_>) -> QueryResult<bool> {
    let has_anonymous = |conn: &mut Conn, customer: CustomerId| {
        let anonymous = app_user_ids::app_user_id.like(format!("{ANONYMOUS_PREFIX}%"));
        let own = app_user_ids::table.filter(app_user_ids::customer_id.eq(customer).and(anonymous));
        Ok(own.count().get_result::<i64>(conn)? > 0)
    };
    match ids.new.customer {
        _ if !is_anonymous(ids.current.id) => Ok(false),
        Some(to) => has_anonymous(conn, to).map(|has| !has),
        None => Ok(true),
    }
}

/// Merges the two customers by an event that Dossier makes, so that the merge is in the history and follows from the
/// stored events. The customer under the new id survives: their override stays, else they get the other's (§8).
fn merge(conn: &mut Conn, call: &AuthorizedCall, ids: Identities<'_>) -> Result<(), Error> {
    let (current, new) = (ids.current.id, ids.new.id);
    let mut resolver = Resolver::new(&call.ctx);
    if resolver.verdict(conn, &[current, new], call.ctx.now)? == Verdict::Blocked {
        return Err(errors::invalid_id("One of these App User IDs is blocked."));
    }
    let kept = ids.new.customer.map(|to| overrides::queries::find(conn, to)).transpose()?.flatten();
    let kept = kept.filter(|set| !set.is_end_recorded);
    let original = original(conn, call, ids)?;
    let subject = own::Subject { app_user_id: new.to_owned(), original, ids: vec![new.to_owned(), current.to_owned()] };
    let taken = ingest::append(conn, &mut resolver, &[own::aliased(&subject, call.ctx.now)?])?;
    let merged = customers::find(conn, call, new)?.filter(|_| taken);
    let Some(customer) = merged else {
        return merge_without_event(conn, call, &mut resolver, ids);
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
    ids: Identities<'_>,
) -> Result<(), Error> {
    let ids: Vec<AppUserId> = [ids.current.id, ids.new.id].into_iter().map(new_id).collect::<Result<_, _>>()?;
    customers::resolve(conn, call, resolver, &ids).map(drop)
}

/// The Original App User ID of whichever of the two customers was known first.
fn original(conn: &mut Conn, call: &AuthorizedCall, ids: Identities<'_>) -> Result<String, Error> {
    let first = |conn: &mut Conn, customer: CustomerId| -> QueryResult<(Moment, String)> {
        use crate::db::schema::customers;
        let since = app_user_ids::table.filter(app_user_ids::customer_id.eq(customer));
        let since: Option<Moment> = since.select(diesel::dsl::min(app_user_ids::since)).first(conn)?;
        let original = customers::table.find(customer).select(customers::original_app_user_id).first(conn)?;
        Ok((since.unwrap_or(Moment::NEVER), original))
    };
    let from = ids.current.customer.map(|from| first(conn, from)).transpose()?;
    let from = from.unwrap_or_else(|| (call.ctx.now, ids.current.id.to_owned()));
    let to = ids.new.customer.map(|to| first(conn, to)).transpose()?;
    Ok(match to {
        Some((since, original)) if since < from.0 => original,
        _ => from.1,
    })
}

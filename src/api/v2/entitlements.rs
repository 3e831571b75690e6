//! `GET …/customers/{id}/active_entitlements`: what a customer may use now (§7.1).

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use diesel::prelude::*;
use serde::Serialize;

use super::answer;
use super::customer::address;
use super::list::Window;
use crate::api::v1::customer_info;
use crate::api::{AuthorizedCall, Caller, customers};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::CustomerId;
use crate::catalog;
use crate::customers::stored_purchases;
use crate::db::Conn;
use crate::db::schema::purchases;
use crate::events::Environment;
use crate::projection::Purchase;

#[derive(Debug, Serialize)]
pub struct ActiveEntitlement {
    object: &'static str,
    entitlement_id: String,
    /// `None` when access does not end.
    expires_at: Option<Moment>,
}

pub async fn index(caller: Caller) -> Result<HttpResponse, Error> {
    let (id, query) = (caller.app_user_id()?.to_owned(), caller.query.clone());
    let list = caller
        .read(move |conn, call| {
            let customer = customers::require(conn, call, &id)?;
            let window = Window::parse(&query, format!("{}/active_entitlements", address(call, &id)))?;
            window.cut(load(conn, call, customer)?, |active| active.entitlement_id.clone())
        })
        .await?;
    Ok(answer::json(&caller, StatusCode::OK, &list))
}

/// Loads the active entitlements of both environments, of the sandbox only if it unlocks for the customer (§17), sorted by
/// identifier. Each ends with the last purchase that unlocks it.
pub fn load(conn: &mut Conn, call: &AuthorizedCall, customer: CustomerId) -> QueryResult<Vec<ActiveEntitlement>> {
    let now = call.ctx.now;
    let catalog = catalog::queries::load(conn, call.ctx.project)?;
    let lasting = stored_purchases::load(conn, stored_purchases::of(customer).filter(purchases::ends_at.gt(now)))?;
    let mut ends: BTreeMap<String, Moment> = BTreeMap::new();
    let sandbox_unlocks = customer_info::sandbox_unlocks(conn, call, customer, &lasting)?;
    let unlocks = |purchase: &&Purchase| sandbox_unlocks || purchase.environment == Environment::Production;
    for purchase in lasting.iter().filter(|purchase| purchase.is_active(now)).filter(unlocks) {
        for entitlement in catalog.unlocked_by(purchase) {
            let end = ends.entry(entitlement).or_insert(Moment::EARLIEST);
            *end = purchase.access_ends_at().max(*end);
        }
    }
    let active = ends.into_iter().map(|(entitlement_id, end)| ActiveEntitlement {
        object: "customer.active_entitlement",
        entitlement_id,
        expires_at: Some(end).filter(|end| *end != Moment::NEVER),
    });
    Ok(active.collect())
}

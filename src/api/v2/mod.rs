//! The client API, v2: servers read and change customers in bulk (§C6). Times are in milliseconds since 1970, every
//! object has a field `object` with its type, and errors have a format of their own (`web::error_body_v2`).
//!
//! The catalog has no numbered ids, so the id of an entitlement, offering or product is its identifier. The id of a
//! project is its slug, and the id of a customer is the Original App User ID.

mod actions;
mod aliases;
mod answer;
mod attributes;
mod customer;
mod customers;
mod entitlements;
mod fields;
mod list;
mod projects;
mod purchases;
pub mod queries;
mod subscriptions;

use actix_web::http::Method;

use crate::web::KeyNeeded::Secret;
use crate::web::{Face, Routes};

pub fn routes(routes: &mut Routes) {
    routes.face("/v2", Face::V2);
    routes.keyed(Method::GET, "/v2/projects", Secret, projects::index);
    routes.within("/v2/projects/{project}/customers", |routes| {
        routes.keyed(Method::GET, "", Secret, customers::index);
        routes.keyed(Method::POST, "", Secret, customers::create);
        routes.keyed(Method::GET, "/{id}", Secret, customers::show);
        routes.keyed(Method::DELETE, "/{id}", Secret, customers::delete);
        routes.keyed(Method::GET, "/{id}/aliases", Secret, aliases::index);
        routes.keyed(Method::GET, "/{id}/attributes", Secret, attributes::index);
        routes.keyed(Method::POST, "/{id}/attributes", Secret, attributes::set);
        routes.keyed(Method::GET, "/{id}/active_entitlements", Secret, entitlements::index);
        routes.keyed(Method::GET, "/{id}/subscriptions", Secret, subscriptions::index);
        routes.keyed(Method::GET, "/{id}/purchases", Secret, purchases::index);
    });
    routes.within("/v2/projects/{project}/customers/{id}/actions", |routes| {
        routes.keyed(Method::POST, "/grant_entitlement", Secret, actions::grant);
        routes.keyed(Method::POST, "/revoke_granted_entitlement", Secret, actions::revoke);
        routes.keyed(Method::POST, "/assign_offering", Secret, actions::assign);
        routes.keyed(Method::POST, "/transfer", Secret, actions::transfer);
    });
}

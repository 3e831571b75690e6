//! The client API, v2: servers read and change customers in bulk (§C6). Times are in milliseconds since 1970, every
//! object has a field `object` with its type, and errors have a format of their own (`web::error_body_v2`).
//!
//! The catalog has no numbered ids, so the id of an entitlement, offering or product is its identifier. The id of a
//! project is its slug, and the id of a customer is the Original App User ID.

mod actions;
mod aliases;
mod attributes;
mod customer;
mod customers;
mod entitlements;
mod fields;
mod list;
pub mod project_call;
mod projects;
mod purchases;
pub mod queries;
mod subscriptions;

use actix_web::http::Method;

use crate::web::Routes;

pub fn routes(routes: &mut Routes) {
    routes.keyed(Method::GET, "/v2/projects", projects::index);
    routes.within("/v2/projects/{project}/customers", |routes| {
        routes.keyed(Method::GET, "", customers::index);
        routes.keyed(Method::POST, "", customers::create);
        routes.keyed(Method::GET, "/{id}", customers::show);
        routes.keyed(Method::DELETE, "/{id}", customers::delete);
        routes.keyed(Method::GET, "/{id}/aliases", aliases::index);
        routes.keyed(Method::GET, "/{id}/attributes", attributes::index);
        routes.keyed(Method::POST, "/{id}/attributes", attributes::set);
        routes.keyed(Method::GET, "/{id}/active_entitlements", entitlements::index);
        routes.keyed(Method::GET, "/{id}/subscriptions", subscriptions::index);
        routes.keyed(Method::GET, "/{id}/purchases", purchases::index);
    });
    routes.within("/v2/projects/{project}/customers/{id}/actions", |routes| {
        routes.keyed(Method::POST, "/grant_entitlement", actions::grant);
        routes.keyed(Method::POST, "/revoke_granted_entitlement", actions::revoke);
        routes.keyed(Method::POST, "/assign_offering", actions::assign);
        routes.keyed(Method::POST, "/transfer", actions::transfer);
    });
}

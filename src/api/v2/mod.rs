//! The client API, v2: how servers read and change customers in bulk (§C6). Times are in milliseconds since
//! 1970, every object says what it is, and errors have a shape of their own (`page::told_v2`).
//!
//! The catalog knows identifiers alone: they are the ids of entitlements, offerings and products here. A project's id is its
//! slug, a customer's the id it was first known by.

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

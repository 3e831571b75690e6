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

use crate::base::Permission::{
    DeleteCustomers, EditAttributes, GrantEntitlements, OverrideOffering, ReadCustomers, ReadLists, TransferPurchases,
};
use crate::web::KeyNeeded::Secret;
use crate::web::{Face, Routes};

pub fn routes(routes: &mut Routes) {
    routes.face("/v2", Face::V2);
    routes.keyed(Method::GET, "/v2/projects", Secret(ReadCustomers), projects::index);
    routes.within("/v2/projects/{project}/customers", |routes| {
        routes.keyed(Method::GET, "", Secret(ReadLists), customers::index);
        routes.keyed(Method::POST, "", Secret(EditAttributes), customers::create);
        routes.keyed(Method::GET, "/{id}", Secret(ReadCustomers), customers::show);
        routes.keyed(Method::DELETE, "/{id}", Secret(DeleteCustomers), customers::delete);
        routes.keyed(Method::GET, "/{id}/aliases", Secret(ReadCustomers), aliases::index);
        routes.keyed(Method::GET, "/{id}/attributes", Secret(ReadCustomers), attributes::index);
        routes.keyed(Method::POST, "/{id}/attributes", Secret(EditAttributes), attributes::set);
        routes.keyed(Method::GET, "/{id}/active_entitlements", Secret(ReadCustomers), entitlements::index);
        routes.keyed(Method::GET, "/{id}/subscriptions", Secret(ReadCustomers), subscriptions::index);
        routes.keyed(Method::GET, "/{id}/purchases", Secret(ReadCustomers), purchases::index);
    });
    routes.within("/v2/projects/{project}/customers/{id}/actions", |routes| {
        routes.keyed(Method::POST, "/grant_entitlement", Secret(GrantEntitlements), actions::grant);
        routes.keyed(Method::POST, "/revoke_granted_entitlement", Secret(GrantEntitlements), actions::revoke);
        routes.keyed(Method::POST, "/assign_offering", Secret(OverrideOffering), actions::assign);
        routes.keyed(Method::POST, "/transfer", Secret(TransferPurchases), actions::transfer);
    });
}

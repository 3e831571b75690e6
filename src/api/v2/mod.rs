//! The client API, v2: servers read and change customers in bulk (§C6). Times are in milliseconds since 1970, every
//! object has a field `object` with its type, and errors have a format of their own (`web::error_body_v2`).
//!
//! The catalog has no numbered ids, so the id of an entitlement, offering or product is its identifier. The id of a
//! project is its slug, and the id of a customer is the Original App User ID.

mod actions;
mod aliases;
mod answer;
mod apps;
mod attributes;
mod bought;
mod currencies;
mod customer;
mod customers;
mod entitlements;
mod expand;
mod explanation;
mod fields;
mod finding;
mod invoices;
mod list;
mod metrics;
mod money;
mod offerings;
mod packages;
mod products;
mod projects;
mod purchase_id;
mod purchases;
pub mod queries;
mod sold;
mod sold_entitlements;
mod store_actions;
mod subscriptions;
mod transactions;

use actix_web::http::Method;

use crate::base::Permission::{
    AdjustBalances, ChangePurchases, DeleteCustomers, EditAttributes, GrantEntitlements, OverrideOffering,
    ReadCustomers, ReadLists, TransferPurchases,
};
use crate::web::KeyNeeded::Secret;
use crate::web::{Face, Routes};
use purchases::OneTime;
use subscriptions::Subscription;

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
        routes.keyed(Method::GET, "/{id}/explanation", Secret(ReadCustomers), explanation::show);
        routes.keyed(Method::GET, "/{id}/subscriptions", Secret(ReadCustomers), bought::of_customer::<Subscription>);
        routes.keyed(Method::GET, "/{id}/purchases", Secret(ReadCustomers), bought::of_customer::<OneTime>);
        routes.keyed(Method::GET, "/{id}/invoices", Secret(ReadCustomers), invoices::index);
    });
    routes.within("/v2/projects/{project}/customers/{id}/actions", |routes| {
        routes.keyed(Method::POST, "/grant_entitlement", Secret(GrantEntitlements), actions::grant);
        routes.keyed(Method::POST, "/revoke_granted_entitlement", Secret(GrantEntitlements), actions::revoke);
        routes.keyed(Method::POST, "/assign_offering", Secret(OverrideOffering), actions::assign);
        routes.keyed(Method::POST, "/transfer", Secret(TransferPurchases), actions::transfer);
    });
    routes.within("/v2/projects/{project}/customers/{id}/virtual_currencies", |routes| {
        routes.keyed(Method::GET, "", Secret(ReadCustomers), currencies::held);
        routes.keyed(Method::POST, "/transactions", Secret(AdjustBalances), currencies::transact);
        routes.keyed(Method::POST, "/update_balance", Secret(AdjustBalances), currencies::update);
    });
    routes.within("/v2/projects/{project}/subscriptions", |routes| {
        routes.keyed(Method::GET, "", Secret(ReadCustomers), bought::search::<Subscription>);
        routes.keyed(Method::GET, "/{purchase}", Secret(ReadCustomers), bought::show::<Subscription>);
        routes.keyed(
            Method::GET,
            "/{purchase}/entitlements",
            Secret(ReadCustomers),
            bought::entitlements::<Subscription>,
        );
        routes.keyed(Method::GET, "/{purchase}/transactions", Secret(ReadCustomers), transactions::index);
        routes.keyed(Method::POST, "/{purchase}/actions/cancel", Secret(ChangePurchases), store_actions::cancel);
        routes.keyed(Method::POST, "/{purchase}/actions/refund", Secret(ChangePurchases), store_actions::refund);
        routes.keyed(Method::POST, "/{purchase}/actions/extend", Secret(ChangePurchases), store_actions::extend);
        routes.keyed(
            Method::POST,
            "/{purchase}/transactions/{transaction}/actions/refund",
            Secret(ChangePurchases),
            store_actions::refund_transaction,
        );
    });
    routes.within("/v2/projects/{project}/purchases", |routes| {
        routes.keyed(Method::GET, "", Secret(ReadCustomers), bought::search::<OneTime>);
        routes.keyed(Method::GET, "/{purchase}", Secret(ReadCustomers), bought::show::<OneTime>);
        routes.keyed(Method::GET, "/{purchase}/entitlements", Secret(ReadCustomers), bought::entitlements::<OneTime>);
        routes.keyed(
            Method::POST,
            "/{purchase}/actions/refund",
            Secret(ChangePurchases),
            store_actions::refund_purchase,
        );
    });
    of_project(routes);
}

/// What belongs to no customer: above all what the project sells. Whoever sees customers sees what they can buy.
fn of_project(routes: &mut Routes) {
    routes.within("/v2/projects/{project}", |routes| {
        routes.keyed(Method::GET, "/metrics/overview", Secret(ReadLists), metrics::overview);
        routes.keyed(Method::GET, "/apps", Secret(ReadCustomers), apps::index);
        routes.keyed(Method::GET, "/apps/{app}", Secret(ReadCustomers), apps::show);
        routes.keyed(Method::GET, "/products", Secret(ReadCustomers), products::index);
        routes.keyed(Method::GET, "/products/{product}", Secret(ReadCustomers), products::show);
        routes.keyed(Method::GET, "/entitlements", Secret(ReadCustomers), sold_entitlements::index);
        routes.keyed(Method::GET, "/entitlements/{entitlement}", Secret(ReadCustomers), sold_entitlements::show);
        routes.keyed(
            Method::GET,
            "/entitlements/{entitlement}/products",
            Secret(ReadCustomers),
            sold_entitlements::products,
        );
        routes.keyed(Method::GET, "/offerings", Secret(ReadCustomers), offerings::index);
        routes.keyed(Method::GET, "/offerings/{offering}", Secret(ReadCustomers), offerings::show);
        routes.keyed(Method::GET, "/offerings/{offering}/packages", Secret(ReadCustomers), packages::index);
        routes.keyed(Method::GET, "/packages/{package}", Secret(ReadCustomers), packages::show);
        routes.keyed(Method::GET, "/packages/{package}/products", Secret(ReadCustomers), packages::products);
        routes.keyed(Method::GET, "/virtual_currencies", Secret(ReadCustomers), currencies::index);
        routes.keyed(Method::GET, "/virtual_currencies/{code}", Secret(ReadCustomers), currencies::show);
    });
}

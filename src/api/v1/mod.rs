//! The client API, v1: the endpoints that RevenueCat's official SDKs and REST clients call. They work with it
//! unchanged, so the clients decide what it must answer.

mod answer;
pub mod attributes;
mod attribution;
mod customer;
pub mod customer_info;
pub mod deletion;
pub mod grants;
mod identify;
pub mod log_ins;
mod lookups;
mod offerings;
pub mod overrides;
mod products;
mod receipts;
mod store_actions;
mod store_products;
pub mod time;

use actix_web::http::Method;

use crate::base::Permission::{
    ChangePurchases, DeleteCustomers, EditAttributes, GrantEntitlements, OverrideOffering, ReadCustomers,
    TransferPurchases,
};
use crate::web::KeyNeeded::{Any, App, Secret};
use crate::web::{Face, Routes};

pub fn routes(routes: &mut Routes) {
    ["/v1", "/rcbilling", "/auth"].into_iter().for_each(|start| routes.face(start, Face::V1));
    // Registered before `{id}`, so that `identify` is not read as an App User ID.
    routes.keyed(Method::POST, "/v1/subscribers/identify", Any(TransferPurchases), identify::log_in);
    routes.keyed(Method::GET, "/v1/subscribers/", Any(ReadCustomers), customer::empty_id);
    routes.within("/v1/subscribers/{id}", |routes| {
        routes.keyed(Method::GET, "", Any(ReadCustomers), customer::show);
        routes.keyed(Method::DELETE, "", Secret(DeleteCustomers), deletion::delete);
        routes.keyed(Method::GET, "/offerings", App, offerings::show);
        routes.keyed(Method::DELETE, "/offerings/override", Secret(OverrideOffering), overrides::clear);
        routes.keyed(Method::POST, "/offerings/{offering}/override", Secret(OverrideOffering), overrides::choose);
        routes.keyed(Method::POST, "/attributes", Any(EditAttributes), attributes::set);
        routes.keyed(Method::POST, "/attribution", Any(EditAttributes), attribution::record);
        routes.keyed(Method::POST, "/adservices_attribution", Any(EditAttributes), attribution::adservices);
        routes.keyed(Method::POST, "/entitlements/{entitlement}/promotional", Secret(GrantEntitlements), grants::give);
        routes.keyed(
            Method::POST,
            "/entitlements/{entitlement}/revoke_promotionals",
            Secret(GrantEntitlements),
            grants::revoke,
        );
        routes.keyed(
            Method::POST,
            "/transactions/{transaction}/refund",
            Secret(ChangePurchases),
            store_actions::refund,
        );
        routes.keyed(
            Method::POST,
            "/subscriptions/{subscription}/revoke",
            Secret(ChangePurchases),
            store_actions::revoke,
        );
        routes.keyed(
            Method::POST,
            "/subscriptions/{subscription}/defer",
            Secret(ChangePurchases),
            store_actions::defer,
        );
        routes.keyed(
            Method::POST,
            "/subscriptions/{subscription}/cancel",
            Secret(ChangePurchases),
            store_actions::cancel,
        );
        routes.keyed(
            Method::POST,
            "/subscriptions/{subscription}/extend",
            Secret(ChangePurchases),
            store_actions::extend,
        );
        routes.keyed(Method::GET, "/virtual_currencies", Any(ReadCustomers), lookups::currencies);
    });
    routes.keyed(Method::POST, "/v1/receipts", Any(ChangePurchases), receipts::take);
    routes.keyed(Method::GET, "/rcbilling/v1/subscribers/{id}/products", Any(ReadCustomers), products::show);
    routes.keyed(Method::GET, "/v1/product_entitlement_mapping", Any(ReadCustomers), lookups::mapping);
    routes.keyed(Method::POST, "/v1/events", Any(ReadCustomers), lookups::discard);
    routes.keyed(Method::POST, "/v1/diagnostics", Any(ReadCustomers), lookups::discard);
}

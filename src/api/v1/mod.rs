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
mod lookups;
mod offerings;
pub mod overrides;
mod products;
mod receipts;
mod store_actions;
mod store_products;
pub mod time;

use actix_web::http::Method;

use crate::web::Routes;

pub fn routes(routes: &mut Routes) {
    // Registered before `{id}`, so that `identify` is not read as an App User ID.
    routes.keyed(Method::POST, "/v1/subscribers/identify", identify::log_in);
    routes.keyed(Method::GET, "/v1/subscribers/", customer::empty_id);
    routes.within("/v1/subscribers/{id}", |routes| {
        routes.keyed(Method::GET, "", customer::show);
        routes.keyed(Method::DELETE, "", deletion::delete);
        routes.keyed(Method::GET, "/offerings", offerings::show);
        routes.keyed(Method::DELETE, "/offerings/override", overrides::clear);
        routes.keyed(Method::POST, "/offerings/{offering}/override", overrides::choose);
        routes.keyed(Method::POST, "/attributes", attributes::set);
        routes.keyed(Method::POST, "/attribution", attribution::record);
        routes.keyed(Method::POST, "/adservices_attribution", attribution::adservices);
        routes.keyed(Method::POST, "/entitlements/{entitlement}/promotional", grants::give);
        routes.keyed(Method::POST, "/entitlements/{entitlement}/revoke_promotionals", grants::revoke);
        routes.keyed(Method::POST, "/transactions/{transaction}/refund", store_actions::refund);
        routes.keyed(Method::POST, "/subscriptions/{subscription}/revoke", store_actions::revoke);
        routes.keyed(Method::POST, "/subscriptions/{subscription}/defer", store_actions::defer);
        routes.keyed(Method::POST, "/subscriptions/{subscription}/cancel", store_actions::cancel);
        routes.keyed(Method::POST, "/subscriptions/{subscription}/extend", store_actions::extend);
        routes.keyed(Method::GET, "/virtual_currencies", lookups::currencies);
    });
    routes.keyed(Method::POST, "/v1/receipts", receipts::take);
    routes.keyed(Method::GET, "/rcbilling/v1/subscribers/{id}/products", products::show);
    routes.keyed(Method::GET, "/v1/product_entitlement_mapping", lookups::mapping);
    routes.keyed(Method::POST, "/v1/events", lookups::discard);
    routes.keyed(Method::POST, "/v1/diagnostics", lookups::discard);
}

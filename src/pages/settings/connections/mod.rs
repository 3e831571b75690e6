//! `/projects/{p}/settings/connections`: where the project's truth lies, and the keys of RevenueCat:
//! connecting, checking, replacing keys, letting a copy act, disconnecting. Below it comparing customers
//! (`customers/`), the catalog there (`catalog/`), and what exists only here (`only_here/`).

mod catalog;
mod connect;
mod customers;
mod dialog;
mod handlers;
mod model;
mod only_here;
mod page;

use crate::actions::show;
use crate::base::Permission::ManageConnections;
use crate::web::{Proof, Routes};

pub use connect::{attempt, connect, replace_keys};
pub use model::{Draft, Wanted};

pub fn routes(routes: &mut Routes) {
    routes.within("/connections", |routes| {
        routes.get("", ManageConnections, show::<page::ConnectionsPage>);
        routes.post("/revenuecat", ManageConnections, handlers::connect).asks_for(Proof::Always);
        routes.post("/revenuecat/keys", ManageConnections, handlers::replace_keys).asks_for(Proof::Always);
        routes.post("/revenuecat/check", ManageConnections, handlers::check);
        routes.post("/revenuecat/resume", ManageConnections, handlers::resume).asks_for(Proof::Always);
        routes.post("/revenuecat/disconnect", ManageConnections, handlers::disconnect).asks_for(Proof::Always);
        routes.within("/revenuecat", |routes| {
            catalog::routes(routes);
            only_here::routes(routes);
            customers::routes(routes);
        });
    });
}

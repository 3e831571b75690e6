//! The page of one customer: a header, an answer strip and the cards. Each card has its own folder and uses no other
//! card; only `page` knows all of them.
//!
//! This folder also holds what several cards need: `visit` (the customer, the person who opened the page, and the
//! time), `acting` (what the handlers share), `asking` (what is asked of RevenueCat first), `pickup` (whether the app
//! has fetched a change), and the badges.

pub mod acting;
pub mod answer;
pub mod app_user_ids;
mod as_of;
mod asking;
pub mod attributes;
pub mod attribution;
pub mod badge;
pub mod currencies;
pub mod details;
pub mod entitlements;
pub mod event;
mod explained;
mod export;
pub mod header;
pub mod history;
pub mod manage;
pub mod notes;
pub mod offering;
pub mod page;
mod past;
pub mod pickup;
mod refresh;
pub mod reply;
mod requests;
mod star;
pub mod store_badge;
pub mod subject;
#[cfg(test)]
pub mod testing;
pub mod transfer;
mod undo;
pub mod visit;

use crate::actions::show;
use crate::base::Permission::ReadCustomers;
use crate::web::Routes;

pub fn routes(routes: &mut Routes) {
    routes.get("/projects/{p}/customers/{id}", ReadCustomers, show::<page::ProfilePage>);
    routes.get("/projects/{p}/customers/{id}/explanation.json", ReadCustomers, explained::show);
    routes.post("/projects/{p}/customers/{id}/undo", ReadCustomers, undo::undo);
    event::routes(routes);
    export::routes(routes);
    manage::routes(routes);
    notes::routes(routes);
    offering::routes(routes);
    attributes::routes(routes);
    currencies::routes(routes);
    star::routes(routes);
    refresh::routes(routes);
    entitlements::routes(routes);
    transfer::routes(routes);
}

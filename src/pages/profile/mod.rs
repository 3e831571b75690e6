//! The page of one customer: a head, an answer, nine cards. Each card is a room of its own and knows no other; only
//! `page` knows all of them.
//!
//! What several cards need lies here: `visit` (who looks at whom, and when), `status_line` (what is to be said of a
//! purchase's state), and the marks of stores and standings.

pub mod acting;
pub mod answer;
pub mod app_user_ids;
pub mod attributes;
pub mod attribution;
pub mod badge;
pub mod currencies;
pub mod details;
pub mod entitlements;
pub mod event;
mod export;
pub mod header;
pub mod history;
pub mod manage;
pub mod notes;
pub mod offering;
mod page;
pub mod pickup;
mod star;
pub mod store_badge;
#[cfg(test)]
pub mod testing;
pub mod transfer;
mod undo;
pub mod visit;

use crate::base::Permission::ReadCustomers;
use crate::web::Routes;

pub fn routes(routes: &mut Routes) {
    routes.get("/projects/{p}/customers/{id}", ReadCustomers, page::show);
    routes.post("/projects/{p}/customers/{id}/undo", ReadCustomers, undo::undo);
    event::routes(routes);
    export::routes(routes);
    manage::routes(routes);
    notes::routes(routes);
    offering::routes(routes);
    attributes::routes(routes);
    star::routes(routes);
    entitlements::routes(routes);
    transfer::routes(routes);
}

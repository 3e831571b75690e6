//! Open profiles learn of new events by server-sent events, whichever process stored them. While somebody listens, each
//! process polls the database about every second, once for all of its listeners.

mod handlers;
mod hub;
mod queries;

use crate::base::Permission::ReadCustomers;
use crate::web::Routes;

pub use hub::Live;

pub fn routes(routes: &mut Routes) {
    routes.get("/projects/{p}/customers/{id}/live", ReadCustomers, handlers::listen);
}

//! Open profiles learn of new events by server-sent events, whichever process took them in. The database is asked about
//! every second, for all who listen at once, and only while somebody does.

mod handlers;
mod hub;
mod queries;

use crate::base::Permission::ReadCustomers;
use crate::web::Routes;

pub use hub::Live;

pub fn routes(routes: &mut Routes) {
    routes.get("/projects/{p}/customers/{id}/live", ReadCustomers, handlers::listen);
}

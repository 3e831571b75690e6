//! One event (§4.4): when it happened, what it is called, and all of it as it came.

mod code;
mod handlers;
mod json;
mod page;
mod queries;

use crate::page::Routes;
use crate::people::Permission::ReadCustomers;

pub fn routes(routes: &mut Routes) {
    routes.get("/projects/{p}/customers/{id}/events/{event_id}", ReadCustomers, handlers::show);
}

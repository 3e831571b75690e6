//! One event (§4.4): when it happened, what it is called, to whom it was sent, and all of it as it came.

mod code;
mod handlers;
mod json;
mod page;
mod queries;

use crate::base::Permission::{ReadCustomers, ResendDeliveries};
use crate::web::Routes;

pub fn routes(routes: &mut Routes) {
    routes.within("/projects/{p}/customers/{id}/events/{event_id}", |routes| {
        routes.get("", ReadCustomers, handlers::show);
        routes.post("/deliveries/{delivery}/resend", ResendDeliveries, handlers::resend);
    });
}

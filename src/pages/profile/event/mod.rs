//! The page of one event (§4.4): its time and type, the webhook endpoints it was sent to, and its data as received.

mod code;
mod handlers;
mod json;
mod page;
mod queries;

use crate::actions::show;
use crate::base::Permission::{ReadCustomers, ResendDeliveries};
use crate::web::Routes;

pub fn routes(routes: &mut Routes) {
    routes.within("/projects/{p}/customers/{id}/events/{event_id}", |routes| {
        routes.get("", ReadCustomers, show::<page::EventPage>);
        routes.post("/deliveries/{delivery}/resend", ResendDeliveries, handlers::resend);
    });
}

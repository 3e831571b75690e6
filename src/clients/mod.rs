//! The client API, v1: what apps and servers send, and what they must get back. Its contract is the clients' own: the
//! official SDKs and REST clients work with it unchanged.

mod answer;
mod customer;
mod customers;
mod device;
mod door;
mod envelope;
mod fault;
pub mod keys;
mod pace;
mod receipts;
mod sightings;
mod time;

use actix_web::http::Method;

use crate::page::Routes;

pub use door::{Caller, Inside, Needs};
pub use pace::Pace;
pub use sightings::Sightings;

pub fn routes(routes: &mut Routes) {
    routes.within("/v1/subscribers/{id}", |routes| {
        routes.keyed(Method::GET, "", customer::show);
    });
    routes.keyed(Method::POST, "/v1/receipts", receipts::take);
}

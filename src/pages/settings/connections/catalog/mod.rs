//! The catalog of a connected project: comparing it with the one at RevenueCat, taking over what differs, and keeping it in step.

mod card;
mod handlers;
mod page;

use crate::base::Permission::ManageConnections;
use crate::web::{Proof, Routes};

pub use card::Card;
pub use page::address;

pub fn routes(routes: &mut Routes) {
    routes.get("/catalog", ManageConnections, page::show);
    routes.post("/catalog", ManageConnections, handlers::compare);
    routes.post("/catalog/take", ManageConnections, handlers::take).asks_for(Proof::Always);
    routes.post("/catalog/step", ManageConnections, handlers::keep_in_step).asks_for(Proof::Always);
}

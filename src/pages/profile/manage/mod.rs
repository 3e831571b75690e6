//! Manage (§12): what deleting this customer means, in numbers; and deleting and blocking.

mod beside;
mod card;
mod dialog;
mod handlers;
mod model;
mod queries;

use crate::base::Permission::DeleteCustomers;
use crate::web::{Proof, Routes};

pub use card::Card;
pub use dialog::dialog;

pub fn routes(routes: &mut Routes) {
    routes.within("/projects/{p}/customers/{id}", |routes| {
        routes.post("/delete", DeleteCustomers, handlers::delete).asks_for(Proof::Always);
        routes.post("/block", DeleteCustomers, handlers::block).asks_for(Proof::Always);
    });
}

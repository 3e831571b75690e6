//! What existed before the project was connected, and exists only here: pushing it to RevenueCat, or keeping it here.

mod card;
mod handlers;
mod page;

use crate::actions::show;
use crate::base::Permission::ManageConnections;
use crate::web::{Proof, Routes};

pub use card::{Card, counts};
pub use page::address;

pub fn routes(routes: &mut Routes) {
    routes.get("/only-here", ManageConnections, show::<page::OnlyHerePage>);
    routes.post("/only-here", ManageConnections, handlers::decide).asks_for(Proof::Always);
}

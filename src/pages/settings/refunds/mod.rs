//! Refunds: whether a reason is needed, which reasons are offered, and from when on a second person has to agree (§7.4).

mod dialog;
mod handlers;
mod model;
mod queries;

use crate::base::Permission::ManageProject;
use crate::web::{Proof, Routes};

pub use dialog::dialog;
pub use model::RefundSettings;
pub use queries::load;

pub fn routes(routes: &mut Routes) {
    routes.post("/refunds", ManageProject, handlers::update).asks_for(Proof::Always);
}

//! Current offering (§8): the offering that the app shows this customer. It is the project's default, or the one that
//! the team chose for them, optionally until a day.

mod card;
mod choices;
mod chosen;
mod dialog;
mod handlers;
mod queries;
mod undo;

use crate::base::Permission::OverrideOffering;
use crate::web::Routes;

pub use card::Card;
pub use dialog::dialog;
pub use handlers::{cleared, must_be_allowed};
pub use undo::{Undo, undo};

pub fn routes(routes: &mut Routes) {
    routes.post("/projects/{p}/customers/{id}/offering", OverrideOffering, handlers::choose);
}

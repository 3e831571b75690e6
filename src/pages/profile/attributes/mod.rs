//! Attributes (§10): keys and values that the app, the team or events have set. Keys with a value come first, known
//! keys by their labels. People with the permission add, change and clear them.

mod card;
mod dialog;
mod handlers;
mod model;
mod refund_preference;
mod undo;

use crate::base::Permission::EditAttributes;
use crate::web::Routes;

pub use card::Card;
pub use dialog::dialog;
pub use undo::{Undo, undo};

pub fn routes(routes: &mut Routes) {
    routes.within("/projects/{p}/customers/{id}/attributes", |routes| {
        routes.post("", EditAttributes, handlers::set);
        routes.post("/delete", EditAttributes, handlers::clear);
    });
}

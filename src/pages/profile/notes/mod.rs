//! Notes (§3): what the team wrote about this customer, newest first. By default a customer has at most ten notes of
//! at most 255 characters; a project may change both limits.

mod card;
mod dialog;
mod handlers;
mod model;
mod queries;
mod undo;

use crate::base::Permission::WriteNotes;
use crate::web::Routes;

pub use card::Card;
pub use dialog::dialog;
pub use undo::{Undo, undo};

pub fn routes(routes: &mut Routes) {
    routes.within("/projects/{p}/customers/{id}/notes", |routes| {
        routes.post("", WriteNotes, handlers::add);
        routes.post("/preview", WriteNotes, handlers::preview);
        routes.post("/{n}", WriteNotes, handlers::edit);
        routes.post("/{n}/delete", WriteNotes, handlers::delete);
    });
}

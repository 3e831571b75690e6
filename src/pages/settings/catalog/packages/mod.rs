//! Packages: the places of an offering, each with the equivalent products of every store.

mod dialog;
mod handlers;

use crate::base::Permission::ManageCatalog;
use crate::web::{Proof, Routes};

pub use dialog::dialog;

pub fn routes(routes: &mut Routes) {
    routes.within("/offerings/{offering}/packages", |routes| {
        routes.post("", ManageCatalog, handlers::add);
        routes.post("/{package}", ManageCatalog, handlers::edit);
        routes.post("/{package}/delete", ManageCatalog, handlers::delete).asks_for(Proof::Always);
        routes.post("/{package}/attach", ManageCatalog, handlers::attach);
        routes.post("/{package}/detach", ManageCatalog, handlers::detach);
    });
}

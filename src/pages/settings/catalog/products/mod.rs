//! Products: what a store sells, under the store's id.

mod dialog;
mod draft;
mod handlers;

use crate::base::Permission::ManageCatalog;
use crate::web::{Proof, Routes};

pub use dialog::dialog;
pub use draft::values;

pub fn routes(routes: &mut Routes) {
    routes.within("/products", |routes| {
        routes.post("", ManageCatalog, handlers::add);
        routes.post("/{store}/{product}", ManageCatalog, handlers::edit);
        routes.post("/{store}/{product}/delete", ManageCatalog, handlers::delete).asks_for(Proof::Always);
    });
}

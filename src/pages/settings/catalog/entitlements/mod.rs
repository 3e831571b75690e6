//! Entitlements: levels of access, and the products that give them. Attaching or detaching a product affects everybody
//! who ever bought it (§1).

mod dialog;
mod handlers;

use crate::base::Permission::ManageCatalog;
use crate::web::{Proof, Routes};

pub use dialog::dialog;

pub fn routes(routes: &mut Routes) {
    routes.within("/entitlements", |routes| {
        routes.post("", ManageCatalog, handlers::add);
        routes.post("/{entitlement}", ManageCatalog, handlers::edit);
        routes.post("/{entitlement}/delete", ManageCatalog, handlers::delete).asks_for(Proof::Always);
        routes.post("/{entitlement}/attach", ManageCatalog, handlers::attach);
        routes.post("/{entitlement}/detach", ManageCatalog, handlers::detach);
    });
}

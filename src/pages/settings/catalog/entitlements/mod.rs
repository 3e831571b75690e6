//! Entitlements: levels of access, and the products that give them. Attaching and detaching count for everybody who ever
//! bought the product (§1).

mod dialog;
mod handlers;

use crate::base::Permission::ManageCatalog;
use crate::web::Routes;

pub use dialog::dialog;

pub fn routes(routes: &mut Routes) {
    routes.within("/entitlements", |routes| {
        routes.post("", ManageCatalog, handlers::add);
        routes.post("/{entitlement}", ManageCatalog, handlers::edit);
        routes.post("/{entitlement}/delete", ManageCatalog, handlers::delete);
        routes.post("/{entitlement}/attach", ManageCatalog, handlers::attach);
        routes.post("/{entitlement}/detach", ManageCatalog, handlers::detach);
    });
}

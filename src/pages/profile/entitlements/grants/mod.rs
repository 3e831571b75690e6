//! Grants: access that the team gives without a store, and its removal (§7.2).

mod dialog;
mod handlers;
mod request;
mod undo;

use crate::base::Permission::GrantEntitlements;
use crate::web::{Proof, Routes};

pub use dialog::{GIVE, REVOKE, dialog};
pub use undo::{Undo, undo};

pub fn routes(routes: &mut Routes) {
    routes.within("/projects/{p}/customers/{id}/grants", |routes| {
        routes.post("", GrantEntitlements, handlers::give).asks_for(Proof::Decided);
        routes.post("/preview", GrantEntitlements, handlers::preview);
        routes.post("/{g}/revoke", GrantEntitlements, handlers::revoke);
    });
}

//! What is asked of the store of a purchase: to refund a payment, to switch renewal off or on, to extend (§7.4). The menus of
//! the cards link to the dialogs here.

mod dialog;
mod draft;
mod handlers;
mod refund;

use crate::base::Permission::ChangePurchases;
use crate::web::{Proof, Routes};

pub use dialog::{dialog, what_changes};

pub fn routes(routes: &mut Routes) {
    routes.within("/projects/{p}/customers/{id}/purchases/{x}", |routes| {
        routes.post("/refund", ChangePurchases, handlers::refund).asks_for(Proof::Always);
        routes.post("/refund/preview", ChangePurchases, handlers::preview_refund);
        routes.post("/cancel", ChangePurchases, handlers::cancel);
        routes.post("/cancel/preview", ChangePurchases, handlers::preview_cancel);
        routes.post("/resume", ChangePurchases, handlers::resume);
        routes.post("/extend", ChangePurchases, handlers::extend);
        routes.post("/extend/preview", ChangePurchases, handlers::preview_extend);
    });
}

//! `/projects/{p}/settings/blocked`: the blocked customers (§12.2), blocking an id, and unblocking it.

mod dialog;
mod handlers;
mod page;

use crate::actions::show;
use crate::base::Permission::DeleteCustomers;
use crate::web::{Proof, Routes};

pub fn routes(routes: &mut Routes) {
    routes.within("/projects/{p}", |routes| {
        routes.get("/settings/blocked", DeleteCustomers, show::<page::BlockedPage>);
        routes.post("/settings/blocked", DeleteCustomers, handlers::block).asks_for(Proof::Always);
        routes.post("/customers/{id}/unblock", DeleteCustomers, handlers::unblock);
    });
}

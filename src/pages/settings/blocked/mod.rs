//! `/projects/{p}/settings/blocked`: the blocked customers (§12.2), blocking an id, and unblocking it.

mod dialog;
mod handlers;
mod page;

use crate::actions::show;
use crate::base::Permission::BlockCustomers;
use crate::web::{Proof, Routes};

pub fn routes(routes: &mut Routes) {
    routes.within("/projects/{p}", |routes| {
        routes.get("/settings/blocked", BlockCustomers, show::<page::BlockedPage>);
        routes.post("/settings/blocked", BlockCustomers, handlers::block).asks_for(Proof::Fresh);
        routes.post("/customers/{id}/unblock", BlockCustomers, handlers::unblock);
    });
}

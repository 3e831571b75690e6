//! Transfer (§7.3): moves the purchases of one customer to another. A separate page finds the other customer, shows
//! both before and after, and makes the transfer.

mod handlers;
mod page;
pub mod recipient;
mod review;

use crate::actions::show;
use crate::base::Permission::TransferPurchases;
use crate::web::{Proof, Routes};

pub fn routes(routes: &mut Routes) {
    routes.get("/projects/{p}/customers/{id}/transfer", TransferPurchases, show::<page::TransferPage>);
    routes.post("/projects/{p}/customers/{id}/transfer", TransferPurchases, handlers::make).asks_for(Proof::Always);
}

//! Transfer (§7.3): what stores sold to one customer moves to another. A page of its own: find the other customer, see
//! both before and after, move.

mod handlers;
mod page;
pub mod recipient;
mod review;

use crate::base::Permission::TransferPurchases;
use crate::web::Routes;

pub fn routes(routes: &mut Routes) {
    routes.get("/projects/{p}/customers/{id}/transfer", TransferPurchases, handlers::show);
    routes.post("/projects/{p}/customers/{id}/transfer", TransferPurchases, handlers::make);
}

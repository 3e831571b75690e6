//! All overrides in force in a project (§8). The one that ends first comes first; each can be cleared.

mod handlers;
mod page;

use crate::actions::show;
use crate::base::Permission::{OverrideOffering, ReadCustomers};
use crate::web::Routes;

pub fn routes(routes: &mut Routes) {
    routes.get("/projects/{p}/overrides", ReadCustomers, show::<page::OverridesPage>);
    routes.post("/projects/{p}/overrides/clear", OverrideOffering, handlers::clear);
}

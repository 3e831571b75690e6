//! All overrides in force in a project (§8), soonest end first, each with a way to take it back.

mod handlers;
mod page;

use crate::base::Permission::{OverrideOffering, ReadCustomers};
use crate::web::Routes;

pub fn routes(routes: &mut Routes) {
    routes.get("/projects/{p}/overrides", ReadCustomers, handlers::index);
    routes.post("/projects/{p}/overrides/clear", OverrideOffering, handlers::clear);
}

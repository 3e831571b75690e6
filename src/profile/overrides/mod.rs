//! All overrides in force in a project (§8), soonest end first, each with a way to take it back.

mod handlers;
mod page;

use crate::page::Routes;
use crate::people::Permission::{OverrideOffering, ReadCustomers};

pub fn routes(routes: &mut Routes) {
    routes.get("/projects/{p}/overrides", ReadCustomers, handlers::index);
    routes.post("/projects/{p}/overrides/clear", OverrideOffering, handlers::clear);
}

//! The settings pages of a project: its settings, webhook, catalog, endpoints, API keys, people, audit log, blocked
//! customers, test accounts and rejected deliveries.

pub mod audit;
mod blocked;
pub mod catalog;
pub mod connections;
pub mod endpoints;
mod keys;
mod overview;
mod people;
pub mod project;
mod queries;
pub mod refunds;
mod rejected;
pub mod role_choice;
mod test_accounts;
pub mod values;
pub mod webhook;

use askama::Template;
use askama::filters::HtmlSafe;

use crate::actions::show;
use crate::base::Permission::{ReadRejected, ReadSettings};
use crate::web::Routes;

pub fn routes(routes: &mut Routes) {
    catalog::routes(routes);
    routes.within("/projects/{p}/settings", |routes| {
        routes.get("", ReadSettings, show::<overview::Overview>);
        project::routes(routes);
        refunds::routes(routes);
        webhook::routes(routes);
        connections::routes(routes);
        keys::routes(routes);
        audit::routes(routes);
        people::routes(routes);
        endpoints::routes(routes);
        routes.get("/rejected", ReadRejected, rejected::show);
        routes.get("/rejected/{delivery}", ReadRejected, rejected::body);
    });
    blocked::routes(routes);
    test_accounts::routes(routes);
}

/// The navigation beside each settings page: the pages that the member may open.
#[derive(Template)]
#[template(path = "settings/nav.html")]
pub struct Nav {
    pub base: String,
    pub catalog: String,
    pub here: &'static str,
    pub has_audit: bool,
    /// How many deliveries were rejected, counted up to a limit; `None` when the member may not read them.
    pub rejected: Option<i64>,
    pub has_people: bool,
    pub has_overview: bool,
    pub has_keys: bool,
    pub has_blocked: bool,
    pub has_connections: bool,
    pub has_endpoints: bool,
    pub has_test_accounts: bool,
}

impl HtmlSafe for Nav {}

//! The catalog (§1): what a project sells, what that unlocks, and in which offerings apps show it. Each is shown with
//! the number of customers it affects.

mod attach;
mod confirm;
mod entitlements;
mod named;
mod offerings;
mod packages;
mod page;
mod products;
pub mod queries;
pub mod touched;

use actix_web::HttpResponse;

use crate::actions::show;
use crate::auth::Member;
use crate::base::Permission::ReadSettings;
use crate::base::error::Error;
use crate::web::Routes;

pub fn routes(routes: &mut Routes) {
    routes.within("/projects/{p}/catalog", |routes| {
        routes.get("", ReadSettings, show::<page::CatalogPage>);
        products::routes(routes);
        entitlements::routes(routes);
        offerings::routes(routes);
        packages::routes(routes);
    });
}

/// What an action returns.
type Outcome = Result<HttpResponse, Error>;

/// The path of the catalog. The paths of its parts begin with it.
fn address(member: &Member) -> String {
    format!("/projects/{}/catalog", member.project.slug)
}

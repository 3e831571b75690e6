//! Customers of a project: lists, search, and the overrides in force.

pub mod lists;
pub mod overrides;
pub mod overview;
pub mod search;

use crate::web::Routes;

pub fn routes(routes: &mut Routes) {
    lists::routes(routes);
    overrides::routes(routes);
}

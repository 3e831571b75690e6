//! Lists of customers (§13.1), live: newest seen first, 50 a page, or all of a list as a file.

pub mod csv;
pub mod handlers;
pub mod model;
pub mod queries;

use crate::base::Permission;
use crate::web::Routes;

pub use model::{List, Position};
pub use queries::Reader;

/// Lists and finds share a path: whoever may read customers may search, and `ReadLists` is asked for a list.
pub fn routes(routes: &mut Routes) {
    routes.get("/projects/{p}/customers", Permission::ReadCustomers, handlers::index);
    routes.get("/projects/{p}/customers.csv", Permission::ExportLists, csv::download);
}

//! Lists of customers (§13.1), always current: the most recently active first, 50 a page, or a whole list as a file.

pub mod csv;
pub mod handlers;
pub mod model;
pub mod queries;

use crate::base::Permission;
use crate::web::{Proof, Routes};

pub use model::{List, Position};
pub use queries::Reader;

/// Lists and the search share a path: `ReadCustomers` is enough to search, and the handler requires `ReadLists` for a
/// list.
pub fn routes(routes: &mut Routes) {
    routes.get("/projects/{p}/customers", Permission::ReadCustomers, handlers::index);
    routes.get("/projects/{p}/customers.csv", Permission::ExportLists, csv::download).asks_for(Proof::Always);
}

//! Lists of customers (§13.1), live: newest seen first, 50 a page, or all of a list as a file.

pub mod csv;
pub mod handlers;
pub mod model;
pub mod queries;

use crate::page::Routes;
use crate::people::Permission;

pub use model::{Cursor, List, Place};

/// Below `/projects/{p}`. The first path also finds: see [`super::search`].
pub fn routes(routes: &mut Routes) {
    routes.get("/customers", Permission::ReadLists, handlers::index);
    routes.get("/customers.csv", Permission::ExportLists, csv::download);
}

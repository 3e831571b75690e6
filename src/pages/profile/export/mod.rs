//! Everything we hold (for requests under Art. 15 and 20 GDPR): one customer as a page to read and as a file for machines.
//! Complete but for what is other people's: the names of the team, the other party of a transfer, events of others.
//!
//! The file is JSON of the schema that [`model::SCHEMA`] names; every field is described at its struct in `model`.

mod dialog;
mod file;
mod handlers;
mod model;
mod page;
mod queries;
mod tables;

use crate::base::Permission::ExportCustomers;
use crate::web::Routes;

pub use dialog::dialog;

pub fn routes(routes: &mut Routes) {
    routes.within("/projects/{p}/customers/{id}", |routes| {
        routes.get("/export", ExportCustomers, handlers::show);
        routes.get("/export.json", ExportCustomers, handlers::download);
        routes.post("/export", ExportCustomers, handlers::prove);
    });
}

//! Everything we hold (for requests under Art. 15 and 20 GDPR): all data of one customer, as a page and as a file.
//! Only other people's data is left out: the names of the team, the other party of a transfer, and events of others.
//!
//! The file is JSON of the schema that [`model::SCHEMA`] names; the structs in `sections` describe every field.

mod file;
mod handlers;
mod model;
mod page;
mod queries;
mod sections;
mod table;

use crate::base::Permission::ExportCustomers;
use crate::web::{Proof, Routes};

pub fn routes(routes: &mut Routes) {
    routes.within("/projects/{p}/customers/{id}", |routes| {
        routes.get("/export", ExportCustomers, handlers::show).asks_for(Proof::Always);
        routes.get("/export.json", ExportCustomers, handlers::download).asks_for(Proof::Always);
    });
}

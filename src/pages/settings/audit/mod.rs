//! The audit log (§14): who did what, newest first. It is filtered by person, action, customer and day, and can be
//! downloaded.

mod download;
mod model;
mod page;
pub mod queries;
mod row;

use crate::base::Permission::ReadAudit;
use crate::web::{Proof, Routes};

pub use model::{Chosen, Filter, Who};

pub fn routes(routes: &mut Routes) {
    routes.get("/audit", ReadAudit, page::show);
    routes.get("/audit.csv", ReadAudit, download::download).asks_for(Proof::Always);
}

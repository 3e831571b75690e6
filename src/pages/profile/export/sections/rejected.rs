//! Rejected deliveries that name the customer. Bodies that may be about others are left out.

use diesel::QueryResult;
use serde::Serialize;

use super::{Section, text};
use crate::db::Conn;
use crate::operations::erasure::{self, Naming};
use crate::pages::profile::export::model::Time;
use crate::pages::profile::visit::Visit;

#[derive(Debug, Serialize)]
pub struct Rejected {
    pub received_at: Time,
    pub reason: String,
    pub body: Option<String>,
}

impl Section for Rejected {
    type Field = Vec<Rejected>;

    const TITLE: &'static str = "Rejected deliveries";
    const HEADS: &'static [&'static str] = &["Received", "Why", "Body"];

    fn load(conn: &mut Conn, visit: &Visit) -> QueryResult<Vec<Rejected>> {
        let found = erasure::rejected_naming(conn, visit.project.id, visit.customer.id)?;
        let one = |one: Naming| Rejected { received_at: Time(one.received_at), reason: one.reason, body: one.body };
        Ok(found.into_iter().filter(|one| one.received_at <= visit.until()).map(one).collect())
    }

    fn rows(all: &Vec<Rejected>) -> Vec<Vec<String>> {
        all.iter().map(|one| vec![one.received_at.shown(), one.reason.clone(), text(&one.body)]).collect()
    }
}

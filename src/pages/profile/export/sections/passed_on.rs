//! Events that were sent to the project's webhook endpoints, the newest last, as long as deliveries are kept.

use diesel::QueryResult;
use serde::Serialize;

use super::{Section, words};
use crate::db::Conn;
use crate::endpoints::deliveries;
use crate::pages::profile::export::model::Time;
use crate::pages::profile::visit::Visit;

#[derive(Debug, Serialize)]
pub struct PassedOn {
    /// The name of the webhook endpoint.
    pub to: String,
    pub event_type: String,
    pub queued_at: Time,
    /// `waiting`, `sent` or `failed`.
    pub state: &'static str,
}

impl Section for PassedOn {
    type Field = Vec<PassedOn>;

    const TITLE: &'static str = "Passed on";
    const HEADS: &'static [&'static str] = &["When", "Event", "To", "State"];

    fn load(conn: &mut Conn, visit: &Visit) -> QueryResult<Vec<PassedOn>> {
        let found = deliveries::of_customer(conn, visit.project.id, visit.customer.id)?;
        let one = |one: deliveries::PassedOn| PassedOn {
            to: one.endpoint,
            event_type: one.event_type,
            queued_at: Time(one.queued_at),
            state: one.state.as_str(),
        };
        Ok(found.into_iter().filter(|one| one.queued_at <= visit.until()).map(one).collect())
    }

    fn rows(all: &Vec<PassedOn>) -> Vec<Vec<String>> {
        let one =
            |one: &PassedOn| vec![one.queued_at.shown(), words(&one.event_type), one.to.clone(), words(one.state)];
        all.iter().map(one).collect()
    }
}

//! The offering that the team chose for this customer.

use diesel::QueryResult;
use serde::Serialize;

use super::{Section, TEAM, shown, text};
use crate::customers::overrides;
use crate::db::Conn;
use crate::operations;
use crate::pages::profile::export::model::Time;
use crate::pages::profile::visit::Visit;

#[derive(Debug, Serialize)]
pub struct Override {
    pub offering: String,
    pub set_by: &'static str,
    pub set_at: Time,
    pub until: Option<Time>,
    pub reason: Option<String>,
}

impl Section for Override {
    type Field = Option<Override>;

    const TITLE: &'static str = "Offering override";
    const HEADS: &'static [&'static str] = &["Offering", "Set at", "Until", "Reason"];

    fn load(conn: &mut Conn, visit: &Visit) -> QueryResult<Option<Override>> {
        let set = match visit.as_of {
            Some(as_of) => operations::overrides::as_of(conn, visit.project.id, visit.customer.id, as_of.at)?,
            None => overrides::queries::find(conn, visit.customer.id)?,
        };
        Ok(set.map(|set| Override {
            offering: set.offering,
            set_by: TEAM,
            set_at: Time(set.set_at),
            until: set.until.map(Time),
            reason: set.reason,
        }))
    }

    fn rows(field: &Option<Override>) -> Vec<Vec<String>> {
        let one = |set: &Override| vec![set.offering.clone(), set.set_at.shown(), shown(set.until), text(&set.reason)];
        field.iter().map(one).collect()
    }
}

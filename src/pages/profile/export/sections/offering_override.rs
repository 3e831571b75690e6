//! The offering that the team chose for this customer.

use diesel::prelude::*;
use serde::Serialize;

use super::{Section, TEAM, shown, text};
use crate::base::clock::Moment;
use crate::db::Conn;
use crate::db::schema::offering_overrides;
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
        let row: Option<(String, Moment, Option<Moment>, Option<String>)> = offering_overrides::table
            .find(visit.customer.id)
            .select((
                offering_overrides::offering,
                offering_overrides::set_at,
                offering_overrides::until,
                offering_overrides::reason,
            ))
            .first(conn)
            .optional()?;
        Ok(row.map(|(offering, set_at, until, reason)| Override {
            offering,
            set_by: TEAM,
            set_at: Time(set_at),
            until: until.map(Time),
            reason,
        }))
    }

    fn rows(field: &Option<Override>) -> Vec<Vec<String>> {
        let one = |set: &Override| vec![set.offering.clone(), set.set_at.shown(), shown(set.until), text(&set.reason)];
        field.iter().map(one).collect()
    }
}

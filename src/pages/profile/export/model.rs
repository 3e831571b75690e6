//! The fields of the file; `sections` has those of each part. Times are RFC 3339 in UTC unless a field's name ends in
//! `_ms`; an absent value is null.

use diesel::QueryResult;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::sections::{self, Section};
use super::table::Table;
use crate::base::clock::Moment;
use crate::db::Conn;
use crate::events::EventType;
use crate::events::history::Side;
use crate::events::redaction::{Party, transfer_without};
use crate::pages::profile::visit::Visit;
use crate::wording::times;

/// The name and version of the schema. A field may be added without a new version, never changed or removed.
pub const SCHEMA: &str = "dossier.customer/1";

fn table<S: Section>(field: &S::Field) -> Table {
    Table::new(S::TITLE, S::HEADS, S::rows(field))
}

/// Declares [`Held`]: a field of the file and a table of the page for each section, in this order. A section is named
/// with its file.
macro_rules! held {
    ($($field:ident: $file:ident::$section:ident,)+) => {
        /// The file without its last field `events`, which is `[{"received_at", "body"}]`: every webhook event as
        /// received, in the order in which the events were generated.
        #[derive(Serialize)]
        pub struct Held {
            pub schema: &'static str,
            pub made_at: Time,
            /// The moment of the past that it is about, and which events count: `now`, those dated until then; `then`,
            /// those received until then. `None`: it is about the moment at which it was made.
            pub as_of: Option<Time>,
            pub known: Option<&'static str>,
            /// The project's name.
            pub project: String,
            $(pub $field: <sections::$file::$section as Section>::Field,)+
        }

        impl Held {
            /// Everything but the events, with at most one query per section.
            pub fn load(conn: &mut Conn, visit: &Visit, now: Moment) -> QueryResult<Held> {
                Ok(Held {
                    schema: SCHEMA,
                    made_at: Time(now),
                    as_of: visit.as_of.map(|as_of| Time(as_of.at)),
                    known: visit.as_of.map(|as_of| as_of.reading.word()),
                    project: visit.project.name.clone(),
                    $($field: sections::$file::$section::load(conn, visit)?,)+
                })
            }

            /// Everything but the events, as tables.
            pub fn tables(&self) -> Vec<Table> {
                vec![$(table::<sections::$file::$section>(&self.$field),)+]
            }
        }
    };
}

held! {
    app_user_ids: app_user_ids::Id,
    details: details::Details,
    attributes: attributes::Attribute,
    notes: notes::Note,
    offering_override: offering_override::Override,
    experiments: experiments::Experiment,
    balances: balances::Balance,
    purchases: purchases::Bought,
    explanations: explanations::Explanation,
    store_requests: store_requests::StoreRequest,
    team_actions: team_actions::TeamAction,
    rejected_deliveries: rejected::Rejected,
    passed_on: passed_on::PassedOn,
}

#[derive(Debug, Serialize)]
pub struct Event {
    pub received_at: Time,
    pub body: Box<RawValue>,
}

/// A time in RFC 3339, or its number of milliseconds if it is outside the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time(pub Moment);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.utc() {
            Some(utc) => serializer.collect_str(&utc.format("%Y-%m-%dT%H:%M:%S%.3fZ")),
            None => serializer.serialize_i64(self.0.millis()),
        }
    }
}

impl Time {
    /// The time as the page shows it.
    pub fn shown(self) -> String {
        times::full(self.0)
    }
}

/// The body of an event as received, without the other party of a transfer.
pub fn own_part(body: String, kind: &EventType, side: Side) -> Option<String> {
    let other = match side {
        Side::Lost => Party::To,
        Side::Own => Party::From,
    };
    if *kind == EventType::Transfer { transfer_without(&body, other) } else { Some(body) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_for_machines() {
        let written = |millis: i64| serde_json::to_string(&Time(Moment(millis))).expect("JSON");
        assert_eq!(written(1_795_453_200_123), "\"2026-11-23T17:00:00.123Z\"");
        assert_eq!(written(i64::MAX), "9223372036854775807");
    }

    #[test]
    fn the_other_party_of_a_transfer_is_left_out() {
        let body = r#"{"event":{"id":"1","type":"TRANSFER","transferred_from":["lena"],"transferred_to":["mara"]}}"#;
        let part = |side| own_part(body.into(), &EventType::Transfer, side).expect("a body");
        assert!(part(Side::Lost).contains("lena") && !part(Side::Lost).contains("mara"));
        assert!(part(Side::Own).contains("mara") && !part(Side::Own).contains("lena"));
        assert_eq!(own_part(body.into(), &EventType::Renewal, Side::Lost).as_deref(), Some(body));
    }
}

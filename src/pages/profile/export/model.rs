//! The fields of the file. Times are RFC 3339 in UTC unless a field's name ends in `_ms`; an absent value is null.

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::base::clock::Moment;
use crate::events::EventType;
use crate::events::history::Side;
use crate::events::redaction::{Party, transfer_without};
use crate::wording::times;

/// The name and version of the schema. A field may be added without a new version, never changed or removed.
pub const SCHEMA: &str = "dossier.customer/1";

/// The file without its last field `events`, which is `[{"received_at", "body"}]`: every webhook event as received, in
/// the order in which the events were generated.
#[derive(Debug, Serialize)]
pub struct Held {
    pub schema: &'static str,
    pub made_at: Time,
    /// The project's name.
    pub project: String,
    /// All ids, the earliest first.
    pub app_user_ids: Vec<Id>,
    pub details: Details,
    pub attributes: Vec<Attribute>,
    pub notes: Vec<Note>,
    pub offering_override: Option<Override>,
    pub experiments: Vec<Experiment>,
    pub balances: Vec<Balance>,
    /// Subscriptions, one-time purchases and grants, derived from the events. Amounts are millionths of US dollars.
    pub purchases: Vec<Box<RawValue>>,
    /// The actions of the team, the newest last.
    pub team_actions: Vec<TeamAction>,
    /// Rejected deliveries that name the customer. Bodies that may be about others are left out.
    pub rejected_deliveries: Vec<Rejected>,
    /// Events that were sent to the project's webhook endpoints, the newest last, as long as deliveries are kept.
    pub passed_on: Vec<PassedOn>,
}

#[derive(Debug, Serialize)]
pub struct Id {
    pub app_user_id: String,
    pub since: Time,
    /// Whether `since` is when the id was created; otherwise it is when an event first named it.
    pub is_since_exact: bool,
    pub is_original: bool,
}

#[derive(Debug, Serialize)]
pub struct Details {
    pub display_name: Option<String>,
    pub email: Option<String>,
    pub last_seen_at: Option<Time>,
    pub app_version: Option<String>,
    pub platform: Option<String>,
    pub platform_version: Option<String>,
    pub sdk_version: Option<String>,
    pub locale: Option<String>,
    /// The country of the app's last contact (ISO 3166-1 alpha-2).
    pub country: Option<String>,
    /// The country that the newest event names.
    pub event_country: Option<String>,
    pub total_spent_usd_micros: i64,
    pub first_event_at: Option<Time>,
}

#[derive(Debug, Serialize)]
pub struct Attribute {
    pub key: String,
    /// Null if the attribute was deleted.
    pub value: Option<String>,
    pub updated_at: Time,
    /// `event`, `app` or `team`.
    pub source: &'static str,
}

#[derive(Debug, Serialize)]
pub struct Note {
    /// The Markdown source.
    pub text: String,
    pub written_by: &'static str,
    pub created_at: Time,
    pub edited_at: Option<Time>,
}

#[derive(Debug, Serialize)]
pub struct Override {
    pub offering: String,
    pub set_by: &'static str,
    pub set_at: Time,
    pub until: Option<Time>,
    pub reason: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct Experiment {
    pub experiment_id: String,
    pub variant: String,
    pub enrolled_at: Option<Time>,
}

#[derive(Debug, Serialize)]
pub struct Balance {
    pub environment: String,
    pub code: String,
    pub name: String,
    pub amount: i64,
}

#[derive(Debug, Serialize)]
pub struct TeamAction {
    pub at: Time,
    pub action: String,
    /// `support`, `admin` …; empty for what Dossier did by itself.
    pub role: String,
    pub app_user_id: Option<String>,
    pub about: Option<String>,
    pub before: Option<String>,
    pub after: Option<String>,
    pub reason: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct Rejected {
    pub received_at: Time,
    pub reason: String,
    pub body: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct PassedOn {
    /// The name of the webhook endpoint.
    pub to: String,
    pub event_type: String,
    pub queued_at: Time,
    /// `waiting`, `sent` or `failed`.
    pub state: &'static str,
}

#[derive(Debug, Serialize)]
pub struct Event {
    pub received_at: Time,
    pub body: Box<RawValue>,
}

/// Stands for the author's name, which is personal data of the team member.
pub const TEAM: &str = "team member";

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

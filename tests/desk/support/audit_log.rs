//! Reads the audit log.

use diesel::prelude::*;
use dossier::audit::{self, Broken, Verified};
use dossier::db::schema::{audit_details, audit_entries};
use serde_json::Value;

use super::Desk;

/// An entry of the audit log.
#[derive(Debug)]
pub struct Entry {
    pub action: String,
    /// The role of a person, the name of an API key.
    pub role: String,
    /// `person`, `api_key`, `system` or `operator`.
    pub actor_kind: String,
    pub actor_id: Option<i64>,
    /// The row of the customer it is about, or an empty text.
    pub subject: String,
    /// JSON with what changed and why, or an empty text: it goes when the customer is erased.
    pub details: String,
}

/// The entries of all projects, oldest first.
pub fn audit_entries(desk: &Desk) -> Vec<Entry> {
    let is_own = audit_details::project_id.eq(audit_entries::project_id);
    let own = audit_details::table.on(is_own.and(audit_details::position.eq(audit_entries::position)));
    let all = audit_entries::table.left_join(own).order((audit_entries::project_id, audit_entries::position));
    let (who, what) = (
        (audit_entries::role, audit_entries::actor_kind, audit_entries::actor_id),
        (audit_entries::action, audit_entries::subject, audit_details::body.nullable()),
    );
    type Row = ((String, String, Option<i64>), (String, String, Option<String>));
    let rows: Vec<Row> = desk.read(|conn| all.select((who, what)).load(conn));
    let entry = |((role, actor_kind, actor_id), (action, subject, details)): Row| {
        let details = details.unwrap_or_default();
        Entry { action, role, actor_kind, actor_id, subject, details }
    };
    rows.into_iter().map(entry).collect()
}

/// The same, after the chain of Sundial's entries was found valid.
pub fn verified_audit_entries(desk: &Desk) -> Vec<Entry> {
    let verdict = verify_audit_chain(desk);
    assert!(verdict.is_ok(), "{verdict:?}");
    audit_entries(desk)
}

/// The action of each entry.
pub fn audit_actions(desk: &Desk) -> Vec<String> {
    audit_entries(desk).into_iter().map(|entry| entry.action).collect()
}

/// Each entry as one line: `action: about | before | after | reason`, with `-` for what it has not.
pub fn audit_lines(desk: &Desk) -> Vec<String> {
    let line = |entry: Entry| {
        let details = match entry.details.as_str() {
            "" => Value::Null,
            json => serde_json::from_str(json).expect("JSON"),
        };
        let texts = ["about", "before", "after", "reason"].map(|name| details[name].as_str().unwrap_or("-").to_owned());
        format!("{}: {}", entry.action, texts.join(" | "))
    };
    audit_entries(desk).into_iter().map(line).collect()
}

/// Each action with the name of the API key that did it. Nobody else may have done anything.
pub fn audit_actions_of_keys(desk: &Desk) -> Vec<String> {
    let entries = audit_entries(desk);
    assert!(entries.iter().all(|entry| entry.actor_kind == "api_key"), "{entries:?}");
    entries.into_iter().map(|entry| format!("{} by {}", entry.action, entry.role)).collect()
}

/// What `dossier audit verify` finds of Sundial's entries.
pub fn verify_audit_chain(desk: &Desk) -> Result<Verified, Broken> {
    desk.read(|conn| audit::verify(conn, desk.project))
}

//! A row about an action of the team.

use crate::audit::{Content, Details, Line as AuditLine};
use crate::pages::profile::history::rows::Row;
use crate::pages::profile::history::{Line, Subject};
use crate::pages::profile::visit::Visit;
use crate::web::Change;
use crate::wording::sentence::Sentence;

const TONE: &str = "tone-accent";

pub fn row(audit_line: &AuditLine, visit: &Visit) -> Row {
    let empty = Details::default();
    let details = audit_line.details().unwrap_or(&empty);
    let icon_and_tone = (icon(&audit_line.entry.action), TONE);
    let row = Row::of_activity(icon_and_tone, audit_line.words(), audit_line.entry.at, visit.ctx.now);
    let subject = details.about.as_deref().map_or(Subject::None, about);
    Row {
        anchor: Some(format!("act-{}", audit_line.entry.position)),
        by: Some(audit_line.who().to_owned()),
        lines: row.lines.into_iter().map(|line| Line { subject: subject.clone(), ..line }).collect(),
        facts: facts(audit_line, details.reason.as_deref()),
        change: Change::between(details.before.as_deref(), details.after.as_deref()),
        ..row
    }
}

/// The icon of an action, the same as on the buttons for it.
fn icon(action: &str) -> &'static str {
    match action.rsplit('_').next() {
        Some("created" | "granted" | "added") => "plus",
        Some("deleted" | "revoked" | "cleared" | "removed") => "trash",
        Some("transferred") => "transfer",
        Some("exported") => "download",
        _ => "edit",
    }
}

fn about(what: &str) -> Subject {
    Subject::Ids { shown: vec![what.to_owned()], more: 0 }
}

fn facts(audit_line: &AuditLine, why: Option<&str>) -> Vec<Sentence> {
    let role = Some(audit_line.role()).filter(|role| !role.is_empty()).map(Sentence::new);
    let why = why.map(reason);
    let missing = match audit_line.content {
        Content::Known(_) => None,
        Content::Erased => Some(Sentence::new("the details were erased with another customer")),
        Content::Unreadable => Some(Sentence::new("the details cannot be read")),
    };
    role.into_iter().chain(why).chain(missing).collect()
}

/// Why somebody did something, as the audit log holds it.
pub fn reason(reason: &str) -> Sentence {
    match reason {
        "undone" => Sentence::new("taken back with Undo"),
        reason => Sentence::new("reason: ").name(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_has_the_icon_of_its_kind() {
        let icons = ["note_created", "note_updated", "note_deleted", "purchases_transferred", "moon_painted"].map(icon);
        assert_eq!(icons, ["plus", "edit", "trash", "transfer", "edit"]);
    }
}

//! A row of what the team did.

use crate::audit::{Content, Details, Line as Entered};
use crate::pages::profile::history::rows::Row;
use crate::pages::profile::history::{Line, Subject};
use crate::pages::profile::visit::Visit;
use crate::web::Change;
use crate::wording::sentence::Sentence;

const TONE: &str = "tone-accent";

pub fn row(entered: &Entered, visit: &Visit) -> Row {
    let empty = Details::default();
    let details = entered.details().unwrap_or(&empty);
    let icon_and_tone = (icon(&entered.entry.action), TONE);
    let row = Row::of_activity(icon_and_tone, entered.words(), entered.entry.at, visit.now);
    let subject = details.about.as_deref().map_or(Subject::None, about);
    Row {
        anchor: Some(format!("act-{}", entered.entry.position)),
        by: Some(entered.who().to_owned()),
        lines: row.lines.into_iter().map(|line| Line { subject: subject.clone(), ..line }).collect(),
        facts: facts(entered, details.reason.as_deref()),
        change: Change::between(details.before.as_deref(), details.after.as_deref()),
        ..row
    }
}

/// The shapes that buttons of the same kind have.
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

fn facts(entered: &Entered, reason: Option<&str>) -> Vec<Sentence> {
    let role = Some(entered.role()).filter(|role| !role.is_empty()).map(Sentence::new);
    let why = reason.map(|reason| match reason {
        "undone" => Sentence::new("taken back with Undo"),
        reason => Sentence::new("reason: ").name(reason),
    });
    let missing = match entered.content {
        Content::Known(_) => None,
        Content::Erased => Some(Sentence::new("what it said was erased with another customer")),
        Content::Unreadable => Some(Sentence::new("what it says cannot be read")),
    };
    role.into_iter().chain(why).chain(missing).collect()
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

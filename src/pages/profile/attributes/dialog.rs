//! The dialogs of the card: add an attribute, or change the value of one.

use askama::Template;

use super::refund_preference;
use crate::actions::Opened;
use crate::base::Permission::EditAttributes;
use crate::base::error::Error;
use crate::customers::attributes::{AttributeKey, MAX_VALUE, Rule, Stored, queries, reserved};
use crate::db::Conn;
use crate::pages::profile::visit::Visit;
use crate::stores::Connected;
use crate::web::{Dialog, filters};

/// Values with more characters than this get a field of several lines.
const LINE: usize = 60;

#[derive(Template)]
#[template(path = "profile/attributes/add.html")]
struct Add {
    form: Opened,
    action: String,
}

#[derive(Template)]
#[template(path = "profile/attributes/edit.html")]
struct Edit {
    form: Opened,
    action: String,
    clear: String,
    key: String,
    label: String,
    rule: Rule,
    stored: Option<Stored>,
    /// Why the value can only be cleared; `None` when it can be changed.
    kept: Option<&'static str>,
    connected: Option<Connected>,
}

/// The dialog of this name; `None` when it does not exist, is not for this person, or has no attribute to show.
pub fn dialog(conn: &mut Conn, visit: &Visit, form: Opened) -> Result<Option<Dialog>, Error> {
    match form.name.as_str() {
        _ if !visit.may(EditAttributes) => Ok(None),
        "attribute-add" => Ok(Some(Dialog::new(Add { form, action: visit.action("attributes") }))),
        "attribute-edit" => match Edit::load(conn, visit, form)? {
            Some(edit) => Ok(Some(Dialog::new(edit))),
            None => Ok(None),
        },
        _ => Ok(None),
    }
}

impl Add {
    fn reserved(&self) -> &'static [(&'static str, &'static str)] {
        reserved::KEYS
    }
}

impl Edit {
    /// `None` for a key that cannot be typed and has no value.
    fn load(conn: &mut Conn, visit: &Visit, form: Opened) -> Result<Option<Edit>, Error> {
        let key = form.subject.clone();
        let stored = if key.contains('\0') { None } else { queries::find(conn, visit.customer.id, &key)? };
        let typable = AttributeKey::parse(&key).ok();
        let is_set = stored.as_ref().is_some_and(|stored| !stored.is_deleted);
        if typable.is_none() && !is_set {
            return Ok(None);
        }
        let kept = match &typable {
            None => Some("Only the app can set this attribute: its name cannot be typed."),
            Some(key) if key.is_kept() && is_set => Some(KEPT),
            Some(_) => None,
        };
        Ok(Some(Edit {
            action: visit.action("attributes"),
            clear: visit.action("attributes/delete"),
            label: typable.as_ref().map_or_else(|| crate::wording::text::visible(&key), |key| key.label().to_owned()),
            rule: Rule::for_key(&key),
            form,
            key,
            stored,
            kept,
            connected: visit.connected,
        }))
    }

    fn is_labelled(&self) -> bool {
        self.label != self.key
    }

    fn set(&self) -> Option<&str> {
        self.stored.as_ref().and_then(Stored::set)
    }

    /// Identifies the state that the dialog shows: when the key was last written, in milliseconds; 0 if it never was.
    fn version(&self) -> i64 {
        self.stored.as_ref().map_or(0, |stored| stored.updated_at.millis())
    }

    fn text(&self) -> &str {
        self.form.value("value", self.set().unwrap_or(""))
    }

    /// Who wrote the value last, as the beginning of a sentence.
    fn writer(&self) -> &'static str {
        if self.stored.as_ref().is_some_and(Stored::is_of_team) { "A colleague" } else { "The app" }
    }

    /// The values to choose from, with their words; empty where any text can be typed.
    fn choices(&self) -> Vec<(&'static str, &'static str)> {
        match self.rule {
            Rule::OneOf(_) if self.is_about_refunds() => refund_preference::CHOICES.to_vec(),
            Rule::OneOf(choices) => choices.iter().map(|choice| (*choice, *choice)).collect(),
            _ => Vec::new(),
        }
    }

    /// What the choice does, and who hears of it, where the label does not say so.
    fn explained(&self) -> Option<(&'static str, &'static str)> {
        self.is_about_refunds().then(|| (refund_preference::MEANING, refund_preference::reach(self.connected)))
    }

    fn is_about_refunds(&self) -> bool {
        refund_preference::is_about(&self.key)
    }

    /// Whether the value is empty or one of the choices. Apps may send others, and a value may be older than the list.
    fn is_of_list(&self) -> bool {
        self.text().is_empty() || self.choices().iter().any(|(value, _)| *value == self.text())
    }

    fn has_lines(&self) -> bool {
        let text = self.text();
        text.contains('\n') || text.chars().count() > LINE
    }

    fn kind(&self) -> &'static str {
        if self.rule == Rule::Email { "email" } else { "text" }
    }
}

/// How to replace a value of a key that keeps its first value (§10.4).
pub const KEPT: &str = "The first value is kept. To replace it, clear it first, then set the new one.";

//! Setting and clearing attributes. Setting a key that has a value changes it; an empty value clears it.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::Undo;
use super::dialog::KEPT;
use super::refund_preference;
use crate::actions::{ActionContext, ActionForm, Done};
use crate::base::error::{Error, Problem, Refusal};
use crate::customers::attributes::{AttributeKey, MAX_CUSTOM, Stored, TypedValue, queries};
use crate::customers::state;
use crate::pages::profile::acting::{Outcome, on_customer};
use crate::pages::profile::asking::{self, Act};
use crate::pages::profile::subject::Subject;
use crate::pages::profile::undo;
use crate::stores::CustomerAct;
use crate::wording::text;

/// The fields of the form.
#[derive(Deserialize)]
pub struct Draft {
    key: String,
    #[serde(default)]
    value: String,
    /// The version of the attribute that the dialog showed; 0 without a value, `None` in the dialog that adds one.
    seen: Option<i64>,
    /// Set by the dialog that adds an attribute: the key must not have a value yet.
    new: Option<String>,
}

impl Draft {
    /// The dialog that the form came from.
    fn dialog(&self) -> String {
        if self.seen.is_some() { format!("attribute-edit.{}", self.key) } else { "attribute-add".into() }
    }
}

pub async fn set(form: ActionForm<Draft>) -> Outcome {
    let dialog = form.draft().dialog();
    on_customer(form, &dialog, |action, subject, draft| {
        let key = AttributeKey::parse(&draft.key)?;
        let before = queries::find(action.conn, subject.customer.id, key.as_str())?;
        if draft.value.is_empty() && is_set(before.as_ref()) {
            return clear_value(action, subject, before, draft.seen);
        }
        if draft.value.is_empty() && refund_preference::is_about(key.as_str()) {
            return Err(Refusal::new("value", NOTHING_CHOSEN).into());
        }
        let value = TypedValue::parse(&key, &draft.value)?;
        must_be(before.as_ref(), draft.seen)?;
        if draft.new.is_some() {
            must_be_new(&key, before.as_ref())?;
        }
        must_be_open(&key, before.as_ref())?;
        if !is_set(before.as_ref()) {
            must_have_room(action, subject, &key)?;
        }
        let (customer, now) = (subject.customer.id, action.ctx.now);
        let after = Stored::by_team(customer, key.as_str(), Some(value.0), before.as_ref(), now);
        let message = format!("{} {}.", key.label(), if is_set(before.as_ref()) { "changed" } else { "set" });
        change(action, subject, before, after, message)
    })
    .await
}

/// Why the app's setting cannot be chosen where it counts already.
const NOTHING_CHOSEN: &str = "The app's setting counts already. Choose something else, or leave it.";

pub async fn clear(form: ActionForm<Draft>) -> Outcome {
    let dialog = format!("attribute-edit.{}", form.draft().key);
    on_customer(form, &dialog, |action, subject, draft| {
        let before = match draft.key.contains('\0') {
            true => None,
            false => queries::find(action.conn, subject.customer.id, &draft.key)?,
        };
        clear_value(action, subject, before, draft.seen)
    })
    .await
}

/// Stores the attribute as cleared instead of removing it, so that a late event cannot restore an older value
/// (§10.4).
fn clear_value(
    action: &mut ActionContext<'_>,
    subject: &Subject,
    before: Option<Stored>,
    seen: Option<i64>,
) -> Result<Done, Error> {
    let stored = before.ok_or(Error::NotFound)?;
    must_be(Some(&stored), seen)?;
    stored.set().ok_or(Error::NotFound)?;
    let after = Stored::by_team(subject.customer.id, &stored.key, None, Some(&stored), action.ctx.now);
    let message = format!("{} cleared.", label(&stored.key));
    change(action, subject, Some(stored), after, message)
}

/// Stores the attribute, then derives what depends on it: names, lists and search.
fn change(
    action: &mut ActionContext<'_>,
    subject: &Subject,
    before: Option<Stored>,
    after: Stored,
    message: String,
) -> Result<Done, Error> {
    let value = |stored: Option<&Stored>| stored.and_then(Stored::set).map(str::to_owned);
    let act = |value: Option<String>| CustomerAct::Attributes { values: vec![(after.key.clone(), value)] };
    let wanted = Act {
        act: act(value(Some(&after))),
        inverse: Some(act(value(before.as_ref()))),
        reason: None,
        location: subject.at("attributes"),
    };
    if let Some(asked) = asking::ask(action, subject, wanted)? {
        return Ok(asked);
    }
    queries::put(action.conn, &after)?;
    state::refresh_names(action.conn, &BTreeSet::from([subject.customer.id]))?;
    let trace = crate::operations::trace(before.as_ref(), Some(&after));
    let undo = undo::Undo::Attribute(Undo { before, after }.into());
    Ok(Done::new(trace, message, subject.at("attributes")).with_undo(&undo))
}

/// The name of a key in a sentence.
pub fn label(key: &str) -> String {
    AttributeKey::parse(key).map_or_else(|_| text::visible(key), |key| key.label().to_owned())
}

fn is_set(stored: Option<&Stored>) -> bool {
    stored.is_some_and(|stored| !stored.is_deleted)
}

/// # Errors
/// [`Refusal::stale`] when the attribute has changed since the dialog showed it.
fn must_be(stored: Option<&Stored>, seen: Option<i64>) -> Result<(), Refusal> {
    let version = stored.map_or(0, |stored| stored.updated_at.millis());
    if seen.is_none_or(|seen| seen == version) { Ok(()) } else { Err(Refusal::stale()) }
}

/// # Errors
/// A [`Problem`] that names the present value when the key already has one.
fn must_be_new(key: &AttributeKey, before: Option<&Stored>) -> Result<(), Problem> {
    let Some(value) = before.and_then(Stored::set) else { return Ok(()) };
    let sentence = format!("{} already has a value: {}. Change it on the card.", key.label(), text::visible(value));
    Err(Problem { field: "key", sentence })
}

fn must_be_open(key: &AttributeKey, before: Option<&Stored>) -> Result<(), Problem> {
    match key.is_kept() && is_set(before) {
        true => Err(Problem { field: "value", sentence: format!("{} has a value. {KEPT}", key.label()) }),
        false => Ok(()),
    }
}

/// # Errors
/// A refusal when the customer has the maximum number of attributes that are not reserved (§10.1).
pub fn must_have_room(action: &mut ActionContext<'_>, subject: &Subject, key: &AttributeKey) -> Result<(), Error> {
    if key.is_reserved() || queries::count_custom(action.conn, subject.customer.id)? < MAX_CUSTOM {
        return Ok(());
    }
    let sentence = format!(
        "This customer has {MAX_CUSTOM} attributes besides the reserved ones, which is the maximum. Clear one first."
    );
    Err(Refusal::new("key", sentence).into())
}

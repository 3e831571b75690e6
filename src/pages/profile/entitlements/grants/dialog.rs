//! The dialogs: give access, take it back. Both show what it would change.

use askama::Template;

use super::handlers::{holder, removed};
use super::request::until;
use crate::actions::Opened;
use crate::base::Permission::GrantEntitlements;
use crate::base::error::Error;
use crate::db::Conn;
use crate::operations::grants::{Held, Length, Plan, Preset, UNTIL};
use crate::pages::profile::entitlements::access_change::AccessChange;
use crate::pages::profile::visit::Visit;
use crate::web::Dialog;
use crate::wording::{text, times};

pub const GIVE: &str = "grant";
pub const REVOKE: &str = "grant-revoke";

/// What is chosen while nobody has chosen.
const USUAL: Preset = Preset::Weekly;

#[derive(Template)]
#[template(path = "profile/entitlements/give.html")]
struct Give {
    form: Opened,
    action: String,
    preview_action: String,
    entitlements: Vec<Choice>,
    lengths: Vec<Choice>,
    /// The first day that can be chosen.
    today: String,
    ahead: Ahead,
}

/// What the choices come to.
#[derive(Default)]
struct Ahead {
    /// `Pro access for 7 days`; empty while they are not complete.
    said: String,
    access_changes: Vec<AccessChange>,
    /// The grant that would be removed: `until 30 Nov 2026`.
    held: Option<String>,
}

/// An option of a list.
struct Choice {
    value: String,
    label: String,
    is_chosen: bool,
}

#[derive(Template)]
#[template(path = "profile/entitlements/revoke.html")]
struct Revoke {
    form: Opened,
    action: String,
    what: String,
    count: usize,
    access_changes: Vec<AccessChange>,
}

/// The dialog of this name; `None` when there is none, or nothing it could be about.
pub fn dialog(conn: &mut Conn, visit: &Visit, form: Opened) -> Result<Option<Dialog>, Error> {
    if !visit.may(GrantEntitlements) || visit.is_sandbox() {
        return Ok(None);
    }
    match form.name.as_str() {
        GIVE if visit.catalog.entitlements().is_empty() => Ok(None),
        GIVE => Dialog::render(&Give::load(conn, visit, form)?).map(Some),
        REVOKE => match holder(visit).plan_removal(conn, &form.subject)? {
            Some(plan) => Dialog::render(&Revoke::load(conn, visit, form, &plan)?).map(Some),
            None => Ok(None),
        },
        _ => Ok(None),
    }
}

impl Give {
    fn load(conn: &mut Conn, visit: &Visit, form: Opened) -> Result<Give, Error> {
        let chosen = match form.typed("entitlement") {
            Some(typed) => typed.to_owned(),
            None => free(conn, visit)?,
        };
        let duration = form.value("duration", USUAL.word()).to_owned();
        let choice = |value: &str, label: String, chosen: &str| Choice {
            value: value.to_owned(),
            is_chosen: value == chosen,
            label,
        };
        let named = |(id, name): (&str, &str)| choice(id, format!("{name} ({})", text::visible(id)), &chosen);
        let lengths = Preset::ALL.map(|preset| choice(preset.word(), preset.label().to_owned(), &duration));
        let until = choice(UNTIL, "Until a date".into(), &duration);
        Ok(Give {
            action: visit.action("grants"),
            preview_action: visit.action("grants/preview"),
            entitlements: visit.catalog.entitlements().into_iter().map(named).collect(),
            lengths: lengths.into_iter().chain([until]).collect(),
            today: times::machine(visit.now).chars().take(10).collect(),
            ahead: Ahead::load(conn, visit, &chosen, (&duration, form.value("until", "")))?,
            form,
        })
    }
}

/// The first entitlement that is not granted already; the first of all where all are.
fn free(conn: &mut Conn, visit: &Visit) -> Result<String, Error> {
    let all: Vec<String> = visit.catalog.entitlements().into_iter().map(|(id, _)| id.to_owned()).collect();
    let running = holder(visit).running(conn, &visit.catalog, &all)?;
    let granted: Vec<String> = running.iter().flat_map(|grant| visit.catalog.unlocked_by(grant)).collect();
    let free = all.iter().find(|id| !granted.contains(id)).or(all.first());
    Ok(free.cloned().unwrap_or_default())
}

impl Ahead {
    fn load(conn: &mut Conn, visit: &Visit, chosen: &str, (duration, until_day): (&str, &str)) -> Result<Ahead, Error> {
        let ids = [chosen.to_owned()];
        let running = holder(visit).running(conn, &visit.catalog, &ids)?;
        let held = running.first().map(|grant| until(&Held::by(grant, visit.now)));
        let Ok(length) = Length::parse(duration, until_day, visit.now) else {
            return Ok(Ahead { held, ..Ahead::default() });
        };
        let Ok(plan) = holder(visit).plan_grant(conn, chosen, length, true)? else { return Ok(Ahead::default()) };
        let said = format!("{} {}", visit.catalog.entitlement_name(chosen), length.said());
        Ok(Ahead { said, access_changes: AccessChange::ahead(conn, visit, &ids, &plan.events)?, held })
    }
}

impl Revoke {
    fn load(conn: &mut Conn, visit: &Visit, form: Opened, plan: &Plan) -> Result<Revoke, Error> {
        Ok(Revoke {
            action: visit.action(&format!("grants/{}/revoke", text::segment(&form.subject))),
            what: removed(visit, plan),
            count: plan.removed.len(),
            access_changes: AccessChange::ahead(conn, visit, &plan.removed_entitlements(), &plan.events)?,
            form,
        })
    }
}

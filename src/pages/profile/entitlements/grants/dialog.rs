//! The dialogs that grant access and remove it. Both show what would change.

use askama::Template;

use super::handlers::removed;
use super::request::{is_long, until};
use crate::actions::Opened;
use crate::base::Permission::GrantEntitlements;
use crate::base::error::Error;
use crate::db::Conn;
use crate::operations::grants::{self, Held, Length, Plan, Preset, UNTIL};
use crate::pages::profile::entitlements::access_change::AccessChange;
use crate::pages::profile::visit::Visit;
use crate::web::{Dialog, filters};
use crate::wording::{text, times};

pub const GIVE: &str = "grant";
pub const REVOKE: &str = "grant-revoke";

/// The length that is selected when the dialog opens.
const DEFAULT_LENGTH: Preset = Preset::Weekly;

/// What a link may fill in: the dialog previews both before anything is granted.
const GIVE_LINKS: [&str; 2] = ["entitlement", "duration"];

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
    preview: Preview,
}

/// What the choices would do.
#[derive(Default)]
struct Preview {
    /// `Pro access for 7 days`; empty while the choices are incomplete.
    summary: String,
    access_changes: Vec<AccessChange>,
    /// The end of the grant that would be removed: `until 30 Nov 2026`.
    held: Option<String>,
    /// Whether the grant is so long that it asks for a proof of who the person is.
    is_long: bool,
}

/// An option of a select element.
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

/// The dialog of this name; `None` when it does not exist, is not for this person, or has nothing to grant or remove.
pub fn dialog(conn: &mut Conn, visit: &Visit, form: Opened) -> Result<Option<Dialog>, Error> {
    if !visit.may(GrantEntitlements) || visit.is_sandbox() {
        return Ok(None);
    }
    match form.name.as_str() {
        GIVE if visit.catalog.entitlements().is_empty() => Ok(None),
        GIVE => Ok(Some(Dialog::new(Give::load(conn, visit, form.filled_by_links(&GIVE_LINKS))?))),
        REVOKE => match grants::plan_removal(conn, &visit.ctx, visit.customer.id, &form.subject)? {
            Some(plan) => Ok(Some(Dialog::new(Revoke::load(conn, visit, form, &plan)?))),
            None => Ok(None),
        },
        _ => Ok(None),
    }
}

impl Give {
    fn load(conn: &mut Conn, visit: &Visit, form: Opened) -> Result<Give, Error> {
        let chosen = match form.typed("entitlement") {
            Some(typed) => typed.to_owned(),
            None => first_not_granted(conn, visit)?,
        };
        let duration = form.value("duration", DEFAULT_LENGTH.word()).to_owned();
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
            today: times::machine(visit.ctx.now).chars().take(10).collect(),
            preview: Preview::load(conn, visit, &chosen, &duration, form.value("until", ""))?,
            form,
        })
    }
}

/// The first entitlement that is not granted yet, or the first one if all are.
fn first_not_granted(conn: &mut Conn, visit: &Visit) -> Result<String, Error> {
    let all: Vec<String> = visit.catalog.entitlements().into_iter().map(|(id, _)| id.to_owned()).collect();
    let running = grants::running(conn, visit.customer.id, visit.ctx.now, &visit.catalog, &all)?;
    let granted: Vec<String> = running.iter().flat_map(|grant| visit.catalog.unlocked_by(grant)).collect();
    let first = all.iter().find(|id| !granted.contains(id)).or(all.first());
    Ok(first.cloned().unwrap_or_default())
}

impl Preview {
    fn load(conn: &mut Conn, visit: &Visit, chosen: &str, duration: &str, until_day: &str) -> Result<Preview, Error> {
        let ids = [chosen.to_owned()];
        let running = grants::running(conn, visit.customer.id, visit.ctx.now, &visit.catalog, &ids)?;
        let held = running.first().map(|grant| until(&Held::by(grant, visit.ctx.now)));
        let Ok(length) = Length::parse(duration, until_day, visit.ctx.now) else {
            return Ok(Preview { held, ..Preview::default() });
        };
        let is_long = is_long(length, visit.ctx.now);
        let planned = grants::plan_grant(conn, &visit.ctx, visit.customer.id, chosen, length, true)?;
        let Ok(plan) = planned else { return Ok(Preview { is_long, ..Preview::default() }) };
        let summary = format!("{} {}", visit.catalog.entitlement_name(chosen), length.in_words());
        let access_changes = AccessChange::preview(conn, visit, &ids, &plan.events)?;
        Ok(Preview { summary, access_changes, held, is_long })
    }
}

impl Revoke {
    fn load(conn: &mut Conn, visit: &Visit, form: Opened, plan: &Plan) -> Result<Revoke, Error> {
        Ok(Revoke {
            action: visit.action(&format!("grants/{}/revoke", text::segment(&form.subject))),
            what: removed(&visit.catalog, plan),
            count: plan.removed.len(),
            access_changes: AccessChange::preview(conn, visit, &plan.removed_entitlements(), &plan.events)?,
            form,
        })
    }
}

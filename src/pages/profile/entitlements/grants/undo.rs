//! Undoing a grant or its removal, unless somebody has granted or removed it again since.

use serde::{Deserialize, Serialize};

use crate::actions::{ActionContext, Done};
use crate::audit::{Action, Trace};
use crate::base::Permission::GrantEntitlements;
use crate::base::error::{Error, Refusal};
use crate::catalog;
use crate::operations::grants::{self, Plan, Removed};
use crate::pages::profile::subject::Subject;
use crate::wording::times;

/// What [`undo`] needs to know.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Undo {
    /// The keys of the new grants, and the grants that they replaced.
    Given(Vec<String>, Vec<Removed>),
    Removed(Vec<Removed>),
}

pub fn undo(action: &mut ActionContext<'_>, subject: &Subject, undo: Undo) -> Result<Done, Error> {
    action.permit(GrantEntitlements)?;
    let (plan, message) = match undo {
        Undo::Given(keys, replaced) => (take_back(action, subject, &keys, &replaced)?, "The grant is gone again."),
        Undo::Removed(removed) => (give_back(action, subject, &removed)?, "The granted access is back."),
    };
    grants::carry_out(action.conn, &action.ctx, subject.customer.id, &plan)?;
    let trace = if plan.removed.is_empty() { given_back(&plan) } else { plan.removal_entry() };
    Ok(Done::new(trace.because(Some("undone".into())), message, subject.at("entitlements")))
}

fn take_back(
    action: &mut ActionContext<'_>,
    subject: &Subject,
    keys: &[String],
    replaced: &[Removed],
) -> Result<Plan, Error> {
    let mut plan = Plan::default();
    for key in keys {
        let gone = || Refusal::new("", "The grant is over, or somebody removed it. There is nothing to undo.");
        let one = grants::plan_removal_of_one(action.conn, &action.ctx, subject.customer.id, key)?.ok_or_else(gone)?;
        plan.events.extend(one.events);
        plan.removed.extend(one.removed);
    }
    grants::plan_again(action.conn, &action.ctx, subject.customer.id, &mut plan, replaced)?;
    Ok(plan)
}

/// Plans the removed grants again, for the rest of their time.
fn give_back(action: &mut ActionContext<'_>, subject: &Subject, removed: &[Removed]) -> Result<Plan, Error> {
    let entitlements: Vec<String> = removed.iter().flat_map(|one| one.entitlements.clone()).collect();
    let catalog = catalog::queries::load(action.conn, subject.project.id)?;
    let running = grants::running(action.conn, subject.customer.id, action.ctx.now, &catalog, &entitlements)?;
    if !running.is_empty() {
        return Err(Refusal::new("", "Somebody granted it again meanwhile. That stays as it is.").into());
    }
    let mut plan = Plan::default();
    grants::plan_again(action.conn, &action.ctx, subject.customer.id, &mut plan, removed)?;
    if plan.given.is_empty() {
        return Err(Refusal::new("", "The grant would have ended by now. There is nothing to restore.").into());
    }
    Ok(plan)
}

fn given_back(plan: &Plan) -> Trace {
    let trace = Trace::new(Action::EntitlementGranted);
    let entitlements = plan.events.iter().flat_map(|delivery| delivery.event.entitlement_ids.clone());
    let trace = trace.about(entitlements.collect::<Vec<_>>().join(", "));
    match plan.given.first() {
        Some(first) => trace.after(format!("to {}", times::full(first.ends_at))),
        None => trace,
    }
}

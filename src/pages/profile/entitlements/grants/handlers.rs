//! Granting access and removing grants.

use super::request::{Draft, GrantRequest, RevokeDraft};
use super::{GIVE, REVOKE, Undo, request};
use crate::actions::{Act, Doing, Done};
use crate::base::error::{Error, Refusal};
use crate::operations::grants::{self, Plan, queries};
use crate::pages::profile::acting::{Outcome, on_customer, preview_dialog};
use crate::pages::profile::undo;
use crate::pages::profile::visit::Visit;
use crate::wording::text;

pub async fn give(act: Act<Draft>) -> Outcome {
    on_customer(act, GIVE, |doing, visit, draft| {
        request::must_be_production(visit)?;
        let request = GrantRequest::parse(draft, doing.ctx.now)?;
        let GrantRequest { entitlement, length, replaces, .. } = &request;
        let (ctx, customer) = (&doing.ctx, visit.customer.id);
        let planned = grants::plan_grant(doing.conn, ctx, customer, entitlement, *length, *replaces)?;
        let plan = planned.map_err(|refusal| request::refused(&refusal, visit, &request.entitlement))?;
        grants::carry_out(doing.conn, &doing.ctx, visit.customer.id, &plan)?;
        let name = visit.catalog.entitlement_name(&request.entitlement);
        let message = format!("{name} granted {}.", request.length.in_words());
        let entry = plan.grant_entry(&request.entitlement, request.length).because(request.reason.clone());
        let done = Done::new(entry, message, visit.at("entitlements"));
        let keys = plan.given.into_iter().map(|one| one.key).collect();
        Ok(done.with_undo(&undo::Undo::Grant(Undo::Given(keys, plan.removed))))
    })
    .await
}

/// `POST C/grants/preview`: the dialog again, with a preview of its choices.
pub async fn preview(act: Act<Draft>) -> Outcome {
    preview_dialog(act, GIVE).await
}

pub async fn revoke(act: Act<RevokeDraft>) -> Outcome {
    let name = format!("{}.{}", REVOKE, act.parameter("g")?);
    on_customer(act, &name, |doing, visit, draft| {
        request::must_be_production(visit)?;
        let reason = request::reason(&draft.reason)?;
        let key = doing.request.parameter("g")?.to_owned();
        let plan = match grants::plan_removal(doing.conn, &doing.ctx, visit.customer.id, &key)? {
            Some(plan) => plan,
            None => return Err(not_removable(doing, visit, &key)),
        };
        grants::carry_out(doing.conn, &doing.ctx, visit.customer.id, &plan)?;
        let message = format!("{} removed.", text::capitalised(&removed(visit, &plan)));
        let done = Done::new(plan.removal_entry().because(reason), message, visit.at("entitlements"));
        Ok(done.with_undo(&undo::Undo::Grant(Undo::Removed(plan.removed))))
    })
    .await
}

/// `granted Pro access`, `2 grants of Pro access`
pub fn removed(visit: &Visit, plan: &Plan) -> String {
    let names: Vec<String> =
        plan.removed_entitlements().iter().map(|id| visit.catalog.entitlement_name(id).to_owned()).collect();
    let what = if names.is_empty() { "access".to_owned() } else { text::listed(&names) };
    match plan.removed.len() {
        1 => format!("granted {what}"),
        many => format!("{many} grants of {what}"),
    }
}

/// Why a grant cannot be removed: it has ended, or it does not exist.
fn not_removable(doing: &mut Doing<'_>, visit: &Visit, key: &str) -> Error {
    match queries::find(doing.conn, visit.customer.id, key) {
        Ok(Some(_)) => Refusal::new("", "This grant has already ended. There is nothing to remove.").into(),
        Ok(None) => Error::NotFound,
        Err(error) => error.into(),
    }
}

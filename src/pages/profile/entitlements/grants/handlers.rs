//! Giving access and taking it back.

use super::wish::{Draft, Farewell, Wish};
use super::{GIVE, REVOKE, Undo, wish};
use crate::actions::{Act, Doing, Done};
use crate::base::error::{Error, Refusal};
use crate::operations::grants::{Holder, Plan, queries};
use crate::pages::profile::acting::{Outcome, look_ahead, on_customer};
use crate::pages::profile::undo;
use crate::pages::profile::visit::Visit;
use crate::wording::text;

pub async fn give(act: Act<Draft>) -> Outcome {
    on_customer(act, GIVE, |doing, visit, draft| {
        wish::must_be_production(visit)?;
        let wish = Wish::parse(draft, doing.now)?;
        let planned = holder(visit).plan_grant(doing.conn, &wish.entitlement, wish.length, wish.replaces)?;
        let plan = planned.map_err(|refusal| wish::refused(&refusal, visit, &wish.entitlement))?;
        holder(visit).carry_out(doing.conn, doing.ids, &plan)?;
        let name = visit.catalog.entitlement_name(&wish.entitlement);
        let told = format!("{name} granted {}.", wish.length.said());
        let entry = plan.grant_entry(&wish.entitlement, wish.length).because(wish.reason.clone());
        let done = Done::new(entry, told, visit.at("entitlements"));
        let keys = plan.given.into_iter().map(|one| one.key).collect();
        Ok(done.with_undo(&undo::Undo::Grant(Undo::Given(keys, plan.removed))))
    })
    .await
}

/// `POST C/grants/look`: the dialog again, with what its choices would do.
pub async fn look(act: Act<Draft>) -> Outcome {
    look_ahead(act, GIVE).await
}

pub async fn revoke(act: Act<Farewell>) -> Outcome {
    let name = format!("{}.{}", REVOKE, act.parameter("g")?);
    on_customer(act, &name, |doing, visit, draft| {
        wish::must_be_production(visit)?;
        let reason = wish::reason(&draft.reason)?;
        let key = doing.door.parameter("g")?.to_owned();
        let plan = match holder(visit).plan_removal(doing.conn, &key)? {
            Some(plan) => plan,
            None => return Err(over(doing, visit, &key)),
        };
        holder(visit).carry_out(doing.conn, doing.ids, &plan)?;
        let told = format!("{} removed.", text::capitalised(&removed(visit, &plan)));
        let done = Done::new(plan.removal_entry().because(reason), told, visit.at("entitlements"));
        Ok(done.with_undo(&undo::Undo::Grant(Undo::Removed(plan.removed))))
    })
    .await
}

pub fn holder(visit: &Visit) -> Holder {
    Holder { project: visit.project.id, customer: visit.customer.id, now: visit.now }
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

/// Why a grant cannot be removed: it is over, or there is none.
fn over(doing: &mut Doing<'_>, visit: &Visit, key: &str) -> Error {
    match queries::find(doing.conn, visit.customer.id, key) {
        Ok(Some(_)) => Refusal::of("", "This grant is over already. There is nothing to remove.").into(),
        Ok(None) => Error::NotFound,
        Err(error) => error.into(),
    }
}

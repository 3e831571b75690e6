//! Granting access and removing grants.

use super::request::{Draft, GrantRequest, RevokeDraft};
use super::{GIVE, REVOKE, Undo, request};
use crate::actions::{ActionContext, ActionForm, Done};
use crate::base::error::{Error, Refusal};
use crate::catalog::{self, Catalog};
use crate::operations::grants::{self, Plan, queries};
use crate::pages::profile::acting::{Outcome, on_customer};
use crate::pages::profile::asking::{self, Act};
use crate::pages::profile::page::ProfilePage;
use crate::pages::profile::subject::Subject;
use crate::pages::profile::undo;
use crate::stores::CustomerAct;
use crate::wording::text;

pub async fn give(form: ActionForm<Draft>) -> Outcome {
    on_customer(form.asks_if(Draft::is_long), GIVE, |action, subject, draft| {
        request::must_be_production(subject)?;
        let request = GrantRequest::parse(draft, action.ctx.now)?;
        let GrantRequest { entitlement, length, replaces, .. } = &request;
        let catalog = catalog::queries::load(action.conn, subject.project.id)?;
        let (ctx, customer, name) = (&action.ctx, subject.customer.id, catalog.entitlement_name(entitlement));
        let planned = grants::plan_grant(action.conn, ctx, customer, entitlement, *length, *replaces)?;
        let plan = planned.map_err(|refusal| request::refused(&refusal, name))?;
        if let Some(asked) = ask_to_grant(action, subject, &request, &plan)? {
            return Ok(asked);
        }
        grants::carry_out(action.conn, &action.ctx, customer, &plan)?;
        let message = format!("{name} granted {}.", request.length.in_words());
        let entry = plan.grant_entry(&request.entitlement, request.length).because(request.reason.clone());
        let done = Done::new(entry, message, subject.at("entitlements"));
        let keys = plan.given.into_iter().map(|one| one.key).collect();
        Ok(done.with_undo(&undo::Undo::Grant(Undo::Given(keys, plan.removed).into())))
    })
    .await
}

/// `POST C/grants/preview`: the dialog again, with a preview of its choices.
pub async fn preview(form: ActionForm<Draft>) -> Outcome {
    form.preview::<ProfilePage>(GIVE).await
}

pub async fn revoke(form: ActionForm<RevokeDraft>) -> Outcome {
    let name = format!("{}.{}", REVOKE, form.parameter("g")?);
    on_customer(form, &name, |action, subject, draft| {
        request::must_be_production(subject)?;
        let reason = request::reason(&draft.reason)?;
        let key = action.request.parameter("g")?.to_owned();
        let plan = match grants::plan_removal(action.conn, &action.ctx, subject.customer.id, &key)? {
            Some(plan) => plan,
            None => return Err(not_removable(action, subject, &key)),
        };
        if let Some(asked) = ask_to_revoke(action, subject, &plan, reason.clone())? {
            return Ok(asked);
        }
        grants::carry_out(action.conn, &action.ctx, subject.customer.id, &plan)?;
        let catalog = catalog::queries::load(action.conn, subject.project.id)?;
        let message = format!("{} removed.", text::capitalised(&removed(&catalog, &plan)));
        let done = Done::new(plan.removal_entry().because(reason), message, subject.at("entitlements"));
        Ok(done.with_undo(&undo::Undo::Grant(Undo::Removed(plan.removed).into())))
    })
    .await
}

/// Asks RevenueCat for the grant, if the project is connected to it.
fn ask_to_grant(
    action: &mut ActionContext<'_>,
    subject: &Subject,
    request: &GrantRequest,
    plan: &Plan,
) -> Result<Option<Done>, Error> {
    let entitlement = request.entitlement.clone();
    let ends_at = request.length.ends_at(action.ctx.now);
    let inverse = match plan.removed.first() {
        Some(former) => {
            CustomerAct::Grant { entitlement: entitlement.clone(), ends_at: former.ends_at, replaces: true }
        }
        None => CustomerAct::Revoke { entitlement: entitlement.clone() },
    };
    let act = CustomerAct::Grant { entitlement, ends_at, replaces: !plan.removed.is_empty() };
    let (reason, location) = (request.reason.clone(), subject.at("entitlements"));
    asking::ask(action, subject, Act { act, inverse: Some(inverse), reason, location })
}

/// As [`ask_to_grant`]. RevenueCat removes grants by their entitlement.
fn ask_to_revoke(
    action: &mut ActionContext<'_>,
    subject: &Subject,
    plan: &Plan,
    reason: Option<String>,
) -> Result<Option<Done>, Error> {
    let (Some(entitlement), Some(first)) = (plan.removed_entitlements().into_iter().next(), plan.removed.first())
    else {
        return Ok(None);
    };
    let inverse = CustomerAct::Grant { entitlement: entitlement.clone(), ends_at: first.ends_at, replaces: false };
    let act = CustomerAct::Revoke { entitlement };
    asking::ask(action, subject, Act { act, inverse: Some(inverse), reason, location: subject.at("entitlements") })
}

/// `granted Pro access`, `2 grants of Pro access`
pub fn removed(catalog: &Catalog, plan: &Plan) -> String {
    let names: Vec<String> =
        plan.removed_entitlements().iter().map(|id| catalog.entitlement_name(id).to_owned()).collect();
    let what = if names.is_empty() { "access".to_owned() } else { text::listed(&names) };
    match plan.removed.len() {
        1 => format!("granted {what}"),
        many => format!("{many} grants of {what}"),
    }
}

/// Why a grant cannot be removed: it has ended, or it does not exist.
fn not_removable(action: &mut ActionContext<'_>, subject: &Subject, key: &str) -> Error {
    match queries::find(action.conn, subject.customer.id, key) {
        Ok(Some(_)) => Refusal::new("", "This grant has already ended. There is nothing to remove.").into(),
        Ok(None) => Error::NotFound,
        Err(error) => error.into(),
    }
}

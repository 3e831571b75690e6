//! Granting access and removing grants.

use super::request::{Draft, GrantRequest, RevokeDraft};
use super::{GIVE, REVOKE, Undo, request};
use crate::actions::{ActionContext, ActionForm, Done};
use crate::base::error::{Error, Refusal};
use crate::catalog::{self, Catalog};
use crate::operations::grants::{self, Plan, queries};
use crate::pages::profile::acting::{Outcome, on_customer};
use crate::pages::profile::page::ProfilePage;
use crate::pages::profile::subject::Subject;
use crate::pages::profile::undo;
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
        grants::carry_out(action.conn, &action.ctx, subject.customer.id, &plan)?;
        let catalog = catalog::queries::load(action.conn, subject.project.id)?;
        let message = format!("{} removed.", text::capitalised(&removed(&catalog, &plan)));
        let done = Done::new(plan.removal_entry().because(reason), message, subject.at("entitlements"));
        Ok(done.with_undo(&undo::Undo::Grant(Undo::Removed(plan.removed).into())))
    })
    .await
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

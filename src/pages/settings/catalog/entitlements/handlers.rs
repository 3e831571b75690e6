//! Adding, changing and deleting an entitlement; attaching and detaching products.

use crate::actions::{ActionContext, ActionForm, Done};
use crate::audit::{Action, Trace};
use crate::base::error::{Error, Refusal};
use crate::catalog::rows::Entitlement;
use crate::catalog::writes;
use crate::pages::settings::catalog::attach::Draft as Chosen;
use crate::pages::settings::catalog::named::Draft;
use crate::pages::settings::catalog::page::CatalogPage;
use crate::pages::settings::catalog::{Outcome, address, queries, touched};
use crate::web::form::NoFields;

pub async fn add(form: ActionForm<Draft>) -> Outcome {
    let work = |action: &mut ActionContext<'_>, draft: Draft| {
        let (identifier, display_name) = draft.parse()?;
        let project_id = action.who.project.id;
        if queries::entitlement(action.conn, project_id, &identifier)?.is_some() {
            return Err(Refusal::new("identifier", "There is an entitlement of that identifier already.").into());
        }
        let row = Entitlement { project_id, identifier, display_name };
        writes::insert_entitlement(action.conn, &row)?;
        let trace = Trace::new(Action::EntitlementCreated).about(&row.identifier).after(&row.display_name);
        Ok(done(action, trace, format!("{} is added. Attach the products that unlock it.", row.display_name)))
    };
    form.run::<CatalogPage, _>("entitlement-add", work).await
}

pub async fn edit(form: ActionForm<Draft>) -> Outcome {
    let dialog = format!("entitlement-edit.{}", form.parameter("entitlement")?);
    let work = |action: &mut ActionContext<'_>, draft: Draft| {
        let before = entitlement_of(action)?;
        let display_name = draft.parse_name()?;
        if draft.seen != super::dialog::values(&before).version() {
            return Err(Refusal::stale().into());
        }
        if display_name == before.display_name {
            return Err(Refusal::new("name", "That is the name already.").into());
        }
        let after = Entitlement { display_name, ..before.clone() };
        writes::update_entitlement(action.conn, &after)?;
        let trace = Trace::new(Action::EntitlementUpdated).about(&after.identifier);
        let trace = trace.before(before.display_name).after(&after.display_name);
        Ok(done(action, trace, format!("{} is called {} now.", after.identifier, after.display_name)))
    };
    form.run::<CatalogPage, _>(&dialog, work).await
}

pub async fn delete(form: ActionForm<NoFields>) -> Outcome {
    let dialog = format!("entitlement-delete.{}", form.parameter("entitlement")?);
    let work = |action: &mut ActionContext<'_>, _| {
        let row = entitlement_of(action)?;
        let attached = queries::attached(action.conn, row.project_id)?.remove(&row.identifier).unwrap_or_default();
        writes::delete_entitlement(action.conn, &row)?;
        let before = format!("{}\n{}", row.display_name, attached.join("\n"));
        let trace = Trace::new(Action::EntitlementDeleted).about(&row.identifier).before(before);
        Ok(done(action, trace, format!("{} is deleted.", row.display_name)))
    };
    form.run::<CatalogPage, _>(&dialog, work).await
}

pub async fn attach(form: ActionForm<Chosen>) -> Outcome {
    let dialog = format!("entitlement-attach.{}", form.parameter("entitlement")?);
    let work = |action: &mut ActionContext<'_>, draft: Chosen| {
        let row = entitlement_of(action)?;
        let product = draft.parse()?;
        if !writes::attach(action.conn, row.project_id, &row.identifier, &product)? {
            return Err(Refusal::new("product", format!("It is attached to {} already.", row.display_name)).into());
        }
        let now = touched::by_product(action.conn, row.project_id, &product, Some(action.ctx.now))?;
        let trace = Trace::new(Action::ProductAttached).about(&row.identifier).after(&product);
        let message = format!("{product} unlocks {}. {} it running now.", row.display_name, now.have());
        Ok(done(action, trace, message))
    };
    form.run::<CatalogPage, _>(&dialog, work).await
}

pub async fn detach(form: ActionForm<Chosen>) -> Outcome {
    let dialog = format!("entitlement-detach.{}", form.parameter("entitlement")?);
    let work = |action: &mut ActionContext<'_>, draft: Chosen| {
        let row = entitlement_of(action)?;
        if !writes::detach(action.conn, row.project_id, &row.identifier, &draft.product)? {
            return Err(Refusal::new("", "This product is not attached any more.").into());
        }
        let trace = Trace::new(Action::ProductDetached).about(&row.identifier).before(&draft.product);
        Ok(done(action, trace, format!("{} does not unlock {} any more.", draft.product, row.display_name)))
    };
    form.run::<CatalogPage, _>(&dialog, work).await
}

/// The entitlement that the path names.
fn entitlement_of(action: &mut ActionContext<'_>) -> Result<Entitlement, Error> {
    let identifier = action.request.parameter("entitlement")?;
    queries::entitlement(action.conn, action.who.project.id, identifier)?.ok_or(Error::NotFound)
}

fn done(action: &ActionContext<'_>, trace: Trace, message: String) -> Done {
    Done::new(trace, message, format!("{}#entitlements", address(action.who)))
}

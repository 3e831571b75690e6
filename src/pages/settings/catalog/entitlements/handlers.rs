//! Adding, changing and deleting an entitlement; attaching and detaching products.

use crate::actions::{Act, Doing, Done};
use crate::audit::{Action, Trace};
use crate::base::error::{Error, Refusal};
use crate::catalog::rows::Entitlement;
use crate::catalog::writes;
use crate::pages::settings::catalog::attach::Draft as Chosen;
use crate::pages::settings::catalog::named::Draft;
use crate::pages::settings::catalog::{Outcome, address, page, queries, touched};
use crate::web::form::NoFields;

pub async fn add(act: Act<Draft>) -> Outcome {
    let work = |doing: &mut Doing<'_>, draft: Draft| {
        let (identifier, display_name) = draft.parse()?;
        let project_id = doing.member.project.id;
        if queries::entitlement(doing.conn, project_id, &identifier)?.is_some() {
            return Err(Refusal::new("identifier", "There is an entitlement of that identifier already.").into());
        }
        let row = Entitlement { project_id, identifier, display_name };
        writes::insert_entitlement(doing.conn, &row)?;
        let trace = Trace::new(Action::EntitlementCreated).about(&row.identifier).after(&row.display_name);
        Ok(done(doing, trace, format!("{} is added. Attach the products that unlock it.", row.display_name)))
    };
    act.run("entitlement-add", page::rendered, work).await
}

pub async fn edit(act: Act<Draft>) -> Outcome {
    let dialog = format!("entitlement-edit.{}", act.parameter("entitlement")?);
    let work = |doing: &mut Doing<'_>, draft: Draft| {
        let before = entitlement_of(doing)?;
        let display_name = draft.parse_name()?;
        if draft.seen != super::dialog::values(&before).version() {
            return Err(Refusal::stale().into());
        }
        if display_name == before.display_name {
            return Err(Refusal::new("name", "That is the name already.").into());
        }
        let after = Entitlement { display_name, ..before.clone() };
        writes::update_entitlement(doing.conn, &after)?;
        let trace = Trace::new(Action::EntitlementUpdated).about(&after.identifier);
        let trace = trace.before(before.display_name).after(&after.display_name);
        Ok(done(doing, trace, format!("{} is called {} now.", after.identifier, after.display_name)))
    };
    act.run(&dialog, page::rendered, work).await
}

pub async fn delete(act: Act<NoFields>) -> Outcome {
    let dialog = format!("entitlement-delete.{}", act.parameter("entitlement")?);
    let work = |doing: &mut Doing<'_>, _| {
        let row = entitlement_of(doing)?;
        let attached = queries::attached(doing.conn, row.project_id)?.remove(&row.identifier).unwrap_or_default();
        writes::delete_entitlement(doing.conn, &row)?;
        let before = format!("{}\n{}", row.display_name, attached.join("\n"));
        let trace = Trace::new(Action::EntitlementDeleted).about(&row.identifier).before(before);
        Ok(done(doing, trace, format!("{} is deleted.", row.display_name)))
    };
    act.run(&dialog, page::rendered, work).await
}

pub async fn attach(act: Act<Chosen>) -> Outcome {
    let dialog = format!("entitlement-attach.{}", act.parameter("entitlement")?);
    let work = |doing: &mut Doing<'_>, draft: Chosen| {
        let row = entitlement_of(doing)?;
        let product = draft.parse()?;
        if !writes::attach(doing.conn, row.project_id, &row.identifier, &product)? {
            return Err(Refusal::new("product", format!("It is attached to {} already.", row.display_name)).into());
        }
        let now = touched::by_product(doing.conn, row.project_id, &product, Some(doing.ctx.now))?;
        let trace = Trace::new(Action::ProductAttached).about(&row.identifier).after(&product);
        let message = format!("{product} unlocks {}. {} it running now.", row.display_name, now.have());
        Ok(done(doing, trace, message))
    };
    act.run(&dialog, page::rendered, work).await
}

pub async fn detach(act: Act<Chosen>) -> Outcome {
    let dialog = format!("entitlement-detach.{}", act.parameter("entitlement")?);
    let work = |doing: &mut Doing<'_>, draft: Chosen| {
        let row = entitlement_of(doing)?;
        if !writes::detach(doing.conn, row.project_id, &row.identifier, &draft.product)? {
            return Err(Refusal::new("", "This product is not attached any more.").into());
        }
        let trace = Trace::new(Action::ProductDetached).about(&row.identifier).before(&draft.product);
        Ok(done(doing, trace, format!("{} does not unlock {} any more.", draft.product, row.display_name)))
    };
    act.run(&dialog, page::rendered, work).await
}

/// The entitlement that the path names.
fn entitlement_of(doing: &mut Doing<'_>) -> Result<Entitlement, Error> {
    let identifier = doing.request.parameter("entitlement")?;
    queries::entitlement(doing.conn, doing.member.project.id, identifier)?.ok_or(Error::NotFound)
}

fn done(doing: &Doing<'_>, trace: Trace, message: String) -> Done {
    Done::new(trace, message, format!("{}#entitlements", address(doing.member)))
}

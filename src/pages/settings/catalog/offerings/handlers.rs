//! Adding, changing and deleting an offering; choosing the default; archiving and unarchiving.

use super::draft::{Draft, values};
use super::href;
use crate::actions::{ActionContext, ActionForm, Done};
use crate::audit::{Action, Trace};
use crate::base::error::{Error, Refusal};
use crate::catalog::rows::Offering;
use crate::catalog::writes;
use crate::pages::settings::catalog::offerings::page::OfferingPage;
use crate::pages::settings::catalog::page::CatalogPage;
use crate::pages::settings::catalog::{Outcome, address, queries};
use crate::web::form::NoFields;

pub async fn add(form: ActionForm<Draft>) -> Outcome {
    let work = |action: &mut ActionContext<'_>, draft: Draft| {
        let project = action.who.project.id;
        let others = queries::offerings(action.conn, project)?;
        // Without a default, customers would be offered nothing.
        let row = draft.new_offering(project, !others.iter().any(|other| other.is_default))?;
        if others.iter().any(|other| other.identifier == row.identifier) {
            return Err(Refusal::new("identifier", "There is an offering of that identifier already.").into());
        }
        writes::insert_offering(action.conn, &row)?;
        let trace = Trace::new(Action::OfferingCreated).about(&row.identifier).after(values(&row).lines());
        let default = if row.is_default { " It is the default, as there was none." } else { "" };
        Ok(done(action, trace, format!("{} is added.{default}", row.display_name), &row))
    };
    form.run::<CatalogPage, _>("offering-add", work).await
}

pub async fn edit(form: ActionForm<Draft>) -> Outcome {
    let work = |action: &mut ActionContext<'_>, draft: Draft| {
        let before = offering_of(action)?;
        let after = draft.changed(&before)?;
        if draft.seen != values(&before).version() {
            return Err(Refusal::stale().into());
        }
        let unchanged = || Refusal::new("", "Nothing differs from what is there already.");
        let (was, is) = values(&before).difference(&values(&after)).ok_or_else(unchanged)?;
        writes::update_offering(action.conn, &after)?;
        let trace = Trace::new(Action::OfferingUpdated).about(&after.identifier).before(was).after(is);
        Ok(done(action, trace, format!("{} is changed.", after.display_name), &after))
    };
    form.run::<OfferingPage, _>("offering-edit", work).await
}

pub async fn choose_default(form: ActionForm<NoFields>) -> Outcome {
    let work = |action: &mut ActionContext<'_>, _| {
        let row = offering_of(action)?;
        if row.is_archived {
            return Err(Refusal::new("", "It is archived. Take it out of the archive first.").into());
        }
        if row.is_default {
            return Err(Refusal::new("", "It is the default already.").into());
        }
        let before = queries::offerings(action.conn, row.project_id)?.into_iter().find(|other| other.is_default);
        writes::choose_default(action.conn, &row)?;
        let trace = Trace::new(Action::DefaultOfferingChanged).after(&row.identifier);
        let trace = before.map_or(trace.clone(), |before| trace.before(before.identifier));
        Ok(done(action, trace, format!("{} is the default now.", row.display_name), &row))
    };
    form.run::<OfferingPage, _>("offering-default", work).await
}

pub async fn archive(form: ActionForm<NoFields>) -> Outcome {
    let work = |action: &mut ActionContext<'_>, _| {
        let row = offering_of(action)?;
        if row.is_default {
            return Err(Refusal::new("", "It is the default. Choose another default first.").into());
        }
        put(action, row, true)
    };
    form.run::<OfferingPage, _>("offering-archive", work).await
}

pub async fn unarchive(form: ActionForm<NoFields>) -> Outcome {
    let work = |action: &mut ActionContext<'_>, _| {
        let row = offering_of(action)?;
        put(action, row, false)
    };
    form.run::<OfferingPage, _>("offering-unarchive", work).await
}

fn put(action: &mut ActionContext<'_>, row: Offering, is_archived: bool) -> Result<Done, Error> {
    let (put, state) = match is_archived {
        true => (Action::OfferingArchived, "in the archive"),
        false => (Action::OfferingUnarchived, "out of the archive"),
    };
    if row.is_archived == is_archived {
        return Err(Refusal::new("", format!("It is {state} already.")).into());
    }
    let row = Offering { is_archived, ..row };
    writes::update_offering(action.conn, &row)?;
    let trace = Trace::new(put).about(&row.identifier);
    Ok(done(action, trace, format!("{} is {state} now.", row.display_name), &row))
}

pub async fn delete(form: ActionForm<NoFields>) -> Outcome {
    let work = |action: &mut ActionContext<'_>, _| {
        let row = offering_of(action)?;
        let is_alone = queries::offerings(action.conn, row.project_id)?.len() == 1;
        if row.is_default && !is_alone {
            return Err(Refusal::new("", "It is the default. Choose another default first.").into());
        }
        writes::delete_offering(action.conn, &row)?;
        let trace = Trace::new(Action::OfferingDeleted).about(&row.identifier).before(values(&row).lines());
        let onward = format!("{}#offerings", address(action.who));
        Ok(Done::new(trace, format!("{} is deleted.", row.display_name), onward))
    };
    form.run::<OfferingPage, _>("offering-delete", work).await
}

/// The offering that the path names.
fn offering_of(action: &mut ActionContext<'_>) -> Result<Offering, Error> {
    let identifier = action.request.parameter("offering")?;
    queries::offering(action.conn, action.who.project.id, identifier)?.ok_or(Error::NotFound)
}

fn done(action: &ActionContext<'_>, trace: Trace, message: String, row: &Offering) -> Done {
    Done::new(trace, message, href(action.who, &row.identifier))
}

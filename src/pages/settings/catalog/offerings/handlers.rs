//! Adding, changing and deleting an offering; choosing the default; archiving and unarchiving.

use super::draft::{Draft, values};
use super::{href, page};
use crate::actions::{Act, Doing, Done};
use crate::audit::{Action, Trace};
use crate::base::error::{Error, Refusal};
use crate::catalog::rows::Offering;
use crate::catalog::writes;
use crate::pages::settings::catalog::{Outcome, address, page as catalog_page, queries};
use crate::web::form::NoFields;

pub async fn add(act: Act<Draft>) -> Outcome {
    let work = |doing: &mut Doing<'_>, draft: Draft| {
        let project = doing.member.project.id;
        let others = queries::offerings(doing.conn, project)?;
        // Without a default, customers would be offered nothing.
        let row = draft.new_offering(project, !others.iter().any(|other| other.is_default))?;
        if others.iter().any(|other| other.identifier == row.identifier) {
            return Err(Refusal::new("identifier", "There is an offering of that identifier already.").into());
        }
        writes::insert_offering(doing.conn, &row)?;
        let trace = Trace::new(Action::OfferingCreated).about(&row.identifier).after(values(&row).lines());
        let default = if row.is_default { " It is the default, as there was none." } else { "" };
        Ok(done(doing, trace, format!("{} is added.{default}", row.display_name), &row))
    };
    act.run("offering-add", catalog_page::rendered, work).await
}

pub async fn edit(act: Act<Draft>) -> Outcome {
    let work = |doing: &mut Doing<'_>, draft: Draft| {
        let before = offering_of(doing)?;
        let after = draft.changed(&before)?;
        if draft.seen != values(&before).version() {
            return Err(Refusal::stale().into());
        }
        let unchanged = || Refusal::new("", "Nothing differs from what is there already.");
        let (was, is) = values(&before).difference(&values(&after)).ok_or_else(unchanged)?;
        writes::update_offering(doing.conn, &after)?;
        let trace = Trace::new(Action::OfferingUpdated).about(&after.identifier).before(was).after(is);
        Ok(done(doing, trace, format!("{} is changed.", after.display_name), &after))
    };
    act.run("offering-edit", page::rendered, work).await
}

pub async fn choose_default(act: Act<NoFields>) -> Outcome {
    let work = |doing: &mut Doing<'_>, _| {
        let row = offering_of(doing)?;
        if row.is_archived {
            return Err(Refusal::new("", "It is archived. Take it out of the archive first.").into());
        }
        if row.is_default {
            return Err(Refusal::new("", "It is the default already.").into());
        }
        let before = queries::offerings(doing.conn, row.project_id)?.into_iter().find(|other| other.is_default);
        writes::choose_default(doing.conn, &row)?;
        let trace = Trace::new(Action::DefaultOfferingChanged).after(&row.identifier);
        let trace = before.map_or(trace.clone(), |before| trace.before(before.identifier));
        Ok(done(doing, trace, format!("{} is the default now.", row.display_name), &row))
    };
    act.run("offering-default", page::rendered, work).await
}

pub async fn archive(act: Act<NoFields>) -> Outcome {
    let work = |doing: &mut Doing<'_>, _| {
        let row = offering_of(doing)?;
        if row.is_default {
            return Err(Refusal::new("", "It is the default. Choose another default first.").into());
        }
        put(doing, row, true)
    };
    act.run("offering-archive", page::rendered, work).await
}

pub async fn unarchive(act: Act<NoFields>) -> Outcome {
    let work = |doing: &mut Doing<'_>, _| {
        let row = offering_of(doing)?;
        put(doing, row, false)
    };
    act.run("offering-unarchive", page::rendered, work).await
}

fn put(doing: &mut Doing<'_>, row: Offering, is_archived: bool) -> Result<Done, Error> {
    let (action, state) = match is_archived {
        true => (Action::OfferingArchived, "in the archive"),
        false => (Action::OfferingUnarchived, "out of the archive"),
    };
    if row.is_archived == is_archived {
        return Err(Refusal::new("", format!("It is {state} already.")).into());
    }
    let row = Offering { is_archived, ..row };
    writes::update_offering(doing.conn, &row)?;
    let trace = Trace::new(action).about(&row.identifier);
    Ok(done(doing, trace, format!("{} is {state} now.", row.display_name), &row))
}

pub async fn delete(act: Act<NoFields>) -> Outcome {
    let work = |doing: &mut Doing<'_>, _| {
        let row = offering_of(doing)?;
        let is_alone = queries::offerings(doing.conn, row.project_id)?.len() == 1;
        if row.is_default && !is_alone {
            return Err(Refusal::new("", "It is the default. Choose another default first.").into());
        }
        writes::delete_offering(doing.conn, &row)?;
        let trace = Trace::new(Action::OfferingDeleted).about(&row.identifier).before(values(&row).lines());
        let onward = format!("{}#offerings", address(doing.member));
        Ok(Done::new(trace, format!("{} is deleted.", row.display_name), onward))
    };
    act.run("offering-delete", page::rendered, work).await
}

/// The offering that the path names.
fn offering_of(doing: &mut Doing<'_>) -> Result<Offering, Error> {
    let identifier = doing.request.parameter("offering")?;
    queries::offering(doing.conn, doing.member.project.id, identifier)?.ok_or(Error::NotFound)
}

fn done(doing: &Doing<'_>, trace: Trace, message: String, row: &Offering) -> Done {
    Done::new(trace, message, href(doing.member, &row.identifier))
}

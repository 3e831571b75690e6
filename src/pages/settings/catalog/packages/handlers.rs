//! Adding, changing and deleting a package of an offering; putting products into it and taking them out.

use super::dialog::values;
use crate::actions::{ActionContext, ActionForm, Done};
use crate::audit::{Action, Trace};
use crate::base::error::{Error, Refusal};
use crate::catalog::rows::Package;
use crate::catalog::writes;
use crate::pages::settings::catalog::attach::Draft as Chosen;
use crate::pages::settings::catalog::named::Draft;
use crate::pages::settings::catalog::offerings::href;
use crate::pages::settings::catalog::offerings::page::OfferingPage;
use crate::pages::settings::catalog::{Outcome, queries};
use crate::web::form::NoFields;

pub async fn add(form: ActionForm<Draft>) -> Outcome {
    let work = |action: &mut ActionContext<'_>, draft: Draft| {
        let (identifier, display_name) = draft.parse()?;
        let packages = packages_of(action)?;
        if packages.iter().any(|package| package.identifier == identifier) {
            return Err(Refusal::new("identifier", "The offering has a package of that identifier already.").into());
        }
        let position = packages.iter().map(|package| package.position + 1).max().unwrap_or(0);
        let (project_id, offering) = (action.who.project.id, action.request.parameter("offering")?.to_owned());
        let row = Package { project_id, offering, identifier, display_name, position };
        writes::insert_package(action.conn, &row)?;
        let trace = trace(Action::PackageCreated, &row).after(&row.display_name);
        Ok(done(action, trace, format!("{} is added. Put products into it.", row.display_name), &row))
    };
    form.run::<OfferingPage, _>("package-add", work).await
}

pub async fn edit(form: ActionForm<Draft>) -> Outcome {
    let dialog = format!("package-edit.{}", form.parameter("package")?);
    let work = |action: &mut ActionContext<'_>, draft: Draft| {
        let mut packages = packages_of(action)?;
        let at = place_of(action, &packages)?;
        let display_name = draft.parse_name()?;
        let places = 1..=packages.len();
        let to = draft.place.parse().ok().filter(|place| places.contains(place));
        let to = to.ok_or_else(|| Refusal::new("", "Choose one of the places."))?;
        let before = packages.remove(at);
        let was = values(&before, at + 1);
        if draft.seen != was.version() {
            return Err(Refusal::stale().into());
        }
        let after = Package { display_name, ..before };
        let unchanged = || Refusal::new("", "Nothing differs from what is there already.");
        let (was, is) = was.difference(&values(&after, to)).ok_or_else(unchanged)?;
        packages.insert(to - 1, after.clone());
        for (position, package) in (0..).zip(packages) {
            writes::update_package(action.conn, &Package { position, ..package })?;
        }
        let trace = trace(Action::PackageUpdated, &after).before(was).after(is);
        Ok(done(action, trace, format!("{} is changed.", after.display_name), &after))
    };
    form.run::<OfferingPage, _>(&dialog, work).await
}

pub async fn delete(form: ActionForm<NoFields>) -> Outcome {
    let dialog = format!("package-delete.{}", form.parameter("package")?);
    let work = |action: &mut ActionContext<'_>, _| {
        let row = package_of(action)?;
        writes::delete_package(action.conn, &row)?;
        let trace = trace(Action::PackageDeleted, &row).before(&row.display_name);
        Ok(done(action, trace, format!("{} is deleted.", row.display_name), &row))
    };
    form.run::<OfferingPage, _>(&dialog, work).await
}

pub async fn attach(form: ActionForm<Chosen>) -> Outcome {
    let dialog = format!("package-attach.{}", form.parameter("package")?);
    let work = |action: &mut ActionContext<'_>, draft: Chosen| {
        let (row, product) = (package_of(action)?, draft.parse()?);
        if !writes::put_in(action.conn, &row, &product)? {
            return Err(Refusal::new("product", "It is in this package already.").into());
        }
        let trace = trace(Action::PackageUpdated, &row).after(&product);
        Ok(done(action, trace, format!("{product} is in {} now.", row.display_name), &row))
    };
    form.run::<OfferingPage, _>(&dialog, work).await
}

pub async fn detach(form: ActionForm<Chosen>) -> Outcome {
    let dialog = format!("package-detach.{}", form.parameter("package")?);
    let work = |action: &mut ActionContext<'_>, draft: Chosen| {
        let row = package_of(action)?;
        if !writes::take_out(action.conn, &row, &draft.product)? {
            return Err(Refusal::new("", "This product is not in the package any more.").into());
        }
        let trace = trace(Action::PackageUpdated, &row).before(&draft.product);
        Ok(done(action, trace, format!("{} is not in {} any more.", draft.product, row.display_name), &row))
    };
    form.run::<OfferingPage, _>(&dialog, work).await
}

/// The packages of the offering that the path names.
fn packages_of(action: &mut ActionContext<'_>) -> Result<Vec<Package>, Error> {
    let (project, offering) = (action.who.project.id, action.request.parameter("offering")?);
    queries::offering(action.conn, project, offering)?.ok_or(Error::NotFound)?;
    Ok(queries::packages(action.conn, project, offering)?)
}

/// The index of the package that the path names.
fn place_of(action: &ActionContext<'_>, packages: &[Package]) -> Result<usize, Error> {
    let identifier = action.request.parameter("package")?;
    packages.iter().position(|package| package.identifier == identifier).ok_or(Error::NotFound)
}

fn package_of(action: &mut ActionContext<'_>) -> Result<Package, Error> {
    let mut packages = packages_of(action)?;
    let at = place_of(action, &packages)?;
    Ok(packages.swap_remove(at))
}

fn trace(action: Action, row: &Package) -> Trace {
    Trace::new(action).about(format!("{} / {}", row.offering, row.identifier))
}

fn done(action: &ActionContext<'_>, trace: Trace, message: String, row: &Package) -> Done {
    Done::new(trace, message, format!("{}#packages", href(action.who, &row.offering)))
}

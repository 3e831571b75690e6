//! Adding, changing and deleting a package of an offering; putting products into it and taking them out.

use super::dialog::values;
use crate::actions::{Act, Doing, Done};
use crate::audit::{Action, Trace};
use crate::base::error::{Error, Refusal};
use crate::catalog::rows::Package;
use crate::catalog::writes;
use crate::pages::settings::catalog::attach::Draft as Chosen;
use crate::pages::settings::catalog::named::Draft;
use crate::pages::settings::catalog::offerings::{href, rendered};
use crate::pages::settings::catalog::{Outcome, queries};
use crate::web::form::NoFields;

pub async fn add(act: Act<Draft>) -> Outcome {
    let work = |doing: &mut Doing<'_>, draft: Draft| {
        let (identifier, display_name) = draft.parse()?;
        let packages = packages_of(doing)?;
        if packages.iter().any(|package| package.identifier == identifier) {
            return Err(Refusal::new("identifier", "The offering has a package of that identifier already.").into());
        }
        let position = packages.iter().map(|package| package.position + 1).max().unwrap_or(0);
        let (project_id, offering) = (doing.member.project.id, doing.request.parameter("offering")?.to_owned());
        let row = Package { project_id, offering, identifier, display_name, position };
        writes::insert_package(doing.conn, &row)?;
        let trace = trace(Action::PackageCreated, &row).after(&row.display_name);
        Ok(done(doing, trace, format!("{} is added. Put products into it.", row.display_name), &row))
    };
    act.run("package-add", rendered, work).await
}

pub async fn edit(act: Act<Draft>) -> Outcome {
    let dialog = format!("package-edit.{}", act.parameter("package")?);
    let work = |doing: &mut Doing<'_>, draft: Draft| {
        let mut packages = packages_of(doing)?;
        let at = place_of(doing, &packages)?;
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
            writes::update_package(doing.conn, &Package { position, ..package })?;
        }
        let trace = trace(Action::PackageUpdated, &after).before(was).after(is);
        Ok(done(doing, trace, format!("{} is changed.", after.display_name), &after))
    };
    act.run(&dialog, rendered, work).await
}

pub async fn delete(act: Act<NoFields>) -> Outcome {
    let dialog = format!("package-delete.{}", act.parameter("package")?);
    let work = |doing: &mut Doing<'_>, _| {
        let row = package_of(doing)?;
        writes::delete_package(doing.conn, &row)?;
        let trace = trace(Action::PackageDeleted, &row).before(&row.display_name);
        Ok(done(doing, trace, format!("{} is deleted.", row.display_name), &row))
    };
    act.run(&dialog, rendered, work).await
}

pub async fn attach(act: Act<Chosen>) -> Outcome {
    let dialog = format!("package-attach.{}", act.parameter("package")?);
    let work = |doing: &mut Doing<'_>, draft: Chosen| {
        let (row, product) = (package_of(doing)?, draft.parse()?);
        if !writes::put_in(doing.conn, &row, &product)? {
            return Err(Refusal::new("product", "It is in this package already.").into());
        }
        let trace = trace(Action::PackageUpdated, &row).after(&product);
        Ok(done(doing, trace, format!("{product} is in {} now.", row.display_name), &row))
    };
    act.run(&dialog, rendered, work).await
}

pub async fn detach(act: Act<Chosen>) -> Outcome {
    let dialog = format!("package-detach.{}", act.parameter("package")?);
    let work = |doing: &mut Doing<'_>, draft: Chosen| {
        let row = package_of(doing)?;
        if !writes::take_out(doing.conn, &row, &draft.product)? {
            return Err(Refusal::new("", "This product is not in the package any more.").into());
        }
        let trace = trace(Action::PackageUpdated, &row).before(&draft.product);
        Ok(done(doing, trace, format!("{} is not in {} any more.", draft.product, row.display_name), &row))
    };
    act.run(&dialog, rendered, work).await
}

/// The packages of the offering that the path names.
fn packages_of(doing: &mut Doing<'_>) -> Result<Vec<Package>, Error> {
    let (project, offering) = (doing.member.project.id, doing.request.parameter("offering")?);
    queries::offering(doing.conn, project, offering)?.ok_or(Error::NotFound)?;
    Ok(queries::packages(doing.conn, project, offering)?)
}

/// The index of the package that the path names.
fn place_of(doing: &Doing<'_>, packages: &[Package]) -> Result<usize, Error> {
    let identifier = doing.request.parameter("package")?;
    packages.iter().position(|package| package.identifier == identifier).ok_or(Error::NotFound)
}

fn package_of(doing: &mut Doing<'_>) -> Result<Package, Error> {
    let mut packages = packages_of(doing)?;
    let at = place_of(doing, &packages)?;
    Ok(packages.swap_remove(at))
}

fn trace(action: Action, row: &Package) -> Trace {
    Trace::new(action).about(format!("{} / {}", row.offering, row.identifier))
}

fn done(doing: &Doing<'_>, trace: Trace, message: String, row: &Package) -> Done {
    Done::new(trace, message, format!("{}#packages", href(doing.member, &row.offering)))
}

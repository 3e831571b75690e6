//! Adding, changing and deleting a product.

use super::draft::{Draft, values};
use crate::actions::{Act, Doing, Done};
use crate::audit::{Action, Trace};
use crate::base::error::{Error, Refusal};
use crate::catalog::rows::Product;
use crate::catalog::writes;
use crate::pages::settings::catalog::{Outcome, address, page, queries};
use crate::web::form::NoFields;

pub async fn add(act: Act<Draft>) -> Outcome {
    let work = |doing: &mut Doing<'_>, draft: Draft| {
        let product = draft.new_product(doing.member.project.id)?;
        if find(doing, &product.store, &product.identifier)?.is_some() {
            return Err(Refusal::new("identifier", "This store has a product of that id already.").into());
        }
        writes::insert_product(doing.conn, &product)?;
        let trace = Trace::new(Action::ProductCreated).about(&product.identifier).after(values(&product).lines());
        Ok(done(doing, trace, &product, "is added"))
    };
    act.run("product-add", page::rendered, work).await
}

pub async fn edit(act: Act<Draft>) -> Outcome {
    let dialog = format!("product-edit.{}/{}", act.parameter("store")?, act.parameter("product")?);
    let work = |doing: &mut Doing<'_>, draft: Draft| {
        let before = product_of(doing)?;
        let after = draft.changed(&before)?;
        if draft.seen != values(&before).version() {
            return Err(Refusal::stale().into());
        }
        let unchanged = || Refusal::new("", "Nothing differs from what is there already.");
        let (was, is) = values(&before).difference(&values(&after)).ok_or_else(unchanged)?;
        writes::update_product(doing.conn, &after)?;
        let trace = Trace::new(Action::ProductUpdated).about(&after.identifier).before(was).after(is);
        Ok(done(doing, trace, &after, "is changed"))
    };
    act.run(&dialog, page::rendered, work).await
}

pub async fn delete(act: Act<NoFields>) -> Outcome {
    let dialog = format!("product-delete.{}/{}", act.parameter("store")?, act.parameter("product")?);
    let work = |doing: &mut Doing<'_>, _| {
        let product = product_of(doing)?;
        writes::delete_product(doing.conn, &product)?;
        let trace = Trace::new(Action::ProductDeleted).about(&product.identifier).before(values(&product).lines());
        Ok(done(doing, trace, &product, "is deleted"))
    };
    act.run(&dialog, page::rendered, work).await
}

/// The product that the path names.
fn product_of(doing: &mut Doing<'_>) -> Result<Product, Error> {
    let (store, identifier) = (doing.request.parameter("store")?, doing.request.parameter("product")?);
    find(doing, store, identifier)?.ok_or(Error::NotFound)
}

fn find(doing: &mut Doing<'_>, store: &str, identifier: &str) -> Result<Option<Product>, Error> {
    Ok(queries::product(doing.conn, doing.member.project.id, (store, identifier))?)
}

fn done(doing: &Doing<'_>, trace: Trace, product: &Product, what: &str) -> Done {
    Done::new(trace, format!("{} {what}.", product.identifier), format!("{}#products", address(doing.member)))
}

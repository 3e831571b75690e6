//! Adding, changing and deleting a product.

use super::draft::{Draft, values};
use crate::actions::{ActionContext, ActionForm, Done};
use crate::audit::{Action, Trace};
use crate::base::error::{Error, Refusal};
use crate::catalog::rows::Product;
use crate::catalog::writes;
use crate::pages::settings::catalog::page::CatalogPage;
use crate::pages::settings::catalog::{Outcome, address, queries};
use crate::web::form::NoFields;

pub async fn add(form: ActionForm<Draft>) -> Outcome {
    let work = |action: &mut ActionContext<'_>, draft: Draft| {
        let product = draft.new_product(action.who.project.id)?;
        if find(action, &product.store, &product.identifier)?.is_some() {
            return Err(Refusal::new("identifier", "This store has a product of that id already.").into());
        }
        writes::insert_product(action.conn, &product)?;
        let trace = Trace::new(Action::ProductCreated).about(&product.identifier).after(values(&product).lines());
        Ok(done(action, trace, &product, "is added"))
    };
    form.run::<CatalogPage, _>("product-add", work).await
}

pub async fn edit(form: ActionForm<Draft>) -> Outcome {
    let dialog = format!("product-edit.{}/{}", form.parameter("store")?, form.parameter("product")?);
    let work = |action: &mut ActionContext<'_>, draft: Draft| {
        let before = product_of(action)?;
        let after = draft.changed(&before)?;
        if draft.seen != values(&before).version() {
            return Err(Refusal::stale().into());
        }
        let unchanged = || Refusal::new("", "Nothing differs from what is there already.");
        let (was, is) = values(&before).difference(&values(&after)).ok_or_else(unchanged)?;
        writes::update_product(action.conn, &after)?;
        let trace = Trace::new(Action::ProductUpdated).about(&after.identifier).before(was).after(is);
        Ok(done(action, trace, &after, "is changed"))
    };
    form.run::<CatalogPage, _>(&dialog, work).await
}

pub async fn delete(form: ActionForm<NoFields>) -> Outcome {
    let dialog = format!("product-delete.{}/{}", form.parameter("store")?, form.parameter("product")?);
    let work = |action: &mut ActionContext<'_>, _| {
        let product = product_of(action)?;
        writes::delete_product(action.conn, &product)?;
        let trace = Trace::new(Action::ProductDeleted).about(&product.identifier).before(values(&product).lines());
        Ok(done(action, trace, &product, "is deleted"))
    };
    form.run::<CatalogPage, _>(&dialog, work).await
}

/// The product that the path names.
fn product_of(action: &mut ActionContext<'_>) -> Result<Product, Error> {
    let (store, identifier) = (action.request.parameter("store")?, action.request.parameter("product")?);
    find(action, store, identifier)?.ok_or(Error::NotFound)
}

fn find(action: &mut ActionContext<'_>, store: &str, identifier: &str) -> Result<Option<Product>, Error> {
    Ok(queries::product(action.conn, action.who.project.id, store, identifier)?)
}

fn done(action: &ActionContext<'_>, trace: Trace, product: &Product, what: &str) -> Done {
    Done::new(trace, format!("{} {what}.", product.identifier), format!("{}#products", address(action.who)))
}

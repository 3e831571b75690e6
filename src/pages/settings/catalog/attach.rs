//! The dialog that chooses a product for an entitlement or a package.

use askama::Template;
use serde::Deserialize;

use super::{queries, touched};
use crate::actions::Opened;
use crate::base::error::{Error, Refusal};
use crate::base::ids::ProjectId;
use crate::catalog::rules;
use crate::db::Conn;
use crate::events::Store;
use crate::web::filters;
use crate::wording::sentence::Sentence;
use crate::wording::text::sentence;

/// The field of the form. A product is named by its id, whatever the store, and need not be in the catalog yet.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Draft {
    pub product: String,
}

impl Draft {
    /// # Errors
    /// A [`Refusal`] of the field `product`.
    pub fn parse(&self) -> Result<String, Refusal> {
        rules::identifier(self.product.trim()).map_err(|why| Refusal::new("product", sentence(&why)))
    }
}

#[derive(Template)]
#[template(path = "settings/catalog/attach.html")]
pub struct Attach {
    pub form: Opened,
    pub action: String,
    pub title: String,
    /// What will happen, a paragraph each.
    pub consequences: Vec<Sentence>,
    /// The suggested products: id and description.
    pub products: Vec<(String, String)>,
    pub button: &'static str,
}

/// The products of the catalog that are not in `without`: the id; and name, store and number of buyers in words.
pub fn choices(conn: &mut Conn, project: ProjectId, without: &[String]) -> Result<Vec<(String, String)>, Error> {
    let touched = touched::by_products(conn, project)?;
    let products = queries::products(conn, project)?;
    let choices = products.into_iter().filter(|one| !without.contains(&one.identifier)).map(|one| {
        let bought = touched.get(&(one.store.clone(), one.identifier.clone())).copied().unwrap_or_default();
        let name = one.display_name.unwrap_or_else(|| one.identifier.clone());
        let what = format!("{name}, {}, {}", Store::from(one.store).name(), bought.count_in_words());
        (one.identifier, what)
    });
    Ok(choices.collect())
}

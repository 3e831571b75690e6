//! The products an app can sell: those of its store. A project whose catalog names no product of that store at all sells
//! the same ones everywhere.

use std::collections::BTreeMap;

use diesel::prelude::*;

use crate::api::Inside;
use crate::catalog::rows::Product;
use crate::db::Conn;
use crate::db::schema::products;

const GOOGLE: &str = "PLAY_STORE";

/// Products by their identifiers.
pub struct StoreProducts {
    products: BTreeMap<String, Product>,
    /// Whether Google Play itself is asked, which knows base plans apart from their products.
    is_google: bool,
}

/// The products of the key's store; of all stores for a server.
pub fn load(conn: &mut Conn, inside: &Inside<'_>) -> QueryResult<StoreProducts> {
    let all: Vec<Product> = products::table
        .filter(products::project_id.eq(inside.project))
        .order((products::store, products::identifier))
        .select(Product::as_select())
        .load(conn)?;
    let own = |product: &Product| inside.key.store.as_ref().is_none_or(|store| product.store == *store);
    let has_own = all.iter().any(own);
    let sold = all.into_iter().filter(|product| !has_own || own(product));
    let is_google = inside.key.store.as_deref() == Some(GOOGLE);
    Ok(StoreProducts { products: sold.map(|product| (product.identifier.clone(), product)).collect(), is_google })
}

impl StoreProducts {
    pub fn has(&self, identifier: &str) -> bool {
        self.products.contains_key(identifier)
    }

    pub fn find(&self, identifier: &str) -> Option<&Product> {
        self.products.get(identifier)
    }

    pub fn all(&self) -> impl Iterator<Item = &Product> {
        self.products.values()
    }

    /// The product as its store knows it, and the base plan that Google Play has beside it.
    pub fn parts(&self, identifier: &str) -> (String, Option<String>) {
        match identifier.split_once(':').filter(|_| self.is_google) {
            Some((product, plan)) => (product.to_owned(), Some(plan.to_owned())),
            None => (identifier.to_owned(), None),
        }
    }
}

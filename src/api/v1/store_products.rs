//! The products that an app can sell: those of its store. When the catalog has no product of that store, the app can
//! sell all of them, except in the Test Store, which takes no money and sells only its own.

use std::collections::BTreeMap;

use diesel::prelude::*;

use crate::api::AuthorizedCall;
use crate::catalog::rows::Product;
use crate::db::Conn;
use crate::db::schema::products;
use crate::events::Store;

const GOOGLE: &str = "PLAY_STORE";

/// Products by their identifiers.
pub struct StoreProducts {
    products: BTreeMap<String, Product>,
    /// Whether the app's store is Google Play, which names a product and its base plan separately.
    is_google: bool,
}

/// Loads the products of the key's store, or of all stores when a server calls.
pub fn load(conn: &mut Conn, call: &AuthorizedCall) -> QueryResult<StoreProducts> {
    let all: Vec<Product> = products::table
        .filter(products::project_id.eq(call.ctx.project))
        .order((products::store, products::identifier))
        .select(Product::as_select())
        .load(conn)?;
    let own = |product: &Product| call.key.store.as_ref().is_none_or(|store| product.store == *store);
    let has_own = call.key.store.as_deref() == Some(Store::TestStore.as_str()) || all.iter().any(own);
    let sold = all.into_iter().filter(|product| !has_own || own(product));
    let is_google = call.key.store.as_deref() == Some(GOOGLE);
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

    /// The product id that the store knows, and the base plan when the store is Google Play.
    pub fn parts(&self, identifier: &str) -> (String, Option<String>) {
        match identifier.split_once(':').filter(|_| self.is_google) {
            Some((product, plan)) => (product.to_owned(), Some(plan.to_owned())),
            None => (identifier.to_owned(), None),
        }
    }
}

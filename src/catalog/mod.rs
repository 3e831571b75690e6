//! What a project sells: products, the entitlements they unlock, the offerings that show them.

pub mod file;
pub mod queries;

use std::collections::{BTreeMap, BTreeSet};

use crate::state::Purchase;

/// The names and links of a project's catalog that a profile needs.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    /// Display names by store and product id.
    products: BTreeMap<(String, String), String>,
    /// Display names by entitlement id.
    entitlements: BTreeMap<String, String>,
    /// Entitlements by product id.
    unlocks: BTreeMap<String, BTreeSet<String>>,
}

impl Catalog {
    /// The product's display name; `None` when the catalog has none.
    pub fn product_name(&self, store: &str, product: &str) -> Option<&str> {
        self.products.get(&(store.to_owned(), product.to_owned())).map(String::as_str)
    }

    /// The entitlement's display name, or its identifier (§7.1).
    pub fn entitlement_name<'a>(&'a self, identifier: &'a str) -> &'a str {
        self.entitlements.get(identifier).map_or(identifier, String::as_str)
    }

    /// What a purchase unlocks: what the catalog attaches to its product now, or what its events said when the catalog
    /// does not attach it to anything (§1: attaching is retroactive).
    pub fn unlocked_by(&self, purchase: &Purchase) -> Vec<String> {
        match self.unlocks.get(&purchase.product_id) {
            Some(entitlements) => entitlements.iter().cloned().collect(),
            None => purchase.entitlement_ids.clone(),
        }
    }
}

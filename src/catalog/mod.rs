//! What a project sells: products, the entitlements that they unlock, and the offerings that show them.

pub mod file;
pub mod queries;
pub mod rows;
pub mod rules;
pub mod writes;

use std::collections::{BTreeMap, BTreeSet};

use crate::projection::Purchase;

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

    /// Identifier and display name of every entitlement, by name.
    pub fn entitlements(&self) -> Vec<(&str, &str)> {
        let mut all: Vec<_> = self.entitlements.iter().map(|(id, name)| (id.as_str(), name.as_str())).collect();
        all.sort_by_cached_key(|(id, name)| (name.to_lowercase(), *id));
        all
    }

    /// What a product unlocks.
    pub fn unlocked_by_product(&self, product: &str) -> Vec<String> {
        self.unlocks.get(product).into_iter().flatten().cloned().collect()
    }

    /// The entitlements that a purchase unlocks: those that the catalog attaches now to its product and to the items of
    /// its bundle (§1: attaching is retroactive). If the catalog attaches none of them to anything, the entitlements
    /// that the events named count. If it attaches only some of them, those of the events that exist in the catalog
    /// count as well: the other products may unlock them. Entitlements of the product itself come first.
    pub fn unlocked_by(&self, purchase: &Purchase) -> Vec<String> {
        let products = || std::iter::once(&purchase.product_id).chain(&purchase.items);
        let attached: Vec<&String> = products().filter_map(|id| self.unlocks.get(id)).flatten().collect();
        if attached.is_empty() {
            return purchase.entitlement_ids.clone();
        }
        let is_all = products().all(|id| self.unlocks.contains_key(id));
        let known = purchase.entitlement_ids.iter().filter(|id| !is_all && self.entitlements.contains_key(*id));
        let mut seen = BTreeSet::new();
        attached.into_iter().chain(known).filter(|id| seen.insert(*id)).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::projection::testing::purchase;

    /// Attaches these products to Pro and Coach.
    fn unlocked(attached: &[(&str, &str)], changes: Value) -> Vec<String> {
        let mut catalog = Catalog::default();
        for id in ["pro", "coach"] {
            catalog.entitlements.insert(id.into(), id.to_uppercase());
        }
        for (product, entitlement) in attached {
            catalog.unlocks.entry((*product).into()).or_default().insert((*entitlement).into());
        }
        catalog.unlocked_by(&purchase(changes))
    }

    #[test]
    fn a_bundle_unlocks_what_its_product_and_its_items_unlock() {
        let bundle = json!({ "items": ["coach_addon"], "entitlement_ids": ["pro", "coach", "gone"] });
        let base = ("pro_annual", "pro");
        assert_eq!(unlocked(&[base, ("coach_addon", "coach")], bundle.clone()), ["pro", "coach"]);
        assert_eq!(unlocked(&[base], bundle.clone()), ["pro", "coach"], "the item is not attached to anything");
        assert_eq!(unlocked(&[("coach_addon", "coach")], bundle.clone()), ["coach", "pro"]);
        assert_eq!(unlocked(&[], bundle), ["pro", "coach", "gone"]);
    }

    #[test]
    fn attached_entitlements_count_before_those_that_events_named() {
        assert_eq!(unlocked(&[("pro_annual", "coach")], json!({ "entitlement_ids": ["pro"] })), ["coach"]);
    }
}

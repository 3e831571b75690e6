//! The catalog: what a project sells. Products unlock entitlements, and offerings show products to customers.

pub mod comparison;
pub mod file;
pub mod queries;
pub mod rows;
pub mod rules;
pub mod writes;

use std::collections::{BTreeMap, BTreeSet};

use crate::projection::Purchase;

/// The part of a project's catalog that a profile needs: display names, and which product unlocks which entitlement.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    /// Display names by store and product id.
    products: BTreeMap<(String, String), String>,
    /// Display names by entitlement id.
    entitlements: BTreeMap<String, String>,
    /// Entitlements by product id.
    unlocks: BTreeMap<String, BTreeSet<String>>,
    /// The consumables, by store and product id.
    consumables: BTreeSet<(String, String)>,
}

impl Catalog {
    /// The product's display name; `None` if the catalog has none.
    pub fn product_name(&self, store: &str, product: &str) -> Option<&str> {
        self.products.get(&(store.to_owned(), product.to_owned())).map(String::as_str)
    }

    /// The entitlement's display name, or its identifier if the catalog does not have the entitlement (§7.1).
    pub fn entitlement_name<'a>(&'a self, identifier: &'a str) -> &'a str {
        self.entitlements.get(identifier).map_or(identifier, String::as_str)
    }

    /// The entitlement's display name; `None` if the catalog does not have the entitlement.
    pub fn display_name(&self, entitlement: &str) -> Option<&str> {
        self.entitlements.get(entitlement).map(String::as_str)
    }

    /// Whether the catalog says that the product is a consumable, which is usually attached to no entitlement.
    pub fn is_consumable(&self, store: &str, product: &str) -> bool {
        self.consumables.contains(&(store.to_owned(), product.to_owned()))
    }

    /// Identifier and display name of every entitlement, sorted by name.
    pub fn entitlements(&self) -> Vec<(&str, &str)> {
        let mut all: Vec<_> = self.entitlements.iter().map(|(id, name)| (id.as_str(), name.as_str())).collect();
        all.sort_by_cached_key(|(id, name)| (name.to_lowercase(), *id));
        all
    }

    /// The identifiers of the entitlements that a product unlocks.
    pub fn unlocked_by_product(&self, product: &str) -> Vec<String> {
        self.unlocks.get(product).into_iter().flatten().cloned().collect()
    }

    /// The identifiers of the entitlements that a purchase unlocks (§1: attaching is retroactive). The products are the
    /// purchase's own and the items of its bundle:
    /// - The entitlements that the catalog attaches now to these products count, those of the purchase's own first.
    /// - If it attaches some of the products and others not, the entitlements that the events named count as well, if
    ///   they exist in the catalog. The products that are not attached may unlock them.
    /// - If it attaches none of the products, exactly the entitlements that the events named count.
    pub fn unlocked_by(&self, purchase: &Purchase) -> Vec<String> {
        let products = || std::iter::once(&purchase.product_id).chain(&purchase.items);
        let attached: Vec<&String> = products().filter_map(|id| self.unlocks.get(id)).flatten().collect();
        if attached.is_empty() {
            return purchase.entitlement_ids.clone();
        }
        let all_attached = products().all(|id| self.unlocks.contains_key(id));
        let known = purchase.entitlement_ids.iter().filter(|id| !all_attached && self.entitlements.contains_key(*id));
        let mut seen = BTreeSet::new();
        attached.into_iter().chain(known).filter(|id| seen.insert(*id)).cloned().collect()
    }
}

#[cfg(test)]
impl Catalog {
    /// Two entitlements with names; Pro monthly and Pro annual unlock the first. 100 Breaths is a consumable.
    pub fn example() -> Catalog {
        let mut catalog = Catalog::default();
        for (id, name) in [("pro", "Pro access"), ("coach", "Coach")] {
            catalog.entitlements.insert(id.into(), name.into());
        }
        for (id, name) in [("pro_monthly", "Pro monthly"), ("pro_annual", "Pro annual")] {
            for store in ["APP_STORE", "PLAY_STORE", "STRIPE"] {
                catalog.products.insert((store.into(), id.into()), name.into());
            }
            catalog.unlocks.entry(id.into()).or_default().insert("pro".into());
        }
        let breaths = ("PLAY_STORE".to_owned(), "breaths_100".to_owned());
        catalog.products.insert(breaths.clone(), "100 Breaths".into());
        catalog.consumables.insert(breaths);
        catalog
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::projection::testing::purchase;

    /// The entitlements that a purchase unlocks in a catalog that attaches these products to Pro and Coach.
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

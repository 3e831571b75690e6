//! What of RevenueCat's catalog a catalog here can hold, and why the rest cannot be taken over. Pure.
//!
//! Here a product is known by its store and by the store's identifier for it, as webhooks name it; at Google Play that is
//! `subscription:base_plan`. An app is no more than its store. Entitlements and packages name products by that identifier alone.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::catalog::comparison::{Item, Key};
use crate::catalog::rows::ProductKind;
use crate::catalog::rules;
use crate::events::Store;

/// A catalog that was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// In the order of their keys, none twice.
    pub items: Vec<Item>,
    pub problems: Vec<Problem>,
}

/// Something that is not taken over.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Problem {
    /// `Product pro_annual (My iPhone app)`
    pub about: String,
    pub because: String,
}

/// The lists as they were read.
#[derive(Default)]
pub struct Listed {
    pub apps: Vec<Value>,
    pub products: Vec<Value>,
    pub entitlements: Vec<With<Value>>,
    pub offerings: Vec<With<With<Value>>>,
}

/// A thing with what is in it.
pub struct With<T> {
    pub item: Value,
    pub inner: Vec<T>,
}

/// A text of an answer; empty where there is none.
pub fn text<'a>(item: &'a Value, name: &str) -> &'a str {
    item.get(name).and_then(Value::as_str).unwrap_or_default()
}

impl Found {
    pub fn of(listed: &Listed) -> Found {
        let mut model = Model::new(listed);
        model.add_products(&listed.products);
        listed.entitlements.iter().for_each(|one| model.add_entitlement(one));
        model.add_offerings(&listed.offerings);
        let mut problems = model.problems;
        problems.sort();
        problems.dedup();
        Found { items: model.items.into_values().collect(), problems }
    }
}

#[derive(Default)]
struct Model {
    /// The name of each app, and its store if that is known here.
    apps: BTreeMap<String, (String, Option<String>)>,
    items: BTreeMap<Key, Item>,
    /// The internal ids of the products of each identifier that is taken over.
    sold: BTreeMap<String, BTreeSet<String>>,
    /// The app by which a product is taken over.
    taken_from: BTreeMap<Key, String>,
    problems: Vec<Problem>,
}

impl Model {
    fn new(listed: &Listed) -> Model {
        let app = |item: &Value| {
            let (name, kind) = (text(item, "name").to_owned(), text(item, "type").to_owned());
            (text(item, "id").to_owned(), (name, store_of(&kind)))
        };
        let mut model = Model { apps: listed.apps.iter().map(app).collect(), ..Model::default() };
        for item in listed.apps.iter().filter(|item| store_of(text(item, "type")).is_none()) {
            let because = format!(
                "Apps of the type {:?} are not known here, so their products are left out.",
                text(item, "type")
            );
            model.problem(format!("App {}", text(item, "name")), because);
        }
        model
    }

    fn problem(&mut self, about: String, because: impl Into<String>) {
        self.problems.push(Problem { about, because: because.into() });
    }

    /// Adds products, those of the app with the lowest id first: of two that are the same here, the first is taken over.
    fn add_products(&mut self, products: &[Value]) {
        let mut all: Vec<&Value> = products.iter().collect();
        all.sort_by_key(|item| (text(item, "app_id"), text(item, "id")));
        for item in all {
            let identifier = text(item, "store_identifier");
            let app = text(item, "app_id");
            let Some((name, store)) = self.apps.get(app).cloned() else {
                self.problem(
                    format!("Product {identifier}"),
                    format!("Its app {app:?} is not among the apps of the project."),
                );
                continue;
            };
            let about = format!("Product {identifier} ({name})");
            // The app says why.
            let Some(store) = store else { continue };
            match product(item, store) {
                Ok(product) => self.add_product(about, product, name, text(item, "id")),
                Err(because) => self.problem(about, because),
            }
        }
    }

    fn add_product(&mut self, about: String, product: Item, app: String, id: &str) {
        let identifier = product.key.identifier().to_owned();
        self.sold.entry(identifier).or_default().insert(id.to_owned());
        match self.taken_from.get(&product.key) {
            Some(first) => {
                let because = format!(
                    "Here it is the same product as that of {first}, which is taken over: both apps are of one store."
                );
                self.problem(about, because);
            }
            None => {
                self.taken_from.insert(product.key.clone(), app);
                self.items.insert(product.key.clone(), product);
            }
        }
    }

    fn add_entitlement(&mut self, one: &With<Value>) {
        let about = format!("Entitlement {}", text(&one.item, "lookup_key"));
        if text(&one.item, "state") == "inactive" {
            return self.problem(about, "It is archived there, and entitlements here cannot be.");
        }
        match named(&one.item) {
            Ok((id, name)) => {
                let products = self.attached(&about, &one.inner, "attached");
                self.add(about, Item { name: Some(name), products, ..Item::new(Key::Entitlement(id)) });
            }
            Err(because) => self.problem(about, because),
        }
    }

    fn add_offerings(&mut self, offerings: &[With<With<Value>>]) {
        let is_current = |one: &&With<With<Value>>| one.item.get("is_current").and_then(Value::as_bool) == Some(true);
        let has_one = offerings.iter().filter(is_current).count() == 1;
        for one in offerings {
            let about = format!("Offering {}", text(&one.item, "lookup_key"));
            if is_current(&one) && !has_one {
                self.problem(
                    about.clone(),
                    "Several offerings are the default there, so none of them becomes it here.",
                );
            }
            match offering(&one.item) {
                Ok((item, remark)) => {
                    remark.into_iter().for_each(|because| self.problem(about.clone(), because));
                    let is_default = is_current(&one) && has_one && !item.is_archived;
                    let id = item.key.identifier().to_owned();
                    if self.add(about, Item { is_default, ..item }) {
                        self.add_packages(&id, &one.inner);
                    }
                }
                Err(because) => self.problem(about, because),
            }
        }
    }

    fn add_packages(&mut self, offering: &str, packages: &[With<Value>]) {
        let mut all: Vec<&With<Value>> = packages.iter().collect();
        all.sort_by_key(|one| one.item.get("position").and_then(Value::as_i64).unwrap_or(i64::MAX));
        for (position, one) in (0..).zip(all) {
            let about = format!("Package {} in {offering}", text(&one.item, "lookup_key"));
            match named(&one.item) {
                Ok((identifier, name)) => {
                    // What is in a package comes with its eligibility around it.
                    let inner: Vec<Value> =
                        one.inner.iter().map(|sale| sale.get("product").unwrap_or(sale).clone()).collect();
                    let products = self.attached(&about, &inner, "in it");
                    let key = Key::Package { offering: offering.to_owned(), identifier };
                    self.add(about, Item { name: Some(name), position, products, ..Item::new(key) });
                }
                Err(because) => self.problem(about, because),
            }
        }
    }

    /// Adds a thing, unless there is one like it. Returns whether it did.
    fn add(&mut self, about: String, item: Item) -> bool {
        if self.items.contains_key(&item.key) {
            self.problem(about, "It is there twice. The first one is taken over.");
            return false;
        }
        self.items.insert(item.key.clone(), item);
        true
    }

    /// The identifiers of products. One that belongs to several products, of which only some are meant, would mean all of them.
    fn attached(&mut self, about: &str, products: &[Value], how: &str) -> BTreeSet<String> {
        let mut ids: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for product in products {
            ids.entry(text(product, "store_identifier")).or_default().insert(text(product, "id"));
        }
        let mut attached = BTreeSet::new();
        for (identifier, meant) in ids {
            // Why it is not taken over is said of the product itself.
            let Some(all) = self.sold.get(identifier) else { continue };
            if all.iter().all(|id| meant.contains(id.as_str())) {
                attached.insert(identifier.to_owned());
                continue;
            }
            let because = format!(
                "Of the products {identifier} of several apps only some are {how}. Here one identifier means all of them, so it is \
                 left out."
            );
            self.problem(about.to_owned(), because);
        }
        attached
    }
}

/// The store of an app of this type, as events name it; `None` when it is not known here.
fn store_of(kind: &str) -> Option<String> {
    let store = Store::from(kind.to_uppercase());
    let is_known = !matches!(store, Store::Other(_) | Store::Promotional);
    is_known.then(|| store.as_str().to_owned())
}

fn product(item: &Value, store: String) -> Result<Item, String> {
    let identifier = rules::identifier(text(item, "store_identifier"))?;
    let is_consumable = item.get("one_time").and_then(|one| one.get("is_consumable")).and_then(Value::as_bool);
    let kind = match (rules::kind(text(item, "type"))?, is_consumable) {
        (ProductKind::OneTime, Some(true)) => ProductKind::Consumable,
        (ProductKind::OneTime, Some(false)) => ProductKind::NonConsumable,
        (kind, _) => kind,
    };
    let name = Some(text(item, "display_name")).filter(|name| !name.trim().is_empty()).map(rules::name).transpose()?;
    let terms = item.get("subscription").map(|terms| text(terms, "duration")).unwrap_or_default();
    let duration = rules::duration(terms)?;
    let key = Key::Product { store, identifier };
    Ok(Item { name, product_kind: Some(kind.as_str().to_owned()), duration, ..Item::new(key) })
}

/// An identifier and a name; what has no name goes by its identifier.
fn named(item: &Value) -> Result<(String, String), String> {
    let identifier = rules::identifier(text(item, "lookup_key"))?;
    let name = match text(item, "display_name") {
        empty if empty.trim().is_empty() => identifier.clone(),
        name => rules::name(name)?,
    };
    Ok((identifier, name))
}

/// An offering, and what of it is left out.
fn offering(item: &Value) -> Result<(Item, Option<String>), String> {
    let (identifier, name) = named(item)?;
    let stored = item.get("metadata").and_then(Value::as_object).map(rules::stored_metadata);
    let (metadata, remark) = match stored {
        None => (Some("{}".into()), None),
        Some(Ok(text)) => (Some(text), None),
        Some(Err(why)) => (None, Some(format!("Its metadata is not taken over: {why}."))),
    };
    let is_archived = text(item, "state") == "inactive";
    Ok((Item { name: Some(name), metadata, is_archived, ..Item::new(Key::Offering(identifier)) }, remark))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn app(id: &str, kind: &str) -> Value {
        json!({ "object": "app", "id": id, "name": format!("App {id}"), "type": kind })
    }

    fn product(id: &str, app: &str, identifier: &str) -> Value {
        json!({ "object": "product", "id": id, "store_identifier": identifier, "type": "subscription", "state": "active",
                "display_name": null, "subscription": { "duration": "P1M" }, "app_id": app })
    }

    fn entitlement(key: &str, inner: Vec<Value>) -> With<Value> {
        With { item: json!({ "id": "entl1", "lookup_key": key, "display_name": "Pro", "state": "active" }), inner }
    }

    fn problems(found: &Found) -> Vec<String> {
        found.problems.iter().map(|one| format!("{}: {}", one.about, one.because)).collect()
    }

    #[test]
    fn products_are_known_by_the_identifier_of_their_store() {
        let listed = Listed {
            apps: vec![app("a1", "app_store"), app("a2", "play_store"), app("a3", "rc_billing")],
            products: vec![
                product("prod1", "a1", "pro"),
                product("prod2", "a2", "pro:monthly"),
                product("prod3", "a3", "web"),
            ],
            entitlements: vec![entitlement("pro", vec![product("prod2", "a2", "pro:monthly")])],
            ..Listed::default()
        };
        let found = Found::of(&listed);
        let keys: Vec<(&str, &str)> = found.items.iter().map(|one| (one.key.within(), one.key.identifier())).collect();
        assert_eq!(keys, [("APP_STORE", "pro"), ("PLAY_STORE", "pro:monthly"), ("RC_BILLING", "web"), ("", "pro")]);
        assert_eq!(found.items[0].duration.as_deref(), Some("P1M"));
        assert_eq!(found.items[3].products, BTreeSet::from(["pro:monthly".to_owned()]));
        assert_eq!(found.problems, []);
    }

    #[test]
    fn what_cannot_be_held_here_is_named_with_the_reason() {
        let listed = Listed {
            apps: vec![app("a1", "app_store"), app("a2", "app_store"), app("a3", "galaxy"), app("a4", "play_store")],
            products: vec![
                product("prod1", "a1", "pro"),
                product("prod2", "a2", "pro"),
                product("prod3", "a3", "far"),
                product("prod4", "gone", "lost"),
                product("prod5", "a4", "both"),
                product("prod6", "a1", "both"),
                json!({ "id": "prod7", "app_id": "a1", "store_identifier": "odd", "type": "rental" }),
            ],
            entitlements: vec![
                entitlement("pro", vec![product("prod5", "a4", "both")]),
                entitlement("pro", Vec::new()),
                With { item: json!({ "id": "e", "lookup_key": "old", "state": "inactive" }), inner: Vec::new() },
            ],
            offerings: ["one", "two"]
                .map(|key| With {
                    item: json!({ "id": key, "lookup_key": key, "is_current": true }),
                    inner: Vec::new(),
                })
                .into(),
        };
        let found = Found::of(&listed);
        let said = problems(&found);
        for words in [
            "App App a3: Apps of the type \"galaxy\" are not known here",
            "Product pro (App a2): Here it is the same product as that of App a1",
            "Product lost: Its app \"gone\" is not among the apps",
            "Product odd (App a1): a product is one of subscription",
            "Entitlement pro: Of the products both of several apps only some are attached.",
            "Entitlement pro: It is there twice.",
            "Entitlement old: It is archived there",
            "Offering one: Several offerings are the default there",
        ] {
            assert!(said.iter().any(|line| line.starts_with(words)), "{words}: {said:#?}");
        }
        assert_eq!(said.len(), 9);
        assert!(found.items.iter().all(|item| !item.is_default && item.products.is_empty()));
    }

    #[test]
    fn packages_keep_their_order_and_their_products() {
        let package = |key: &str, position: i64| With {
            item: json!({ "id": key, "lookup_key": key, "display_name": key, "position": position }),
            inner: vec![json!({ "product": product("prod1", "a1", "pro"), "eligibility_criteria": "all" })],
        };
        let offering = json!({ "id": "o", "lookup_key": "standard", "display_name": " Standard ", "is_current": true, "state": "active",
                               "metadata": { "b": 1, "a": "x" } });
        let listed = Listed {
            apps: vec![app("a1", "app_store")],
            products: vec![product("prod1", "a1", "pro")],
            offerings: vec![With { item: offering, inner: vec![package("late", 7), package("early", 2)] }],
            ..Listed::default()
        };
        let found = Found::of(&listed);
        assert_eq!(found.problems, []);
        let positions: Vec<(&str, i64)> =
            found.items.iter().skip(2).map(|one| (one.key.identifier(), one.position)).collect();
        assert_eq!(positions, [("early", 0), ("late", 1)]);
        assert!(found.items[1].is_default && found.items[1].metadata.as_deref() == Some("{\"a\":\"x\",\"b\":1}"));
        assert_eq!(found.items[2].products.len(), 1);
    }
}

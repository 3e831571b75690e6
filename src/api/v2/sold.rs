//! What the project sells, as v2 names it: apps, products, entitlements. The catalog keeps products by store and no apps, so
//! each store of the project counts as an app. It keeps no times either: everything has the time of the project.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use serde::Serialize;

use super::list::List;
use crate::api::AuthorizedCall;
use crate::auth::api_keys::{self, platform_of};
use crate::base::clock::Moment;
use crate::catalog::rows::{self, ProductKind};
use crate::db::Conn;
use crate::db::schema::products;
use crate::events::Store;

/// A store of the project.
#[derive(Debug, Clone, Serialize)]
pub struct App {
    object: &'static str,
    /// The store in lower case, as subscriptions name it.
    pub id: String,
    name: String,
    created_at: Moment,
    #[serde(rename = "type")]
    kind: String,
    project_id: String,
}

#[derive(Debug, Clone, Serialize)]
pub struct Product {
    object: &'static str,
    pub id: String,
    store_identifier: String,
    #[serde(rename = "type")]
    kind: &'static str,
    state: &'static str,
    display_name: Option<String>,
    subscription: Option<Terms>,
    one_time: Option<OneTime>,
    created_at: Moment,
    pub app_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    app: Option<App>,
}

/// How long a period of a subscription lasts. Grace and trials are settings of the store.
#[derive(Debug, Clone, Serialize)]
struct Terms {
    duration: Option<String>,
    grace_period_duration: Option<String>,
    trial_duration: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
struct OneTime {
    /// `None` where the catalog does not say.
    is_consumable: Option<bool>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Entitlement {
    object: &'static str,
    project_id: String,
    pub id: String,
    lookup_key: String,
    display_name: String,
    state: &'static str,
    created_at: Moment,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub products: Option<List<Product>>,
}

/// What the project sells.
pub struct Sold {
    project: String,
    pub made_at: Moment,
    products: Vec<rows::Product>,
    /// The identifiers that more than one store sells.
    shared: BTreeSet<String>,
}

/// What stands before the store in the id of a product whose identifier several stores sell.
const AT: char = '@';

impl Sold {
    /// One query.
    pub fn load(conn: &mut Conn, call: &AuthorizedCall) -> QueryResult<Sold> {
        let mut products: Vec<rows::Product> = products::table
            .filter(products::project_id.eq(call.ctx.project))
            .select(rows::Product::as_select())
            .load(conn)?;
        products.sort_by(|one, other| (&one.identifier, &one.store).cmp(&(&other.identifier, &other.store)));
        let mut stores: BTreeMap<&str, usize> = BTreeMap::new();
        products.iter().for_each(|product| *stores.entry(&product.identifier).or_default() += 1);
        let shared = stores.into_iter().filter(|(_, stores)| *stores > 1).map(|(one, _)| one.to_owned()).collect();
        let project = &call.key.project;
        Ok(Sold { project: project.slug.clone(), made_at: project.created_at, products, shared })
    }

    /// The path of something in the project.
    pub fn address(&self, below: &str) -> String {
        format!("/v2/projects/{}/{below}", self.project)
    }

    /// The products, sorted by identifier and store.
    pub fn products(&self) -> impl Iterator<Item = &rows::Product> {
        self.products.iter()
    }

    /// The products of these identifiers that the catalog has, in its order.
    pub fn some<'a>(&'a self, identifiers: &'a BTreeSet<String>) -> impl Iterator<Item = &'a rows::Product> {
        self.products.iter().filter(|product| identifiers.contains(&product.identifier))
    }

    /// The product with this id. An identifier that several stores sell finds the product of the first of them.
    pub fn find(&self, id: &str) -> Option<&rows::Product> {
        let exact = || self.products.iter().find(|product| self.id(product) == id);
        let named = |(identifier, store): (&str, &str)| {
            let mut all = self.products.iter();
            all.find(|product| product.identifier == identifier && product.store.to_lowercase() == store)
        };
        let first = || self.products.iter().find(|product| product.identifier == id);
        exact().or_else(first).or_else(|| id.rsplit_once(AT).and_then(named))
    }

    /// A product's identifier; with the store where several stores sell it.
    pub fn id(&self, product: &rows::Product) -> String {
        match self.shared.contains(&product.identifier) {
            true => format!("{}{AT}{}", product.identifier, product.store.to_lowercase()),
            false => product.identifier.clone(),
        }
    }

    /// The id of what a store has sold, whether or not the catalog has it.
    pub fn id_of(&self, store: &str, identifier: &str) -> String {
        self.sold_by(store, identifier).map_or_else(|| identifier.to_owned(), |product| self.id(product))
    }

    /// The display name of what a store sells; `None` where the catalog has none.
    pub fn name(&self, store: &str, identifier: &str) -> Option<String> {
        self.sold_by(store, identifier).and_then(|product| product.display_name.clone())
    }

    /// The period of what a store sells; `None` where the catalog has none.
    pub fn duration(&self, store: &str, identifier: &str) -> Option<String> {
        self.sold_by(store, identifier).and_then(|product| product.duration.clone())
    }

    fn sold_by(&self, store: &str, identifier: &str) -> Option<&rows::Product> {
        self.products.iter().find(|product| product.store == store && product.identifier == identifier)
    }

    pub fn product(&self, product: &rows::Product) -> Product {
        let is_subscription = product.kind == ProductKind::Subscription;
        let terms = || Terms { duration: product.duration.clone(), grace_period_duration: None, trial_duration: None };
        Product {
            object: "product",
            id: self.id(product),
            store_identifier: product.identifier.clone(),
            kind: product.kind.as_str(),
            state: ACTIVE,
            display_name: product.display_name.clone(),
            subscription: is_subscription.then(terms),
            one_time: (!is_subscription).then(|| OneTime { is_consumable: is_consumable(product.kind) }),
            created_at: self.made_at,
            app_id: product.store.to_lowercase(),
            app: None,
        }
    }

    /// The subscription that a store sells under this identifier, also when the catalog does not have it.
    pub fn subscription(&self, store: &str, identifier: &str) -> Product {
        let unknown = || Product {
            object: "product",
            id: identifier.to_owned(),
            store_identifier: identifier.to_owned(),
            kind: ProductKind::Subscription.as_str(),
            state: ACTIVE,
            display_name: None,
            subscription: Some(Terms { duration: None, grace_period_duration: None, trial_duration: None }),
            one_time: None,
            created_at: self.made_at,
            app_id: store.to_lowercase(),
            app: None,
        };
        self.sold_by(store, identifier).map_or_else(unknown, |product| self.product(product))
    }

    pub fn entitlement(&self, identifier: &str, name: &str) -> Entitlement {
        Entitlement {
            object: "entitlement",
            project_id: self.project.clone(),
            id: identifier.to_owned(),
            lookup_key: identifier.to_owned(),
            display_name: name.to_owned(),
            state: ACTIVE,
            created_at: self.made_at,
            products: None,
        }
    }

    /// The stores of the project, sorted: those of its products, and those of its public keys that are not revoked.
    pub fn apps(&self, conn: &mut Conn, call: &AuthorizedCall) -> QueryResult<Vec<App>> {
        let mut since: BTreeMap<String, Moment> = BTreeMap::new();
        for key in api_keys::queries::list(conn, call.ctx.project)?.into_iter().filter(|key| key.counts()) {
            if let Some(store) = key.store {
                since.entry(store).and_modify(|at| *at = key.created_at.min(*at)).or_insert(key.created_at);
            }
        }
        for product in &self.products {
            since.entry(product.store.clone()).or_insert(self.made_at);
        }
        let mut apps: Vec<App> = since.into_iter().map(|(store, at)| self.app(&store, at)).collect();
        apps.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(apps)
    }

    fn app(&self, store: &str, created_at: Moment) -> App {
        let name = Store::from(store.to_owned()).name().to_owned();
        let name = platform_of(store).map_or(name, |platform| platform.name.to_owned());
        let (id, kind) = (store.to_lowercase(), store.to_lowercase());
        App { object: "app", id, name, created_at, kind, project_id: self.project.clone() }
    }
}

impl Entitlement {
    #[must_use]
    pub fn with_products(self, products: Option<List<Product>>) -> Entitlement {
        Entitlement { products, ..self }
    }
}

impl Product {
    /// The product with its app in full.
    #[must_use]
    pub fn with_app(self, apps: &[App]) -> Product {
        let app = apps.iter().find(|app| app.id == self.app_id).cloned();
        Product { app, ..self }
    }
}

/// Nothing in the catalog is archived but offerings.
pub const ACTIVE: &str = "active";
pub const INACTIVE: &str = "inactive";

fn is_consumable(kind: ProductKind) -> Option<bool> {
    match kind {
        ProductKind::Consumable => Some(true),
        ProductKind::NonConsumable | ProductKind::NonRenewingSubscription | ProductKind::Subscription => Some(false),
        ProductKind::OneTime => None,
    }
}

//! One thing of a catalog, in the form in which two catalogs are compared.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// What a thing is, and what identifies it in a project. Things that others need come first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Key {
    Product { store: String, identifier: String },
    Entitlement(String),
    Offering(String),
    Package { offering: String, identifier: String },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Product,
    Entitlement,
    Offering,
    Package,
}

/// A thing with what is said of it. `None` says nothing: what is known here stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    pub key: Key,
    pub name: Option<String>,
    /// The word of a product's type.
    pub product_kind: Option<String>,
    /// The period of a product, ISO 8601.
    pub duration: Option<String>,
    /// Whether an offering is the project's default.
    pub is_default: bool,
    pub is_archived: bool,
    /// Of an offering, as it is stored.
    pub metadata: Option<String>,
    /// The place of a package in its offering, from 0.
    pub position: i64,
    /// The ids of the products that unlock an entitlement or are in a package.
    pub products: BTreeSet<String>,
}

impl Key {
    pub const fn kind(&self) -> Kind {
        match self {
            Key::Product { .. } => Kind::Product,
            Key::Entitlement(_) => Kind::Entitlement,
            Key::Offering(_) => Kind::Offering,
            Key::Package { .. } => Kind::Package,
        }
    }

    pub fn identifier(&self) -> &str {
        match self {
            Key::Product { identifier, .. } | Key::Package { identifier, .. } => identifier,
            Key::Entitlement(identifier) | Key::Offering(identifier) => identifier,
        }
    }

    /// The store of a product, or the offering of a package; empty for the others.
    pub fn within(&self) -> &str {
        match self {
            Key::Product { store, .. } => store,
            Key::Package { offering, .. } => offering,
            Key::Entitlement(_) | Key::Offering(_) => "",
        }
    }
}

impl Kind {
    pub const ALL: [Kind; 4] = [Kind::Product, Kind::Entitlement, Kind::Offering, Kind::Package];

    pub const fn name(self) -> &'static str {
        match self {
            Kind::Product => "Product",
            Kind::Entitlement => "Entitlement",
            Kind::Offering => "Offering",
            Kind::Package => "Package",
        }
    }

    /// In a sentence, for several: `products`.
    pub const fn plural(self) -> &'static str {
        match self {
            Kind::Product => "products",
            Kind::Entitlement => "entitlements",
            Kind::Offering => "offerings",
            Kind::Package => "packages",
        }
    }
}

impl Item {
    /// A thing of which nothing is said yet.
    pub const fn new(key: Key) -> Item {
        Item {
            key,
            name: None,
            product_kind: None,
            duration: None,
            is_default: false,
            is_archived: false,
            metadata: None,
            position: 0,
            products: BTreeSet::new(),
        }
    }
}

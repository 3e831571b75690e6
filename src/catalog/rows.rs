//! The rows of the catalog's tables.

use diesel::prelude::*;

use crate::base::ids::ProjectId;
use crate::db::schema::{entitlements, offerings, packages, products};

/// What type of product it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProductKind {
    Subscription,
    NonRenewingSubscription,
    NonConsumable,
    Consumable,
    OneTime,
}

crate::db::columns::text_enum!(ProductKind: as_str, ProductKind::parse);

impl ProductKind {
    pub const ALL: [ProductKind; 5] = [
        ProductKind::Subscription,
        ProductKind::NonRenewingSubscription,
        ProductKind::NonConsumable,
        ProductKind::Consumable,
        ProductKind::OneTime,
    ];

    /// The word in the database, in catalog files and in forms.
    pub const fn as_str(self) -> &'static str {
        match self {
            ProductKind::Subscription => "subscription",
            ProductKind::NonRenewingSubscription => "non_renewing_subscription",
            ProductKind::NonConsumable => "non_consumable",
            ProductKind::Consumable => "consumable",
            ProductKind::OneTime => "one_time",
        }
    }

    /// The label that pages show.
    pub const fn name(self) -> &'static str {
        match self {
            ProductKind::Subscription => "Subscription",
            ProductKind::NonRenewingSubscription => "Non-renewing subscription",
            ProductKind::NonConsumable => "Non-consumable",
            ProductKind::Consumable => "Consumable",
            ProductKind::OneTime => "One-time",
        }
    }

    pub fn parse(word: &str) -> Option<ProductKind> {
        ProductKind::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = products, primary_key(project_id, store, identifier), treat_none_as_null = true)]
pub struct Product {
    pub project_id: ProjectId,
    pub store: String,
    pub identifier: String,
    pub display_name: Option<String>,
    pub kind: ProductKind,
    pub duration: Option<String>,
    pub price_micros: Option<i64>,
    pub currency: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = entitlements, primary_key(project_id, identifier))]
pub struct Entitlement {
    pub project_id: ProjectId,
    pub identifier: String,
    pub display_name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = offerings, primary_key(project_id, identifier))]
pub struct Offering {
    pub project_id: ProjectId,
    pub identifier: String,
    pub display_name: String,
    pub is_default: bool,
    pub is_archived: bool,
    /// A JSON object.
    pub metadata: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = packages, primary_key(project_id, offering, identifier))]
pub struct Package {
    pub project_id: ProjectId,
    pub offering: String,
    pub identifier: String,
    pub display_name: String,
    pub position: i64,
}

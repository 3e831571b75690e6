//! The rows of the catalog's tables.

use diesel::prelude::*;

use crate::base::ids::ProjectId;
use crate::db::schema::{entitlements, offerings, packages, products};

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = products, primary_key(project_id, store, identifier), treat_none_as_null = true)]
pub struct Product {
    pub project_id: ProjectId,
    pub store: String,
    pub identifier: String,
    pub display_name: Option<String>,
    pub kind: String,
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

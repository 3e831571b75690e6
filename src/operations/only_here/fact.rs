//! One thing that exists only here.

use std::fmt;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use crate::base::clock::Moment;
use crate::base::ids::CustomerId;
use crate::projection::Purchase;
use crate::stores::CustomerAct;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Grant,
    Override,
    Attribute,
}

crate::db::columns::text_enum!(Kind: as_str, Kind::parse);

impl Kind {
    pub const ALL: [Kind; 3] = [Kind::Grant, Kind::Override, Kind::Attribute];

    /// The word in the database and in addresses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Grant => "grant",
            Kind::Override => "override",
            Kind::Attribute => "attribute",
        }
    }

    pub fn parse(word: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// One and several, in a sentence.
    pub const fn words(self) -> (&'static str, &'static str) {
        match self {
            Kind::Grant => ("grant", "grants"),
            Kind::Override => ("offering override", "offering overrides"),
            Kind::Attribute => ("attribute", "attributes"),
        }
    }
}

/// A grant, an override or an attribute that exists only here.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Fact {
    #[diesel(sql_type = BigInt)]
    pub customer_id: CustomerId,
    #[diesel(sql_type = Text)]
    pub app_user_id: String,
    /// The key of the grant or of the attribute; empty for an override.
    #[diesel(sql_type = Text)]
    pub item: String,
    #[diesel(sql_type = BigInt)]
    pub made_at: Moment,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub ends_at: Option<Moment>,
    /// The stored grant, the offering, or the attribute's value.
    #[diesel(sql_type = Text)]
    detail: String,
}

/// The place of a fact among those of its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub customer: CustomerId,
    pub item: String,
}

impl Place {
    /// Before all others.
    pub fn first() -> Place {
        Place { customer: CustomerId::MIN, item: String::new() }
    }

    /// `17:plan`, as forms and addresses hold it.
    pub fn parse(text: &str) -> Option<Place> {
        let (customer, item) = text.split_once(':')?;
        // PostgreSQL cannot store NUL, and refuses it in a parameter.
        (!item.contains('\0')).then_some(())?;
        Some(Place { customer: customer.parse().ok()?, item: item.to_owned() })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.customer, self.item)
    }
}

impl Fact {
    pub fn place(&self) -> Place {
        Place { customer: self.customer_id, item: self.item.clone() }
    }

    /// What it is, without its end: the entitlements, the offering, or key and value.
    pub fn what(&self, kind: Kind) -> String {
        match kind {
            Kind::Grant => self.entitlements().join(", "),
            Kind::Override => self.detail.clone(),
            Kind::Attribute => format!("{} = {}", self.item, self.detail),
        }
    }

    fn entitlements(&self) -> Vec<String> {
        Purchase::stored(&self.detail).map(|grant| grant.entitlement_ids).unwrap_or_default()
    }

    /// What RevenueCat is asked for, so that it exists there as well.
    pub fn acts(&self, kind: Kind) -> Vec<CustomerAct> {
        match kind {
            Kind::Grant => {
                let ends_at = self.ends_at.unwrap_or(Moment::NEVER);
                let grant = |entitlement| CustomerAct::Grant { entitlement, ends_at, replaces: false };
                self.entitlements().into_iter().map(grant).collect()
            }
            Kind::Override => {
                vec![CustomerAct::Override { offering: Some(self.detail.clone()), until: self.ends_at }]
            }
            Kind::Attribute => {
                vec![CustomerAct::Attributes { values: vec![(self.item.clone(), Some(self.detail.clone()))] }]
            }
        }
    }
}

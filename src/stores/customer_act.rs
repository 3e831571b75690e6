//! What RevenueCat is asked to do with a customer, rather than with a purchase.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::OrderKind;
use crate::base::clock::Moment;
use crate::wording::text::{grouped, listed, visible};
use crate::wording::times;

/// An act that concerns the customer as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomerAct {
    /// Give access without a store.
    Grant {
        entitlement: String,
        ends_at: Moment,
        /// Whether running grants of the entitlement end first.
        replaces: bool,
    },
    /// End every running grant of an entitlement.
    Revoke { entitlement: String },
    /// Choose an offering, or with `None` the default again. `until` is kept here alone: RevenueCat knows no end.
    Override { offering: Option<String>, until: Option<Moment> },
    /// Set attributes; `None` clears one.
    Attributes { values: Vec<(String, Option<String>)> },
    /// Move all purchases from stores to the customer with this id.
    Transfer { to: String },
    /// Erase the customer, and keep the ids out afterwards where they are blocked.
    Delete { blocks: bool },
    /// Change the balances of virtual currencies, each by an amount.
    Adjust { amounts: BTreeMap<String, i64> },
}

impl CustomerAct {
    pub const fn kind(&self) -> OrderKind {
        match self {
            CustomerAct::Grant { .. } => OrderKind::Grant,
            CustomerAct::Revoke { .. } => OrderKind::Revoke,
            CustomerAct::Override { .. } => OrderKind::Override,
            CustomerAct::Attributes { .. } => OrderKind::Attributes,
            CustomerAct::Transfer { .. } => OrderKind::Transfer,
            CustomerAct::Delete { .. } => OrderKind::Delete,
            CustomerAct::Adjust { .. } => OrderKind::Adjust,
        }
    }

    /// What it is about, for the audit log: an entitlement, an offering, the keys of attributes, a currency.
    pub fn about(&self) -> String {
        match self {
            CustomerAct::Grant { entitlement, .. } | CustomerAct::Revoke { entitlement } => entitlement.clone(),
            CustomerAct::Override { offering, .. } => offering.clone().unwrap_or_default(),
            CustomerAct::Attributes { values } => keys(values),
            CustomerAct::Transfer { to } => to.clone(),
            CustomerAct::Delete { .. } => String::new(),
            CustomerAct::Adjust { amounts } => codes(amounts),
        }
    }

    /// Two acts with the same word here cannot be open for a customer at once: one would hide what the other does.
    pub fn subject(&self) -> String {
        match self {
            CustomerAct::Grant { entitlement, .. } | CustomerAct::Revoke { entitlement } => {
                format!("access {entitlement}")
            }
            CustomerAct::Override { .. } => "offering".into(),
            CustomerAct::Attributes { values } => format!("attributes {}", keys(values)),
            CustomerAct::Transfer { .. } => "transfer".into(),
            CustomerAct::Delete { .. } => "delete".into(),
            CustomerAct::Adjust { amounts } => format!("balance {}", codes(amounts)),
        }
    }

    /// What is wanted, for the audit log and lists: `granting pro until 3 Dec 2026`.
    pub fn words(&self) -> String {
        match self {
            CustomerAct::Grant { entitlement, ends_at, .. } => {
                format!("granting {} until {}", visible(entitlement), times::day(*ends_at))
            }
            CustomerAct::Revoke { entitlement } => format!("removing the grants of {}", visible(entitlement)),
            CustomerAct::Override { offering: Some(offering), .. } => {
                format!("choosing the offering {}", visible(offering))
            }
            CustomerAct::Override { offering: None, .. } => "choosing the default offering again".into(),
            CustomerAct::Attributes { values } => match values.as_slice() {
                [(key, Some(_))] => format!("setting {}", visible(key)),
                [(key, None)] => format!("clearing {}", visible(key)),
                several => format!("setting {} attributes", several.len()),
            },
            CustomerAct::Transfer { to } => format!("moving all purchases to {}", visible(to)),
            CustomerAct::Delete { blocks: false } => "deleting the customer".into(),
            CustomerAct::Delete { blocks: true } => "deleting the customer and blocking their ids".into(),
            CustomerAct::Adjust { amounts } => {
                let one = |(code, amount): (&String, &i64)| match *amount {
                    ..0 => format!("taking {} {} away", grouped(amount.saturating_abs()), visible(code)),
                    _ => format!("adding {} {}", grouped(*amount), visible(code)),
                };
                listed(&amounts.iter().map(one).collect::<Vec<_>>())
            }
        }
    }

    /// The change of one balance.
    pub fn adjust(code: &str, amount: i64) -> CustomerAct {
        CustomerAct::Adjust { amounts: BTreeMap::from([(code.to_owned(), amount)]) }
    }
}

fn codes(amounts: &BTreeMap<String, i64>) -> String {
    amounts.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
}

fn keys(values: &[(String, Option<String>)]) -> String {
    values.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>().join(", ")
}

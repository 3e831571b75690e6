//! What a store, or RevenueCat, is asked to do.

use serde::{Deserialize, Serialize};

use super::{ActionKind, CustomerAct, Line, OrderKind};
use crate::base::clock::Moment;
use crate::base::ids::{ProjectId, RequestId};
use crate::base::money::{Micros, Money};
use crate::events::{Environment, Store};
use crate::wording::times;

/// What a store is asked to do, with all that asking needs. It is stored before it is sent, and sent as it was stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Order {
    pub project: ProjectId,
    pub request: RequestId,
    pub environment: Environment,
    /// Who is asked.
    #[serde(default)]
    pub side: Side,
    /// The customer's id as whoever asked saw it.
    #[serde(default)]
    pub app_user_id: String,
    /// Whether it is sent later when nobody answers now.
    #[serde(default = "yes")]
    pub waits: bool,
    /// What takes it back, if anything does.
    #[serde(default)]
    pub inverse: Option<CustomerAct>,
    /// The store of the purchase; `None` when it is not about a purchase.
    pub store: Option<Store>,
    /// Empty if no event named it, or it is not about a purchase.
    pub product_id: String,
    /// The payment that is refunded; for all else the newest one of the purchase.
    pub transaction_id: Option<String>,
    pub original_transaction_id: Option<String>,
    pub wanted: Wanted,
}

/// Who is asked to do it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The store of the purchase itself.
    #[default]
    Store,
    /// RevenueCat, in a project that is connected to it.
    RevenueCat,
}

fn yes() -> bool {
    true
}

/// What the store is to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    Refund(Refund),
    /// Switch renewal off. Access lasts until the end of the period, or ends at once.
    Cancel {
        at_once: bool,
    },
    Resume,
    Extend {
        until: Moment,
        code: ExtendCode,
    },
    /// Something that is not about a purchase. Only RevenueCat is asked for it.
    Customer(CustomerAct),
}

/// How much of a payment is given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// In the currency of the payment; `None` when the store has not reported what was paid, and all of it is given back.
    pub amount: Option<Money>,
    /// At the rate of the payment; `None` when that is not known.
    pub dollars: Option<Micros>,
    /// What was paid.
    #[serde(default)]
    pub paid: Option<Micros>,
    /// What was paid, less what was refunded before.
    pub left: Option<Micros>,
    /// Whether access stays as it is.
    pub keeps_access: bool,
    /// Whether it is the newest payment of the purchase.
    #[serde(default = "yes")]
    pub is_newest: bool,
}

/// Why a period is made longer, as the App Store counts reasons (§7.4).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExtendCode {
    #[default]
    Undeclared,
    CustomerSatisfaction,
    Other,
    ServiceIssueOrOutage,
}

impl Wanted {
    pub const fn kind(&self) -> OrderKind {
        match self {
            Wanted::Refund(_) => OrderKind::Purchase(ActionKind::Refund),
            Wanted::Cancel { .. } => OrderKind::Purchase(ActionKind::Cancel),
            Wanted::Resume => OrderKind::Purchase(ActionKind::Resume),
            Wanted::Extend { .. } => OrderKind::Purchase(ActionKind::Extend),
            Wanted::Customer(act) => act.kind(),
        }
    }
}

impl Order {
    /// The line over which it is sent; `None` when nobody knows the store.
    pub fn line(&self) -> Option<Line> {
        match self.side {
            Side::RevenueCat => Some(Line::RevenueCat),
            Side::Store => self.store.clone().map(Line::Store),
        }
    }

    /// The id by which the purchase is looked up; `None` when no event named one.
    pub fn transaction(&self) -> Option<&str> {
        let known = [&self.transaction_id, &self.original_transaction_id];
        known.into_iter().flatten().map(String::as_str).find(|id| !id.is_empty())
    }

    /// Who is asked, in a sentence: `the Test Store`, `RevenueCat`.
    pub fn asked_of(&self) -> String {
        match self.side {
            Side::RevenueCat => "RevenueCat".into(),
            Side::Store => super::spoken(self.store.as_ref()),
        }
    }

    /// What it is about, for the audit log: the product, or what the customer gets.
    pub fn about(&self) -> String {
        match &self.wanted {
            Wanted::Customer(act) => act.about(),
            Wanted::Refund(_) | Wanted::Cancel { .. } | Wanted::Resume | Wanted::Extend { .. } => {
                self.product_id.clone()
            }
        }
    }
}

impl Wanted {
    pub const fn is_about_a_purchase(&self) -> bool {
        !matches!(self, Wanted::Customer(_))
    }

    /// What is wanted, for the audit log and lists: `refund of EUR 8.99`.
    pub fn words(&self) -> String {
        match self {
            Wanted::Refund(refund) => {
                let amount = refund.amount.as_ref().map_or("the whole payment".into(), Money::shown);
                format!("refund of {amount}{}", if refund.keeps_access { ", access stays" } else { "" })
            }
            Wanted::Cancel { at_once: true } => "switching renewal off, access ends at once".into(),
            Wanted::Cancel { at_once: false } => "switching renewal off".into(),
            Wanted::Resume => "switching renewal back on".into(),
            Wanted::Extend { until, .. } => format!("extension to {}", times::full(*until)),
            Wanted::Customer(act) => act.words(),
        }
    }
}

impl Refund {
    /// Whether nothing is left of the payment afterwards.
    pub fn is_whole(&self) -> bool {
        self.amount.as_ref().map(|amount| amount.amount) == self.left
    }
}

impl ExtendCode {
    pub const ALL: [ExtendCode; 4] =
        [ExtendCode::Undeclared, ExtendCode::CustomerSatisfaction, ExtendCode::Other, ExtendCode::ServiceIssueOrOutage];

    /// The word in forms and in REST v2.
    pub const fn name(self) -> &'static str {
        match self {
            ExtendCode::Undeclared => "undeclared",
            ExtendCode::CustomerSatisfaction => "customer_satisfaction",
            ExtendCode::Other => "other",
            ExtendCode::ServiceIssueOrOutage => "service_issue_or_outage",
        }
    }

    pub const fn words(self) -> &'static str {
        match self {
            ExtendCode::Undeclared => "No reason given",
            ExtendCode::CustomerSatisfaction => "To keep the customer content",
            ExtendCode::Other => "Another reason",
            ExtendCode::ServiceIssueOrOutage => "Something did not work",
        }
    }

    pub fn parse(name: &str) -> Option<ExtendCode> {
        ExtendCode::ALL.into_iter().find(|code| code.name() == name)
    }

    /// The code with this number in REST v1: 0 to 3.
    pub fn from_number(number: i64) -> Option<ExtendCode> {
        usize::try_from(number).ok().and_then(|number| ExtendCode::ALL.get(number)).copied()
    }
}

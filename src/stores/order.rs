//! What a store is asked to do with a purchase.

use serde::{Deserialize, Serialize};

use super::ActionKind;
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
    pub store: Option<Store>,
    /// Empty if no event named it.
    pub product_id: String,
    /// The payment that is refunded; for all else the newest one of the purchase.
    pub transaction_id: Option<String>,
    pub original_transaction_id: Option<String>,
    pub wanted: Wanted,
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
    pub const fn kind(&self) -> ActionKind {
        match self {
            Wanted::Refund(_) => ActionKind::Refund,
            Wanted::Cancel { .. } => ActionKind::Cancel,
            Wanted::Resume => ActionKind::Resume,
            Wanted::Extend { .. } => ActionKind::Extend,
        }
    }
}

impl Wanted {
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

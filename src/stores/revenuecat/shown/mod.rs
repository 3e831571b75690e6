//! What RevenueCat shows of one customer: which calls read it (`read.rs`), and how the answers are
//! read (`purchases.rs`, `first_version.rs`). Nothing is changed there.

mod first_version;
mod purchases;
mod read;

use crate::base::clock::Moment;
use crate::base::money::{Micros, Money};
use crate::customers::contacts::Device;
use crate::events::{Environment, PeriodType, Store};

pub use read::{Known, read};

/// A customer as RevenueCat shows it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shown {
    pub app_user_id: String,
    /// All App User IDs, this one first.
    pub ids: Vec<String>,
    pub first_seen_at: Option<Moment>,
    /// When the app was last open, and on which device.
    pub last_contact: Option<(Moment, Device)>,
    pub attributes: Vec<Attribute>,
    pub purchases: Vec<Purchase>,
}

/// An attribute with its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    pub name: String,
    pub value: String,
    pub updated_at: Moment,
}

/// A subscription, a one-time purchase or a grant as RevenueCat shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Purchase {
    pub is_subscription: bool,
    pub environment: Environment,
    pub store: Store,
    pub product: Option<String>,
    /// The entitlements that it unlocks while it is active.
    pub entitlements: Vec<String>,
    /// What the store calls its newest transaction.
    pub transaction: String,
    pub started_at: Moment,
    pub period_start: Moment,
    pub period_end: Option<Moment>,
    /// Whether it runs: paid, tried, or within the days of grace.
    pub is_running: bool,
    pub status: SubscriptionStatus,
    pub renewal: Renewal,
    /// All that it brought, less refunds, in US dollars.
    pub total: Option<Micros>,
    pub is_refunded: bool,
    pub is_family_share: bool,
    pub country: Option<String>,
    /// Every period that was charged, where RevenueCat lists them; the oldest first.
    pub periods: Option<Vec<Period>>,
    pub details: Details,
}

/// What only the first version of the API says of the newest period.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Details {
    pub period_type: Option<PeriodType>,
    pub paid: Option<Money>,
    pub refunded_at: Option<Moment>,
    pub unsubscribed_at: Option<Moment>,
    pub billing_issue_at: Option<Moment>,
    pub grace_end: Option<Moment>,
    pub resumes_at: Option<Moment>,
}

/// A period that was charged.
#[derive(Debug, Clone, PartialEq)]
pub struct Period {
    pub transaction: String,
    pub product: Option<String>,
    pub purchased_at: Moment,
    pub expires_at: Option<Moment>,
    /// When access ends: later with the days of grace, earlier after a refund.
    pub effective_end: Option<Moment>,
    /// Less refunds, in US dollars.
    pub dollars: Option<Micros>,
    pub paid: Option<Money>,
}

/// The status of a subscription, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubscriptionStatus {
    Trial,
    Active,
    Grace,
    Retry,
    Paused,
    Over,
    /// A word that this version does not know.
    Unknown,
}

/// What happens at the end of the period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    On,
    Off,
    WillPause,
    Unknown,
}

//! One webhook event, and what follows from this event alone.

use serde::{Deserialize, Serialize};

use super::kinds::{EventType, PeriodType, Reason, Store};
use crate::base::clock::Moment;
use crate::base::money::{Micros, Money};

/// The content of one webhook event. Times and amounts are as sent; `event_at` falls back to the purchase time, then
/// to the time of arrival.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub id: String,
    pub kind: EventType,
    pub event_at: Moment,
    pub received_at: Moment,
    pub app_id: Option<String>,
    pub app_user_id: Option<String>,
    pub original_app_user_id: Option<String>,
    pub aliases: Vec<String>,
    pub attributes: Vec<AttributeUpdate>,
    pub experiments: Vec<Enrolment>,
    pub product_id: Option<String>,
    pub product_display_name: Option<String>,
    pub new_product_id: Option<String>,
    pub entitlement_ids: Vec<String>,
    pub period_type: Option<PeriodType>,
    pub purchased_at: Option<Moment>,
    pub expires_at: Option<Moment>,
    pub grace_expires_at: Option<Moment>,
    pub auto_resume_at: Option<Moment>,
    pub store: Option<Store>,
    /// The sandbox also where the event names an environment that this version does not know.
    pub environment: Option<Environment>,
    /// The word for the environment, if it is neither production nor sandbox. It never counts as production.
    pub unknown_environment: Option<String>,
    pub is_trial_conversion: bool,
    pub cancel_reason: Option<Reason>,
    pub expiration_reason: Option<Reason>,
    pub presented_offering_id: Option<String>,
    /// The offering of an override that ended, or of an experiment.
    pub offering_id: Option<String>,
    /// In US dollars, before tax and commission; negative for refunds.
    pub price: Option<Micros>,
    /// The amount paid, in the currency of the payment.
    pub paid: Option<Money>,
    pub transaction_id: Option<String>,
    pub original_transaction_id: Option<String>,
    pub is_family_share: bool,
    /// A field of our own: the refund leaves access as it is (§7.4).
    pub keeps_access: bool,
    /// Fields of our own: where Dossier read what the event says, if it was not told when it happened (§6.7).
    pub snapshot: Option<Snapshot>,
    pub country_code: Option<String>,
    pub offer_code: Option<String>,
    pub renewal_number: Option<i64>,
    pub items: Vec<Item>,
    pub transferred_from: Vec<String>,
    pub transferred_to: Vec<String>,
    pub adjustments: Vec<Adjustment>,
    pub source: Option<String>,
    pub ledger_id: Option<String>,
}

/// What Dossier read somewhere, as it was at some time. Nobody else can say this of an event: it is taken out of what others
/// send before that is stored.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Snapshot {
    /// From when the source is.
    pub as_of: Moment,
    /// Where all events of one state of a transaction come together, as from a row of an export: what this state is called.
    /// Such events are replaced together (§6.7).
    pub whole: Option<String>,
    pub origin: Origin,
    /// What the subscription had brought by then, less refunds, where the source names no payments one by one.
    pub total: Option<Micros>,
    /// Whether the event is dated when it was found, because the source names no time.
    pub is_undated: bool,
}

/// How Dossier came to know what an event of its own says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// From the export of another system. Older versions said this of what a project was filled with as well.
    Import,
    /// By filling a project with what another system shows.
    Fill,
    /// By comparing with another system.
    Comparison,
}

/// Whether a transaction used real money or test money: a property of the transaction, never of a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    Production,
    Sandbox,
}

/// A value that a customer's attribute got at some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeUpdate {
    pub key: String,
    /// `None`: the value was deleted.
    pub value: Option<String>,
    pub updated_at: Moment,
}

/// A customer's participation in an experiment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolment {
    pub experiment_id: String,
    pub variant: String,
    pub enrolled_at: Option<Moment>,
}

/// One line of a Google add-on bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    pub product_id: String,
    pub is_addon: bool,
    pub paid: Option<Money>,
    pub expires_at: Option<Moment>,
}

/// A change of a virtual currency's balance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adjustment {
    pub amount: i64,
    pub code: String,
    pub name: Option<String>,
}

impl Origin {
    const ALL: [Origin; 3] = [Origin::Import, Origin::Fill, Origin::Comparison];

    pub const fn as_str(self) -> &'static str {
        match self {
            Origin::Import => "import",
            Origin::Fill => "fill",
            Origin::Comparison => "comparison",
        }
    }

    pub(super) fn parse(word: &str) -> Option<Origin> {
        Origin::ALL.into_iter().find(|origin| origin.as_str() == word)
    }

    /// How the event came, to be put after it: `imported from an export`.
    pub const fn words(self) -> &'static str {
        match self {
            Origin::Import => "imported from an export",
            Origin::Fill => "imported from RevenueCat",
            Origin::Comparison => "found by comparison",
        }
    }
}

impl Environment {
    pub const fn as_str(self) -> &'static str {
        match self {
            Environment::Production => "production",
            Environment::Sandbox => "sandbox",
        }
    }

    /// The environment whose name in the database this is: `sandbox`.
    pub fn parse_stored(word: &str) -> Option<Environment> {
        [Environment::Production, Environment::Sandbox].into_iter().find(|environment| environment.as_str() == word)
    }

    /// The environment that a sender names, in any case.
    pub(super) fn parse(word: &str) -> Option<Environment> {
        let is_word = |known: &Environment| known.as_str().eq_ignore_ascii_case(word.trim());
        [Environment::Production, Environment::Sandbox].into_iter().find(is_word)
    }
}

impl Event {
    /// The ids that belong to one customer according to this event (§9.3): three fields, in this order. The two lists
    /// of a `TRANSFER` name two customers and are not included.
    pub fn customer_ids(&self) -> impl Iterator<Item = &str> {
        let single = self.app_user_id.iter().chain(&self.original_app_user_id);
        single.chain(&self.aliases).map(String::as_str)
    }

    /// When the event was generated, for people to read. A time more than a day after the event's arrival is not
    /// believed, and the arrival time is used instead (§5.3).
    pub fn generated_at(&self) -> Moment {
        if self.event_at > self.received_at.plus_days(1) { self.received_at } else { self.event_at }
    }

    /// The environment of the purchase; production when the event names none.
    pub fn purchase_environment(&self) -> Environment {
        self.environment.unwrap_or(Environment::Production)
    }

    pub fn is_promotional(&self) -> bool {
        self.store == Some(Store::Promotional)
    }

    /// Whether the event is a refund (§4.2): a cancellation, not of a grant, with the reason `CUSTOMER_SUPPORT` or a
    /// negative price.
    pub fn is_refund(&self) -> bool {
        let is_paid_back = is_paid_back(self.cancel_reason.as_ref(), self.price);
        self.kind == EventType::Cancellation && !self.is_promotional() && is_paid_back
    }
}

/// Whether the reason or the price of a cancellation says that the customer got money back.
pub(super) fn is_paid_back(reason: Option<&Reason>, price: Option<Micros>) -> bool {
    reason == Some(&Reason::CustomerSupport) || price.is_some_and(Micros::is_negative)
}

//! Where a customer's history shows an event (§4.3): its position, its topic for the filter, and in which views.

use sha2::{Digest, Sha256};

use super::kinds::DatedBy;
use super::{Environment, Event, EventType, Reason};
use crate::base::clock::Moment;

/// What a row of the history is about. The filter offers these topics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    Money,
    Access,
    Trouble,
    Identity,
    Other,
}

impl Topic {
    pub const ALL: [Topic; 5] = [Topic::Money, Topic::Access, Topic::Trouble, Topic::Identity, Topic::Other];

    pub const fn as_str(self) -> &'static str {
        match self {
            Topic::Money => "money",
            Topic::Access => "access",
            Topic::Trouble => "trouble",
            Topic::Identity => "identity",
            Topic::Other => "other",
        }
    }

    pub fn parse(word: &str) -> Option<Topic> {
        Topic::ALL.into_iter().find(|topic| topic.as_str() == word)
    }
}

/// Whose history an event is in: a transfer of purchases is in the histories of two customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The customer who lost the purchases.
    Lost,
    /// The customer of the event; for a transfer, the one who received the purchases.
    Own,
}

impl Side {
    pub const fn as_str(self) -> &'static str {
        match self {
            Side::Lost => "lost",
            Side::Own => "own",
        }
    }

    pub fn parse(word: &str) -> Option<Side> {
        [Side::Lost, Side::Own].into_iter().find(|side| side.as_str() == word)
    }
}

/// The view that shows an event: that of its environment, or both if the event names none (§4.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShownIn {
    Only(Environment),
    Both,
}

impl ShownIn {
    pub const fn as_str(self) -> &'static str {
        match self {
            ShownIn::Only(environment) => environment.as_str(),
            ShownIn::Both => "none",
        }
    }

    pub fn parse(word: &str) -> Option<ShownIn> {
        let both = Some(ShownIn::Both).filter(|both| both.as_str() == word);
        both.or_else(|| Environment::parse_stored(word).map(ShownIn::Only))
    }

    /// The environment that the event names.
    pub const fn environment(self) -> Option<Environment> {
        match self {
            ShownIn::Only(environment) => Some(environment),
            ShownIn::Both => None,
        }
    }
}

impl Event {
    /// Where the timeline shows the event: at the store's date if the store gives one, else when it was generated.
    pub fn timeline_at(&self) -> Moment {
        let own = match self.kind.traits().dated_by {
            DatedBy::Purchased => self.purchased_at,
            DatedBy::Ended => self.expires_at,
            DatedBy::Enrolled => self.experiments.first().and_then(|enrolment| enrolment.enrolled_at),
            DatedBy::Generated => None,
        };
        own.unwrap_or_else(|| self.generated_at())
    }

    /// Orders events whose timeline times and event times are equal: effects above causes, then by a hash of the id.
    /// The greater value is shown first.
    pub fn tie(&self) -> i64 {
        let digest = Sha256::digest(self.id.as_bytes());
        let id = digest.iter().take(7).fold(0_i64, |sum, byte| (sum << 8) | i64::from(*byte));
        (i64::from(self.kind.traits().causal_rank) << 56) | id
    }

    pub fn shown_in(&self) -> ShownIn {
        self.environment.map_or(ShownIn::Both, ShownIn::Only)
    }

    pub fn topic(&self) -> Topic {
        match self.kind {
            EventType::InitialPurchase
            | EventType::Renewal
            | EventType::RefundReversed
            | EventType::InvoiceIssuance
            | EventType::VirtualCurrencyTransaction => Topic::Money,
            EventType::NonRenewingPurchase if self.is_promotional() => Topic::Access,
            EventType::NonRenewingPurchase => Topic::Money,
            EventType::Cancellation if self.is_refund() => Topic::Money,
            EventType::Cancellation if self.cancel_reason == Some(Reason::BillingError) => Topic::Trouble,
            EventType::BillingIssue => Topic::Trouble,
            EventType::Expiration if self.expiration_reason == Some(Reason::BillingError) => Topic::Trouble,
            EventType::Cancellation
            | EventType::Uncancellation
            | EventType::Expiration
            | EventType::SubscriptionPaused
            | EventType::SubscriptionExtended
            | EventType::ProductChange
            | EventType::TemporaryEntitlementGrant => Topic::Access,
            EventType::Transfer | EventType::SubscriberAlias => Topic::Identity,
            EventType::ExperimentEnrollment
            | EventType::OfferingOverrideEnded
            | EventType::Test
            | EventType::Other(_) => Topic::Other,
        }
    }
}

//! Where a customer's history shows an event (§4.3): its position, its topic for the filter, and in which views. The history
//! stores the numbers of the words here, which stay what they are.

use sha2::{Digest, Sha256};

use super::kinds::DatedBy;
use super::{Environment, Event, EventType, Reason};
use crate::base::clock::Moment;

/// How many bits of [`Event::tie`] are a hash.
const HASH_BITS: u32 = 27;

/// What a row of the history is about. The filter offers these topics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    Money = 0,
    Access = 1,
    Trouble = 2,
    Identity = 3,
    Other = 4,
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

    pub const fn number(self) -> i16 {
        self as i16
    }

    pub fn from_number(number: i16) -> Option<Topic> {
        Topic::ALL.into_iter().find(|topic| topic.number() == number)
    }
}

/// Whose history an event is in: a transfer of purchases is in the histories of two customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The customer of the event; for a transfer, the one who received the purchases.
    Own = 0,
    /// The customer who lost the purchases.
    Lost = 1,
}

impl Side {
    pub const fn number(self) -> i16 {
        self as i16
    }

    pub fn from_number(number: i16) -> Option<Side> {
        [Side::Own, Side::Lost].into_iter().find(|side| side.number() == number)
    }
}

/// The view that shows an event: that of its environment, or both if the event names none (§4.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShownIn {
    Only(Environment),
    Both,
    /// The event names an environment that this version does not know. It is shown with sandbox data, but nobody may take
    /// it for a test.
    Unsure,
}

impl ShownIn {
    const ALL: [ShownIn; 4] =
        [ShownIn::Only(Environment::Production), ShownIn::Only(Environment::Sandbox), ShownIn::Both, ShownIn::Unsure];

    /// What the view of an environment shows.
    pub const fn in_view(environment: Environment) -> [ShownIn; 3] {
        match environment {
            Environment::Production => [ShownIn::Only(environment), ShownIn::Both, ShownIn::Both],
            Environment::Sandbox => [ShownIn::Only(environment), ShownIn::Both, ShownIn::Unsure],
        }
    }

    pub const fn number(self) -> i16 {
        match self {
            ShownIn::Only(Environment::Production) => 0,
            ShownIn::Only(Environment::Sandbox) => 1,
            ShownIn::Both => 2,
            ShownIn::Unsure => 3,
        }
    }

    pub fn from_number(number: i16) -> Option<ShownIn> {
        ShownIn::ALL.into_iter().find(|views| views.number() == number)
    }

    /// The environment in which the event counts, unless that is both.
    pub const fn environment(self) -> Option<Environment> {
        match self {
            ShownIn::Only(environment) => Some(environment),
            ShownIn::Both => None,
            ShownIn::Unsure => Some(Environment::Sandbox),
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

    /// Orders events whose timeline times and event times are equal: effects above causes, then by a hash of the id, of
    /// which 27 bits fit. The greater value is shown first.
    pub fn tie(&self) -> i32 {
        let digest = Sha256::digest(self.id.as_bytes());
        let id = digest.iter().take(4).fold(0_u32, |sum, byte| (sum << 8) | u32::from(*byte)) >> (32 - HASH_BITS);
        (i32::from(self.kind.traits().causal_rank) << HASH_BITS) | id.cast_signed()
    }

    pub fn shown_in(&self) -> ShownIn {
        match self.unknown_environment {
            Some(_) => ShownIn::Unsure,
            None => self.environment.map_or(ShownIn::Both, ShownIn::Only),
        }
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
            EventType::Transfer | EventType::SubscriberAlias | EventType::CustomerDetails => Topic::Identity,
            EventType::ExperimentEnrollment
            | EventType::OfferingOverrideEnded
            | EventType::Test
            | EventType::Other(_) => Topic::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::Delivery;

    #[test]
    fn every_word_has_a_number_of_its_own() {
        for topic in Topic::ALL {
            assert_eq!(Topic::from_number(topic.number()), Some(topic));
        }
        for views in ShownIn::ALL {
            assert_eq!(ShownIn::from_number(views.number()), Some(views));
        }
        for side in [Side::Own, Side::Lost] {
            assert_eq!(Side::from_number(side.number()), Some(side));
        }
        assert_eq!((Topic::from_number(9), ShownIn::from_number(-1), Side::from_number(2)), (None, None, None));
    }

    /// Histories of earlier versions had 56 bits of the hash; the migration takes 27 of them.
    #[test]
    fn a_tie_is_the_rank_and_then_the_hash() {
        let tie = |kind| {
            let body = format!("{{\"event\":{{\"id\":\"a\",\"type\":\"{kind}\"}}}}");
            Delivery::read_stored(&body, Moment(0)).expect("an event").tie()
        };
        let wide = |rank: i64| rank << 56 | 0xCA_97_81_12_CA_1B_BD;
        assert_eq!(i64::from(tie("INITIAL_PURCHASE")), wide(0) >> 29);
        assert_eq!(i64::from(tie("TRANSFER")), wide(9) >> 29);
    }
}

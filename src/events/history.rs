//! Where an event stands in a customer's history (§4.3), under which topic the filter finds it, and what its row tells.

use sha2::{Digest, Sha256};

use super::{Event, EventType, Reason};
use crate::base::app_user_id::is_anonymous;
use crate::base::clock::Moment;

/// What a row of the history is about; the filter's choices.
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

    /// The topic of a word; `None` for a word that names none.
    pub fn parse(word: &str) -> Option<Topic> {
        Topic::ALL.into_iter().find(|topic| topic.as_str() == word)
    }
}

/// How many ids of a list a row may name or count.
const SUMMARY_IDS: usize = 110;

/// Ids the app gave before anonymous ones.
fn identified_first(ids: &[String]) -> impl Iterator<Item = &String> {
    let (anonymous, identified): (Vec<&String>, Vec<&String>) = ids.iter().partition(|id| is_anonymous(id));
    identified.into_iter().chain(anonymous)
}

impl Event {
    /// When the timeline shows it: the store's clock for what the store dates, else the clock that noticed it.
    pub fn timeline_at(&self) -> Moment {
        let own = match self.kind {
            EventType::InitialPurchase
            | EventType::Renewal
            | EventType::NonRenewingPurchase
            | EventType::TemporaryEntitlementGrant
            | EventType::InvoiceIssuance => self.purchased_at,
            EventType::Expiration => self.expires_at,
            EventType::ExperimentEnrollment => self.experiments.first().and_then(|enrolment| enrolment.enrolled_at),
            _ => None,
        };
        own.unwrap_or_else(|| self.generated_at())
    }

    /// Orders events of the same two times: effects above causes, then by id. Greater comes first.
    pub fn tie(&self) -> i64 {
        let digest = Sha256::digest(self.id.as_bytes());
        let id = digest.iter().take(7).fold(0_i64, |sum, byte| (sum << 8) | i64::from(*byte));
        (i64::from(self.kind.causal_rank()) << 56) | id
    }

    /// The environment whose view shows it; both do when it has none (§4.5).
    pub fn environment_word(&self) -> &'static str {
        self.environment.map_or("none", |environment| environment.as_str())
    }

    /// What a row of the history tells, as JSON: the event without attributes, and without ids unless it is about them.
    /// A page of history reads these instead of bodies, which may be a thousand times as long.
    pub fn summary(&self) -> String {
        let names_ids = self.kind == EventType::SubscriberAlias;
        let of_aliases = |ids: &[String]| ids.iter().filter(|_| names_ids).take(SUMMARY_IDS).cloned().collect();
        let name = |id: &Option<String>| id.clone().filter(|_| names_ids);
        let short = |ids: &[String]| identified_first(ids).take(SUMMARY_IDS).cloned().collect();
        let summary = Event {
            event_at: self.generated_at(),
            attributes: Vec::new(),
            aliases: of_aliases(&self.aliases),
            app_user_id: name(&self.app_user_id),
            original_app_user_id: name(&self.original_app_user_id),
            transferred_from: short(&self.transferred_from),
            transferred_to: short(&self.transferred_to),
            ..self.clone()
        };
        // Strings, numbers and lists: writing them as JSON cannot fail.
        serde_json::to_string(&summary).unwrap_or_default()
    }

    /// The event as far as [`Event::summary`] keeps it; `None` for what that did not write.
    pub fn from_summary(summary: &str) -> Option<Event> {
        serde_json::from_str(summary).ok()
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

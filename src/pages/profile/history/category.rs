//! The kind of row that an event becomes, by the first matching line of the table in §4.2. It alone decides icon,
//! colour and verb.

use crate::events::{Event, EventType, PeriodType, Reason};

/// A line of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Category {
    Trial,
    Intro,
    Start,
    Converted,
    Renewed,
    Granted,
    Bought,
    PreferenceChanged,
    GrantRemoved,
    Refunded,
    OptedOut,
    PriceIncrease,
    BillingCancel,
    DeveloperCancel,
    UnknownCancel,
    Resubscribed,
    Grace,
    BillingIssue,
    Expired,
    PauseAsked,
    Extended,
    RefundReversed,
    Transferred,
    Temporary,
    Invoice,
    Currency,
    Enrolled,
    Alias,
    /// The project's default replaces an offering that the team had chosen until a day.
    OverrideEnded,
    /// A type that this version does not know, shown by its own name.
    Unknown,
}

impl Category {
    pub fn from_event(event: &Event) -> Category {
        match event.kind {
            EventType::InitialPurchase => match event.period_type {
                Some(PeriodType::Trial) => Category::Trial,
                Some(PeriodType::Intro) => Category::Intro,
                Some(PeriodType::Normal | PeriodType::Promotional | PeriodType::Prepaid | PeriodType::Other(_))
                | None => Category::Start,
            },
            EventType::Renewal if event.is_trial_conversion => Category::Converted,
            EventType::Renewal => Category::Renewed,
            EventType::NonRenewingPurchase if event.is_promotional() => Category::Granted,
            EventType::NonRenewingPurchase => Category::Bought,
            EventType::ProductChange => Category::PreferenceChanged,
            EventType::Cancellation => Category::of_cancellation(event),
            EventType::Uncancellation => Category::Resubscribed,
            EventType::BillingIssue if event.grace_expires_at.is_some() => Category::Grace,
            EventType::BillingIssue => Category::BillingIssue,
            EventType::Expiration => Category::Expired,
            EventType::SubscriptionPaused => Category::PauseAsked,
            EventType::SubscriptionExtended => Category::Extended,
            EventType::RefundReversed => Category::RefundReversed,
            EventType::Transfer => Category::Transferred,
            EventType::TemporaryEntitlementGrant => Category::Temporary,
            EventType::InvoiceIssuance => Category::Invoice,
            EventType::VirtualCurrencyTransaction => Category::Currency,
            EventType::ExperimentEnrollment => Category::Enrolled,
            EventType::SubscriberAlias => Category::Alias,
            EventType::OfferingOverrideEnded => Category::OverrideEnded,
            EventType::Test | EventType::Other(_) => Category::Unknown,
        }
    }

    fn of_cancellation(event: &Event) -> Category {
        match event.cancel_reason {
            _ if event.is_promotional() => Category::GrantRemoved,
            _ if event.is_refund() => Category::Refunded,
            Some(Reason::Unsubscribe) => Category::OptedOut,
            Some(Reason::PriceIncrease) => Category::PriceIncrease,
            Some(Reason::BillingError) => Category::BillingCancel,
            Some(Reason::DeveloperInitiated) => Category::DeveloperCancel,
            Some(
                Reason::CustomerSupport
                | Reason::Unknown
                | Reason::SubscriptionPaused
                | Reason::UnknownDueToImport
                | Reason::Other(_),
            )
            | None => Category::UnknownCancel,
        }
    }

    /// The name of an icon in the sprite, and the class of a colour family.
    pub const fn icon_and_tone(self) -> (&'static str, &'static str) {
        match self {
            Category::Trial => ("trial", "tone-trial"),
            Category::Intro | Category::Start => ("start", "tone-good"),
            Category::Converted => ("convert", "tone-good"),
            Category::Renewed => ("renew", "tone-good"),
            Category::Granted => ("grant", "tone-gift"),
            Category::Bought => ("purchase", "tone-good"),
            Category::PreferenceChanged => ("change", "tone-accent"),
            Category::GrantRemoved => ("remove", "tone-bad"),
            Category::Refunded => ("refund", "tone-bad"),
            Category::OptedOut | Category::PriceIncrease | Category::DeveloperCancel | Category::UnknownCancel => {
                ("cancel", "tone-warn")
            }
            Category::BillingCancel => ("billing", "tone-bad"),
            Category::Resubscribed => ("resubscribe", "tone-good"),
            Category::Grace => ("grace", "tone-warn"),
            Category::BillingIssue => ("billing", "tone-warn"),
            Category::Expired => ("expire", "tone-bad"),
            Category::PauseAsked => ("pause", "tone-warn"),
            Category::Extended => ("extend", "tone-good"),
            Category::RefundReversed => ("refund-reversed", "tone-good"),
            Category::Transferred => ("transfer", "tone-accent"),
            Category::Temporary => ("temporary", "tone-good"),
            Category::Invoice => ("invoice", "tone-quiet"),
            Category::Currency => ("coins", "tone-accent"),
            Category::Enrolled => ("experiment", "tone-accent"),
            Category::Alias => ("alias", "tone-quiet"),
            Category::OverrideEnded => ("change", "tone-quiet"),
            Category::Unknown => ("unknown", "tone-quiet"),
        }
    }

    /// Whether the row is about an amount of money (§4.1).
    pub const fn is_about_money(self) -> bool {
        let is_other = matches!(self, Category::Refunded | Category::RefundReversed | Category::Invoice);
        is_other || (self.is_purchase() && !matches!(self, Category::Trial))
    }

    /// Whether the row is a purchase, which mentions the offer code and the shown offering.
    pub const fn is_purchase(self) -> bool {
        matches!(
            self,
            Category::Trial
                | Category::Intro
                | Category::Start
                | Category::Converted
                | Category::Renewed
                | Category::Bought
        )
    }
}

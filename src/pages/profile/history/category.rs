//! The kind of row that an event becomes, by the first matching line of the table in §4.2. It alone decides icon,
//! colour and verb.

use crate::events::{EventType, PeriodType, Reason, Summary};

/// Makes the categories from a table: the name of an icon in the sprite, the class of a colour family, and what the
/// row shows of money.
macro_rules! categories {
    ($($(#[$doc:meta])* $name:ident: $icon:literal, $tone:literal, $amount:ident;)+) => {
        /// A line of the table.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Category {
            $($(#[$doc])* $name,)+
        }

        impl Category {
            /// The name of an icon in the sprite, and the class of a colour family.
            pub const fn icon_and_tone(self) -> (&'static str, &'static str) {
                match self { $(Category::$name => ($icon, $tone),)+ }
            }

            const fn about(self) -> About {
                match self { $(Category::$name => About::$amount,)+ }
            }
        }
    };
}

/// What a row shows of a purchase and of money (§4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    /// A purchase with its price.
    Purchase,
    /// A purchase that cost nothing.
    FreePurchase,
    /// Money that is not paid for a new purchase.
    Money,
    Other,
}

categories! {
    Trial: "trial", "tone-trial", FreePurchase;
    Intro: "start", "tone-good", Purchase;
    Start: "start", "tone-good", Purchase;
    Converted: "convert", "tone-good", Purchase;
    Renewed: "renew", "tone-good", Purchase;
    Granted: "grant", "tone-gift", Other;
    Bought: "purchase", "tone-good", Purchase;
    PreferenceChanged: "change", "tone-accent", Other;
    GrantRemoved: "remove", "tone-bad", Other;
    Refunded: "refund", "tone-bad", Money;
    OptedOut: "cancel", "tone-warn", Other;
    PriceIncrease: "cancel", "tone-warn", Other;
    BillingCancel: "billing", "tone-bad", Other;
    DeveloperCancel: "cancel", "tone-warn", Other;
    UnknownCancel: "cancel", "tone-warn", Other;
    Resubscribed: "resubscribe", "tone-good", Other;
    Grace: "grace", "tone-warn", Other;
    BillingIssue: "billing", "tone-warn", Other;
    Expired: "expire", "tone-bad", Other;
    PauseAsked: "pause", "tone-warn", Other;
    Extended: "extend", "tone-good", Other;
    RefundReversed: "refund-reversed", "tone-good", Money;
    Transferred: "transfer", "tone-accent", Other;
    Temporary: "temporary", "tone-good", Other;
    Invoice: "invoice", "tone-quiet", Money;
    Currency: "coins", "tone-accent", Other;
    Enrolled: "experiment", "tone-accent", Other;
    Alias: "alias", "tone-quiet", Other;
    /// The project's default replaces an offering that the team had chosen until a day.
    OverrideEnded: "change", "tone-quiet", Other;
    /// What another system knew of the customer.
    Details: "alias", "tone-quiet", Other;
    /// A type that this version does not know, shown by its own name.
    Unknown: "unknown", "tone-quiet", Other;
}

impl Category {
    pub fn from_event(event: &Summary) -> Category {
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
            EventType::CustomerDetails => Category::Details,
            EventType::Test | EventType::Other(_) => Category::Unknown,
        }
    }

    fn of_cancellation(event: &Summary) -> Category {
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

    /// Whether the row is about an amount of money (§4.1).
    pub const fn is_about_money(self) -> bool {
        match self.about() {
            About::Purchase | About::Money => true,
            About::FreePurchase | About::Other => false,
        }
    }

    /// Whether the row is a purchase, which mentions the offer code and the shown offering.
    pub const fn is_purchase(self) -> bool {
        match self.about() {
            About::Purchase | About::FreePurchase => true,
            About::Money | About::Other => false,
        }
    }
}

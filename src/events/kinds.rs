//! The words of the protocol: event types, stores, period types and reasons (§5.2, §5.4). All lists are open:
//! an unknown word is kept unchanged in `Other`.

use serde::{Deserialize, Serialize};

macro_rules! open_words {
    ($(#[$doc:meta])* $name:ident { $($(#[$remark:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(from = "String", into = "String")]
        pub enum $name {
            $($(#[$remark])* $variant,)*
            /// A word that this version does not know.
            Other(String),
        }

        impl $name {
            /// The word that the protocol uses.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)*
                    Self::Other(word) => word,
                }
            }

            /// The words of all variants except `Other`.
            pub const KNOWN: &'static [&'static str] = &[$($word),*];
        }

        impl From<String> for $name {
            fn from(word: String) -> Self {
                match word.as_str() {
                    $($word => Self::$variant,)*
                    _ => Self::Other(word),
                }
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.as_str().to_owned()
            }
        }
    };
}

open_words!(
    /// What happened (§5.2).
    EventType {
        Test = "TEST",
        InitialPurchase = "INITIAL_PURCHASE",
        Renewal = "RENEWAL",
        Cancellation = "CANCELLATION",
        Uncancellation = "UNCANCELLATION",
        NonRenewingPurchase = "NON_RENEWING_PURCHASE",
        SubscriptionPaused = "SUBSCRIPTION_PAUSED",
        Expiration = "EXPIRATION",
        BillingIssue = "BILLING_ISSUE",
        ProductChange = "PRODUCT_CHANGE",
        Transfer = "TRANSFER",
        SubscriptionExtended = "SUBSCRIPTION_EXTENDED",
        TemporaryEntitlementGrant = "TEMPORARY_ENTITLEMENT_GRANT",
        RefundReversed = "REFUND_REVERSED",
        InvoiceIssuance = "INVOICE_ISSUANCE",
        VirtualCurrencyTransaction = "VIRTUAL_CURRENCY_TRANSACTION",
        ExperimentEnrollment = "EXPERIMENT_ENROLLMENT",
        SubscriberAlias = "SUBSCRIBER_ALIAS",
        /// Dossier makes it when an offering override with an end date ends.
        OfferingOverrideEnded = "OFFERING_OVERRIDE_ENDED",
    }
);

open_words!(
    /// Where a purchase was made (§1).
    Store {
        Amazon = "AMAZON",
        AppStore = "APP_STORE",
        MacAppStore = "MAC_APP_STORE",
        Paddle = "PADDLE",
        PlayStore = "PLAY_STORE",
        Promotional = "PROMOTIONAL",
        WebBilling = "RC_BILLING",
        Roku = "ROKU",
        Stripe = "STRIPE",
        TestStore = "TEST_STORE",
    }
);

open_words!(
    /// What kind of period was bought (§5.4).
    PeriodType {
        Trial = "TRIAL",
        Intro = "INTRO",
        Normal = "NORMAL",
        Promotional = "PROMOTIONAL",
        Prepaid = "PREPAID",
    }
);

open_words!(
    /// Why a purchase was cancelled or expired (§5.4).
    Reason {
        Unsubscribe = "UNSUBSCRIBE",
        BillingError = "BILLING_ERROR",
        DeveloperInitiated = "DEVELOPER_INITIATED",
        PriceIncrease = "PRICE_INCREASE",
        CustomerSupport = "CUSTOMER_SUPPORT",
        Unknown = "UNKNOWN",
        SubscriptionPaused = "SUBSCRIPTION_PAUSED",
        UnknownDueToImport = "UNKNOWN_DUE_TO_IMPORT",
    }
);

impl Store {
    /// The store's name for people to read.
    pub fn name(&self) -> &str {
        match self {
            Store::Amazon => "Amazon Appstore",
            Store::AppStore => "App Store",
            Store::MacAppStore => "Mac App Store",
            Store::Paddle => "Paddle",
            Store::PlayStore => "Google Play",
            Store::Promotional => "Granted",
            Store::WebBilling => "Web Billing",
            Store::Roku => "Roku",
            Store::Stripe => "Stripe",
            Store::TestStore => "Test Store",
            Store::Other(word) => word,
        }
    }
}

impl Reason {
    /// The reason in words, for use inside a sentence.
    pub fn words(&self) -> &str {
        match self {
            Reason::Unsubscribe => "renewal was switched off",
            Reason::BillingError => "billing error",
            Reason::DeveloperInitiated => "ended by the developer",
            Reason::PriceIncrease => "price increase not accepted",
            Reason::CustomerSupport => "refunded",
            Reason::Unknown => "the store gave no reason",
            Reason::SubscriptionPaused => "paused",
            Reason::UnknownDueToImport => "reason unknown, imported",
            Reason::Other(word) => word,
        }
    }
}

impl EventType {
    /// Orders events of nearly the same time: causes have lower ranks than their effects (§6.3).
    pub fn causal_rank(&self) -> u8 {
        match self {
            EventType::InitialPurchase | EventType::NonRenewingPurchase | EventType::TemporaryEntitlementGrant => 0,
            EventType::ProductChange => 1,
            EventType::Renewal => 2,
            EventType::Uncancellation | EventType::SubscriptionExtended => 3,
            EventType::SubscriptionPaused => 4,
            EventType::BillingIssue => 5,
            EventType::Cancellation => 6,
            EventType::RefundReversed => 7,
            EventType::Expiration => 8,
            _ => 9,
        }
    }
}

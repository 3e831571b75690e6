//! The words of the protocol: event types, stores, period types and reasons (§5.2, §5.4). All lists are open:
//! an unknown word is kept unchanged in `Other`, and a known one is known in any case. Each list is one table: a word, and
//! what follows from it. The database names a word by its place in the table, so a new word is added at the end.

use serde::{Deserialize, Serialize};

macro_rules! open_words {
    ($(#[$doc:meta])* $name:ident { $($(#[$remark:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        open_words!(@words $(#[$doc])* $name { $($(#[$remark])* $variant = $word),* });
    };
    // With a property that each word has; the last one is for words that this version does not know.
    ($(#[$doc:meta])* $name:ident has $property:ident: $type:ty {
        $($(#[$remark:meta])* $variant:ident = $word:literal: $value:expr),* ; $other:expr
    }) => {
        open_words!(@words $(#[$doc])* $name { $($(#[$remark])* $variant = $word),* });

        impl $name {
            pub(crate) const fn $property(&self) -> $type {
                match self {
                    $(Self::$variant => $value,)*
                    Self::Other(_) => $other,
                }
            }
        }
    };
    (@words $(#[$doc:meta])* $name:ident { $($(#[$remark:meta])* $variant:ident = $word:literal),* }) => {
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

            const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The place of the word in the table, from 1; 0 for a word that this version does not know.
            pub fn number(&self) -> u8 {
                (1..).zip(Self::ALL).find(|(_, known)| *known == self).map_or(0, |(number, _)| number)
            }

            /// The known word at this place.
            pub(crate) fn from_number(number: u8) -> Option<Self> {
                Self::ALL.get(usize::from(number.checked_sub(1)?)).cloned()
            }
        }

        impl From<String> for $name {
            /// The protocol writes words in capitals; some senders do not, and put spaces around them.
            fn from(word: String) -> Self {
                let is_word = |(known, _): &(&&str, &Self)| known.eq_ignore_ascii_case(word.trim());
                let known = Self::KNOWN.iter().zip(Self::ALL).find(is_word).map(|(_, known)| known.clone());
                known.unwrap_or(Self::Other(word))
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
    EventType has traits: Traits {
        Test = "TEST": row(Nothing, 9, Generated),
        InitialPurchase = "INITIAL_PURCHASE": row(Purchase(Begin), 0, Purchased),
        Renewal = "RENEWAL": row(Purchase(Renew), 2, Purchased),
        Cancellation = "CANCELLATION": row(Purchase(Cancel), 6, Generated),
        Uncancellation = "UNCANCELLATION": row(Purchase(Uncancel), 3, Generated),
        NonRenewingPurchase = "NON_RENEWING_PURCHASE": row(Purchase(BuyOnce), 0, Purchased),
        SubscriptionPaused = "SUBSCRIPTION_PAUSED": row(Purchase(Pause), 4, Generated),
        Expiration = "EXPIRATION": row(Purchase(Expire), 8, Ended),
        BillingIssue = "BILLING_ISSUE": row(Purchase(FailBilling), 5, Generated),
        ProductChange = "PRODUCT_CHANGE": row(Purchase(ChangeProduct), 1, Generated),
        Transfer = "TRANSFER": row(Changes::Transfer, 9, Generated),
        SubscriptionExtended = "SUBSCRIPTION_EXTENDED": row(Purchase(Extend), 3, Generated),
        TemporaryEntitlementGrant = "TEMPORARY_ENTITLEMENT_GRANT": row(Purchase(GrantTemporarily), 0, Purchased),
        RefundReversed = "REFUND_REVERSED": row(Purchase(ReverseRefund), 7, Generated),
        InvoiceIssuance = "INVOICE_ISSUANCE": row(Nothing, 9, Purchased),
        VirtualCurrencyTransaction = "VIRTUAL_CURRENCY_TRANSACTION": row(Balance, 9, Generated),
        ExperimentEnrollment = "EXPERIMENT_ENROLLMENT": row(Nothing, 9, Enrolled),
        SubscriberAlias = "SUBSCRIBER_ALIAS": row(Nothing, 9, Generated),
        /// Dossier makes it when an offering override with an end date ends.
        OfferingOverrideEnded = "OFFERING_OVERRIDE_ENDED": row(Nothing, 9, Generated),
        /// Dossier makes it of what another system knows of a customer.
        CustomerDetails = "CUSTOMER_DETAILS": row(Nothing, 9, Generated);
        row(Nothing, 9, Generated)
    }
);

/// What follows from the type of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traits {
    pub changes: Changes,
    /// Orders events of nearly the same time: causes have lower ranks than their effects (§6.3).
    pub causal_rank: u8,
    pub dated_by: DatedBy,
}

const fn row(changes: Changes, causal_rank: u8, dated_by: DatedBy) -> Traits {
    Traits { changes, causal_rank, dated_by }
}

/// What an event changes, apart from what every event says of its customer: dates, ids, country, attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changes {
    Nothing,
    Purchase(PurchaseChange),
    /// Moves purchases from one customer to another.
    Transfer,
    /// Changes the balances of virtual currencies.
    Balance,
}

/// What an event changes about its purchase (§6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PurchaseChange {
    Begin,
    Renew,
    BuyOnce,
    ChangeProduct,
    Cancel,
    Uncancel,
    FailBilling,
    Expire,
    Pause,
    Extend,
    ReverseRefund,
    GrantTemporarily,
}

/// The date at which the timeline shows an event, if the event has that date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatedBy {
    /// When the event was generated.
    Generated,
    /// When the period or the access began.
    Purchased,
    /// When access ended.
    Ended,
    /// When the customer entered the experiment.
    Enrolled,
}

use Changes::{Balance, Nothing, Purchase};
use DatedBy::{Ended, Enrolled, Generated, Purchased};
use PurchaseChange::{
    Begin, BuyOnce, Cancel, ChangeProduct, Expire, Extend, FailBilling, GrantTemporarily, Pause, Renew, ReverseRefund,
    Uncancel,
};

open_words!(
    /// Where a purchase was made (§1).
    Store has known_name: Option<&'static str> {
        Amazon = "AMAZON": Some("Amazon Appstore"),
        AppStore = "APP_STORE": Some("App Store"),
        MacAppStore = "MAC_APP_STORE": Some("Mac App Store"),
        Paddle = "PADDLE": Some("Paddle"),
        PlayStore = "PLAY_STORE": Some("Google Play"),
        Promotional = "PROMOTIONAL": Some("Granted"),
        WebBilling = "RC_BILLING": Some("Web Billing"),
        Roku = "ROKU": Some("Roku"),
        Stripe = "STRIPE": Some("Stripe"),
        TestStore = "TEST_STORE": Some("Test Store");
        None
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
    Reason has known_words: Option<&'static str> {
        Unsubscribe = "UNSUBSCRIBE": Some("renewal was switched off"),
        BillingError = "BILLING_ERROR": Some("billing error"),
        DeveloperInitiated = "DEVELOPER_INITIATED": Some("ended by the developer"),
        PriceIncrease = "PRICE_INCREASE": Some("price increase not accepted"),
        CustomerSupport = "CUSTOMER_SUPPORT": Some("refunded"),
        Unknown = "UNKNOWN": Some("the store gave no reason"),
        SubscriptionPaused = "SUBSCRIPTION_PAUSED": Some("paused"),
        UnknownDueToImport = "UNKNOWN_DUE_TO_IMPORT": Some("reason unknown, imported");
        None
    }
);

impl Store {
    /// The store that an event names. An unknown one is known again in any case: two spellings are not two stores.
    pub(super) fn named(word: String) -> Store {
        Store::from(word.trim().to_ascii_uppercase())
    }

    /// The store's name for people to read.
    pub fn name(&self) -> &str {
        self.known_name().unwrap_or_else(|| self.as_str())
    }
}

impl Reason {
    /// The reason in words, for use inside a sentence.
    pub fn words(&self) -> &str {
        self.known_words().unwrap_or_else(|| self.as_str())
    }
}

impl EventType {
    /// Whether a period begins with the event: see [`PurchaseChange::begins_period`].
    pub fn begins_period(&self) -> bool {
        match self.traits().changes {
            Purchase(change) => change.begins_period(),
            Nothing | Changes::Transfer | Balance => false,
        }
    }
}

impl PurchaseChange {
    /// Whether a period begins with the event, which then says what was paid for it.
    pub fn begins_period(self) -> bool {
        match self {
            Begin | Renew | BuyOnce => true,
            ChangeProduct | Cancel | Uncancel | FailBilling | Expire | Pause | Extend | ReverseRefund
            | GrantTemporarily => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_known_in_any_case_and_unknown_ones_stay_as_they_came() {
        let owned = |word: &str| word.to_owned();
        assert_eq!(EventType::from(owned("initial_purchase")), EventType::InitialPurchase);
        assert_eq!(PeriodType::from(owned(" Trial ")), PeriodType::Trial);
        assert_eq!(Reason::from(owned("customer_support")), Reason::CustomerSupport);
        assert_eq!(Store::from(owned("Promotional")), Store::Promotional);
        assert_eq!(EventType::from(owned("paywall_Impression")), EventType::Other(owned("paywall_Impression")));
        assert_eq!(Store::named(owned("mars_store")), Store::Other(owned("MARS_STORE")));
    }
}

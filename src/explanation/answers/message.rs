//! The closed set of sentences that an answer is made of: one row each, with what it is about. Each language has a file with
//! the same keys, and a test holds them together.

use fluent_bundle::{FluentArgs, FluentValue};

use super::Writing;
use super::named::{Charger, Named};
use crate::base::clock::Moment;
use crate::base::money::Money;

/// What a sentence is told about, as variables for the files of the languages.
pub(super) trait Argument {
    /// The endings of the variables that the argument becomes.
    #[cfg(test)]
    const VARIABLES: &'static [&'static str];

    fn put(&self, name: &'static str, writing: &Writing, into: &mut Arguments);
}

/// Variables and their values.
#[derive(Default)]
pub(super) struct Arguments(FluentArgs<'static>);

impl Arguments {
    pub fn set(&mut self, name: &'static str, ending: &str, value: impl Into<String>) {
        self.0.set(format!("{name}{ending}"), FluentValue::String(value.into().into()));
    }

    pub fn values(&self) -> &FluentArgs<'static> {
        &self.0
    }
}

/// A day, as the customer writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day(pub Moment);

/// A day and a time of day, with the zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Minute(pub Moment);

impl Argument for Day {
    #[cfg(test)]
    const VARIABLES: &'static [&'static str] = &[""];

    fn put(&self, name: &'static str, writing: &Writing, into: &mut Arguments) {
        into.set(name, "", writing.day(self.0));
    }
}

impl Argument for Minute {
    #[cfg(test)]
    const VARIABLES: &'static [&'static str] = &[""];

    fn put(&self, name: &'static str, writing: &Writing, into: &mut Arguments) {
        into.set(name, "", writing.day_and_time(self.0));
    }
}

impl Argument for Money {
    #[cfg(test)]
    const VARIABLES: &'static [&'static str] = &[""];

    fn put(&self, name: &'static str, writing: &Writing, into: &mut Arguments) {
        into.set(name, "", writing.amount(self));
    }
}

/// What may be unknown: the files ask `$on_known`.
impl<T: Argument> Argument for Option<T> {
    #[cfg(test)]
    const VARIABLES: &'static [&'static str] = &["", "_known"];

    fn put(&self, name: &'static str, writing: &Writing, into: &mut Arguments) {
        into.set(name, "_known", if self.is_some() { "yes" } else { "no" });
        match self {
            Some(value) => value.put(name, writing, into),
            None => into.set(name, "", ""),
        }
    }
}

macro_rules! messages {
    ($($name:ident $key:literal { $($argument:ident: $kind:ty),* })*) => {
        /// A sentence of an answer; the words are in the files of the languages.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Message {
            $($name { $($argument: $kind),* }),*
        }

        impl Message {
            /// The name in the files of the languages.
            pub(super) const fn key(&self) -> &'static str {
                match self {
                    $(Message::$name { .. } => $key),*
                }
            }

            pub(super) fn arguments(&self, writing: &Writing) -> Arguments {
                let mut all = Arguments::default();
                match self {
                    $(Message::$name { $($argument),* } => { $($argument.put(stringify!($argument), writing, &mut all);)* })*
                }
                all
            }
        }

        /// Each key with the variables that its sentence may use.
        #[cfg(test)]
        pub(super) fn table() -> Vec<(&'static str, Vec<String>)> {
            vec![$(($key, {
                let all: Vec<(&str, &[&str])> = vec![$((stringify!($argument), <$kind as Argument>::VARIABLES)),*];
                all.iter().flat_map(|(name, endings)| endings.iter().map(move |end| format!("{name}{end}"))).collect()
            })),*]
        }
    };
}

messages! {
    // Access.
    Have "have" { access: Named, until: Option<Day> }
    Renews "renews" { product: Named, until: Day }
    Changes "changes" { product: Named, new_product: Named, until: Day }
    Family "family" { access: Named, until: Day }
    Introductory "introductory" { product: Named, until: Day, store: Charger }
    TrialRuns "trial-runs" { product: Named, until: Day, store: Charger }
    TrialEnds "trial-ends" { product: Named, until: Day, store: Charger }
    RenewalOff "renewal-off" { store: Charger }
    ApartRenews "apart-renews" { product: Named, until: Day, store: Charger }
    Granted "granted" { access: Named, until: Option<Day> }
    Owned "owned" { product: Named }
    DoesNotRenew "does-not-renew" {}
    Unconfirmed "unconfirmed" { access: Named, until: Minute, store: Charger }
    Restore "restore" {}
    LogIn "log-in" {}
    // Payments.
    PaymentFailed "payment-failed" { product: Named, on: Option<Day>, store: Charger }
    KeepUntil "keep-until" { access: Named, until: Day, store: Charger }
    TrialPaymentFailed "trial-payment-failed" { product: Named, on: Day, store: Charger }
    PaymentBringsBack "payment-brings-back" { store: Charger }
    CheckPayment "check-payment" { store: Charger }
    Refunded "refunded" { amount: Option<Money>, product: Named, on: Day }
    AccessEnded "access-ended" {}
    RenewalStillOn "renewal-still-on" { on: Option<Day>, store: Charger }
    ChargedThen "charged-then" { store: Charger }
    RefundReversed "refund-reversed" { product: Named, on: Day }
    NotCharged "not-charged" {}
    Received "received" { product: Named }
    // Ends.
    PauseFollows "pause-follows" { until: Option<Day> }
    RemovePause "remove-pause" { store: Charger }
    Paused "paused" { access: Named, on: Day }
    Resumes "resumes" { on: Option<Day>, store: Charger }
    Ended "ended" { product: Named, on: Day }
    TrialOver "trial-over" { product: Named, on: Day }
    PriceNotAccepted "price-not-accepted" { product: Named, on: Day }
    WasPaidUntil "was-paid-until" { product: Named, until: Day }
    RenewalWasOff "renewal-was-off" { on: Option<Day> }
    Replaced "replaced" { product: Named, new_product: Named, on: Day }
    PrepaidOver "prepaid-over" { product: Named, until: Day }
    GrantOver "grant-over" { access: Named, until: Day }
    GrantRemoved "grant-removed" { access: Named, from: Day, on: Day }
    UnconfirmedEnded "unconfirmed-ended" { on: Day, store: Charger }
    Subscribe "subscribe" {}
    BuyAgain "buy-again" {}
    // No purchase.
    NoRecord "no-record" {}
    SendOrder "send-order" {}
    NoAccessYet "no-access-yet" {}
    TestPurchase "test-purchase" {}
    MovedAway "moved-away" {}
    MovedByUs "moved-by-us" { on: Day }
    CannotConfirm "cannot-confirm" {}
    NoPurchase "no-purchase" {}
}

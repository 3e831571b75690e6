//! Why something is not asked of a store, in words that pages and clients show.

use crate::base::money::Money;
use crate::requests::{Request, State};
use crate::stores::Obstacle;

/// Why something is not asked of the store.
#[derive(Debug, Clone, PartialEq)]
pub enum Refusal {
    NoSuchPurchase,
    NoSuchPayment,
    /// The store cannot do it with this purchase.
    Impossible(Box<Obstacle>),
    /// Nothing is left of the payment.
    NothingLeft,
    /// More than what is left.
    TooMuch(Money),
    NotPositive,
    /// The store gives back the whole payment or nothing.
    NotDivisible,
    /// What was paid is not known, so no part of it can be named.
    UnknownAmount,
    /// The currency has fewer decimals.
    TooFine(Money),
    /// The payment was made in this currency.
    OtherCurrency(String),
    MayNotKeepAccess,
    /// Only the money goes back, because nobody can end access.
    MustKeepAccess,
    /// The store gives back only the newest payment.
    OnlyNewest,
    MayNotEndAtOnce,
    /// The new end is not later than the end, or the period would be longer than the store allows; the most days.
    EndOutOfRange(i64),
    /// What was to be refunded has changed since it was shown.
    Stale,
    /// Nothing is sent until an admin lets this database act, and it was not to wait.
    Suspended,
    /// Somebody has asked for the same, and it is not finished.
    Open(Box<Request>),
    /// A second person has to agree, and the program did not say that it waits.
    NeedsApproval(String),
    /// The same key was used for something else.
    OtherWithKey,
}

/// What a refusal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalKind {
    /// The customer has no such purchase or payment.
    Missing,
    /// Somebody else was faster, or has to come first.
    Conflict,
    /// The store cannot do what was asked for.
    Impossible,
    /// It may work later.
    NotNow,
}

impl Refusal {
    /// The field of a form that it is about; empty for the form as a whole.
    pub const fn field(&self) -> &'static str {
        match self {
            Refusal::NothingLeft
            | Refusal::TooMuch(_)
            | Refusal::NotPositive
            | Refusal::NotDivisible
            | Refusal::UnknownAmount
            | Refusal::TooFine(_)
            | Refusal::OtherCurrency(_) => "amount",
            Refusal::MayNotKeepAccess | Refusal::MustKeepAccess => "access",
            Refusal::MayNotEndAtOnce => "when",
            Refusal::EndOutOfRange(_) => "days",
            Refusal::NoSuchPurchase
            | Refusal::NoSuchPayment
            | Refusal::OnlyNewest
            | Refusal::Suspended
            | Refusal::Impossible(_)
            | Refusal::Stale
            | Refusal::Open(_)
            | Refusal::NeedsApproval(_)
            | Refusal::OtherWithKey => "",
        }
    }

    pub const fn kind(&self) -> RefusalKind {
        match self {
            Refusal::Suspended => RefusalKind::NotNow,
            Refusal::NoSuchPurchase | Refusal::NoSuchPayment => RefusalKind::Missing,
            Refusal::Stale | Refusal::Open(_) | Refusal::NeedsApproval(_) | Refusal::OtherWithKey => {
                RefusalKind::Conflict
            }
            Refusal::Impossible(_)
            | Refusal::NothingLeft
            | Refusal::TooMuch(_)
            | Refusal::NotPositive
            | Refusal::NotDivisible
            | Refusal::UnknownAmount
            | Refusal::TooFine(_)
            | Refusal::OtherCurrency(_)
            | Refusal::MayNotKeepAccess
            | Refusal::MustKeepAccess
            | Refusal::OnlyNewest
            | Refusal::MayNotEndAtOnce
            | Refusal::EndOutOfRange(_) => RefusalKind::Impossible,
        }
    }

    /// The reason, as sentences.
    pub fn words(&self) -> String {
        match self {
            Refusal::NoSuchPurchase => "This customer has no such purchase.".into(),
            Refusal::NoSuchPayment => "No event has reported this payment.".into(),
            Refusal::Impossible(why) => {
                let instead = why.instead.as_ref().map(|instead| format!(" {instead}"));
                format!("{}{}", why.because, instead.unwrap_or_default())
            }
            Refusal::NothingLeft => "Nothing is left of this payment: all of it was given back.".into(),
            Refusal::TooMuch(left) => format!("That is more than is left of this payment: {}.", left.shown()),
            Refusal::NotPositive => "The amount must be more than nothing.".into(),
            Refusal::NotDivisible => "This store gives back the whole payment or nothing.".into(),
            Refusal::UnknownAmount => {
                "The store has not reported what was paid, so only all of it can be refunded. Leave the amount empty.".into()
            }
            Refusal::TooFine(left) => format!("{} has no such small parts.", left.currency),
            Refusal::OtherCurrency(paid_in) => format!("This payment was made in {paid_in}, and is given back in it."),
            Refusal::MayNotKeepAccess => "With a refund this store ends access.".into(),
            Refusal::MustKeepAccess => "Only the money can be given back here: access stays as it is.".into(),
            Refusal::Suspended => "Nothing is sent to RevenueCat until an admin lets this database act.".into(),
            Refusal::OnlyNewest => "Only the newest payment can be refunded here.".into(),
            Refusal::MayNotEndAtOnce => "This store lets access last until the period ends.".into(),
            Refusal::EndOutOfRange(most) if *most > 36_500 => "The new end must be later than the present one.".into(),
            Refusal::EndOutOfRange(most) => format!("The end can be moved by 1 to {most} days."),
            Refusal::Stale => {
                "What is left of this payment has changed since this page was opened. Look at the new amount, then send it again.".into()
            }
            Refusal::Open(request) => format!("This was asked for already: it {}.", waiting_for(request.state)),
            Refusal::NeedsApproval(why) => format!(
                "{why} Send it with wait_for_approval=true to let it wait for one."
            ),
            Refusal::OtherWithKey => "This Idempotency-Key was used for something else.".into(),
        }
    }
}

/// What an open request waits for.
const fn waiting_for(state: State) -> &'static str {
    match state {
        State::Waiting => "waits for a colleague to agree",
        State::Asked | State::Sending => "is being sent",
        State::Pending => "was accepted, and the store has not decided yet",
        State::Unknown => "was sent, and it is not known yet what came of it",
        State::Confirmed | State::Refused | State::Withdrawn | State::Expired | State::Reversed => "is finished",
    }
}

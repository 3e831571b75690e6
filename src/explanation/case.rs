//! Which case a purchase is: finer than its status (§7.1), because each case has a reason of its own.

use super::Known;
use crate::base::clock::Moment;
use crate::events::{PeriodType, Reason};
use crate::projection::{Kind, Purchase, Status};
use crate::stores;

/// What is to be explained about a purchase, or about somebody without one that decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Case {
    Renewing,
    /// As [`Case::Renewing`], at an introductory price.
    Introductory,
    /// A pause begins when the period ends.
    Pausing,
    Trial,
    /// A trial after which nothing is charged.
    TrialEnding,
    /// Renewal is off, and the paid time runs.
    Ending,
    /// Another purchase took its place, and its time still runs.
    BeingReplaced,
    Prepaid,
    /// A charge failed, and the paid time runs.
    ChargeFailed,
    Grace,
    GraceInTrial,
    Granted,
    Owned,
    /// A one-time purchase with an end.
    OwnedForATime,
    Temporary,
    /// Money was given back and access was left.
    RefundedWithAccess,
    Retrying,
    Paused,
    Refunded,
    /// The money was given back, access ended, and the store may charge again.
    RefundedAndRenewing,
    /// A trial that nobody paid after.
    TrialOver,
    /// The charge that failed was never made good.
    Unpaid,
    PriceDeclined,
    Replaced,
    PrepaidOver,
    /// Renewal was off, and the paid time is over.
    Ended,
    /// The time is over, and neither a renewal nor an end was reported.
    EndUnreported,
    GrantOver,
    GrantRemoved,
    /// The store never answered about the purchase.
    TemporaryOver,
    /// Temporary access, of which no event has named the entitlement.
    TemporaryUnnamed,
    /// It would give access, but the project's settings keep sandbox purchases from unlocking.
    Locked,
    /// It runs, and the catalog attaches it to no entitlement.
    Unattached,
    /// Nothing that was bought is attached to an entitlement, and nothing of it runs.
    UnlocksNothing,
    MovedAway,
    /// Purchases came from somebody else, and no event has named them since.
    CameUnnamed,
    SandboxOnly,
    ProductionOnly,
    NeverBought,
}

impl Case {
    /// The case of a purchase at `now`.
    pub fn of(purchase: &Purchase, now: Moment) -> Case {
        let was_refunded = purchase.refunded_at.is_some() || purchase.access_kept_at.is_some();
        match purchase.status(now) {
            status if status.gives_access() && was_refunded => Case::RefundedWithAccess,
            Status::Active | Status::Intro if purchase.pause_asked_at.is_some() => Case::Pausing,
            Status::Active => Case::Renewing,
            Status::Intro => Case::Introductory,
            Status::Trial => Case::Trial,
            Status::TrialCancelled | Status::Cancelled if purchase.replaced_at.is_some() => Case::BeingReplaced,
            Status::TrialCancelled => Case::TrialEnding,
            Status::Cancelled => Case::Ending,
            Status::Prepaid => Case::Prepaid,
            Status::Grace if purchase.expires_at.is_some_and(|end| now < end) => Case::ChargeFailed,
            Status::Grace => Case::Grace,
            Status::GraceInTrial => Case::GraceInTrial,
            Status::Granted => Case::Granted,
            Status::Owned if purchase.is_lifetime(now) => Case::Owned,
            Status::Owned => Case::OwnedForATime,
            Status::Temporary => Case::Temporary,
            Status::BillingRetry => Case::Retrying,
            Status::Paused => Case::Paused,
            Status::Refunded if may_charge_again(purchase) => Case::RefundedAndRenewing,
            Status::Refunded => Case::Refunded,
            Status::Expired => Case::of_expired(purchase),
            Status::GrantOver if purchase.unsubscribed_at.is_some() => Case::GrantRemoved,
            Status::GrantOver => Case::GrantOver,
        }
    }

    fn of_expired(purchase: &Purchase) -> Case {
        let is = |reason: Reason| purchase.expiration_reason.as_ref() == Some(&reason);
        if purchase.kind == Kind::Temporary {
            return Case::TemporaryOver;
        }
        if purchase.replaced_at.is_some() {
            return Case::Replaced;
        }
        if purchase.period_type == Some(PeriodType::Trial) {
            return Case::TrialOver;
        }
        if is(Reason::BillingError) || (purchase.expiration_reason.is_none() && purchase.billing_issue_at.is_some()) {
            return Case::Unpaid;
        }
        if is(Reason::PriceIncrease) || purchase.cancel_reason == Some(Reason::PriceIncrease) {
            return Case::PriceDeclined;
        }
        if purchase.period_type == Some(PeriodType::Prepaid) {
            return Case::PrepaidOver;
        }
        if purchase.expiration_reason.is_none() && purchase.will_renew() {
            return Case::EndUnreported;
        }
        Case::Ended
    }

    /// The case of a customer whom no purchase gives or gave access.
    pub(super) fn without_purchase(known: &Known<'_>) -> Case {
        match &known.evidence.moved {
            Some(moved) if moved.is_lost => Case::MovedAway,
            Some(_) if known.purchases.is_empty() => Case::CameUnnamed,
            _ if !known.purchases.is_empty() => Case::UnlocksNothing,
            _ if known.has_others && known.is_sandbox() => Case::ProductionOnly,
            _ if known.has_others => Case::SandboxOnly,
            _ => Case::NeverBought,
        }
    }

    pub const fn gives_access(self) -> bool {
        match self {
            Case::Renewing
            | Case::Introductory
            | Case::Pausing
            | Case::Trial
            | Case::TrialEnding
            | Case::Ending
            | Case::BeingReplaced
            | Case::Prepaid
            | Case::ChargeFailed
            | Case::Grace
            | Case::GraceInTrial
            | Case::Granted
            | Case::Owned
            | Case::OwnedForATime
            | Case::Temporary
            | Case::RefundedWithAccess => true,
            Case::Retrying
            | Case::Paused
            | Case::Refunded
            | Case::RefundedAndRenewing
            | Case::TrialOver
            | Case::Unpaid
            | Case::PriceDeclined
            | Case::Replaced
            | Case::PrepaidOver
            | Case::Ended
            | Case::EndUnreported
            | Case::GrantOver
            | Case::GrantRemoved
            | Case::TemporaryOver
            | Case::TemporaryUnnamed
            | Case::Locked
            | Case::Unattached
            | Case::UnlocksNothing
            | Case::MovedAway
            | Case::CameUnnamed
            | Case::SandboxOnly
            | Case::ProductionOnly
            | Case::NeverBought => false,
        }
    }

    /// The colour class of the answer: `good`: access; `warn`: access that may end although nobody wants it to; `quiet`: no
    /// access.
    pub const fn tone(self) -> &'static str {
        match self {
            Case::ChargeFailed | Case::Grace | Case::GraceInTrial | Case::Temporary => "warn",
            case if case.gives_access() => "good",
            _ => "quiet",
        }
    }

    /// The section of the rules that decides.
    pub const fn rule(self) -> &'static str {
        match self {
            Case::Grace | Case::GraceInTrial | Case::ChargeFailed | Case::Retrying | Case::Unpaid => "§6.2",
            Case::Granted | Case::GrantOver | Case::GrantRemoved => "§7.2",
            Case::RefundedWithAccess | Case::Refunded | Case::RefundedAndRenewing => "§7.4",
            Case::MovedAway | Case::CameUnnamed => "§7.3",
            Case::Locked => "§17",
            Case::Unattached | Case::UnlocksNothing => "§1",
            Case::SandboxOnly | Case::ProductionOnly => "§5.4",
            Case::Replaced | Case::BeingReplaced => "§6.1",
            Case::Renewing
            | Case::Introductory
            | Case::Pausing
            | Case::Trial
            | Case::TrialEnding
            | Case::Ending
            | Case::Prepaid
            | Case::Owned
            | Case::OwnedForATime
            | Case::Temporary
            | Case::Paused
            | Case::TrialOver
            | Case::PriceDeclined
            | Case::PrepaidOver
            | Case::Ended
            | Case::EndUnreported
            | Case::TemporaryOver
            | Case::TemporaryUnnamed
            | Case::NeverBought => "§6.2",
        }
    }

    /// The word for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Case::Renewing => "renewing",
            Case::Introductory => "introductory",
            Case::Pausing => "pausing",
            Case::Trial => "trial",
            Case::TrialEnding => "trial_ending",
            Case::Ending => "ending",
            Case::BeingReplaced => "being_replaced",
            Case::Prepaid => "prepaid",
            Case::ChargeFailed => "charge_failed",
            Case::Grace => "grace",
            Case::GraceInTrial => "grace_in_trial",
            Case::Granted => "granted",
            Case::Owned => "owned",
            Case::OwnedForATime => "owned_for_a_time",
            Case::Temporary => "temporary",
            Case::RefundedWithAccess => "refunded_with_access",
            Case::Retrying => "retrying",
            Case::Paused => "paused",
            Case::Refunded => "refunded",
            Case::RefundedAndRenewing => "refunded_and_renewing",
            Case::TrialOver => "trial_over",
            Case::Unpaid => "unpaid",
            Case::PriceDeclined => "price_declined",
            Case::Replaced => "replaced",
            Case::PrepaidOver => "prepaid_over",
            Case::Ended => "ended",
            Case::EndUnreported => "end_unreported",
            Case::GrantOver => "grant_over",
            Case::GrantRemoved => "grant_removed",
            Case::TemporaryOver => "temporary_over",
            Case::TemporaryUnnamed => "temporary_unnamed",
            Case::Locked => "locked",
            Case::Unattached => "unattached",
            Case::UnlocksNothing => "unlocks_nothing",
            Case::MovedAway => "moved_away",
            Case::CameUnnamed => "came_unnamed",
            Case::SandboxOnly => "sandbox_only",
            Case::ProductionOnly => "production_only",
            Case::NeverBought => "never_bought",
        }
    }
}

/// Whether renewal stayed on when the money was given back.
fn may_charge_again(purchase: &Purchase) -> bool {
    purchase.will_renew() && !stores::refund_ends_renewal(purchase.store.as_ref())
}

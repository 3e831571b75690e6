//! The status of a purchase at a moment (§6.4), and its name in lists (§13.1).

use super::purchase::{Kind, Purchase};
use crate::base::clock::Moment;
use crate::events::{PeriodType, Reason};

/// For so many days stores retry a failed payment at most; Apple retries longest.
pub const RETRY_DAYS: i64 = 60;

/// The status of a purchase. [`Status::gives_access`] says which ones give access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    Trial,
    TrialCancelled,
    Intro,
    Active,
    Cancelled,
    Prepaid,
    Grace,
    GraceInTrial,
    Granted,
    Owned,
    Temporary,
    BillingRetry,
    Paused,
    Refunded,
    Expired,
    GrantOver,
}

impl Purchase {
    /// The status at `now`.
    pub fn status(&self, now: Moment) -> Status {
        if self.is_active(now) { self.status_with_access(now) } else { self.status_without_access(now) }
    }

    fn status_with_access(&self, now: Moment) -> Status {
        let is_trial = self.period_type == Some(PeriodType::Trial);
        let is_past_period = self.expires_at.is_some_and(|end| end <= now);
        match self.kind {
            Kind::Grant => Status::Granted,
            Kind::Temporary => Status::Temporary,
            Kind::OneTime => Status::Owned,
            Kind::Subscription if is_past_period && is_trial => Status::GraceInTrial,
            Kind::Subscription if is_past_period || self.billing_issue_at.is_some() => Status::Grace,
            Kind::Subscription if self.period_type == Some(PeriodType::Prepaid) => Status::Prepaid,
            Kind::Subscription if is_trial && self.will_renew() => Status::Trial,
            Kind::Subscription if is_trial => Status::TrialCancelled,
            Kind::Subscription if !self.will_renew() => Status::Cancelled,
            Kind::Subscription if self.period_type == Some(PeriodType::Intro) => Status::Intro,
            Kind::Subscription => Status::Active,
        }
    }

    fn status_without_access(&self, now: Moment) -> Status {
        let may_be_collected = now < self.access_ends_at().plus_days(RETRY_DAYS);
        let reason = self.expiration_reason.as_ref();
        let has_failed = match reason {
            Some(reason) => *reason == Reason::BillingError,
            None => self.billing_issue_at.is_some(),
        };
        match self.kind {
            Kind::Grant => Status::GrantOver,
            Kind::Subscription | Kind::OneTime | Kind::Temporary if self.refunded_at.is_some() => Status::Refunded,
            Kind::Subscription if reason == Some(&Reason::SubscriptionPaused) => Status::Paused,
            Kind::Subscription if has_failed && may_be_collected => Status::BillingRetry,
            Kind::Subscription | Kind::OneTime | Kind::Temporary => Status::Expired,
        }
    }
}

impl Status {
    pub fn gives_access(self) -> bool {
        match self {
            Status::Trial
            | Status::TrialCancelled
            | Status::Intro
            | Status::Active
            | Status::Cancelled
            | Status::Prepaid
            | Status::Grace
            | Status::GraceInTrial
            | Status::Granted
            | Status::Owned
            | Status::Temporary => true,
            Status::BillingRetry | Status::Paused | Status::Refunded | Status::Expired | Status::GrantOver => false,
        }
    }

    /// The status as customer lists name it (§13.1); `None` if they have no name for it.
    pub fn list_word(self) -> Option<&'static str> {
        match self {
            Status::Trial => Some("Free Trial"),
            Status::TrialCancelled => Some("Cancelled Trial"),
            Status::Intro => Some("Intro Period"),
            Status::Active | Status::Prepaid => Some("Active"),
            Status::Cancelled => Some("Cancelled"),
            Status::Grace | Status::BillingRetry => Some("Billing Issue"),
            Status::GraceInTrial => Some("Billing Issue Trial"),
            Status::Granted => Some("Promotional"),
            Status::Paused | Status::Refunded | Status::Expired => Some("Expired"),
            Status::Owned | Status::Temporary | Status::GrantOver => None,
        }
    }
}

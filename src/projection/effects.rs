//! What each event changes about its purchase: the table of §6.2, row by row.

use super::causes::Cause;
use super::moves::{self, Move};
use super::purchase::{Kind, Purchase};
use super::spans::{Phase, cut, paint};
use crate::base::clock::Moment;
use crate::base::ids::EventId;
use crate::events::kinds::PurchaseChange::{
    self, Begin, BuyOnce, Cancel, ChangeProduct, Expire, Extend, FailBilling, GrantTemporarily, Pause, Renew,
    ReverseRefund, Uncancel,
};
use crate::events::{Event, Reason, Store};

/// How many seconds temporary access lasts if the event names no end (§5.3).
const TEMPORARY_SECONDS: i64 = 86_400;

impl Purchase {
    /// Applies the first known event of a purchase, whose period is set already.
    pub(super) fn apply_first(&mut self, event: &Event, by: EventId, change: PurchaseChange) {
        self.remember_transactions(event);
        self.take_effect(event, by, change);
    }

    /// Applies a further event. An event about an older transaction leaves the current period unchanged (§6.2).
    pub(super) fn apply(&mut self, event: &Event, by: EventId, change: PurchaseChange) {
        self.remember_transactions(event);
        if self.repeats_start(event, change) {
            return self.renew_from(event.event_at, event, by, change);
        }
        if self.is_older(event, change) {
            self.annotate(event, change);
            return;
        }
        if change.begins_period() {
            cut(&mut self.spans, event.purchased_at.unwrap_or(event.event_at));
            self.take_period(event);
        } else {
            self.take_description(event);
        }
        self.take_effect(event, by, change);
    }

    /// Whether a Stripe renewal carries the time of the first purchase, as it does after a change of product (§5.3).
    /// Its end is then later than the known one.
    fn repeats_start(&self, event: &Event, change: PurchaseChange) -> bool {
        event.store == Some(Store::Stripe)
            && change == Renew
            && event.purchased_at.is_some_and(|at| at < self.period_start)
            && event.expires_at > self.expires_at
    }

    fn renew_from(&mut self, start: Moment, event: &Event, by: EventId, change: PurchaseChange) {
        let event = Event { purchased_at: Some(start), ..event.clone() };
        cut(&mut self.spans, start);
        self.take_period(&event);
        self.take_effect(&event, by, change);
    }

    fn is_older(&self, event: &Event, change: PurchaseChange) -> bool {
        let is_other = event.transaction_id.is_some() && event.transaction_id != self.transaction_id;
        match (event.purchased_at, change == Expire) {
            (Some(purchased_at), _) if is_other => purchased_at < self.period_start,
            (None, true) if is_other => event.expires_at.zip(self.expires_at).is_some_and(|(theirs, own)| theirs < own),
            _ => false,
        }
    }

    /// Applies an event about a past period: only the bars of the timeline and the first purchase date change.
    fn annotate(&mut self, event: &Event, change: PurchaseChange) {
        let Some(from) = event.purchased_at else { return };
        self.first_purchased_at = self.first_purchased_at.min(from);
        let to = event.expires_at.unwrap_or(self.period_start).min(self.period_start);
        if matches!(change, Begin | Renew) {
            let is_trial = event.period_type == Some(crate::events::PeriodType::Trial);
            paint(&mut self.spans, if is_trial { Phase::Trial } else { Phase::Paid }, from, to);
        } else if change == Cancel && event.is_refund() {
            paint(&mut self.spans, Phase::Refunded, from, to);
        }
    }

    fn take_effect(&mut self, event: &Event, by: EventId, change: PurchaseChange) {
        match change {
            Begin | Renew | BuyOnce => {
                self.start_afresh(event);
                self.causes.begin_period(by);
            }
            ChangeProduct => self.change_product(event, by),
            Cancel => self.cancel(event, by),
            Uncancel => {
                self.unsubscribed_at = None;
                self.is_unsubscribed_undated = false;
                self.cancel_reason = None;
                self.causes.remove(&[Cause::RenewalOff]);
                self.causes.set(Cause::RenewalOn, by);
                self.set_end(event.expires_at);
            }
            FailBilling => {
                self.fail_billing(event);
                self.causes.set(Cause::BillingIssue, by);
            }
            Expire => {
                self.expire(event);
                self.causes.set(Cause::End, by);
            }
            Pause => {
                self.pause_asked_at = Some(event.event_at);
                self.auto_resume_at = event.auto_resume_at;
                self.causes.set(Cause::Pause, by);
            }
            Extend => {
                self.set_end(event.expires_at);
                self.causes.set(Cause::Extension, by);
            }
            ReverseRefund => {
                self.causes.remove(&[Cause::Refund, Cause::End]);
                self.causes.set(Cause::RefundReversed, by);
                self.refunded_at = None;
                self.expiration_reason = None;
                self.set_end(event.expires_at);
                self.draw_period(event);
            }
            GrantTemporarily => {
                let end = event.expires_at.unwrap_or(event.event_at.plus_seconds(TEMPORARY_SECONDS));
                cut(&mut self.spans, self.period_start);
                self.set_end(Some(end));
                self.causes.set(Cause::Period, by);
            }
        }
    }

    /// Clears what the last period left: cancellation, billing issue, refund, pause and pending change.
    fn start_afresh(&mut self, event: &Event) {
        self.unsubscribed_at = None;
        self.is_unsubscribed_undated = false;
        self.cancel_reason = None;
        self.billing_issue_at = None;
        self.grace_expires_at = None;
        self.refunded_at = None;
        self.access_kept_at = None;
        self.auto_resume_at = None;
        self.pause_asked_at = None;
        self.pending_product = None;
        self.pending_since = None;
        self.expiration_reason = None;
        self.entitlement_ids.clone_from(&event.entitlement_ids);
        self.paid.clone_from(&event.paid);
        // A purchase that is charged again was not replaced.
        self.replaced_at = self.replaced_at.filter(|at| self.period_start <= *at);
    }

    fn change_product(&mut self, event: &Event, by: EventId) {
        let is_other = event.new_product_id.as_deref().is_some_and(|new| new != self.product_id);
        if is_other && self.replaced_at.is_none() {
            self.pending_product.clone_from(&event.new_product_id);
            self.pending_since = Some(event.event_at);
            self.causes.set(Cause::ProductChange, by);
        }
    }

    /// Marks it as replaced by another purchase, unless it was charged again afterwards (§6.1).
    pub(super) fn replace(&mut self, began_at: Moment, by: EventId) {
        if self.period_start <= began_at {
            self.replaced_at = Some(began_at);
            self.causes.set(Cause::Replaced, by);
            self.pending_product = None;
        }
    }

    fn cancel(&mut self, event: &Event, by: EventId) {
        if self.kind == Kind::Grant {
            self.unsubscribed_at = Some(event.event_at);
            self.end_at(event.event_at);
            self.causes.set(Cause::End, by);
            return;
        }
        if event.is_refund() {
            self.refund(event);
            self.causes.set(if event.keeps_access { Cause::KeptRefund } else { Cause::Refund }, by);
        }
        match event.cancel_reason {
            // A refund does not change whether the subscription renews (§6.2).
            Some(Reason::CustomerSupport) => return,
            None if event.is_refund() => return,
            Some(Reason::BillingError) => {
                if self.billing_issue_at.is_none() {
                    self.billing_issue_at = Some(event.event_at);
                    self.causes.set(Cause::BillingIssue, by);
                }
                return;
            }
            Some(Reason::DeveloperInitiated) => self.set_end(event.expires_at),
            None
            | Some(
                Reason::Unsubscribe
                | Reason::PriceIncrease
                | Reason::Unknown
                | Reason::SubscriptionPaused
                | Reason::UnknownDueToImport
                | Reason::Other(_),
            ) => {}
        }
        self.unsubscribed_at = Some(event.event_at);
        self.is_unsubscribed_undated = event.snapshot.as_ref().is_some_and(|snapshot| snapshot.is_undated);
        self.cancel_reason = event.cancel_reason.clone().or(Some(Reason::Unknown));
        self.causes.remove(&[Cause::RenewalOn]);
        self.causes.set(Cause::RenewalOff, by);
    }

    /// Ends access at the expiry that the event names. If that is still in the future, the refund did not revoke
    /// access. Renewal may still be on.
    fn refund(&mut self, event: &Event) {
        if event.keeps_access {
            self.access_kept_at = Some(event.event_at);
            return;
        }
        self.refunded_at = Some(event.event_at);
        self.grace_expires_at = None;
        match (self.kind, event.expires_at) {
            (_, Some(end)) => self.expires_at = Some(end),
            (Kind::Subscription, None) => self.end_at(event.event_at),
            (Kind::OneTime | Kind::Grant | Kind::Temporary, None) => {}
        }
        let from = self.period_start;
        let end = self.access_ends_at();
        cut(&mut self.spans, end.max(from));
        let to = self.spans.last().map_or(event.event_at, |span| span.to).max(event.event_at.min(end));
        paint(&mut self.spans, Phase::Refunded, from, to);
    }

    fn fail_billing(&mut self, event: &Event) {
        self.billing_issue_at = Some(event.event_at);
        self.grace_expires_at = event.grace_expires_at;
        if let (Some(end), Some(grace)) = (self.expires_at, event.grace_expires_at) {
            paint(&mut self.spans, Phase::Grace, end, grace);
        }
    }

    /// Ends the purchase at the end that the store named, but not later than the event itself.
    fn expire(&mut self, event: &Event) {
        let end = event.expires_at.or(self.expires_at).unwrap_or(event.event_at).min(event.event_at);
        let seen_end = end.max(self.grace_expires_at.unwrap_or(end)).min(event.event_at);
        self.grace_expires_at = None;
        self.expires_at = Some(end);
        self.expiration_reason = event.expiration_reason.clone().or(Some(Reason::Unknown));
        cut(&mut self.spans, seen_end);
        if self.expiration_reason == Some(Reason::SubscriptionPaused) {
            paint(&mut self.spans, Phase::Paused, seen_end, Moment::NEVER);
        } else if self.expiration_reason == Some(Reason::BillingError) {
            paint(&mut self.spans, Phase::Retry, seen_end, Moment::NEVER);
        }
    }

    fn set_end(&mut self, end: Option<Moment>) {
        let Some(end) = end else { return };
        let last = self.spans.last().copied();
        if let Some(last) = last.filter(|last| last.to < end && !matches!(last.phase, Phase::Retry | Phase::Paused)) {
            paint(&mut self.spans, last.phase, last.from, end);
        }
        cut(&mut self.spans, end);
        self.expires_at = Some(end);
    }

    /// Ends access at `at`, unless it ends earlier.
    pub(super) fn end_at(&mut self, at: Moment) {
        let end = self.expires_at.unwrap_or(Moment::NEVER).min(at);
        self.expires_at = Some(end);
        cut(&mut self.spans, end);
    }

    /// Merges the same purchase, moved here from another customer. The later period counts.
    pub(super) fn absorb(&mut self, mut other: Purchase) {
        if other.period_start > self.period_start {
            std::mem::swap(self, &mut other);
        }
        self.first_purchased_at = self.first_purchased_at.min(other.first_purchased_at);
        let before = self.spans.first().map_or(Moment::NEVER, |span| span.from);
        for span in other.spans {
            paint(&mut self.spans, span.phase, span.from, span.to.min(before));
        }
        self.revenue = self.revenue.plus(other.revenue);
        self.absorbed.extend(std::iter::once(other.number).chain(other.absorbed));
        self.begun_at = self.begun_at.max(other.begun_at);
        self.change_asked_at = self.change_asked_at.max(other.change_asked_at);
        self.transactions.extend(other.transactions);
        moves::add(&mut self.moves, other.moves);
    }

    /// Remembers a transfer that moves it.
    pub(super) fn moved_by(&mut self, by: EventId, at: Moment) {
        let new = Move { by, at, product_id: self.product_id.clone(), brought: self.revenue };
        moves::add(&mut self.moves, [new]);
    }
}

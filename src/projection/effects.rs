//! What each event does to the purchase it speaks of: the table of §6.2, row by row.

use super::purchase::{Kind, Purchase};
use super::spans::{Phase, cut, paint};
use crate::base::clock::Moment;
use crate::events::{Event, EventType, Reason, Store};

/// Temporary access without an end in the event lasts this long (§5.3).
const TEMPORARY_SECONDS: i64 = 86_400;

impl Purchase {
    /// The first event heard of a purchase: its period is taken already.
    pub(super) fn apply_first(&mut self, event: &Event) {
        self.account(event);
        self.take_effect(event);
    }

    /// A further event. One about an older transaction leaves the current period alone (§6.2).
    pub(super) fn apply(&mut self, event: &Event) {
        self.account(event);
        if self.repeats_start(event) {
            return self.renew_from(event.event_at, event);
        }
        if self.is_older(event) {
            self.annotate(event);
            return;
        }
        match event.kind {
            EventType::InitialPurchase | EventType::Renewal | EventType::NonRenewingPurchase => {
                cut(&mut self.spans, event.purchased_at.unwrap_or(event.event_at));
                self.take_period(event);
            }
            _ => self.take_description(event),
        }
        self.take_effect(event);
    }

    /// Money, and the transactions by which the purchase can be found.
    fn account(&mut self, event: &Event) {
        self.transactions.extend(event.transaction_id.iter().chain(&event.original_transaction_id).cloned());
        match event.kind {
            EventType::InitialPurchase | EventType::Renewal | EventType::NonRenewingPurchase => {
                self.ledger.charge(event);
            }
            EventType::RefundReversed => self.ledger.reverse(event),
            EventType::Cancellation if event.is_refund() => self.ledger.refund(event),
            _ => {}
        }
    }

    /// Stripe gives the renewal that follows a change of product the time of the first purchase (§5.3): the end it names
    /// lies ahead of the one that is known.
    fn repeats_start(&self, event: &Event) -> bool {
        event.store == Some(Store::Stripe)
            && event.kind == EventType::Renewal
            && event.purchased_at.is_some_and(|at| at < self.period_start)
            && event.expires_at > self.expires_at
    }

    fn renew_from(&mut self, start: Moment, event: &Event) {
        let event = Event { purchased_at: Some(start), ..event.clone() };
        cut(&mut self.spans, start);
        self.take_period(&event);
        self.take_effect(&event);
    }

    fn is_older(&self, event: &Event) -> bool {
        let is_other = event.transaction_id.is_some() && event.transaction_id != self.transaction_id;
        match (event.purchased_at, event.kind == EventType::Expiration) {
            (Some(purchased_at), _) if is_other => purchased_at < self.period_start,
            (None, true) if is_other => event.expires_at.zip(self.expires_at).is_some_and(|(theirs, own)| theirs < own),
            _ => false,
        }
    }

    /// What is known of a period that is over: only the picture changes.
    fn annotate(&mut self, event: &Event) {
        let Some(from) = event.purchased_at else { return };
        self.first_purchased_at = self.first_purchased_at.min(from);
        let to = event.expires_at.unwrap_or(self.period_start).min(self.period_start);
        match event.kind {
            EventType::InitialPurchase | EventType::Renewal => {
                let is_trial = event.period_type == Some(crate::events::PeriodType::Trial);
                paint(&mut self.spans, if is_trial { Phase::Trial } else { Phase::Paid }, from, to);
            }
            EventType::Cancellation if event.is_refund() => paint(&mut self.spans, Phase::Refunded, from, to),
            _ => {}
        }
    }

    fn take_effect(&mut self, event: &Event) {
        match event.kind {
            EventType::InitialPurchase | EventType::Renewal | EventType::NonRenewingPurchase => {
                self.start_afresh(event)
            }
            EventType::ProductChange => self.change_product(event),
            EventType::Cancellation => self.cancel(event),
            EventType::Uncancellation => {
                self.unsubscribed_at = None;
                self.cancel_reason = None;
                self.set_end(event.expires_at);
            }
            EventType::BillingIssue => self.fail_billing(event),
            EventType::Expiration => self.expire(event),
            EventType::SubscriptionPaused => {
                self.pause_asked_at = Some(event.event_at);
                self.auto_resume_at = event.auto_resume_at;
            }
            EventType::SubscriptionExtended => self.set_end(event.expires_at),
            EventType::RefundReversed => {
                self.refunded_at = None;
                self.expiration_reason = None;
                self.set_end(event.expires_at);
                self.draw_period(event);
            }
            EventType::TemporaryEntitlementGrant => {
                let end = event.expires_at.unwrap_or(event.event_at.plus_seconds(TEMPORARY_SECONDS));
                cut(&mut self.spans, self.period_start);
                self.set_end(Some(end));
            }
            _ => {}
        }
    }

    /// A new period wipes the troubles of the last one.
    fn start_afresh(&mut self, event: &Event) {
        self.unsubscribed_at = None;
        self.cancel_reason = None;
        self.billing_issue_at = None;
        self.grace_expires_at = None;
        self.refunded_at = None;
        self.auto_resume_at = None;
        self.pause_asked_at = None;
        self.pending_product = None;
        self.pending_since = None;
        self.expiration_reason = None;
        self.entitlement_ids.clone_from(&event.entitlement_ids);
        self.paid.clone_from(&event.paid);
    }

    fn change_product(&mut self, event: &Event) {
        if event.new_product_id.is_some() && event.new_product_id.as_deref() != Some(self.product_id.as_str()) {
            self.pending_product.clone_from(&event.new_product_id);
            self.pending_since = Some(event.event_at);
        }
    }

    fn cancel(&mut self, event: &Event) {
        if self.kind == Kind::Grant {
            self.unsubscribed_at = Some(event.event_at);
            self.end_at(event.event_at);
            return;
        }
        if event.is_refund() {
            self.refund(event);
        }
        match event.cancel_reason {
            // Money back says nothing about renewal (§6.2).
            Some(Reason::CustomerSupport) => return,
            None if event.is_refund() => return,
            Some(Reason::BillingError) => {
                self.billing_issue_at = self.billing_issue_at.or(Some(event.event_at));
                return;
            }
            Some(Reason::DeveloperInitiated) => self.set_end(event.expires_at),
            _ => {}
        }
        self.unsubscribed_at = Some(event.event_at);
        self.cancel_reason = event.cancel_reason.clone().or(Some(Reason::Unknown));
    }

    /// Access ends at the expiry the event names; one that still lies ahead means the refund did not revoke. Renewal
    /// may still be on.
    fn refund(&mut self, event: &Event) {
        self.refunded_at = Some(event.event_at);
        self.grace_expires_at = None;
        match (self.kind, event.expires_at) {
            (_, Some(end)) => self.expires_at = Some(end),
            (Kind::Subscription, None) => self.end_at(event.event_at),
            _ => {}
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

    /// The end that the store named, never later than when it was noticed.
    fn expire(&mut self, event: &Event) {
        let end = event.expires_at.or(self.expires_at).unwrap_or(event.event_at).min(event.event_at);
        let seen_end = end.max(self.grace_expires_at.unwrap_or(end)).min(event.event_at);
        self.grace_expires_at = None;
        self.expires_at = Some(end);
        self.expiration_reason = event.expiration_reason.clone().or(Some(Reason::Unknown));
        cut(&mut self.spans, seen_end);
        match self.expiration_reason {
            Some(Reason::SubscriptionPaused) => paint(&mut self.spans, Phase::Paused, seen_end, Moment::NEVER),
            Some(Reason::BillingError) => paint(&mut self.spans, Phase::Retry, seen_end, Moment::NEVER),
            _ => {}
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

    /// Access ends now at the latest.
    pub(super) fn end_at(&mut self, at: Moment) {
        let end = self.expires_at.unwrap_or(Moment::NEVER).min(at);
        self.expires_at = Some(end);
        cut(&mut self.spans, end);
    }

    /// The same purchase, seen under another customer before it was moved: the later period stays.
    pub(super) fn absorb(&mut self, mut other: Purchase) {
        if other.period_start > self.period_start {
            std::mem::swap(self, &mut other);
        }
        self.first_purchased_at = self.first_purchased_at.min(other.first_purchased_at);
        let before = self.spans.first().map_or(Moment::NEVER, |span| span.from);
        for span in other.spans {
            paint(&mut self.spans, span.phase, span.from, span.to.min(before));
        }
        self.ledger.absorb(other.ledger);
        self.transactions.extend(other.transactions);
    }
}

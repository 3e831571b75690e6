//! How a subscription stands there and here: its end, whether it renews, whether a charge failed, whether it is paused.

use super::differences::Finding;
use super::purchases::{Comparison, Known};
use crate::events::{EventType, Reason};
use crate::stores::revenuecat::shown::{Renewal, SubscriptionStatus};
use crate::wording::times;

/// Two ends are the same when they are at most so far apart, in milliseconds.
pub(super) const SAME_END_MS: i64 = 60_000;

impl Comparison<'_> {
    /// Compares the end of the newest period.
    pub(super) fn end(&mut self, known: &mut Known, has_begun: bool) {
        let now = self.marked.now;
        let is_refunded = known.is_paid_back || self.events.iter().any(|event| event.cancel_reason.is_some());
        let (Some(own), Some(theirs)) = (known.end, self.theirs.period_end) else { return };
        let is_other = theirs.since(own).abs() > SAME_END_MS;
        // What was paid back has ended, whatever end its period once had.
        let was_moved =
            self.theirs.is_running || (theirs > own && theirs <= now && self.theirs.status == SubscriptionStatus::Over);
        if !has_begun && is_other && was_moved && !is_refunded {
            let mut event = self.newest_event(EventType::SubscriptionExtended, now);
            event.transaction.expiration_at_ms = Some(theirs);
            let end = times::day(theirs);
            self.found.push(Finding::new(format!("another end of {}: {end}", self.product())));
            self.events.push(event);
            *known = Known { end: Some(theirs), is_over: theirs <= now, ..*known };
        } else if self.theirs.status == SubscriptionStatus::Over && !known.is_over && !is_refunded {
            let at = theirs.min(now);
            let mut event = self.newest_event(EventType::Expiration, at);
            event.transaction.expiration_at_ms = Some(at);
            event.expiration_reason = Some(Reason::Unknown);
            self.found.push(Finding::at(format!("the end of {}", self.product()), at));
            self.events.push(event);
            known.is_over = true;
        }
    }

    /// Compares whether it renews, whether a charge failed, and whether it is paused.
    pub(super) fn renewal(&mut self, known: &Known) {
        if self.is_non_renewing {
            return;
        }
        let now = self.marked.now;
        let details = &self.theirs.details;
        match (self.theirs.status, self.theirs.renewal) {
            (SubscriptionStatus::Active | SubscriptionStatus::Trial, Renewal::Off)
                if !known.is_off && self.may_renew() =>
            {
                let at = details.unsubscribed_at.unwrap_or(now);
                let mut event = self.newest_event(EventType::Cancellation, at);
                event.cancel_reason = Some(Reason::Unsubscribe);
                event.dossier_is_undated = details.unsubscribed_at.is_none();
                self.find(event, "renewal switched off for");
            }
            (SubscriptionStatus::Active | SubscriptionStatus::Trial, Renewal::On) if known.is_off => {
                let event = self.newest_event(EventType::Uncancellation, now);
                self.find(event, "renewal switched back on for");
            }
            (SubscriptionStatus::Active | SubscriptionStatus::Trial, Renewal::WillPause) if !known.is_pausing => {
                let mut event = self.newest_event(EventType::SubscriptionPaused, now);
                event.auto_resume_at_ms = details.resumes_at;
                self.find(event, "a pause that was asked for of");
            }
            (SubscriptionStatus::Paused, _) if !known.is_pausing => self.paused(),
            (SubscriptionStatus::Grace | SubscriptionStatus::Retry, _) if !known.has_failed => {
                let ended = self.theirs.period_end.unwrap_or(now).min(now);
                let listed = self.theirs.periods.as_ref().and_then(|listed| listed.last()?.effective_end);
                let grace =
                    details.grace_end.or(listed).filter(|end| self.theirs.period_end.is_some_and(|own| own < *end));
                let mut event = self.newest_event(EventType::BillingIssue, details.billing_issue_at.unwrap_or(ended));
                event.grace_period_expiration_at_ms = grace.filter(|_| self.theirs.status == SubscriptionStatus::Grace);
                self.find(event, "a failed charge for");
            }
            _ => {}
        }
    }

    fn paused(&mut self) {
        let ended = self.theirs.period_end.unwrap_or(self.marked.now).min(self.marked.now);
        let mut pause = self.newest_event(EventType::SubscriptionPaused, ended);
        pause.auto_resume_at_ms = self.theirs.details.resumes_at;
        let mut end = self.newest_event(EventType::Expiration, ended.next());
        end.transaction.expiration_at_ms = Some(ended);
        end.expiration_reason = Some(Reason::SubscriptionPaused);
        end.auto_resume_at_ms = self.theirs.details.resumes_at;
        self.events.push(pause);
        self.find(end, "a pause of");
    }

    /// Whether switching renewal off says anything: a prepaid period never renews.
    fn may_renew(&self) -> bool {
        self.own.is_none_or(|own| own.purchase.will_renew()) || !self.events.is_empty()
    }
}

//! Cancellations, failed charges, refunds, pauses and other ends of a plan, and its recovery.

use serde_json::json;

use super::calendar::{DAY, HOUR, MINUTE};
use super::catalog::product;
use super::event::overlay;
use super::store::{app_id, first_transaction};
use super::story::Story;

impl Story {
    pub fn cancel(self, reason: &str) -> Story {
        self.add_event("CANCELLATION", json!({"cancel_reason": reason}))
    }

    pub fn uncancel(self) -> Story {
        self.add_event("UNCANCELLATION", json!({}))
    }

    /// The plan expires at the end of the period or its grace, or at the story's clock if that is later.
    pub fn expire(mut self, reason: &str) -> Story {
        let plan = self.plan();
        plan.expires = plan.grace.take().or(plan.expires);
        let end = plan.period_end() + 2 * MINUTE;
        self.clock = self.clock.max(end);
        self.add_event("EXPIRATION", json!({"expiration_reason": reason}))
    }

    /// Cancels now, and expires at the end of the period.
    pub fn leave(self, reason: &str) -> Story {
        self.cancel(reason).expire(reason)
    }

    /// The charge at the period's end fails. The store gives `grace` days of grace, or none.
    pub fn billing_issue(mut self, grace: Option<i64>) -> Story {
        let plan = self.plan();
        let period_end = plan.period_end();
        plan.grace = grace.map(|days| period_end + days * DAY);
        let until = plan.grace;
        self.clock = period_end;
        self.add_event("BILLING_ISSUE", json!({"grace_period_expiration_at_ms": until}))
            .add_event("CANCELLATION", json!({"cancel_reason": "BILLING_ERROR"}))
    }

    /// The charge succeeds `days` later. If there was grace, the new period starts where the old one ended;
    /// otherwise it starts on the day of the charge.
    pub fn recover(mut self, days: i64) -> Story {
        let (period_end, in_grace) = (self.plan().period_end(), self.plan().grace.is_some());
        let paid = period_end + days * DAY;
        self.renewed(if in_grace { period_end } else { paid }, paid)
    }

    /// The store refunds the period, which ends access.
    pub fn refund(mut self) -> Story {
        let now = self.clock;
        let plan = self.plan();
        plan.paid_until = plan.expires;
        plan.expires = plan.expires.map(|_| now);
        let mut more = self.money(-1);
        overlay(&mut more, json!({"cancel_reason": "CUSTOMER_SUPPORT"}));
        self.add_event("CANCELLATION", more)
    }

    pub fn reverse_refund(mut self) -> Story {
        let plan = self.plan();
        plan.expires = plan.paid_until.take();
        let more = self.money(1);
        self.add_event("REFUND_REVERSED", more)
    }

    /// Google Play pauses the subscription at the end of the period, for `days` or without a date to resume.
    pub fn pause(mut self, days: Option<i64>) -> Story {
        let period_end = self.plan().period_end();
        let resumes = days.map(|days| period_end + days * DAY);
        self.add_event("SUBSCRIPTION_PAUSED", json!({"auto_resume_at_ms": resumes}))
    }

    /// The team or the store moves the next charge by `days`.
    pub fn extend(mut self, days: i64) -> Story {
        let period_end = self.plan().period_end();
        self.plan().expires = Some(period_end + days * DAY);
        self.add_event("SUBSCRIPTION_EXTENDED", json!({}))
    }

    /// RevenueCat gives temporary access, for a day at most, because the store did not answer.
    pub fn temporary(mut self, id: &str, hours: i64) -> Story {
        let (sold, now) = (product(id), self.clock);
        let more = json!({
            "app_user_id": self.customer.app_user_id, "app_id": app_id(sold.store),
            "store": sold.store, "product_id": id, "entitlement_ids": sold.unlocks,
            "purchased_at_ms": now, "expiration_at_ms": now + hours * HOUR,
            "transaction_id": first_transaction(sold.store, &mut self.seed),
        });
        let mut event = self.webhook_body("TEMPORARY_ENTITLEMENT_GRANT");
        overlay(&mut event, more);
        self.add(event);
        self
    }
}

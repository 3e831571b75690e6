//! The status line of a purchase (§7.1): one sentence for each status, the same wherever a purchase is shown.

use crate::base::clock::Moment;
use crate::events::{PeriodType, Reason};
use crate::projection::{Purchase, Status};
use crate::stores;
use crate::wording::sentence::{Sentence, Stamp};
use crate::wording::{text, times};

/// The line beside a purchase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusLine {
    /// The most important part, shown first: `Expires in 18 days`.
    pub lead: Sentence,
    /// The colour class of the lead, by what the status means for access.
    pub tone: &'static str,
    /// The rest of the sentence, with its comma: `, cancelled on 2 Nov`.
    pub rest: Sentence,
    /// Explains what people easily misread.
    pub hint: Option<Sentence>,
}

/// One purchase at one moment. `name_of` returns the display name of another product of the same store.
pub struct Seen<'a> {
    pub purchase: &'a Purchase,
    pub now: Moment,
    pub name_of: &'a dyn Fn(&str) -> String,
}

impl StatusLine {
    fn new(tone: &'static str, lead: Sentence) -> StatusLine {
        StatusLine { lead, tone, rest: Sentence::default(), hint: None }
    }

    fn rest(mut self, rest: Option<Sentence>) -> StatusLine {
        self.rest = rest.map_or_else(Sentence::default, |rest| Sentence::new(", ").then(rest));
        self
    }

    fn hint(mut self, hint: impl Into<String>) -> StatusLine {
        self.hint = Some(Sentence::new(hint));
        self
    }

    /// Lead and rest as plain text.
    pub fn plain(&self) -> String {
        self.lead.plain() + &self.rest.plain()
    }
}

impl Seen<'_> {
    /// The line from the table in §7.1.
    pub fn line(&self) -> StatusLine {
        let line = match self.purchase.status(self.now) {
            Status::Active => self.renewing(),
            Status::Intro => self.introductory(),
            Status::Trial => self.trial(),
            Status::TrialCancelled => self.trial_ending(),
            Status::Cancelled => self.cancelled(),
            Status::Prepaid => self.prepaid(),
            Status::Grace => self.in_grace(false),
            Status::GraceInTrial => self.in_grace(true),
            Status::Granted => self.granted(),
            Status::Owned => self.owned(),
            Status::Temporary => self.temporary(),
            Status::BillingRetry => self.in_retry(),
            Status::Paused => self.paused(),
            Status::Refunded => self.refunded(),
            Status::Expired => self.expired(),
            Status::GrantOver => self.grant_over(),
        };
        self.with_refund(line)
    }

    fn renewing(&self) -> StatusLine {
        if self.purchase.pause_asked_at.is_some() {
            return self.pausing();
        }
        StatusLine::new("good", Sentence::new("Renews ").time(self.until())).rest(self.change())
    }

    fn introductory(&self) -> StatusLine {
        let line = self.renewing();
        let price_note = Sentence::new("introductory price until then");
        match line.rest.is_empty() {
            true => line.rest(Some(price_note)),
            false => line,
        }
    }

    fn pausing(&self) -> StatusLine {
        let lead = Sentence::new("Pauses on ").time(self.on(self.end()));
        StatusLine::new("warn", lead).rest(Some(self.resuming())).hint("Access continues until the pause begins.")
    }

    fn trial(&self) -> StatusLine {
        StatusLine::new("trial", Sentence::new("Trial, converts ").time(self.until())).rest(self.change())
    }

    fn trial_ending(&self) -> StatusLine {
        let lead = Sentence::new("Trial, ends ").time(self.until());
        StatusLine::new("warn", lead).rest(self.why_cancelled()).hint("Access continues until then. No charge follows.")
    }

    /// A cancelled subscription still gives access. The hint says so, because this is the costliest misreading.
    fn cancelled(&self) -> StatusLine {
        let line = StatusLine::new("warn", Sentence::new("Expires ").time(self.until())).rest(self.why_cancelled());
        match self.purchase.replaced_at {
            Some(_) => line,
            None => line.hint("Cancelled means that it will not renew. Access continues until the paid time ends."),
        }
    }

    fn prepaid(&self) -> StatusLine {
        let rest = Sentence::new("prepaid, does not renew by itself");
        StatusLine::new("warn", Sentence::new("Expires ").time(self.until())).rest(Some(rest))
    }

    fn in_grace(&self, is_trial: bool) -> StatusLine {
        let detected = |what: &str| {
            let at = self.purchase.billing_issue_at?;
            Some(Sentence::new(what).time(self.on(at)))
        };
        let Some(grace) = self.purchase.grace_expires_at.filter(|grace| *grace > self.now) else {
            let lead = Sentence::new("Billing issue, paid until ").time(self.on(self.end()));
            return StatusLine::new("warn", lead)
                .rest(detected("detected "))
                .hint("The store could not collect the next payment and tries again.");
        };
        let what = if is_trial { "Trial, grace period until " } else { "Grace period until " };
        let lead = Sentence::new(what).time(self.on(grace));
        StatusLine::new("warn", lead).rest(detected("billing issue detected ")).hint(
            "The store could not collect the payment and tries again. Access continues meanwhile, past the date of the \
             renewal.",
        )
    }

    fn granted(&self) -> StatusLine {
        let since = Sentence::new("granted on ").time(self.on(self.purchase.period_start));
        if self.purchase.is_lifetime(self.now) {
            return StatusLine::new("gift", Sentence::new("Does not expire")).rest(Some(since));
        }
        StatusLine::new("gift", Sentence::new("Expires ").time(self.until())).rest(Some(since))
    }

    fn owned(&self) -> StatusLine {
        let bought = Sentence::new("bought on ").time(self.on(self.purchase.period_start));
        if self.purchase.is_lifetime(self.now) {
            return StatusLine::new("good", Sentence::new("Does not expire")).rest(Some(bought));
        }
        let rest = bought.words(", does not renew");
        StatusLine::new("warn", Sentence::new("Expires ").time(self.until())).rest(Some(rest))
    }

    fn temporary(&self) -> StatusLine {
        let until = Stamp::day_and_time(self.end(), self.now);
        StatusLine::new("warn", Sentence::new("Temporary access until ").time(until))
            .hint("The store did not answer about this purchase yet. Until it does, access lasts for a day at most.")
    }

    fn in_retry(&self) -> StatusLine {
        let detected = self
            .purchase
            .billing_issue_at
            .map(|at| Sentence::new("the store is retrying payment; billing issue detected ").time(self.on(at)));
        let rest = detected.unwrap_or_else(|| Sentence::new("the store is retrying payment"));
        StatusLine::new("bad", Sentence::new("Expired ").time(self.ago(self.end())))
            .rest(Some(rest))
            .hint("Access returns by itself if the payment goes through.")
    }

    fn paused(&self) -> StatusLine {
        StatusLine::new("warn", Sentence::new("Paused")).rest(Some(self.resuming()))
    }

    fn refunded(&self) -> StatusLine {
        let at = self.purchase.refunded_at.unwrap_or_else(|| self.end());
        StatusLine::new("bad", Sentence::new("Refunded on ").time(self.on(at)))
    }

    fn expired(&self) -> StatusLine {
        let is_prepaid = self.purchase.period_type == Some(PeriodType::Prepaid);
        let why = match (&self.purchase.expiration_reason, self.purchase.unsubscribed_at) {
            (Some(Reason::Unsubscribe), _) if is_prepaid => Some(Sentence::new("prepaid time used up")),
            (Some(reason), _) => Some(Sentence::new(reason.words())),
            (None, Some(_)) if self.purchase.is_unsubscribed_undated => Some(Sentence::new("renewal was off")),
            (None, Some(at)) => Some(Sentence::new("cancelled on ").time(self.on(at))),
            (None, None) if self.purchase.will_renew() => {
                Some(Sentence::new("no renewal and no expiry have been reported since"))
            }
            (None, None) => None,
        };
        let line = StatusLine::new("quiet", Sentence::new("Expired ").time(self.ago(self.end()))).rest(why);
        match self.purchase.replaced_at {
            Some(at) => line.rest(Some(Sentence::new("replaced by another product on ").time(self.on(at)))),
            None => line,
        }
    }

    fn grant_over(&self) -> StatusLine {
        match self.purchase.unsubscribed_at {
            Some(at) => StatusLine::new("quiet", Sentence::new("Removed by the team on ").time(self.on(at))),
            None => StatusLine::new("quiet", Sentence::new("Expired ").time(self.ago(self.end()))),
        }
    }

    /// The line of a one-time purchase that unlocks nothing: when it was bought or refunded.
    pub fn bought(&self) -> StatusLine {
        match self.purchase.refunded_at {
            Some(_) => self.refunded(),
            None => StatusLine::new("quiet", Sentence::new("Bought on ").time(self.on(self.purchase.period_start))),
        }
    }

    /// Adds a hint when the store refunded the payment but kept access or renewal on, since both surprise people.
    fn with_refund(&self, line: StatusLine) -> StatusLine {
        let Some(at) = self.purchase.refunded_at else { return self.with_kept_access(line) };
        let is_active = self.purchase.is_active(self.now);
        let refunded = Sentence::new("Refunded on ").time(self.on(at));
        let hint = match (is_active, may_charge_again(self.purchase, self.now)) {
            (true, true) => {
                refunded.words(". The store did not end access, and the subscription is still set to renew.")
            }
            (true, false) => refunded.words(". The store did not end access."),
            (false, true) => Sentence::new(
                "The subscription is still set to renew: the store may charge again unless it is cancelled there.",
            ),
            (false, false) => return line,
        };
        StatusLine { hint: Some(hint), ..line }
    }

    /// Adds a hint when money was given back and access was left as it is.
    fn with_kept_access(&self, line: StatusLine) -> StatusLine {
        let Some(at) = self.purchase.access_kept_at else { return line };
        let hint = Sentence::new("Money was given back on ").time(self.on(at)).words(". Access was left as it is.");
        StatusLine { hint: Some(hint), ..line }
    }

    fn why_cancelled(&self) -> Option<Sentence> {
        let purchase = self.purchase;
        if let Some(at) = purchase.replaced_at {
            return Some(Sentence::new("replaced by another product on ").time(self.on(at)));
        }
        let at = purchase.unsubscribed_at?;
        if purchase.is_unsubscribed_undated {
            return Some(Sentence::new("renewal is off; since when is not known"));
        }
        let price_note = Sentence::new("cancelled on ").time(self.on(at));
        Some(match &purchase.cancel_reason {
            Some(reason @ (Reason::PriceIncrease | Reason::DeveloperInitiated)) => {
                price_note.words(format!(" ({})", reason.words()))
            }
            None
            | Some(
                Reason::Unsubscribe
                | Reason::BillingError
                | Reason::CustomerSupport
                | Reason::Unknown
                | Reason::SubscriptionPaused
                | Reason::UnknownDueToImport
                | Reason::Other(_),
            ) => price_note,
        })
    }

    fn change(&self) -> Option<Sentence> {
        let product = self.purchase.pending_product.as_deref()?;
        Some(Sentence::new("changes to ").name((self.name_of)(product)).words(" on ").time(self.on(self.end())))
    }

    fn resuming(&self) -> Sentence {
        match self.purchase.auto_resume_at {
            Some(at) => Sentence::new("resumes on ").time(self.on(at)),
            None => Sentence::new("with no date to resume"),
        }
    }

    fn end(&self) -> Moment {
        self.purchase.expires_at.unwrap_or(Moment::NEVER)
    }

    /// When access ends, from now: `in 18 days`.
    fn until(&self) -> Stamp {
        Stamp::relative(self.purchase.access_ends_at(), self.now)
    }

    fn ago(&self, at: Moment) -> Stamp {
        Stamp::with_text(at, text::uncapitalised(&times::relative(at, self.now)))
    }

    fn on(&self, at: Moment) -> Stamp {
        Stamp::short_day(at, self.now)
    }
}

/// For how many days after a refund the line warns that renewal is still on.
const REFUND_DAYS: i64 = 60;

/// Whether a purchase without access needs attention: access may come back, or the store may charge again.
pub fn is_unsettled(purchase: &Purchase, now: Moment) -> bool {
    match purchase.status(now) {
        Status::BillingRetry | Status::Paused => true,
        Status::Refunded => may_charge_again(purchase, now),
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
        | Status::Temporary
        | Status::Expired
        | Status::GrantOver => false,
    }
}

/// Whether the store refunded the payment recently while renewal stayed on.
fn may_charge_again(purchase: &Purchase, now: Moment) -> bool {
    let may_renew = purchase.will_renew() && !stores::refund_ends_renewal(purchase.store.as_ref());
    may_renew && purchase.refunded_at.is_some_and(|at| now < at.plus_days(REFUND_DAYS))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::projection::testing::{NOW, purchase};

    fn ago(days: i64) -> Moment {
        NOW.plus_days(-days)
    }

    fn ahead(days: i64) -> Moment {
        NOW.plus_days(days)
    }

    /// `[tone] lead and rest (hint)`
    fn line(changes: Value) -> String {
        let purchase = purchase(changes);
        let name_of = |product: &str| format!("Product {product}");
        let line = Seen { purchase: &purchase, now: NOW, name_of: &name_of }.line();
        let hint = line.hint.as_ref().map_or_else(String::new, |hint| format!("\n  {}", hint.plain()));
        format!("[{}] {}{hint}", line.tone, line.plain())
    }

    #[test]
    fn a_renewing_purchase_says_when_it_renews() {
        let lines = [
            line(json!({})),
            line(json!({ "pending_product": "pro_monthly" })),
            line(json!({ "period_type": "INTRO" })),
            line(json!({ "period_type": "TRIAL", "expires_at": ahead(3) })),
            line(json!({ "pause_asked_at": ago(1), "auto_resume_at": ahead(48) })),
            line(json!({ "pause_asked_at": ago(1) })),
        ];
        insta::assert_snapshot!(lines.join("\n"), @"
        [good] Renews in 18 days
        [good] Renews in 18 days, changes to Product pro_monthly on 11 Dec
        [good] Renews in 18 days, introductory price until then
        [trial] Trial, converts in 3 days
        [warn] Pauses on 11 Dec, resumes on 10 Jan 2027
          Access continues until the pause begins.
        [warn] Pauses on 11 Dec, with no date to resume
          Access continues until the pause begins.
        ");
    }

    #[test]
    fn an_ending_purchase_says_when_and_why() {
        let lines = [
            line(json!({ "unsubscribed_at": ago(21), "cancel_reason": "UNSUBSCRIBE" })),
            line(json!({ "unsubscribed_at": ago(21), "cancel_reason": "PRICE_INCREASE" })),
            line(json!({ "period_type": "TRIAL", "expires_at": ahead(3), "unsubscribed_at": ago(1) })),
            line(json!({ "replaced_at": ago(2) })),
            line(json!({ "period_type": "PREPAID", "expires_at": ahead(4) })),
            line(json!({ "kind": "one_time", "expires_at": ahead(20), "period_start": ago(10) })),
        ];
        insta::assert_snapshot!(lines.join("\n"), @"
        [warn] Expires in 18 days, cancelled on 2 Nov
          Cancelled means that it will not renew. Access continues until the paid time ends.
        [warn] Expires in 18 days, cancelled on 2 Nov (price increase not accepted)
          Cancelled means that it will not renew. Access continues until the paid time ends.
        [warn] Trial, ends in 3 days, cancelled on 22 Nov
          Access continues until then. No charge follows.
        [warn] Expires in 18 days, replaced by another product on 21 Nov
        [warn] Expires in 4 days, prepaid, does not renew by itself
        [warn] Expires in 20 days, bought on 13 Nov, does not renew
        ");
    }

    #[test]
    fn a_payment_problem_says_what_the_store_does() {
        let failing = json!({ "expires_at": ago(9), "billing_issue_at": ago(9), "grace_expires_at": ahead(7) });
        let mut in_trial = failing.clone();
        in_trial["period_type"] = json!("TRIAL");
        let lines = [
            line(failing),
            line(in_trial),
            line(json!({ "billing_issue_at": ago(1) })),
            line(json!({ "expires_at": ago(11), "billing_issue_at": ago(11), "expiration_reason": "BILLING_ERROR" })),
            line(
                json!({ "expires_at": ago(2), "expiration_reason": "SUBSCRIPTION_PAUSED", "auto_resume_at": ahead(12) }),
            ),
            line(json!({ "expires_at": ago(2), "expiration_reason": "SUBSCRIPTION_PAUSED" })),
            line(json!({ "kind": "temporary", "expires_at": NOW.plus_seconds(57_600) })),
        ];
        insta::assert_snapshot!(lines.join("\n"), @"
        [warn] Grace period until 30 Nov, billing issue detected 14 Nov
          The store could not collect the payment and tries again. Access continues meanwhile, past the date of the renewal.
        [warn] Trial, grace period until 30 Nov, billing issue detected 14 Nov
          The store could not collect the payment and tries again. Access continues meanwhile, past the date of the renewal.
        [warn] Billing issue, paid until 11 Dec, detected 22 Nov
          The store could not collect the next payment and tries again.
        [bad] Expired 11 days ago, the store is retrying payment; billing issue detected 12 Nov
          Access returns by itself if the payment goes through.
        [warn] Paused, resumes on 5 Dec
        [warn] Paused, with no date to resume
        [warn] Temporary access until 24 Nov, 09:00 UTC
          The store did not answer about this purchase yet. Until it does, access lasts for a day at most.
        ");
    }

    #[test]
    fn a_grant_or_a_lifetime_purchase_says_so() {
        let lines = [
            line(json!({ "kind": "grant", "store": "PROMOTIONAL", "period_start": ago(19), "expires_at": ahead(12) })),
            line(
                json!({ "kind": "grant", "store": "PROMOTIONAL", "period_start": ago(19), "expires_at": ahead(73_000) }),
            ),
            line(json!({ "kind": "grant", "store": "PROMOTIONAL", "expires_at": ago(120) })),
            line(json!({ "kind": "grant", "store": "PROMOTIONAL", "expires_at": ago(2), "unsubscribed_at": ago(2) })),
            line(json!({ "kind": "one_time", "expires_at": null })),
        ];
        insta::assert_snapshot!(lines.join("\n"), @"
        [gift] Expires in 12 days, granted on 4 Nov
        [gift] Does not expire, granted on 4 Nov
        [quiet] Expired 4 months ago
        [quiet] Removed by the team on 21 Nov
        [good] Does not expire, bought on 11 Dec 2025
        ");
    }

    #[test]
    fn an_ended_purchase_says_when_it_ended_and_why() {
        let lines = [
            line(json!({ "expires_at": ago(180), "expiration_reason": "UNSUBSCRIBE" })),
            line(json!({ "expires_at": ago(17), "expiration_reason": "UNSUBSCRIBE", "period_type": "PREPAID" })),
            line(json!({ "expires_at": ago(2), "unsubscribed_at": ago(20) })),
            line(json!({ "expires_at": NOW.plus_seconds(-7_200) })),
            line(json!({ "expires_at": ago(30), "replaced_at": ago(30), "expiration_reason": "UNSUBSCRIBE" })),
            line(json!({ "expires_at": ago(30), "expiration_reason": "NEW_WORD" })),
            line(json!({ "expires_at": ago(90), "billing_issue_at": ago(90), "expiration_reason": "BILLING_ERROR" })),
        ];
        insta::assert_snapshot!(lines.join("\n"), @"
        [quiet] Expired 6 months ago, renewal was switched off
        [quiet] Expired 17 days ago, prepaid time used up
        [quiet] Expired 2 days ago, cancelled on 3 Nov
        [quiet] Expired 2 hours ago, no renewal and no expiry have been reported since
        [quiet] Expired a month ago, replaced by another product on 24 Oct
        [quiet] Expired a month ago, NEW_WORD
        [quiet] Expired 3 months ago, billing error
        ");
    }

    #[test]
    fn a_refund_says_whether_access_or_renewal_stayed() {
        let refunded = json!({ "refunded_at": ago(20), "expires_at": ago(20) });
        let mut off = refunded.clone();
        off["unsubscribed_at"] = json!(ago(21));
        let lines = [
            line(off),
            line(refunded),
            line(json!({ "refunded_at": ago(20), "unsubscribed_at": ago(21) })),
            line(json!({ "refunded_at": ago(20) })),
            line(json!({ "kind": "one_time", "expires_at": null, "refunded_at": ago(20) })),
            line(json!({ "refunded_at": ago(400), "expires_at": ago(400), "expiration_reason": "CUSTOMER_SUPPORT" })),
        ];
        insta::assert_snapshot!(lines.join("\n"), @"
        [bad] Refunded on 3 Nov
        [bad] Refunded on 3 Nov
          The subscription is still set to renew: the store may charge again unless it is cancelled there.
        [warn] Expires in 18 days, cancelled on 2 Nov
          Refunded on 3 Nov. The store did not end access.
        [good] Renews in 18 days
          Refunded on 3 Nov. The store did not end access, and the subscription is still set to renew.
        [bad] Refunded on 3 Nov
        [bad] Refunded on 19 Oct 2025
        ");
    }

    #[test]
    fn times_outside_the_calendar_do_not_break_a_line() {
        assert_eq!(
            line(json!({ "expires_at": i64::MAX, "kind": "grant" })),
            "[gift] Does not expire, granted on 11 Dec 2025"
        );
        assert!(line(json!({ "expires_at": i64::MIN })).starts_with("[quiet] Expired "));
        assert!(line(json!({ "expires_at": i64::MAX })).starts_with("[good] Renews in "));
    }
}

//! Parts of reasons about charges: those that failed, and those that a pause or a refund leaves to come.

use super::clauses::{amount_of, company};
use super::reasons::Reasoned;
use crate::base::clock::Moment;
use crate::events::{Reason, Summary};
use crate::projection::{Cause, Purchase, RETRY_DAYS};
use crate::wording::sentence::Sentence;
use crate::wording::text::capitalised;

impl Reasoned<'_> {
    /// `Google could not charge for Pro monthly on 19 Nov`
    pub(super) fn charge_failed(&self, purchase: &Purchase) -> Sentence {
        let lead = Sentence::new(format!("{} could not charge for ", capitalised(&company(purchase))));
        let lead = lead.then(self.product(purchase));
        match purchase.billing_issue_at {
            Some(at) => lead.words(" on ").time(self.on(at)),
            None => lead,
        }
    }

    /// `The free trial of Pro monthly, Google Play, ended on 22 Aug and the first charge failed`
    pub(super) fn first_charge_failed(&self, purchase: &Purchase) -> Sentence {
        self.trial_ended(purchase).words(" and the first charge failed")
    }

    /// A charge that failed while the paid time or the trial still runs.
    pub(super) fn charge_failed_early(&self, purchase: &Purchase) -> Sentence {
        let what = if self.is_trial(purchase) { "; the free trial runs until " } else { "; the paid time runs until " };
        let lead = self.charge_failed(purchase).words(what);
        let lead = lead.time(self.on(purchase.expires_at.unwrap_or(Moment::NEVER)));
        let lead = match purchase.grace_expires_at.filter(|grace| Some(*grace) > purchase.expires_at) {
            Some(grace) => lead.words(", then grace until ").time(self.on(grace)),
            None => lead,
        };
        lead.words(format!(". {} tries again.", capitalised(&company(purchase))))
    }

    /// `. Google tries again; access continues until 5 Dec.`
    pub(super) fn in_grace(&self, purchase: &Purchase) -> Sentence {
        let lead = format!(". {} tries again; access continues until ", capitalised(&company(purchase)));
        Sentence::new(lead).time(self.on(purchase.access_ends_at())).words(".")
    }

    /// When the store usually stops trying to charge.
    pub(super) fn last_try(&self, purchase: &Purchase) -> Moment {
        purchase.access_ends_at().plus_days(RETRY_DAYS)
    }

    /// `No payment has been reported since; Google has usually stopped trying by now.`
    pub(super) fn given_up(&self, purchase: &Purchase) -> Sentence {
        let reported = Sentence::new("No payment has been reported since");
        match self.last_try(purchase) <= self.known.now {
            true => reported.words(format!("; {} has usually stopped trying by now.", company(purchase))),
            false => reported.words("."),
        }
    }

    pub(super) fn has_failed(&self, purchase: &Purchase) -> bool {
        purchase.billing_issue_at.is_some() || purchase.expiration_reason == Some(Reason::BillingError)
    }

    pub(super) fn resumes(&self, purchase: &Purchase, joint: &str) -> Sentence {
        match purchase.auto_resume_at {
            Some(at) => Sentence::new(joint).time(self.on(at)),
            None => Sentence::new(", with no date to resume"),
        }
    }

    pub(super) fn charges_on_resuming(&self, purchase: &Purchase) -> Sentence {
        match purchase.auto_resume_at {
            Some(at) => Sentence::new(". It resumes on ")
                .time(self.on(at))
                .words(format!(", and {} charges then.", company(purchase))),
            None => Sentence::new(", with no date to resume."),
        }
    }

    /// `EUR 53.99 for Pro annual was refunded on 20 Oct, requested by Sol Mbeki,`
    pub(super) fn refunded(&self, purchase: &Purchase) -> Sentence {
        let at = purchase.refunded_at.max(purchase.access_kept_at).unwrap_or(purchase.access_ends_at());
        let event = self.refund(purchase);
        let lead = match event.and_then(amount_of) {
            Some(money) => Sentence::new(format!("{} for ", money.shown())).then(self.product(purchase)),
            None if self.is_trial(purchase) => Sentence::new("The free trial of ").then(self.product(purchase)),
            None => self.product(purchase),
        };
        let lead = lead.words(" was refunded on ").time(self.on(at));
        match event.and_then(|event| self.known.act(event)) {
            Some(act) => lead.words(", requested by ").name(act.who.clone()).words(","),
            None => lead,
        }
    }

    pub(super) fn refund(&self, purchase: &Purchase) -> Option<&Summary> {
        self.known.event(purchase, Cause::Refund).or_else(|| self.known.event(purchase, Cause::KeptRefund))
    }

    /// `; access was kept. Renewal is on: Apple charges next on 14 Oct 2027.`
    pub(super) fn access_kept(&self, purchase: &Purchase) -> Sentence {
        let end = || self.on(purchase.access_ends_at());
        let kept = Sentence::new(" and access was kept. ");
        match (purchase.is_lifetime(self.known.now), purchase.will_renew()) {
            (true, _) => kept.words("It does not expire."),
            (false, true) => {
                kept.words(format!("Renewal is on: {} charges next on ", company(purchase))).time(end()).words(".")
            }
            (false, false) => kept.words("It runs until ").time(end()).words("."),
        }
    }

    /// `Renewal is still on: Apple may charge again on 14 Oct 2027.`
    pub(super) fn renewal_is_on(&self, purchase: &Purchase) -> Sentence {
        let again = if self.is_trial(purchase) { "" } else { " again" };
        let lead = Sentence::new(format!("Renewal is still on: {} may charge{again}", company(purchase)));
        match self.next_charge(purchase) {
            Some(at) => lead.words(" on ").time(self.on(at)).words("."),
            None => lead.words("."),
        }
    }

    /// When the period ends that was refunded, if the event that began it says so and that is ahead.
    pub(super) fn next_charge(&self, purchase: &Purchase) -> Option<Moment> {
        let end = self.known.event(purchase, Cause::Period).and_then(|event| event.expires_at);
        end.filter(|end| *end > self.known.now && self.known.event(purchase, Cause::Extension).is_none())
    }
}

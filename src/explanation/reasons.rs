//! The reason of each case, in one to three sentences.

use super::clauses::company;
use super::{Case, Entitlement, Known};
use crate::base::clock::Moment;
use crate::projection::{Cause, Kind, Purchase};
use crate::wording::sentence::Sentence;
use crate::wording::text::{capitalised, visible};

/// A case, and what its words are made of.
pub(super) struct Reasoned<'a> {
    pub known: &'a Known<'a>,
    pub case: Case,
    pub purchase: Option<&'a Purchase>,
    pub entitlement: Option<&'a Entitlement>,
}

impl Reasoned<'_> {
    /// Why, in one to three sentences.
    pub fn reason(&self) -> Sentence {
        match (self.purchase, self.case) {
            (Some(purchase), Case::Locked) => self.locked(purchase),
            (Some(purchase), Case::Unattached) => self.unattached(purchase).then(self.came_from(purchase)),
            (Some(purchase), case) if case.gives_access() => {
                self.with_access(purchase).then(self.extended(purchase)).then(self.came_from(purchase))
            }
            (Some(purchase), _) => self.without_access(purchase),
            (None, _) => self.without_purchase(),
        }
    }

    fn with_access(&self, purchase: &Purchase) -> Sentence {
        let product = || self.product(purchase);
        let whole = || product().words(self.in_store(purchase));
        let end = || self.on(purchase.expires_at.unwrap_or(Moment::NEVER));
        match self.case {
            Case::Renewing if purchase.is_family_share => {
                let lead = whole().words(" is shared by a family member until ").time(end());
                lead.words(". It renews then; the family member is charged.")
            }
            Case::Renewing => self.paid_until(purchase).then(self.renews_as(purchase)),
            Case::Introductory => {
                whole().words(" is at an introductory price until ").time(end()).then(self.renews_as(purchase))
            }
            Case::Pausing => {
                let lead = self.paid_until(purchase).words(". It is then paused");
                lead.then(self.resumes(purchase, " until ")).words(".")
            }
            Case::Trial => self.trial(purchase, " runs until ").then(self.trial_renews_as(purchase)),
            Case::TrialEnding => self
                .trial(purchase, " ends on ")
                .words(". ")
                .then(self.switched_off(purchase).capitalised())
                .words(", so nothing will be charged."),
            Case::Ending => {
                let paid = self.paid_until(purchase).words("; ");
                paid.then(self.switched_off(purchase)).words(", so it ends then.")
            }
            Case::BeingReplaced => {
                whole().words(" gives access until ").time(end()).words("; ").then(self.taken_over(purchase)).words(".")
            }
            Case::Prepaid => whole().words(" is prepaid until ").time(end()).words(" and does not renew by itself."),
            Case::ChargeFailed => self.charge_failed_early(purchase),
            Case::Grace => self.charge_failed(purchase).then(self.in_grace(purchase)),
            Case::GraceInTrial => self.first_charge_failed(purchase).then(self.in_grace(purchase)),
            Case::Granted => self.granted(purchase),
            Case::Owned => whole()
                .words(" was bought once, on ")
                .time(self.on(purchase.period_start))
                .words(", and does not expire."),
            Case::OwnedForATime => whole()
                .words(" was bought on ")
                .time(self.on(purchase.period_start))
                .words(", lasts until ")
                .time(end())
                .words(" and does not renew."),
            Case::Temporary => self
                .unconfirmed(purchase, " a purchase yet. Without an answer access ends on ")
                .time(self.at_minute(purchase.access_ends_at()))
                .words("."),
            Case::RefundedWithAccess => self.refunded(purchase).then(self.access_kept(purchase)),
            _ => self.without_access(purchase),
        }
    }

    fn without_access(&self, purchase: &Purchase) -> Sentence {
        let whole = || self.product(purchase).words(self.in_store(purchase));
        let end = || self.on(purchase.expires_at.unwrap_or(Moment::NEVER));
        match self.case {
            Case::Retrying => self.retrying(purchase),
            Case::Unpaid => self.charge_failed(purchase).words(" and access ended. ").then(self.given_up(purchase)),
            Case::Paused => {
                let lead = whole().words(" has been paused since ").time(self.on(purchase.access_ends_at()));
                lead.then(self.charges_on_resuming(purchase))
            }
            Case::Refunded => {
                let is_off = purchase.kind == Kind::Subscription && purchase.unsubscribed_at.is_some();
                let off = if is_off { " and access ended; renewal is off." } else { " and access ended." };
                self.refunded(purchase).words(off)
            }
            Case::RefundedAndRenewing => {
                self.refunded(purchase).words(" and access ended. ").then(self.renewal_is_on(purchase))
            }
            Case::TrialOver => self.trial_over(purchase),
            Case::PriceDeclined => Sentence::new("The customer did not agree to a higher price of ")
                .then(self.product(purchase))
                .words("; the paid time ended on ")
                .time(end())
                .words("."),
            Case::Replaced => self.replaced(purchase),
            Case::PrepaidOver => {
                whole().words(" was prepaid until ").time(end()).words(" and has not been topped up since.")
            }
            Case::Ended => self.was_paid_until(purchase).then(self.why_it_ended(purchase)),
            Case::EndUnreported => {
                self.was_paid_until(purchase).words("; neither a renewal nor an end has been reported since.")
            }
            Case::GrantOver => self.the_grant(purchase).words(" ended on ").time(end()).words(", as it was set to."),
            Case::GrantRemoved => self.grant_removed(purchase),
            Case::TemporaryOver => Sentence::new("Temporary access ended on ")
                .time(end())
                .words(". ")
                .then(self.unconfirmed(purchase, " the purchase.")),
            Case::TemporaryUnnamed => {
                self.unconfirmed(purchase, " a purchase yet, and no event says what its temporary access unlocks.")
            }
            _ => self.without_purchase(),
        }
    }

    /// ` It moved here from zofia.nowak on 11 Nov.`
    fn came_from(&self, purchase: &Purchase) -> Sentence {
        let Some(event) = self.known.event(purchase, Cause::Transfer) else { return Sentence::default() };
        let from = event.transferred_from.first().map_or_else(|| "another customer".into(), |id| visible(id));
        Sentence::new(" It moved here from ").name(from).words(" on ").time(self.on(event.event_at)).words(".")
    }

    /// ` Its end was moved on 20 Nov, by Sol Mbeki.`
    fn extended(&self, purchase: &Purchase) -> Sentence {
        let Some(event) = self.known.event(purchase, Cause::Extension) else { return Sentence::default() };
        let lead = Sentence::new(" Its end was moved on ").time(self.on(event.event_at));
        match self.known.act(event) {
            Some(act) => lead.words(", by ").name(act.who.clone()).words("."),
            None => lead.words("."),
        }
    }

    fn retrying(&self, purchase: &Purchase) -> Sentence {
        let end = purchase.access_ends_at();
        let lead = match (self.is_trial(purchase), purchase.billing_issue_at) {
            (true, _) => self.first_charge_failed(purchase),
            (false, Some(at)) if self.on(at).text() == self.on(end).text() => {
                self.charge_failed(purchase).words("; access ended that day")
            }
            (false, _) => self.charge_failed(purchase).words("; access ended on ").time(self.on(end)),
        };
        lead.words(format!(". {} keeps trying, usually until ", capitalised(&company(purchase))))
            .time(self.on(self.last_try(purchase)))
            .words(".")
    }
}

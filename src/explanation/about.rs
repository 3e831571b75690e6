//! The sentences of an answer that are about one purchase, by its case.

use super::Case;
use super::answers::{Charger, Day, Message, Minute, Named};
use super::clauses::{amount_of, was_never_paid};
use super::reasons::Reasoned;
use crate::base::clock::Moment;
use crate::events::Store;
use crate::projection::{Cause, Kind, Purchase};

/// A purchase that the customer is told about.
pub(super) struct About<'a> {
    pub reasoned: &'a Reasoned<'a>,
    pub purchase: &'a Purchase,
}

impl About<'_> {
    pub fn with_access(&self) -> Vec<Message> {
        let (access, product, store, until) = (self.access(), self.product(), self.store(), self.end());
        let have = |until: Option<Day>| Message::Have { access: self.access(), until };
        match self.reasoned.case {
            Case::Renewing | Case::Introductory if self.purchase.is_family_share => {
                vec![Message::Family { access, until }]
            }
            Case::Renewing | Case::Introductory if self.purchase.pending_product.is_some() => {
                let new_product = self.named(self.purchase.pending_product.as_deref());
                vec![have(None), Message::Changes { product, new_product, until }]
            }
            Case::Renewing => {
                let reversed = self.reversed().map(|on| Message::RefundReversed { product: self.product(), on });
                reversed.into_iter().chain([have(None), Message::Renews { product, until }]).collect()
            }
            Case::Introductory => vec![have(None), Message::Introductory { product, until, store }],
            Case::Pausing => {
                let follows = Message::PauseFollows { until: self.purchase.auto_resume_at.map(Day) };
                vec![have(Some(until)), follows, Message::RemovePause { store }]
            }
            Case::Trial => vec![Message::TrialRuns { product, until, store }],
            Case::TrialEnding => vec![Message::TrialEnds { product, until, store }],
            Case::Ending if self.purchase.is_family_share => vec![have(Some(until))],
            Case::Ending => vec![have(Some(until)), Message::RenewalOff { store }],
            Case::BeingReplaced => vec![have(Some(until)), self.replaced()],
            Case::Prepaid | Case::OwnedForATime => vec![have(Some(until)), Message::DoesNotRenew {}],
            Case::GraceInTrial => {
                let until = self.last();
                vec![self.trial_payment_failed(), Message::KeepUntil { access, until, store }]
            }
            Case::ChargeFailed | Case::Grace => {
                let until = self.last();
                vec![self.payment_failed(), Message::KeepUntil { access, until, store }]
            }
            Case::Granted => vec![Message::Granted { access, until: self.last_if_any() }],
            Case::Owned => vec![Message::Owned { product }],
            Case::Temporary => {
                vec![Message::Unconfirmed { access, until: Minute(self.purchase.access_ends_at()), store }]
            }
            Case::RefundedWithAccess => {
                let charged = self.purchase.will_renew().then_some(Message::ChargedThen { store });
                [self.refunded(), have(self.last_if_any())].into_iter().chain(charged).collect()
            }
            _ => Vec::new(),
        }
    }

    pub fn without_access(&self) -> Vec<Message> {
        let (access, product, store, until) = (self.access(), self.product(), self.store(), self.end());
        let on = self.last();
        match self.reasoned.case {
            Case::Retrying => {
                let is_trial = self.reasoned.is_trial(self.purchase);
                let failed = if is_trial { self.trial_payment_failed() } else { self.payment_failed() };
                vec![failed, Message::PaymentBringsBack { store }]
            }
            Case::Unpaid => {
                vec![self.payment_failed(), Message::Ended { product, on }, Message::CheckPayment { store }]
            }
            Case::Paused => {
                let resumes = Message::Resumes { on: self.purchase.auto_resume_at.map(Day), store };
                vec![Message::Paused { access, on }, resumes]
            }
            Case::Refunded => {
                let is_once = self.purchase.kind == Kind::OneTime;
                let again = if is_once { Message::BuyAgain {} } else { Message::Subscribe {} };
                self.refund_ended().into_iter().chain([again]).collect()
            }
            Case::RefundedAndRenewing => {
                let next = self.reasoned.next_charge(self.purchase).map(Day);
                self.refund_ended().into_iter().chain([Message::RenewalStillOn { on: next, store }]).collect()
            }
            Case::TrialOver => self.trial_over(),
            Case::PriceDeclined => vec![Message::PriceNotAccepted { product, on }, Message::Subscribe {}],
            Case::Ended => {
                let dated = self.purchase.unsubscribed_at.filter(|_| !self.purchase.is_unsubscribed_undated);
                let off = self.purchase.unsubscribed_at.map(|_| Message::RenewalWasOff { on: dated.map(Day) });
                let paid = Message::WasPaidUntil { product, until };
                std::iter::once(paid).chain(off).chain([Message::Subscribe {}]).collect()
            }
            Case::EndUnreported => vec![Message::WasPaidUntil { product, until }, Message::NoRecord {}],
            Case::Replaced => self.replaced_and_over(),
            Case::PrepaidOver => vec![Message::PrepaidOver { product, until }],
            Case::GrantOver => vec![Message::GrantOver { access, until: on }, Message::Subscribe {}],
            Case::GrantRemoved => {
                let from = Day(self.purchase.period_start);
                vec![Message::GrantRemoved { access, from, on }, Message::Subscribe {}]
            }
            Case::TemporaryOver => vec![Message::UnconfirmedEnded { on, store }, Message::SendOrder {}],
            Case::TemporaryUnnamed => vec![Message::CannotConfirm {}],
            Case::Unattached => vec![self.received(), Message::NoAccessYet {}],
            Case::Locked => vec![Message::TestPurchase {}],
            _ => Vec::new(),
        }
    }

    /// Why somebody who has access is likely to write: the app does not show it.
    pub fn closing(&self) -> Option<Message> {
        if self.reasoned.case == Case::Temporary {
            return None;
        }
        let restores = matches!(
            self.purchase.store,
            Some(Store::AppStore | Store::MacAppStore | Store::PlayStore | Store::Amazon)
        );
        Some(if restores { Message::Restore {} } else { Message::LogIn {} })
    }

    fn trial_over(&self) -> Vec<Message> {
        let (product, store, on) = (self.product(), self.store(), self.end());
        let purchase = self.purchase;
        let is_reported = purchase.expiration_reason.is_some() || purchase.unsubscribed_at.is_some();
        if self.reasoned.has_failed(purchase) {
            return vec![self.trial_payment_failed(), Message::CheckPayment { store }];
        }
        let over = Message::TrialOver { product, on };
        match (is_reported, was_never_paid(purchase)) {
            (true, true) => vec![over, Message::NotCharged {}, Message::Subscribe {}],
            (true, false) => vec![over, Message::Subscribe {}],
            (false, _) => vec![over, Message::NoRecord {}],
        }
    }

    fn replaced_and_over(&self) -> Vec<Message> {
        let (successor, _) = self.reasoned.known.successor(self.purchase);
        let Some(successor) = successor.filter(|one| !one.is_active(self.reasoned.known.now)) else {
            return vec![self.replaced()];
        };
        let about = About { reasoned: self.reasoned, purchase: successor };
        let is_reported = successor.expiration_reason.is_some() || successor.unsubscribed_at.is_some();
        let end = if is_reported { Message::Subscribe {} } else { Message::NoRecord {} };
        vec![self.replaced(), Message::WasPaidUntil { product: about.product(), until: about.end() }, end]
    }

    fn replaced(&self) -> Message {
        let (_, product) = self.reasoned.known.successor(self.purchase);
        let on = Day(self.purchase.replaced_at.unwrap_or(self.purchase.period_start));
        Message::Replaced { product: self.product(), new_product: self.named(product.as_deref()), on }
    }

    fn payment_failed(&self) -> Message {
        let on = self.purchase.billing_issue_at.map(Day);
        Message::PaymentFailed { product: self.product(), on, store: self.store() }
    }

    fn trial_payment_failed(&self) -> Message {
        Message::TrialPaymentFailed { product: self.product(), on: self.end(), store: self.store() }
    }

    fn refund_ended(&self) -> Vec<Message> {
        let is_unpaid_trial = self.reasoned.is_trial(self.purchase) && was_never_charged(self);
        match is_unpaid_trial {
            true => vec![Message::TrialOver { product: self.product(), on: self.last() }, Message::NotCharged {}],
            false => vec![self.refunded(), Message::AccessEnded {}],
        }
    }

    fn refunded(&self) -> Message {
        let purchase = self.purchase;
        let at = purchase.refunded_at.max(purchase.access_kept_at).unwrap_or(purchase.access_ends_at());
        let amount = self.reasoned.refund(purchase).and_then(amount_of);
        Message::Refunded { amount, product: self.product(), on: Day(at) }
    }

    pub fn received(&self) -> Message {
        match self.purchase.refunded_at {
            Some(_) => self.refunded(),
            None => Message::Received { product: self.product() },
        }
    }

    /// When a refund was reversed.
    fn reversed(&self) -> Option<Day> {
        self.reasoned.known.event(self.purchase, Cause::RefundReversed).map(|event| Day(event.event_at))
    }

    fn access(&self) -> Named {
        let own = self.reasoned.entitlement;
        let name = own.and_then(|own| self.reasoned.known.catalog.display_name(&own.identifier));
        Named(name.map(crate::wording::text::visible))
    }

    pub fn product(&self) -> Named {
        self.named(Some(&self.purchase.product_id))
    }

    fn named(&self, product: Option<&str>) -> Named {
        Named(product.and_then(|product| self.reasoned.display_name(self.purchase, product)))
    }

    pub fn store(&self) -> Charger {
        Charger(self.purchase.store.clone())
    }

    pub fn end(&self) -> Day {
        Day(self.purchase.expires_at.unwrap_or(Moment::NEVER))
    }

    /// When access ends, or ended.
    fn last(&self) -> Day {
        Day(self.purchase.access_ends_at())
    }

    fn last_if_any(&self) -> Option<Day> {
        (!self.purchase.is_lifetime(self.reasoned.known.now)).then(|| self.last())
    }
}

/// Whether no event says that anything was charged: a trial that is refunded has a refund of nothing.
fn was_never_charged(about: &About<'_>) -> bool {
    about.purchase.revenue.payments == 0 && about.reasoned.refund(about.purchase).and_then(amount_of).is_none()
}

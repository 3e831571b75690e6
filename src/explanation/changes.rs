//! What else gives access, and what would change it.

use super::Case;
use super::reasons::Reasoned;
use crate::projection::{Kind, Purchase, Status};
use crate::stores;
use crate::wording::sentence::Sentence;

impl Reasoned<'_> {
    /// What else unlocks the entitlement now, and what comes of it.
    pub fn also(&self, others: &[&Purchase]) -> Vec<Sentence> {
        let now = self.known.now;
        let giving = others.iter().filter(|purchase| purchase.is_active(now));
        giving
            .map(|purchase| {
                let lead = match purchase.status(now) {
                    Status::Granted => Sentence::new("A grant"),
                    _ => self.product(purchase),
                };
                let end = || self.on(purchase.access_ends_at());
                match (purchase.is_lifetime(now), purchase.will_renew()) {
                    (true, _) => lead.words(", for good"),
                    (false, true) => lead.words(", renews on ").time(end()),
                    (false, false) if purchase.unsubscribed_at.is_some() => {
                        lead.words(" until ").time(end()).words(", renewal is off")
                    }
                    (false, false) => lead.words(" until ").time(end()),
                }
            })
            .collect()
    }

    /// What would give access, or end it; `others` unlock the same.
    pub fn would_change(&self, others: &[&Purchase]) -> Vec<Sentence> {
        let is_active = |other: &&Purchase| other.is_active(self.known.now);
        let stays = || Sentence::new("What else gives the same access stays.");
        let sentences = match self.purchase {
            Some(purchase) if self.case.gives_access() => {
                let rest = others.iter().any(is_active).then(stays);
                [self.would_end(purchase)].into_iter().chain(rest).collect()
            }
            Some(purchase) => vec![self.would_give(purchase)],
            None => vec![self.would_give_anything()],
        };
        let is_said = sentences.first().is_some_and(|first| !first.is_empty());
        if is_said { sentences } else { Vec::new() }
    }

    fn would_end(&self, purchase: &Purchase) -> Sentence {
        let end = || self.on(purchase.access_ends_at());
        match self.case {
            Case::Renewing | Case::Introductory | Case::Trial if purchase.is_family_share => Sentence::new(
                "It ends when the family member cancels, is refunded or stops sharing, or when the customer leaves the family.",
            ),
            Case::Renewing | Case::Introductory if purchase.pending_product.is_some() => {
                Sentence::new("Switching renewal off stops the change; access then ends after ").time(end()).words(".")
            }
            Case::Trial | Case::Renewing | Case::Introductory => Sentence::new("Switching renewal off ends it after ")
                .time(end())
                .words(". A failed payment ends it then, or after a grace period."),
            Case::RefundedWithAccess if purchase.will_renew() => {
                Sentence::new("Switching renewal off ends it after ").time(end()).words(".")
            }
            Case::TrialEnding | Case::Ending => {
                Sentence::new("Switching renewal on again before ").time(end()).words(" keeps it running.")
            }
            Case::Pausing => Sentence::new("Removing the pause before ").time(end()).words(" lets it renew then."),
            Case::Prepaid => Sentence::new("Topping it up before ").time(end()).words(" keeps it running."),
            Case::ChargeFailed | Case::Grace | Case::GraceInTrial => {
                Sentence::new("A payment keeps it running. Without one access ends on ").time(end()).words(".")
            }
            Case::Granted => Sentence::new("Removing the grant ends it."),
            Case::Owned => Sentence::new("A refund usually ends it."),
            Case::OwnedForATime => Sentence::new("Buying it again gives more time. A refund usually ends it."),
            Case::Temporary => Sentence::new(format!(
                "If {} confirms the purchase, access continues; if not, it ends.",
                stores::spoken(purchase.store.as_ref())
            )),
            _ => Sentence::default(),
        }
    }

    fn would_give(&self, purchase: &Purchase) -> Sentence {
        let store = || stores::spoken(purchase.store.as_ref());
        match self.case {
            Case::Retrying => Sentence::new("A payment brings access back by itself."),
            Case::Paused => match purchase.auto_resume_at {
                Some(at) => Sentence::new("On ")
                    .time(self.on(at))
                    .words(", or when the customer resumes it earlier, a payment brings access back."),
                None => Sentence::new("When the customer resumes it, a payment brings access back."),
            },
            Case::RefundedAndRenewing => Sentence::new("The next payment brings access back."),
            Case::Refunded => {
                let again = match purchase.kind {
                    Kind::OneTime => "Buying it",
                    Kind::Subscription | Kind::Grant | Kind::Temporary => "Subscribing",
                };
                Sentence::new(format!("{again} again brings access back, and so does a reversal of the refund."))
            }
            Case::EndUnreported => Sentence::new(format!(
                "Subscribing again brings access back, and so does a renewal that {} reports.",
                store()
            )),
            Case::TrialOver | Case::Unpaid | Case::PriceDeclined | Case::Replaced | Case::Ended => {
                Sentence::new("Subscribing again brings access back.")
            }
            Case::PrepaidOver => Sentence::new("Topping it up brings access back."),
            Case::GrantOver | Case::GrantRemoved => Sentence::new("A new grant or a purchase brings access back."),
            Case::TemporaryOver => Sentence::new(format!("A confirmation by {} brings access back.", store())),
            Case::TemporaryUnnamed => Sentence::new(format!("A confirmation by {} gives access.", store())),
            Case::Unattached => Sentence::new("Attaching the product to an entitlement gives access at once."),
            Case::Locked => Sentence::new("The project’s settings say whether test purchases give access."),
            _ => Sentence::default(),
        }
    }

    fn would_give_anything(&self) -> Sentence {
        match self.case {
            Case::MovedAway => Sentence::new("Moving the purchases back gives what they still unlock."),
            Case::CameUnnamed => Sentence::new("The next event about the purchases says what they unlock."),
            Case::UnlocksNothing if self.newest().is_some_and(|newest| !self.is_consumable(newest)) => {
                Sentence::new("If it should unlock something, attach it to an entitlement; that takes effect at once.")
            }
            Case::NeverBought | Case::SandboxOnly | Case::UnlocksNothing => {
                Sentence::new("A purchase or a grant gives access.")
            }
            _ => Sentence::default(),
        }
    }
}

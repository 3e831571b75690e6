//! The headline: what can be used, until when, or that there is no access.

use super::Case;
use super::reasons::Reasoned;
use crate::projection::Purchase;
use crate::wording::sentence::{Sentence, Stamp};

impl Reasoned<'_> {
    /// What can be used: `Pro, renews on 11 Dec 2026`; or `No Pro access`.
    pub fn headline(&self) -> Sentence {
        match (self.purchase, self.case.gives_access()) {
            (Some(purchase), true) => self.named_until(purchase),
            (None | Some(_), _) => self.nothing_of(),
        }
    }

    fn named_until(&self, purchase: &Purchase) -> Sentence {
        let name = Sentence::default().name(self.entitlement.map_or("", |own| own.name.as_str()));
        if purchase.is_lifetime(self.known.now) {
            return name.words(", for good");
        }
        let end = Stamp::day(purchase.access_ends_at());
        let renews = |name: Sentence| match purchase.pending_product.as_deref() {
            Some(product) => {
                name.words(", changes to ").name(self.product_named(purchase, product)).words(" on ").time(end.clone())
            }
            None => name.words(", renews on ").time(end.clone()),
        };
        match self.case {
            Case::Renewing | Case::Introductory => renews(name),
            Case::RefundedWithAccess if purchase.will_renew() => renews(name),
            Case::Trial => name.words(", on trial until ").time(end),
            Case::Pausing => name.words(", pauses on ").time(end),
            Case::ChargeFailed => name.words(", payment failed, until ").time(end),
            Case::Grace | Case::GraceInTrial => name.words(", in grace until ").time(end),
            Case::Temporary => {
                name.words(" until ").time(Stamp::day_and_time(purchase.access_ends_at(), self.known.now))
            }
            _ => name.words(" until ").time(end),
        }
    }

    /// `No Pro access`; an entitlement whose name does not say what it gives is called access.
    fn nothing_of(&self) -> Sentence {
        if self.case == Case::ProductionOnly {
            return Sentence::new("No sandbox data");
        }
        let Some(own) = self.entitlement else { return Sentence::new("No access") };
        let lead = Sentence::new("No ").name(own.name.clone());
        if own.name.to_lowercase().ends_with("access") { lead } else { lead.words(" access") }
    }
}

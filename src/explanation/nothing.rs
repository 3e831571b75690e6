//! The reasons where no purchase decides, or where what was bought unlocks nothing.

use super::Case;
use super::reasons::Reasoned;
use crate::base::clock::Moment;
use crate::projection::{Kind, Purchase};
use crate::stores;
use crate::wording::sentence::Sentence;
use crate::wording::text::{self, visible};

impl Reasoned<'_> {
    pub(super) fn without_purchase(&self) -> Sentence {
        match self.case {
            Case::MovedAway => self.moved_away(),
            Case::CameUnnamed => {
                let (other, at) = self.moved();
                let lead = Sentence::new("Purchases came from ").name(other).words(" on ").time(self.on(at));
                lead.words("; we have no details of them.")
            }
            Case::UnlocksNothing => self.unlocks_nothing(),
            Case::SandboxOnly => {
                Sentence::new("This customer has only test purchases. They show under “Sandbox data”.")
            }
            Case::ProductionOnly => Sentence::new(
                "Only sandbox data is shown, and this customer has none. Real purchases show with “Sandbox data” switched off.",
            ),
            _ => self.never_bought(),
        }
    }

    fn moved_away(&self) -> Sentence {
        let (other, at) = self.moved();
        let act = self.known.evidence.moved.as_ref().and_then(|moved| self.known.act_at(moved.at));
        let lead = match act {
            Some(act) => Sentence::default().name(act.who.clone()).words(" moved the purchases to "),
            None => Sentence::new("The purchases moved to "),
        };
        let lead = lead.name(other).words(" on ").time(self.on(at));
        let is_settled = act.is_some() || self.known.evidence.is_alone;
        lead.words(if is_settled { "." } else { "; cause unknown." })
    }

    /// The other customer of a transfer, and when it was.
    fn moved(&self) -> (String, Moment) {
        let moved = self.known.evidence.moved.as_ref();
        let other = moved.and_then(|moved| moved.other.as_deref()).map_or_else(|| "another customer".into(), visible);
        (other, moved.map_or(Moment::EARLIEST, |moved| moved.at))
    }

    fn unlocks_nothing(&self) -> Sentence {
        let Some(purchase) = self.newest() else {
            return Sentence::new("What was bought is attached to no entitlement in the catalog.");
        };
        let lead = self.product(purchase).words(self.in_store(purchase)).words(" was bought on ");
        let lead = lead.time(self.on(purchase.period_start));
        let lead = match purchase.refunded_at {
            Some(at) => lead.words(" and refunded on ").time(self.on(at)),
            None => lead,
        };
        if self.is_consumable(purchase) {
            return lead.words(". It is a consumable, which unlocks no entitlement.");
        }
        match purchase.kind {
            Kind::OneTime => lead.words("; the catalog attaches it to no entitlement, as is usual for consumables."),
            Kind::Subscription | Kind::Grant | Kind::Temporary => {
                lead.words("; the catalog attaches it to no entitlement.")
            }
        }
    }

    /// The newest purchase, where none decides; what is not a consumable before what is.
    pub(super) fn newest(&self) -> Option<&Purchase> {
        let weight = |one: &&Purchase| (!self.is_consumable(one), one.period_start, one.key.clone());
        self.known.purchases.iter().max_by_key(weight)
    }

    pub(super) fn is_consumable(&self, purchase: &Purchase) -> bool {
        let store = purchase.store.as_ref().map_or("", |store| store.as_str());
        self.known.catalog.is_consumable(store, &purchase.product_id)
    }

    fn never_bought(&self) -> Sentence {
        let reason = Sentence::new("No purchase or grant has ever reached this customer.");
        match self.known.evidence.namesakes.as_slice() {
            [] => reason,
            [one] => reason.words(" ").name(visible(one)).words(" has the same e-mail address."),
            [one, rest @ ..] => {
                let more = text::count(rest.len() as i64, "other customer", "other customers");
                reason.words(" ").name(visible(one)).words(format!(" and {more} have the same e-mail address."))
            }
        }
    }

    pub(super) fn locked(&self, purchase: &Purchase) -> Sentence {
        let why = self.known.locked.map_or("", |locked| locked.why_locked());
        self.product(purchase).words(" is a test purchase. ").words(why)
    }

    pub(super) fn unattached(&self, purchase: &Purchase) -> Sentence {
        let lead = self.product(purchase).words(self.in_store(purchase));
        let lead = match purchase.is_lifetime(self.known.now) {
            true => lead.words(" runs"),
            false => lead.words(" runs until ").time(self.on(purchase.access_ends_at())),
        };
        lead.words(", but the catalog attaches it to no entitlement.")
    }

    /// `Google Play has not confirmed`
    pub(super) fn unconfirmed(&self, purchase: &Purchase, what: &str) -> Sentence {
        let store = text::capitalised(&stores::spoken(purchase.store.as_ref()));
        Sentence::new(format!("{store} has not confirmed{what}"))
    }
}

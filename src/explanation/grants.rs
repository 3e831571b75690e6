//! Parts of reasons about grants: who gave and removed them, and why.

use super::reasons::Reasoned;
use crate::projection::{Cause, Purchase, is_lifetime};
use crate::wording::sentence::Sentence;

impl Reasoned<'_> {
    pub(super) fn granted(&self, purchase: &Purchase) -> Sentence {
        let by = self.known.event(purchase, Cause::Period).and_then(|event| self.known.act(event));
        let lead = match by {
            Some(act) => Sentence::new("Granted by ").name(act.who.clone()),
            None => Sentence::new("Granted"),
        };
        let lead = lead.words(" on ").time(self.on(purchase.period_start));
        let lead = match purchase.is_lifetime(self.known.now) {
            true => lead.words(", without an end"),
            false => lead.words(", until ").time(self.on(purchase.access_ends_at())),
        };
        match (by, by.and_then(|act| act.reason.as_deref())) {
            (_, Some(reason)) => lead.words(": “").name(reason.trim().trim_end_matches('.')).words("”."),
            (None, None) if self.known.evidence.is_alone => lead.words("."),
            (Some(_), None) => lead.words("; no reason is recorded."),
            (None, None) => lead.words("; by whom and why is not recorded."),
        }
    }

    /// `The grant by Sol Mbeki on 4 Nov`
    pub(super) fn the_grant(&self, purchase: &Purchase) -> Sentence {
        let by = self.known.event(purchase, Cause::Period).and_then(|event| self.known.act(event));
        let lead = match by {
            Some(act) => Sentence::new("The grant by ").name(act.who.clone()),
            None => Sentence::new("The grant"),
        };
        lead.words(" on ").time(self.on(purchase.period_start))
    }

    /// `Ada Okoye removed the grant on 18 Nov: “by mistake”. Sol Mbeki gave it on 13 Nov, until 13 Dec.`
    pub(super) fn grant_removed(&self, purchase: &Purchase) -> Sentence {
        let act = self.known.event(purchase, Cause::End).and_then(|event| self.known.act(event));
        let lead = match act {
            Some(act) => Sentence::default().name(act.who.clone()).words(" removed the grant on "),
            None => Sentence::new("The grant was removed on "),
        };
        let lead = lead.time(self.on(purchase.unsubscribed_at.unwrap_or(purchase.access_ends_at())));
        let lead = match act.and_then(|act| act.reason.as_deref()) {
            Some(reason) => lead.words(": “").name(reason.trim().trim_end_matches('.')).words("”. "),
            None => lead.words(". "),
        };
        lead.then(self.was_given(purchase))
    }

    fn was_given(&self, purchase: &Purchase) -> Sentence {
        let event = self.known.event(purchase, Cause::Period);
        let lead = match event.and_then(|event| self.known.act(event)) {
            Some(act) => Sentence::default().name(act.who.clone()).words(" gave it on "),
            None => Sentence::new("It was given on "),
        };
        let lead = lead.time(self.on(purchase.period_start));
        let end = event.and_then(|event| event.expires_at).filter(|end| !is_lifetime(purchase.period_start, *end));
        match end {
            Some(end) => lead.words(", until ").time(self.on(end)).words("."),
            None => lead.words("."),
        }
    }
}

//! Parts of reasons: until when something is paid, what renews, how it ended, and what it is called.

use super::reasons::Reasoned;
use crate::base::clock::Moment;
use crate::base::money::{Micros, Money};
use crate::events::{PeriodType, Reason, Summary};
use crate::projection::{Cause, Purchase};
use crate::stores;
use crate::wording::sentence::{Sentence, Stamp};
use crate::wording::text::visible;

impl Reasoned<'_> {
    /// `Pro monthly, Google Play, is paid until 13 Dec`; after a refund that was reversed, that it was.
    pub(super) fn paid_until(&self, purchase: &Purchase) -> Sentence {
        let whole = self.product(purchase).words(self.in_store(purchase));
        let end = self.on(purchase.expires_at.unwrap_or(Moment::NEVER));
        match self.known.event(purchase, Cause::RefundReversed) {
            Some(event) => Sentence::new("The refund of ")
                .then(whole)
                .words(" was reversed on ")
                .time(self.on(event.event_at))
                .words(". It is paid until ")
                .time(end),
            None if purchase.is_family_share => whole.words(" is shared by a family member until ").time(end),
            None => whole.words(" is paid until ").time(end),
        }
    }

    pub(super) fn was_paid_until(&self, purchase: &Purchase) -> Sentence {
        let how = if purchase.is_family_share { " was shared by a family member until " } else { " was paid until " };
        let whole = self.product(purchase).words(self.in_store(purchase));
        whole.words(how).time(self.on(purchase.expires_at.unwrap_or(Moment::NEVER)))
    }

    pub(super) fn renews_as(&self, purchase: &Purchase) -> Sentence {
        match purchase.pending_product.as_deref() {
            Some(product) => {
                Sentence::new(" and then changes to ").name(self.product_named(purchase, product)).words(".")
            }
            None => Sentence::new(" and renews then."),
        }
    }

    /// `The free trial of Pro monthly ends on 27 Nov`
    pub(super) fn trial(&self, purchase: &Purchase, joint: &str) -> Sentence {
        let lead = Sentence::new("The free trial of ").then(self.product(purchase)).words(joint);
        lead.time(self.on(purchase.expires_at.unwrap_or(Moment::NEVER)))
    }

    pub(super) fn trial_renews_as(&self, purchase: &Purchase) -> Sentence {
        let charges = format!("{} then charges for the first time.", company(purchase));
        match purchase.pending_product.as_deref() {
            Some(product) => Sentence::new("; it then changes to ")
                .name(self.product_named(purchase, product))
                .words(format!(", and {}", charges.replacen(" then", "", 1))),
            None => Sentence::new(format!("; {charges}")),
        }
    }

    pub(super) fn is_trial(&self, purchase: &Purchase) -> bool {
        purchase.period_type == Some(PeriodType::Trial)
    }

    pub(super) fn trial_ended(&self, purchase: &Purchase) -> Sentence {
        let lead = Sentence::new("The free trial of ").then(self.product(purchase)).words(self.in_store(purchase));
        lead.words(" ended on ").time(self.on(purchase.expires_at.unwrap_or(purchase.access_ends_at())))
    }

    pub(super) fn trial_over(&self, purchase: &Purchase) -> Sentence {
        if self.has_failed(purchase) {
            return self.first_charge_failed(purchase).words(". ").then(self.given_up(purchase));
        }
        let lead = match (purchase.unsubscribed_at, &purchase.expiration_reason) {
            (Some(_), _) => self.trial_ended(purchase).words("; ").then(self.switched_off(purchase)),
            (None, Some(_)) => self.trial_ended(purchase),
            (None, None) => return self.trial_ended(purchase).words("; nothing has been reported since."),
        };
        lead.words(if was_never_paid(purchase) { "; nothing was ever charged." } else { "." })
    }

    pub(super) fn why_it_ended(&self, purchase: &Purchase) -> Sentence {
        match (&purchase.expiration_reason, purchase.unsubscribed_at) {
            (_, Some(_)) => Sentence::new("; ").then(self.switched_off(purchase)).words("."),
            (Some(Reason::Unknown) | None, None) => Sentence::new("; why it did not renew is not known."),
            (Some(reason), None) => Sentence::new(format!("; {}.", reason.words())),
        }
    }

    /// `renewal was switched off on 4 Oct`
    pub(super) fn switched_off(&self, purchase: &Purchase) -> Sentence {
        let Some(at) = purchase.unsubscribed_at else { return Sentence::new("renewal is off") };
        if purchase.is_unsubscribed_undated {
            return Sentence::new("renewal is off, since when is not known");
        }
        let lead = match purchase.cancel_reason {
            Some(Reason::PriceIncrease) => "the customer did not agree to a higher price on ",
            Some(Reason::DeveloperInitiated) => "renewal was switched off by the developer on ",
            _ => "renewal was switched off on ",
        };
        Sentence::new(lead).time(self.on(at))
    }

    /// `Pro annual took its place on 14 Sep`
    pub(super) fn taken_over(&self, purchase: &Purchase) -> Sentence {
        let (_, product) = self.known.successor(purchase);
        let lead = match product {
            Some(product) => Sentence::default().name(self.product_named(purchase, &product)),
            None => Sentence::new("another product"),
        };
        let at = purchase.replaced_at.unwrap_or(purchase.period_start);
        lead.words(" took its place on ").time(self.on(at))
    }

    /// `Pro monthly was replaced by Coach annual on 14 Sep. That was paid until 24 Sep.`
    pub(super) fn replaced(&self, purchase: &Purchase) -> Sentence {
        let (successor, product) = self.known.successor(purchase);
        let lead = self.product(purchase).words(" was replaced by ");
        let lead = match product {
            Some(product) => lead.name(self.product_named(purchase, &product)),
            None => lead.words("another product"),
        };
        let at = purchase.replaced_at.unwrap_or(purchase.period_start);
        let lead = lead.words(" on ").time(self.on(at)).words(".");
        let Some(successor) = successor else { return lead };
        let end = self.on(successor.access_ends_at());
        match successor.is_active(self.known.now) {
            true if successor.is_lifetime(self.known.now) => lead,
            true => lead.words(" That runs until ").time(end).words("."),
            false => lead.words(" That ran until ").time(end).words("."),
        }
    }

    pub(super) fn in_store(&self, purchase: &Purchase) -> String {
        purchase.store.as_ref().map(|store| format!(", {},", store.name())).unwrap_or_default()
    }

    pub(super) fn product(&self, purchase: &Purchase) -> Sentence {
        if purchase.product_id.is_empty() {
            return Sentence::new("a product that no event named");
        }
        Sentence::default().name(self.product_named(purchase, &purchase.product_id))
    }

    pub(super) fn product_named(&self, purchase: &Purchase, product: &str) -> String {
        self.display_name(purchase, product).unwrap_or_else(|| visible(product))
    }

    /// The name that customers know, if there is one.
    pub(super) fn display_name(&self, purchase: &Purchase, product: &str) -> Option<String> {
        let store = purchase.store.as_ref().map_or("", |store| store.as_str());
        let own = purchase.product_name.as_deref().filter(|name| product == purchase.product_id && *name != product);
        self.known.catalog.product_name(store, product).or(own).map(visible)
    }

    pub(super) fn on(&self, at: Moment) -> Stamp {
        Stamp::short_day(at, self.known.now)
    }

    pub(super) fn at_minute(&self, at: Moment) -> Stamp {
        Stamp::day_and_time(at, self.known.now)
    }
}

/// Who charges for a purchase: `Apple`.
pub(super) fn company(purchase: &Purchase) -> String {
    stores::company(purchase.store.as_ref())
}

/// Whether no event says that money was paid.
pub(super) fn was_never_paid(purchase: &Purchase) -> bool {
    purchase.revenue.payments == 0 && purchase.revenue.prices_missing == 0 && purchase.revenue.refunds == 0
}

/// What an event says was paid or refunded.
pub(super) fn amount_of(event: &Summary) -> Option<Money> {
    let in_dollars = || event.price.map(|amount| Money { amount, currency: "USD".into() });
    let money = event.paid.clone().or_else(in_dollars).filter(|money| money.amount != Micros::ZERO)?;
    Some(Money { amount: money.amount.abs(), ..money })
}

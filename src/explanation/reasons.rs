//! The headline and the reason of each case.

use super::{Case, Known};
use crate::base::clock::Moment;
use crate::base::money::{Micros, Money};
use crate::events::{Reason, Summary};
use crate::projection::{Cause, Kind, Purchase, RETRY_DAYS};
use crate::stores;
use crate::wording::sentence::{Sentence, Stamp};
use crate::wording::text::{self, visible};

/// A case, and what its words are made of.
pub(super) struct Reasoned<'a> {
    pub known: &'a Known<'a>,
    pub case: Case,
    pub purchase: Option<&'a Purchase>,
    /// The name of the entitlement.
    pub entitlement: Option<&'a str>,
}

impl Reasoned<'_> {
    /// What can be used: `Pro, renews on 11 Dec 2026`.
    pub fn headline(&self) -> Sentence {
        let (Some(purchase), true) = (self.purchase, self.case.gives_access()) else {
            return Sentence::new("No access");
        };
        let name = Sentence::default().name(self.entitlement.unwrap_or_default());
        let end = Stamp::day(purchase.access_ends_at());
        if purchase.is_lifetime(self.known.now) {
            return name.words(", for good");
        }
        match self.case {
            Case::Renewing | Case::Introductory => name.words(", renews on ").time(end),
            Case::Trial => name.words(", on trial until ").time(end),
            Case::Grace | Case::GraceInTrial => name.words(", in grace until ").time(end),
            Case::Temporary => {
                name.words(" until ").time(Stamp::day_and_time(purchase.access_ends_at(), self.known.now))
            }
            Case::RefundedWithAccess if purchase.will_renew() => name.words(", renews on ").time(end),
            _ => name.words(" until ").time(end),
        }
    }

    /// Why, in one or two sentences.
    pub fn reason(&self) -> Sentence {
        match (self.purchase, self.case) {
            (Some(purchase), Case::Locked) => self.locked(purchase),
            (Some(purchase), Case::Unattached) => self.unattached(purchase).then(self.came_from(purchase)),
            (Some(purchase), case) if case.gives_access() => self.of_purchase(purchase).then(self.came_from(purchase)),
            (Some(purchase), _) => self.of_purchase(purchase),
            (None, _) => self.without_purchase(),
        }
    }

    fn of_purchase(&self, purchase: &Purchase) -> Sentence {
        let product = || self.product(purchase);
        let whole = || product().words(self.in_store(purchase));
        let end = || self.on(purchase.expires_at.unwrap_or(Moment::NEVER));
        match self.case {
            Case::Renewing => {
                let paid = whole().words(self.paid_by(purchase)).words(" until ").time(end());
                paid.then(self.renews_as(purchase))
            }
            Case::Introductory => {
                whole().words(" runs at an introductory price until ").time(end()).then(self.renews_as(purchase))
            }
            Case::Pausing => {
                let lead = whole().words(" is paid until ").time(end()).words("; then it pauses");
                lead.then(self.resumes(purchase, " until ")).words(".")
            }
            Case::Trial => Sentence::new("The free trial of ")
                .then(product())
                .words(" runs until ")
                .time(end())
                .words(format!("; {} then charges for the first time.", company(purchase))),
            Case::TrialEnding => Sentence::new("The free trial of ")
                .then(product())
                .words(" runs until ")
                .time(end())
                .then(self.switched_off(purchase, "; "))
                .words(", so nothing will be charged."),
            Case::Ending => whole()
                .words(self.paid_by(purchase))
                .words(" until ")
                .time(end())
                .then(self.switched_off(purchase, "; "))
                .words(", so it ends then."),
            Case::BeingReplaced => whole()
                .words(" gives access until ")
                .time(end())
                .words("; another product took its place on ")
                .time(self.on(purchase.replaced_at.unwrap_or(purchase.period_start)))
                .words("."),
            Case::Prepaid => whole().words(" is prepaid until ").time(end()).words(" and does not renew by itself."),
            Case::ChargeFailed => self
                .charge_failed(purchase)
                .words("; the time already paid for runs until ")
                .time(end())
                .then(self.grace(purchase))
                .words(format!(", and {} tries again.", company(purchase))),
            Case::Grace | Case::GraceInTrial => self
                .charge_failed(purchase)
                .words(format!("; {} tries again, and access continues until ", company(purchase)))
                .time(self.on(purchase.access_ends_at()))
                .words("."),
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
            Case::Temporary => Sentence::new(format!(
                "{} did not answer about a purchase. Until it does, access lasts for a day at most.",
                text::capitalised(&stores::spoken(purchase.store.as_ref()))
            )),
            Case::RefundedWithAccess => self
                .given_back(purchase)
                .words(" and access was left; ")
                .words(if purchase.will_renew() { "the paid time renews on " } else { "it runs until " })
                .time(end())
                .words("."),
            Case::Retrying => self
                .charge_failed(purchase)
                .words("; access ended on ")
                .time(self.on(purchase.access_ends_at()))
                .words(format!(". {} keeps trying, usually until ", text::capitalised(&company(purchase))))
                .time(self.on(self.last_try(purchase)))
                .words("."),
            Case::Paused => {
                let lead = whole().words(" is paused since ").time(self.on(purchase.access_ends_at()));
                lead.then(self.resumes(purchase, " and resumes on ")).words(".")
            }
            Case::Refunded => {
                let back = self.given_back(purchase);
                if purchase.kind == Kind::Subscription && purchase.unsubscribed_at.is_some() {
                    back.words(" and access ended; renewal is off.")
                } else {
                    back.words(" and access ended.")
                }
            }
            Case::RefundedAndRenewing => self
                .given_back(purchase)
                .words(format!(" and access ended. Renewal is still on: {} may charge again.", company(purchase))),
            Case::TrialOver => self.trial_over(purchase),
            Case::Unpaid => self
                .charge_failed(purchase)
                .words("; access ended on ")
                .time(self.on(purchase.access_ends_at()))
                .words(", and no payment has been reported since."),
            Case::PriceDeclined => Sentence::new("The customer did not agree to a higher price of ")
                .then(product())
                .words("; the paid time ended on ")
                .time(end())
                .words("."),
            Case::Replaced => Sentence::new("Another product took the place of ")
                .then(product())
                .words(" on ")
                .time(self.on(purchase.replaced_at.unwrap_or(purchase.period_start)))
                .words("."),
            Case::PrepaidOver => whole().words(" was prepaid until ").time(end()).words(" and not topped up since."),
            Case::Ended => {
                whole().words(self.was_paid_by(purchase)).words(" until ").time(end()).then(self.why_it_ended(purchase))
            }
            Case::EndUnreported => whole()
                .words(self.was_paid_by(purchase))
                .words(" until ")
                .time(end())
                .words("; neither a renewal nor an end has been reported since."),
            Case::GrantOver => self.the_grant(purchase).words(" ended on ").time(end()).words(", as it was set to."),
            Case::GrantRemoved => self.grant_removed(purchase),
            Case::TemporaryOver => Sentence::new("Temporary access ended on ")
                .time(end())
                .words(format!("; {} never confirmed a purchase.", stores::spoken(purchase.store.as_ref()))),
            Case::TemporaryUnnamed => Sentence::new(format!(
                "{} did not answer about a purchase, and no event has named the entitlement of its temporary access.",
                text::capitalised(&stores::spoken(purchase.store.as_ref()))
            )),
            Case::Locked
            | Case::Unattached
            | Case::UnlocksNothing
            | Case::MovedAway
            | Case::CameUnnamed
            | Case::SandboxOnly
            | Case::ProductionOnly
            | Case::NeverBought => self.without_purchase(),
        }
    }

    fn without_purchase(&self) -> Sentence {
        let moved = self.known.evidence.moved.as_ref();
        let other = moved.and_then(|moved| moved.other.as_deref()).map_or_else(|| "another customer".into(), visible);
        let at = moved.map_or(Moment::EARLIEST, |moved| moved.at);
        match self.case {
            Case::MovedAway => Sentence::new("The purchases moved to ")
                .name(other)
                .words(" on ")
                .time(self.on(at))
                .then(self.who_moved()),
            Case::CameUnnamed => Sentence::new("Purchases came from ")
                .name(other)
                .words(" on ")
                .time(self.on(at))
                .words(", and no event has named them since."),
            Case::UnlocksNothing => self.unlocks_nothing(),
            Case::SandboxOnly => Sentence::new(
                "No real purchase or grant has reached this customer. Test purchases show under “Sandbox data”.",
            ),
            Case::ProductionOnly => Sentence::new(
                "No test purchase has reached this customer. Real purchases show with “Sandbox data” switched off.",
            ),
            _ => self.never_bought(),
        }
    }

    fn unlocks_nothing(&self) -> Sentence {
        match self.newest() {
            Some(purchase) => self
                .product(purchase)
                .words(self.in_store(purchase))
                .words(" was bought on ")
                .time(self.on(purchase.period_start))
                .words("; the catalog attaches it to no entitlement."),
            None => Sentence::new("What was bought is attached to no entitlement in the catalog."),
        }
    }

    /// The newest purchase, where none decides.
    pub(super) fn newest(&self) -> Option<&Purchase> {
        self.known.purchases.iter().max_by_key(|purchase| (purchase.period_start, purchase.key.clone()))
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

    fn locked(&self, purchase: &Purchase) -> Sentence {
        let why = self.known.locked.map_or("", |locked| locked.why_locked());
        self.product(purchase).words(" runs in the sandbox. ").words(why)
    }

    fn unattached(&self, purchase: &Purchase) -> Sentence {
        let until = self.on(purchase.access_ends_at());
        let lead = self.product(purchase).words(self.in_store(purchase));
        let lead = match purchase.is_lifetime(self.known.now) {
            true => lead.words(" runs"),
            false => lead.words(" runs until ").time(until),
        };
        lead.words(", but the catalog attaches it to no entitlement.")
    }

    fn granted(&self, purchase: &Purchase) -> Sentence {
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
        match by.and_then(|act| act.reason.as_deref()) {
            Some(reason) => lead.words(": “").name(reason.trim().trim_end_matches('.')).words("”."),
            None => lead.words("."),
        }
    }

    /// `The grant by Sol Mbeki on 4 Nov`
    fn the_grant(&self, purchase: &Purchase) -> Sentence {
        let by = self.known.event(purchase, Cause::Period).and_then(|event| self.known.act(event));
        let lead = match by {
            Some(act) => Sentence::new("The grant by ").name(act.who.clone()),
            None => Sentence::new("The grant"),
        };
        lead.words(" on ").time(self.on(purchase.period_start))
    }

    fn grant_removed(&self, purchase: &Purchase) -> Sentence {
        let act = self.known.event(purchase, Cause::End).and_then(|event| self.known.act(event));
        let lead = self.the_grant(purchase).words(" was removed");
        let lead = match act {
            Some(act) => lead.words(" by ").name(act.who.clone()),
            None => lead,
        };
        let lead = lead.words(" on ").time(self.on(purchase.unsubscribed_at.unwrap_or(purchase.access_ends_at())));
        match act.and_then(|act| act.reason.as_deref()) {
            Some(reason) => lead.words(": “").name(reason.trim().trim_end_matches('.')).words("”."),
            None => lead.words("."),
        }
    }

    fn trial_over(&self, purchase: &Purchase) -> Sentence {
        let lead = Sentence::new("The free trial of ")
            .then(self.product(purchase))
            .words(self.in_store(purchase))
            .words(" ended on ")
            .time(self.on(purchase.access_ends_at()));
        let is_unpaid = purchase.billing_issue_at.is_some() || purchase.expiration_reason == Some(Reason::BillingError);
        let lead = match (is_unpaid, purchase.unsubscribed_at) {
            (true, _) => lead.words("; the first charge failed"),
            (false, Some(_)) => lead.then(self.switched_off(purchase, "; ")),
            (false, None) if purchase.expiration_reason.is_none() => lead.words("; nothing was reported since"),
            (false, None) => lead,
        };
        match was_never_paid(purchase) {
            true => lead.words("; nothing was ever charged."),
            false => lead.words("."),
        }
    }

    fn why_it_ended(&self, purchase: &Purchase) -> Sentence {
        match (&purchase.expiration_reason, purchase.unsubscribed_at) {
            (_, Some(_)) => self.switched_off(purchase, "; ").words("."),
            (Some(reason), None) => Sentence::new(format!("; {}.", reason.words())),
            (None, None) => Sentence::new("; why it did not renew is not known."),
        }
    }

    /// `; renewal was switched off on 4 Oct`
    fn switched_off(&self, purchase: &Purchase, joint: &str) -> Sentence {
        let Some(at) = purchase.unsubscribed_at else { return Sentence::new(format!("{joint}renewal is off")) };
        if purchase.is_unsubscribed_undated {
            return Sentence::new(format!("{joint}renewal is off, since when is not known"));
        }
        let lead = match purchase.cancel_reason {
            Some(Reason::PriceIncrease) => format!("{joint}the customer did not agree to a higher price on "),
            Some(Reason::DeveloperInitiated) => format!("{joint}renewal was switched off by the developer on "),
            _ => format!("{joint}renewal was switched off on "),
        };
        Sentence::new(lead).time(self.on(at))
    }

    /// `Google could not charge for Pro monthly on 19 Nov`
    fn charge_failed(&self, purchase: &Purchase) -> Sentence {
        let lead = Sentence::new(format!("{} could not charge for ", text::capitalised(&company(purchase))));
        let lead = lead.then(self.product(purchase));
        match purchase.billing_issue_at {
            Some(at) => lead.words(" on ").time(self.on(at)),
            None => lead,
        }
    }

    /// `EUR 53.99 for Pro annual was given back on 20 Oct by customer support`
    fn given_back(&self, purchase: &Purchase) -> Sentence {
        let event = self.known.event(purchase, Cause::Refund).or_else(|| self.known.event(purchase, Cause::KeptRefund));
        let at = purchase.refunded_at.max(purchase.access_kept_at).unwrap_or(purchase.access_ends_at());
        let money = event.and_then(amount_of).unwrap_or_else(|| "Money".to_owned());
        let lead = Sentence::new(format!("{money} for ")).then(self.product(purchase)).words(" was given back on ");
        let lead = lead.time(self.on(at));
        match event.and_then(|event| self.known.act(event)) {
            Some(act) => lead.words(", asked by ").name(act.who.clone()).words(","),
            None => lead,
        }
    }

    fn renews_as(&self, purchase: &Purchase) -> Sentence {
        match purchase.pending_product.as_deref() {
            Some(product) => {
                Sentence::new(" and then changes to ").name(self.product_named(purchase, product)).words(".")
            }
            None => Sentence::new(" and renews then."),
        }
    }

    /// ` It moved here from zofia.nowak on 11 Nov.`
    fn came_from(&self, purchase: &Purchase) -> Sentence {
        let Some(event) = self.known.event(purchase, Cause::Transfer) else { return Sentence::default() };
        let from = event.transferred_from.first().map_or_else(|| "another customer".into(), |id| visible(id));
        Sentence::new(" It moved here from ").name(from).words(" on ").time(self.on(event.event_at)).words(".")
    }

    /// `, grace until 5 Dec`
    fn grace(&self, purchase: &Purchase) -> Sentence {
        match purchase.grace_expires_at.filter(|grace| Some(*grace) > purchase.expires_at) {
            Some(grace) => Sentence::new(", then grace until ").time(self.on(grace)),
            None => Sentence::default(),
        }
    }

    /// When the store usually stops trying to charge.
    pub(super) fn last_try(&self, purchase: &Purchase) -> Moment {
        purchase.access_ends_at().plus_days(RETRY_DAYS)
    }

    fn resumes(&self, purchase: &Purchase, joint: &str) -> Sentence {
        match purchase.auto_resume_at {
            Some(at) => Sentence::new(joint).time(self.on(at)),
            None => Sentence::new(", with no date to resume"),
        }
    }

    fn who_moved(&self) -> Sentence {
        let Some(moved) = &self.known.evidence.moved else { return Sentence::new(".") };
        match self.known.evidence.acts.iter().find(|act| act.at == moved.at) {
            Some(act) => Sentence::new(", by ").name(act.who.clone()).words("."),
            None => Sentence::new("; cause unknown."),
        }
    }

    fn paid_by(&self, purchase: &Purchase) -> &'static str {
        if purchase.is_family_share { " is paid by a family member" } else { " is paid" }
    }

    fn was_paid_by(&self, purchase: &Purchase) -> &'static str {
        if purchase.is_family_share { " was paid by a family member" } else { " was paid" }
    }

    fn in_store(&self, purchase: &Purchase) -> String {
        purchase.store.as_ref().map(|store| format!(", {},", store.name())).unwrap_or_default()
    }

    pub(super) fn product(&self, purchase: &Purchase) -> Sentence {
        if purchase.product_id.is_empty() {
            return Sentence::new("a product that no event named");
        }
        Sentence::default().name(self.product_named(purchase, &purchase.product_id))
    }

    pub(super) fn product_named(&self, purchase: &Purchase, product: &str) -> String {
        let store = purchase.store.as_ref().map_or("", |store| store.as_str());
        let own = purchase.product_name.as_deref().filter(|_| product == purchase.product_id);
        visible(self.known.catalog.product_name(store, product).or(own).unwrap_or(product))
    }

    pub(super) fn on(&self, at: Moment) -> Stamp {
        Stamp::short_day(at, self.known.now)
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

/// What an event says was paid or given back: `EUR 53.99`.
pub(super) fn amount_of(event: &Summary) -> Option<String> {
    let in_dollars = || event.price.map(|amount| Money { amount, currency: "USD".into() });
    let money = event.paid.clone().or_else(in_dollars).filter(|money| money.amount != Micros::ZERO)?;
    Some(Money { amount: money.amount.abs(), ..money }.shown())
}

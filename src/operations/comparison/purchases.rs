//! Compares one purchase with what is known of it here, if anything is.

use super::differences::{Finding, Marked};
use super::money::SETTLED_DAYS;
use super::ours::{Brought, Held};
use crate::base::clock::Moment;
use crate::base::money::{Micros, Money};
use crate::events::own::{Amount, Imported, Transaction};
use crate::events::{EventType, PeriodType, Reason, Store};
use crate::stores::revenuecat::shown::{Period, Purchase, SubscriptionStatus};
use crate::wording::text;

/// Two times of a purchase are the same when they are at most so far apart, in milliseconds.
pub(super) const SAME_START_MS: i64 = 86_400_000;

/// The comparison of one purchase.
pub struct Comparison<'a> {
    pub theirs: &'a Purchase,
    pub own: Option<&'a Held>,
    /// Whether the catalog has its product as one that never renews.
    pub is_non_renewing: bool,
    pub marked: Marked,
    pub events: Vec<Imported>,
    pub found: Vec<Finding>,
    /// What differs and cannot be taken over.
    pub remarks: Vec<String>,
}

/// What is known of the newest period, with the events found so far.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub end: Option<Moment>,
    pub is_paid_back: bool,
    pub is_off: bool,
    pub has_failed: bool,
    pub is_pausing: bool,
    pub is_over: bool,
}

impl<'a> Comparison<'a> {
    pub fn new(theirs: &'a Purchase, own: Option<&'a Held>, marked: Marked) -> Comparison<'a> {
        Comparison {
            theirs,
            own,
            is_non_renewing: false,
            marked,
            events: Vec::new(),
            found: Vec::new(),
            remarks: Vec::new(),
        }
    }

    pub fn run(&mut self) {
        if !self.theirs.is_subscription {
            return self.one_time();
        }
        let has_begun = self.periods();
        let mut known = self.known(has_begun);
        self.end(&mut known, has_begun);
        self.renewal(&known);
    }

    /// What is known of the newest period: nothing but its end, where it was found just now.
    fn known(&self, has_begun: bool) -> Known {
        match self.own.map(|own| &own.purchase).filter(|_| !has_begun) {
            Some(own) => Known {
                end: own.expires_at,
                is_paid_back: own.refunded_at.is_some(),
                is_off: own.unsubscribed_at.is_some(),
                has_failed: own.billing_issue_at.is_some(),
                is_pausing: own.pause_asked_at.is_some() || own.expiration_reason == Some(Reason::SubscriptionPaused),
                is_over: !own.is_active(self.marked.now),
            },
            None => {
                let end = self.events.iter().rev().find_map(|event| event.transaction.expiration_at_ms);
                Known { end, is_over: end.is_some_and(|end| end <= self.marked.now), ..Known::default() }
            }
        }
    }

    /// Enters periods that are not known, and what was paid back. Returns whether the newest period is one of them.
    fn periods(&mut self) -> bool {
        let (listed, total) = self.priced();
        let Some(last) = listed.len().checked_sub(1) else { return self.newest_period() };
        let mut has_begun = false;
        for (place, period) in listed.iter().enumerate() {
            let is_newest = place == last;
            match self.own.and_then(|own| own.of(&period.transaction)) {
                Some(known) if is_newest && self.is_incomplete() => {
                    self.begin(&charged(period, known), place == 0, true);
                    has_begun = true;
                }
                Some(known) if is_charged(known) => self.money(known, period.dollars, &period.transaction, is_newest),
                // Of what was paid back it is not known yet that it was paid.
                Some(known) => {
                    self.begin(&charged(period, known), place == 0, is_newest);
                    has_begun = is_newest;
                }
                None => {
                    self.begin_or_total(period, total == Some(place), place == 0, is_newest);
                    has_begun = is_newest;
                }
            }
        }
        if !has_begun {
            self.sum_of_known();
            self.refund_without_amounts();
        }
        has_begun
    }

    /// Where RevenueCat lists payments without amounts, and all of them are known here, what was paid back, or taken back of that, shows
    /// in the sum alone. The sum may not have the newest payment yet.
    fn sum_of_known(&mut self) {
        let Some(own) = self.own else { return };
        let listed = self.theirs.periods.as_deref().unwrap_or_default();
        let are_known = listed.iter().all(|period| period.dollars.is_none() && own.of(&period.transaction).is_some());
        let (brought, total) = (own.brought(), self.theirs.total);
        let settled = self.marked.now.plus_days(-SETTLED_DAYS);
        let newest = listed.last().filter(|period| are_known && period.purchased_at < settled);
        let Some(newest) = newest.map(|period| period.transaction.clone()) else { return };
        let Some(total) = total else { return };
        if total < brought.revenue.net {
            self.money(brought, Some(total), &newest, true);
        } else {
            self.take_back(brought, total.minus(brought.revenue.net), &newest);
        }
    }

    /// The periods that RevenueCat lists. Where it names no amounts, what is not known here of the sum stands at the newest of those
    /// that are not known, and the prices of the others stay unknown: returns as well which one that is.
    fn priced(&self) -> (Vec<Period>, Option<usize>) {
        let mut listed = self.theirs.periods.clone().unwrap_or_default();
        if listed.iter().any(|period| period.dollars.is_some()) {
            return (listed, None);
        }
        let known = |period: &Period| self.own.and_then(|own| own.of(&period.transaction));
        let sum = listed.iter().filter_map(known).fold(Micros::ZERO, |sum, one| sum.plus(one.revenue.net));
        let rest = self.theirs.total.map(|total| total.minus(sum)).filter(|rest| *rest >= Micros::ZERO);
        let paid = self.theirs.details.paid.clone();
        let is_last = listed.last().is_some_and(|period| known(period).is_none());
        let Some(place) = listed.iter().rposition(|period| known(period).is_none()) else { return (listed, None) };
        if let Some(newest) = listed.get_mut(place) {
            newest.dollars = rest;
            newest.paid = newest.paid.take().or(paid.filter(|_| is_last));
        }
        (listed, rest.map(|_| place))
    }

    /// Whether the events of the purchase leave out the product, or the end of the period.
    fn is_incomplete(&self) -> bool {
        let has_end = self.theirs.period_end.is_some();
        self.own.is_some_and(|own| own.purchase.product_id.is_empty() || (has_end && own.purchase.expires_at.is_none()))
    }

    /// The newest period alone, where RevenueCat lists none.
    fn newest_period(&mut self) -> bool {
        let theirs = self.theirs;
        let own = self.own.map(|own| &own.purchase);
        let is_known = own.is_some_and(|own| theirs.period_start.since(own.period_start) <= SAME_START_MS);
        let charged = self.own.filter(|own| !own.transactions.is_empty());
        let brought = charged.map(Held::brought).filter(|known| is_charged(*known));
        if let (Some(brought), true, false) = (brought, is_known, self.is_incomplete()) {
            self.money(brought, theirs.total, &theirs.transaction, true);
            self.refund_without_amounts();
            return false;
        }
        let paid_before = own.map_or(Micros::ZERO, |own| own.revenue.net);
        let is_first = own.is_none() && theirs.period_start.since(theirs.started_at) <= SAME_START_MS;
        let period = Period {
            transaction: theirs.transaction.clone(),
            product: None,
            purchased_at: theirs.period_start,
            expires_at: theirs.period_end,
            effective_end: None,
            dollars: theirs.total.map(|total| total.minus(paid_before)).filter(|paid| *paid >= Micros::ZERO),
            // The sum of several payments is in no currency but dollars.
            paid: theirs.details.paid.clone().filter(|_| is_first),
        };
        self.begin_or_total(&period, period.dollars.is_some(), is_first, true);
        true
    }

    /// Enters a period that is not known. Where payments are not listed one by one, it names the total of the subscription, so that
    /// nothing doubles when webhooks tell the parts (§6.7).
    fn begin_or_total(&mut self, period: &Period, is_total: bool, is_first: bool, is_newest: bool) {
        if self.is_paid_back(period, is_newest) {
            self.begin(period, is_first, is_newest);
            return self.paid_back(period, is_newest);
        }
        self.begin(period, is_first, is_newest);
        if is_total {
            self.name_total();
        }
    }

    /// Has the event that was just entered name the total of the subscription.
    pub(super) fn name_total(&mut self) {
        let total = self.theirs.total.map(Amount);
        if let Some(event) = self.events.last_mut() {
            event.dossier_total = total;
        }
    }

    pub(super) fn begin(&mut self, period: &Period, is_first: bool, is_newest: bool) {
        let kind = match is_first {
            _ if self.is_non_renewing => EventType::NonRenewingPurchase,
            true => EventType::InitialPurchase,
            false => EventType::Renewal,
        };
        let mut event = self.event(kind, period.purchased_at);
        event.transaction = self.transaction(period);
        event.transaction.period_type = self.period_type(period, is_newest);
        if is_newest {
            // It may have been moved since it was paid.
            event.transaction.expiration_at_ms = self.theirs.period_end.or(period.expires_at);
        }
        // What was paid back is not in it any more, so what it had been is not known.
        event.transaction.price = period.dollars.filter(|_| !self.is_paid_back(period, is_newest)).map(Amount);
        self.set_paid(&mut event, period.paid.as_ref());
        let what = if is_first { "the purchase" } else { "a renewal" };
        self.found.push(Finding::at(format!("{what} of {}", self.product()), period.purchased_at));
        self.events.push(event);
    }

    /// Enters that a period that was not known was paid back.
    fn paid_back(&mut self, period: &Period, is_newest: bool) {
        let at = self.theirs.details.refunded_at.filter(|_| is_newest).or(period.effective_end);
        let keeps = is_newest && self.theirs.is_running;
        self.refund(period, None, at.unwrap_or(period.purchased_at), keeps);
    }

    fn is_paid_back(&self, period: &Period, is_newest: bool) -> bool {
        is_paid_back(period)
            || (is_newest && self.theirs.details.refunded_at.is_some() && period.dollars <= Some(Micros::ZERO))
    }

    fn period_type(&self, period: &Period, is_newest: bool) -> Option<PeriodType> {
        let named = self.theirs.details.period_type.clone().filter(|_| is_newest);
        let is_trial = is_newest && self.theirs.status == SubscriptionStatus::Trial;
        let is_paid = period.dollars.is_some_and(|paid| paid > Micros::ZERO);
        let is_trial = is_trial || self.was_free_at_first(period);
        named.or(is_trial.then_some(PeriodType::Trial)).or(is_paid.then_some(PeriodType::Normal))
    }

    /// Whether it is the first of the listed periods, cost nothing, and was followed by one that was paid: a trial.
    fn was_free_at_first(&self, period: &Period) -> bool {
        let mut listed = self.theirs.periods.iter().flatten();
        let is_first = listed.next().is_some_and(|first| first.transaction == period.transaction);
        let is_free = period.dollars == Some(Micros::ZERO) && !is_paid_back(period);
        is_first && is_free && listed.any(|later| later.dollars > Some(Micros::ZERO))
    }

    /// The period of a transaction; the newest where it is not listed.
    pub(super) fn named_period(&self, transaction: &str) -> Period {
        let listed = self.theirs.periods.iter().flatten().find(|period| period.transaction == transaction);
        listed.cloned().unwrap_or_else(|| Period {
            transaction: self.own_transaction().unwrap_or_else(|| transaction.to_owned()),
            product: None,
            purchased_at: self.theirs.period_start,
            expires_at: self.theirs.period_end,
            effective_end: None,
            dollars: None,
            paid: None,
        })
    }

    pub(super) fn own_transaction(&self) -> Option<String> {
        self.own.and_then(|own| own.purchase.transaction_id.clone())
    }

    pub(super) fn find(&mut self, event: Imported, what: &str) {
        self.found.push(Finding::new(format!("{what} {}", self.product())));
        self.events.push(event);
    }

    /// An event of the newest period.
    pub(super) fn newest_event(&self, kind: EventType, at: Moment) -> Imported {
        let listed = self.theirs.periods.as_ref().and_then(|listed| listed.last());
        let newest = listed.map_or(self.theirs.transaction.as_str(), |last| last.transaction.as_str());
        let period = Period { expires_at: self.theirs.period_end, ..self.named_period(newest) };
        let mut event = self.event(kind, at.max(period.purchased_at));
        event.transaction = self.transaction(&period);
        event
    }

    pub(super) fn event(&self, kind: EventType, at: Moment) -> Imported {
        let Marked { origin, now } = self.marked;
        Imported::found(kind, at.min(now), Transaction::default(), origin, now)
    }

    pub(super) fn transaction(&self, period: &Period) -> Transaction {
        let theirs = self.theirs;
        let own = self.own.map(|own| &own.purchase);
        let original = own.and_then(|own| own.original_transaction_id.clone());
        let listed = theirs.periods.as_ref().and_then(|listed| listed.first()).map(|first| first.transaction.clone());
        let period_type = own.and_then(|own| own.period_type.clone());
        Transaction {
            product_id: product_of(period, theirs),
            entitlement_ids: theirs.entitlements.clone(),
            period_type: period_type.or(Some(PeriodType::Normal)),
            purchased_at_ms: Some(period.purchased_at),
            expiration_at_ms: period.expires_at,
            store: Some(theirs.store.clone()),
            environment: Some(theirs.environment.as_str()),
            price: Some(Amount(Micros::ZERO)),
            transaction_id: Some(period.transaction.clone()),
            original_transaction_id: original.or(listed).or(Some(theirs.transaction.clone())),
            is_family_share: theirs.is_family_share,
            country_code: theirs.country.clone(),
            renewal_number: theirs.periods.as_ref().and_then(|_| renewal_number(&theirs.store, &period.transaction)),
            ..Transaction::default()
        }
    }

    pub(super) fn set_paid(&self, event: &mut Imported, paid: Option<&Money>) {
        event.transaction.price_in_purchased_currency = paid.map(|paid| Amount(paid.amount));
        event.transaction.currency = paid.map(|paid| paid.currency.clone());
    }

    pub(super) fn product(&self) -> String {
        text::visible(self.theirs.product.as_deref().unwrap_or(&self.theirs.transaction))
    }
}

/// The number of the renewal in an order of Google: the first has none, the next one is `..0`.
fn renewal_number(store: &Store, transaction: &str) -> Option<i64> {
    let of_order = Some(transaction).filter(|_| *store == Store::PlayStore)?;
    of_order.rsplit_once("..").map_or(Some(1), |(_, number)| Some(number.parse::<i64>().ok()?.saturating_add(2)))
}

/// The product of a period: it may have been another one than now. Google's is named there without its base plan.
fn product_of(period: &Period, theirs: &Purchase) -> Option<String> {
    let (own, now) = (period.product.as_deref(), theirs.product.as_deref());
    let is_now = own.zip(now).is_none_or(|(own, now)| own == now.split(':').next().unwrap_or(now));
    if is_now { now.or(own).map(str::to_owned) } else { own.map(str::to_owned) }
}

/// Whether it is known what was charged, or that it was not known.
fn is_charged(known: Brought) -> bool {
    known.revenue.payments > 0 || known.revenue.prices_missing > 0 || known.revenue.refunds == 0
}

/// A period with what was charged for it: RevenueCat shows what refunds have left.
pub(super) fn charged(period: &Period, known: Brought) -> Period {
    Period { dollars: period.dollars.map(|left| left.plus(known.refunded)), ..period.clone() }
}

/// Whether a period was paid and nothing is left of it.
fn is_paid_back(period: &Period) -> bool {
    period.dollars == Some(Micros::ZERO) && period.paid.as_ref().is_some_and(|paid| paid.amount > Micros::ZERO)
}

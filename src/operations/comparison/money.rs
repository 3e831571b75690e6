//! What purchases brought there and here: refunds that no webhook told, prices that one left out, and one-time purchases.

use super::differences::Finding;
use super::ours::Brought;
use super::purchases::{Comparison, SAME_START_MS, charged};
use super::status::SAME_END_MS;
use crate::base::clock::Moment;
use crate::base::money::Micros;
use crate::events::own::Amount;
use crate::events::{Environment, EventType, Reason};
use crate::projection::Revenue;
use crate::stores::revenuecat::shown::Period;
use crate::wording::times;

/// Amounts in dollars are the same when they differ by less than a cent for each payment: sources round differently.
const CENT: Micros = Micros(10_000);
/// A difference below this part of what was paid is one of exchange rates.
const SMALL: i64 = 20;
/// For so many days after a payment or a refund the sum of the other side may not have it.
pub(super) const SETTLED_DAYS: i64 = 2;

impl Comparison<'_> {
    /// Compares what a transaction brought, or where no payment is listed, all of them.
    pub(super) fn money(&mut self, known: Brought, theirs: Option<Micros>, transaction: &str, is_newest: bool) {
        if self.theirs.environment == Environment::Sandbox {
            // RevenueCat counts no money there.
            return;
        }
        let revenue = known.revenue;
        let Some(theirs) = theirs.filter(|_| revenue.prices_missing == 0) else {
            return self.missing_price(known, theirs, transaction);
        };
        let rounding = rounding(known);
        let (less, more) = (revenue.net.minus(theirs), theirs.minus(revenue.net));
        let period = self.named_period(transaction);
        if less >= rounding && is_small(less, revenue.net) {
            self.remark_difference("less", less);
        } else if less >= rounding {
            let at = self.theirs.details.refunded_at.filter(|_| is_newest).unwrap_or(self.marked.now);
            let keeps = !is_newest || self.theirs.is_running || (!self.is_listed() && !self.is_cut_short());
            // A refund that was read names all that was given back.
            self.refund(&period, Some(less.plus(known.refunded)), at, keeps);
            if !self.is_listed() {
                self.name_total();
            }
        } else if more >= rounding && !(self.is_listed() && self.take_back(known, more, transaction)) {
            if self.is_listed() || is_small(more, theirs) {
                self.remark_difference("more", more);
            } else {
                self.unlisted_payments(more);
            }
        }
    }

    /// Enters that a refund was taken back, where RevenueCat shows that money again: not right after the refund, of which it may not
    /// know yet. Returns whether it does.
    pub(super) fn take_back(&mut self, known: Brought, more: Micros, transaction: &str) -> bool {
        let rounding = rounding(known);
        let refunded = self.own.and_then(|own| own.purchase.refunded_at.or(own.purchase.access_kept_at));
        let is_old = refunded.is_some_and(|at| at < self.marked.now.plus_days(-SETTLED_DAYS));
        if more < rounding || !is_old || known.refunded.minus(more).abs() >= rounding {
            return false;
        }
        let mut event = self.event(EventType::RefundReversed, self.marked.now);
        event.transaction = self.transaction(&self.named_period(transaction));
        event.transaction.price = Some(Amount(more));
        self.find(event, "a refund that was taken back of");
        true
    }

    fn remark_difference(&mut self, word: &str, dollars: Micros) {
        let (dollars, product) = (dollars.shown(), self.product());
        self.remarks.push(format!("RevenueCat shows USD {dollars} {word} for {product}."));
    }

    /// Enters that the newest payment was given back, where RevenueCat says when and shows no amounts.
    pub(super) fn refund_without_amounts(&mut self) {
        let Some(at) = self.theirs.details.refunded_at else { return };
        let Some(own) = self.own.map(|own| &own.purchase) else { return };
        let is_known = own.refunded_at.is_some() || own.access_kept_at.is_some();
        let is_found = self.events.iter().any(|event| event.cancel_reason == Some(Reason::CustomerSupport));
        if !is_known && !is_found && at >= own.period_start {
            let period = self.named_period(&self.own_transaction().unwrap_or_default());
            let amount = self.own.and_then(|own| own.of(&period.transaction)).map(|known| known.revenue.net);
            self.refund(&period, amount.filter(|amount| *amount > Micros::ZERO), at, self.theirs.is_running);
        }
    }

    /// Whether RevenueCat lists single payments with what they brought.
    fn is_listed(&self) -> bool {
        self.theirs.periods.iter().flatten().any(|period| period.dollars.is_some())
    }

    /// Whether the newest period ends earlier there than here, or is said to be refunded.
    fn is_cut_short(&self) -> bool {
        let own = self.own.and_then(|own| own.purchase.expires_at);
        let is_earlier = own.zip(self.theirs.period_end).is_some_and(|(own, theirs)| own.since(theirs) > SAME_END_MS);
        is_earlier || self.theirs.details.refunded_at.is_some()
    }

    /// Enters what RevenueCat shows more than is known here and does not list, as one payment at the beginning.
    fn unlisted_payments(&mut self, more: Micros) {
        let Some(own) = self.own.map(|own| &own.purchase) else { return };
        let is_older = own.first_purchased_at.since(self.theirs.started_at) > SAME_START_MS;
        let is_single = own.first_purchased_at == own.period_start;
        let end = if is_single && !is_older { own.expires_at } else { Some(own.first_purchased_at) };
        let (began, ended) = if is_older { (self.theirs.started_at, end) } else { (own.first_purchased_at, end) };
        let period = self.named_period(&self.theirs.transaction);
        let period = Period { purchased_at: began, expires_at: ended, dollars: Some(more), ..period };
        self.begin(&period, true, is_single && !is_older);
        self.name_total();
    }

    /// Enters that a purchase which was found has brought nothing by itself: it is part of another one.
    pub(super) fn count_nothing(&mut self) {
        let Some(own) = self.own.map(|own| &own.purchase) else { return };
        let period = self.named_period(&self.theirs.transaction);
        let period = Period {
            purchased_at: own.period_start,
            expires_at: own.expires_at,
            dollars: Some(Micros::ZERO),
            ..period
        };
        self.begin(&period, own.first_purchased_at == own.period_start, false);
        self.found.clear();
        self.found.push(Finding::new(format!("{}, which was counted under another id before", self.product())));
        if let Some(event) = self.events.last_mut() {
            event.dossier_total = Some(Amount(Micros::ZERO));
        }
    }

    /// Enters a price that no event has named.
    fn missing_price(&mut self, known: Brought, theirs: Option<Micros>, transaction: &str) {
        let period = charged(&self.named_period(transaction), known);
        let dollars = theirs.map(|left| left.plus(known.refunded)).filter(|paid| *paid > Micros::ZERO);
        let is_its_own = known.revenue.payments == 0 && known.revenue.prices_missing == 1;
        if let (Some(dollars), true) = (dollars, is_its_own) {
            let listed = self.theirs.periods.as_deref().unwrap_or_default();
            let is_first = period.purchased_at.since(self.theirs.started_at) <= SAME_START_MS;
            let is_newest = listed.last().is_none_or(|last| last.transaction == period.transaction);
            self.begin(&Period { dollars: Some(dollars), ..period }, is_first, is_newest);
        }
    }

    pub(super) fn refund(&mut self, period: &Period, dollars: Option<Micros>, at: Moment, keeps_access: bool) {
        let mut event = self.event(EventType::Cancellation, at.max(period.purchased_at));
        event.transaction = self.transaction(period);
        event.transaction.price = dollars.map(|dollars| Amount(Micros::ZERO.minus(dollars)));
        event.transaction.expiration_at_ms = period.effective_end.or(period.expires_at);
        if let (Some(paid), true) = (&period.paid, dollars.is_none()) {
            event.transaction.price_in_purchased_currency = Some(Amount(Micros::ZERO.minus(paid.amount)));
            event.transaction.currency = Some(paid.currency.clone());
        }
        event.cancel_reason = Some(Reason::CustomerSupport);
        event.dossier_keeps_access = keeps_access;
        let amount = dollars.map_or_else(String::new, |dollars| format!(" of USD {}", dollars.shown()));
        let paid = times::day(period.purchased_at);
        self.found.push(Finding::new(format!("a refund{amount}, {}, paid {paid}", self.product())));
        self.events.push(event);
    }

    pub(super) fn one_time(&mut self) {
        let theirs = self.theirs;
        let is_refunded = theirs.is_refunded || theirs.details.refunded_at.is_some();
        let period = Period {
            transaction: theirs.transaction.clone(),
            product: None,
            purchased_at: theirs.started_at,
            expires_at: theirs.period_end,
            effective_end: None,
            dollars: theirs.total,
            paid: theirs.details.paid.clone(),
        };
        let at = theirs.details.refunded_at.unwrap_or(self.marked.now);
        let Some(own) = self.own else {
            let mut event = self.event(EventType::NonRenewingPurchase, theirs.started_at);
            event.transaction = self.transaction(&period);
            event.transaction.price = period.dollars.filter(|_| !is_refunded).map(Amount);
            self.set_paid(&mut event, period.paid.as_ref());
            self.found.push(Finding::at(format!("the purchase of {}", self.product()), theirs.started_at));
            self.events.push(event);
            if is_refunded {
                self.refund(&period, None, at, false);
            }
            return;
        };
        if is_refunded && own.purchase.refunded_at.is_none() && own.purchase.access_kept_at.is_none() {
            let sum = own.purchase.revenue.net.plus(own.brought().refunded);
            let net = Some(sum).filter(|sum| *sum > Micros::ZERO && own.purchase.revenue.prices_missing == 0);
            self.refund(
                &Period { transaction: self.own_transaction().unwrap_or(period.transaction.clone()), ..period },
                net,
                at,
                false,
            );
        } else if !is_refunded {
            let transaction = self.own_transaction().unwrap_or_else(|| theirs.transaction.clone());
            self.money_once(own.purchase.revenue, &Period { transaction, ..period });
        }
    }

    /// Compares what a one-time purchase brought.
    fn money_once(&mut self, revenue: Revenue, period: &Period) {
        let Some(theirs) = period.dollars else { return };
        if revenue.prices_missing > 0 && theirs > Micros::ZERO && revenue.refunds == 0 {
            let mut event = self.event(EventType::NonRenewingPurchase, period.purchased_at);
            event.transaction = self.transaction(period);
            event.transaction.price = Some(Amount(theirs));
            self.set_paid(&mut event, period.paid.as_ref());
            self.find(event, "the price of");
        } else if self.theirs.environment == Environment::Production
            && revenue.prices_missing == 0
            && revenue.net.minus(theirs) >= CENT
            && !is_small(revenue.net.minus(theirs), revenue.net)
        {
            let sum = revenue.net.minus(theirs).plus(self.own.map_or(Micros::ZERO, |own| own.brought().refunded));
            self.refund(period, Some(sum), self.marked.now, true);
        }
    }
}

/// Sums differ by less than so much where sources round each payment by themselves.
fn rounding(known: Brought) -> Micros {
    Micros(CENT.0.saturating_mul(known.revenue.payments.max(1)))
}

fn is_small(difference: Micros, of: Micros) -> bool {
    difference.0.saturating_mul(SMALL) < of.0
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::events::{Origin, Store};
    use crate::operations::comparison::differences::Marked;
    use crate::operations::comparison::ours::Held;
    use crate::projection::testing::{NOW, purchase};
    use crate::projection::{Revenue, TransactionKey};
    use crate::stores::revenuecat::shown::{Details, Purchase, Renewal, SubscriptionStatus};

    #[test]
    fn a_refund_that_only_the_first_version_of_the_api_tells_is_found_once() {
        let begun = NOW.plus_days(-3);
        let store = json!({ "store": "APP_STORE", "transaction_id": "1", "period_start": begun, "expires_at": NOW.plus_days(27) });
        let brought = Brought {
            revenue: Revenue { net: Micros(9_990_000), payments: 1, refunds: 0, prices_missing: 0 },
            refunded: Micros::ZERO,
        };
        let key = TransactionKey::named(Some(&Store::AppStore), Some("1"), None);
        let mut own = Held { purchase: purchase(store), transactions: [(key, brought)].into() };
        own.purchase.revenue = brought.revenue;
        let period = Period {
            transaction: "1".into(),
            product: None,
            purchased_at: begun,
            expires_at: Some(NOW.plus_days(27)),
            effective_end: None,
            dollars: None,
            paid: None,
        };
        let theirs = Purchase {
            is_subscription: true,
            environment: Environment::Production,
            store: Store::AppStore,
            product: Some(own.purchase.product_id.clone()),
            entitlements: Vec::new(),
            transaction: "1".into(),
            started_at: begun,
            period_start: begun,
            period_end: Some(NOW.plus_days(-1)),
            is_running: false,
            status: SubscriptionStatus::Over,
            renewal: Renewal::Off,
            total: None,
            is_refunded: false,
            is_family_share: false,
            country: None,
            periods: Some(vec![period]),
            details: Details { refunded_at: Some(NOW.plus_days(-1)), ..Details::default() },
        };
        let found = |own: &Held| {
            let marked = Marked { origin: Origin::Comparison, now: NOW };
            let mut comparison = Comparison::new(&theirs, Some(own), marked);
            comparison.run();
            comparison.events
        };
        let events = found(&own);
        let refund =
            events.iter().find(|event| event.cancel_reason == Some(Reason::CustomerSupport)).expect("a refund");
        assert_eq!(
            (refund.event_timestamp_ms, refund.transaction.price),
            (NOW.plus_days(-1), Some(Amount(Micros(-9_990_000))))
        );
        own.purchase.refunded_at = Some(NOW.plus_days(-1));
        own.purchase.expires_at = Some(NOW.plus_days(-1));
        assert!(found(&own).iter().all(|event| event.cancel_reason.is_none()));
    }
}

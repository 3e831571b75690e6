//! Money per transaction (§6.6): charges and refunds, in micro-units of US dollars.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::money::Micros;
use crate::events::{Event, Store};

/// Charges and refunds of one purchase, transaction by transaction.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ledger {
    entries: BTreeMap<(String, Option<i64>), Entry>,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Entry {
    charges: i64,
    charged: Micros,
    is_price_missing: bool,
    /// Refunds less reversals, as the events state them.
    refunded: Micros,
    refunds: i64,
}

/// The revenue of a purchase.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revenue {
    /// Charges minus refunds.
    pub net: Micros,
    /// The number of charges above zero.
    pub payments: i64,
    /// The number of transactions that were refunded.
    pub refunds: i64,
    /// The number of charges whose price the store did not report. They count as zero.
    pub prices_missing: i64,
}

impl Ledger {
    pub fn charge(&mut self, event: &Event) {
        let entry = self.entry(event);
        match event.price {
            Some(price) => entry.charged = entry.charged.plus(price),
            None => entry.is_price_missing = true,
        }
        entry.charges += i64::from(event.price != Some(Micros::ZERO));
    }

    /// Records a refund. A refund without an amount refunds all that is known to have been charged.
    pub fn refund(&mut self, event: &Event) {
        let entry = self.entry(event);
        let stated = event.price.unwrap_or_default().abs();
        let amount = if stated == Micros::ZERO { entry.charged.minus(entry.refunded) } else { stated };
        entry.refunded = entry.refunded.plus(amount);
        entry.refunds += 1;
    }

    /// Records that a refund was reversed. A reversal without an amount reverses all that was refunded.
    pub fn reverse(&mut self, event: &Event) {
        let entry = self.entry(event);
        let stated = event.price.unwrap_or_default().abs();
        let amount = if stated == Micros::ZERO { entry.capped_refunds() } else { stated };
        entry.refunded = Micros(entry.capped_refunds().0.saturating_sub(amount.0));
        entry.refunds = (entry.refunds - 1).max(0);
    }

    /// Adds the entries of the same purchase from another customer.
    pub fn absorb(&mut self, other: Ledger) {
        for (key, theirs) in other.entries {
            let ours = self.entries.entry(key).or_default();
            ours.charges += theirs.charges;
            ours.charged = ours.charged.plus(theirs.charged);
            ours.is_price_missing |= theirs.is_price_missing;
            ours.refunded = ours.refunded.plus(theirs.refunded);
            ours.refunds += theirs.refunds;
        }
    }

    pub fn revenue(&self) -> Revenue {
        let mut sum = Revenue::default();
        for entry in self.entries.values() {
            sum.net = sum.net.plus(entry.charged.minus(entry.capped_refunds()));
            sum.payments += entry.charges - i64::from(entry.is_price_missing);
            sum.refunds += i64::from(entry.refunds > 0);
            sum.prices_missing += i64::from(entry.is_price_missing);
        }
        sum.payments = sum.payments.max(0);
        sum
    }

    /// The entry of the event's transaction. Stripe uses one transaction id for all renewals, so the renewal number
    /// distinguishes them there (§6.1).
    fn entry(&mut self, event: &Event) -> &mut Entry {
        let transaction = event.transaction_id.clone().unwrap_or_default();
        let number = event.renewal_number.filter(|_| event.store == Some(Store::Stripe));
        self.entries.entry((transaction, number)).or_default()
    }
}

impl Entry {
    /// The refunded amount: at most the charged amount, once a charge is known (§6.6).
    fn capped_refunds(&self) -> Micros {
        if self.charges > 0 || self.charged > Micros::ZERO { self.refunded.min(self.charged) } else { self.refunded }
    }
}

//! Money per transaction (§6.6): what was charged and what went back, in micro-units of US dollars.

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
    /// Refunds less reversals, as said.
    refunded: Micros,
    refunds: i64,
}

/// What a purchase brought in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revenue {
    /// Charges less refunds.
    pub net: Micros,
    /// Charges above zero.
    pub payments: i64,
    /// Transactions from which money went back.
    pub refunds: i64,
    /// Charges whose price the store did not tell: counted as zero.
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

    /// Money back. A refund that names no amount gives back what is known to have been charged.
    pub fn refund(&mut self, event: &Event) {
        let entry = self.entry(event);
        let said = event.price.unwrap_or_default().abs();
        let amount = if said == Micros::ZERO { entry.charged.minus(entry.refunded) } else { said };
        entry.refunded = entry.refunded.plus(amount);
        entry.refunds += 1;
    }

    /// A refund undone: what went back comes again.
    pub fn reverse(&mut self, event: &Event) {
        let entry = self.entry(event);
        let said = event.price.unwrap_or_default().abs();
        let amount = if said == Micros::ZERO { entry.given_back() } else { said };
        entry.refunded = Micros(entry.given_back().0.saturating_sub(amount.0));
        entry.refunds = (entry.refunds - 1).max(0);
    }

    /// Takes over the entries of the same purchase from another customer's hands.
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
            sum.net = sum.net.plus(entry.charged.minus(entry.given_back()));
            sum.payments += entry.charges - i64::from(entry.is_price_missing);
            sum.refunds += i64::from(entry.refunds > 0);
            sum.prices_missing += i64::from(entry.is_price_missing);
        }
        sum.payments = sum.payments.max(0);
        sum
    }

    /// Stripe uses one transaction id for every renewal: there the renewal's number tells them apart (§6.1).
    fn entry(&mut self, event: &Event) -> &mut Entry {
        let transaction = event.transaction_id.clone().unwrap_or_default();
        let number = event.renewal_number.filter(|_| event.store == Some(Store::Stripe));
        self.entries.entry((transaction, number)).or_default()
    }
}

impl Entry {
    /// Never more than was charged, once a charge is known (§6.6).
    fn given_back(&self) -> Micros {
        if self.charges > 0 || self.charged > Micros::ZERO { self.refunded.min(self.charged) } else { self.refunded }
    }
}

//! Payments and refunds (§6.6), in micro-units of US dollars. Each comes from one event and belongs to one transaction of
//! one purchase. What a transaction adds up to follows from its payments alone, so a purchase need not hold them.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::order;
use crate::base::clock::Moment;
use crate::base::ids::EventId;
use crate::base::money::Micros;
use crate::events::{Event, Store};

/// A charge, a refund, or a refund that was reversed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// The stored event that reported it.
    pub event: EventId,
    /// The number of its purchase.
    pub purchase: EventId,
    pub transaction: TransactionKey,
    /// When the event was generated.
    pub at: Moment,
    pub kind: PaymentKind,
    /// Never negative for a refund or a reversal. `None`: the store did not report it, or a refund names none.
    pub amount: Option<Micros>,
}

/// What a payment is. The order is that of cause and effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PaymentKind {
    Charge,
    Refund,
    Reversal,
}

/// Which transaction of a purchase it is: a hash of its id. Stripe uses one id for all renewals, so the renewal number is
/// part of it there (§6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransactionKey(pub i64);

impl TransactionKey {
    /// The transaction of an event; that of events without an id is the empty one.
    pub fn of(event: &Event) -> TransactionKey {
        if event.is_refund() && event.snapshot.as_ref().is_some_and(|snapshot| snapshot.total.is_some()) {
            // It gives back what several transactions brought.
            return TransactionKey::named(None, Some(&format!("refunds of {:?}", event.transaction_id)), None);
        }
        TransactionKey::named(event.store.as_ref(), event.transaction_id.as_deref(), event.renewal_number)
    }

    /// The transaction with this id, of the renewal with this number.
    pub fn named(store: Option<&Store>, id: Option<&str>, renewal: Option<i64>) -> TransactionKey {
        let id = id.unwrap_or_default();
        let number = renewal.filter(|_| store == Some(&Store::Stripe));
        let digest = Sha256::new().chain_update(number.unwrap_or(-1).to_be_bytes()).chain_update(id).finalize();
        TransactionKey(digest.iter().take(8).fold(0_i64, |sum, byte| (sum << 8) | i64::from(*byte)))
    }
}

impl PaymentKind {
    pub const ALL: [PaymentKind; 3] = [PaymentKind::Charge, PaymentKind::Refund, PaymentKind::Reversal];

    pub const fn number(self) -> i16 {
        self as i16
    }

    pub fn from_number(number: i16) -> Option<PaymentKind> {
        PaymentKind::ALL.into_iter().find(|kind| kind.number() == number)
    }
}

/// The revenue of a purchase, or of one of its transactions.
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

impl Revenue {
    #[must_use]
    pub fn plus(self, other: Revenue) -> Revenue {
        Revenue {
            net: self.net.plus(other.net),
            payments: self.payments + other.payments,
            refunds: self.refunds + other.refunds,
            prices_missing: self.prices_missing + other.prices_missing,
        }
    }

    #[must_use]
    pub fn minus(self, other: Revenue) -> Revenue {
        Revenue {
            net: self.net.minus(other.net),
            payments: self.payments - other.payments,
            refunds: self.refunds - other.refunds,
            prices_missing: self.prices_missing - other.prices_missing,
        }
    }
}

/// The revenue of one transaction.
pub fn revenue_of<'a>(payments: impl IntoIterator<Item = &'a Payment>) -> Revenue {
    let mut payments: Vec<&Payment> = payments.into_iter().collect();
    order::sort_by_cause(&mut payments, |one| one.at, |one| (one.kind, one.amount));
    let mut sum = Sum::default();
    payments.into_iter().for_each(|payment| sum.add(payment));
    sum.revenue()
}

#[derive(Debug, Default)]
struct Sum {
    charges: i64,
    charged: Micros,
    is_price_missing: bool,
    /// Refunds less reversals, as the events state them.
    refunded: Micros,
    refunds: i64,
}

impl Sum {
    fn add(&mut self, payment: &Payment) {
        let stated = payment.amount.filter(|amount| *amount != Micros::ZERO);
        match payment.kind {
            PaymentKind::Charge => {
                self.charged = self.charged.plus(payment.amount.unwrap_or_default());
                self.is_price_missing |= payment.amount.is_none();
                self.charges += i64::from(payment.amount != Some(Micros::ZERO));
            }
            // A refund without an amount refunds all that is known to have been charged.
            PaymentKind::Refund => {
                self.refunded = self.refunded.plus(stated.unwrap_or(self.charged.minus(self.refunded)));
                self.refunds += 1;
            }
            // A reversal without an amount reverses all that was refunded.
            PaymentKind::Reversal => {
                let refunded = self.capped_refunds();
                self.refunded = Micros(refunded.0.saturating_sub(stated.unwrap_or(refunded).0));
                self.refunds = (self.refunds - 1).max(0);
            }
        }
    }

    /// The refunded amount: at most the charged amount, once a charge is known (§6.6).
    fn capped_refunds(&self) -> Micros {
        if self.charges > 0 || self.charged > Micros::ZERO { self.refunded.min(self.charged) } else { self.refunded }
    }

    fn revenue(&self) -> Revenue {
        Revenue {
            net: self.charged.minus(self.capped_refunds()),
            payments: self.charges - i64::from(self.is_price_missing),
            refunds: i64::from(self.refunds > 0),
            prices_missing: i64::from(self.is_price_missing),
        }
    }
}

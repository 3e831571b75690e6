//! What purchases brought: charges less refunds, and of that the store's commission and the tax, as far as events name them
//! (§6.6). Each charge is an event, which says what share of it the store and the state keep.

use std::collections::{BTreeMap, HashMap};

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Number;

use crate::api::AuthorizedCall;
use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, EventId};
use crate::base::money::{Micros, Money};
use crate::customers::stored_purchases;
use crate::db::Conn;
use crate::db::schema::events;
use crate::events::{Delivery, Event, StoredBody};
use crate::projection::{Payment, PaymentKind, Purchase, TransactionKey, revenue_of};

/// An amount, and its parts. What is not known counts as nothing.
#[derive(Debug, Clone, Serialize)]
pub struct Amount {
    currency: String,
    gross: Number,
    commission: Number,
    tax: Number,
    proceeds: Number,
}

/// One transaction of a purchase.
#[derive(Debug, Clone)]
pub struct Transaction {
    /// The event that reported the charge.
    pub event: Event,
    /// In dollars, after refunds.
    net: Micros,
    shares: Shares,
}

/// The shares that the store and the state keep, in millionths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Shares {
    commission: i64,
    tax: i64,
}

/// The transactions of some purchases, by the number of the purchase.
#[derive(Debug, Default)]
pub struct Ledger(HashMap<EventId, Vec<Transaction>>);

impl Ledger {
    /// Loads the transactions of purchases that one customer has, with two queries for all of them.
    pub fn load<'a>(
        conn: &mut Conn,
        call: &AuthorizedCall,
        customer: CustomerId,
        purchases: impl IntoIterator<Item = &'a Purchase>,
    ) -> QueryResult<Ledger> {
        let numbers: Vec<EventId> = purchases.into_iter().flat_map(Purchase::numbers).collect();
        let mut grouped: BTreeMap<(EventId, TransactionKey), Vec<Payment>> = BTreeMap::new();
        for payment in stored_purchases::payments_of(conn, customer, &numbers)? {
            grouped.entry((payment.purchase, payment.transaction)).or_default().push(payment);
        }
        let charges = grouped.values().filter_map(|of_one| newest_charge(of_one)).collect();
        let mut charged = charges_by_event(conn, call, charges)?;
        let mut ledger = Ledger::default();
        for ((purchase, _), of_one) in grouped {
            if let Some((event, shares)) = newest_charge(&of_one).and_then(|event| charged.remove(&event)) {
                let transaction = Transaction { event, net: revenue_of(&of_one).net, shares };
                ledger.0.entry(purchase).or_default().push(transaction);
            }
        }
        Ok(ledger)
    }

    /// The transactions of a purchase, the oldest first.
    pub fn of(&self, purchase: &Purchase) -> Vec<&Transaction> {
        let mut all: Vec<&Transaction> =
            purchase.numbers().filter_map(|number| self.0.get(&number)).flatten().collect();
        all.sort_by_key(|one| (one.event.purchased_at, one.event.event_at));
        all
    }

    /// What a purchase brought in dollars.
    pub fn total(&self, purchase: &Purchase) -> Amount {
        let all = self.of(purchase);
        let sum = |part: fn(&Transaction) -> Micros| all.iter().fold(Micros::ZERO, |sum, one| sum.plus(part(one)));
        Amount::new("USD", purchase.revenue.net, sum(Transaction::commission), sum(Transaction::tax))
    }

    /// The country of the newest transaction whose event names one.
    pub fn country(&self, purchase: &Purchase) -> Option<String> {
        let is_code = |code: &&String| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase());
        self.of(purchase).into_iter().rev().find_map(|one| one.event.country_code.as_ref().filter(is_code).cloned())
    }
}

impl Transaction {
    /// In dollars, after refunds; `None` when the store did not report the price.
    pub fn in_dollars(&self) -> Option<Amount> {
        self.event.price.map(|_| Amount::new("USD", self.net, self.commission(), self.tax()))
    }

    /// What was charged in the currency of the purchase, before refunds.
    pub fn in_own_currency(&self) -> Option<Amount> {
        let Money { amount, currency } = self.event.paid.as_ref()?;
        let Shares { commission, tax } = self.shares;
        Some(Amount::new(currency, *amount, share(*amount, commission), share(*amount, tax)))
    }

    fn commission(&self) -> Micros {
        share(self.net, self.shares.commission)
    }

    fn tax(&self) -> Micros {
        share(self.net, self.shares.tax)
    }
}

impl Amount {
    pub fn new(currency: &str, gross: Micros, commission: Micros, tax: Micros) -> Amount {
        let proceeds = number(gross.minus(commission).minus(tax));
        let (gross, commission, tax) = (number(gross), number(commission), number(tax));
        Amount { currency: currency.to_owned(), gross, commission, tax, proceeds }
    }
}

/// A JSON number with exactly the digits of the amount.
fn number(amount: Micros) -> Number {
    amount.decimal().parse().unwrap_or_else(|_| Number::from(0))
}

/// A share, in millionths, of an amount.
fn share(amount: Micros, millionths: i64) -> Micros {
    let part = i128::from(amount.0) * i128::from(millionths) / 1_000_000;
    Micros(i64::try_from(part).unwrap_or_default())
}

fn newest_charge(of_one: &[Payment]) -> Option<EventId> {
    let charges = of_one.iter().filter(|payment| payment.kind == PaymentKind::Charge);
    charges.max_by_key(|payment| (payment.at, payment.event)).map(|payment| payment.event)
}

/// How many events one query reads.
const CHUNK: usize = 500;

fn charges_by_event(
    conn: &mut Conn,
    call: &AuthorizedCall,
    wanted: Vec<EventId>,
) -> QueryResult<HashMap<EventId, (Event, Shares)>> {
    let mut charged = HashMap::new();
    for some in wanted.chunks(CHUNK) {
        let rows: Vec<(EventId, Moment, StoredBody)> = events::table
            .filter(events::project_id.eq(call.ctx.project).and(events::id.eq_any(some.to_vec())))
            .select((events::id, events::received_at, events::body))
            .load(conn)?;
        charged.extend(rows.into_iter().filter_map(|(id, at, body)| Some((id, charge(at, &body)?))));
    }
    Ok(charged)
}

/// Reads the event of a charge. One that cannot be read is left out; `dossier rebuild` reports it.
fn charge(received_at: Moment, body: &StoredBody) -> Option<(Event, Shares)> {
    let event = Delivery::read_compressed(body, received_at).ok()?;
    Some((event, body.text().map(|text| Shares::read(&text)).unwrap_or_default()))
}

impl Shares {
    /// Reads the shares in a body. What is no share from 0 to 1 counts as nothing.
    fn read(body: &str) -> Shares {
        #[derive(Default, Deserialize)]
        struct Body {
            event: Fields,
        }
        #[derive(Default, Deserialize)]
        struct Fields {
            commission_percentage: Option<serde_json::Value>,
            /// What is left after the commission: old events have only this.
            takehome_percentage: Option<serde_json::Value>,
            tax_percentage: Option<serde_json::Value>,
        }
        let Body { event } = serde_json::from_str(body).unwrap_or_default();
        let millionths = |value: Option<serde_json::Value>| {
            let share = value.and_then(|value| Micros::parse(&value.to_string())).map(|share| share.0);
            share.filter(|share| (0..=1_000_000).contains(share))
        };
        let left = || millionths(event.takehome_percentage).map(|left| 1_000_000 - left);
        let commission = millionths(event.commission_percentage).or_else(left).unwrap_or_default();
        Shares { commission, tax: millionths(event.tax_percentage).unwrap_or_default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_shared_out_without_losing_a_cent() {
        let amount = Amount::new("USD", Micros(9_990_000), share(Micros(9_990_000), 150_000), Micros(1));
        let wanted = r#"{"currency":"USD","gross":9.99,"commission":1.4985,"tax":0.000001,"proceeds":8.491499}"#;
        assert_eq!(serde_json::to_string(&amount).expect("JSON"), wanted);
    }

    #[test]
    fn shares_are_read_from_the_body_and_nonsense_is_nothing() {
        let read = |fields: &str| Shares::read(&format!(r#"{{"event":{{"id":"e"{fields}}}}}"#));
        let known = read(r#","commission_percentage":0.15,"tax_percentage":0.0705"#);
        assert_eq!(known, Shares { commission: 150_000, tax: 70_500 });
        let old = read(r#","takehome_percentage":0.7,"commission_percentage":null"#);
        assert_eq!(old, Shares { commission: 300_000, tax: 0 });
        for none in ["", r#","tax_percentage":null"#, r#","tax_percentage":"x""#, r#","tax_percentage":7"#] {
            assert_eq!(read(none), Shares::default(), "{none}");
        }
        assert_eq!(read(r#","tax_percentage":{}"#), Shares::default());
        assert_eq!(Shares::read("[]"), Shares::default());
    }
}

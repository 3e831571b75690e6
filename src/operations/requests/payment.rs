//! A payment: what was paid, what was given back of it, and what is left.

use diesel::QueryResult;
use diesel::prelude::*;

use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, EventId, ProjectId};
use crate::base::money::{Micros, Money};
use crate::customers::state;
use crate::db::Conn;
use crate::db::schema::{events, payments};
use crate::events::{Delivery, Event, StoredBody};
use crate::projection::{self, PaymentKind, Purchase, TransactionKey, revenue_of};

/// One payment of a purchase.
#[derive(Debug, Clone, PartialEq)]
pub struct Payment {
    /// The event that reported it.
    pub event: Event,
    /// In the currency of the payment; `None` when the store did not report what was paid.
    pub paid: Option<Money>,
    /// Of that, what was not given back yet.
    pub left: Option<Micros>,
    /// The same in US dollars, at the rate of the payment.
    pub left_dollars: Option<Micros>,
    /// Whether it was given back before, in part or in full.
    pub is_refunded: bool,
}

impl Payment {
    /// Finds a payment of a purchase by its transaction: `None` names the newest one.
    pub fn find(
        conn: &mut Conn,
        project: ProjectId,
        customer: CustomerId,
        purchase: &Purchase,
        transaction: Option<&str>,
    ) -> QueryResult<Option<Payment>> {
        let named = transaction.or(purchase.transaction_id.as_deref());
        let key = TransactionKey::named(purchase.store.as_ref(), named, purchase.renewal_number);
        let numbers = state::numbers_of_purchase(conn, customer, purchase.environment, &purchase.key)?;
        let rows = of_transaction(conn, customer, &numbers, key)?;
        Ok(Payment::of(&rows, &load(conn, project, &rows)?))
    }

    fn of(rows: &[projection::Payment], events: &[(EventId, Event)]) -> Option<Payment> {
        let event_of =
            |row: &projection::Payment| events.iter().find(|(id, _)| *id == row.event).map(|(_, event)| event);
        let charges = rows.iter().filter(|row| row.kind == PaymentKind::Charge).filter_map(event_of);
        let event = charges.max_by_key(|event| event.price)?.clone();
        let paid = paid(&event);
        let left_dollars = event.price.map(|_| revenue_of(rows).net).filter(|left| !left.is_negative());
        let left = paid.as_ref().map(|paid| {
            let charge = rows.iter().filter(|row| row.kind == PaymentKind::Charge).take(1);
            let back = rows.iter().filter(|row| row.kind != PaymentKind::Charge);
            let own_currency: Vec<projection::Payment> = charge
                .map(|row| projection::Payment { amount: Some(paid.amount), ..row.clone() })
                .chain(back.filter_map(|row| Some(in_currency(row, event_of(row)?, paid))))
                .collect();
            revenue_of(&own_currency).net.max(Micros::ZERO)
        });
        let is_refunded = rows.iter().any(|row| row.kind == PaymentKind::Refund);
        Some(Payment { event, paid, left, left_dollars, is_refunded })
    }

    /// What was given back of it, in US dollars at its rate.
    pub fn given_back_in_dollars(&self) -> Micros {
        let paid = self.event.price.unwrap_or_default();
        self.left_dollars.map_or(Micros::ZERO, |left| paid.minus(left).max(Micros::ZERO))
    }

    /// What is left, in the currency of the payment.
    pub fn money_left(&self) -> Option<Money> {
        Some(Money { amount: self.left?, currency: self.paid.as_ref()?.currency.clone() })
    }

    /// What an amount of it is in US dollars, at the rate of the payment: all that is left is exactly what is left in dollars.
    pub fn dollars_of(&self, amount: Micros) -> Option<Micros> {
        if self.left == Some(amount) {
            return self.left_dollars;
        }
        let (paid, price) = (self.paid.as_ref()?.amount, self.event.price?);
        let exact = i128::from(price.0).checked_mul(i128::from(amount.0))?.checked_div(i128::from(paid.0))?;
        i64::try_from(exact).ok().map(Micros)
    }
}

/// What was paid: in the currency of the payment where the store says it, else in dollars.
fn paid(event: &Event) -> Option<Money> {
    let dollars = || event.price.map(|amount| Money { amount, currency: "USD".into() });
    event.paid.clone().or_else(dollars).filter(|paid| paid.amount > Micros::ZERO)
}

/// A refund or a reversal in the currency of the payment. What names no amount in it refunds, or reverses, all there is.
fn in_currency(row: &projection::Payment, event: &Event, paid: &Money) -> projection::Payment {
    let stated = event.paid.as_ref().filter(|back| back.currency == paid.currency).map(|back| back.amount.abs());
    let stated = stated.or_else(|| event.price.filter(|_| paid.currency == "USD").map(Micros::abs));
    projection::Payment { amount: stated, ..row.clone() }
}

fn of_transaction(
    conn: &mut Conn,
    customer: CustomerId,
    numbers: &[EventId],
    key: TransactionKey,
) -> QueryResult<Vec<projection::Payment>> {
    type Read = (EventId, EventId, Moment, PaymentKind, Option<i64>);
    let own = payments::customer_id.eq(customer).and(payments::transaction_key.eq(key.0));
    let rows: Vec<Read> = payments::table
        .filter(own)
        .select((payments::event_id, payments::purchase, payments::at, payments::kind, payments::amount))
        .load(conn)?;
    let of_purchase = rows.into_iter().filter(|(_, purchase, ..)| numbers.contains(purchase));
    let payment = |(event, purchase, at, kind, amount): Read| projection::Payment {
        event,
        purchase,
        transaction: key,
        at,
        kind,
        amount: amount.map(Micros),
    };
    Ok(of_purchase.map(payment).collect())
}

fn load(conn: &mut Conn, project: ProjectId, rows: &[projection::Payment]) -> QueryResult<Vec<(EventId, Event)>> {
    let ids: Vec<EventId> = rows.iter().map(|row| row.event).collect();
    let stored: Vec<(EventId, StoredBody, Moment)> = events::table
        .filter(events::project_id.eq(project).and(events::id.eq_any(ids)))
        .select((events::id, events::body, events::received_at))
        .load(conn)?;
    let read = |(id, body, at): (EventId, StoredBody, Moment)| Some((id, Delivery::read_compressed(&body, at).ok()?));
    Ok(stored.into_iter().filter_map(read).collect())
}

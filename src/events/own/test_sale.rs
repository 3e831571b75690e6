//! The events in the life of a Test Store purchase (§17): bought, renewed, cancelled, refunded, expired. All are in
//! the sandbox. An event depends only on the purchase and its period, so every process makes the same one, however
//! late.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Subject, delivery, uuid};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::money::Money;
use crate::events::{Delivery, EventType, PeriodType, Reason, Store};

/// A purchase in the Test Store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestSale {
    /// The token that the app posted; it is also the id of the first transaction.
    pub token: String,
    pub product_id: String,
    /// The entitlements it unlocks at the time of the event.
    pub entitlements: Vec<String>,
    pub offering: Option<String>,
    /// The price of one period; `None` when the catalog has no price.
    pub price: Option<Money>,
}

/// One period of a subscription, or the whole time of a purchase without periods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// How many periods came before this one.
    pub renewals: i64,
    pub starts_at: Moment,
    /// `None` if the purchase does not end.
    pub ends_at: Option<Moment>,
}

/// A step in the life of a purchase. Its event's id is made of the word, so that no two steps have one id.
struct Step {
    kind: EventType,
    word: &'static str,
}

impl TestSale {
    /// Makes the event of the purchase: `renews` says whether it is a subscription.
    pub fn bought(&self, subject: &Subject, period: Period, renews: bool) -> Result<Delivery, Error> {
        let kind = if renews { EventType::InitialPurchase } else { EventType::NonRenewingPurchase };
        self.delivery(subject, Step { kind, word: "bought" }, period, period.starts_at, period.starts_at, json!({}))
    }

    /// Makes the event that a further period began.
    pub fn renewed(&self, subject: &Subject, period: Period, now: Moment) -> Result<Delivery, Error> {
        let of_renewal = json!({ "is_trial_conversion": false });
        self.delivery(
            subject,
            Step { kind: EventType::Renewal, word: "renewed" },
            period,
            period.starts_at,
            now,
            of_renewal,
        )
    }

    /// Makes the event that the subscription will not renew after this period, dated at the period's start.
    pub fn switched_off(&self, subject: &Subject, period: Period, now: Moment) -> Result<Delivery, Error> {
        let why = json!({ "cancel_reason": Reason::Unsubscribe, "price": 0, "price_in_purchased_currency": 0 });
        self.delivery(
            subject,
            Step { kind: EventType::Cancellation, word: "switched off" },
            period,
            period.starts_at,
            now,
            why,
        )
    }

    /// Makes the event that the subscription expired.
    pub fn expired(&self, subject: &Subject, period: Period, now: Moment) -> Result<Delivery, Error> {
        let why = json!({ "expiration_reason": Reason::Unsubscribe, "price": 0, "price_in_purchased_currency": 0 });
        self.delivery(
            subject,
            Step { kind: EventType::Expiration, word: "over" },
            period,
            period.ends_at.unwrap_or(now),
            now,
            why,
        )
    }

    /// The id of the purchase event, derived from the token: each token buys once.
    pub fn id_of_purchase(token: &str) -> String {
        id(token, "bought", 0)
    }

    fn delivery(
        &self,
        subject: &Subject,
        step: Step,
        period: Period,
        at: Moment,
        now: Moment,
        extra: Value,
    ) -> Result<Delivery, Error> {
        let mut event =
            subject.named_in(self.event(&step.kind, id(&self.token, step.word, period.renewals), period, at));
        for (key, value) in extra.as_object().into_iter().flatten() {
            event[key] = value.clone();
        }
        delivery(event, now)
    }

    fn event(&self, kind: &EventType, id: String, period: Period, at: Moment) -> Value {
        let paid = self.price.as_ref().map(|price| decimal(price.amount.decimal()));
        // `price` is in dollars. There is no table of exchange rates, so other currencies have none.
        let dollars = paid.clone().filter(|_| self.price.as_ref().is_some_and(|price| price.currency == "USD"));
        json!({
            "id": id,
            "type": kind,
            "event_timestamp_ms": at,
            "product_id": self.product_id,
            "entitlement_ids": Some(&self.entitlements).filter(|ids| !ids.is_empty()),
            "period_type": PeriodType::Normal,
            "store": Store::TestStore,
            "environment": "SANDBOX",
            "purchased_at_ms": period.starts_at,
            "expiration_at_ms": period.ends_at,
            "transaction_id": self.transaction(period.renewals),
            "original_transaction_id": self.token,
            "price": dollars,
            "currency": self.price.as_ref().map(|price| &price.currency),
            "price_in_purchased_currency": paid,
            "tax_percentage": 0,
            "commission_percentage": 0,
            "presented_offering_id": self.offering,
            "is_family_share": false,
            "renewal_number": period.renewals.saturating_add(1),
        })
    }

    /// The transaction id of a period; the first one is the token, by which the app knows it.
    fn transaction(&self, renewals: i64) -> String {
        if renewals == 0 { self.token.clone() } else { format!("{}.{renewals}", self.token) }
    }
}

/// A decimal number as JSON, with every digit kept.
fn decimal(digits: String) -> Value {
    serde_json::from_str(&digits).unwrap_or(Value::Null)
}

/// An event id derived from the purchase and the step in its life, so that the event is stored once.
fn id(token: &str, what: &str, renewals: i64) -> String {
    let mut bytes = [0; 16];
    let digest = Sha256::digest(format!("the test purchase {token} {what} after {renewals} renewals"));
    bytes.iter_mut().zip(digest.iter()).for_each(|(byte, from)| *byte = *from);
    uuid(bytes, 8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::money::Micros;

    const NOW: Moment = Moment(1_795_453_200_000);
    const TOKEN: &str = "test_1795453200000_5f0c7a52-6f0e-4a43-9d5b-0d8a3f1b2c3d";

    fn sandy() -> Subject {
        Subject { app_user_id: "sandy".into(), original: "sandy".into(), ids: vec!["sandy".into()] }
    }

    fn sale(currency: &str) -> TestSale {
        TestSale {
            token: TOKEN.into(),
            product_id: "plus_1m".into(),
            entitlements: vec!["plus".into()],
            offering: Some("standard".into()),
            price: Some(Money { amount: Micros(4_990_000), currency: currency.into() }),
        }
    }

    fn period(renewals: i64) -> Period {
        let starts_at = NOW.plus_seconds(300 * renewals);
        Period { renewals, starts_at, ends_at: Some(starts_at.plus_seconds(300)) }
    }

    #[test]
    fn a_purchase_has_the_token_as_its_transaction_id() {
        let event = sale("EUR").bought(&sandy(), period(0), true).expect("a delivery").event;
        assert_eq!((&event.kind, &event.store), (&EventType::InitialPurchase, &Some(Store::TestStore)));
        assert_eq!(event.environment, Some(crate::events::Environment::Sandbox));
        assert_eq!(event.transaction_id.as_deref(), Some(TOKEN));
        assert_eq!(event.original_transaction_id.as_deref(), Some(TOKEN));
        assert_eq!((event.purchased_at, event.expires_at), (Some(NOW), Some(NOW.plus_seconds(300))));
        assert_eq!((event.price, event.renewal_number), (None, Some(1)), "a price in euros has no amount in dollars");
        assert_eq!(event.paid, sale("EUR").price);
        assert_eq!(event.presented_offering_id.as_deref(), Some("standard"));
        assert_eq!(event.id, TestSale::id_of_purchase(TOKEN));
        let once =
            sale("USD").bought(&sandy(), Period { ends_at: None, ..period(0) }, false).expect("a delivery").event;
        assert_eq!((&once.kind, once.price), (&EventType::NonRenewingPurchase, Some(Micros(4_990_000))));
        assert_eq!(once.id, event.id, "a token buys once, whatever the catalog says by then");
    }

    #[test]
    fn the_events_of_a_period_are_the_same_whenever_they_are_made() {
        let (sale, later) = (sale("USD"), NOW.plus_days(3));
        let renewed = |now| sale.renewed(&sandy(), period(2), now).expect("a delivery");
        assert_eq!(renewed(NOW).body, renewed(later).body);
        let renewal = renewed(later).event;
        assert_eq!((renewal.event_at, renewal.renewal_number), (period(2).starts_at, Some(3)));
        assert_eq!(renewal.transaction_id, Some(format!("{TOKEN}.2")));
        let off = sale.switched_off(&sandy(), period(2), later).expect("a delivery").event;
        assert!(!off.is_refund());
        assert_eq!((off.event_at, &off.transaction_id), (renewal.event_at, &renewal.transaction_id));
        let over = sale.expired(&sandy(), period(2), later).expect("a delivery").event;
        assert_eq!((over.event_at, &over.expiration_reason), (period(3).starts_at, &Some(Reason::Unsubscribe)));
        let ids = [renewed(NOW).event.id.clone(), off.id.clone(), over.id.clone(), TestSale::id_of_purchase(TOKEN)];
        assert_eq!(ids.iter().collect::<std::collections::BTreeSet<_>>().len(), 4);
    }
}

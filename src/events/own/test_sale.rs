//! The life of a purchase in the Test Store (§17): bought, renewed, switched off, over. Sandbox money, of which there is as
//! much as one likes. All of each event follows from the purchase and its period, whoever tells it, and however late.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Subject, delivery, uuid};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::money::{Micros, Money};
use crate::events::{Delivery, EventType, PeriodType, Reason, Store};

/// What was bought, by which token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestSale {
    /// What the app posted: the first transaction's id.
    pub token: String,
    pub product_id: String,
    /// What it unlocks at the time of the event.
    pub entitlements: Vec<String>,
    /// The offering it was bought from.
    pub offering: Option<String>,
    /// What a period costs; `None` where the catalog has no price.
    pub price: Option<Money>,
}

/// One period of a subscription, or all of what has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// How many came before.
    pub renewals: i64,
    pub starts_at: Moment,
    /// `None`: it does not end.
    pub ends_at: Option<Moment>,
}

impl TestSale {
    /// It was bought: as a subscription, or as something that does not renew.
    ///
    /// # Errors
    /// [`Error::Internal`] for a body that cannot be read back, which none is.
    pub fn bought(&self, subject: &Subject, period: Period, renews: bool) -> Result<Delivery, Error> {
        let kind = if renews { EventType::InitialPurchase } else { EventType::NonRenewingPurchase };
        self.delivery(subject, kind, period, (period.starts_at, period.starts_at), json!({}))
    }

    /// A further period began.
    ///
    /// # Errors
    /// As [`TestSale::bought`].
    pub fn renewed(&self, subject: &Subject, period: Period, now: Moment) -> Result<Delivery, Error> {
        let of_renewal = json!({ "is_trial_conversion": false });
        self.delivery(subject, EventType::Renewal, period, (period.starts_at, now), of_renewal)
    }

    /// It will not be renewed after this period, which has just begun.
    ///
    /// # Errors
    /// As [`TestSale::bought`].
    pub fn switched_off(&self, subject: &Subject, period: Period, now: Moment) -> Result<Delivery, Error> {
        let why = json!({ "cancel_reason": Reason::Unsubscribe, "price": 0, "price_in_purchased_currency": 0 });
        self.delivery(subject, EventType::Cancellation, period, (period.starts_at, now), why)
    }

    /// Somebody switched its renewal off, within a period.
    ///
    /// # Errors
    /// As [`TestSale::bought`].
    pub fn cancelled(&self, subject: &Subject, period: Period, now: Moment) -> Result<Delivery, Error> {
        let why = json!({ "cancel_reason": Reason::Unsubscribe, "price": 0, "price_in_purchased_currency": 0 });
        self.delivery(subject, EventType::Cancellation, period, (now, now), why)
    }

    /// What was paid for the period is paid back, which ends access at once.
    ///
    /// # Errors
    /// As [`TestSale::bought`].
    pub fn refunded(&self, subject: &Subject, period: Period, now: Moment) -> Result<Delivery, Error> {
        let mut event = self.event(&EventType::Cancellation, id(&self.token, "refunded", period.renewals), period, now);
        event["cancel_reason"] = json!(Reason::CustomerSupport);
        for price in ["price", "price_in_purchased_currency"] {
            // What is not known stays unknown.
            let paid = event[price].as_number().and_then(|paid| Micros::parse(&paid.to_string()));
            event[price] = paid.map_or(Value::Null, |paid| decimal(Micros::ZERO.minus(paid).decimal()));
        }
        if period.ends_at.is_some() {
            event["expiration_at_ms"] = json!(now);
        }
        delivery(subject.named_in(event), now)
    }

    /// It is over.
    ///
    /// # Errors
    /// As [`TestSale::bought`].
    pub fn expired(&self, subject: &Subject, period: Period, now: Moment) -> Result<Delivery, Error> {
        let why = json!({ "expiration_reason": Reason::Unsubscribe, "price": 0, "price_in_purchased_currency": 0 });
        self.delivery(subject, EventType::Expiration, period, (period.ends_at.unwrap_or(now), now), why)
    }

    /// The id of the event that says it was bought: one for each token.
    pub fn id_of_purchase(token: &str) -> String {
        id(token, "bought", 0)
    }

    fn delivery(
        &self,
        subject: &Subject,
        kind: EventType,
        period: Period,
        (at, now): (Moment, Moment),
        extra: Value,
    ) -> Result<Delivery, Error> {
        let what = match kind {
            EventType::InitialPurchase | EventType::NonRenewingPurchase => "bought",
            EventType::Renewal => "renewed",
            EventType::Cancellation => "switched off",
            _ => "over",
        };
        let mut event = subject.named_in(self.event(&kind, id(&self.token, what, period.renewals), period, at));
        for (key, value) in extra.as_object().into_iter().flatten() {
            event[key] = value.clone();
        }
        delivery(event, now)
    }

    fn event(&self, kind: &EventType, id: String, period: Period, at: Moment) -> Value {
        let paid = self.price.as_ref().map(|price| decimal(price.amount.decimal()));
        // Only dollars can be told in dollars: there is no table of exchange rates.
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

    /// The app knows the first one by its token.
    fn transaction(&self, renewals: i64) -> String {
        if renewals == 0 { self.token.clone() } else { format!("{}.{renewals}", self.token) }
    }
}

/// Every digit, as the money has them.
fn decimal(digits: String) -> Value {
    serde_json::from_str(&digits).unwrap_or(Value::Null)
}

/// The same for the same moment in the life of the same purchase, so that it is one event.
fn id(token: &str, what: &str, renewals: i64) -> String {
    let mut bytes = [0; 16];
    let digest = Sha256::digest(format!("the test purchase {token} {what} after {renewals} renewals"));
    bytes.iter_mut().zip(digest.iter()).for_each(|(byte, from)| *byte = *from);
    uuid(bytes, 8)
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_purchase_is_told_with_the_token_as_its_transaction() {
        let event = sale("EUR").bought(&sandy(), period(0), true).expect("a delivery").event;
        assert_eq!((event.kind, event.store), (EventType::InitialPurchase, Some(Store::TestStore)));
        assert_eq!(event.environment, Some(crate::events::Environment::Sandbox));
        assert_eq!(event.transaction_id.as_deref(), Some(TOKEN));
        assert_eq!(event.original_transaction_id.as_deref(), Some(TOKEN));
        assert_eq!((event.purchased_at, event.expires_at), (Some(NOW), Some(NOW.plus_seconds(300))));
        assert_eq!((event.price, event.renewal_number), (None, Some(1)), "euros are not told in dollars");
        assert_eq!(event.paid, sale("EUR").price);
        assert_eq!(event.presented_offering_id.as_deref(), Some("standard"));
        assert_eq!(event.id, TestSale::id_of_purchase(TOKEN));
        let once =
            sale("USD").bought(&sandy(), Period { ends_at: None, ..period(0) }, false).expect("a delivery").event;
        assert_eq!((once.kind, once.price), (EventType::NonRenewingPurchase, Some(Micros(4_990_000))));
        assert_eq!(once.id, event.id, "a token buys once, whatever the catalog says by then");
    }

    #[test]
    fn a_period_is_told_once_whoever_notices_it() {
        let (sale, later) = (sale("USD"), NOW.plus_days(3));
        let renewed = |now| sale.renewed(&sandy(), period(2), now).expect("a delivery");
        assert_eq!(renewed(NOW).body, renewed(later).body);
        let renewal = renewed(later).event;
        assert_eq!((renewal.event_at, renewal.renewal_number), (period(2).starts_at, Some(3)));
        assert_eq!(renewal.transaction_id, Some(format!("{TOKEN}.2")));
        let off = sale.switched_off(&sandy(), period(2), later).expect("a delivery").event;
        assert!(!off.is_refund());
        assert_eq!((off.event_at, off.transaction_id), (renewal.event_at, renewal.transaction_id));
        let over = sale.expired(&sandy(), period(2), later).expect("a delivery").event;
        assert_eq!((over.event_at, over.expiration_reason), (period(3).starts_at, Some(Reason::Unsubscribe)));
        let ids = [renewed(NOW).event.id, off.id, over.id, TestSale::id_of_purchase(TOKEN)];
        assert_eq!(ids.iter().collect::<std::collections::BTreeSet<_>>().len(), 4);
    }
}

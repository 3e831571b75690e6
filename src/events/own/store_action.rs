//! The events of what a store did with a purchase because the team asked for it (§7.4): money given back, renewal switched off or
//! back on, the end moved. They follow from the event of a payment, and look as the store's own would.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Subject, delivery, uuid};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::RequestId;
use crate::base::money::{Micros, Money};
use crate::events::{Delivery, Event, EventType, PeriodType, Reason, Store};

/// What a store did, and with what.
#[derive(Debug, Clone, Copy)]
pub struct StoreAction<'a> {
    /// What asked for it. The ids of the events are made of it, so that each is stored once.
    pub request: RequestId,
    /// The payment that is refunded, or the current period.
    pub period: Period<'a>,
    pub subject: &'a Subject,
    /// The entitlements that the purchase unlocks now.
    pub entitlements: &'a [String],
    /// When the store did it.
    pub at: Moment,
}

/// What the event of a store action has from the payment or the purchase.
#[derive(Debug, Clone, Copy, Default)]
pub struct Period<'a> {
    pub environment: &'a str,
    pub store: Option<&'a Store>,
    pub app_id: Option<&'a str>,
    pub product_id: Option<&'a str>,
    pub period_type: Option<&'a PeriodType>,
    pub purchased_at: Option<Moment>,
    pub expires_at: Option<Moment>,
    pub transaction_id: Option<&'a str>,
    pub original_transaction_id: Option<&'a str>,
    pub currency: Option<&'a str>,
    pub offering: Option<&'a str>,
    pub is_family_share: bool,
    pub renewal_number: Option<i64>,
}

impl<'a> Period<'a> {
    /// The period that an event reported.
    pub fn of(event: &'a Event) -> Period<'a> {
        Period {
            environment: event.purchase_environment().as_str(),
            store: event.store.as_ref(),
            app_id: event.app_id.as_deref(),
            product_id: event.product_id.as_deref(),
            period_type: event.period_type.as_ref(),
            purchased_at: event.purchased_at,
            expires_at: event.expires_at,
            transaction_id: event.transaction_id.as_deref(),
            original_transaction_id: event.original_transaction_id.as_deref(),
            currency: event.paid.as_ref().map(|paid| paid.currency.as_str()),
            offering: event.presented_offering_id.as_deref(),
            is_family_share: event.is_family_share,
            renewal_number: event.renewal_number,
        }
    }
}

/// An amount that was given back, in the currency of the payment and in US dollars at the rate of the payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenBack {
    pub paid: Option<Money>,
    /// `None` when the dollars of the payment are not known.
    pub dollars: Option<Micros>,
    /// Whether access stays as it is.
    pub keeps_access: bool,
}

impl StoreAction<'_> {
    /// The event that money was given back. Unless access is kept, it ends with the refund; that of an earlier period has ended
    /// already.
    ///
    /// # Errors
    /// [`Error::Internal`] when the event cannot be read again.
    pub fn refunded(&self, given: &GivenBack) -> Result<Delivery, Error> {
        let negative = |amount: Micros| decimal(Micros::ZERO.minus(amount));
        let mut event = self.event(&EventType::Cancellation, "refunded");
        event["cancel_reason"] = json!(Reason::CustomerSupport);
        event["price"] = given.dollars.map_or(Value::Null, negative);
        event["price_in_purchased_currency"] = given.paid.as_ref().map_or(Value::Null, |paid| negative(paid.amount));
        if given.keeps_access {
            event["dossier_keeps_access"] = json!(true);
        } else if let Some(end) = self.period.expires_at {
            event["expiration_at_ms"] = json!(end.min(self.at));
        }
        self.delivery(event)
    }

    /// The event that renewal was switched off. Access lasts until `ends_at`, which is the present end; only where access
    /// ends at once does the event move the end (§6.2).
    ///
    /// # Errors
    /// As [`StoreAction::refunded`].
    pub fn switched_off(&self, ends_at: Option<Moment>) -> Result<Delivery, Error> {
        let mut event = self.event(&EventType::Cancellation, "switched off");
        let is_at_once = ends_at == Some(self.at);
        event["cancel_reason"] = json!(if is_at_once { Reason::DeveloperInitiated } else { Reason::Unsubscribe });
        event["expiration_at_ms"] = json!(ends_at);
        self.delivery(event)
    }

    /// The event that renewal was switched back on.
    ///
    /// # Errors
    /// As [`StoreAction::refunded`].
    pub fn switched_on(&self, ends_at: Option<Moment>) -> Result<Delivery, Error> {
        let mut event = self.event(&EventType::Uncancellation, "switched on");
        event["expiration_at_ms"] = json!(ends_at);
        self.delivery(event)
    }

    /// The event that the end was moved.
    ///
    /// # Errors
    /// As [`StoreAction::refunded`].
    pub fn extended(&self, ends_at: Moment) -> Result<Delivery, Error> {
        let mut event = self.event(&EventType::SubscriptionExtended, "extended");
        event["expiration_at_ms"] = json!(ends_at);
        self.delivery(event)
    }

    fn event(&self, kind: &EventType, step: &str) -> Value {
        let period = self.period;
        json!({
            "id": id(self.request, step),
            "type": kind,
            "event_timestamp_ms": self.at,
            "app_id": period.app_id,
            "product_id": period.product_id,
            "entitlement_ids": Some(self.entitlements).filter(|ids| !ids.is_empty()),
            "period_type": period.period_type,
            "store": period.store,
            "environment": period.environment.to_uppercase(),
            "purchased_at_ms": period.purchased_at,
            "expiration_at_ms": period.expires_at,
            "transaction_id": period.transaction_id,
            "original_transaction_id": period.original_transaction_id,
            "price": 0,
            "currency": period.currency,
            "price_in_purchased_currency": 0,
            "presented_offering_id": period.offering,
            "is_family_share": period.is_family_share,
            "renewal_number": period.renewal_number,
        })
    }

    fn delivery(&self, event: Value) -> Result<Delivery, Error> {
        delivery(self.subject.named_in(event), self.at)
    }
}

/// A decimal number as JSON, with every digit kept.
fn decimal(amount: Micros) -> Value {
    serde_json::from_str(&amount.decimal()).unwrap_or(Value::Null)
}

/// The id of the event of a step.
fn id(request: RequestId, step: &str) -> String {
    let mut bytes = [0; 16];
    let digest = Sha256::digest(format!("what a store did for request {request}: {step}"));
    bytes.iter_mut().zip(digest.iter()).for_each(|(byte, from)| *byte = *from);
    uuid(bytes, 8)
}

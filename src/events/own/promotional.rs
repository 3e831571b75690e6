//! The events in the life of a grant (§7.2): given, removed early, or ended. Grants are in production and free.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Subject, delivery, fresh_id, uuid};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::{hex, random_bytes};
use crate::events::{Delivery, EventType, PeriodType, Reason, Store};

/// Access that the team gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Identifies the grant; `None` for some grants that other systems made.
    pub transaction_id: Option<String>,
    pub product_id: String,
    pub entitlements: Vec<String>,
    pub starts_at: Moment,
    pub ends_at: Option<Moment>,
}

impl Grant {
    /// A new grant of one entitlement. `length` is the preset's name, or `custom`.
    ///
    /// # Errors
    /// [`Error::Internal`] when the system has no random bytes.
    pub fn new(entitlement: &str, length: &str, starts_at: Moment, ends_at: Moment) -> Result<Grant, Error> {
        Ok(Grant {
            transaction_id: Some(hex(&random_bytes::<16>()?)),
            product_id: format!("rc_promo_{entitlement}_{length}"),
            entitlements: vec![entitlement.to_owned()],
            starts_at,
            ends_at: Some(ends_at),
        })
    }

    /// Makes the event that the grant was given.
    ///
    /// # Errors
    /// [`Error::Internal`] when the system has no random bytes.
    pub fn given(&self, subject: &Subject) -> Result<Delivery, Error> {
        let event = self.event(&EventType::NonRenewingPurchase, fresh_id()?, self.starts_at);
        delivery(subject.named_in(event), self.starts_at)
    }

    /// Makes the event that the team removed the grant, which ends it at once.
    ///
    /// # Errors
    /// [`Error::Internal`] when the system has no random bytes.
    pub fn removed(&self, subject: &Subject, now: Moment) -> Result<Delivery, Error> {
        // The clocks of two machines may differ: a removal is never earlier than the start.
        let at = now.max(self.starts_at);
        let mut event = self.event(&EventType::Cancellation, fresh_id()?, at);
        event["cancel_reason"] = json!(Reason::DeveloperInitiated);
        event["expiration_at_ms"] = json!(at);
        delivery(subject.named_in(event), now)
    }

    /// Makes the event that the grant ended. The event depends only on the grant, so every process makes the same one,
    /// however late.
    pub fn ended(&self, subject: &Subject, ended_at: Moment, now: Moment) -> Result<Delivery, Error> {
        let mut event = self.event(&EventType::Expiration, self.id_of_end(subject), ended_at);
        event["expiration_reason"] = json!(Reason::Unknown);
        delivery(subject.named_in(event), now)
    }

    /// An id derived from the grant, so that its end is stored once.
    fn id_of_end(&self, subject: &Subject) -> String {
        let name = self.transaction_id.as_ref().unwrap_or(&subject.app_user_id);
        let digest = Sha256::digest(format!("the end of the grant {name} of {}", self.product_id));
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(digest.iter()).for_each(|(byte, from)| *byte = *from);
        uuid(bytes, 8)
    }

    fn event(&self, kind: &EventType, id: String, at: Moment) -> Value {
        let entitlements = Some(&self.entitlements).filter(|ids| !ids.is_empty());
        json!({
            "id": id,
            "type": kind,
            "event_timestamp_ms": at,
            "product_id": self.product_id,
            "entitlement_ids": entitlements,
            "period_type": PeriodType::Promotional,
            "store": Store::Promotional,
            "environment": "PRODUCTION",
            "purchased_at_ms": self.starts_at,
            "expiration_at_ms": self.ends_at,
            "transaction_id": self.transaction_id,
            "original_transaction_id": self.transaction_id,
            "price": 0,
            "is_family_share": false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::money::Micros;

    const NOW: Moment = Moment(1_795_453_200_000);

    fn subject() -> Subject {
        let (app_user_id, original) = ("lena".to_owned(), "$RCAnonymousID:1".to_owned());
        Subject { ids: vec![app_user_id.clone(), original.clone()], app_user_id, original }
    }

    fn week() -> Grant {
        Grant::new("pro plus", "weekly", NOW, NOW.plus_days(7)).expect("a grant")
    }

    #[test]
    fn a_grant_is_a_purchase_without_a_store_an_app_or_a_price() {
        let given = week().given(&subject()).expect("a delivery");
        let event = given.event;
        assert_eq!(event.kind, EventType::NonRenewingPurchase);
        assert_eq!((&event.store, &event.period_type), (&Some(Store::Promotional), &Some(PeriodType::Promotional)));
        assert_eq!((&event.app_id, event.price), (&None, Some(Micros::ZERO)));
        assert_eq!(event.product_id.as_deref(), Some("rc_promo_pro plus_weekly"));
        assert_eq!(event.entitlement_ids, ["pro plus"]);
        assert_eq!((event.purchased_at, event.expires_at), (Some(NOW), Some(NOW.plus_days(7))));
        let transaction = event.transaction_id.as_ref().expect("a transaction");
        assert!(transaction.len() == 32 && transaction.bytes().all(|byte| byte.is_ascii_hexdigit()), "{transaction}");
        assert_eq!((event.app_user_id.as_deref(), event.aliases.len()), (Some("lena"), 2));
        assert!(!given.body.contains("app_id\""));
    }

    #[test]
    fn a_removal_is_never_dated_before_its_grant() {
        let removed = week().removed(&subject(), NOW.plus_seconds(-5)).expect("a delivery").event;
        assert_eq!((&removed.kind, removed.event_at), (&EventType::Cancellation, NOW));
        assert_eq!(removed.cancel_reason, Some(Reason::DeveloperInitiated));
    }

    #[test]
    fn the_end_of_a_grant_is_the_same_event_whenever_it_is_made() {
        let grant = week();
        let end = NOW.plus_days(7);
        let (one, other) = (grant.ended(&subject(), end, end), grant.ended(&subject(), end, end.plus_days(1)));
        let (one, other) = (one.expect("a delivery"), other.expect("a delivery"));
        assert_eq!((one.event.id.as_str(), &one.body), (other.event.id.as_str(), &other.body));
        let of_another = week().ended(&subject(), end, end).expect("a delivery");
        assert_ne!(one.event.id, of_another.event.id);
    }
}

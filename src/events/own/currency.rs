//! The event that a server changed balances of virtual currencies (§15). Its source is `admin_api`, as that of changes which
//! people make.

use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Subject, delivery, fresh_id, uuid};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::{hex, random_bytes};
use crate::events::{Adjustment, Delivery, Environment, EventType};

/// A change of one customer's balances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurrencyChange {
    pub environment: Environment,
    pub adjustments: Vec<Adjustment>,
    /// What the caller calls it.
    pub reference: Option<String>,
    pub once: Option<Once>,
}

/// How a caller makes sure that a change happens once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// The caller's name for the call. The id of the event follows from it.
    pub key: String,
    /// A hash of what the call asks for.
    pub asked: String,
}

/// A field of Dossier's own in the event.
#[derive(Default, Deserialize)]
struct Own {
    #[serde(default)]
    asked: Option<String>,
}

impl CurrencyChange {
    /// Makes the event.
    ///
    /// # Errors
    /// [`Error::Internal`] when the system has no random bytes.
    pub fn made(&self, subject: &Subject, now: Moment) -> Result<Delivery, Error> {
        let id = self.once.as_ref().map_or_else(fresh_id, |once| Ok(once.id()))?;
        let adjustment = |one: &Adjustment| {
            let currency = json!({ "code": one.code, "name": one.name, "description": null });
            json!({ "amount": one.amount, "currency": currency })
        };
        let mut own = json!({ "reference": self.reference });
        if let Some(once) = &self.once {
            own["asked"] = json!(once.asked);
        }
        let event = json!({
            "id": id,
            "type": EventType::VirtualCurrencyTransaction,
            "event_timestamp_ms": now,
            "adjustments": self.adjustments.iter().map(adjustment).collect::<Vec<Value>>(),
            "source": "admin_api",
            "purchase_environment": self.environment.as_str().to_uppercase(),
            "virtual_currency_transaction_id": format!("vatx{}", hex(&random_bytes::<8>()?)),
            "dossier": own,
        });
        delivery(subject.named_in(event), now)
    }
}

impl Once {
    /// The id of the event.
    pub fn id(&self) -> String {
        let mut bytes = [0; 16];
        let digest = Sha256::digest(format!("the change of balances called {}", self.key));
        bytes.iter_mut().zip(digest.iter()).for_each(|(byte, from)| *byte = *from);
        uuid(bytes, 8)
    }

    /// Whether the stored event was made for the same call.
    pub fn is_of(&self, body: &str) -> bool {
        #[derive(Deserialize)]
        struct Body {
            event: Fields,
        }
        #[derive(Deserialize)]
        struct Fields {
            #[serde(default)]
            dossier: Own,
        }
        serde_json::from_str::<Body>(body).is_ok_and(|body| body.event.dossier.asked.as_ref() == Some(&self.asked))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment(1_795_453_200_000);

    fn made(once: Option<Once>) -> Delivery {
        let subject = Subject { app_user_id: "lena".into(), original: "lena".into(), ids: vec!["lena".into()] };
        let gold = Adjustment { amount: -20, code: "GLD".into(), name: Some("Gold".into()) };
        let reference = Some("ticket-4711".into());
        let change = CurrencyChange { environment: Environment::Sandbox, adjustments: vec![gold], reference, once };
        change.made(&subject, NOW).expect("a delivery")
    }

    #[test]
    fn a_change_names_its_source_its_environment_and_a_ledger_entry() {
        let event = made(None).event;
        assert_eq!((&event.kind, event.event_at), (&EventType::VirtualCurrencyTransaction, NOW));
        assert_eq!((event.environment, event.source.as_deref()), (Some(Environment::Sandbox), Some("admin_api")));
        assert_eq!((event.adjustments[0].amount, event.adjustments[0].code.as_str()), (-20, "GLD"));
        assert!(event.ledger_id.as_deref().is_some_and(|id| id.starts_with("vatx")));
        assert_ne!(event.id, made(None).event.id);
    }

    #[test]
    fn the_same_key_is_the_same_event_and_the_body_says_what_was_asked() {
        let once = |key: &str, asked: &str| Once { key: key.into(), asked: asked.into() };
        let first = made(Some(once("k", "a")));
        assert_eq!(first.event.id, made(Some(once("k", "b"))).event.id);
        assert_ne!(first.event.id, made(Some(once("l", "a"))).event.id);
        assert!(once("k", "a").is_of(&first.body) && !once("k", "b").is_of(&first.body));
        assert!(!once("k", "a").is_of(&made(None).body) && !once("k", "a").is_of("{}"));
    }
}

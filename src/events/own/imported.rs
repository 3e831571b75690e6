//! Events that Dossier makes of what another system's export says of a customer (§16.4). They look as the store's own would,
//! and say in fields of our own where they were read, so that they yield to those (§6.7).

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Number;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::uuid;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::hex;
use crate::base::money::Micros;
use crate::events::{Delivery, EventType, Origin, PeriodType, Reason, Store};

/// The fields of an event. What is absent is left out.
#[derive(Debug, Clone, Serialize)]
pub struct Imported {
    #[serde(skip_serializing_if = "String::is_empty")]
    id: String,
    #[serde(rename = "type")]
    pub kind: EventType,
    pub event_timestamp_ms: Moment,
    #[serde(flatten)]
    pub transaction: Transaction,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grace_period_expiration_at_ms: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_resume_at_ms: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel_reason: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiration_reason: Option<Reason>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dossier_keeps_access: bool,
    dossier_origin: Origin,
    dossier_as_of_ms: Moment,
    #[serde(skip_serializing_if = "String::is_empty")]
    dossier_whole: String,
    /// What the subscription had brought by then, less refunds, where the source names no payments one by one (§6.7).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dossier_total: Option<Amount>,
    /// Whether it is dated when it was found, because the source names no time.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dossier_is_undated: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<String>,
}

/// What all events of a transaction say of it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Transaction {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_display_name: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub entitlement_ids: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period_type: Option<PeriodType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purchased_at_ms: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiration_at_ms: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<Store>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<&'static str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_trial_conversion: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presented_offering_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_in_purchased_currency: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original_transaction_id: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_family_share: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renewal_number: Option<i64>,
}

/// An amount, written as a number with every digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount(pub Micros);

impl Serialize for Amount {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let number: Option<Number> = self.0.decimal().parse().ok();
        number.serialize(serializer)
    }
}

impl Imported {
    /// An event of a transaction, as the export of this time has it.
    pub fn new(kind: EventType, at: Moment, transaction: Transaction, as_of: Moment) -> Imported {
        Imported {
            id: String::new(),
            kind,
            event_timestamp_ms: at,
            transaction,
            grace_period_expiration_at_ms: None,
            auto_resume_at_ms: None,
            cancel_reason: None,
            expiration_reason: None,
            dossier_keeps_access: false,
            dossier_origin: Origin::Import,
            dossier_as_of_ms: as_of,
            dossier_whole: String::new(),
            dossier_total: None,
            dossier_is_undated: false,
            aliases: Vec::new(),
        }
    }

    /// An event that was found by reading elsewhere, as of this time. It stands for itself: see [`Imported::found_deliveries`].
    pub fn found(kind: EventType, at: Moment, transaction: Transaction, origin: Origin, as_of: Moment) -> Imported {
        Imported { dossier_origin: origin, ..Imported::new(kind, at, transaction, as_of) }
    }

    /// The deliveries of events that stand for themselves, each with an id of its own.
    ///
    /// # Errors
    /// As [`Imported::deliveries`].
    pub fn found_deliveries(events: &[Imported], ids: &[&str], now: Moment) -> Result<Vec<Delivery>, Error> {
        let delivered = |event: &Imported| {
            let event = Imported { aliases: ids.iter().map(|id| (*id).to_owned()).collect(), ..event.clone() };
            let id = id_of(&hex(&Sha256::digest(json(&event)?)));
            delivery(&Imported { id, ..event }, ids, now)
        };
        events.iter().map(delivered).collect()
    }

    /// The deliveries of all events of one state of a transaction. Their ids follow from the store's id of it, the number of the
    /// renewal, the kind of each, and what they say, so that the same state is stored once.
    ///
    /// # Errors
    /// [`Error::Internal`] when an event cannot be read again.
    pub fn deliveries(mut events: Vec<Imported>, ids: &[&str], now: Moment) -> Result<Vec<Delivery>, Error> {
        let mut all = Sha256::new();
        for event in &events {
            all.update(json(event)?);
        }
        let whole = hex(all.finalize().get(..8).unwrap_or_default());
        for event in &mut events {
            let Transaction { store, transaction_id, renewal_number, .. } = &event.transaction;
            let named = format!("{store:?} {transaction_id:?} {renewal_number:?} {} {whole}", event.kind.as_str());
            event.id = id_of(&format!("{named} {:?} {}", event.cancel_reason, event.dossier_as_of_ms.millis()));
            event.dossier_whole.clone_from(&whole);
            event.aliases = ids.iter().map(|id| (*id).to_owned()).collect();
        }
        events.iter().map(|event| delivery(event, ids, now)).collect()
    }
}

#[derive(Serialize)]
struct Named<'a, T> {
    app_user_id: Option<&'a &'a str>,
    original_app_user_id: Option<&'a &'a str>,
    #[serde(flatten)]
    event: &'a T,
}

#[derive(Serialize)]
struct Body<'a, T> {
    api_version: &'static str,
    event: Named<'a, T>,
}

/// An event of the customer with these ids, of which the first is the original one and the last the one that was seen last.
fn delivery(event: &impl Serialize, ids: &[&str], now: Moment) -> Result<Delivery, Error> {
    let event = Named { app_user_id: ids.last(), original_app_user_id: ids.first(), event };
    let body = json(&Body { api_version: "1.0", event })?;
    Delivery::parse(body, now).map_err(|(rejection, _)| Error::Internal(rejection.0))
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(value).map_err(|error| Error::Internal(error.to_string()))
}

fn id_of(named: &str) -> String {
    let mut bytes = [0; 16];
    let digest = Sha256::digest(format!("imported: {named}"));
    bytes.iter_mut().zip(digest.iter()).for_each(|(byte, from)| *byte = *from);
    uuid(bytes, 8)
}

/// What is known of a customer apart from purchases.
#[derive(Debug, Serialize)]
struct Details<'a> {
    id: String,
    #[serde(rename = "type")]
    kind: EventType,
    event_timestamp_ms: Moment,
    aliases: &'a [&'a str],
    subscriber_attributes: &'a BTreeMap<String, Box<RawValue>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    experiments: Vec<Experiment<'a>>,
    dossier_origin: Origin,
}

#[derive(Debug, Serialize)]
struct Experiment<'a> {
    experiment_id: &'a str,
    experiment_variant: &'a str,
}

/// The event that says what a source knows of a customer apart from purchases: ids, since when the customer is known, and
/// attributes, each with its value and its time. The same is stored once.
///
/// # Errors
/// [`Error::Internal`] when the event cannot be read again.
pub fn details(
    ids: &[&str],
    known_since: Moment,
    attributes: &BTreeMap<String, Box<RawValue>>,
    experiment: Option<(&str, &str)>,
    (origin, now): (Origin, Moment),
) -> Result<Delivery, Error> {
    let mut event = Details {
        id: String::new(),
        kind: EventType::CustomerDetails,
        event_timestamp_ms: known_since,
        aliases: ids,
        subscriber_attributes: attributes,
        experiments: experiment
            .into_iter()
            .map(|(experiment_id, experiment_variant)| Experiment { experiment_id, experiment_variant })
            .collect(),
        dossier_origin: origin,
    };
    event.id = id_of(&hex(&Sha256::digest(json(&event)?)));
    delivery(&event, ids, now)
}

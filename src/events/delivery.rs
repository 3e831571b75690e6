//! One webhook delivery: the body as it came, and the event in it or the reason why the body is rejected (§5.1).

use std::sync::Arc;

use serde::Deserialize;
use serde_json::error::Category;
use serde_json::value::RawValue;

use super::event::Event;
use super::read::Fields;
use super::stored::{Damaged, StoredBody};
use super::{Digest, Summary, event_key, json};
use crate::base::clock::Moment;

/// The largest accepted body, in bytes.
pub const MAX_BODY: usize = 1 << 20;

/// The deepest accepted nesting (§5.1); every reader of stored bodies can follow it.
const MAX_DEPTH: usize = 100;

/// A body that holds an event.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub event: Arc<Event>,
    /// The body as it came.
    pub body: String,
    pub received_at: Moment,
    /// What the database gets to hold of it. It is made where bodies are read, which many threads do, and not where they are
    /// stored, which one does.
    pub stored: Arc<StoredForm>,
}

/// An event as the database holds it.
#[derive(Debug)]
pub struct StoredForm {
    /// By what the event is known when it comes again.
    pub key: Vec<u8>,
    pub digest: Digest,
    pub body: StoredBody,
}

/// Why a body is rejected: a sentence for developers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection(pub String);

impl From<Damaged> for Rejection {
    fn from(damaged: Damaged) -> Rejection {
        Rejection(damaged.to_string())
    }
}

#[derive(Deserialize)]
struct WebhookBody<'a> {
    #[serde(borrow)]
    event: Option<&'a RawValue>,
}

impl Delivery {
    /// Reads the event of a body. A rejected body is returned unchanged with the reason.
    ///
    /// # Errors
    /// [`Rejection`] when the body is not UTF-8, not JSON or nested too deeply, has a field twice, or has no `event`,
    /// `type` or `id` (§5.1).
    pub fn parse(body: Vec<u8>, received_at: Moment) -> Result<Delivery, (Rejection, Vec<u8>)> {
        let body = match String::from_utf8(body) {
            Ok(body) => body,
            Err(error) => return Err((reject("The body is not UTF-8."), error.into_bytes())),
        };
        match checked(&body, received_at) {
            Ok(event) => {
                let (key, digest) = (event_key(&event.id), Summary::new(&event).digest());
                let stored = Arc::new(StoredForm { key, digest, body: StoredBody::new(&body) });
                Ok(Delivery { event: Arc::new(event), body, received_at, stored })
            }
            Err(reason) => Err((reason, body.into_bytes())),
        }
    }

    /// Reads the event of a body that was stored.
    ///
    /// # Errors
    /// [`Rejection`] when the body is damaged.
    pub fn read_stored(body: &str, received_at: Moment) -> Result<Event, Rejection> {
        read(body, received_at)
    }

    /// As [`Delivery::read_stored`], from what the database holds.
    ///
    /// # Errors
    /// [`Rejection`] when the body is damaged.
    pub fn read_compressed(body: &StoredBody, received_at: Moment) -> Result<Event, Rejection> {
        read(&body.text()?, received_at)
    }
}

fn checked(body: &str, received_at: Moment) -> Result<Event, Rejection> {
    if json::depth(body) > MAX_DEPTH {
        return Err(reject("The JSON is nested too deeply."));
    }
    read(body, received_at)
}

fn read(body: &str, received_at: Moment) -> Result<Event, Rejection> {
    let webhook_body: WebhookBody<'_> = object(body, "body")?;
    let event = webhook_body.event.ok_or_else(|| reject("The body has no event."))?;
    let fields: Fields<'_> = object(event.get(), "event")?;
    let kind = name(fields.kind).ok_or_else(|| reject("The event has no type."))?;
    let id = name(fields.id.or(fields.event_id)).ok_or_else(|| reject("The event has no id."))?;
    Ok(Event::read(id, kind, &fields, received_at))
}

/// Reads a struct from a JSON object. Serde would also read it from an array.
fn object<'a, T: Deserialize<'a>>(text: &'a str, what: &str) -> Result<T, Rejection> {
    let read = if json::is_object(text) { Some(serde_json::from_str(text)) } else { None };
    match read {
        Some(Ok(object)) => Ok(object),
        Some(Err(error)) if error.classify() == Category::Data => Err(misshapen(text, what, &error)),
        Some(Err(error)) => Err(invalid(what, &error)),
        None => {
            Err(serde_json::from_str::<&RawValue>(text).map_or_else(|error| invalid(what, &error), |_| no_object(what)))
        }
    }
}

fn invalid(what: &str, error: &serde_json::Error) -> Rejection {
    reject(&format!("The {what} is not valid JSON: {error}."))
}

fn no_object(what: &str) -> Rejection {
    reject(&format!("The {what} is not a JSON object."))
}

/// The reason for an object that serde cannot read, such as one that has a field twice. What is wrong behind that is told
/// first, if the text is no JSON.
fn misshapen(text: &str, what: &str, error: &serde_json::Error) -> Rejection {
    if let Err(error) = serde_json::from_str::<&RawValue>(text) {
        return invalid(what, &error);
    }
    let error = error.to_string();
    match error.strip_prefix("duplicate field `").and_then(|rest| rest.split('`').next()) {
        Some(field) => reject(&format!("The {what} has the field “{field}” twice.")),
        None => no_object(what),
    }
}

/// A string that is not empty and has neither NUL nor the replacement character.
fn name(field: json::Field<'_>) -> Option<String> {
    let is_string = field.is_some_and(|raw| raw.get().starts_with('"'));
    json::id(field).filter(|word| is_string && !word.contains(['\0', '\u{FFFD}']))
}

fn reject(reason: &str) -> Rejection {
    Rejection(reason.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_without_an_id_is_known_by_its_event_id() {
        let id = |fields: &str| {
            let body = format!(r#"{{"event":{{"type":"PAYWALL_CLOSE"{fields}}}}}"#);
            Delivery::parse(body.into_bytes(), Moment(0)).map(|delivery| delivery.event.id.clone()).ok()
        };
        assert_eq!(id(r#","event_id":"p7""#).as_deref(), Some("p7"));
        assert_eq!(id(r#","id":null,"event_id":"p7""#).as_deref(), Some("p7"));
        assert_eq!(id(r#","id":"e7","event_id":"p7""#).as_deref(), Some("e7"));
        assert_eq!((id(""), id(r#","id":"","event_id":"p7""#), id(r#","event_id":7"#)), (None, None, None));
    }

    #[test]
    fn reasons_are_sentences_in_plain_words() {
        let reason = |body: &[u8]| Delivery::parse(body.to_vec(), Moment(0)).err().map(|(reason, _)| reason.0);
        let reasons: Vec<String> = [
            b"\xff".as_slice(),
            b"hello",
            b"{",
            b"[]",
            b"{}",
            b"{\"event\":{},\"event\":{}}",
            b"{\"event\":7}",
            b"{\"event\":{\"id\":\"1\"}}",
            b"{\"event\":{\"type\":\"RENEWAL\"}}",
            b"{\"event\":{\"type\":\"RENEWAL\",\"id\":\"1\",\"id\":\"2\"}}",
        ]
        .into_iter()
        .filter_map(reason)
        .collect();
        insta::assert_snapshot!(reasons.join("\n"), @r"
        The body is not UTF-8.
        The body is not valid JSON: expected value at line 1 column 1.
        The body is not valid JSON: EOF while parsing an object at line 1 column 1.
        The body is not a JSON object.
        The body has no event.
        The body has the field “event” twice.
        The event is not a JSON object.
        The event has no type.
        The event has no id.
        The event has the field “id” twice.
        ");
    }
}

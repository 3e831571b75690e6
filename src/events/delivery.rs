//! One delivery: the bytes that came, and either the event in them or the reason why there is none (§5.1).

use serde::Deserialize;
use serde_json::value::RawValue;

use super::event::Event;
use super::json;
use super::read::Fields;
use crate::clock::Moment;

/// The largest body that is taken, in bytes.
pub const MAX_BODY: usize = 1 << 20;

/// As deep as any reader of the stored body can follow.
const MAX_DEPTH: usize = 100;

/// A body that holds an event.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub event: Event,
    /// What the history tells of it: see [`Event::told`].
    pub told: String,
    /// The body as it came.
    pub body: String,
    pub received_at: Moment,
}

/// Why a body holds no event: a sentence for developers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection(pub String);

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    event: Option<&'a RawValue>,
}

impl Delivery {
    /// Reads a body.
    ///
    /// # Errors
    /// [`Rejection`] when it is not UTF-8, not JSON, or `event`, its `type` or its `id` is missing (§5.1).
    pub fn parse(body: Vec<u8>, received_at: Moment) -> Result<Delivery, (Rejection, Vec<u8>)> {
        let body = match String::from_utf8(body) {
            Ok(body) => body,
            Err(error) => return Err((reject("the body is not UTF-8"), error.into_bytes())),
        };
        match checked(&body, received_at) {
            Ok(event) => Ok(Delivery { told: event.told(), event, body, received_at }),
            Err(reason) => Err((reason, body.into_bytes())),
        }
    }

    /// The event of a stored body.
    ///
    /// # Errors
    /// As [`Delivery::parse`]: only when the stored body was damaged.
    pub fn read_stored(body: &str, received_at: Moment) -> Result<Event, Rejection> {
        read(body, received_at)
    }
}

fn checked(body: &str, received_at: Moment) -> Result<Event, Rejection> {
    if json::depth(body) > MAX_DEPTH {
        return Err(reject("the JSON is nested too deeply"));
    }
    read(body, received_at)
}

fn read(body: &str, received_at: Moment) -> Result<Event, Rejection> {
    let not_json = |error: serde_json::Error| reject(&format!("the body is not the JSON expected: {error}"));
    if !json::is_object(body) {
        let anything: Result<&RawValue, _> = serde_json::from_str(body);
        return Err(anything.map_or_else(not_json, |_| reject("the body is not an object")));
    }
    let envelope: Envelope<'_> = serde_json::from_str(body).map_err(not_json)?;
    let event = envelope.event.ok_or_else(|| reject("the body has no event"))?;
    if !json::is_object(event.get()) {
        return Err(reject("the event is not an object"));
    }
    let fields: Fields<'_> = serde_json::from_str(event.get()).map_err(not_json)?;
    let kind = name(fields.kind).ok_or_else(|| reject("the event has no type"))?;
    let id = name(fields.id).ok_or_else(|| reject("the event has no id"))?;
    Ok(Event::of(id, kind, &fields, received_at))
}

/// A name is a string, not empty, without NUL and without what stands for characters that are none.
fn name(field: json::Field<'_>) -> Option<String> {
    let is_string = field.is_some_and(|raw| raw.get().starts_with('"'));
    json::id(field).filter(|word| is_string && !word.contains(['\0', '\u{FFFD}']))
}

fn reject(reason: &str) -> Rejection {
    Rejection(reason.to_owned())
}

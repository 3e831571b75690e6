//! `POST …/attributes`: an app or a server sets attributes of a customer (§C3.5, §10).

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::{Map, Value};

use super::answer;
use super::time::is_readable;
use crate::api::last_seen::Fetched;
use crate::api::v1::customer_info;
use crate::api::{AuthorizedCall, Caller, body, customers, errors};
use crate::audit::Trace;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::CustomerId;
use crate::customers::attributes::{self, MAX_CUSTOM, MAX_KEY, MAX_VALUE, Source, Stored, queries, reserved};
use crate::customers::state;
use crate::db::Conn;

/// Keys whose values lists, the header and the search show.
const SHOWN_KEYS: [&str; 3] = ["$displayName", "$email", "$phoneNumber"];
/// How many reserved keys a customer may have, including those that this version does not know.
const MAX_RESERVED: i64 = 150;
/// How many cleared attributes of a customer are kept, each with the time it was cleared.
const MAX_CLEARED: i64 = 500;
/// How many attributes one call may set.
pub const MOST: usize = 250;
/// What mobile SDKs send instead of a value that they want the server to fill in.
const FILL_IN: &str = "true";

/// Why an attribute was not saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    pub key_name: String,
    pub message: String,
}

/// The answer that lists the attributes that were not saved.
#[derive(Serialize)]
pub struct AttributeErrors {
    code: u16,
    message: &'static str,
    attribute_errors: Vec<Problem>,
}

impl AttributeErrors {
    pub fn new(problems: Vec<Problem>) -> AttributeErrors {
        let message = "Some attributes were not saved.";
        AttributeErrors { code: errors::SOME_ATTRIBUTES, message, attribute_errors: problems }
    }
}

pub async fn set(caller: Caller, req: HttpRequest, payload: Payload) -> Result<HttpResponse, Error> {
    let id = caller.app_user_id()?.to_owned();
    let sent = parse(body::json(payload).await)?;
    let asked = id.clone();
    let (problems, customer_info) = caller
        .act(move |conn, call| {
            let customer = match call.key.is_secret() {
                true => customers::find_or_create(conn, call, &asked)?.customer,
                false => customers::require(conn, call, &asked)?,
            };
            let (traces, problems) = apply(conn, call, customer, &sent)?;
            let traces = traces.into_iter().map(|trace| trace.for_customer(customer, &asked)).collect();
            Ok((traces, (problems, customer_info::load(conn, call, customer)?)))
        })
        .await?;
    caller.record_contact(&id, Fetched::Other);
    match problems.is_empty() {
        true => answer::customer(&req, StatusCode::OK, customer_info),
        false => Ok(HttpResponse::BadRequest().json(AttributeErrors::new(problems))),
    }
}

/// The attributes of a body, as they were sent.
///
/// # Errors
/// [`Error::Client`] with code 7264 when the body is not `{"attributes": {…}}` or has more than [`MOST`] of them; the
/// errors of [`body::json`] when it is too large or too slow.
pub fn parse(body: Result<Value, Error>) -> Result<Map<String, Value>, Error> {
    let refused = || {
        let message = "The body must be an object with an object called attributes, which has at most 250 keys.";
        errors::refuse(StatusCode::BAD_REQUEST, errors::NO_ATTRIBUTES, message)
    };
    match body {
        Ok(Value::Object(mut body)) => match body.remove("attributes") {
            Some(Value::Object(attributes)) if attributes.len() <= MOST => Ok(attributes),
            _ => Err(refused()),
        },
        Ok(_) | Err(Error::Client(_)) => Err(refused()),
        Err(error) => Err(error),
    }
}

/// Saves the valid attributes and returns a problem for each of the others. Changes by a server leave traces; changes
/// by an app do not, because they are the customer's own.
pub fn apply(
    conn: &mut Conn,
    call: &AuthorizedCall,
    customer: CustomerId,
    sent: &Map<String, Value>,
) -> Result<(Vec<Trace>, Vec<Problem>), Error> {
    let (mut traces, mut problems, mut is_named) = (Vec::new(), Vec::new(), false);
    // Clearing comes first, because it makes room for the attributes that are set.
    let (cleared, set): (Vec<_>, Vec<_>) = sent.iter().partition(|(_, entry)| clears(entry));
    for (key, entry) in cleared.into_iter().chain(set) {
        let update = match AttributeUpdate::parse(key, entry, call) {
            Ok(Some(update)) => update,
            Ok(None) => continue,
            Err(message) => {
                problems.push(Problem { key_name: key.clone(), message });
                continue;
            }
        };
        match update.save(conn, customer)? {
            Saved::Changed(before, after) => {
                is_named |= SHOWN_KEYS.contains(&key.as_str());
                if call.key.is_secret() {
                    traces.push(crate::operations::trace(before.as_ref(), Some(&after)));
                }
            }
            Saved::Older => {}
            Saved::NoRoom => {
                let message = format!("A customer has at most {MAX_CUSTOM} custom attributes.");
                problems.push(Problem { key_name: key.clone(), message });
            }
        }
    }
    if is_named {
        state::derive(conn, [customer], |_| false)?;
    }
    Ok((traces, problems))
}

fn clears(entry: &Value) -> bool {
    matches!(entry.get("value"), Some(Value::Null)) || entry.get("value").is_some_and(|value| value == "")
}

/// One attribute that was sent.
struct AttributeUpdate {
    key: String,
    /// `None` clears the attribute.
    value: Option<String>,
    at: Moment,
}

enum Saved {
    Changed(Option<Stored>, Stored),
    /// A newer value is stored, so nothing changed.
    Older,
    NoRoom,
}

impl AttributeUpdate {
    /// Checks one attribute; `None` when the server was asked to fill the value in and does not know it.
    fn parse(key: &str, entry: &Value, call: &AuthorizedCall) -> Result<Option<AttributeUpdate>, String> {
        well_formed(key)?;
        let Value::Object(entry) = entry else { return Err("An attribute must be an object with a value.".into()) };
        let at = match entry.get("updated_at_ms") {
            None | Some(Value::Null) => call.ctx.now,
            Some(at) => {
                let at = at.as_i64().map(Moment).filter(|at| is_readable(*at));
                at.ok_or("updated_at_ms must be milliseconds since 1970, until the year 9999.")?
            }
        };
        let value = match entry.get("value") {
            Some(Value::String(value)) => Some(value.clone()).filter(|value| !value.is_empty()),
            Some(Value::Null) => None,
            _ => return Err("The value must be a string or null.".into()),
        };
        let value = match (key, value) {
            ("$ip", Some(value)) if value == FILL_IN => return Ok(None),
            ("$deviceVersion", Some(value)) if value == FILL_IN => match call.device.described() {
                Some(described) => Some(described),
                None => return Ok(None),
            },
            (_, value) => value,
        };
        value.as_deref().map_or(Ok(()), |value| fits(key, value))?;
        Ok(Some(AttributeUpdate { key: key.to_owned(), value, at }))
    }

    /// Saves the value unless a newer one is stored, be it a cleared one (§10.4).
    fn save(self, conn: &mut Conn, customer: CustomerId) -> Result<Saved, Error> {
        let before = queries::find(conn, customer, &self.key)?;
        if before.as_ref().is_some_and(|before| before.updated_at >= self.at) {
            return Ok(Saved::Older);
        }
        // Clearing an attribute that was never set is stored only against values that arrive late, so it may be left
        // out.
        if self.value.is_none() && before.is_none() && queries::count_cleared(conn, customer)? >= MAX_CLEARED {
            return Ok(Saved::Older);
        }
        let is_new = self.value.is_some() && before.as_ref().is_none_or(|before| before.is_deleted);
        if is_new && !has_room(conn, customer, &self.key)? {
            return Ok(Saved::NoRoom);
        }
        let after = Stored {
            customer_id: customer,
            key: self.key,
            is_deleted: self.value.is_none(),
            value: self.value.unwrap_or_default(),
            updated_at: self.at,
            source: Source::App,
        };
        queries::put(conn, &after)?;
        Ok(Saved::Changed(before, after))
    }
}

/// Whether the customer may have another attribute with this key. Reserved keys that this version knows always fit.
fn has_room(conn: &mut Conn, customer: CustomerId, key: &str) -> Result<bool, Error> {
    Ok(match (key.starts_with('$'), reserved::find(key)) {
        (true, Some(_)) => true,
        (true, None) => queries::count_reserved(conn, customer)? < MAX_RESERVED,
        (false, _) => queries::count_custom(conn, customer)? < MAX_CUSTOM,
    })
}

/// Checks the format of a key. Reserved keys that this version does not know pass, because an app would not send them
/// again.
fn well_formed(key: &str) -> Result<(), String> {
    let name = key.strip_prefix('$').unwrap_or(key);
    let is_word = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let starts = name.starts_with(|first: char| first.is_ascii_alphabetic());
    match is_word && starts && key.chars().count() <= MAX_KEY {
        true => Ok(()),
        false => Err("Key format is not valid.".into()),
    }
}

fn fits(key: &str, value: &str) -> Result<(), String> {
    if value.contains('\0') {
        return Err("The value contains a NUL character, which cannot be stored.".into());
    }
    if value.chars().count() > MAX_VALUE {
        return Err(format!("The value has more than {MAX_VALUE} characters."));
    }
    match key == "$email" && !attributes::is_address(value) {
        true => Err("The value is not an e-mail address.".into()),
        false => Ok(()),
    }
}

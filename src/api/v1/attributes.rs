//! `POST …/attributes`: what the app or a server knows of the customer (§C3.5, §10).

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::{Map, Value};

use super::answer;
use super::time::is_readable;
use crate::api::last_seen::Fetched;
use crate::api::v1::customer_info;
use crate::api::{Caller, Inside, Needs, body, customers, errors};
use crate::audit::Trace;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::customers::attributes::{self, MAX_CUSTOM, MAX_KEY, MAX_VALUE, Stored, queries, reserved};
use crate::customers::state;
use crate::db::Conn;
use crate::projection::CustomerId;

/// Keys that lists, the header and the search show.
const NAMING: [&str; 3] = ["$displayName", "$email", "$phoneNumber"];
/// The most reserved keys of one customer, those that came after this version among them.
const MAX_RESERVED: i64 = 150;
/// The most keys of which only is kept when they were cleared.
const MAX_CLEARED: i64 = 500;
/// The most attributes of one call.
pub const MOST: usize = 250;
/// What mobile SDKs send in place of a value that the server sees better.
const FILL_IN: &str = "true";

/// Why a value was not saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    pub key_name: String,
    pub message: String,
}

/// What is said of values that were not saved.
#[derive(Serialize)]
pub struct Partly {
    code: u16,
    message: &'static str,
    attribute_errors: Vec<Problem>,
}

impl Partly {
    pub fn new(problems: Vec<Problem>) -> Partly {
        let message = "Some attributes were not saved.";
        Partly { code: errors::SOME_ATTRIBUTES, message, attribute_errors: problems }
    }
}

pub async fn set(req: HttpRequest, caller: Caller, payload: Payload) -> Result<HttpResponse, Error> {
    caller.read(Needs::Any, |_, _| Ok(())).await?;
    let id = caller.app_user_id()?.to_owned();
    let sent = parse(body::json(payload).await)?;
    let asked = id.clone();
    let (problems, customer_info) = caller
        .act(Needs::Any, move |conn, inside| {
            let customer = match inside.key.is_secret() {
                true => customers::found_or_made(conn, inside, &asked)?.0,
                false => customers::known(conn, inside, &asked)?,
            };
            let (traces, problems) = apply(conn, inside, customer, &sent)?;
            let traces = traces.into_iter().map(|trace| trace.for_customer(customer, &asked)).collect();
            Ok((traces, (problems, customer_info::load(conn, inside, customer)?)))
        })
        .await?;
    caller.saw(&id, Fetched::Other);
    match problems.is_empty() {
        true => answer::customer(&req, StatusCode::OK, customer_info),
        false => Ok(HttpResponse::BadRequest().json(Partly::new(problems))),
    }
}

/// The attributes of a body.
///
/// # Errors
/// [`crate::base::error::ApiError`] 7264.
pub fn parse(body: Result<Value, Error>) -> Result<Map<String, Value>, Error> {
    let refused = || {
        let message = "The body must be an object with an object called attributes, of at most 250.";
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

/// Saves what can be saved, and says of the rest why not. A server's changes leave traces; an app's are the customer's own.
pub fn apply(
    conn: &mut Conn,
    inside: &Inside<'_>,
    customer: CustomerId,
    sent: &Map<String, Value>,
) -> Result<(Vec<Trace>, Vec<Problem>), Error> {
    let (mut traces, mut problems, mut is_named) = (Vec::new(), Vec::new(), false);
    // What is cleared makes room for what is set.
    let (cleared, set): (Vec<_>, Vec<_>) = sent.iter().partition(|(_, entry)| clears(entry));
    for (key, entry) in cleared.into_iter().chain(set) {
        let update = match AttributeUpdate::parse(key, entry, inside) {
            Ok(Some(update)) => update,
            Ok(None) => continue,
            Err(message) => {
                problems.push(Problem { key_name: key.clone(), message });
                continue;
            }
        };
        match update.save(conn, customer)? {
            Saved::Changed(before, after) => {
                is_named |= NAMING.contains(&key.as_str());
                if inside.key.is_secret() {
                    traces.push(crate::operations::trace(before.as_ref(), Some(&after)));
                }
            }
            Saved::Older => {}
            Saved::NoRoom => {
                let message = format!("A customer has at most {MAX_CUSTOM} attributes of the app's own naming.");
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

/// One value that was sent.
struct AttributeUpdate {
    key: String,
    /// `None` clears.
    value: Option<String>,
    at: Moment,
}

enum Saved {
    Changed(Option<Stored>, Stored),
    /// Something newer is known.
    Older,
    NoRoom,
}

impl AttributeUpdate {
    /// `None` for a value that only the server could fill in, and does not.
    fn parse(key: &str, entry: &Value, inside: &Inside<'_>) -> Result<Option<AttributeUpdate>, String> {
        well_formed(key)?;
        let Value::Object(entry) = entry else { return Err("An attribute is an object with a value.".into()) };
        let at = match entry.get("updated_at_ms") {
            None | Some(Value::Null) => inside.now,
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
            ("$deviceVersion", Some(value)) if value == FILL_IN => match inside.device.described() {
                Some(described) => Some(described),
                None => return Ok(None),
            },
            (_, value) => value,
        };
        value.as_deref().map_or(Ok(()), |value| fits(key, value))?;
        Ok(Some(AttributeUpdate { key: key.to_owned(), value, at }))
    }

    /// Older never overwrites newer, not even a clearing (§10.4).
    fn save(self, conn: &mut Conn, customer: CustomerId) -> Result<Saved, Error> {
        let before = queries::find(conn, customer, &self.key)?;
        if before.as_ref().is_some_and(|before| before.updated_at >= self.at) {
            return Ok(Saved::Older);
        }
        // What was never set need not be cleared; that it was is kept for what comes late, as long as there is room.
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
            source: queries::APP.to_owned(),
        };
        queries::put(conn, &after)?;
        Ok(Saved::Changed(before, after))
    }
}

/// An app has fifty keys of its own naming, and as many reserved ones that came after this version.
fn has_room(conn: &mut Conn, customer: CustomerId, key: &str) -> Result<bool, Error> {
    Ok(match (key.starts_with('$'), reserved::find(key)) {
        (true, Some(_)) => true,
        (true, None) => queries::count_reserved(conn, customer)? < MAX_RESERVED,
        (false, _) => queries::count_custom(conn, customer)? < MAX_CUSTOM,
    })
}

/// Reserved keys that came after this version are taken: an app would not send them again.
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
        return Err("The value holds a NUL character, which cannot be stored.".into());
    }
    if value.chars().count() > MAX_VALUE {
        return Err(format!("The value has more than {MAX_VALUE} characters."));
    }
    match key == "$email" && !attributes::is_address(value) {
        true => Err("The value is not an e-mail address.".into()),
        false => Ok(()),
    }
}

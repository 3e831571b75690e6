//! `POST …/attributes`: an app or a server sets attributes of a customer (§C3.5, §10).

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::{Map, Value};

use super::answer;
use super::time::is_readable;
use crate::api::attribute_writer::Outcome;
use crate::api::body::Limit;
use crate::api::last_seen::Fetched;
use crate::api::v1::customer_info::{self, CustomerInfo};
use crate::api::{AuthorizedCall, Caller, asking, body, customers, errors};
use crate::audit::Trace;
use crate::base::AppUserId;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::CustomerId;
use crate::customers::attributes::{self, Changes, Dated, MAX_CUSTOM, MAX_KEY, MAX_VALUE, Saved, Update};
use crate::db::Conn;
use crate::stores::CustomerAct;
use crate::web::Incoming;

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

pub async fn set(caller: Caller, req: HttpRequest, incoming: Incoming) -> Result<HttpResponse, Error> {
    let id = caller.app_user_id()?.to_owned();
    let sent = parse(body::json(incoming, Limit::Large).await)?;
    let (problems, customer_info) = match caller.call().key.is_secret() {
        true if ask_to_set(&caller, &req, &id, &sent).await? => asked(&caller, &id, &sent).await?,
        true => set_by_server(&caller, &id, sent).await?,
        false => set_by_app(&caller, &id, sent).await?,
    };
    caller.record_contact(&id, Fetched::Other);
    match problems.is_empty() {
        true => answer::customer(&req, StatusCode::OK, customer_info),
        false => Ok(HttpResponse::BadRequest().json(AttributeErrors::new(problems))),
    }
}

type Answered = (Vec<Problem>, CustomerInfo);

/// In a connected project asks RevenueCat to set those that can be set. Returns whether it did.
async fn ask_to_set(caller: &Caller, req: &HttpRequest, id: &str, sent: &Map<String, Value>) -> Result<bool, Error> {
    let sent = sent.clone();
    asking::ask_if_connected(caller, req, id, move |_, call, _| {
        let updates = check(call, &sent).updates;
        Ok((!updates.is_empty()).then(|| act_of(updates)))
    })
    .await
}

/// What RevenueCat is asked for, to set these attributes.
pub fn act_of(updates: Vec<Update>) -> CustomerAct {
    let values = updates.into_iter().map(|update| (update.key.as_str().to_owned(), update.value));
    CustomerAct::Attributes { values: values.collect() }
}

/// What answers a call whose attributes RevenueCat has set.
async fn asked(caller: &Caller, id: &str, sent: &Map<String, Value>) -> Result<Answered, Error> {
    let problems = check(caller.call(), sent).problems;
    let id = id.to_owned();
    let read = move |conn: &mut Conn, call: &AuthorizedCall| {
        let customer = customers::require(conn, call, &id)?;
        customer_info::load(conn, call, customer)
    };
    Ok((problems, caller.read(read).await?))
}

async fn set_by_server(caller: &Caller, id: &str, sent: Map<String, Value>) -> Result<Answered, Error> {
    let asked = id.to_owned();
    let work = move |conn: &mut Conn, call: &AuthorizedCall| {
        let customer = customers::find_or_create(conn, call, &asked)?.customer;
        let (traces, problems) = apply(conn, call, customer, &sent)?;
        let traces = traces.into_iter().map(|trace| trace.for_customer(customer, &asked)).collect();
        Ok((traces, (problems, customer_info::load(conn, call, customer)?)))
    };
    caller.act(work).await
}

/// An app writes for a customer who exists. The answer is read after the commit.
async fn set_by_app(caller: &Caller, id: &str, sent: Map<String, Value>) -> Result<Answered, Error> {
    let Checked { updates, mut problems } = check(caller.call(), &sent);
    let app_user_id = AppUserId::parse(id).map_err(|_| errors::no_customer())?;
    let Outcome::Saved { customer, no_room } = caller.save_attributes(app_user_id, updates).await? else {
        return Err(errors::no_customer());
    };
    problems.extend(no_room.iter().map(|key| self::no_room(key)));
    let customer_info = caller.read(move |conn, call| customer_info::load(conn, call, customer)).await?;
    Ok((problems, customer_info))
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

/// The attributes of a call that can be saved, and a problem for each of the others.
#[derive(Debug, Default)]
pub struct Checked {
    /// Those that clear an attribute come first, because they make room for those that set one.
    pub updates: Vec<Update>,
    pub problems: Vec<Problem>,
}

/// Checks the attributes of a call.
pub fn check(call: &AuthorizedCall, sent: &Map<String, Value>) -> Checked {
    let mut checked = Checked::default();
    let (cleared, set): (Vec<_>, Vec<_>) = sent.iter().partition(|(_, entry)| clears(entry));
    for (key, entry) in cleared.into_iter().chain(set) {
        match parse_update(key, entry, call) {
            Ok(update) => checked.updates.extend(update),
            Err(message) => checked.problems.push(Problem { key_name: key.clone(), message }),
        }
    }
    checked
}

/// The problem of an attribute for which there was no room.
pub fn no_room(key: &str) -> Problem {
    Problem { key_name: key.to_owned(), message: format!("A customer has at most {MAX_CUSTOM} custom attributes.") }
}

/// Saves the valid attributes and returns a problem for each of the others. Changes by a server leave traces; changes
/// by an app do not, because they are the customer's own.
pub fn apply(
    conn: &mut Conn,
    call: &AuthorizedCall,
    customer: CustomerId,
    sent: &Map<String, Value>,
) -> Result<(Vec<Trace>, Vec<Problem>), Error> {
    let Checked { updates, mut problems } = check(call, sent);
    let mut changes = Changes::load(conn, updates.iter().map(|update| (customer, update.key.as_str())))?;
    let mut traces = Vec::new();
    for update in &updates {
        match changes.apply(customer, update) {
            Saved::Changed(values) if call.key.is_secret() => {
                let (before, after) = *values;
                traces.push(crate::operations::trace(before.as_ref(), Some(&after)));
            }
            Saved::Changed(_) | Saved::Older => {}
            Saved::NoRoom => problems.push(no_room(&update.key)),
        }
    }
    changes.write(conn)?;
    Ok((traces, problems))
}

fn clears(entry: &Value) -> bool {
    matches!(entry.get("value"), Some(Value::Null)) || entry.get("value").is_some_and(|value| value == "")
}

/// Checks one attribute; `None` when the server was asked to fill the value in and does not know it.
fn parse_update(key: &str, entry: &Value, call: &AuthorizedCall) -> Result<Option<Update>, String> {
    well_formed(key)?;
    let Value::Object(entry) = entry else { return Err("An attribute must be an object with a value.".into()) };
    let dated = match entry.get("updated_at_ms") {
        None | Some(Value::Null) if call.key.is_secret() => Dated::Newest,
        None | Some(Value::Null) => Dated::By(call.ctx.now),
        Some(at) => {
            let at = at.as_i64().map(Moment).filter(|at| is_readable(*at));
            Dated::By(at.ok_or("updated_at_ms must be milliseconds since 1970, until the year 9999.")?)
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
    Ok(Some(Update { key: key.to_owned(), value, dated, now: call.ctx.now }))
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

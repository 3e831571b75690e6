//! Acts that concern a customer as a whole: access, offering, attributes, transfer, deletion, balances.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::client::{answer, proved};
use super::http::{Method, Reply};
use super::session::{Failed, NoReading, Session, customer};
use crate::base::clock::Moment;
use crate::stores::{Answer, CustomerAct, Order, Proof, Reading, Sent, Snapshot};

/// Grants whose ends are so close are the same, in milliseconds .
const SAME_GRANT_MS: i64 = 2 * 3_600_000;
/// For so many minutes a call that changes nothing twice may be repeated to learn what came of it.
const REPEAT_MINUTES: i64 = 15;
/// After so many minutes a grant or a transfer that RevenueCat does not show was not made.
const NOT_DONE_MINUTES: i64 = 5;
/// About how many ids of somebody who is to be deleted RevenueCat is asked.
const MOST_IDS: usize = 20;
/// How many subscriptions and purchases of a customer are read.
const MOST: usize = 1_000;

/// What RevenueCat showed before, and the internal id that the call names.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Seen {
    id: Option<String>,
    /// The ends of running grants of the entitlement.
    grants: Vec<Moment>,
    /// The ids under which it knows those who are to be deleted.
    #[serde(default)]
    customers: Vec<String>,
}

const UNKNOWN: &str = "RevenueCat does not know this customer. It does once an app logs in with this id, or a server makes the customer \
                       there.";

pub fn read(session: &Session<'_>, order: &Order, act: &CustomerAct) -> Result<Reading, NoReading> {
    let at = customer(&order.app_user_id);
    let mut seen = Seen::default();
    let is_done = match act {
        CustomerAct::Grant { entitlement, .. } | CustomerAct::Revoke { entitlement } => {
            let Some(id) = session.id_of("entitlements", entitlement)? else {
                return Ok(Reading::refused(format!("RevenueCat has no entitlement {entitlement}.")));
            };
            let Some(grants) = grants(session, &at, entitlement, &id)? else {
                return Ok(Reading::refused(UNKNOWN.into()));
            };
            seen = Seen { id: Some(id), grants, customers: Vec::new() };
            is_as_wanted(act, &seen.grants)
        }
        CustomerAct::Override { offering, .. } => {
            if let Some(offering) = offering {
                let Some(id) = session.id_of("offerings", offering)? else {
                    return Ok(Reading::refused(format!("RevenueCat has no offering {offering}.")));
                };
                seen.id = Some(id);
            }
            if session.get(&at)?.is_none() {
                return Ok(Reading::refused(UNKNOWN.into()));
            }
            false
        }
        CustomerAct::Attributes { values } => match session.get(&format!("{at}?expand=attributes"))? {
            Some(shown) => has_attributes(&shown, values),
            None => return Ok(Reading::refused(UNKNOWN.into())),
        },
        CustomerAct::Transfer { .. } => match count_purchases(session, &at)? {
            None => return Ok(Reading::refused(UNKNOWN.into())),
            Some(0) => {
                return Ok(Reading::refused("At RevenueCat this customer has no purchases that could move.".into()));
            }
            Some(_) => false,
        },
        CustomerAct::Delete { .. } => {
            let (known, are_all) = known_there(session, order)?;
            if known.is_empty() && !are_all {
                return Ok(Reading::refused(format!(
                    "RevenueCat knows none of the {MOST_IDS} ids of this customer that it was asked about, and there are more."
                )));
            }
            seen.customers = known;
            seen.customers.is_empty()
        }
        // The call itself says whether the balance allows it.
        CustomerAct::Adjust { .. } => false,
    };
    let already = is_done.then(|| proved(order, session.now(), None));
    let snapshot = Snapshot(serde_json::to_string(&seen).unwrap_or_default());
    Ok(Reading { snapshot, already, refused: None })
}

pub fn send(session: &Session<'_>, order: &Order, act: &CustomerAct, before: &Snapshot) -> Answer {
    let seen: Seen = serde_json::from_str(&before.0).unwrap_or_default();
    let has_former = has_former(act, before);
    if has_former {
        // A second grant would be refused.
        let body = json!({ "entitlement_id": seen.id });
        let removed = post(session, order, "/actions/revoke_granted_entitlement", &body, None);
        match answer(order, session.now(), None, removed) {
            Answer::Done(_) => {}
            Answer::Accepted(_) => return Answer::Unclear("The former grant is being removed.".into()),
            not_done => return not_done,
        }
    }
    let answered = answer(order, session.now(), None, ask(session, order, act, &seen));
    if matches!(answered, Answer::Refused(_)) {
        session.forget_ids();
    }
    if has_former { after_removal(answered) } else { answered }
}

/// An answer to the second of two calls, of which the first has removed the former grant. Reading tells what came of it, and a
/// person asks again.
fn after_removal(answered: Answer) -> Answer {
    match answered {
        Answer::NotSent(unread) => {
            Answer::Unclear(format!("The former grant is removed, and the new one was not made: {}", unread.words))
        }
        Answer::Refused(words) => {
            Answer::Refused(format!("The former grant is removed, and the new one was refused: {words}"))
        }
        Answer::Done(_) | Answer::Accepted(_) | Answer::Unclear(_) => answered,
    }
}

/// What reading shows of an act that was sent at a moment, with what was read before.
pub fn prove(
    session: &Session<'_>,
    order: &Order,
    act: &CustomerAct,
    (before, sent): (&Snapshot, Sent),
) -> Result<Proof, NoReading> {
    let at = customer(&order.app_user_id);
    let age = session.now().since(sent.at);
    let done = || Proof::Done(proved(order, session.now(), None));
    let mut is_former_gone = false;
    let is_done = match act {
        CustomerAct::Grant { entitlement, .. } | CustomerAct::Revoke { entitlement } => {
            let id = session.id_of("entitlements", entitlement)?.unwrap_or_default();
            let grants = grants(session, &at, entitlement, &id)?.unwrap_or_default();
            is_former_gone = grants.is_empty() && has_former(act, before);
            is_as_wanted(act, &grants)
        }
        CustomerAct::Attributes { values } => {
            session.get(&format!("{at}?expand=attributes"))?.is_some_and(|shown| has_attributes(&shown, values))
        }
        CustomerAct::Transfer { .. } => count_purchases(session, &at)? == Some(0),
        CustomerAct::Delete { .. } => known_there(session, order)?.0.is_empty(),
        CustomerAct::Override { .. } | CustomerAct::Adjust { .. } => false,
    };
    if is_done {
        return Ok(done());
    }
    match act {
        CustomerAct::Grant { .. } | CustomerAct::Transfer { .. } if age <= NOT_DONE_MINUTES * 60_000 => {
            Ok(Proof::NotYet)
        }
        CustomerAct::Grant { .. } | CustomerAct::Transfer { .. } => Ok(Proof::NotDone(no_trace(is_former_gone))),
        CustomerAct::Revoke { .. }
        | CustomerAct::Override { .. }
        | CustomerAct::Attributes { .. }
        | CustomerAct::Delete { .. }
        | CustomerAct::Adjust { .. } => {
            if !sent.may_repeat || age > REPEAT_MINUTES * 60_000 {
                return Ok(Proof::NotYet);
            }
            repeat(session, order, act)
        }
    }
}

/// Whether a running grant was to give way, which is removed with a call of its own.
fn has_former(act: &CustomerAct, before: &Snapshot) -> bool {
    let seen: Seen = serde_json::from_str(&before.0).unwrap_or_default();
    matches!(act, CustomerAct::Grant { replaces: true, .. }) && !seen.grants.is_empty()
}

/// What is said of something that RevenueCat does not show.
fn no_trace(is_former_gone: bool) -> String {
    let (before, what) = if is_former_gone { ("The former grant is removed, and ", "the new one") } else { ("", "it") };
    format!("{before}RevenueCat showed no trace of {what} {NOT_DONE_MINUTES} minutes later.")
}

/// Makes a call again that changes nothing a second time, or has a key by which it is done once.
fn repeat(session: &Session<'_>, order: &Order, act: &CustomerAct) -> Result<Proof, NoReading> {
    let id = match act {
        CustomerAct::Override { offering: Some(offering), .. } => session.id_of("offerings", offering)?,
        CustomerAct::Revoke { entitlement } => session.id_of("entitlements", entitlement)?,
        CustomerAct::Override { offering: None, .. }
        | CustomerAct::Grant { .. }
        | CustomerAct::Attributes { .. }
        | CustomerAct::Transfer { .. }
        | CustomerAct::Delete { .. }
        | CustomerAct::Adjust { .. } => None,
    };
    let names_one = matches!(act, CustomerAct::Override { offering: Some(_), .. } | CustomerAct::Revoke { .. });
    if names_one && id.is_none() {
        // Without the id the call would say something else: an override would be removed.
        return Ok(Proof::NotYet);
    }
    let mut seen = Seen { id, ..Seen::default() };
    if matches!(act, CustomerAct::Delete { .. }) {
        seen.customers = known_there(session, order)?.0;
    }
    match answer(order, session.now(), None, ask(session, order, act, &seen)) {
        Answer::Done(outcome) => Ok(Proof::Done(outcome)),
        Answer::Refused(words) => Ok(Proof::NotDone(words)),
        Answer::NotSent(unread) => Err(NoReading::Away(unread)),
        Answer::Accepted(_) | Answer::Unclear(_) => Ok(Proof::NotYet),
    }
}

fn ask(session: &Session<'_>, order: &Order, act: &CustomerAct, seen: &Seen) -> Result<Reply, Failed> {
    let id = seen.id.as_deref();
    let plain = |action: &str, body: Value| post(session, order, action, &body, None);
    match act {
        CustomerAct::Grant { ends_at, .. } => {
            plain("/actions/grant_entitlement", json!({ "entitlement_id": id, "expires_at": ends_at }))
        }
        CustomerAct::Revoke { .. } => plain("/actions/revoke_granted_entitlement", json!({ "entitlement_id": id })),
        CustomerAct::Override { .. } => plain("/actions/assign_offering", json!({ "offering_id": id })),
        CustomerAct::Attributes { values } => {
            let values: Vec<Value> =
                values.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
            plain("/attributes", json!({ "attributes": values }))
        }
        CustomerAct::Transfer { to } => plain("/actions/transfer", json!({ "target_customer_id": to })),
        CustomerAct::Delete { .. } => {
            let others = seen.customers.iter().filter(|id| **id != order.app_user_id);
            for id in others {
                let reply = delete(session, id)?;
                if !(200..300).contains(&reply.status) {
                    return Ok(reply);
                }
            }
            delete(session, &order.app_user_id)
        }
        CustomerAct::Adjust { amounts } => {
            let once = format!("dossier-{}-{}", order.project, order.request);
            let body = json!({ "adjustments": amounts, "reference": once });
            post(session, order, "/virtual_currencies/transactions", &body, Some(&once))
        }
    }
}

fn delete(session: &Session<'_>, id: &str) -> Result<Reply, Failed> {
    let mut reply = session.change(Method::Delete, &customer(id), None, None)?;
    if reply.status == 404 {
        // Gone already, which is what was wanted.
        reply.status = 200;
    }
    Ok(reply)
}

/// Under which ids of the customer RevenueCat knows somebody, each person once, and whether it was asked about all ids: those of one
/// customer here may belong to several there.
fn known_there(session: &Session<'_>, order: &Order) -> Result<(Vec<String>, bool), NoReading> {
    let ids = session.ids_of_customer(&order.app_user_id)?;
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    for id in ids.iter().take(MOST_IDS) {
        if let Some(shown) = session.get(&customer(id))? {
            let there = shown.get("id").and_then(Value::as_str).unwrap_or(id);
            known.entry(there.to_owned()).or_insert_with(|| id.clone());
        }
    }
    Ok((known.into_values().collect(), ids.len() <= MOST_IDS))
}

fn post(session: &Session<'_>, order: &Order, action: &str, body: &Value, once: Option<&str>) -> Result<Reply, Failed> {
    session.change(Method::Post, &format!("{}{action}", customer(&order.app_user_id)), Some(body), once)
}

/// The ends of the running grants of an entitlement; `None` when the customer is unknown.
fn grants(session: &Session<'_>, at: &str, entitlement: &str, id: &str) -> Result<Option<Vec<Moment>>, NoReading> {
    let Some(all) = session.list(&format!("{at}/subscriptions?limit=100"), MOST)? else { return Ok(None) };
    let is_named = |one: &Value| {
        let text = |name: &str| one.get(name).and_then(Value::as_str);
        text("id") == Some(id) || text("lookup_key") == Some(entitlement)
    };
    let unlocks = |item: &Value| {
        let items = item.get("entitlements").and_then(|list| list.get("items")).and_then(Value::as_array);
        items.is_some_and(|items| items.iter().any(is_named))
    };
    let running = all
        .iter()
        .filter(|item| is_grant(item) && unlocks(item))
        .filter(|item| item.get("gives_access").and_then(Value::as_bool).unwrap_or_default());
    let ends = running.map(|item| {
        let end = item.get("current_period_ends_at").or(item.get("ends_at")).and_then(Value::as_i64);
        end.map_or(Moment::NEVER, Moment)
    });
    Ok(Some(ends.collect()))
}

fn is_as_wanted(act: &CustomerAct, grants: &[Moment]) -> bool {
    match act {
        CustomerAct::Grant { ends_at, .. } => grants.iter().any(|end| end.since(*ends_at).abs() <= SAME_GRANT_MS),
        CustomerAct::Revoke { .. } => grants.is_empty(),
        CustomerAct::Override { .. }
        | CustomerAct::Attributes { .. }
        | CustomerAct::Transfer { .. }
        | CustomerAct::Delete { .. }
        | CustomerAct::Adjust { .. } => false,
    }
}

/// How many purchases from stores the customer has; `None` when they are unknown.
fn count_purchases(session: &Session<'_>, at: &str) -> Result<Option<usize>, NoReading> {
    let Some(subscriptions) = session.list(&format!("{at}/subscriptions?limit=100"), MOST)? else { return Ok(None) };
    let from_stores = subscriptions.iter().filter(|item| !is_grant(item)).count();
    if from_stores > 0 {
        return Ok(Some(from_stores));
    }
    Ok(session.list(&format!("{at}/purchases?limit=1"), 1)?.map(|purchases| purchases.len()))
}

fn is_grant(item: &Value) -> bool {
    item.get("store").and_then(Value::as_str) == Some("promotional")
}

/// Whether a customer has these attributes, and none of those that are to be cleared.
fn has_attributes(shown: &Value, values: &[(String, Option<String>)]) -> bool {
    let items = shown.get("attributes").and_then(|list| list.get("items")).and_then(Value::as_array);
    let value_of = |key: &str| {
        let is_it = |item: &&Value| item.get("name").and_then(Value::as_str) == Some(key);
        items.into_iter().flatten().find(is_it).and_then(|item| item.get("value")).and_then(Value::as_str)
    };
    items.is_some() && values.iter().all(|(key, value)| value_of(key) == value.as_deref())
}

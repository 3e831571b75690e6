//! Refunding, cancelling and extending a purchase over RevenueCat.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::client::{answer, proved};
use super::found::{Kind, find};
use super::http::{Method, segment};
use super::session::{NoReading, Session, away};
use crate::base::clock::Moment;
use crate::events::Store;
use crate::stores::{Answer, ExtendCode, Order, Proof, Reading, Snapshot, Unread, Wanted};

/// After so many minutes without an effect, something that is not repeated counts as not done.
const NOT_DONE_MINUTES: i64 = 15;
/// Two ends so close are the same, in milliseconds: RevenueCat rounds.
const SAME_END_MS: i64 = 60_000;
/// An end that is less than so many minutes earlier than it was to be is the same.
const ROUNDED_MINUTES: i64 = 2;
const NO_TRANSACTION: &str = "The purchase has no transaction id that RevenueCat could be given.";

/// What RevenueCat shows of a purchase: kept before sending, compared afterwards.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Seen {
    kind: Kind,
    /// RevenueCat's own id.
    id: String,
    status: String,
    renewal: String,
    ends_at: Option<Moment>,
    gives_access: bool,
    /// Gross revenue in micro-units of US dollars; a refund takes it down.
    gross: Option<i64>,
}

/// A call that changes a purchase: in the second version of the API, or in the first.
enum Change {
    Second(String, Value),
    First(String),
}

pub fn read(session: &Session<'_>, order: &Order) -> Result<Reading, NoReading> {
    let seen = match find(session, order, None)? {
        Ok((kind, item)) => Seen::read(kind, &item),
        Err(why) => return Ok(Reading::refused(why.to_owned())),
    };
    let mut already =
        has_effect(order, &seen, None, session.now()).then(|| proved(order, session.now(), Some(seen.id.clone())));
    if let Some(outcome) = &mut already {
        outcome.words = "RevenueCat shows it as done.".into();
    }
    let snapshot = serde_json::to_string(&seen).map_err(|error| away(&error.to_string()))?;
    Ok(Reading { snapshot: Snapshot(snapshot), already, refused: None })
}

pub fn send(session: &Session<'_>, order: &Order, before: &Snapshot) -> Answer {
    let Ok(seen) = serde_json::from_str::<Seen>(&before.0) else {
        let words = "What was read before is not there any more.".into();
        return Answer::NotSent(Unread { words, retry_after: None });
    };
    let replied = match change(order, &seen) {
        Ok(Change::Second(path, body)) => session.change(Method::Post, &path, Some(&body), None),
        Ok(Change::First(path)) => session.change_v1(&path, &json!({})),
        Err(why) => return Answer::Refused(why.to_owned()),
    };
    answer(order, session.now(), Some(seen.id), replied)
}

pub fn prove(session: &Session<'_>, order: &Order, before: &Snapshot, sent_at: Moment) -> Result<Proof, NoReading> {
    let before: Seen = serde_json::from_str(&before.0).map_err(|error| away(&error.to_string()))?;
    let Ok((kind, item)) = find(session, order, Some(&before.id))? else { return Ok(Proof::NotYet) };
    let now = Seen::read(kind, &item);
    if has_effect(order, &now, Some(&before), session.now()) {
        return Ok(Proof::Done(proved(order, session.now(), Some(now.id))));
    }
    let is_over = session.now() > sent_at.plus_minutes(NOT_DONE_MINUTES);
    let words = format!("RevenueCat showed no trace of it {NOT_DONE_MINUTES} minutes later.");
    Ok(if is_over { Proof::NotDone(words) } else { Proof::NotYet })
}

impl Seen {
    fn read(kind: Kind, item: &Value) -> Seen {
        let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let revenue = item.get("total_revenue_in_usd").or(item.get("revenue_in_usd"));
        let gross = revenue.and_then(|revenue| revenue.get("gross")).and_then(Value::as_f64);
        Seen {
            kind,
            id: text("id"),
            status: text("status"),
            renewal: text("auto_renewal_status"),
            ends_at: item.get("current_period_ends_at").or(item.get("ends_at")).and_then(Value::as_i64).map(Moment),
            gives_access: item.get("gives_access").and_then(Value::as_bool).unwrap_or_default(),
            gross: gross.map(|gross| (gross * 1e6).round() as i64),
        }
    }
}

/// Whether RevenueCat shows at `read_at` what the order wants. With `before` only what has come since counts.
fn has_effect(order: &Order, now: &Seen, before: Option<&Seen>, read_at: Moment) -> bool {
    match &order.wanted {
        Wanted::Refund(refund) => {
            let is_less = |before: &Seen| now.gross.zip(before.gross).is_some_and(|(now, before)| now < before);
            // A period that ends by itself proves nothing.
            let was_to_end = |before: &Seen| before.ends_at.unwrap_or(Moment::NEVER).plus_minutes(-ROUNDED_MINUTES);
            let is_early = |before: &Seen| read_at.min(now.ends_at.unwrap_or(read_at)) < was_to_end(before);
            let has_ended =
                |before: &Seen| !refund.keeps_access && before.gives_access && !now.gives_access && is_early(before);
            (now.kind == Kind::Purchase && now.status == "refunded")
                || before.is_some_and(|before| is_less(before) || (now.kind == Kind::Subscription && has_ended(before)))
        }
        Wanted::Cancel { .. } => now.renewal == "will_not_renew",
        Wanted::Resume => now.renewal == "will_renew",
        Wanted::Extend { until, .. } => now.ends_at.is_some_and(|end| end.since(*until).abs() <= SAME_END_MS),
        Wanted::Customer(_) => false,
    }
}

/// The call that asks for what is wanted.
///
/// # Errors
/// Why RevenueCat has no call for it.
fn change(order: &Order, seen: &Seen) -> Result<Change, &'static str> {
    let id = segment(&seen.id);
    let transaction = || order.transaction_id.as_deref().filter(|id| !id.is_empty()).map(segment).ok_or(NO_TRANSACTION);
    let customer = format!("/subscribers/{}", segment(&order.app_user_id));
    let is_play = order.store == Some(Store::PlayStore);
    match (&order.wanted, seen.kind) {
        (Wanted::Refund(refund), Kind::Subscription) if refund.keeps_access || (!refund.is_newest && !is_play) => {
            let path = format!("/subscriptions/{id}/transactions/{}/actions/refund", transaction()?);
            Ok(Change::Second(path, json!({})))
        }
        (Wanted::Refund(refund), Kind::Purchase) if refund.keeps_access => {
            Err("RevenueCat refunds a one-time purchase only together with its access.")
        }
        (Wanted::Refund(_), _) if is_play => {
            Ok(Change::First(format!("{customer}/transactions/{}/refund", transaction()?)))
        }
        (Wanted::Refund(_), Kind::Subscription) => {
            Ok(Change::Second(format!("/subscriptions/{id}/actions/refund"), json!({})))
        }
        (Wanted::Refund(_), Kind::Purchase) => Ok(Change::Second(format!("/purchases/{id}/actions/refund"), json!({}))),
        (Wanted::Cancel { at_once: true }, _) => Err("RevenueCat cancels only at the end of the period."),
        (Wanted::Cancel { at_once: false }, _) if is_play => {
            Ok(Change::First(format!("{customer}/subscriptions/{}/cancel", transaction()?)))
        }
        (Wanted::Cancel { at_once: false }, _) => {
            Ok(Change::Second(format!("/subscriptions/{id}/actions/cancel"), json!({})))
        }
        (Wanted::Extend { until, code }, _) => {
            let body = json!({ "extend_until_ms": until, "extend_reason_code": ExtendCode::name(*code) });
            Ok(Change::Second(format!("/subscriptions/{id}/actions/extend"), body))
        }
        (Wanted::Resume | Wanted::Customer(_), _) => Err("RevenueCat has no call for this."),
    }
}

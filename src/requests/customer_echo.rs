//! How RevenueCat's own event of an act that concerns a customer is recognised: no field says
//! “caused by your call”, so customer, kind, entitlement and time have to fit.

use crate::base::clock::Moment;
use crate::events::{Event, EventType};
use crate::stores::CustomerAct;

/// Grants whose ends are so close are the same, in milliseconds.
const SAME_GRANT_MS: i64 = 2 * 3_600_000;
/// For so many minutes after sending, the end of a grant, or the change of a balance, comes from the act.
const CONSEQUENCE_MINUTES: i64 = 10;

/// A grant without an end is one of at least so many days (§7.2).
const FOR_LIFE_DAYS: i64 = 100 * 365;

/// What an event is to an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// It says that the act was carried out.
    Itself,
    /// It says that a grant has ended, as the act wanted: the first proves the act, and others say it once more.
    Ended,
    /// It says that the grant which the act replaces has ended. That does not prove that the new one was made.
    FormerEnded,
}

/// Whether an event may be about an act of this kind, whoever the customer is.
pub fn may_be_one(event: &Event) -> bool {
    let is_of_grant = matches!(
        event.kind,
        EventType::NonRenewingPurchase | EventType::InitialPurchase | EventType::Cancellation | EventType::Expiration
    );
    (event.is_promotional() && is_of_grant)
        || matches!(event.kind, EventType::Transfer | EventType::VirtualCurrencyTransaction)
}

/// Whether an event reports a change of a balance that was not a purchase. RevenueCat reports none that its API was asked for; another
/// Dossier does.
fn is_balance_of_api(event: &Event) -> bool {
    event.kind == EventType::VirtualCurrencyTransaction && event.source.as_deref() == Some("admin_api")
}

/// What an event of the customer is to an act that was sent at `sent_at`.
pub fn fit(act: &CustomerAct, sent_at: Moment, event: &Event) -> Option<Fit> {
    let unlocks = |entitlement: &String| event.is_promotional() && event.entitlement_ids.contains(entitlement);
    let begins = matches!(event.kind, EventType::NonRenewingPurchase | EventType::InitialPurchase);
    let ends = matches!(event.kind, EventType::Cancellation | EventType::Expiration);
    let is_soon = event.event_at < sent_at.plus_minutes(CONSEQUENCE_MINUTES);
    match act {
        CustomerAct::Grant { entitlement, ends_at, replaces } if unlocks(entitlement) => {
            let is_same_end = event
                .expires_at
                .map_or(*ends_at > sent_at.plus_days(FOR_LIFE_DAYS), |end| end.since(*ends_at).abs() <= SAME_GRANT_MS);
            match (begins && is_same_end, ends && *replaces && is_soon && !is_same_end) {
                (true, _) => Some(Fit::Itself),
                (false, true) => Some(Fit::FormerEnded),
                (false, false) => None,
            }
        }
        CustomerAct::Revoke { entitlement } if unlocks(entitlement) && ends && is_soon => Some(Fit::Ended),
        CustomerAct::Transfer { to } if event.kind == EventType::Transfer => {
            event.transferred_to.contains(to).then_some(Fit::Itself)
        }
        CustomerAct::Adjust { amounts } if is_balance_of_api(event) && is_soon => {
            let said = event.adjustments.iter().map(|one| (one.code.clone(), one.amount)).collect();
            (*amounts == said).then_some(Fit::Itself)
        }
        CustomerAct::Grant { .. }
        | CustomerAct::Revoke { .. }
        | CustomerAct::Transfer { .. }
        | CustomerAct::Adjust { .. }
        | CustomerAct::Override { .. }
        | CustomerAct::Attributes { .. }
        | CustomerAct::Delete { .. } => None,
    }
}

//! What stands in the way in every store, because of what the purchase is.

use super::{ActionKind, Obstacle, Target};
use crate::base::clock::Moment;
use crate::base::money::Micros;
use crate::events::Store;
use crate::projection::{Kind, Status};
use crate::wording::times;

/// What to write while somebody does it in the store's own console.
pub const WE_SWITCH_OFF: &str = "We are switching your renewal off, and will write to you when it is done.";
pub const WE_SWITCH_ON: &str = "We are switching your renewal back on, and will write to you when it is done.";
pub const WE_LOOK: &str = "We are looking into your refund, and will write to you.";

/// Why nobody can do this with the purchase, whatever its store; `None` when the store decides.
pub fn obstacle(action: ActionKind, target: Target<'_>) -> Option<Obstacle> {
    let purchase = target.purchase;
    if matches!(purchase.kind, Kind::Grant) || purchase.store == Some(Store::Promotional) {
        return None;
    }
    if purchase.kind == Kind::Temporary {
        let because = "This is access for a day while the store did not answer, not a purchase.";
        return Some(Obstacle::because(because).instead("Wait for the purchase itself, which replaces it."));
    }
    if purchase.is_family_share {
        return Some(
            Obstacle::because("A family member pays for it, and shares it.")
                .instead("Act on the purchase of whoever pays."),
        );
    }
    match action {
        ActionKind::Refund => refund(target),
        ActionKind::Cancel => not_a_subscription(target).or_else(|| ended(target)).or_else(|| already_off(target)),
        ActionKind::Resume => not_a_subscription(target).or_else(|| ended(target)).or_else(|| still_on(target)),
        ActionKind::Extend => not_a_subscription(target).or_else(|| ended(target)),
    }
}

fn refund(Target { purchase, now, .. }: Target<'_>) -> Option<Obstacle> {
    let is_free = purchase.revenue.payments == 0
        && purchase.revenue.prices_missing == 0
        && purchase.paid.as_ref().is_none_or(|paid| paid.amount == Micros::ZERO);
    if purchase.status(now) == Status::Refunded && purchase.revenue.net <= Micros::ZERO {
        let when = purchase.refunded_at.map(|at| format!(" on {}", day(at, now))).unwrap_or_default();
        return Some(Obstacle::because(format!("It was refunded{when}.")));
    }
    is_free.then(|| Obstacle::because("Nothing was paid for it."))
}

fn not_a_subscription(Target { purchase, .. }: Target<'_>) -> Option<Obstacle> {
    (purchase.kind == Kind::OneTime).then(|| Obstacle::because("It was bought once and does not renew."))
}

/// What is over for good. A payment that failed may still be collected, and a pause ends.
fn ended(Target { purchase, now, .. }: Target<'_>) -> Option<Obstacle> {
    match purchase.status(now) {
        Status::Expired | Status::Refunded => {
            Some(Obstacle::because(format!("It ended on {}.", day(purchase.access_ends_at(), now))))
        }
        _ => None,
    }
}

fn already_off(Target { purchase, now, .. }: Target<'_>) -> Option<Obstacle> {
    purchase.unsubscribed_at.map(|at| Obstacle::because(format!("Renewal is off since {}.", day(at, now))))
}

fn still_on(Target { purchase, .. }: Target<'_>) -> Option<Obstacle> {
    purchase.unsubscribed_at.is_none().then(|| Obstacle::because("Renewal is on."))
}

fn day(at: Moment, now: Moment) -> String {
    times::short_day(at, now)
}

/// What a customer who cancels keeps, as a sentence for them; empty where nothing runs.
pub fn keeps_access(Target { purchase, now, .. }: Target<'_>) -> &'static str {
    if purchase.is_active(now) { " You keep access to the end of the period that is paid." } else { "" }
}

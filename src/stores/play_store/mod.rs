//! Google Play. It could refund, cancel and postpone, once a project is connected (§7.4).

use super::{ActionKind, Capability, Obstacle, StoreRules, Target, common};
use crate::projection::Status;

pub struct PlayStore;

/// Google refunds no order that is older, in days (three years).
const REFUND_DAYS: i64 = 3 * 365;

/// For the first 48 hours after a payment, and for later.
const ASK_GOOGLE: &str = "Within 48 hours of the purchase you can ask Google for a refund yourself: open play.google.com, your \
    order history, and choose “Request a refund”.";
const WE_LOOK: &str = "Google itself takes requests for refunds only within 48 hours of a purchase. We are looking into yours, \
    and will write to you.";

impl StoreRules for PlayStore {
    fn capability(&self, action: ActionKind, target: Target<'_>) -> Capability {
        match action {
            ActionKind::Refund => refund(target),
            ActionKind::Cancel => cancel(target),
            ActionKind::Resume => Capability::Impossible(resume()),
            ActionKind::Extend => extend(target),
        }
    }
}

fn refund(Target { purchase, now, .. }: Target<'_>) -> Capability {
    if purchase.period_start.plus_days(REFUND_DAYS) < now {
        return Capability::Impossible(
            Obstacle::because("Google refunds no order that is older than three years.")
                .instead("Pay the money back outside the store, by bank transfer."),
        );
    }
    Capability::NotConnected(
        Obstacle::because("This project is not connected to Google Play, which could refund the order.")
            .instead(
                "Refund it in the Play Console, under Order management. “Refund and revoke” ends access at once and shows here, \
                 usually within a day; a plain “refund” leaves access, and does not show here.",
            )
            .tell(if purchase.period_start.plus_days(2) > now { ASK_GOOGLE } else { WE_LOOK }),
    )
}

fn cancel(target: Target<'_>) -> Capability {
    let keeps = common::keeps_access(target);
    let themselves = format!("You can cancel at play.google.com/store/account/subscriptions.{keeps}");
    let because = match target.purchase.status(target.now) {
        Status::BillingRetry => "It is on hold, so there is nothing to cancel now.",
        Status::Paused => "It is paused, so there is nothing to cancel now.",
        Status::Trial
        | Status::TrialCancelled
        | Status::Intro
        | Status::Active
        | Status::Cancelled
        | Status::Prepaid
        | Status::Grace
        | Status::GraceInTrial
        | Status::Granted
        | Status::Owned
        | Status::Temporary
        | Status::Refunded
        | Status::Expired
        | Status::GrantOver => {
            return Capability::NotConnected(
                Obstacle::because("This project is not connected to Google Play, which could switch renewal off.")
                    .instead("Do it in the Play Console, under Order management.")
                    .tell(themselves),
            );
        }
    };
    Capability::Impossible(Obstacle::because(because).tell(themselves))
}

fn resume() -> Obstacle {
    Obstacle::because("Only the customer can switch renewal back on, in Google Play.")
        .tell("You can switch renewal back on at play.google.com/store/account/subscriptions, as long as your subscription runs.")
}

fn extend(Target { purchase, now, .. }: Target<'_>) -> Capability {
    let grant = "Grant the entitlement instead: it runs beside the subscription and postpones no charge.";
    let (because, tell) = match purchase.status(now) {
        Status::Prepaid => {
            ("Google postpones no prepaid plan.", "You can top up your plan in Google Play at any time.")
        }
        Status::Paused => {
            ("Google postpones nothing while it is paused.", "You can resume your subscription in Google Play.")
        }
        Status::BillingRetry => (
            "Google postpones nothing while it is on hold.",
            "Google could not charge you. Please update your payment method in Google Play; your subscription then goes on by \
             itself.",
        ),
        Status::Trial
        | Status::TrialCancelled
        | Status::Intro
        | Status::Active
        | Status::Cancelled
        | Status::Grace
        | Status::GraceInTrial => {
            return Capability::NotConnected(
                Obstacle::because(
                    "This project is not connected to Google Play, which could postpone it by 1 to 365 days.",
                )
                .instead("Grant the entitlement meanwhile: it runs beside the subscription and postpones no charge."),
            );
        }
        Status::Granted
        | Status::Owned
        | Status::Temporary
        | Status::Refunded
        | Status::Expired
        | Status::GrantOver => ("Google postpones only a subscription that runs.", ""),
    };
    let obstacle = Obstacle::because(because).instead(grant);
    Capability::Impossible(if tell.is_empty() { obstacle } else { obstacle.tell(tell) })
}

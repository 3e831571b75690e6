//! The App Store and the Mac App Store. Only Apple refunds, and only customers cancel; a period can be extended (§7.4).

use super::{ActionKind, Capability, Obstacle, StoreRules, Target, common};
use crate::projection::{Purchase, Status};

pub struct AppStore;

impl StoreRules for AppStore {
    fn capability(&self, action: ActionKind, target: Target<'_>) -> Capability {
        match action {
            ActionKind::Refund => Capability::Impossible(refund(target)),
            ActionKind::Cancel => Capability::Impossible(cancel(target)),
            ActionKind::Resume => Capability::Impossible(resume()),
            ActionKind::Extend => extend(target),
        }
    }
}

fn refund(Target { purchase, now, .. }: Target<'_>) -> Obstacle {
    let is_running = purchase.is_active(now);
    let period = if purchase.is_subscription() { ", for the latest period" } else { "" };
    let stays = if is_running { " Access stays until Apple approves." } else { "" };
    let keep = if is_running { " You keep access until Apple approves." } else { "" };
    Obstacle::because("Only Apple refunds.").instead(format!("The customer asks Apple{period}.{stays}")).tell(format!(
        "Apple decides about refunds of purchases in the App Store. You can ask for one at reportaproblem.apple.com, with the \
         Apple account that paid. Apple usually answers within 48 hours.{keep}"
    ))
}

fn cancel(target: Target<'_>) -> Obstacle {
    Obstacle::because("Only the customer can switch renewal off, in their Apple account.").tell(format!(
        "You can cancel on your iPhone or iPad under Settings, your name, Subscriptions, or on the web at \
         apps.apple.com/account/subscriptions. Do it at least a day before the next renewal.{}",
        common::keeps_access(target)
    ))
}

fn resume() -> Obstacle {
    Obstacle::because("Only the customer can switch renewal back on, in their Apple account.").tell(
        "You can switch renewal back on under Settings, your name, Subscriptions, or at \
         apps.apple.com/account/subscriptions, as long as your subscription runs.",
    )
}

fn extend(Target { purchase, now, .. }: Target<'_>) -> Capability {
    let grant = "Grant the entitlement instead: it runs beside the subscription and postpones no charge.";
    let because = match purchase.status(now) {
        Status::Trial | Status::TrialCancelled | Status::GraceInTrial => "Apple extends no trial.",
        Status::BillingRetry | Status::Grace => {
            return Capability::Impossible(
                Obstacle::because("Apple extends nothing while a payment fails.").instead(grant).tell(update_payment()),
            );
        }
        _ if !is_running(purchase, now) => "Apple extends only a subscription that runs.",
        _ => return Capability::NotConnected(not_connected()),
    };
    Capability::Impossible(Obstacle::because(because).instead(grant))
}

fn is_running(purchase: &Purchase, now: crate::base::clock::Moment) -> bool {
    purchase.is_active(now)
}

fn not_connected() -> Obstacle {
    Obstacle::because(
        "This project is not connected to the App Store, which could extend it by 1 to 90 days, twice in 365 days.",
    )
    .instead("Grant the entitlement meanwhile: it runs beside the subscription and postpones no charge.")
}

fn update_payment() -> &'static str {
    "Apple could not charge you. Please update your payment method under Settings, your name, Payment & Shipping; your \
     subscription then goes on by itself."
}

//! The App Store and the Mac App Store. Only Apple refunds, and only customers cancel; a period can be extended (§7.4).

use super::{ActionKind, Capability, Obstacle, StoreRules, Target};
use crate::projection::{Purchase, Status};

pub struct AppStore;

impl StoreRules for AppStore {
    fn capability(&self, action: ActionKind, target: Target<'_>) -> Capability {
        match action {
            ActionKind::Refund => Capability::Impossible(refund()),
            ActionKind::Cancel => Capability::Impossible(cancel()),
            ActionKind::Resume => Capability::Impossible(resume()),
            ActionKind::Extend => extend(target),
        }
    }
}

fn refund() -> Obstacle {
    Obstacle::because("Only Apple refunds.")
        .instead("The customer asks Apple; of a subscription, for the latest period. Access stays until Apple approves.")
        .tell(
            "Apple decides about refunds of purchases in the App Store. You can ask for one at reportaproblem.apple.com, with \
             the Apple account that paid. Apple usually answers within 48 hours. You keep access until Apple approves.",
        )
}

fn cancel() -> Obstacle {
    Obstacle::because("Only the customer can switch renewal off, in their Apple account.").tell(
        "You can cancel on your iPhone or iPad under Settings, your name, Subscriptions, or on the web at \
         apps.apple.com/account/subscriptions. Do it at least a day before the next renewal; you keep access to the end of the \
         period that is paid.",
    )
}

fn resume() -> Obstacle {
    Obstacle::because("Only the customer can switch renewal back on, in their Apple account.").tell(
        "You can switch renewal back on under Settings, your name, Subscriptions, or at \
         apps.apple.com/account/subscriptions, as long as your subscription runs.",
    )
}

fn extend(Target { purchase, now }: Target<'_>) -> Capability {
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

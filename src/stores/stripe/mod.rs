//! Stripe. It could refund and cancel, once a project is connected (§7.4).

use super::{ActionKind, Capability, Obstacle, StoreRules, Target};

pub struct Stripe;

impl StoreRules for Stripe {
    fn capability(&self, action: ActionKind, _: Target<'_>) -> Capability {
        match action {
            ActionKind::Refund => Capability::NotConnected(
                Obstacle::because(
                    "This project is not connected to Stripe, which could refund the payment, also in part.",
                )
                .instead(
                    "In Stripe’s dashboard, at the payment. A refund there ends neither access nor renewal: cancel the \
                         subscription as well if it should end.",
                )
                .tell("We refund you; the money is back on your card in about 5 to 10 business days."),
            ),
            ActionKind::Cancel => Capability::NotConnected(
                Obstacle::because("This project is not connected to Stripe, which could switch renewal off.")
                    .instead("In Stripe’s dashboard, at the subscription."),
            ),
            ActionKind::Resume => Capability::NotConnected(
                Obstacle::because("This project is not connected to Stripe, which could switch renewal back on.")
                    .instead("In Stripe’s dashboard, at the subscription, as long as it has not ended."),
            ),
            ActionKind::Extend => Capability::Impossible(
                Obstacle::because("Stripe extends no period.")
                    .instead("Grant the entitlement: it runs beside the subscription and postpones no charge."),
            ),
        }
    }
}

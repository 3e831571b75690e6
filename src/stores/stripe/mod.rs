//! Stripe. It could refund and cancel, once a project is connected (§7.4).

use super::{ActionKind, Capability, Obstacle, StoreRules, Target, common};

pub struct Stripe;

impl StoreRules for Stripe {
    fn capability(&self, action: ActionKind, _: Target<'_>) -> Capability {
        match action {
            ActionKind::Refund => Capability::NotConnected(
                Obstacle::because(
                    "This project is not connected to Stripe, which could refund the payment, also in part.",
                )
                .instead(
                    "Do it in Stripe’s dashboard, at the payment. A refund there ends neither access nor renewal: cancel the \
                         subscription as well if it should end.",
                )
                .tell("We are looking into your refund. Once it is made, the money usually arrives within 5 to 10 business days."),
            ),
            ActionKind::Cancel => Capability::NotConnected(
                Obstacle::because("This project is not connected to Stripe, which could switch renewal off.")
                    .instead("Do it in Stripe’s dashboard, at the subscription.")
                    .tell(common::WE_SWITCH_OFF),
            ),
            ActionKind::Resume => Capability::NotConnected(
                Obstacle::because("This project is not connected to Stripe, which could switch renewal back on.")
                    .instead("Do it in Stripe’s dashboard, at the subscription, as long as it has not ended.")
                    .tell(common::WE_SWITCH_ON),
            ),
            ActionKind::Extend => Capability::Impossible(
                Obstacle::because("Stripe extends no period.")
                    .instead("Grant the entitlement: it runs beside the subscription and postpones no charge."),
            ),
        }
    }
}

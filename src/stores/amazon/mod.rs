//! The Amazon Appstore, which offers developers nothing of this (§7.4).

use super::{ActionKind, Capability, Obstacle, StoreRules, Target};

pub struct Amazon;

impl StoreRules for Amazon {
    fn capability(&self, action: ActionKind, _: Target<'_>) -> Capability {
        Capability::Impossible(match action {
            ActionKind::Refund => Obstacle::because("Only Amazon refunds.").tell(
                "Amazon decides about refunds of purchases in its Appstore. Please ask Amazon’s customer service, at amazon.com \
                 under “Contact Us”.",
            ),
            ActionKind::Cancel => Obstacle::because("Only the customer can switch renewal off, at Amazon.").tell(
                "You can cancel at Amazon, under Apps, “Your subscriptions”. You keep access to the end of the period that is \
                 paid.",
            ),
            ActionKind::Resume => Obstacle::because("Only the customer can switch renewal back on, at Amazon.")
                .tell("You can switch renewal back on at Amazon, under Apps, “Your subscriptions”."),
            ActionKind::Extend => Obstacle::because("Amazon extends no period.")
                .instead("Grant the entitlement: it runs beside the subscription and postpones no charge."),
        })
    }
}

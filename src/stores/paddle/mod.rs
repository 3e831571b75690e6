//! Paddle, to which Dossier has no connection (§7.4).

use super::{ActionKind, Capability, Obstacle, StoreRules, Target, common};

pub struct Paddle;

impl StoreRules for Paddle {
    fn capability(&self, action: ActionKind, _: Target<'_>) -> Capability {
        let elsewhere = Obstacle::because("Dossier has no connection to Paddle.");
        Capability::NotConnected(match action {
            ActionKind::Refund => elsewhere
                .instead("Do it in Paddle’s dashboard. Paddle approves each refund, and a refund does not cancel the subscription.")
                .tell("You can ask Paddle for a refund at paddle.net, with the e-mail address that you paid with."),
            ActionKind::Cancel => elsewhere
                .instead("Do it in Paddle’s dashboard, at the subscription.")
                .tell("You can cancel at paddle.net, with the e-mail address that you paid with."),
            ActionKind::Resume => elsewhere
                .instead("Do it in Paddle’s dashboard, at the subscription, as long as it has not ended.")
                .tell(common::WE_SWITCH_ON),
            ActionKind::Extend => {
                elsewhere.instead("Do it in Paddle’s dashboard; or grant the entitlement, which postpones no charge.")
            }
        })
    }
}

//! Roku Pay, to which Dossier has no connection (§7.4).

use super::{ActionKind, Capability, Obstacle, StoreRules, Target, common};

pub struct Roku;

impl StoreRules for Roku {
    fn capability(&self, action: ActionKind, target: Target<'_>) -> Capability {
        let themselves =
            format!("You can manage your subscription at my.roku.com/subscriptions.{}", common::keeps_access(target));
        let elsewhere =
            Obstacle::because("Dossier has no connection to Roku.").instead("Do it in Roku’s developer dashboard.");
        Capability::NotConnected(match action {
            ActionKind::Refund => elsewhere.tell(common::WE_LOOK),
            ActionKind::Cancel | ActionKind::Resume => elsewhere.tell(themselves),
            ActionKind::Extend => elsewhere
                .instead("Do it in Roku’s developer dashboard; or grant the entitlement, which postpones no charge."),
        })
    }
}

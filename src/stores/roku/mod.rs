//! Roku Pay, to which Dossier has no connection (§7.4).

use super::{ActionKind, Capability, Obstacle, StoreRules, Target};

pub struct Roku;

impl StoreRules for Roku {
    fn capability(&self, action: ActionKind, _: Target<'_>) -> Capability {
        let themselves = "You can manage your subscription at my.roku.com/subscriptions; you keep access to the end of the period \
                          that is paid.";
        let elsewhere =
            Obstacle::because("Dossier has no connection to Roku.").instead("In Roku’s developer dashboard.");
        Capability::NotConnected(match action {
            ActionKind::Refund => elsewhere,
            ActionKind::Cancel | ActionKind::Resume => elsewhere.tell(themselves),
            ActionKind::Extend => {
                elsewhere.instead("In Roku’s developer dashboard; or grant the entitlement, which postpones no charge.")
            }
        })
    }
}

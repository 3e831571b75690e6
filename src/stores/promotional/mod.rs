//! Access that the team gave, for which nothing was paid (§7.2).

use super::{ActionKind, Capability, Obstacle, StoreRules, Target};

pub struct Promotional;

impl StoreRules for Promotional {
    fn capability(&self, action: ActionKind, _: Target<'_>) -> Capability {
        Capability::Impossible(match action {
            ActionKind::Refund => {
                Obstacle::because("It was granted: nothing was paid.").instead("Remove the grant to end access.")
            }
            ActionKind::Cancel => {
                Obstacle::because("It was granted and does not renew.").instead("Remove the grant to end access.")
            }
            ActionKind::Resume => Obstacle::because("It was granted and does not renew.").instead("Grant it again."),
            ActionKind::Extend => {
                Obstacle::because("It was granted: no store holds it.").instead("Grant it again, for longer.")
            }
        })
    }
}

//! A store that no event has named, or one that this version does not know.

use super::{ActionKind, Capability, Obstacle, StoreRules, Target};
use crate::events::Store;

pub struct Unknown;

impl StoreRules for Unknown {
    fn capability(&self, _: ActionKind, target: Target<'_>) -> Capability {
        let because = match target.purchase.store.as_ref().map(Store::name).filter(|name| !name.is_empty()) {
            Some(name) => format!("Dossier does not know the store {name}."),
            None => "No event has named the store.".into(),
        };
        Capability::Impossible(Obstacle::because(because).instead("Do it in the store’s own console."))
    }
}

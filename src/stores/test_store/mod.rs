//! The Test Store, which Dossier runs itself: purchases without money, to try out an app (§17). It can do everything.

mod till;

pub use till::{Fault, Till, given_back};

use super::{ActionKind, Capability, Limit, Obstacle, StoreRules, Target};

pub struct TestStore;

/// By how many days a period can be extended at once.
const MOST_DAYS: i64 = 365;

impl StoreRules for TestStore {
    fn capability(&self, action: ActionKind, Target { purchase, now, .. }: Target<'_>) -> Capability {
        match action {
            ActionKind::Refund => Capability::Possible(Limit {
                is_divisible: true,
                may_keep_access: true,
                ends_renewal: true,
                not_known: "The Test Store moves no money: it only keeps books as if it did.",
                ..Limit::default()
            }),
            ActionKind::Cancel => Capability::Possible(Limit { may_end_at_once: true, ..Limit::default() }),
            ActionKind::Resume => Capability::Possible(Limit::default()),
            ActionKind::Extend if !purchase.is_active(now) => {
                Capability::Impossible(Obstacle::because("The Test Store extends only a subscription that runs."))
            }
            ActionKind::Extend => Capability::Possible(Limit {
                most_days: Some(MOST_DAYS),
                words: Some(format!("By 1 to {MOST_DAYS} days.")),
                ..Limit::default()
            }),
        }
    }
}

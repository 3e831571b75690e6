//! What RevenueCat can do with a purchase for a connected project. Where the store itself could
//! never do it, RevenueCat cannot either.

use crate::events::Store;
use crate::stores::{ActionKind, Capability, Connected, Limit, Obstacle};

/// How far the App Store and Google Play move the end of a period at once, in days.
const APP_STORE_DAYS: i64 = 90;
const OTHER_DAYS: i64 = 365;

/// What remains of a store's own capability when RevenueCat is asked instead of the store.
pub fn capability(action: ActionKind, store: Option<&Store>, own: Capability, connected: Connected) -> Capability {
    match own {
        Capability::Impossible(obstacle) => Capability::Impossible(obstacle),
        Capability::NotConnected(obstacle) => limit(action, store, connected)
            .map_or_else(|| Capability::NotConnected(beyond(action, store, connected, obstacle)), Capability::Possible),
        Capability::Possible(_) => limit(action, store, connected).map_or_else(
            || Capability::Impossible(Obstacle::because("RevenueCat has no call for this.")),
            Capability::Possible,
        ),
    }
}

/// Whether RevenueCat can do anything for purchases of a store.
pub fn reaches(store: Option<&Store>) -> bool {
    matches!(
        store,
        Some(Store::AppStore | Store::MacAppStore | Store::PlayStore | Store::WebBilling | Store::TestStore)
    )
}

/// How far RevenueCat can do it; `None` when it has no call for it, or the key for it is missing.
fn limit(action: ActionKind, store: Option<&Store>, connected: Connected) -> Option<Limit> {
    use ActionKind::{Cancel, Extend, Refund, Resume};
    let days =
        |most: i64| Limit { most_days: Some(most), words: Some(format!("By 1 to {most} days.")), ..Limit::default() };
    match (action, store?) {
        (Refund, Store::PlayStore) if connected.has_v1_key => {
            Some(Limit { may_keep_access: true, ends_renewal: true, ..Limit::default() })
        }
        (Refund, Store::PlayStore) => Some(Limit {
            may_keep_access: true,
            must_keep_access: true,
            words: Some(
                "Only the money goes back, access stays: to end access RevenueCat needs a secret key of API version 1."
                    .into(),
            ),
            ..Limit::default()
        }),
        (Refund, Store::WebBilling) => Some(Limit { ends_renewal: true, only_newest: true, ..Limit::default() }),
        (Refund, Store::TestStore) => Some(Limit { may_keep_access: true, ends_renewal: true, ..Limit::default() }),
        (Cancel, Store::WebBilling | Store::TestStore) => Some(Limit::default()),
        (Cancel, Store::PlayStore) => connected.has_v1_key.then(Limit::default),
        (Extend, Store::AppStore | Store::MacAppStore) => Some(days(APP_STORE_DAYS)),
        (Extend, Store::PlayStore | Store::WebBilling | Store::TestStore) => Some(days(OTHER_DAYS)),
        (
            Refund | Cancel | Extend,
            Store::AppStore
            | Store::MacAppStore
            | Store::Stripe
            | Store::Amazon
            | Store::Roku
            | Store::Paddle
            | Store::Promotional
            | Store::Other(_),
        )
        | (Resume, _) => None,
    }
}

/// Why it cannot be done although the project is connected.
fn beyond(action: ActionKind, store: Option<&Store>, connected: Connected, own: Obstacle) -> Obstacle {
    let needs_key = action == ActionKind::Cancel && store == Some(&Store::PlayStore) && !connected.has_v1_key;
    let because = match needs_key {
        true => {
            "RevenueCat switches renewal off at Google Play only with a secret key of API version 1, which an admin can \
                 enter under Settings, Connections."
        }
        false => "RevenueCat cannot do this for purchases of this store.",
    };
    Obstacle { because: because.into(), ..own }
}
